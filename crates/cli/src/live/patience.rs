//! Waiting for a store that does not answer.

use std::time::Duration;

use headwater_runtime::Shutdown;

use super::restore::RestoreError;

/// Between two tries.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Tries again for as long as the store does not answer, unless told to stop.
pub fn patiently<T>(shutdown: &Shutdown, mut what: impl FnMut() -> Result<T, RestoreError>) -> anyhow::Result<T> {
    loop {
        match what() {
            Err(error) if error.is_passing() && !shutdown.is_requested() => {
                tracing::warn!("the store does not answer, trying again: {error}");
                crate::clock::pause(AGAIN_AFTER);
            }
            other => return Ok(other?),
        }
    }
}
