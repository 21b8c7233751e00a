//! Folding and sweeping beside the pipeline: a thread of its own, for a fold may take longer than a commit may wait.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headwater_log::{EpochsFolded, HousekeepingFailing, HousekeepingRecovered, Lasting, Swept, Trouble};
use headwater_model::Input;
use headwater_runtime::Shutdown;
use headwater_store::{Archive, FoldPolicy, SWEEP_KEEP, StoreError};

use crate::clock::Stopwatch;

/// How often it is looked whether an input has epochs to fold.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often what nothing needs any more is swept out: it is kept for a day, and looking for it takes several listings.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Longest sleep: what a stop may have to wait.
const MOMENT: Duration = Duration::from_millis(100);

/// The inputs to look after. Clones share them.
#[derive(Clone, Default)]
pub struct Housekeeping {
    owned: Arc<Mutex<BTreeSet<Input>>>,
}

impl Housekeeping {
    /// These inputs are now this process's.
    pub fn own(&self, inputs: impl Iterator<Item = Input>) {
        *self.owned.lock().unwrap_or_else(PoisonError::into_inner) = inputs.collect();
    }

    /// Looks after them until told to stop.
    pub fn run(&self, archive: &Archive, policy: &FoldPolicy, shutdown: &Shutdown) {
        let (mut slept, mut swept) = (LOOK_EVERY, SWEEP_EVERY);
        let mut trouble = Trouble::default();
        while !shutdown.is_requested() {
            if slept < LOOK_EVERY {
                crate::clock::pause(MOMENT);
                slept += MOMENT;
                continue;
            }
            let owned = self.owned.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if owned.is_empty() {
                // The first input is looked at as soon as it is there.
                crate::clock::pause(MOMENT);
                slept = LOOK_EVERY;
                continue;
            }
            slept = Duration::ZERO;
            swept += LOOK_EVERY;
            let sweep = swept >= SWEEP_EVERY;
            if sweep {
                swept = Duration::ZERO;
            }
            let now = crate::clock::unix_ms();
            let mut failed = false;
            for input in &owned {
                if shutdown.is_requested() {
                    return;
                }
                // Nothing rests on it: a store that does not answer now is asked again.
                let kept = fold(archive, input, policy).and_then(|()| match sweep {
                    true => self::sweep(archive, input, now),
                    false => Ok(()),
                });
                if let Err(error) = kept {
                    failed = true;
                    if let Some(Lasting { times, ms }) = trouble.again(crate::clock::now()) {
                        let Input { source, partition } = input;
                        HousekeepingFailing { source, partition: *partition, times, ms, error: &error }.log();
                    }
                }
            }
            if !failed && let Some(Lasting { times, ms }) = trouble.over(crate::clock::now()) {
                HousekeepingRecovered { times, ms }.log();
            }
        }
    }
}

/// Folds what is to be folded of an input.
fn fold(archive: &Archive, input: &Input, policy: &FoldPolicy) -> Result<(), StoreError> {
    let watch = Stopwatch::start();
    if let Some(floor) = archive.fold(input, policy)? {
        let Input { source, partition } = input;
        let (epoch, files) = (floor.epoch, floor.files.len() as u64);
        EpochsFolded { source, partition: *partition, epoch, files, ms: watch.ms() }.log();
    }
    Ok(())
}

/// Deletes what nothing needs any more of an input.
fn sweep(archive: &Archive, input: &Input, now: i64) -> Result<(), StoreError> {
    let swept = archive.sweep(input, SWEEP_KEEP, now)?;
    let files = swept.epochs + swept.floors + swept.folded + swept.snapshots + swept.staged;
    if files > 0 {
        Swept { source: &input.source, partition: input.partition, files: files as u64 }.log();
    }
    Ok(())
}
