//! What a normaliser may be told.

use crate::limits::TOO_LATE_DAYS;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(pub i64);

/// What a normaliser may be told.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Days that a record may be known after its event day; beyond it is `too_late`.
    pub too_late_days: i32,
    /// When the batch arrived: `reported_at` more than a day after it is `future`. `None` in a replay, where the time of
    /// arrival says nothing.
    pub arrival: Option<UnixSeconds>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { too_late_days: TOO_LATE_DAYS, arrival: None }
    }
}
