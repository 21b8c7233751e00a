//! One partition: its position, and the batch that is being filled from it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow_buffer::Buffer;
use headwater_model::{Offset, Partition, RECORD_BYTES_MAX, RawBatch, RawRecord, SpilledRecord};

use crate::IngestError;
use crate::spill::{HEAD_BYTES, Spill};

/// A batch is closed at this many bytes; 1 MiB stays in a core's second-level cache together with its columns.
const BATCH_BYTES: usize = 1 << 20;

/// A batch is closed at this many records, for topics of very short ones.
const BATCH_RECORDS: usize = 1 << 16;

/// A batch is closed this long after its first record: small against a person's patience, long against a poll.
const LINGER: Duration = Duration::from_millis(50);

pub(super) struct Slot {
    topic: Arc<str>,
    partition: Partition,
    /// The next offset to read.
    pub next: i64,
    data: Vec<u8>,
    records: Vec<RawRecord>,
    spilled: Vec<SpilledRecord>,
    since: Instant,
}

impl Slot {
    pub fn new(topic: Arc<str>, partition: Partition) -> Slot {
        let (data, records, spilled) = (Vec::new(), Vec::new(), Vec::new());
        Slot { topic, partition, next: 0, data, records, spilled, since: Instant::now() }
    }

    /// Takes a record. Returns whether the batch is full.
    pub fn add(&mut self, offset: i64, payload: &[u8], spill: &Mutex<Spill>) -> Result<bool, IngestError> {
        if self.records.is_empty() {
            self.since = Instant::now();
            self.data.reserve_exact(BATCH_BYTES);
        }
        let head = if payload.len() > RECORD_BYTES_MAX {
            let mut spill = spill.lock().unwrap_or_else(PoisonError::into_inner);
            spill.sweep();
            let mut writer = spill.create()?;
            writer.write(payload)?;
            let (file, whole_len) = spill.keep(writer)?;
            self.spilled.push(SpilledRecord { record: self.records.len(), file, whole_len });
            &payload[..HEAD_BYTES]
        } else {
            payload
        };
        // Two batches' worth of bytes at most: far below 4 GiB.
        self.records.push(RawRecord {
            start: self.data.len() as u32,
            len: head.len() as u32,
            offset: Offset(offset),
            line: 0,
        });
        self.data.extend_from_slice(head);
        self.next = offset + 1;
        Ok(self.data.len() >= BATCH_BYTES || self.records.len() >= BATCH_RECORDS)
    }

    /// Whether a batch has waited long enough.
    pub fn is_due(&self, now: Instant) -> bool {
        !self.records.is_empty() && now.saturating_duration_since(self.since) >= LINGER
    }

    /// The batch, where there is one.
    pub fn take(&mut self) -> Option<RawBatch> {
        if self.records.is_empty() {
            return None;
        }
        Some(RawBatch {
            data: Buffer::from_vec(std::mem::take(&mut self.data)),
            records: std::mem::take(&mut self.records),
            origin: Arc::clone(&self.topic),
            partition: self.partition,
            spilled: std::mem::take(&mut self.spilled),
            misrouted: Vec::new(),
        })
    }

    /// Its key among the positions.
    pub fn key(&self) -> (Arc<str>, Partition) {
        (Arc::clone(&self.topic), self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_and_closes() {
        let spill = Mutex::new(Spill::default());
        let mut slot = Slot::new("t".into(), Partition(3));
        assert!(slot.take().is_none());
        assert!(!slot.add(7, b"{}", &spill).unwrap());
        assert!(!slot.add(9, b"", &spill).unwrap());
        assert!(!slot.add(10, &vec![b'x'; RECORD_BYTES_MAX + 1], &spill).unwrap());
        assert!(slot.is_due(Instant::now() + LINGER) && !slot.is_due(Instant::now() - LINGER));
        assert!(slot.add(11, &vec![b'y'; RECORD_BYTES_MAX], &spill).unwrap());
        assert_eq!(slot.next, 12);
        let batch = slot.take().unwrap();
        let seen: Vec<_> = batch.records.iter().map(|r| (r.offset.0, batch.bytes(r).len())).collect();
        assert_eq!(seen, [(7, 2), (9, 0), (10, HEAD_BYTES), (11, RECORD_BYTES_MAX)]);
        assert_eq!((batch.partition, &*batch.origin, batch.spilled.len()), (Partition(3), "t", 1));
        assert_eq!((batch.spilled[0].record, batch.spilled[0].whole_len), (2, RECORD_BYTES_MAX as u64 + 1));
        assert!(slot.take().is_none() && !slot.is_due(Instant::now() + LINGER));
    }
}
