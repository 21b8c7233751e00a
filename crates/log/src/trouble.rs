//! Troubles that last: said when they begin, then once in a while, and when they are over.

use std::time::{Duration, Instant};

/// So often it is said that a trouble still lasts: a line in half a minute shows it on every page of a log, and a night
/// of it is a thousand lines.
pub const SAY_EVERY: Duration = Duration::from_secs(30);

/// A trouble that may come, last and end. It reads no clock: the time is handed in.
///
/// ```
/// use std::time::Instant;
/// use headwater_log::{SAY_EVERY, Trouble};
/// # #[allow(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let mut trouble = Trouble::default();
/// assert_eq!(trouble.again(now).map(|lasting| lasting.times), Some(1));
/// assert_eq!(trouble.again(now), None);
/// assert_eq!(trouble.again(now + SAY_EVERY).map(|lasting| lasting.times), Some(3));
/// assert_eq!(trouble.over(now + SAY_EVERY).map(|lasting| lasting.ms), Some(30_000));
/// assert_eq!(trouble.over(now + SAY_EVERY), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trouble(Option<Since>);

#[derive(Clone, Copy, Debug)]
struct Since {
    began: Instant,
    said: Instant,
    times: u64,
}

/// How long a trouble lasts, or has lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// How often it was met.
    pub times: u64,
    /// Since when, in milliseconds.
    pub ms: u64,
}

impl Since {
    fn lasting(&self, now: Instant) -> Lasting {
        let ms = now.saturating_duration_since(self.began).as_millis();
        Lasting { times: self.times, ms: u64::try_from(ms).unwrap_or(u64::MAX) }
    }
}

impl Trouble {
    /// It was met once more; something where that is to be said now.
    pub fn again(&mut self, now: Instant) -> Option<Lasting> {
        let Some(since) = &mut self.0 else {
            let since = Since { began: now, said: now, times: 1 };
            self.0 = Some(since);
            return Some(since.lasting(now));
        };
        since.times += 1;
        let due = now.saturating_duration_since(since.said) >= SAY_EVERY;
        if due {
            since.said = now;
        }
        due.then(|| since.lasting(now))
    }

    /// It is not there; something where it was until now, which is to be said.
    pub fn over(&mut self, now: Instant) -> Option<Lasting> {
        self.0.take().map(|since| since.lasting(now))
    }

    /// Whether it lasts.
    pub fn lasts(&self) -> bool {
        self.0.is_some()
    }
}
