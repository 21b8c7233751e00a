//! What a pipeline is told.

use std::time::Duration;

use headwater_runtime::StoreSettings;

/// What a pipeline is told.
pub struct Settings {
    /// Commit after so long, or so many bytes of input.
    pub commit_every: Duration,
    /// See `commit_every`.
    pub commit_bytes: u64,
    /// An input that stays at its end for so long is idle.
    pub idle_after: Duration,
    /// No snapshot for fewer rows.
    pub snapshot_rows: u64,
    /// Word of this process in its epochs.
    pub writer: String,
}

impl Settings {
    /// As configured.
    pub fn of(store: &StoreSettings, idle_ms: u64, writer: String) -> Settings {
        Settings {
            commit_every: Duration::from_millis(store.commit_ms),
            commit_bytes: store.commit_bytes,
            idle_after: Duration::from_millis(idle_ms),
            snapshot_rows: store.snapshot_rows,
            writer,
        }
    }
}
