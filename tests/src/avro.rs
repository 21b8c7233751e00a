//! Senders of Avro: what somebody who writes by a schema of theirs makes of a record that stands here as JSON.
//!
//! The encoder is not ours (`apache-avro`); only the choice of each value is made here.

use std::collections::BTreeMap;

use apache_avro::schema::{InnerDecimalSchema, UnionSchema};
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use apache_avro::{Decimal, Schema};
use headwater_model::Day;
use serde_json::Value;
use serde_json::value::RawValue;

/// JSON that keeps its numbers as they were written.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number, digit for digit.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object; of a name that occurs twice the last.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads a text, if it is JSON of so few levels as a sender of Avro has.
    pub fn read(text: &str) -> Option<Json> {
        Json::level(text, 64)
    }

    fn level(text: &str, left: u32) -> Option<Json> {
        let below = left.checked_sub(1)?;
        let text = text.trim();
        Some(match text.as_bytes().first()? {
            b'{' => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let read = |(name, value): (String, &RawValue)| Some((name, Json::level(value.get(), below)?));
                Json::Object(members.into_iter().map(read).collect::<Option<_>>()?)
            }
            b'[' => {
                let list: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                Json::List(list.into_iter().map(|value| Json::level(value.get(), below)).collect::<Option<_>>()?)
            }
            b'"' => Json::Text(serde_json::from_str(text).ok()?),
            b't' | b'f' => Json::Bool(serde_json::from_str(text).ok()?),
            b'n' => serde_json::from_str(text).map(|()| Json::Null).ok()?,
            _ => serde_json::from_str::<&RawValue>(text).map(|number| Json::Number(number.get().to_owned())).ok()?,
        })
    }

    /// The text that says it.
    pub fn text(&self) -> String {
        match self {
            Json::Null => "null".into(),
            Json::Bool(bool) => bool.to_string(),
            Json::Number(number) => number.clone(),
            Json::Text(text) => Value::from(text.as_str()).to_string(),
            Json::List(list) => format!("[{}]", list.iter().map(Json::text).collect::<Vec<_>>().join(",")),
            Json::Object(members) => {
                let member =
                    |(name, value): (&String, &Json)| format!("{}:{}", Value::from(name.as_str()), value.text());
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// The same as an object, if it is one.
    pub fn members(&mut self) -> Option<&mut BTreeMap<String, Json>> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }
}

/// Named types, which Avro defines once and then refers to.
type Named = BTreeMap<String, Schema>;

/// Somebody who writes by a schema.
pub struct Sender {
    schema: Schema,
    named: Named,
    exact: bool,
}

/// Fields of events that are numbers: Avro may hold their digits as text.
const NUMBERS: [&str; 6] = ["revision", "period_days", "value", "purity_percent", "amount", "incidents"];

impl Sender {
    /// One who sends what the JSON says or nothing.
    ///
    /// # Panics
    /// When the schema is none.
    pub fn exact(schema: &Value) -> Sender {
        Sender { exact: true, ..Sender::able(schema) }
    }

    /// One who sends what the schema has room for.
    ///
    /// # Panics
    /// When the schema is none.
    pub fn able(schema: &Value) -> Sender {
        let schema = Schema::parse(schema).unwrap_or_else(|error| panic!("{error}: {schema}"));
        let mut named = Named::new();
        name(&schema, &mut named);
        Sender { schema, named, exact: false }
    }

    /// The record in the Confluent frame.
    pub fn framed(&self, id: u32, record: &Json) -> Option<Vec<u8>> {
        let value = self.value(record)?;
        let writer = GenericDatumWriter::builder(&self.schema).build().unwrap();
        let body = writer.write_value_to_vec(value).unwrap_or_else(|error| panic!("{error}: {}", record.text()));
        Some([&[0][..], &id.to_be_bytes(), &body].concat())
    }

    /// The record as a value of the schema, if it can be one.
    pub fn value(&self, record: &Json) -> Option<Avro> {
        self.of(record, &self.schema, "")
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    fn of(&self, value: &Json, schema: &Schema, field: &str) -> Option<Avro> {
        let schema = match schema {
            Schema::Ref { name } => &self.named[&name.to_string()],
            other => other,
        };
        Some(match (schema, value) {
            (Schema::Union(union), _) => self.branch(value, union, field)?,
            (Schema::Null, Json::Null) => Avro::Null,
            (Schema::Boolean, Json::Bool(bool)) => Avro::Boolean(*bool),
            (Schema::String, _) => Avro::String(self.text(value, field)?.to_owned()),
            (Schema::Bytes, _) => Avro::Bytes(self.text(value, field)?.as_bytes().to_vec()),
            (Schema::Enum(words), Json::Text(text)) => {
                Avro::Enum(words.symbols.iter().position(|word| word == text)? as u32, text.clone())
            }
            (_, Json::Number(number)) => self.number(number, schema)?,
            (_, Json::Text(text)) => time(text, schema)?,
            (Schema::Array(array), Json::List(list)) => {
                Avro::Array(list.iter().map(|element| self.of(element, &array.items, field)).collect::<Option<_>>()?)
            }
            // Absent, as a list without elements is.
            (Schema::Array(_), Json::Null) => Avro::Array(Vec::new()),
            (Schema::Map(map), Json::Object(members)) => {
                let of = |(name, value): (&String, &Json)| Some((name.clone(), self.of(value, &map.types, name)?));
                Avro::Map(members.iter().map(of).collect::<Option<_>>()?)
            }
            (Schema::Record(record), Json::Object(members)) => {
                let is_field = |name: &String| record.fields.iter().any(|field| field.name == *name);
                if self.exact && !members.keys().all(is_field) {
                    return None;
                }
                let of = |field: &apache_avro::schema::RecordField| {
                    let value = members.get(&field.name).unwrap_or(&Json::Null);
                    Some((field.name.clone(), self.of(value, &field.schema, &field.name)?))
                };
                Avro::Record(record.fields.iter().map(of).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    fn branch(&self, value: &Json, union: &UnionSchema, field: &str) -> Option<Avro> {
        let branches = union.variants().iter().enumerate();
        branches.filter_map(|(i, of)| Some(Avro::Union(i as u32, Box::new(self.of(value, of, field)?)))).next()
    }

    /// A text; a number by its digits where one stands.
    fn text<'j>(&self, value: &'j Json, field: &str) -> Option<&'j str> {
        let is_number = !self.exact || NUMBERS.contains(&field);
        match value {
            Json::Number(number) if is_number => Some(number),
            // In Avro the digits are the number: the JSON would not be one.
            Json::Text(text) if self.exact && is_number && matches!(Json::read(text), Some(Json::Number(_))) => None,
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the shortest decimal of a number is written without an exponent.
    fn is_plain(&self, number: f64) -> bool {
        !self.exact || number == 0.0 || (1e-7..1e21).contains(&number.abs())
    }

    fn number(&self, number: &str, schema: &Schema) -> Option<Avro> {
        let says = |text: String| (!self.exact || text == number).then_some(());
        Some(match schema {
            Schema::Int => {
                let n: i32 = number.parse().ok()?;
                says(n.to_string()).map(|()| Avro::Int(n))?
            }
            Schema::Long => {
                let n: i64 = number.parse().ok()?;
                says(n.to_string()).map(|()| Avro::Long(n))?
            }
            Schema::Float => {
                let n: f32 = number.parse().ok()?;
                self.is_plain(n.into()).then_some(())?;
                says(n.to_string()).map(|()| Avro::Float(n))?
            }
            Schema::Double => {
                let n: f64 = number.parse().ok()?;
                self.is_plain(n).then_some(())?;
                says(n.to_string()).map(|()| Avro::Double(n))?
            }
            Schema::Decimal(decimal) => {
                let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
                let unscaled: i128 = format!("{whole}{fraction}").parse().ok()?;
                if fraction.len() != decimal.scale
                    || whole == "-0"
                    || !whole.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit())
                {
                    return None;
                }
                let mut bytes = unscaled.to_be_bytes().to_vec();
                match &decimal.inner {
                    InnerDecimalSchema::Fixed(fixed) => {
                        let fill = if unscaled < 0 { 0xff } else { 0 };
                        bytes.splice(0..0, std::iter::repeat_n(fill, fixed.size - bytes.len()));
                    }
                    InnerDecimalSchema::Bytes => {
                        while bytes.len() > 1 && matches!((bytes[0], bytes[1] >= 0x80), (0, false) | (0xff, true)) {
                            bytes.remove(0);
                        }
                    }
                }
                Avro::Decimal(Decimal::from(bytes))
            }
            _ => return None,
        })
    }
}

/// A date or a time where a schema has a type of its own for it.
fn time(text: &str, schema: &Schema) -> Option<Avro> {
    if let Schema::Date = schema {
        return Day::parse(text).map(|day| Avro::Date(day.0));
    }
    let (day, time) = text.split_at_checked(10)?;
    let (clock, zone) = time.split_at_checked(9)?;
    let part = |from: usize, below: u32| clock.get(from..from + 2)?.parse::<u32>().ok().filter(|n| *n < below);
    if !matches!(clock.as_bytes(), [b'T', _, _, b':', _, _, b':', _, _]) {
        return None;
    }
    let second = part(1, 24)? * 3600 + part(4, 60)? * 60 + part(7, 60)?;
    let seconds = i64::from(Day::parse(day)?.0) * 86_400 + i64::from(second);
    let parts = |digits: usize, local: bool| {
        let fraction =
            zone.strip_prefix('.').map_or("", |rest| &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()]);
        let whole = format!("{fraction:0<digits$}").parse::<i64>().ok()?;
        let is_utc = zone.ends_with('Z');
        (fraction.len() <= digits && (is_utc || local)).then_some(seconds * 10i64.pow(digits as u32) + whole)
    };
    Some(match schema {
        Schema::TimestampMillis => Avro::TimestampMillis(parts(3, false)?),
        Schema::TimestampMicros => Avro::TimestampMicros(parts(6, false)?),
        Schema::TimestampNanos => Avro::TimestampNanos(parts(9, false)?),
        Schema::LocalTimestampMillis => Avro::LocalTimestampMillis(parts(3, true)?),
        Schema::LocalTimestampMicros => Avro::LocalTimestampMicros(parts(6, true)?),
        Schema::LocalTimestampNanos => Avro::LocalTimestampNanos(parts(9, true)?),
        _ => return None,
    })
}

fn name(schema: &Schema, found: &mut Named) {
    match schema {
        Schema::Record(record) => {
            found.insert(record.name.to_string(), schema.clone());
            record.fields.iter().for_each(|field| name(&field.schema, found));
        }
        Schema::Enum(words) => {
            found.insert(words.name.to_string(), schema.clone());
        }
        Schema::Array(array) => name(&array.items, found),
        Schema::Map(map) => name(&map.types, found),
        Schema::Union(union) => union.variants().iter().for_each(|variant| name(variant, found)),
        _ => {}
    }
}
