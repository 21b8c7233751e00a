//! One partition: its position, and the batch that is being filled from it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow_buffer::Buffer;
use headwater_model::{Input, Offset, Progress, RECORD_BYTES_MAX, RawBatch, RawRecord, SpilledRecord};

use super::placement::{Partitioner, Placements, placed};
use crate::spill::{HEAD_BYTES, Spill};
use crate::{IngestError, SourceEvent, Term};

/// A batch is closed at this many bytes; 1 MiB stays in a core's second-level cache together with its columns.
const BATCH_BYTES: usize = 1 << 20;

/// A batch is closed at this many records, for topics of very short ones.
const BATCH_RECORDS: usize = 1 << 16;

/// A batch is closed this long after its first record: small against a person's patience, long against a poll.
const LINGER: Duration = Duration::from_millis(50);

/// How far the way to a partition's records has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Assigned; the taker is not told yet, for the number of its topic's partitions is not known.
    Untold,
    /// Waits for a start.
    Still,
    /// To begin at this offset (none: at the log's start), if the log has it.
    Wanted(Option<i64>),
    /// To begin at `next`, once the client is set there.
    Seeking,
    /// Records come.
    Reading,
}

pub(super) struct Slot {
    pub input: Input,
    topic: Arc<str>,
    partitions: u32,
    partitioner: Partitioner,
    pub stage: Stage,
    /// When the stage began.
    pub stage_since: Instant,
    pub term: Term,
    /// The next offset to read.
    pub next: i64,
    /// The end to be reached before it is said that it is.
    pub goal: Option<i64>,
    /// When the end was last asked for.
    pub asked_at: Instant,
    /// The position that the taker knows.
    told: i64,
    data: Vec<u8>,
    records: Vec<RawRecord>,
    spilled: Vec<SpilledRecord>,
    misrouted: Vec<u32>,
    placements: Placements,
    since: Instant,
}

impl Slot {
    pub fn new(input: Input, topic: Arc<str>, partitioner: Partitioner) -> Slot {
        let (data, records, spilled, misrouted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let now = Instant::now();
        Slot {
            input,
            topic,
            partitions: 1,
            partitioner,
            stage: Stage::Untold,
            stage_since: now,
            term: Term(0),
            next: 0,
            goal: None,
            asked_at: now,
            told: 0,
            data,
            records,
            spilled,
            misrouted,
            placements: Placements::default(),
            since: now,
        }
    }

    /// Changes the stage.
    pub fn set(&mut self, stage: Stage) {
        self.stage = stage;
        self.stage_since = Instant::now();
    }

    /// The taker is told of it.
    pub fn tell(&mut self, partitions: u32) {
        self.partitions = partitions;
        self.set(Stage::Still);
    }

    /// Begins anew: what was read and not handed over is dropped.
    pub fn restart(&mut self, wanted: Option<i64>, term: Term) {
        self.drop_batch();
        self.term = term;
        self.told = wanted.unwrap_or(0);
        self.set(Stage::Wanted(wanted));
    }

    /// Reads no further.
    pub fn halt(&mut self) {
        self.drop_batch();
        self.set(Stage::Still);
    }

    fn drop_batch(&mut self) {
        (self.data, self.records, self.spilled) = (Vec::new(), Vec::new(), Vec::new());
        self.misrouted.clear();
        self.placements = Placements::default();
        self.goal = None;
    }

    /// Whether a record of this offset is to be read.
    pub fn takes(&self, offset: i64) -> bool {
        self.stage == Stage::Reading && offset >= self.next
    }

    /// Takes a record. Returns whether the batch is full.
    pub fn add(
        &mut self,
        offset: i64,
        key: Option<&[u8]>,
        payload: &[u8],
        spill: &Mutex<Spill>,
    ) -> Result<bool, IngestError> {
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
        let placed = placed(key, self.input.partition.0, self.partitions);
        self.placements.count(placed);
        if !self.partitioner.allows(placed) {
            self.misrouted.push(self.records.len() as u32);
        }
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

    /// The batch, where there is one, and how its records were placed.
    pub fn take(&mut self) -> Option<(SourceEvent, Placements)> {
        if self.records.is_empty() {
            return None;
        }
        // A batch must not hold the room of twice as much while it waits.
        if self.data.len() < self.data.capacity() / 4 * 3 {
            self.data.shrink_to_fit();
        }
        self.records.shrink_to_fit();
        let batch = RawBatch {
            data: Buffer::from_vec(std::mem::take(&mut self.data)),
            records: std::mem::take(&mut self.records),
            origin: Arc::clone(&self.topic),
            partition: self.input.partition,
            spilled: std::mem::take(&mut self.spilled),
            misrouted: std::mem::take(&mut self.misrouted),
        };
        self.told = self.next;
        let (input, term, to) = (self.input.clone(), self.term, Progress::Offset(Offset(self.next)));
        Some((SourceEvent::Batch { input, term, batch, to }, std::mem::take(&mut self.placements)))
    }

    /// Goes on to a position that no record stands for.
    pub fn follow(&mut self, position: i64) {
        self.next = self.next.max(position);
    }

    /// That the position moved on without a record, where the taker does not know it yet.
    pub fn moved(&mut self) -> Option<SourceEvent> {
        if self.next == self.told || !self.records.is_empty() {
            return None;
        }
        self.told = self.next;
        let (input, term, to) = (self.input.clone(), self.term, Progress::Offset(Offset(self.next)));
        Some(SourceEvent::Moved { input, term, to })
    }

    /// Whether the end that was asked for is reached; it is so once.
    pub fn reaches_goal(&mut self) -> bool {
        let reached = self.stage == Stage::Reading && self.goal.is_some_and(|goal| self.next >= goal);
        if reached {
            self.goal = None;
            self.asked_at = Instant::now();
        }
        reached
    }

    /// That everything that it had is in earlier events.
    pub fn at_end(&self) -> SourceEvent {
        SourceEvent::AtEnd { input: self.input.clone(), term: self.term }
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Partition;

    use super::*;

    fn slot(partitioner: Partitioner) -> Slot {
        let input = Input { source: "s".into(), partition: Partition(3) };
        let mut slot = Slot::new(input, "t".into(), partitioner);
        slot.tell(4);
        slot.restart(Some(7), Term(2));
        slot.next = 7;
        slot.set(Stage::Reading);
        slot
    }

    fn batch(slot: &mut Slot) -> (RawBatch, Progress, Placements) {
        match slot.take() {
            Some((SourceEvent::Batch { batch, to, term: Term(2), .. }, placements)) => (batch, to, placements),
            _ => panic!("no batch"),
        }
    }

    #[test]
    fn fills_and_closes() {
        let spill = Mutex::new(Spill::default());
        let mut slot = slot(Partitioner::Any);
        assert!(slot.take().is_none());
        assert!(!slot.takes(6) && slot.takes(7));
        assert!(!slot.add(7, None, b"{}", &spill).unwrap());
        assert!(!slot.add(9, None, b"", &spill).unwrap());
        assert!(!slot.add(10, None, &vec![b'x'; RECORD_BYTES_MAX + 1], &spill).unwrap());
        assert!(slot.is_due(Instant::now() + LINGER) && !slot.is_due(Instant::now() - LINGER));
        assert!(slot.add(11, None, &vec![b'y'; RECORD_BYTES_MAX], &spill).unwrap());
        assert!(slot.moved().is_none(), "its batch tells it");
        let (batch, to, placements) = batch(&mut slot);
        let seen: Vec<_> = batch.records.iter().map(|r| (r.offset.0, batch.bytes(r).len())).collect();
        assert_eq!(seen, [(7, 2), (9, 0), (10, HEAD_BYTES), (11, RECORD_BYTES_MAX)]);
        assert_eq!((batch.partition, &*batch.origin, batch.spilled.len()), (Partition(3), "t", 1));
        assert_eq!((batch.spilled[0].record, batch.spilled[0].whole_len), (2, RECORD_BYTES_MAX as u64 + 1));
        assert_eq!((to, placements.no_key, batch.misrouted.len()), (Progress::Offset(Offset(12)), 4, 0));
        assert!(slot.take().is_none() && !slot.is_due(Instant::now() + LINGER) && slot.moved().is_none());
    }

    #[test]
    fn what_lies_elsewhere_is_listed() {
        let spill = Mutex::new(Spill::default());
        let mut slot = slot(Partitioner::Crc32);
        let keys: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        for (key, offset) in keys.iter().zip(7..) {
            slot.add(offset, Some(key.as_bytes()), b"{}", &spill).unwrap();
        }
        slot.add(50, None, b"{}", &spill).unwrap();
        let (batch, _, placements) = batch(&mut slot);
        let elsewhere = |key: &String| crc32fast::hash(key.as_bytes()) % 4 != 3;
        let mut expected: Vec<u32> = (0..40).filter(|ix| elsewhere(&keys[*ix as usize])).collect();
        expected.push(40);
        assert_eq!(batch.misrouted, expected);
        assert_eq!(placements.crc32 + placements.both, 41 - expected.len() as u64);
        slot.add(51, None, b"{}", &spill).unwrap();
        assert_eq!(self::batch(&mut slot).0.misrouted, [0], "counted from the batch's own beginning");
    }

    #[test]
    fn positions_without_records_are_told_once() {
        let mut slot = slot(Partitioner::Any);
        slot.goal = Some(9);
        assert!(slot.moved().is_none() && !slot.reaches_goal());
        slot.follow(9);
        slot.follow(8);
        assert!(matches!(slot.moved(), Some(SourceEvent::Moved { to: Progress::Offset(Offset(9)), .. })));
        assert!(slot.moved().is_none());
        assert!(slot.reaches_goal() && !slot.reaches_goal());
    }

    #[test]
    fn a_new_start_drops_what_was_read() {
        let spill = Mutex::new(Spill::default());
        let mut slot = slot(Partitioner::Any);
        slot.add(7, None, b"{}", &spill).unwrap();
        slot.restart(Some(3), Term(3));
        assert!(slot.take().is_none() && !slot.takes(8));
    }
}
