//! The binary form of Avro as a [`Form`] of the contract, by a writer's schema.

use headwater_model::{Reason, Span};

use super::cursor::Cursor;
use super::schema::{Field, Type, TypeId, WriterSchema};
use super::written;
use crate::decode::{Form, TextOrObject, members_of_event};
use crate::event::{Event, Reference};
use crate::fault::{Fault, Judged, Path, shown};
use crate::faults::TypeFaults;
use crate::json::is_number;
use crate::key::{Key, OrderPlace};
use crate::limits::NESTING_MAX;
use crate::texts::Texts;

/// A record and what is needed to read it.
pub(super) struct Framed<'a> {
    pub schema: &'a WriterSchema,
    pub id: u32,
    /// Where its body starts.
    pub body: Cursor<'a>,
    /// Where the words of the schema's enums start in the batch's own text.
    pub words: u32,
}

/// Reads one record into `event`, which must be clear. An error is one of the record as a whole; faults of single
/// fields are in what is returned.
pub(super) fn decode(framed: Framed<'_>, text: &mut Vec<u8>, event: &mut Event) -> Judged<TypeFaults> {
    let Framed { schema, id, body, words } = framed;
    let mut avro = Avro {
        schema,
        cursor: body,
        words,
        depth: 0,
        of: schema.of(schema.root),
        text,
        faults: TypeFaults::default(),
        unknown: false,
        within: Vec::new(),
    };
    let read = members_of_event(&mut avro, event).and_then(|()| avro.cursor.end());
    if let Err(mut fault) = read {
        avro.within.reverse();
        let within = if avro.within.is_empty() { String::new() } else { format!("{}: ", avro.within.join(".")) };
        fault.message = format!("by writer schema {id}: {within}{}", fault.message);
        return Err(fault);
    }
    event.unknown_field |= avro.unknown;
    Ok(avro.faults)
}

struct Avro<'a> {
    schema: &'a WriterSchema,
    cursor: Cursor<'a>,
    words: u32,
    depth: u32,
    /// The type of the value that comes next; of a union, that of the branch, which is taken.
    of: &'a Type,
    text: &'a mut Vec<u8>,
    faults: TypeFaults,
    unknown: bool,
    /// The fields around a fault of the record, the innermost first.
    within: Vec<&'a str>,
}

impl<'a> Avro<'a> {
    /// A value of this type comes next.
    #[inline]
    fn next(&mut self, of: TypeId) -> Judged<()> {
        let of = self.schema.of(of);
        self.of = match of {
            Type::Union(branches) => self.schema.of(branches[self.cursor.below(branches.len(), "branch")?]),
            other => other,
        };
        Ok(())
    }

    /// The value of a field comes next.
    // Inlined with what takes a text: as calls, an event takes a quarter longer.
    #[inline(always)]
    fn next_field(&mut self, field: &'a Field) -> Judged<()> {
        let byte = self.cursor.bytes.get(self.cursor.at).map(|byte| u16::from(*byte));
        if byte == Some(field.maybe.some) {
            self.of = self.schema.of(field.maybe.of);
        } else if byte == Some(field.maybe.null) {
            self.of = &Type::Null;
        } else {
            return self.next(field.of);
        }
        self.cursor.at += 1;
        Ok(())
    }

    /// The bytes of a decimal.
    fn unscaled(&mut self, size: Option<usize>) -> Judged<&'a [u8]> {
        let len = match size {
            Some(size) => size,
            None => self.cursor.length()?,
        };
        let from = self.cursor.at;
        let bytes = self.cursor.take(len)?;
        if bytes.is_empty() {
            return Err(self.cursor.bad(|_, _| format!("a decimal of no bytes at byte {from}")));
        }
        Ok(bytes)
    }

    /// A text of the contract whose value has another form here: what `write` adds to the batch's own text.
    #[inline]
    fn written(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Option<Span> {
        let start = self.text.len();
        write(self.text);
        Some(Span { owned: true, start: start as u32, len: (self.text.len() - start) as u32 })
    }

    /// A text; an empty one too.
    #[inline(always)]
    fn any_string(&mut self, path: Path, wanted: &str) -> Judged<Option<Span>> {
        match self.of {
            Type::String | Type::Bytes => self.cursor.span().map(Some),
            Type::Null => Ok(None),
            Type::Enum(words) => {
                let (start, len) = words[self.cursor.below(words.len(), "symbol")?];
                Ok(Some(Span { owned: true, start: self.words + start, len }))
            }
            _ => self.other(path, wanted).map(|()| None),
        }
    }

    fn texts(&self) -> Texts<'_> {
        Texts { record: self.cursor.record, base: self.cursor.base, owned: self.text }
    }

    /// A value that is not of the type wanted: passed over, null as an absent one, all else as a fault.
    #[inline(never)]
    fn other(&mut self, path: Path, wanted: &str) -> Judged<()> {
        let of = self.of;
        if !matches!(of, Type::Null) {
            self.skip()?;
            self.wrong(path, wanted, of.words());
        }
        Ok(())
    }

    #[cold]
    fn wrong(&mut self, path: Path, wanted: &str, found: &str) {
        self.faults.note(path, Reason::WrongType, format!("{path} must be {wanted}, not {found}"));
    }

    fn enter(&mut self) -> Judged<()> {
        if self.depth == NESTING_MAX {
            let message = format!("nested deeper than {NESTING_MAX} levels at byte {}", self.cursor.at);
            return Err(Fault::record(Reason::TooDeep, message));
        }
        self.depth += 1;
        Ok(())
    }

    /// Passes over the value that comes next, which must be one of its type.
    fn skip(&mut self) -> Judged<()> {
        match self.of {
            Type::Null => {}
            Type::Boolean => {
                let byte = self.cursor.take(1)?[0];
                if byte > 1 {
                    return Err(self.cursor.bad(|at, _| format!("a boolean of {byte} at byte {}", at - 1)));
                }
            }
            Type::Int | Type::Date => drop(self.cursor.int()?),
            Type::Long | Type::Timestamp { .. } => drop(self.cursor.long()?),
            Type::Float => drop(self.cursor.take(4)?),
            Type::Double => drop(self.cursor.take(8)?),
            Type::String => drop(self.cursor.span()?),
            Type::Bytes | Type::OtherBytes => {
                let len = self.cursor.length()?;
                self.cursor.take(len)?;
            }
            Type::Decimal { size, .. } => drop(self.unscaled(*size)?),
            Type::Fixed(size) => drop(self.cursor.take(*size)?),
            Type::Enum(words) => drop(self.cursor.below(words.len(), "symbol")?),
            Type::Array(of) => self.blocks(|avro, count| avro.skip_all(*of, count))?,
            Type::Map(of) => self.blocks(|avro, count| {
                for _ in 0..count {
                    avro.cursor.span()?;
                    avro.next(*of)?;
                    avro.skip()?;
                }
                Ok(())
            })?,
            Type::Record(fields) => {
                self.enter()?;
                for field in fields {
                    let skipped = self.next_field(field).and_then(|()| self.skip());
                    skipped.inspect_err(|_| self.within.push(&field.name))?;
                }
                self.depth -= 1;
            }
            // A union's branch is no union.
            Type::Union(_) => {}
        }
        Ok(())
    }

    /// Passes over so many values of a type. Those without bytes may be as many as they like: they are not counted one by
    /// one. Each other has a byte at least, so that the record bounds their number.
    fn skip_all(&mut self, of: TypeId, count: u64) -> Judged<()> {
        if self.schema.is_weightless(of) {
            return Ok(());
        }
        (0..count).try_for_each(|_| self.next(of).and_then(|()| self.skip()))
    }

    /// The blocks of an array or a map; `items` takes so many of them.
    fn blocks(&mut self, mut items: impl FnMut(&mut Self, u64) -> Judged<()>) -> Judged<()> {
        self.enter()?;
        loop {
            let count = self.cursor.long()?;
            if count == 0 {
                break;
            }
            let end = if count < 0 {
                let len = self.cursor.length()?;
                Some(self.cursor.at + len)
            } else {
                None
            };
            items(self, count.unsigned_abs())?;
            if let Some(end) = end
                && end != self.cursor.at
            {
                return Err(self
                    .cursor
                    .bad(|at, _| format!("a block of items ends at byte {at}, and says that it ends at {end}")));
            }
        }
        self.depth -= 1;
        Ok(())
    }
}

impl Form for Avro<'_> {
    #[inline]
    fn members(&mut self, _: OrderPlace, mut member: impl FnMut(&mut Self, Key) -> Judged<bool>) -> Judged<()> {
        let Type::Record(fields) = self.of else { return Ok(()) };
        self.enter()?;
        for field in fields {
            let taken = self.next_field(field).and_then(|()| match field.key {
                Some(key) => member(self, key),
                None => Ok(false),
            });
            let done = match taken {
                Ok(true) => continue,
                Ok(false) => {
                    self.unknown = true;
                    self.skip()
                }
                Err(fault) => Err(fault),
            };
            done.inspect_err(|_| self.within.push(&field.name))?;
        }
        self.depth -= 1;
        Ok(())
    }

    #[inline]
    fn object(&mut self, path: Path, member: impl FnMut(&mut Self, Key) -> Judged<bool>) -> Judged<bool> {
        if matches!(self.of, Type::Record(_)) {
            return self.members(OrderPlace::EVENT, member).map(|()| true);
        }
        self.other(path, "an object").map(|()| false)
    }

    fn text_or_object(
        &mut self,
        path: Path,
        member: impl FnMut(&mut Self, Key) -> Judged<bool>,
    ) -> Judged<TextOrObject> {
        if matches!(self.of, Type::Record(_)) {
            return self.members(OrderPlace::EVENT, member).map(|()| TextOrObject::Object);
        }
        let text = self.any_string(path, "a string or an object")?.filter(|span| span.len > 0);
        Ok(text.map_or(TextOrObject::Neither, TextOrObject::Text))
    }

    #[inline(always)]
    fn string(&mut self, path: Path) -> Judged<Option<Span>> {
        Ok(self.any_string(path, "a string")?.filter(|span| span.len > 0))
    }

    #[inline]
    fn day(&mut self, path: Path) -> Judged<Option<Span>> {
        match self.of {
            Type::Date => {
                let days = self.cursor.int()?;
                Ok(self.written(|text| written::date(days, text)))
            }
            Type::Timestamp { per_second, .. } => {
                let parts = self.cursor.long()?;
                Ok(self.written(|text| written::date_of(parts, *per_second, text)))
            }
            _ => self.string(path),
        }
    }

    #[inline]
    fn time(&mut self, path: Path) -> Judged<Option<Span>> {
        match self.of {
            Type::Timestamp { per_second, local: false } => {
                let parts = self.cursor.long()?;
                Ok(self.written(|text| written::time(parts, *per_second, text)))
            }
            _ => self.string(path),
        }
    }

    #[inline]
    fn number(&mut self, path: Path) -> Judged<Option<Span>> {
        let wanted = "a number";
        match self.of {
            Type::Null => Ok(None),
            Type::String | Type::Bytes => {
                let span = self.cursor.span()?;
                let text = self.texts().get(span);
                if is_number(text.as_bytes()) {
                    return Ok(Some(span));
                }
                let found = shown(text);
                self.wrong(path, wanted, &found);
                Ok(None)
            }
            Type::Int => {
                let number = self.cursor.int()?;
                Ok(self.written(|text| written::whole(number, text)))
            }
            Type::Long => {
                let number = self.cursor.long()?;
                Ok(self.written(|text| written::whole(number, text)))
            }
            Type::Decimal { size, scale } => {
                let bytes = self.unscaled(*size)?;
                let Some(unscaled) = written::unscaled(bytes) else {
                    let message = format!("{path} has more digits than fit 128 bits: {} bytes", bytes.len());
                    self.faults.note(path, Reason::TooLarge, message);
                    return Ok(None);
                };
                Ok(self.written(|text| written::decimal(unscaled, *scale, text)))
            }
            Type::Float => {
                let number = f32::from_le_bytes(self.cursor.take(4)?.try_into().expect("four bytes were taken"));
                let mut is_one = None;
                let span = self.written(|text| is_one = written::float(number, text));
                self.if_number(path, span, is_one, number.into())
            }
            Type::Double => {
                let number = f64::from_le_bytes(self.cursor.take(8)?.try_into().expect("eight bytes were taken"));
                let mut is_one = None;
                let span = self.written(|text| is_one = written::double(number, text));
                self.if_number(path, span, is_one, number)
            }
            _ => self.other(path, wanted).map(|()| None),
        }
    }

    fn list(&mut self, path: Path, max: usize, mut element: impl FnMut(&mut Self, Path) -> Judged<bool>) -> Judged<()> {
        let Type::Array(of) = self.of else { return self.other(path, "a list") };
        let mut index = 0;
        self.blocks(|avro, count| {
            let taken = count.min((max - index) as u64);
            for _ in 0..taken {
                avro.next(*of)?;
                let is_null = matches!(avro.of, Type::Null);
                if !element(avro, path.at(index))? && is_null {
                    avro.wrong(path.at(index), "no null", "null");
                }
                index += 1;
            }
            if count > taken {
                avro.faults.note(path, Reason::TooLarge, format!("{path} has more than {max} elements"));
                avro.skip_all(*of, count - taken)?;
            }
            Ok(())
        })
    }

    fn listed_string(&mut self, path: Path) -> Judged<Option<Span>> {
        self.any_string(path, "a string")
    }

    fn mark(&mut self) -> usize {
        self.text.len()
    }

    fn references_since(&mut self, _: usize, references: &[Reference]) -> Span {
        let start = self.text.len();
        let Cursor { record, base, .. } = self.cursor;
        written::references(references, record, base, self.text);
        Span { owned: true, start: start as u32, len: (self.text.len() - start) as u32 }
    }
}

impl Avro<'_> {
    fn if_number(&mut self, path: Path, span: Option<Span>, is_one: Option<()>, number: f64) -> Judged<Option<Span>> {
        if is_one.is_none() {
            self.wrong(path, "a number", &number.to_string());
            return Ok(None);
        }
        Ok(span)
    }
}
