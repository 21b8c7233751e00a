//! One input being read: its ledger and sums, and the epoch that is open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_catalog::Catalog;
use headwater_ingest::{Assignment, Term};
use headwater_model::{
    Checksum, Counts, Day, EpochHead, EpochNumber, KnownDay, Observations, Progress, RAW_BYTES_MAX, RawBatch,
};
use headwater_normalize::{Normalizer, Settings, UnixSeconds, WriterSchemas, archive_schema};
use headwater_runtime::metrics::Stage;
use headwater_store::{ArchivedReject, EpochWriter, SealedEpoch};
use headwater_window::{NetVolumes, Window};

use super::changes::{Changes, Heard};
use super::clock::{self, Reading};
use super::large::Large;
use super::reject;
use super::restore::Restored;
use super::rows::KindTexts;
use super::said::Said;
use super::wall::Time;
use crate::watch::Counters;

/// An input that this process reads, from its last committed epoch on.
pub struct LiveInput {
    /// Which, and what it is of.
    pub assignment: Assignment,
    /// The start of reading that its batches belong to.
    pub term: Term,
    /// Names and ledger, open epoch included.
    pub window: Window,
    /// What holds adds up to; where results are published also what of it changed.
    pub net: NetVolumes,
    /// The texts of what was published.
    pub kind_texts: KindTexts,
    /// What is committed.
    pub committed: Committed,
    /// Rows committed since the last snapshot.
    pub rows_since_snapshot: u64,
    /// What was said of it.
    pub said: Said,
    end: End,
    normalizer: Normalizer,
    observations: Observations,
    open: Open,
    counters: Counters,
}

/// Where the input's chain of epochs ends.
#[derive(Clone, Debug)]
pub struct Committed {
    /// Of the last epoch; none before the first.
    pub head: Option<EpochHead>,
    /// Of that epoch's whole file.
    pub checksum: Option<Checksum>,
    /// How far the input is read, complete.
    pub progress: Progress,
    /// Its clock.
    pub clock: Option<Day>,
}

impl Committed {
    /// The number of the next epoch.
    pub fn next(&self) -> EpochNumber {
        self.head.as_ref().map_or(EpochNumber(0), |head| head.epoch.next())
    }

    fn total(&self) -> Counts {
        self.head.as_ref().map(|head| head.total).unwrap_or_default()
    }
}

/// How the input stands to its end.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// It was reached in this start, or a clock shows that it once was.
    reached: bool,
    /// It lies there since.
    since: Option<Instant>,
    /// It was seen there last.
    seen: Option<Instant>,
}

/// The epoch that is open.
struct Open {
    writer: EpochWriter,
    /// What was read in it: the offset, or the files that moved.
    to: Progress,
    moved: bool,
    counts: Counts,
    highest_known: Option<KnownDay>,
    /// Bytes of input in it.
    bytes: u64,
    /// When its first record came.
    since: Option<Instant>,
    /// Rejects to be published with it.
    rejects: Vec<ArchivedReject>,
    /// Rejected records too large for a row.
    large: Vec<Large>,
}

impl Open {
    fn new(committed: &Committed) -> anyhow::Result<Open> {
        let to = match &committed.progress {
            Progress::Offset(offset) => Progress::Offset(*offset),
            Progress::Files(_) => Progress::Files(BTreeMap::new()),
        };
        Ok(Open {
            writer: EpochWriter::new(archive_schema(), committed.clock)?,
            to,
            moved: false,
            counts: Counts::default(),
            highest_known: committed.head.as_ref().and_then(|head| head.highest_known),
            bytes: 0,
            since: None,
            rejects: Vec::new(),
            large: Vec::new(),
        })
    }
}

/// A sealed epoch and what goes out with it once it is committed.
pub struct Sealed {
    /// The file.
    pub epoch: SealedEpoch,
    /// To be published.
    pub rejects: Vec<ArchivedReject>,
    /// To lie in the store before the epoch does.
    pub large: Vec<Large>,
}

impl LiveInput {
    /// An input as it was restored; `schemas` are those of its source's Avro.
    pub fn new(
        assignment: Assignment,
        term: Term,
        catalog: Arc<Catalog>,
        schemas: Arc<WriterSchemas>,
        restored: Restored,
        counters: Counters,
    ) -> anyhow::Result<LiveInput> {
        let Restored { window, net, committed, rows, .. } = restored;
        let mut normalizer = Normalizer::new(catalog, Settings::default()).with_columns().with_writer_schemas(schemas);
        normalizer.know(&window.names);
        let end = End { reached: committed.clock.is_some(), ..End::default() };
        let open = Open::new(&committed)?;
        Ok(LiveInput {
            assignment,
            term,
            window,
            net,
            kind_texts: KindTexts::default(),
            committed,
            rows_since_snapshot: rows,
            said: Said::default(),
            end,
            normalizer,
            observations: Observations::default(),
            open,
            counters,
        })
    }

    /// Takes records that arrived at a time.
    ///
    /// # Errors
    /// When a sum leaves 64 bits or the archive's file cannot be laid out: the input must be restored before it goes on.
    pub fn take(&mut self, batch: &RawBatch, to: &Progress, time: Time, now: Instant) -> anyhow::Result<()> {
        self.end.since = None;
        let counters = self.counters.clone();
        let mut laps = counters.laps();
        self.normalizer.set_arrival(Some(UnixSeconds(time.seconds)));
        self.normalizer.process(batch, &mut self.window.names, &mut self.observations);
        let rows = self.normalizer.record_batch(batch, &self.window.names, &self.observations);
        laps.end(Stage::Normalize);
        let mut changes = Changes::of(&self.observations, batch);
        let counts = self.window.process(&self.observations, batch, &mut changes)?;
        let Heard { rows: kept, sums, highest_known } = changes.heard();
        laps.end(Stage::Ledger);
        if let Some(rows) = rows {
            self.open.writer.write(&rows, &kept, &self.window.names)?;
        }
        laps.end(Stage::Archive);
        for (key, sums) in sums {
            self.net.add(key.series, key.event_day, key.period_days, sums, &self.window.names)?;
        }
        self.keep_rejects(batch)?;
        laps.end(Stage::Ledger);
        counters.took(&counts, &self.observations.rejects, self.window.ledger.len());
        let open = &mut self.open;
        open.counts += counts;
        open.highest_known = open.highest_known.max(highest_known);
        open.bytes += batch.data.len() as u64;
        open.since.get_or_insert(now);
        self.move_to(to);
        Ok(())
    }

    /// Moves on without a record.
    pub fn move_to(&mut self, to: &Progress) {
        self.open.to.advance(to);
        self.open.moved = true;
    }

    /// It was seen at its end.
    pub fn at_end(&mut self, now: Instant) {
        self.said.at_end(&self.assignment.input);
        self.end.reached = true;
        self.end.since.get_or_insert(now);
        self.end.seen = Some(now);
    }

    fn keep_rejects(&mut self, batch: &RawBatch) -> anyhow::Result<()> {
        for reject in &self.observations.rejects {
            let at = reject.input as usize;
            let is_large = batch.whole_len(at) > RAW_BYTES_MAX as u64;
            if is_large {
                self.open.large.push(Large::of(batch, at));
            }
            if self.net.tells_changes() {
                let raw = (!is_large).then(|| batch.bytes(&batch.records[at]).to_vec());
                self.open.rejects.push(reject::of(batch, reject, raw));
            }
        }
        Ok(())
    }

    /// Whether the open epoch holds nothing yet.
    pub fn is_between_epochs(&self) -> bool {
        self.open.counts.read == 0 && !self.open.moved
    }

    /// Bytes of input in the open epoch.
    pub fn open_bytes(&self) -> u64 {
        self.open.bytes
    }

    /// Since when records wait to be committed.
    pub fn open_since(&self) -> Option<Instant> {
        self.open.since
    }

    /// Whether a commit would say something: records, a move, or a higher clock.
    pub fn has_news(&self, time: Time, idle_after: Duration) -> bool {
        self.open.counts.read > 0 || self.open.moved || self.clock(time, idle_after) > self.committed.clock
    }

    fn clock(&self, time: Time, idle_after: Duration) -> Option<Day> {
        let at_end = self.end.since.zip(self.end.seen);
        let stayed = at_end.is_some_and(|(since, seen)| seen.saturating_duration_since(since) >= idle_after);
        // An empty partition is heard out at once. An empty folder is about to get its first file: it becomes idle like
        // any other input, so that the history put into it is counted under its own days.
        let is_topic = matches!(self.committed.progress, Progress::Offset(_));
        let unread = self.committed.total().read == 0 && self.open.counts.read == 0;
        let empty = is_topic && at_end.is_some() && unread;
        let reading = Reading {
            reached_end: self.end.reached,
            idle: (stayed || empty) && time.even,
            highest_known: self.open.highest_known,
        };
        clock::after(self.committed.clock, reading, time.seconds)
    }

    /// Ends the open epoch; the next one is open then, but nothing may be taken before this one is committed.
    pub fn seal(&mut self, time: Time, idle_after: Duration, writer: &str) -> anyhow::Result<Sealed> {
        let clock = self.clock(time, idle_after);
        let before = self.committed.head.as_ref();
        let mut total = self.committed.total();
        total += self.open.counts;
        let from = match &self.committed.progress {
            Progress::Files(_) => Progress::Files(BTreeMap::new()),
            offset => offset.clone(),
        };
        let open = std::mem::replace(&mut self.open, Open::new(&self.committed)?);
        let head = EpochHead {
            input: self.assignment.input.clone(),
            epoch: self.committed.next(),
            origin: self.assignment.origin.to_string(),
            partitions: self.assignment.partitions,
            from,
            to: open.to,
            clock_before: self.committed.clock,
            clock,
            highest_known: open.highest_known,
            counts: open.counts,
            total,
            late_report: open.writer.late(),
            late_total: before.map_or(0, |head| head.late_total) + open.writer.late(),
            rows: open.writer.rows(),
            writer: writer.to_owned(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            previous: self.committed.checksum,
        };
        Ok(Sealed { epoch: open.writer.seal(head)?, rejects: open.rejects, large: open.large })
    }

    /// The epoch just sealed is committed.
    pub fn commit(&mut self, head: EpochHead, checksum: Checksum) -> anyhow::Result<()> {
        self.rows_since_snapshot += head.rows;
        self.committed.progress.advance(&head.to);
        self.committed.clock = head.clock;
        self.committed.head = Some(head);
        self.committed.checksum = Some(checksum);
        self.open = Open::new(&self.committed)?;
        Ok(())
    }
}
