//! What the tests share: a store in a folder, filled with real epochs as the product writes them.
#![allow(dead_code)] // each test takes what it needs

use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_history::{Bounds, Deadline, History};
use headwater_model::*;
use headwater_normalize::{Normalizer, Settings, archive_schema};
use headwater_store::*;
use headwater_window::{Class, Listener, Window};
use serde_json::{Value, json};

/// One input of a store, written epoch by epoch.
pub struct Writer {
    pub input: Input,
    normalizer: Normalizer,
    window: Window,
    out: Observations,
    next: i64,
    chain: Chain,
    clock: Option<Day>,
}

/// A store in a folder of its own.
pub struct Store {
    _folder: Option<tempfile::TempDir>,
    pub archive: Archive,
    pub writers: Vec<Writer>,
}

impl Store {
    /// An empty one, of one topic with so many partitions.
    pub fn new(partitions: u32) -> Store {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::open(&StoreUrl::Folder(folder.path().join("store"))).unwrap();
        Store::over(objects, Some(folder), partitions)
    }

    /// The same in memory: quick enough for many cases.
    pub fn in_memory(partitions: u32) -> Store {
        Store::over(Objects::memory().unwrap(), None, partitions)
    }

    fn over(objects: Objects, _folder: Option<tempfile::TempDir>, partitions: u32) -> Store {
        let archive = Archive::new(objects);
        let (source, origin) = ("trade".to_owned(), "trade-events".to_owned());
        let declaration = SourceDeclaration { source, kind: SourceKind::Topic, origin, partitions };
        archive.declare(&declaration).unwrap();
        let writers = declaration.inputs().map(Writer::new).collect();
        Store { _folder, archive, writers }
    }

    /// Commits an epoch of these records.
    pub fn epoch(&mut self, partition: usize, records: &[Value]) {
        let lines: Vec<Vec<u8>> = records.iter().map(|record| record.to_string().into_bytes()).collect();
        self.epoch_of_bytes(partition, &lines);
    }

    /// Commits an epoch of these records as they lie on the wire.
    pub fn epoch_of_bytes(&mut self, partition: usize, records: &[Vec<u8>]) {
        let sealed = self.writers[partition].epoch(records);
        assert_eq!(self.archive.commit(&[sealed]).remove(0).unwrap(), Committed::Ours);
    }

    /// Folds every epoch but the last of each partition.
    pub fn fold(&self) {
        let policy = FoldPolicy { epochs_min: 1, keep: 1, before: None, file_bytes_max: 32 << 20 };
        for writer in &self.writers {
            self.archive.fold(&writer.input, &policy).unwrap();
        }
    }

    /// What the writer of a partition knows.
    pub fn window(&self, partition: usize) -> &Window {
        &self.writers[partition].window
    }

    /// To be asked.
    pub fn history(&self) -> History {
        History::new(self.archive.clone(), 64 << 20)
    }
}

impl Writer {
    fn new(input: Input) -> Writer {
        Writer {
            chain: Chain::begin(input.clone()),
            input,
            normalizer: Normalizer::new(Catalog::embedded(), Settings::default()).with_columns(),
            window: Window::default(),
            out: Observations::default(),
            next: 0,
            clock: None,
        }
    }

    fn epoch(&mut self, records: &[Vec<u8>]) -> SealedEpoch {
        let (mut data, mut spans, from) = (Vec::new(), Vec::new(), self.next);
        for record in records {
            let (start, len) = (data.len() as u32, record.len() as u32);
            spans.push(RawRecord { start, len, offset: Offset(self.next), line: 0 });
            self.next += 1;
            data.extend_from_slice(record);
        }
        let batch = RawBatch {
            data: data.into(),
            records: spans,
            origin: "trade-events".into(),
            partition: self.input.partition,
            spilled: Vec::new(),
            misrouted: Vec::new(),
        };
        self.normalizer.process(&batch, &mut self.window.names, &mut self.out);
        let columns = self.normalizer.record_batch(&batch, &self.window.names, &self.out).unwrap();
        let mut heard = Heard { out: &self.out, batch: &batch, rows: EpochRows::default(), withdrawn: 0 };
        let counts = self.window.process(&self.out, &batch, &mut heard).unwrap();
        let rows = (self.out.rows.len() as u32 + heard.withdrawn..).take(self.out.rejects.len());
        heard.rows.kept.extend(rows);
        let mut writer = EpochWriter::new(archive_schema(), self.clock).unwrap();
        writer.write(&columns, &heard.rows, &self.window.names).unwrap();
        let before = self.chain.head().cloned();
        let mut total = before.as_ref().map_or(Counts::default(), |head| head.total);
        total += counts;
        let head = EpochHead {
            input: self.input.clone(),
            epoch: self.chain.next(),
            origin: "trade-events".into(),
            partitions: 1,
            from: Progress::Offset(Offset(from)),
            to: Progress::Offset(Offset(self.next)),
            clock_before: self.clock,
            clock: self.clock,
            highest_known: None,
            counts,
            total,
            late_report: 0,
            late_total: before.map_or(0, |head| head.late_total) + writer.late(),
            rows: 0,
            writer: "w".into(),
            build: "b".into(),
            previous: self.chain.checksum(),
        };
        let sealed = writer.seal(head).unwrap();
        self.chain.follow("of a test", &sealed.head, sealed.checksum).unwrap();
        sealed
    }
}

/// What an epoch keeps of a batch: as the pipeline keeps it.
struct Heard<'a> {
    out: &'a Observations,
    batch: &'a RawBatch,
    rows: EpochRows,
    withdrawn: u32,
}

impl Listener for Heard<'_> {
    fn row(&mut self, head: &Head, row: &SignedRow) {
        if row.sign == Sign::Plus && row.rank == head.rank && row.key.known_on == head.known_on {
            self.rows.kept.push(head.first_row + u32::from(row.item));
            return;
        }
        let span = head.event_id;
        let text: &[u8] = if span.owned { &self.out.text } else { &self.batch.data };
        let event_id = std::str::from_utf8(&text[span.start as usize..][..span.len as usize]).unwrap();
        self.rows.changes.push(Change {
            row: *row,
            source: head.source,
            event_id: event_id.into(),
            topic: Arc::clone(&self.batch.origin),
            partition: self.batch.partition,
            offset: self.batch.records[head.input as usize].offset,
        });
    }

    fn record(&mut self, head: &Head, class: Class) {
        if head.rank.status == Status::Withdrawn {
            if !matches!(class, Class::Duplicate { .. }) {
                self.rows.kept.push(self.out.rows.len() as u32 + self.withdrawn);
            }
            self.withdrawn += 1;
        }
    }
}

pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub fn known(text: &str) -> KnownDay {
    KnownDay(day(text))
}

/// Limits without a clock, so that a slow machine changes nothing.
pub fn bounds() -> Bounds {
    Bounds { deadline: Deadline::never(), ..Bounds::default() }
}

/// Who may see everything.
pub fn everyone() -> Clearance {
    Clearance::new(Marking::Red, [EVERY_ORGANISATION])
}

pub fn with(mut event: Value, more: Value) -> Value {
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

/// A declaration of a kilogram from China to the Netherlands.
pub fn trade(event_id: &str) -> Value {
    json!({
        "event_id": event_id, "kind": "import", "occurred_on": "2024-03-01", "reported_at": "2024-03-05T10:00:00Z",
        "source": "customs-nl", "item": {"name": "acetic anhydride"}, "quantity": {"value": 1, "unit": "kg"},
        "origin": "CN", "destination": "NL", "consignor": "C-1", "consignee": "C-2",
    })
}

/// A seizure of two substances in Antwerp.
pub fn seizure(event_id: &str) -> Value {
    json!({
        "event_id": event_id, "kind": "seizure", "occurred_on": "2024-03-02", "reported_at": "2024-03-07T10:00:00Z",
        "source": "police-be", "place": {"country": "BE", "subdivision": "BE-VAN", "office": "ANTWERP"}, "incidents": 4,
        "items": [{"name": "Heroin", "quantity": {"value": 1.5, "unit": "kg"}, "purity_percent": 40.5, "form": "brick"},
                  {"name": "Cocaine", "quantity": {"value": 3, "unit": "kg"}}],
    })
}
