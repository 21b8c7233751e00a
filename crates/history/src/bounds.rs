//! What a question may cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use headwater_model::Day;

use crate::HistoryError;

/// Limits of one question; the defaults are those of a dashboard.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Rows of a page at most.
    pub page_rows_max: usize,
    /// Rows that may match, or groups that may be told: each is held while the question is answered.
    pub rows_max: usize,
    /// Days of a range at most.
    pub days_max: u32,
    /// Values of a list at most.
    pub values_max: usize,
    /// Files of the archive at most.
    pub files_max: usize,
    /// Bytes that what matches may take while the question is answered; the files read are bounded by the
    /// [cache](crate::History::new) and the largest file.
    pub memory_bytes_max: usize,
    /// When to give up.
    pub deadline: Deadline,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            page_rows_max: 10_000,
            rows_max: 2_000_000,
            // A hundred years and a bit: what a date may name ends in 2199, and no table is older than 1900.
            days_max: 40_000,
            values_max: 1_000,
            files_max: 20_000,
            memory_bytes_max: 512 << 20,
            deadline: Deadline::after(Duration::from_secs(30)),
        }
    }
}

impl Bounds {
    pub(crate) fn list(&self, field: &'static str, given: usize) -> Result<(), HistoryError> {
        if given > self.values_max {
            return Err(HistoryError::ListTooLong { field, given, limit: self.values_max });
        }
        Ok(())
    }

    pub(crate) fn days(&self, field: &'static str, range: Option<DayRange>) -> Result<(), HistoryError> {
        let Some(DayRange { from, to }) = range else { return Ok(()) };
        let days = i64::from(to.0) - i64::from(from.0) + 1;
        if days < 1 {
            return Err(HistoryError::DaysReversed { field, from, to });
        }
        if days > i64::from(self.days_max) {
            return Err(HistoryError::TooManyDays { field, from, to, days, limit: self.days_max });
        }
        Ok(())
    }
}

/// Days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

/// When a question is given up: at a time, or when whoever asked has gone. It is looked at before each file and each row
/// group, so an answer may come a little after it.
#[derive(Clone, Debug, Default)]
pub struct Deadline {
    at: Option<Instant>,
    gone: Option<Arc<AtomicBool>>,
}

impl Deadline {
    /// So long from now.
    #[expect(clippy::disallowed_methods, reason = "a clock ends a question; no answer depends on it")]
    pub fn after(time: Duration) -> Deadline {
        Deadline { at: Instant::now().checked_add(time), gone: None }
    }

    /// Never.
    pub fn never() -> Deadline {
        Deadline::default()
    }

    /// Also as soon as this says so.
    #[must_use]
    pub fn or_when(self, gone: Arc<AtomicBool>) -> Deadline {
        Deadline { gone: Some(gone), ..self }
    }

    /// Whether it is over.
    #[expect(clippy::disallowed_methods, reason = "a clock ends a question; no answer depends on it")]
    pub fn is_over(&self) -> bool {
        self.at.is_some_and(|at| Instant::now() >= at) || self.gone.as_ref().is_some_and(|g| g.load(Ordering::Relaxed))
    }
}
