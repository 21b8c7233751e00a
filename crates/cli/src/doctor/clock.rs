//! The wall clock against all that can be asked for the time.

use headwater_model::Day;

use super::finding::Finding;
use super::store::Holds;

/// A clock that is so far from another, in milliseconds, is wrong: an input's clock is raised by it, and a minute is what
/// badly kept time reaches in a month.
const APART_MS_MAX: i64 = 60_000;

/// The day on which the sources of this version were last touched by hand: no clock that is right stands before it.
const WRITTEN_ON: Day = Day(20_784);

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// What the clock is held against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clocks {
    /// This machine's, in milliseconds since 1970.
    pub now_ms: i64,
    /// The store's, as it wrote something just now.
    pub store_ms: Option<i64>,
    /// The newest time that a broker gave to a record.
    pub broker_ms: Option<i64>,
}

/// The clock, and the days that the store knows.
pub fn judge(clocks: Clocks, holds: &Holds) -> Vec<Finding> {
    let Clocks { now_ms, store_ms, broker_ms } = clocks;
    let (check, target) = ("clock", "wall");
    let today = Day(i32::try_from(now_ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX));
    let remedy =
        "set this machine's clock, and keep it by NTP (`timedatectl`): days are closed by it where a source is idle";
    let mut findings = Vec::new();
    let behind = broker_ms.filter(|broker| broker - now_ms > APART_MS_MAX);
    let apart = store_ms.filter(|store| (store - now_ms).abs() > APART_MS_MAX);
    findings.push(if today < WRITTEN_ON {
        Finding::fail(check, target, format!("{today}, and this version was written on {WRITTEN_ON}"), remedy)
    } else if let Some(store) = apart {
        Finding::fail(check, target, format!("{} s from the store's", (store - now_ms) / 1_000), remedy)
    } else if let Some(broker) = behind {
        let seconds = (broker - now_ms) / 1_000;
        Finding::fail(check, target, format!("{seconds} s behind the time that a broker gave to a record"), remedy)
    } else {
        let against = match (store_ms, broker_ms) {
            (Some(_), Some(_)) => "as the store's and the brokers'",
            (Some(_), None) => "as the store's",
            (None, Some(_)) => "not behind the brokers'",
            (None, None) => "held against nothing: no store or broker tells the time",
        };
        Finding::ok(check, target, format!("{today}, {against}"))
    });
    let clock = holds.inputs.iter().filter_map(|(input, held)| Some((held.clock?, input))).max();
    let known = holds.inputs.iter().filter_map(|(input, held)| Some((held.highest_known?.0, input))).max();
    if let Some((day, input)) = clock.into_iter().chain(known).max() {
        let target = input.to_string();
        // A record may tell of tomorrow: clocks of sources differ, and so do their days.
        findings.push(if day > today + 1 {
            Finding::fail(
                "days",
                &target,
                format!("the store holds {day}, and today is {today}"),
                "this machine's clock is behind, or was ahead when the store was written; if it was ahead, days may be \
                 closed too early: read the sources into a new store",
            )
        } else {
            Finding::ok("days", &target, format!("the latest day in the store is {day}"))
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use headwater_model::{Input, KnownDay};

    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::doctor::store::Held;

    const NOW: i64 = (WRITTEN_ON.0 as i64 + 10) * DAY_MS + 5_000;

    fn results(clocks: Clocks, days: &[(i32, i32)]) -> Vec<Verdict> {
        let mut holds = Holds::default();
        for (number, (clock, known)) in days.iter().enumerate() {
            let held = Held { next: None, clock: Some(Day(*clock)), highest_known: Some(KnownDay(Day(*known))) };
            holds.inputs.insert(Input::parse(&format!("trade/{number}")).unwrap(), held);
        }
        judge(clocks, &holds).iter().map(|finding| finding.result).collect()
    }

    #[test]
    fn the_wall_clock_is_held_against_the_others() {
        let now = Clocks { now_ms: NOW, ..Clocks::default() };
        assert_eq!(WRITTEN_ON.to_string(), "2026-11-27");
        assert_eq!(results(now, &[]), [Verdict::Ok]);
        assert_eq!(results(Clocks { now_ms: NOW - 20 * DAY_MS, ..now }, &[]), [Verdict::Fail]);
        assert_eq!(results(Clocks { store_ms: Some(NOW + 59_000), broker_ms: Some(5), ..now }, &[]), [Verdict::Ok]);
        assert_eq!(results(Clocks { store_ms: Some(NOW - 61_000), ..now }, &[]), [Verdict::Fail]);
        assert_eq!(results(Clocks { broker_ms: Some(NOW + 61_000), ..now }, &[]), [Verdict::Fail]);
    }

    #[test]
    fn no_day_of_the_store_lies_ahead_by_more_than_one() {
        let now = Clocks { now_ms: NOW, ..Clocks::default() };
        let today = WRITTEN_ON.0 + 10;
        assert_eq!(results(now, &[(today - 1, today + 1), (today, 0)]), [Verdict::Ok, Verdict::Ok]);
        assert_eq!(results(now, &[(today - 1, today), (today + 2, 0)]), [Verdict::Ok, Verdict::Fail]);
        assert_eq!(results(now, &[(today - 1, today + 2)]), [Verdict::Ok, Verdict::Fail]);
    }
}
