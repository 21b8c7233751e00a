//! The fields of an [`Event`] under the names of the contract, whatever form the record was written in: names, types and
//! nesting are judged here, values later.

use headwater_model::{Span, VIA_MAX};

use crate::event::{Event, Item, Money, Place, Quantity, Reference};
use crate::fault::{Judged, Path};
use crate::key::{Key, OrderPlace};
use crate::limits::{ITEMS_MAX, REFERS_TO_MAX, RELEASABLE_TO_MAX};

/// A form that records are written in, at one place of one record: each method takes the value that comes next. A value
/// of a type that is not wanted is passed over and noted as a fault of its path; an error is one of the record as a whole.
pub(crate) trait Form: Sized {
    /// The members of the object that comes next. `member` takes the value of a name that belongs there and says whether
    /// it does; all else is passed over and noted.
    fn members(&mut self, start: OrderPlace, member: impl FnMut(&mut Self, Key) -> Judged<bool>) -> Judged<()>;

    /// The same where an object is wanted and may be absent; whether it was there.
    fn object(&mut self, path: Path, member: impl FnMut(&mut Self, Key) -> Judged<bool>) -> Judged<bool>;

    /// A text, or an object as [`Form::object`] takes it.
    fn text_or_object(
        &mut self,
        path: Path,
        member: impl FnMut(&mut Self, Key) -> Judged<bool>,
    ) -> Judged<TextOrObject>;

    /// A text; an empty one counts as absent.
    fn string(&mut self, path: Path) -> Judged<Option<Span>>;

    /// A date or time as text.
    fn day(&mut self, path: Path) -> Judged<Option<Span>>;

    /// A time with its offset as text.
    fn time(&mut self, path: Path) -> Judged<Option<Span>>;

    /// A number as JSON writes it.
    fn number(&mut self, path: Path) -> Judged<Option<Span>>;

    /// The elements of a list. `element` says whether it took one; `null` among them is a wrong type.
    fn list(&mut self, path: Path, max: usize, element: impl FnMut(&mut Self, Path) -> Judged<bool>) -> Judged<()>;

    /// A text that is an element of a list, where an empty one is not absent.
    fn listed_string(&mut self, path: Path) -> Judged<Option<Span>>;

    /// Where the next value starts.
    fn mark(&mut self) -> usize;

    /// The list of references that started at `mark`, as JSON.
    fn references_since(&mut self, mark: usize, references: &[Reference]) -> Span;
}

/// What stood where a text or an object may stand.
pub(crate) enum TextOrObject {
    /// Nothing, or something else.
    Neither,
    Text(Span),
    Object,
}

/// Takes the members of an event, whose object comes next.
#[inline]
pub(crate) fn members_of_event<F: Form>(form: &mut F, event: &mut Event) -> Judged<()> {
    form.members(OrderPlace::EVENT, |f, key| {
        let path = Path::of(key);
        match key {
            Key::EventId => event.event_id = f.string(path)?,
            Key::Revision => event.revision = f.number(path)?,
            Key::Status => event.status = f.string(path)?,
            Key::Kind => event.kind = f.string(path)?,
            Key::OccurredOn => event.occurred_on = f.day(path)?,
            Key::PeriodDays => event.period_days = f.number(path)?,
            Key::ReportedAt => event.reported_at = f.time(path)?,
            Key::Source => event.source = f.string(path)?,
            Key::Item => event.item = item(f, path, false)?,
            Key::Quantity => event.quantity = quantity(f, path)?,
            Key::Origin => event.origin = f.string(path)?,
            Key::Destination => event.destination = f.string(path)?,
            Key::Via => texts(f, path, VIA_MAX, &mut event.via)?,
            Key::Mode => event.mode = f.string(path)?,
            Key::Consignor => event.consignor = f.string(path)?,
            Key::Consignee => event.consignee = f.string(path)?,
            Key::Permit => event.permit = f.string(path)?,
            Key::RefersTo => {
                let mark = f.mark();
                f.list(path, REFERS_TO_MAX, |f, path| reference(f, path, &mut event.refers_to))?;
                event.refers_to_raw = (!event.refers_to.is_empty()).then(|| f.references_since(mark, &event.refers_to));
            }
            Key::Value => event.value = money(f, path)?,
            Key::Marking => event.marking = f.string(path)?,
            Key::ReleasableTo => texts(f, path, RELEASABLE_TO_MAX, &mut event.releasable_to)?,
            Key::Place => event.place = place(f, path)?,
            Key::Items => f.list(path, ITEMS_MAX, |f, path| {
                let item = item(f, path, true)?;
                event.items.extend(item);
                Ok(item.is_some())
            })?,
            Key::Incidents => event.incidents = f.number(path)?,
            _ => return Ok(false),
        }
        Ok(true)
    })
}

fn texts<F: Form>(form: &mut F, path: Path, max: usize, list: &mut Vec<Span>) -> Judged<()> {
    form.list(path, max, |f, path| {
        let text = f.listed_string(path)?;
        list.extend(text);
        Ok(text.is_some())
    })
}

fn item<F: Form>(form: &mut F, path: Path, seized: bool) -> Judged<Option<Item>> {
    let mut item = Item::default();
    let found = form.object(path, |f, key| {
        match key {
            Key::Name => item.name = f.string(path.then(key))?,
            Key::Cas => item.cas = f.string(path.then(key))?,
            Key::Hs if !seized => item.hs = f.string(path.then(key))?,
            Key::Description if !seized => item.description = f.string(path.then(key))?,
            Key::Quantity if seized => item.quantity = quantity(f, path.then(key))?,
            Key::PurityPercent if seized => item.purity_percent = f.number(path.then(key))?,
            Key::Form if seized => item.form = f.string(path.then(key))?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(found.then_some(item))
}

fn quantity<F: Form>(form: &mut F, path: Path) -> Judged<Option<Quantity>> {
    let mut quantity = Quantity::default();
    let found = form.object(path, |f, key| {
        match key {
            Key::Value => quantity.value = f.number(path.then(key))?,
            Key::Unit => quantity.unit = f.string(path.then(key))?,
            Key::Basis => quantity.basis = f.string(path.then(key))?,
            Key::Qualifier => quantity.qualifier = f.string(path.then(key))?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(found.then_some(quantity))
}

fn money<F: Form>(form: &mut F, path: Path) -> Judged<Option<Money>> {
    let mut money = Money::default();
    let found = form.object(path, |f, key| {
        match key {
            Key::Amount => money.amount = f.number(path.then(key))?,
            Key::Currency => money.currency = f.string(path.then(key))?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(found.then_some(money))
}

fn reference<F: Form>(form: &mut F, path: Path, list: &mut Vec<Reference>) -> Judged<bool> {
    let mut reference = Reference::default();
    let found = form.object(path, |f, key| {
        match key {
            Key::Source => reference.source = f.string(path.then(key))?,
            Key::EventId => reference.event_id = f.string(path.then(key))?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if found {
        list.push(reference);
    }
    Ok(found)
}

fn place<F: Form>(form: &mut F, path: Path) -> Judged<Option<Place>> {
    let mut place = Place::default();
    let found = form.text_or_object(path, |f, key| {
        match key {
            Key::Country => place.country = f.string(path.then(key))?,
            Key::Subdivision => place.subdivision = f.string(path.then(key))?,
            Key::Office => place.office = f.string(path.then(key))?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(match found {
        TextOrObject::Neither => None,
        TextOrObject::Text(country) => Some(Place { country: Some(country), ..place }),
        TextOrObject::Object => Some(Place { in_parts: true, ..place }),
    })
}
