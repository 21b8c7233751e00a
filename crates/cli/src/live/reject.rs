//! A reject on its way to people: published as the archive holds it.

use std::sync::Arc;

use headwater_model::{RawBatch, Reject};
use headwater_store::ArchivedReject;

/// A reject of a batch; `raw` are its bytes, none where they lie in the store.
pub fn of(batch: &RawBatch, reject: &Reject, raw: Option<Vec<u8>>) -> ArchivedReject {
    ArchivedReject {
        topic: Arc::clone(&batch.origin),
        partition: batch.partition,
        offset: batch.records[reject.input as usize].offset,
        reason: reject.reason,
        field: reject.field.to_string(),
        message: reject.message.clone(),
        raw,
    }
}

/// `topic/partition/offset`.
pub fn key(reject: &ArchivedReject) -> String {
    format!("{}/{}/{}", reject.topic, reject.partition, reject.offset)
}
