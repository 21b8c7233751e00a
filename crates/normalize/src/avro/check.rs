//! Whether events can be read by a writer's schema: the contract's fields are asked for as they are of a record, and each
//! says what type it has.

use headwater_model::Span;

use super::schema::{Type, TypeId, WriterSchema};
use crate::decode::{Form, TextOrObject, members_of_event};
use crate::error::SchemaError;
use crate::event::{Event, Reference};
use crate::fault::{Judged, Path};
use crate::key::{Key, OrderPlace};
use crate::limits::AVRO_TYPES_MAX;

/// Without these a record is rejected whatever else it holds, a withdrawal too.
const ALWAYS: [Key; 3] = [Key::EventId, Key::ReportedAt, Key::Source];

/// Checks every field of the contract that the schema has.
pub(super) fn fits(schema: &WriterSchema) -> Result<(), SchemaError> {
    let root = schema.of(schema.root);
    let Type::Record(fields) = root else { return Err(SchemaError::NoRecord { found: root.words() }) };
    if let Some(missing) = ALWAYS.into_iter().find(|key| !fields.iter().any(|field| field.key == Some(*key))) {
        return Err(SchemaError::Missing { field: missing.as_str() });
    }
    let mut check = Check { schema, current: schema.root, seen: 0, wrong: None };
    // No bytes are read: nothing can be wrong with them.
    let _ = members_of_event(&mut check, &mut Event::default());
    check.wrong.map_or(Ok(()), Err)
}

/// A walk over the types, where a decoder walks over the bytes.
struct Check<'a> {
    schema: &'a WriterSchema,
    current: TypeId,
    /// Types looked at: records that share types are looked at from each place they stand in.
    seen: usize,
    wrong: Option<SchemaError>,
}

impl<'a> Check<'a> {
    /// Looks at the current type, or at each of a union: null may stand anywhere, all else must be taken by `take`.
    fn each(&mut self, path: Path, wanted: &'static str, mut take: impl FnMut(&mut Self, &'a Type) -> bool) {
        let schema = self.schema;
        let itself = [self.current];
        let branches = match schema.of(self.current) {
            Type::Union(branches) => &branches[..],
            _ => &itself,
        };
        for &branch in branches {
            self.seen += 1;
            if self.seen > AVRO_TYPES_MAX {
                self.wrong.get_or_insert(SchemaError::TooLarge);
            }
            if self.wrong.is_some() {
                return;
            }
            self.current = branch;
            let of = schema.of(branch);
            if !matches!(of, Type::Null) && !take(self, of) {
                let (field, found) = (path.to_field().into_owned(), of.words().to_owned());
                self.wrong.get_or_insert(SchemaError::Type { field, found, wanted });
            }
        }
    }

    fn leaf(&mut self, path: Path, wanted: &'static str, is_wanted: impl Fn(&Type) -> bool) -> Judged<Option<Span>> {
        self.each(path, wanted, |_, of| is_wanted(of));
        Ok(None)
    }
}

fn is_text(of: &Type) -> bool {
    matches!(of, Type::String | Type::Bytes | Type::Enum(_))
}

const TEXT: &str = "a string (or bytes or an enum)";

impl Form for Check<'_> {
    fn members(&mut self, _: OrderPlace, mut member: impl FnMut(&mut Self, Key) -> Judged<bool>) -> Judged<()> {
        if let Type::Record(fields) = self.schema.of(self.current) {
            for field in fields {
                self.current = field.of;
                // What the contract does not have there is passed over, whatever it is.
                field.key.map_or(Ok(true), |key| member(self, key))?;
            }
        }
        Ok(())
    }

    fn object(&mut self, path: Path, mut member: impl FnMut(&mut Self, Key) -> Judged<bool>) -> Judged<bool> {
        self.each(path, "a record", |check, of| {
            matches!(of, Type::Record(_)) && check.members(OrderPlace::EVENT, &mut member).is_ok()
        });
        Ok(false)
    }

    fn text_or_object(
        &mut self,
        path: Path,
        mut member: impl FnMut(&mut Self, Key) -> Judged<bool>,
    ) -> Judged<TextOrObject> {
        self.each(path, "a string or a record", |check, of| {
            is_text(of) || (matches!(of, Type::Record(_)) && check.members(OrderPlace::EVENT, &mut member).is_ok())
        });
        Ok(TextOrObject::Neither)
    }

    fn string(&mut self, path: Path) -> Judged<Option<Span>> {
        self.leaf(path, TEXT, is_text)
    }

    fn day(&mut self, path: Path) -> Judged<Option<Span>> {
        let wanted = "a string, a date or a timestamp";
        self.leaf(path, wanted, |of| is_text(of) || matches!(of, Type::Date | Type::Timestamp { .. }))
    }

    fn time(&mut self, path: Path) -> Judged<Option<Span>> {
        let wanted = "a string or a timestamp (in UTC, not a local one)";
        self.leaf(path, wanted, |of| is_text(of) || matches!(of, Type::Timestamp { local: false, .. }))
    }

    fn number(&mut self, path: Path) -> Judged<Option<Span>> {
        let wanted = "a string of digits, an int, a long, a float, a double or a decimal";
        self.leaf(path, wanted, |of| {
            let counts = matches!(of, Type::Int | Type::Long | Type::Float | Type::Double | Type::Decimal { .. });
            counts || matches!(of, Type::String | Type::Bytes)
        })
    }

    fn list(&mut self, path: Path, _: usize, mut element: impl FnMut(&mut Self, Path) -> Judged<bool>) -> Judged<()> {
        self.each(path, "an array", |check, of| {
            let Type::Array(of) = of else { return false };
            check.current = *of;
            element(check, path.at(0)).is_ok()
        });
        Ok(())
    }

    fn listed_string(&mut self, path: Path) -> Judged<Option<Span>> {
        self.string(path)
    }

    fn mark(&mut self) -> usize {
        0
    }

    fn references_since(&mut self, _: usize, _: &[Reference]) -> Span {
        Span { owned: true, start: 0, len: 0 }
    }
}
