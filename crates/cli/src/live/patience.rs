//! Waiting for a store that does not answer.

use std::time::Duration;

use headwater_log::{Lasting, StoreAnswers, StoreWaiting, Trouble};

use super::restore::RestoreError;
use crate::watch::Watch;

/// Between two tries.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Tries again for as long as the store does not answer, unless told to stop.
pub fn patiently<T>(watch: &Watch, mut what: impl FnMut() -> Result<T, RestoreError>) -> anyhow::Result<T> {
    let mut trouble = Trouble::default();
    loop {
        watch.ingest_turns();
        match what() {
            Err(error) if error.is_passing() && !watch.is_stopping() => {
                watch.store_failed(&error);
                if let Some(Lasting { times, ms }) = trouble.again(crate::clock::now()) {
                    StoreWaiting { times, ms, error: &error }.log();
                }
                crate::clock::pause(AGAIN_AFTER);
            }
            other => {
                if other.is_ok() {
                    watch.store_answered();
                }
                if let Some(Lasting { times, ms }) = trouble.over(crate::clock::now()).filter(|_| other.is_ok()) {
                    StoreAnswers { times, ms }.log();
                }
                return Ok(other?);
            }
        }
    }
}
