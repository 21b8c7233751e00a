//! A reject on its way to people: `headwater.rejects.v1`.

use std::sync::Arc;

use headwater_model::{Offset, Partition, RawBatch, Reason, Reject};
use headwater_store::ArchivedReject;

/// What is published of a reject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedReject {
    /// Topic or file.
    pub topic: Arc<str>,
    /// Partition; 0 for files.
    pub partition: Partition,
    /// Offset in the partition, or byte offset in the file.
    pub offset: Offset,
    /// Why.
    pub reason: Reason,
    /// Path of the field at fault.
    pub field: String,
    /// A sentence for people.
    pub message: String,
    /// The record's bytes; none where they lie in the store.
    pub raw: Option<Vec<u8>>,
}

impl PublishedReject {
    /// A reject of a batch.
    pub fn of(batch: &RawBatch, reject: &Reject, raw: Option<Vec<u8>>) -> PublishedReject {
        PublishedReject {
            topic: Arc::clone(&batch.origin),
            partition: batch.partition,
            offset: batch.records[reject.input as usize].offset,
            reason: reject.reason,
            field: reject.field.to_string(),
            message: reject.message.clone(),
            raw,
        }
    }

    /// A reject as the archive holds it.
    pub fn from(reject: ArchivedReject) -> PublishedReject {
        let ArchivedReject { topic, partition, offset, reason, field, message, raw } = reject;
        PublishedReject { topic, partition, offset, reason, field, message, raw }
    }

    /// `topic/partition/offset`.
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.topic, self.partition, self.offset)
    }
}
