//! A writer's schema: its types as one list, in which they name each other by their number.

use std::collections::BTreeMap;

use serde_json::Value;

use super::check;
use crate::error::SchemaError;
use crate::key::Key;
use crate::limits::{AVRO_DECIMAL_DIGITS_MAX, AVRO_TYPES_MAX};

/// The schema by which a sender wrote its records.
#[derive(Debug)]
pub struct WriterSchema {
    pub(super) types: Vec<Type>,
    pub(super) root: TypeId,
    /// The words of all enums, one behind the other.
    pub(super) symbols: Vec<u8>,
    /// Types whose values have no bytes.
    weightless: Vec<bool>,
}

/// A type by its number in a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TypeId(u32);

/// A type, as far as it says how bytes are read.
#[derive(Debug)]
pub(super) enum Type {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    String,
    /// Bytes that may be text.
    Bytes,
    /// Bytes that are something else.
    OtherBytes,
    Fixed(usize),
    /// The places of its words among the schema's symbols.
    Enum(Box<[(u32, u32)]>),
    /// `unscaled / 10^scale`, of a fixed size or with its length before it.
    Decimal {
        size: Option<usize>,
        scale: u32,
    },
    /// Days since 1970-01-01.
    Date,
    /// Since 1970-01-01T00:00, in UTC or wherever the sender is.
    Timestamp {
        per_second: i64,
        local: bool,
    },
    Union(Box<[TypeId]>),
    Array(TypeId),
    Map(TypeId),
    Record(Box<[Field]>),
}

/// A field of a record.
#[derive(Debug)]
pub(super) struct Field {
    pub name: Box<str>,
    /// The name, if the contract has it.
    pub key: Option<Key>,
    pub of: TypeId,
    /// The type that may be null, where that is all that it is a union for.
    pub maybe: Maybe,
}

/// A union of null and one type: the byte before each of them, and the type. No byte is larger than 255.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maybe {
    pub null: u16,
    pub some: u16,
    pub of: TypeId,
}

impl WriterSchema {
    /// Reads a schema and checks that events can be read by it: every field that the contract knows has a type that can
    /// stand there.
    ///
    /// # Errors
    /// [`SchemaError`] says what is wrong with it, and in which field.
    pub fn parse(text: &str) -> Result<WriterSchema, SchemaError> {
        let value: Value = serde_json::from_str(text).map_err(|e| SchemaError::Json(e.to_string()))?;
        let mut parser = Parser::default();
        let root = parser.schema(&value, "")?;
        let weightless = weightless(&parser.types);
        let schema = WriterSchema { types: parser.types, root, symbols: parser.symbols, weightless };
        check::fits(&schema)?;
        Ok(schema)
    }

    #[inline]
    pub(super) fn of(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    pub(super) fn is_weightless(&self, id: TypeId) -> bool {
        self.weightless[id.0 as usize]
    }
}

impl Type {
    /// The type in words.
    pub fn words(&self) -> &'static str {
        match self {
            Type::Null => "null",
            Type::Boolean => "a boolean",
            Type::Int => "an int",
            Type::Long => "a long",
            Type::Float => "a float",
            Type::Double => "a double",
            Type::String => "a string",
            Type::Bytes => "bytes",
            Type::OtherBytes => "bytes of a logical type that is not read",
            Type::Fixed(_) => "a fixed",
            Type::Enum(_) => "an enum",
            Type::Decimal { .. } => "a decimal",
            Type::Date => "a date",
            Type::Timestamp { local: false, .. } => "a timestamp",
            Type::Timestamp { local: true, .. } => "a local timestamp",
            Type::Union(_) => "a union",
            Type::Array(_) => "an array",
            Type::Map(_) => "a map",
            Type::Record(_) => "a record",
        }
    }
}

/// Which types have values without bytes: such values can be many at no cost, so that they must not be counted one by
/// one. Grown from what certainly has none: a record that holds itself is not one of them.
fn weightless(types: &[Type]) -> Vec<bool> {
    let mut found = vec![false; types.len()];
    loop {
        let before = found.iter().filter(|w| **w).count();
        for (i, of) in types.iter().enumerate() {
            found[i] = match of {
                Type::Null | Type::Fixed(0) | Type::Decimal { size: Some(0), .. } => true,
                Type::Record(fields) => fields.iter().all(|field| found[field.of.0 as usize]),
                _ => false,
            };
        }
        if found.iter().filter(|w| **w).count() == before {
            return found;
        }
    }
}

/// What was read of a schema so far.
#[derive(Default)]
struct Parser {
    types: Vec<Type>,
    symbols: Vec<u8>,
    /// Named types by their whole names.
    named: BTreeMap<String, TypeId>,
    /// References by name, which are no types of their own and cost all the same.
    references: usize,
    /// Names of the fields around.
    at: Vec<String>,
}

impl Parser {
    fn wrong<T>(&self, message: impl Into<String>) -> Result<T, SchemaError> {
        let at = if self.at.is_empty() { String::new() } else { format!("{}: ", self.at.join(".")) };
        Err(SchemaError::Schema { at, message: message.into() })
    }

    fn add(&mut self, of: Type) -> Result<TypeId, SchemaError> {
        if self.types.len() + self.references >= AVRO_TYPES_MAX {
            return Err(SchemaError::TooLarge);
        }
        self.types.push(of);
        Ok(TypeId(self.types.len() as u32 - 1))
    }

    /// A type as it is written; `namespace` is that of what is around it.
    fn schema(&mut self, value: &Value, namespace: &str) -> Result<TypeId, SchemaError> {
        match value {
            Value::String(name) => self.by_name(name, namespace),
            Value::Array(branches) => self.union(branches, namespace),
            Value::Object(members) => match members.get("type") {
                Some(Value::String(word)) => self.complex(word, value, namespace),
                // A type within a type is no Avro by the letter, and common.
                Some(inner @ (Value::Object(_) | Value::Array(_))) => self.schema(inner, namespace),
                _ => self.wrong("a type without the text `type`"),
            },
            other => self.wrong(format!("{other} is no type")),
        }
    }

    fn by_name(&mut self, name: &str, namespace: &str) -> Result<TypeId, SchemaError> {
        if let Some(primitive) = primitive(name) {
            return self.add(primitive);
        }
        self.references += 1;
        if self.types.len() + self.references >= AVRO_TYPES_MAX {
            return Err(SchemaError::TooLarge);
        }
        let found = self.named.get(&whole_name(name, namespace)).or_else(|| self.named.get(name));
        match found {
            Some(id) => Ok(*id),
            None => self.wrong(format!("there is no type {name:?} before it is used")),
        }
    }

    fn union(&mut self, branches: &[Value], namespace: &str) -> Result<TypeId, SchemaError> {
        let mut ids = Vec::with_capacity(branches.len());
        for branch in branches {
            let id = self.schema(branch, namespace)?;
            if matches!(self.types[id.0 as usize], Type::Union(_)) {
                return self.wrong("a union stands in a union");
            }
            ids.push(id);
        }
        if ids.is_empty() {
            return self.wrong("a union of nothing");
        }
        self.add(Type::Union(ids.into()))
    }

    fn complex(&mut self, word: &str, value: &Value, namespace: &str) -> Result<TypeId, SchemaError> {
        match word {
            "record" | "error" => self.record(value, namespace),
            "enum" => {
                let name = self.name(value, namespace)?.0;
                let words = self.words(value)?;
                let id = self.add(Type::Enum(words))?;
                self.define(name, id)
            }
            "fixed" => {
                let name = self.name(value, namespace)?.0;
                let size = value.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
                let Some(size) = size else { return self.wrong("a fixed without its size") };
                let of = match logical(value) {
                    Some("decimal") => Type::Decimal { size: Some(size), scale: self.scale(value)? },
                    _ => Type::Fixed(size),
                };
                let id = self.add(of)?;
                self.define(name, id)
            }
            "array" | "map" => {
                let is_array = word == "array";
                let Some(inner) = value.get(if is_array { "items" } else { "values" }) else {
                    return self.wrong(format!("{word}: what it holds is not said"));
                };
                let inner = self.schema(inner, namespace)?;
                self.add(if is_array { Type::Array(inner) } else { Type::Map(inner) })
            }
            _ => {
                let id = self.by_name(word, namespace)?;
                let local = logical(value).is_some_and(|logical| logical.starts_with("local-"));
                let timestamp = |per_second| Type::Timestamp { per_second, local };
                let of = match (word, logical(value).map(|logical| logical.trim_start_matches("local-"))) {
                    ("int", Some("date")) if !local => Type::Date,
                    ("long", Some("timestamp-millis")) => timestamp(1_000),
                    ("long", Some("timestamp-micros")) => timestamp(1_000_000),
                    ("long", Some("timestamp-nanos")) => timestamp(1_000_000_000),
                    ("bytes", Some("decimal")) => Type::Decimal { size: None, scale: self.scale(value)? },
                    ("bytes", Some("big-decimal")) => Type::OtherBytes,
                    _ => return Ok(id),
                };
                self.types[id.0 as usize] = of;
                Ok(id)
            }
        }
    }

    fn record(&mut self, value: &Value, namespace: &str) -> Result<TypeId, SchemaError> {
        let (name, namespace) = self.name(value, namespace)?;
        // Known before its fields, which may refer to it.
        let id = self.add(Type::Record(Box::default()))?;
        self.define(name, id)?;
        let Some(members) = value.get("fields").and_then(Value::as_array) else {
            return self.wrong("a record without its fields");
        };
        let mut fields: Vec<Field> = Vec::with_capacity(members.len());
        for member in members {
            let Some(name) = member.get("name").and_then(Value::as_str) else {
                return self.wrong("a field without a name");
            };
            if fields.iter().any(|field| &*field.name == name) {
                return self.wrong(format!("the field {name} is there twice"));
            }
            self.at.push(name.to_owned());
            let Some(of) = member.get("type") else { return self.wrong("a field without a type") };
            let of = self.schema(of, &namespace)?;
            self.at.pop();
            fields.push(Field { name: name.into(), key: Key::of(name.as_bytes()), of, maybe: self.maybe(of) });
        }
        self.types[id.0 as usize] = Type::Record(fields.into());
        Ok(id)
    }

    fn maybe(&self, of: TypeId) -> Maybe {
        let is_null = |id: &TypeId| matches!(self.types[id.0 as usize], Type::Null);
        let none = Maybe { null: u16::MAX, some: u16::MAX, of };
        let Type::Union(branches) = &self.types[of.0 as usize] else { return none };
        match &branches[..] {
            [a, b] if is_null(a) => Maybe { null: 0, some: 2, of: *b },
            [a, b] if is_null(b) => Maybe { null: 2, some: 0, of: *a },
            _ => none,
        }
    }

    /// The whole name of a named type, and the namespace that it makes.
    fn name(&self, value: &Value, around: &str) -> Result<(String, String), SchemaError> {
        let Some(name) = value.get("name").and_then(Value::as_str) else {
            return self.wrong("a record, enum or fixed without a name");
        };
        let namespace = value.get("namespace").and_then(Value::as_str).unwrap_or(around);
        let whole = whole_name(name, namespace);
        let namespace = whole.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_owned();
        Ok((whole, namespace))
    }

    fn define(&mut self, name: String, id: TypeId) -> Result<TypeId, SchemaError> {
        if self.named.contains_key(&name) || primitive(&name).is_some() {
            return self.wrong(format!("the type {name:?} is defined twice"));
        }
        self.named.insert(name, id);
        Ok(id)
    }

    fn words(&mut self, value: &Value) -> Result<Box<[(u32, u32)]>, SchemaError> {
        let words = value.get("symbols").and_then(Value::as_array).filter(|words| !words.is_empty());
        let Some(words) = words else { return self.wrong("an enum without its symbols") };
        let mut places = Vec::with_capacity(words.len());
        for word in words {
            let Some(word) = word.as_str() else { return self.wrong(format!("{word} is no symbol")) };
            places.push((self.symbols.len() as u32, word.len() as u32));
            self.symbols.extend_from_slice(word.as_bytes());
        }
        Ok(places.into())
    }

    fn scale(&self, value: &Value) -> Result<u32, SchemaError> {
        let number = |name: &str| value.get(name).map(|n| n.as_u64().unwrap_or(u64::MAX));
        let (precision, scale) = (number("precision").unwrap_or(0), number("scale").unwrap_or(0));
        if !(1..=AVRO_DECIMAL_DIGITS_MAX).contains(&precision) || scale > precision {
            return self.wrong(format!(
                "a decimal has a precision of 1 to {AVRO_DECIMAL_DIGITS_MAX} digits and a scale of no more"
            ));
        }
        Ok(scale as u32)
    }
}

fn logical(value: &Value) -> Option<&str> {
    value.get("logicalType").and_then(Value::as_str)
}

fn primitive(name: &str) -> Option<Type> {
    Some(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "int" => Type::Int,
        "long" => Type::Long,
        "float" => Type::Float,
        "double" => Type::Double,
        "bytes" => Type::Bytes,
        "string" => Type::String,
        _ => return None,
    })
}

fn whole_name(name: &str, namespace: &str) -> String {
    if namespace.is_empty() || name.contains('.') { name.to_owned() } else { format!("{namespace}.{name}") }
}
