//! How long each stage of the work takes.

use std::time::{Duration, Instant};

use prometheus::{Counter, CounterVec};

/// A stage of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Bytes become typed columns.
    Normalize,
    /// Records are judged and summed.
    Ledger,
    /// Rows are written into the open epoch.
    Archive,
    /// Epochs are sealed and put into the store.
    Commit,
    /// What is committed goes out.
    Publish,
    /// An input is brought back from the store.
    Restore,
    /// A snapshot is written.
    Snapshot,
    /// Committed epochs are followed and days closed.
    Detect,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Stage; 8] = [
        Stage::Normalize,
        Stage::Ledger,
        Stage::Archive,
        Stage::Commit,
        Stage::Publish,
        Stage::Restore,
        Stage::Snapshot,
        Stage::Detect,
    ];

    /// The value of the label.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Normalize => "normalize",
            Stage::Ledger => "ledger",
            Stage::Archive => "archive",
            Stage::Commit => "commit",
            Stage::Publish => "publish",
            Stage::Restore => "restore",
            Stage::Snapshot => "snapshot",
            Stage::Detect => "detect",
        }
    }
}

/// The time that each stage has taken. Clones share it.
#[derive(Clone)]
pub struct Stages([Counter; 8]);

impl Stages {
    pub(super) fn new(of: &CounterVec) -> Stages {
        Stages(Stage::ALL.map(|stage| of.with_label_values(&[stage.as_str()])))
    }

    /// A stage has taken so long.
    pub fn took(&self, stage: Stage, time: Duration) {
        self.0[stage as usize].inc_by(time.as_secs_f64());
    }

    /// Measures stages that follow each other, from now on.
    pub fn laps(&self) -> Laps<'_> {
        Laps { stages: self, since: Instant::now() }
    }
}

/// Measures stages that follow each other.
pub struct Laps<'a> {
    stages: &'a Stages,
    since: Instant,
}

impl Laps<'_> {
    /// A stage ends here; the next begins. Gives how long it took.
    pub fn end(&mut self, stage: Stage) -> Duration {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.since);
        self.stages.took(stage, took);
        self.since = now;
        took
    }
}
