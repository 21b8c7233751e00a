//! The wall clock of commands that end: how long they took, which day it is, a pause. No result depends on it.

#![expect(clippy::disallowed_methods, reason = "the one place of these commands that reads a clock")]

use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use headwater_model::Day;

/// Measures how long something takes.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    /// Milliseconds since the start.
    pub fn ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Seconds that the calling thread has had a core: what something costs, whatever else the machine does.
pub fn thread_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// The UTC day before today.
pub fn yesterday() -> anyhow::Result<Day> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).context("the clock stands before 1970")?;
    Ok(Day(i32::try_from(now.as_secs() / 86_400)? - 1))
}

/// The last day that an idle input's clock lets be closed: the one before the day of an hour ago.
pub fn last_closable() -> Day {
    let hour_ago = unix_ms() / 1_000 - 3_600;
    Day(i32::try_from(hour_ago.div_euclid(86_400)).unwrap_or(i32::MAX) - 1)
}

/// Milliseconds since 1970; 0 before.
pub fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The wall clock.
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// The process's own clock.
pub fn now() -> Instant {
    Instant::now()
}

/// Waits.
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
