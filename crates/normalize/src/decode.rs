//! JSON into an [`Event`]: names, types and nesting are judged here, values later.

use headwater_model::{Reason, Span, VIA_MAX};

use crate::event::{Event, Item, Money, Place, Quantity, Reference};
use crate::fault::{Fault, Judged, Path, shown};
use crate::json::Reader;
use crate::key::{Key, Order, OrderPlace};
use crate::limits::{ITEMS_MAX, REFERS_TO_MAX, RELEASABLE_TO_MAX};

/// Faults of type and length, the first by the contract's order in each part of an event: which parts count is known
/// only once `kind` and `status` are, and these may come last.
#[derive(Default)]
pub(crate) struct TypeFaults {
    /// At most one for each part; an event without faults costs nothing.
    first: Vec<(Part, Path, Box<Fault>)>,
}

/// The parts of an event that count or not by its kind and status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What every record has.
    Core,
    /// What trade and seizure events have.
    Common,
    Trade,
    Seizure,
}

impl Part {
    pub fn of(key: Key) -> Part {
        match key {
            Key::EventId | Key::Revision | Key::Status | Key::ReportedAt | Key::Source => Part::Core,
            Key::Item | Key::Quantity => Part::Trade,
            Key::Place | Key::Items | Key::Incidents => Part::Seizure,
            _ => Part::Common,
        }
    }
}

impl TypeFaults {
    #[cold]
    fn note(&mut self, path: Path, reason: Reason, message: String) {
        let part = Part::of(path.top());
        match self.first.iter_mut().find(|(of, ..)| *of == part) {
            None => self.first.push((part, path, Fault::new(reason, path, message))),
            Some((_, held, fault)) if path < *held => (*held, *fault) = (path, Fault::new(reason, path, message)),
            Some(_) => {}
        }
    }

    /// The first fault of the parts that count.
    pub fn first(&mut self, parts: &[Part]) -> Judged<()> {
        let counting = |(_, (part, ..)): &(usize, &(Part, Path, Box<Fault>))| parts.contains(part);
        let first = self.first.iter().enumerate().filter(counting).min_by_key(|(_, (_, path, _))| *path);
        match first.map(|(i, _)| i) {
            None => Ok(()),
            Some(i) => Err(self.first.swap_remove(i).2),
        }
    }
}

/// Reads one record into `event`, which must be clear. An error is one of the record as a whole; faults of single
/// fields are in what is returned.
pub(crate) fn decode(
    record: &str,
    base: u32,
    text: &mut Vec<u8>,
    order: &mut Order,
    event: &mut Event,
) -> Judged<TypeFaults> {
    let json = Reader::new(record, base, text);
    let mut decoder = Decoder { json, order, faults: TypeFaults::default(), unknown: false };
    decoder.event(event)?;
    decoder.json.end()?;
    event.unknown_field |= decoder.unknown;
    Ok(decoder.faults)
}

struct Decoder<'a> {
    json: Reader<'a>,
    order: &'a mut Order,
    faults: TypeFaults,
    unknown: bool,
}

impl Decoder<'_> {
    fn event(&mut self, event: &mut Event) -> Judged<()> {
        if self.json.peek() != b'{' {
            return Err(self.json.syntax("expected an object"));
        }
        self.members(OrderPlace::EVENT, |d, key| {
            let path = Path::of(key);
            match key {
                Key::EventId => event.event_id = d.string(path)?,
                Key::Revision => event.revision = d.number(path)?,
                Key::Status => event.status = d.string(path)?,
                Key::Kind => event.kind = d.string(path)?,
                Key::OccurredOn => event.occurred_on = d.string(path)?,
                Key::PeriodDays => event.period_days = d.number(path)?,
                Key::ReportedAt => event.reported_at = d.string(path)?,
                Key::Source => event.source = d.string(path)?,
                Key::Item => event.item = d.item(path, false)?,
                Key::Quantity => event.quantity = d.quantity(path)?,
                Key::Origin => event.origin = d.string(path)?,
                Key::Destination => event.destination = d.string(path)?,
                Key::Via => d.list(path, VIA_MAX, |d, path| d.listed_string(path, &mut event.via))?,
                Key::Mode => event.mode = d.string(path)?,
                Key::Consignor => event.consignor = d.string(path)?,
                Key::Consignee => event.consignee = d.string(path)?,
                Key::Permit => event.permit = d.string(path)?,
                Key::RefersTo => {
                    let from = (d.json.peek(), d.json.at()).1;
                    d.list(path, REFERS_TO_MAX, |d, path| d.reference(path, &mut event.refers_to))?;
                    event.refers_to_raw = (!event.refers_to.is_empty()).then(|| d.json.since(from));
                }
                Key::Value => event.value = d.money(path)?,
                Key::Marking => event.marking = d.string(path)?,
                Key::ReleasableTo => {
                    d.list(path, RELEASABLE_TO_MAX, |d, path| d.listed_string(path, &mut event.releasable_to))?;
                }
                Key::Place => event.place = d.place(path)?,
                Key::Items => d.list(path, ITEMS_MAX, |d, path| {
                    let item = d.item(path, true)?;
                    event.items.extend(item);
                    Ok(item.is_some())
                })?,
                Key::Incidents => event.incidents = d.number(path)?,
                _ => return Ok(false),
            }
            Ok(true)
        })
    }

    /// The members of an object whose brace comes next. `member` reads the value of a name that belongs there and says
    /// whether it does; all else is passed over and noted. A name of the contract that occurs twice is an error:
    /// readers differ in which one they take, so that two of them would see two events.
    #[inline]
    fn members(&mut self, start: OrderPlace, mut member: impl FnMut(&mut Self, Key) -> Judged<bool>) -> Judged<()> {
        self.json.enter()?;
        let (mut seen, mut first, mut place) = (0u64, true, start);
        while self.json.more(first, b'}')? {
            first = false;
            let expected = self.order.expected(place);
            let key = if self.json.name_is(expected.with_colon()) { Some(expected) } else { self.name(place)? };
            if let Some(key) = key {
                place = OrderPlace::after(key);
                let bit = 1 << key as u8;
                if seen & bit != 0 {
                    return Err(self.json.syntax(&format!("the field {} occurs twice", key.as_str())));
                }
                seen |= bit;
                if member(self, key)? {
                    continue;
                }
            }
            self.unknown = true;
            self.json.skip()?;
        }
        Ok(())
    }

    /// A name that is not the one expected after `place`.
    fn name(&mut self, place: OrderPlace) -> Judged<Option<Key>> {
        let name = self.json.name()?;
        let key = Key::of(self.json.bytes(name));
        self.json.forget(name);
        if let Some(key) = key {
            self.order.note(place, key);
        }
        Ok(key)
    }

    /// The members of an object, when an object comes next; `null` counts as absent.
    #[inline]
    fn object(&mut self, path: Path, member: impl FnMut(&mut Self, Key) -> Judged<bool>) -> Judged<bool> {
        if self.json.peek() == b'{' {
            return self.members(OrderPlace::within(path.last()), member).map(|()| true);
        }
        self.other(path, "an object")?;
        Ok(false)
    }

    #[inline]
    fn string(&mut self, path: Path) -> Judged<Option<Span>> {
        if self.json.peek() == b'"' {
            let span = self.json.string()?;
            return Ok((span.len > 0).then_some(span));
        }
        self.other(path, "a string").map(|()| None)
    }

    #[inline]
    fn number(&mut self, path: Path) -> Judged<Option<Span>> {
        if matches!(self.json.peek(), b'-' | b'0'..=b'9') {
            return self.json.number().map(Some);
        }
        self.other(path, "a number").map(|()| None)
    }

    /// The elements of a list. `element` says whether it took one; `null` among them is a wrong type.
    fn list(&mut self, path: Path, max: usize, mut element: impl FnMut(&mut Self, Path) -> Judged<bool>) -> Judged<()> {
        if self.json.peek() != b'[' {
            return self.other(path, "a list");
        }
        self.json.enter()?;
        let mut count = 0;
        while self.json.more(count == 0, b']')? {
            if count >= max {
                self.faults.note(path, Reason::TooLarge, format!("{path} has more than {max} elements"));
                self.json.skip()?;
            } else {
                let from = (self.json.peek(), self.json.at());
                if !element(self, path.at(count))? && from.0 == b'n' {
                    self.wrong(path.at(count), "no null", from.1);
                }
            }
            count += 1;
        }
        Ok(())
    }

    fn listed_string(&mut self, path: Path, list: &mut Vec<Span>) -> Judged<bool> {
        if self.json.peek() == b'"' {
            list.push(self.json.string()?);
            return Ok(true);
        }
        self.other(path, "a string").map(|()| false)
    }

    fn item(&mut self, path: Path, seized: bool) -> Judged<Option<Item>> {
        let mut item = Item::default();
        let found = self.object(path, |d, key| {
            match key {
                Key::Name => item.name = d.string(path.then(key))?,
                Key::Cas => item.cas = d.string(path.then(key))?,
                Key::Hs if !seized => item.hs = d.string(path.then(key))?,
                Key::Description if !seized => item.description = d.string(path.then(key))?,
                Key::Quantity if seized => item.quantity = d.quantity(path.then(key))?,
                Key::PurityPercent if seized => item.purity_percent = d.number(path.then(key))?,
                Key::Form if seized => item.form = d.string(path.then(key))?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(found.then_some(item))
    }

    fn quantity(&mut self, path: Path) -> Judged<Option<Quantity>> {
        let mut quantity = Quantity::default();
        let found = self.object(path, |d, key| {
            match key {
                Key::Value => quantity.value = d.number(path.then(key))?,
                Key::Unit => quantity.unit = d.string(path.then(key))?,
                Key::Basis => quantity.basis = d.string(path.then(key))?,
                Key::Qualifier => quantity.qualifier = d.string(path.then(key))?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(found.then_some(quantity))
    }

    fn money(&mut self, path: Path) -> Judged<Option<Money>> {
        let mut money = Money::default();
        let found = self.object(path, |d, key| {
            match key {
                Key::Amount => money.amount = d.number(path.then(key))?,
                Key::Currency => money.currency = d.string(path.then(key))?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(found.then_some(money))
    }

    fn reference(&mut self, path: Path, list: &mut Vec<Reference>) -> Judged<bool> {
        let mut reference = Reference::default();
        let found = self.object(path, |d, key| {
            match key {
                Key::Source => reference.source = d.string(path.then(key))?,
                Key::EventId => reference.event_id = d.string(path.then(key))?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if found {
            list.push(reference);
        }
        Ok(found)
    }

    fn place(&mut self, path: Path) -> Judged<Option<Place>> {
        let mut place = Place::default();
        match self.json.peek() {
            b'"' => {
                place.country = self.string(path)?;
                return Ok(place.country.is_some().then_some(place));
            }
            b'{' => place.in_parts = true,
            _ => return self.other(path, "a string or an object").map(|()| None),
        }
        self.members(OrderPlace::within(Key::Place), |d, key| {
            match key {
                Key::Country => place.country = d.string(path.then(key))?,
                Key::Subdivision => place.subdivision = d.string(path.then(key))?,
                Key::Office => place.office = d.string(path.then(key))?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Some(place))
    }

    /// A value that is not of the type wanted: passed over, `null` as an absent one, all else as a fault.
    #[cold]
    fn other(&mut self, path: Path, wanted: &str) -> Judged<()> {
        let byte = self.json.peek();
        let from = self.json.at();
        self.json.skip()?;
        if byte != b'n' {
            self.wrong(path, wanted, from);
        }
        Ok(())
    }

    fn wrong(&mut self, path: Path, wanted: &str, from: usize) {
        let message = format!("{path} must be {wanted}, not {}", shown(self.json.raw(from)));
        self.faults.note(path, Reason::WrongType, message);
    }
}
