//! The clock of an input: up to which day detection may count on having heard everything.

use headwater_model::{Day, KnownDay};

/// A clock never runs ahead of the wall clock less this: a record that was sent just before midnight is still on its way.
const IDLE_LAG_SECONDS: i64 = 3_600;

/// What is known of an input when an epoch of it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// It was read to the end that it had when it was assigned, now or earlier.
    pub reached_end: bool,
    /// It has stayed at its end for as long as makes it idle, or never had a record.
    pub idle: bool,
    /// The highest known day of its records so far.
    pub highest_known: Option<KnownDay>,
}

/// The clock after an epoch: none until the end was reached; then the highest known day seen, at most today; an idle
/// input's is the day of an hour ago. It never falls.
pub fn after(before: Option<Day>, reading: Reading, now_seconds: i64) -> Option<Day> {
    if before.is_none() && !reading.reached_end {
        return None;
    }
    let heard = reading.highest_known.map(|known| known.0.min(day(now_seconds)));
    let idle = reading.idle.then(|| day(now_seconds - IDLE_LAG_SECONDS));
    before.max(heard).max(idle)
}

/// The clock with which an input begins: one that is first assigned after days were closed starts at today, and behind
/// every closed day, so that none of its rows ever lands on one.
pub fn first(closed_to: Option<Day>, now_seconds: i64) -> Option<Day> {
    closed_to.map(|closed| day(now_seconds).max(closed + 1))
}

/// The UTC day of a time.
pub fn day(unix_seconds: i64) -> Day {
    // Times of 64 bits reach further than days of 32; what a system says lies far inside.
    Day(i32::try_from(unix_seconds.div_euclid(86_400)).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: i64 = 20_000 * 86_400 + 43_200;
    const HALF_PAST_MIDNIGHT: i64 = 20_000 * 86_400 + 1_800;

    fn reading(reached_end: bool, idle: bool, highest: Option<i32>) -> Reading {
        Reading { reached_end, idle, highest_known: highest.map(|day| KnownDay(Day(day))) }
    }

    #[test]
    fn none_until_the_end_is_reached() {
        assert_eq!(after(None, reading(false, false, Some(19_990)), NOON), None);
        assert_eq!(after(None, reading(true, false, Some(19_990)), NOON), Some(Day(19_990)));
        assert_eq!(after(None, reading(true, false, None), NOON), None);
    }

    #[test]
    fn an_idle_or_empty_input_is_raised_to_the_day_of_an_hour_ago() {
        assert_eq!(after(None, reading(true, true, None), NOON), Some(Day(20_000)));
        assert_eq!(after(Some(Day(19_990)), reading(true, true, Some(19_990)), NOON), Some(Day(20_000)));
        assert_eq!(after(Some(Day(19_990)), reading(true, true, None), HALF_PAST_MIDNIGHT), Some(Day(19_999)));
    }

    #[test]
    fn no_record_drives_it_into_the_future() {
        assert_eq!(after(Some(Day(19_990)), reading(true, false, Some(20_001)), NOON), Some(Day(20_000)));
    }

    #[test]
    fn one_that_comes_after_closed_days_begins_behind_them() {
        assert_eq!(first(None, NOON), None);
        assert_eq!(first(Some(Day(19_000)), NOON), Some(Day(20_000)));
        assert_eq!(first(Some(Day(20_000)), NOON), Some(Day(20_001)));
    }

    proptest! {
        #[test]
        fn it_never_falls(
            before in proptest::option::of(0..30_000),
            reached: bool, idle: bool,
            highest in proptest::option::of(0..30_000),
            now in 0..30_000i64 * 86_400,
        ) {
            let before = before.map(Day);
            prop_assert!(after(before, reading(reached, idle, highest), now) >= before);
        }
    }
}
