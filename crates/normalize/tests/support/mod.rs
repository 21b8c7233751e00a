//! What the tests share: batches made of texts, and what became of them.
#![allow(dead_code)] // each test takes what it needs

pub mod avro;

use headwater_catalog::Catalog;
use headwater_model::{Names, Observations, Offset, Partition, RawBatch, RawRecord, Reject, Row, Series};
use headwater_normalize::{Normalizer, Settings};
use serde_json::{Value, json};

/// A batch of records, one behind the other without anything between them, as a Kafka poll gives them.
pub fn batch<R: AsRef<[u8]>>(records: &[R]) -> RawBatch {
    let mut data = Vec::new();
    let mut spans = Vec::new();
    for record in records {
        let (start, len) = (data.len() as u32, record.as_ref().len() as u32);
        spans.push(RawRecord { start, len, offset: Offset(i64::from(start)), line: spans.len() as u64 + 1 });
        data.extend_from_slice(record.as_ref());
    }
    RawBatch {
        data: data.into(),
        records: spans,
        origin: "test.ndjson".into(),
        partition: Partition(3),
        spilled: Vec::new(),
        misrouted: Vec::new(),
    }
}

/// What a batch was read as.
pub struct Read {
    pub names: Names,
    pub out: Observations,
    pub unknown_fields: u64,
}

impl Read {
    pub fn of<R: AsRef<[u8]>>(records: &[R]) -> Read {
        Read::with(Settings::default(), records)
    }

    pub fn with<R: AsRef<[u8]>>(settings: Settings, records: &[R]) -> Read {
        let mut normalizer = Normalizer::new(Catalog::embedded(), settings);
        let (mut names, mut out) = (Names::default(), Observations::default());
        normalizer.process(&batch(records), &mut names, &mut out);
        assert_eq!(out.heads.len() + out.rejects.len(), records.len(), "a record was lost");
        Read { names, out, unknown_fields: normalizer.unknown_fields() }
    }

    /// What one good record was read as.
    pub fn one(event: &Value) -> Read {
        let read = Read::of(&[event.to_string()]);
        assert_eq!(read.out.rejects, [], "{event}");
        read
    }

    pub fn row(&self) -> &Row {
        &self.out.rows[0]
    }

    pub fn series(&self, row: &Row) -> &Series {
        self.names.series.get(row.series)
    }

    pub fn substance(&self, row: usize) -> &str {
        self.names.substances.get(self.series(&self.out.rows[row]).substance)
    }

    pub fn route(&self) -> String {
        self.names.routes.get(self.series(self.row()).route).to_string()
    }
}

/// The reject of one record.
pub fn reject(record: impl AsRef<[u8]>) -> Reject {
    let mut read = Read::of(&[record]);
    assert_eq!(read.out.rejects.len(), 1, "the record was taken");
    read.out.rejects.remove(0)
}

/// Reason and field of the reject of one event.
pub fn fault(event: &Value) -> (String, String) {
    let Reject { reason, field, message, .. } = reject(event.to_string());
    assert!(!message.is_empty() && message.chars().count() < 300, "{message}");
    (reason.to_string(), field.to_string())
}

pub fn trade() -> Value {
    json!({
        "event_id": "T-1", "kind": "import", "occurred_on": "2024-03-01", "reported_at": "2024-03-05T10:00:00Z", "source": "customs-nl",
        "item": {"name": "acetic anhydride"}, "quantity": {"value": 12.5, "unit": "kg"}, "origin": "CN", "destination": "NL",
    })
}

pub fn seizure() -> Value {
    json!({
        "event_id": "S-1", "kind": "seizure", "occurred_on": "2024-03-01", "reported_at": "2024-03-05T10:00:00Z", "source": "police-be",
        "place": {"country": "BE", "subdivision": "BE-VAN", "office": "ANTWERP"},
        "items": [{"name": "Heroin", "quantity": {"value": 1.5, "unit": "kg"}, "purity_percent": 40.5, "form": "powder"}],
    })
}

/// The event with the value at a JSON pointer set; `null` takes the field away.
pub fn set(mut event: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = event.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"));
    match parent {
        Value::Object(fields) if value.is_null() => drop(fields.remove(key)),
        Value::Object(fields) => drop(fields.insert(key.to_owned(), value)),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        _ => panic!("nothing can be set at {pointer}"),
    }
    event
}
