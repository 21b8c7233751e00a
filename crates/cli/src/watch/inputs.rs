//! What is told of each input.

use std::collections::{BTreeMap, VecDeque};

use headwater_model::{Counts, Day, EpochHead, Input, Progress, Reject};
use headwater_runtime::metrics::{InputFigures, InputHandle, Laps, RejectCounts, Stage, Stages, unix_seconds};

use super::{State, Watch};
use crate::live::Committed;

/// How many records make a share of rejected ones, and at most how many epochs it is taken from.
pub const SHARE_RECORDS_MIN: u64 = 100;
const SHARE_EPOCHS_MAX: usize = 100;

/// Counts what is read of one input.
#[derive(Clone)]
pub struct Counters {
    figures: InputHandle,
    rejects: RejectCounts,
    stages: Stages,
}

impl Counters {
    /// Measures the stages of a batch.
    pub fn laps(&self) -> Laps<'_> {
        self.stages.laps()
    }

    /// A stage took so long.
    pub fn took_long(&self, stage: Stage, time: std::time::Duration) {
        self.stages.took(stage, time);
    }

    /// A batch was taken, of which some were rejected; the ledger holds so many identities now.
    pub fn took(&self, counts: &Counts, rejects: &[Reject], ledger_entries: usize) {
        rejects.iter().for_each(|reject| self.rejects.add(reject.reason as usize));
        self.figures.update(|figures| {
            figures.read += counts.read;
            figures.accepted += counts.accepted;
            figures.duplicate += counts.duplicate;
            figures.superseded += counts.superseded;
            figures.rejected += counts.rejected;
            figures.conflicts += counts.conflict;
            figures.ledger_entries = ledger_entries as u64;
        });
    }
}

/// How an input stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputState {
    /// It is brought back from the store.
    Restoring,
    /// It is read.
    Reading,
    /// It is no longer read, though it is this process's.
    Stopped(String),
}

/// Up to where an input is committed.
enum Taken {
    /// Nothing is known yet.
    Unknown,
    /// The next offset.
    Offset(i64),
    /// Positions in files by name.
    Files(BTreeMap<String, u64>),
}

/// An input of this process.
pub struct Watched {
    counters: Counters,
    /// How it stands.
    pub state: InputState,
    taken: Taken,
    /// Read and rejected records of the last epochs.
    recent: VecDeque<(u64, u64)>,
    /// Its clock.
    pub clock: Option<Day>,
}

impl Watched {
    fn new(watch: &Watch, input: &Input, state: InputState) -> Watched {
        let metrics = watch.metrics();
        let counters = Counters {
            figures: metrics.inputs.begin(&input.source, input.partition.0),
            rejects: metrics.rejects.of(&input.source),
            stages: metrics.stages.clone(),
        };
        Watched { counters, state, taken: Taken::Unknown, recent: VecDeque::new(), clock: None }
    }

    /// Its figures as they are now.
    pub fn figures(&self) -> InputFigures {
        self.counters.figures.figures()
    }

    fn taken_to(&mut self, progress: &Progress) {
        match progress {
            Progress::Offset(next) => self.taken = Taken::Offset(next.0),
            Progress::Files(moved) => {
                let moved = moved.iter().map(|(name, file)| (name.clone(), file.next.0.cast_unsigned()));
                match &mut self.taken {
                    Taken::Files(files) => files.extend(moved),
                    none => *none = Taken::Files(moved.collect()),
                }
            }
        }
    }

    /// The share of rejected records with those of one more epoch, where there are enough.
    fn share(&mut self, read: u64, rejected: u64) -> Option<f64> {
        self.recent.push_back((read, rejected));
        let all = |recent: &VecDeque<(u64, u64)>| recent.iter().map(|epoch| epoch.0).sum::<u64>();
        while self.recent.len() > SHARE_EPOCHS_MAX
            || self.recent.front().is_some_and(|first| all(&self.recent) - first.0 >= SHARE_RECORDS_MIN)
        {
            self.recent.pop_front();
        }
        let (read, rejected) = (all(&self.recent), self.recent.iter().map(|epoch| epoch.1).sum::<u64>());
        (read >= SHARE_RECORDS_MIN).then(|| rejected as f64 / read as f64)
    }
}

/// 00:00 UTC of a day, in seconds since 1970.
fn seconds(day: Day) -> i64 {
    i64::from(day.0) * 86_400
}

impl State {
    /// Brings lags up to date: what is to be read grows without anybody here doing anything.
    pub fn refresh(&self) {
        for (input, watched) in &self.inputs {
            let (mut records, mut bytes) = (None, None);
            match &watched.taken {
                Taken::Unknown => {}
                Taken::Offset(next) => {
                    let end = self.readers.iter().find_map(|(_, standing)| standing.end(input));
                    records = end.map(|end| (end - next).max(0).cast_unsigned());
                }
                Taken::Files(files) => {
                    let sizes = self.folders.get(&input.source);
                    bytes = sizes.and_then(|sizes| sizes.left(|name| files.get(name).copied()));
                }
            }
            watched.counters.figures.update(|figures| (figures.lag_records, figures.lag_bytes) = (records, bytes));
        }
    }
}

impl Watch {
    /// An input is being restored; what was counted of it before is forgotten.
    pub fn restoring(&self, input: &Input) -> Counters {
        let watched = Watched::new(self, input, InputState::Restoring);
        let counters = watched.counters.clone();
        self.state().inputs.insert(input.clone(), watched);
        counters
    }

    /// An input is restored and read on from there.
    pub fn reading(&self, input: &Input, committed: &Committed, ledger_entries: usize) {
        let Committed { head, progress, clock, .. } = committed;
        let mut state = self.state();
        let Some(watched) = state.inputs.get_mut(input) else { return };
        (watched.state, watched.clock) = (InputState::Reading, *clock);
        watched.taken_to(progress);
        watched.counters.figures.update(|figures| {
            figures.restored = true;
            figures.clock_seconds = clock.map(seconds);
            figures.epoch = head.as_ref().map(|head| head.epoch.0);
            figures.ledger_entries = ledger_entries as u64;
        });
    }

    /// An epoch of an input is committed.
    pub fn committed(&self, input: &Input, head: &EpochHead, bytes: usize) {
        let metrics = self.metrics();
        metrics.epochs.inc();
        metrics.epoch_rows.inc_by(head.rows);
        metrics.epoch_bytes.inc_by(bytes as u64);
        let mut state = self.state();
        let Some(watched) = state.inputs.get_mut(input) else { return };
        watched.taken_to(&head.to);
        watched.clock = head.clock;
        let share = watched.share(head.counts.read, head.counts.rejected);
        watched.counters.figures.update(|figures| {
            figures.epoch = Some(head.epoch.0);
            figures.late_reports += head.late_report;
            figures.clock_seconds = head.clock.map(seconds);
            figures.committed_seconds = Some(unix_seconds());
            figures.rejected_ratio = share;
        });
    }

    /// An input is no longer read, though it is this process's.
    pub fn stopped(&self, input: &Input, why: &str) {
        let mut state = self.state();
        let watched = state
            .inputs
            .entry(input.clone())
            .or_insert_with(|| Watched::new(self, input, InputState::Stopped(String::new())));
        watched.state = InputState::Stopped(why.to_owned());
        watched.counters.figures.update(|figures| figures.stopped = true);
    }

    /// Inputs went elsewhere.
    pub fn gone(&self, inputs: &[Input]) {
        self.state().inputs.retain(|input, _| !inputs.contains(input));
    }
}
