//! JSON as a [`Form`] of the contract.

use headwater_model::{Reason, Span};

use crate::decode::{Form, TextOrObject, members_of_event};
use crate::event::{Event, Reference};
use crate::fault::{Judged, Path, shown};
use crate::faults::TypeFaults;
use crate::json::Reader;
use crate::key::{Key, Order, OrderPlace};

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
    let mut form = Json { json, order, faults: TypeFaults::default(), unknown: false };
    if form.json.peek() != b'{' {
        return Err(form.json.syntax("expected an object"));
    }
    members_of_event(&mut form, event)?;
    form.json.end()?;
    event.unknown_field |= form.unknown;
    Ok(form.faults)
}

struct Json<'a> {
    json: Reader<'a>,
    order: &'a mut Order,
    faults: TypeFaults,
    unknown: bool,
}

impl Form for Json<'_> {
    /// A name of the contract that occurs twice is an error: readers differ in which one they take, so that two of them
    /// would see two events.
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

    #[inline]
    fn object(&mut self, path: Path, member: impl FnMut(&mut Self, Key) -> Judged<bool>) -> Judged<bool> {
        if self.json.peek() == b'{' {
            return self.members(OrderPlace::within(path.last()), member).map(|()| true);
        }
        self.other(path, "an object")?;
        Ok(false)
    }

    fn text_or_object(
        &mut self,
        path: Path,
        member: impl FnMut(&mut Self, Key) -> Judged<bool>,
    ) -> Judged<TextOrObject> {
        match self.json.peek() {
            b'"' => Ok(self.string(path)?.map_or(TextOrObject::Neither, TextOrObject::Text)),
            b'{' => self.members(OrderPlace::within(path.last()), member).map(|()| TextOrObject::Object),
            _ => self.other(path, "a string or an object").map(|()| TextOrObject::Neither),
        }
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
    fn day(&mut self, path: Path) -> Judged<Option<Span>> {
        self.string(path)
    }

    #[inline]
    fn time(&mut self, path: Path) -> Judged<Option<Span>> {
        self.string(path)
    }

    #[inline]
    fn number(&mut self, path: Path) -> Judged<Option<Span>> {
        if matches!(self.json.peek(), b'-' | b'0'..=b'9') {
            return self.json.number().map(Some);
        }
        self.other(path, "a number").map(|()| None)
    }

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

    fn listed_string(&mut self, path: Path) -> Judged<Option<Span>> {
        if self.json.peek() == b'"' {
            return self.json.string().map(Some);
        }
        self.other(path, "a string").map(|()| None)
    }

    fn mark(&mut self) -> usize {
        self.json.peek();
        self.json.at()
    }

    fn references_since(&mut self, mark: usize, _: &[Reference]) -> Span {
        self.json.since(mark)
    }
}

impl Json<'_> {
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
