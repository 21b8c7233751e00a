//! Writer's schemas: the contract's own, and what senders make of it.

use std::fs;

use headwater_tests::examples;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The contract's schema of a kind of event.
pub fn contract(kind: &str) -> Value {
    let path = examples::schemas().join(kind).join("schema.avsc");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// How a sender's schema differs from the contract's.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Any text where the contract has a word, and anything may be null.
    pub loose: bool,
    /// What numbers are written as; see [`NUMBERS`].
    pub numbers: usize,
    /// What dates and times are written as; see [`DAYS`].
    pub times: usize,
    /// Texts are bytes.
    pub bytes: bool,
    /// Fields in another order: so many come last.
    pub turned: usize,
    /// Null is the last branch of its unions.
    pub null_last: bool,
    /// Fields that the contract does not have, [`EXTRA`] among them.
    pub extra: bool,
    /// A field of the contract that is not there.
    pub without: Option<&'static str>,
}

/// Name of a field that no contract has, in events and items.
pub const EXTRA: &str = "x_extra";

/// Ways to write a number: the first type that holds it digit for digit.
const NUMBERS: usize = 6;
/// Ways to write a date or time.
const DAYS: usize = 5;

/// Any manner.
pub fn manner() -> impl Strategy<Value = Manner> {
    let without =
        prop::sample::select(vec!["via", "mode", "marking", "quantity", "incidents", "permit", "kind", "refers_to"]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (flags, 0..NUMBERS, 0..DAYS, 0..40usize, prop::option::weighted(0.2, without)).prop_map(
        |((loose, bytes, null_last, extra), numbers, times, turned, without)| Manner {
            loose,
            numbers,
            times,
            bytes,
            turned,
            null_last,
            extra,
            without,
        },
    )
}

impl Manner {
    /// The schema of a sender who writes in this manner.
    pub fn schema(&self, contract: &Value) -> Value {
        let mut named = 0;
        self.record(contract, &mut named)
    }

    fn record(&self, record: &Value, named: &mut usize) -> Value {
        let mut fields: Vec<Value> = Vec::new();
        for field in record["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            if Some(name) != self.without {
                fields.push(json!({"name": name, "type": self.field(name, &field["type"], named)}));
            }
        }
        if self.extra {
            *named += 1;
            let link = format!("Link{named}");
            let next = json!({"type": "record", "name": link, "fields": [
                {"name": "next", "type": ["null", link]},
                {"name": "seen", "type": {"type": "array", "items": "boolean"}},
            ]});
            fields.push(json!({"name": EXTRA, "type": ["null", {"type": "map", "values": ["string", "null", next]}]}));
        }
        let len = fields.len();
        fields.rotate_left(self.turned % len);
        json!({"type": "record", "name": record["name"], "fields": fields})
    }

    fn field(&self, name: &str, of: &Value, named: &mut usize) -> Value {
        let mut branches = Vec::new();
        self.branches(name, of, &mut branches, named);
        let may_be_null = self.loose || of.as_array().is_some_and(|branches| branches.contains(&json!("null")));
        if may_be_null {
            branches.insert(if self.null_last { branches.len() } else { 0 }, json!("null"));
        }
        if branches.len() == 1 { branches.remove(0) } else { branches.into() }
    }

    fn branches(&self, name: &str, of: &Value, branches: &mut Vec<Value>, named: &mut usize) {
        let is_number = ["value", "amount", "purity_percent"].contains(&name) && of == "string";
        match of {
            Value::Array(union) => union.iter().for_each(|of| self.branches(name, of, branches, named)),
            Value::String(word) if word == "null" => {}
            Value::String(word) if is_number || word == "long" || word == "int" => branches.extend(self.number(named)),
            Value::String(_) if name == "occurred_on" => branches.extend(self.day()),
            Value::String(_) if name == "reported_at" => branches.extend(self.time()),
            Value::String(_) => branches.push(if self.bytes { json!("bytes") } else { json!("string") }),
            Value::Object(members) => branches.push(match members["type"].as_str().unwrap() {
                "enum" if self.loose => json!("string"),
                "enum" => of.clone(),
                "array" => json!({"type": "array", "items": self.field(name, &members["items"], named)}),
                "record" => self.record(of, named),
                other => panic!("the contract has no {other}"),
            }),
            other => panic!("{other} is no type"),
        }
    }

    fn number(&self, named: &mut usize) -> Vec<Value> {
        *named += 1;
        let fixed = json!({"type": "fixed", "name": format!("Fixed{named}"), "size": 20, "logicalType": "decimal", "precision": 38, "scale": 2});
        let bytes = json!({"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 3});
        match self.numbers {
            0 => vec![json!("string")],
            1 => vec![json!("long"), json!("double"), json!("string")],
            2 => vec![bytes, json!("double"), json!("string")],
            3 => vec![json!("int"), json!("float"), json!("string")],
            4 => vec![fixed, json!("string")],
            _ => vec![json!("bytes")],
        }
    }

    fn day(&self) -> Vec<Value> {
        let date = json!({"type": "int", "logicalType": "date"});
        match self.times {
            0 => vec![json!("string")],
            1 => vec![date, json!("string")],
            2 => vec![timestamp("timestamp-millis"), json!("string")],
            3 => vec![timestamp("local-timestamp-micros"), date, json!("bytes")],
            _ => vec![timestamp("timestamp-nanos"), json!("string")],
        }
    }

    fn time(&self) -> Vec<Value> {
        match self.times {
            0 | 1 => vec![json!("string")],
            2 => vec![timestamp("timestamp-micros"), json!("string")],
            3 => vec![json!("bytes"), timestamp("timestamp-nanos")],
            _ => vec![json!("string"), timestamp("timestamp-millis")],
        }
    }
}

fn timestamp(logical: &str) -> Value {
    json!({"type": "long", "logicalType": logical})
}
