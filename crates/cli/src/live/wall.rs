//! The wall clock of a running process, which may be set while it runs.

#![expect(clippy::disallowed_methods, reason = "records arrive at a time, and a clock is raised by it")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headwater_log::ClockJumped;

/// A wall clock that moved so much further than the process's own clock was set, or the machine slept.
const JUMP: i64 = 600;

/// So long a clock must run evenly after a jump before days are counted by it.
const EVEN: Duration = Duration::from_secs(600);

/// Seconds since 1970 by the wall, and whether to trust them.
pub struct Wall {
    /// Wall and own clock when they were last set against each other.
    wall: i64,
    own: Instant,
    /// A jump was seen then.
    jumped: bool,
}

/// What the wall clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970.
    pub seconds: i64,
    /// It has not jumped of late: an idle input's clock may be raised by it. A clock that was set wrong for a minute must
    /// not close days for ever.
    pub even: bool,
}

impl Wall {
    /// Begins; what the wall says is believed.
    pub fn start() -> Wall {
        Wall { wall: seconds(), own: Instant::now(), jumped: false }
    }

    /// Now.
    pub fn now(&mut self) -> Time {
        let (wall, own) = (seconds(), Instant::now());
        let ran = own.saturating_duration_since(self.own);
        if (wall - self.wall - ran.as_secs() as i64).abs() > JUMP {
            ClockJumped { seconds: wall - self.wall - ran.as_secs() as i64 }.log();
            (self.wall, self.own, self.jumped) = (wall, own, true);
        }
        let even = !self.jumped || own.saturating_duration_since(self.own) >= EVEN;
        Time { seconds: wall, even }
    }
}

fn seconds() -> i64 {
    let shift = shift();
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX).saturating_add(shift),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}

/// Seconds by which a test sets the clock wrong: what the file holds that `HEADWATER_FAULTS_CLOCK` names.
#[cfg(feature = "faults")]
fn shift() -> i64 {
    let file = std::env::var_os("HEADWATER_FAULTS_CLOCK");
    file.and_then(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok()).unwrap_or(0)
}

/// Nobody sets it wrong but the machine's own.
#[cfg(not(feature = "faults"))]
fn shift() -> i64 {
    0
}
