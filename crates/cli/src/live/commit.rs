//! Committing: sealed epochs go into the store, as often as it takes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_log::{CommitFailing, CommitRecovered, Lasting, Trouble};
use headwater_model::Input;
use headwater_store::{Archive, Committed, SealedEpoch, StoreError};

use super::input::Sealed;
use crate::watch::Watch;

/// Between two tries of a store that does not answer: from this, doubled each time, to that.
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_LAST: Duration = Duration::from_secs(5);

/// So long a store may fail while the process is told to stop.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// What became of an epoch.
pub enum Outcome {
    /// It is in the store, and ours.
    Committed(Box<Sealed>),
    /// Another wrote the epoch: the input must be restored.
    Lost,
    /// It cannot be written at all.
    Failed(StoreError),
}

/// What became of epochs.
pub struct Tried {
    /// Of each.
    pub outcomes: BTreeMap<Input, Outcome>,
    /// Whether it took more than one try.
    pub failed: bool,
}

/// Brings sealed epochs into the store. While the store does not answer it is tried again: the sources wait meanwhile,
/// and nothing is lost. Told to stop it gives up after a while, with an error: what was not committed is read again.
pub fn commit(archive: &Archive, watch: &Watch, mut sealed: BTreeMap<Input, Sealed>) -> anyhow::Result<Tried> {
    let mut outcomes = BTreeMap::new();
    let mut wait = WAIT_FIRST;
    let mut stop_at: Option<Instant> = None;
    let mut trouble = Trouble::default();
    while !sealed.is_empty() {
        watch.ingest_waits();
        let failure = attempt(archive, &mut sealed, &mut outcomes);
        watch.ingest_turns();
        let Some(error) = failure? else {
            watch.store_answered();
            continue;
        };
        watch.store_failed(&error);
        if watch.is_stopping() {
            let at = *stop_at.get_or_insert_with(|| now() + STOP_WITHIN);
            if now() >= at {
                return Err(anyhow::Error::new(error).context("stopped before everything was committed"));
            }
        }
        if let Some(Lasting { times, ms }) = trouble.again(now()) {
            CommitFailing { epochs: sealed.len() as u64, times, ms, error: &error }.log();
        }
        crate::clock::pause(wait);
        wait = (wait * 2).min(WAIT_LAST);
    }
    let failed = trouble.over(now());
    if let Some(Lasting { times, ms }) = failed {
        CommitRecovered { times, ms }.log();
    }
    Ok(Tried { outcomes, failed: failed.is_some() })
}

/// One try of all that is left; gives a failure that may pass.
fn attempt(
    archive: &Archive,
    sealed: &mut BTreeMap<Input, Sealed>,
    outcomes: &mut BTreeMap<Input, Outcome>,
) -> anyhow::Result<Option<StoreError>> {
    for (input, epoch) in sealed.iter() {
        for large in &epoch.large {
            match archive.put_raw(input, &large.topic, large.offset, large.read()?.into()) {
                Err(error) if error.is_passing() => return Ok(Some(error)),
                other => other?,
            }
        }
    }
    // The bytes are shared, not copied.
    let epochs: Vec<SealedEpoch> = sealed.values().map(|sealed| sealed.epoch.clone()).collect();
    let results = archive.commit(&epochs);
    let mut passing = None;
    let inputs: Vec<Input> = sealed.keys().cloned().collect();
    for (input, result) in inputs.into_iter().zip(results) {
        let outcome = match result {
            Err(error) if error.is_passing() => {
                passing = Some(error);
                continue;
            }
            Ok(Committed::Ours) => match sealed.remove(&input) {
                Some(sealed) => Outcome::Committed(Box::new(sealed)),
                None => continue,
            },
            Ok(Committed::Lost | Committed::Fenced) => Outcome::Lost,
            Err(error) => Outcome::Failed(error),
        };
        sealed.remove(&input);
        outcomes.insert(input, outcome);
    }
    Ok(passing)
}

#[expect(clippy::disallowed_methods, reason = "a stop must come to an end")]
fn now() -> Instant {
    Instant::now()
}
