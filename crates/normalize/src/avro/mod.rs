//! Avro in the Confluent frame: a zero, the schema's id in four bytes, the record.
//!
//! Records are decoded straight from the batch's bytes, as JSON's are: a text is a stretch of them, a word of an enum a
//! stretch of the schema's words, which the first record of a batch brings along. Why not `arrow-avro`: it decodes into
//! arrays of its own, from which every text would be copied or looked up again; a record that ends too early leaves its
//! first columns one value ahead of the others and makes it take the next record's frame for its rest; and a schema that
//! changes ends its batch. Here a record that is no record costs nobody else anything, for there is nothing to mend; and
//! 1.6 times as many events a second are decoded, to the end, as `arrow-avro` makes columns of (`cargo bench -p
//! headwater-normalize`).

mod check;
mod cursor;
mod form;
mod schema;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_model::Reason;

pub use schema::WriterSchema;

use crate::event::Event;
use crate::fault::{Fault, Judged};
use crate::faults::TypeFaults;
use crate::texts::{Record, Texts};
use cursor::Cursor;
use form::Framed;

/// Bytes of the frame: a zero and the schema's id.
const FRAME: usize = 5;

/// The schemas by which senders wrote the records of a source, by their ids.
#[derive(Debug, Default)]
pub struct WriterSchemas(BTreeMap<u32, WriterSchema>);

impl WriterSchemas {
    /// The `event_id` of a record in the frame, if it is one of these schemas and has one.
    pub fn event_id(self: &Arc<Self>, record: &[u8]) -> Option<String> {
        let mut frames = Frames::new(Arc::clone(self));
        let (mut text, mut event) = (Vec::new(), Event::default());
        frames.bring_words(record, &mut text);
        let (record, _) = frames.decode(record, 0, &mut text, &mut event).ok()?;
        let texts = Texts { record, base: 0, owned: &text };
        event.event_id.map(|span| texts.get(span).to_owned())
    }
}

impl FromIterator<(u32, WriterSchema)> for WriterSchemas {
    fn from_iter<I: IntoIterator<Item = (u32, WriterSchema)>>(schemas: I) -> WriterSchemas {
        WriterSchemas(schemas.into_iter().collect())
    }
}

/// The schemas of a source, and what a batch has of them.
#[derive(Default)]
pub(crate) struct Frames {
    schemas: Arc<WriterSchemas>,
    /// Where the words of the enums of a schema start in the batch's own text, by the schema's id.
    words: Vec<(u32, u32)>,
}

impl Frames {
    pub fn new(schemas: Arc<WriterSchemas>) -> Frames {
        Frames { schemas, words: Vec::new() }
    }

    /// Whether a record is framed. No JSON begins so.
    #[inline]
    pub fn is_framed(record: &[u8]) -> bool {
        record.first() == Some(&0)
    }

    /// Another batch begins, and its own text is empty.
    pub fn clear(&mut self) {
        self.words.clear();
    }

    /// Sees to it that the words of a record's schema are in the batch's own text. They stay there when the record does
    /// not.
    pub fn bring_words(&mut self, record: &[u8], text: &mut Vec<u8>) {
        let Some(id) = id(record) else { return };
        if self.words.iter().any(|(of, _)| *of == id) {
            return;
        }
        if let Some(schema) = self.schemas.0.get(&id) {
            self.words.push((id, text.len() as u32));
            text.extend_from_slice(&schema.symbols);
        }
    }

    /// Reads one framed record, which starts at `base` in its batch, into `event`, which must be clear. Its words were
    /// brought.
    pub fn decode<'r>(
        &self,
        bytes: &'r [u8],
        base: u32,
        text: &mut Vec<u8>,
        event: &mut Event,
    ) -> Judged<(Record<'r>, TypeFaults)> {
        let Some(id) = id(bytes) else {
            let message =
                format!("a Confluent frame has {FRAME} bytes before its record, and here are {}", bytes.len());
            return Err(Fault::record(Reason::BadAvro, message));
        };
        let words = self.words.iter().find(|(of, _)| *of == id);
        let (Some(schema), Some((_, words))) = (self.schemas.0.get(&id), words) else {
            let message = format!("a Confluent frame with schema id {id}: no writer schema is configured for it");
            return Err(Fault::record(Reason::BadAvro, message));
        };
        // Most records are text as a whole, for a length below 64 is a byte of ASCII: then no stretch must be looked at.
        let record = str::from_utf8(bytes).map_or(Record::Binary(bytes), Record::Text);
        let body = Cursor { bytes, record, base, at: FRAME };
        Ok((record, form::decode(Framed { schema, id, body, words: *words }, text, event)?))
    }
}

fn id(record: &[u8]) -> Option<u32> {
    record.get(1..FRAME)?.try_into().ok().map(u32::from_be_bytes)
}
