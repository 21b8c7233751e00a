//! The figures of each input, bounded in number.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::catalogue as c;
use super::{Metric, Sheet, Show};

/// So many inputs have series of their own; with [`OTHER_SOURCES_MAX`] and the rest, which is one more, an instance has
/// at most 105 times 15 series of inputs.
pub const INPUTS_MAX: usize = 100;

/// Of the other inputs, so many sources have series of their own.
pub const OTHER_SOURCES_MAX: usize = 4;

/// The label of what is merged.
pub const OTHER: &str = "other";

/// What is known of an input. What is absent has no series.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the catalogue says what each is")]
pub struct InputFigures {
    pub read: u64,
    pub accepted: u64,
    pub duplicate: u64,
    pub superseded: u64,
    pub rejected: u64,
    pub conflicts: u64,
    pub late_reports: u64,
    pub lag_records: Option<u64>,
    pub lag_bytes: Option<u64>,
    pub clock_seconds: Option<i64>,
    pub epoch: Option<u64>,
    pub committed_seconds: Option<f64>,
    pub restored: bool,
    pub stopped: bool,
    pub rejected_ratio: Option<f64>,
    pub ledger_entries: u64,
}

/// The sum of what is there.
fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a.zip(b).map(|(a, b)| a + b).or(a).or(b)
}

/// The lower one; none where one has none.
fn lower<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.zip(b).map(|(a, b)| if b < a { b } else { a })
}

impl InputFigures {
    /// Both as one.
    fn merge(self, other: &InputFigures) -> InputFigures {
        InputFigures {
            read: self.read + other.read,
            accepted: self.accepted + other.accepted,
            duplicate: self.duplicate + other.duplicate,
            superseded: self.superseded + other.superseded,
            rejected: self.rejected + other.rejected,
            conflicts: self.conflicts + other.conflicts,
            late_reports: self.late_reports + other.late_reports,
            lag_records: sum(self.lag_records, other.lag_records),
            lag_bytes: sum(self.lag_bytes, other.lag_bytes),
            clock_seconds: lower(self.clock_seconds, other.clock_seconds),
            epoch: lower(self.epoch, other.epoch),
            committed_seconds: lower(self.committed_seconds, other.committed_seconds),
            restored: self.restored && other.restored,
            stopped: self.stopped || other.stopped,
            rejected_ratio: match (self.rejected_ratio, other.rejected_ratio) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            },
            ledger_entries: self.ledger_entries + other.ledger_entries,
        }
    }

    fn show(&self, sheet: &mut Sheet, source: &str, partition: &str) {
        let labels = [source, partition];
        sheet.add(&c::INPUT_RECORDS_READ, &labels, self.read as f64);
        let outcomes = [
            ("accepted", self.accepted),
            ("duplicate", self.duplicate),
            ("superseded", self.superseded),
            ("rejected", self.rejected),
        ];
        for (outcome, records) in outcomes {
            sheet.add(&c::INPUT_RECORDS, &[source, partition, outcome], records as f64);
        }
        sheet.add(&c::INPUT_CONFLICTS, &labels, self.conflicts as f64);
        sheet.add(&c::INPUT_LATE_REPORTS, &labels, self.late_reports as f64);
        sheet.add(&c::INPUT_RESTORED, &labels, f64::from(u8::from(self.restored)));
        sheet.add(&c::INPUT_STOPPED, &labels, f64::from(u8::from(self.stopped)));
        sheet.add(&c::INPUT_LEDGER_ENTRIES, &labels, self.ledger_entries as f64);
        let perhaps = [
            (&c::INPUT_LAG_RECORDS, self.lag_records.map(|n| n as f64)),
            (&c::INPUT_LAG_BYTES, self.lag_bytes.map(|n| n as f64)),
            (&c::INPUT_CLOCK_TIMESTAMP_SECONDS, self.clock_seconds.map(|n| n as f64)),
            (&c::INPUT_EPOCH, self.epoch.map(|n| n as f64)),
            (&c::INPUT_COMMITTED_TIMESTAMP_SECONDS, self.committed_seconds),
            (&c::INPUT_REJECTED_RATIO, self.rejected_ratio),
        ];
        for (metric, value) in perhaps {
            value.into_iter().for_each(|value| sheet.add(metric, &labels, value));
        }
    }
}

/// The figures of each input, by source and partition, for as long as somebody holds them.
type Rows = BTreeMap<(Arc<str>, i32), Weak<Mutex<InputFigures>>>;

/// The inputs of a process.
#[derive(Default)]
pub struct Inputs {
    rows: Mutex<Rows>,
}

/// The figures of one input. Clones share them; when the last is dropped, the input's series are gone.
#[derive(Clone)]
pub struct InputHandle(Arc<Mutex<InputFigures>>);

impl Inputs {
    /// An input, with nothing known of it yet.
    pub fn begin(&self, source: &Arc<str>, partition: i32) -> InputHandle {
        let handle = InputHandle(Arc::default());
        let mut rows = self.rows();
        rows.retain(|_, row| row.strong_count() > 0);
        rows.insert((Arc::clone(source), partition), Arc::downgrade(&handle.0));
        handle
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        // Nobody panics while holding it.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of a scrape: those of their own, and the others merged.
    fn merged(&self) -> BTreeMap<(String, String), InputFigures> {
        let (mut own, mut others) = (0, Vec::new());
        let mut merged: BTreeMap<(String, String), InputFigures> = BTreeMap::new();
        for ((source, partition), row) in self.rows().iter() {
            let Some(row) = row.upgrade() else { continue };
            let figures = row.lock().unwrap_or_else(PoisonError::into_inner).clone();
            own += 1;
            let key = if own <= INPUTS_MAX {
                (source.to_string(), partition.to_string())
            } else {
                if !others.contains(source) && others.len() < OTHER_SOURCES_MAX {
                    others.push(Arc::clone(source));
                }
                let named = if others.contains(source) { source } else { OTHER };
                (named.to_owned(), OTHER.to_owned())
            };
            // A source may bear the name of what is merged: then it is merged with it.
            let figures = match merged.remove(&key) {
                Some(held) => held.merge(&figures),
                None => figures,
            };
            merged.insert(key, figures);
        }
        merged
    }
}

impl InputHandle {
    /// Changes the figures; a scrape sees all of a change or nothing.
    pub fn update(&self, change: impl FnOnce(&mut InputFigures)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The figures as they are now.
    pub fn figures(&self) -> InputFigures {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Show for Inputs {
    const METRICS: &'static [Metric] = &[
        c::INPUT_RECORDS_READ,
        c::INPUT_RECORDS,
        c::INPUT_CONFLICTS,
        c::INPUT_LATE_REPORTS,
        c::INPUT_LAG_RECORDS,
        c::INPUT_LAG_BYTES,
        c::INPUT_CLOCK_TIMESTAMP_SECONDS,
        c::INPUT_EPOCH,
        c::INPUT_COMMITTED_TIMESTAMP_SECONDS,
        c::INPUT_RESTORED,
        c::INPUT_STOPPED,
        c::INPUT_REJECTED_RATIO,
        c::INPUT_LEDGER_ENTRIES,
    ];

    fn show(&self, sheet: &mut Sheet) {
        for ((source, partition), figures) in self.merged() {
            figures.show(sheet, &source, &partition);
        }
    }
}
