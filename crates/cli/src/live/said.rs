//! What is logged of an input, and what of it was said already.

use std::time::Instant;

use headwater_ingest::Assignment;
use headwater_log::{
    EpochCommitted, FewRejected, InputAssigned, InputAtEnd, InputCommitted, InputLost, InputRestored, InputRevoked,
    InputStopped, Lasting, ManyRejected, Trouble,
};
use headwater_model::{EpochHead, Input};

use super::input::LiveInput;

/// Of the records of an epoch, a share of rejected ones that is worth a warning, in percent, and how many make a share.
const REJECTED_PERCENT: u64 = 10;
const REJECTED_OF_MIN: u64 = 100;

/// What to do about an input whose data cannot be counted.
const REMEDY_DATA: &str = "The other inputs go on. The error names the figures: a sum beyond 64 bits comes of wrong \
                           amounts; mend them at their source and read the source into a new store.";

/// What to do about an input that cannot be read.
const REMEDY_READ: &str = "As the error says; then start again.";

/// What was said of an input since it was taken on.
#[derive(Default)]
pub struct Said {
    at_end: bool,
    commits: bool,
    rejects: Trouble,
}

impl Said {
    /// It was seen at its end.
    pub fn at_end(&mut self, input: &Input) {
        if !std::mem::replace(&mut self.at_end, true) {
            InputAtEnd { source: &input.source, partition: input.partition }.log();
        }
    }

    /// An epoch is in the store; `failed`: not at the first try.
    pub fn committed(&mut self, head: &EpochHead, bytes: u64, failed: bool, now: Instant) {
        let Input { source, partition } = &head.input;
        let (partition, epoch, rows) = (*partition, head.epoch, head.rows);
        let (records, rejected) = (head.counts.read, head.counts.rejected);
        EpochCommitted { source, partition, epoch, records, rows, rejected, bytes }.log();
        if failed || !std::mem::replace(&mut self.commits, true) {
            InputCommitted { source, partition, epoch, records, rows }.log();
        }
        if records < REJECTED_OF_MIN {
            return;
        }
        if rejected * 100 > records * REJECTED_PERCENT {
            if let Some(Lasting { times, .. }) = self.rejects.again(now) {
                ManyRejected { source, partition, epoch, records, rejected, times }.log();
            }
        } else if let Some(Lasting { times, ms }) = self.rejects.over(now) {
            FewRejected { source, partition, times, ms }.log();
        }
    }
}

/// An input is this process's now.
pub fn assigned(assignment: &Assignment) {
    let Assignment { input, origin, partitions } = assignment;
    InputAssigned { source: &input.source, partition: input.partition, partitions: *partitions, topic: origin }.log();
}

/// An input stands as it was committed last.
pub fn restored(live: &LiveInput, from: &str, bytes: u64, ms: u64) {
    let Input { source, partition } = &live.assignment.input;
    let head = live.committed.head.as_ref();
    InputRestored {
        source,
        partition: *partition,
        epoch: head.map(|head| head.epoch),
        from,
        records: head.map_or(0, |head| head.total.read),
        ledger: live.window.ledger.len() as u64,
        rows: live.rows_since_snapshot,
        bytes,
        ms,
    }
    .log();
}

/// An input went elsewhere.
pub fn gone(input: &Input, live: Option<&LiveInput>, lost: bool) {
    let Input { source, partition } = input;
    let (partition, epoch) = (*partition, live.and_then(|live| live.committed.head.as_ref()).map(|head| head.epoch));
    if lost {
        InputLost { source, partition, epoch }.log();
    } else {
        InputRevoked { source, partition, epoch }.log();
    }
}

/// An input cannot be read on: `of_data`, for what it holds; else for the way to it.
pub fn stopped(input: &Input, live: Option<&LiveInput>, error: &dyn std::fmt::Display, of_data: bool) {
    let Input { source, partition } = input;
    let epoch = live.and_then(|live| live.committed.head.as_ref()).map(|head| head.epoch);
    let remedy = if of_data { REMEDY_DATA } else { REMEDY_READ };
    InputStopped { source, partition: *partition, epoch, error, remedy }.log();
}
