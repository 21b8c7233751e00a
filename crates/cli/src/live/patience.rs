//! Waiting for a store that does not answer.

use std::time::Duration;

use headwater_log::{Lasting, StoreAnswers, StoreWaiting, Trouble};
use headwater_runtime::Shutdown;

use super::restore::RestoreError;

/// Between two tries.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Tries again for as long as the store does not answer, unless told to stop.
pub fn patiently<T>(shutdown: &Shutdown, mut what: impl FnMut() -> Result<T, RestoreError>) -> anyhow::Result<T> {
    let mut trouble = Trouble::default();
    loop {
        match what() {
            Err(error) if error.is_passing() && !shutdown.is_requested() => {
                if let Some(Lasting { times, ms }) = trouble.again(crate::clock::now()) {
                    StoreWaiting { times, ms, error: &error }.log();
                }
                crate::clock::pause(AGAIN_AFTER);
            }
            other => {
                if let Some(Lasting { times, ms }) = trouble.over(crate::clock::now()).filter(|_| other.is_ok()) {
                    StoreAnswers { times, ms }.log();
                }
                return Ok(other?);
            }
        }
    }
}
