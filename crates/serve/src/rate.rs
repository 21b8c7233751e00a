//! How often somebody may ask.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_people::Moment;

/// Callers of whom it is known how often they asked; beyond it those who asked longest ago are forgotten.
const CALLERS_MAX: usize = 10_000;

const MINUTE_MS: i64 = 60_000;

/// How often one caller may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// From then on.
    pub per_minute: u32,
}

impl Rate {
    /// Of the API: a page asks some twenty questions when it opens; a program that pages through a year of volumes asks
    /// a few a second.
    pub const API: Rate = Rate { burst: 300, per_minute: 1_200 };

    /// Of one address, keys, tokens and sessions that are not good: people mistype, and a page that was left open asks some
    /// times by a session that has ended.
    pub(crate) const FAILURES: Rate = Rate { burst: 60, per_minute: 30 };

    /// Of one address, steps of a sign-in: each person takes two, and a ministry may come from one address.
    pub(crate) const SIGN_INS: Rate = Rate { burst: 120, per_minute: 120 };
}

/// Who asked how often: for each caller a bucket that fills with time (a token bucket).
pub(crate) struct Rates {
    rate: Rate,
    callers: Mutex<BTreeMap<Arc<str>, Bucket>>,
}

/// What a caller may still ask at a time, in 1/60,000 of a request, so that every millisecond counts exactly.
#[derive(Clone, Copy)]
struct Bucket {
    left: i64,
    at: Moment,
}

impl Rates {
    pub fn new(rate: Rate) -> Rates {
        Rates { rate, callers: Mutex::default() }
    }

    fn full(&self) -> i64 {
        i64::from(self.rate.burst) * MINUTE_MS
    }

    /// What is in a bucket at a time. A clock that was put back adds nothing.
    fn left(&self, bucket: Bucket, now: Moment) -> i64 {
        let passed = (now.0 - bucket.at.0).max(0);
        bucket.left.saturating_add(passed.saturating_mul(i64::from(self.rate.per_minute))).min(self.full())
    }

    /// Whether a caller may ask; the seconds after which they may where not. Nothing is counted.
    pub fn may(&self, caller: &str, now: Moment) -> Result<(), u32> {
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.get(caller).map_or(Ok(()), |bucket| self.wait(self.left(*bucket, now)))
    }

    /// The seconds to wait with so much in a bucket.
    fn wait(&self, left: i64) -> Result<(), u32> {
        if left >= MINUTE_MS {
            return Ok(());
        }
        let per_minute = i64::from(self.rate.per_minute).max(1);
        let wait_ms = (MINUTE_MS - left + per_minute - 1) / per_minute;
        Err(u32::try_from((wait_ms + 999) / 1_000).unwrap_or(u32::MAX))
    }

    /// Counts a request of a caller; the seconds after which to ask again where it is one too many.
    pub fn take(&self, caller: &str, now: Moment) -> Result<(), u32> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = callers.get(caller).copied().unwrap_or(Bucket { left: self.full(), at: now });
        let left = self.left(bucket, now);
        self.wait(left)?;
        if callers.len() >= CALLERS_MAX && !callers.contains_key(caller) {
            let oldest = callers.iter().min_by_key(|(_, bucket)| bucket.at).map(|(caller, _)| Arc::clone(caller));
            oldest.map(|oldest| callers.remove(&oldest));
        }
        callers.insert(caller.into(), Bucket { left: left - MINUTE_MS, at: now });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_asks_at_once_so_often_and_then_as_time_passes() {
        let rates = Rates::new(Rate { burst: 3, per_minute: 30 });
        let at = |ms: i64| Moment(1_000_000 + ms);
        for _ in 0..3 {
            rates.take("a", at(0)).unwrap();
        }
        assert_eq!((rates.take("a", at(0)), rates.take("a", at(1_999))), (Err(2), Err(1)));
        assert_eq!(
            (rates.take("b", at(0)), rates.take("a", at(2_000)), rates.take("a", at(2_001))),
            (Ok(()), Ok(()), Err(2))
        );
        // A clock that was put back gives nothing, and a long pause no more than at once.
        assert!(rates.take("a", at(-9_000_000)).is_err());
        for _ in 0..3 {
            assert_eq!(rates.may("a", at(9_000_000)), Ok(()));
            rates.take("a", at(9_000_000)).unwrap();
        }
        assert!(rates.take("a", at(9_000_000)).is_err());
        assert_eq!((rates.may("a", at(9_000_000)), rates.may("c", at(0))), (Err(2), Ok(())));
    }

    #[test]
    fn whoever_asked_longest_ago_is_forgotten() {
        let rates = Rates::new(Rate { burst: 1, per_minute: 1 });
        for n in 0..=CALLERS_MAX {
            rates.take(&n.to_string(), Moment(n as i64)).unwrap();
        }
        assert_eq!(rates.callers.lock().unwrap().len(), CALLERS_MAX);
        assert!(rates.take("0", Moment(20_000)).is_ok() && rates.take("9000", Moment(20_000)).is_err());
    }
}
