//! Records of Avro written byte by byte.

use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_model::{Names, Observations};
use headwater_normalize::{Normalizer, SchemaError, Settings, WriterSchema, WriterSchemas};
use serde_json::{Value, json};

use super::{Read, batch};

/// A record that is being written.
#[derive(Clone, Default)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// Begins with the frame.
    pub fn framed(id: u32) -> Bytes {
        Bytes([&[0][..], &id.to_be_bytes()].concat())
    }

    /// An int, a long, a branch, the place of a symbol, a length, a count.
    pub fn long(mut self, number: i64) -> Bytes {
        let mut rest = (number << 1 ^ number >> 63) as u64;
        while rest >= 0x80 {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
        self
    }

    /// A string or bytes.
    pub fn text(self, text: impl AsRef<[u8]>) -> Bytes {
        let text = text.as_ref();
        self.long(text.len() as i64).raw(text)
    }

    /// Bytes as they are.
    pub fn raw(mut self, bytes: &[u8]) -> Bytes {
        self.0.extend_from_slice(bytes);
        self
    }
}

/// A schema of events: what no event is without, and more fields.
pub fn schema(more: Value) -> Value {
    let mut fields = json!([
        {"name": "event_id", "type": "string"},
        {"name": "source", "type": "string"},
        {"name": "reported_at", "type": "string"},
    ]);
    fields.as_array_mut().unwrap().extend(more.as_array().unwrap().iter().cloned());
    json!({"type": "record", "name": "Event", "fields": fields})
}

/// The beginning of a record by [`schema`].
pub fn core(id: u32) -> Bytes {
    Bytes::framed(id).text("T-1").text("customs-nl").text("2024-03-05T10:00:00Z")
}

/// The schemas as a normaliser has them, by their ids from 1.
pub fn schemas(of: &[Value]) -> Arc<WriterSchemas> {
    Arc::new((1..).zip(of.iter().map(|schema| WriterSchema::parse(&schema.to_string()).unwrap())).collect())
}

/// What is wrong with a schema.
pub fn refused(schema: &Value) -> SchemaError {
    WriterSchema::parse(&schema.to_string()).err().unwrap_or_else(|| panic!("{schema} was taken"))
}

impl Read {
    /// What records were read as, by these schemas.
    pub fn by<R: AsRef<[u8]>>(schemas: &Arc<WriterSchemas>, records: &[R]) -> Read {
        let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default());
        normalizer = normalizer.with_writer_schemas(Arc::clone(schemas));
        let (mut names, mut out) = (Names::default(), Observations::default());
        normalizer.process(&batch(records), &mut names, &mut out);
        assert_eq!(out.heads.len() + out.rejects.len(), records.len(), "a record was lost");
        Read { names, out, unknown_fields: normalizer.unknown_fields() }
    }
}
