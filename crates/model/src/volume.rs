//! Volumes: what panes add up to for people, one row a day, substance, route, source and kind of evidence.

use crate::{Access, Country, Day, Evidence, KnownDay, Place, Route, Sums};

/// Lengths of the rolling windows in days: a week, four, a quarter and a year of whole weeks.
pub const WINDOW_DAYS: [i32; 4] = [7, 28, 91, 364];

/// Days by which a window is longer for a figure of a period, so that a month, a quarter and a year fit 28, 91 and 364.
pub const PERIOD_SLACK_DAYS: i32 = 3;

/// Whether a figure over `first..=last` lies whole in the window of `window_days` that ends on `day`.
pub fn in_window(first: Day, last: Day, day: Day, window_days: i32) -> bool {
    let slack = if last > first { PERIOD_SLACK_DAYS } else { 0 };
    last <= day && first > day - window_days - slack
}

/// The families of a substance as the caller's catalog gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Families<'n> {
    /// Main precursor family.
    pub family: Option<&'n str>,
    /// Market family: drugs that replace each other for the same buyers.
    pub market_family: Option<&'n str>,
}

/// What one rolling window sums to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rolling {
    /// Milligrams.
    pub mass_mg: i64,
    /// Incidents.
    pub incidents: i64,
}

/// By what else than its fixed key the rows of a volume are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SplitBy {
    /// By the place of the seizure.
    pub place: bool,
    /// By access class.
    pub access: bool,
    /// Derived amounts apart from those read.
    pub flagged: bool,
    /// By the day on which the change was known; rolling sums have no meaning then.
    pub known_on: bool,
}

/// The part of a row's key that [`SplitBy`] asked for; `None` where it did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split<'n> {
    /// The place; the inner `None` is a trade event's.
    pub place: Option<Option<&'n Place>>,
    /// The access class.
    pub access: Option<&'n Access>,
    /// Whether amount or substance were derived.
    pub flagged: Option<bool>,
    /// When the change was known.
    pub known_on: Option<KnownDay>,
}

/// One row of `volumes.parquet`. Origin is [`Route::origin`], destination and market [`Route::destination`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeRow<'n> {
    /// The event day, or the last day of the period.
    pub day: Day,
    /// Length of the period, 1..=366.
    pub period_days: u16,
    /// Catalog id, or `unmapped:<key>`.
    pub substance: &'n str,
    /// What the catalog groups it under.
    pub families: Families<'n>,
    /// The route.
    pub route: &'n Route,
    /// Reporting organisation.
    pub source: &'n str,
    /// The event's kind.
    pub evidence: Evidence,
    /// The columns of a split.
    pub split: Split<'n>,
    /// The figures of this row.
    pub sums: Sums,
    /// The windows of [`WINDOW_DAYS`] that end on `day`, over all lengths of period; `None` in a split by known day.
    pub rolling: Option<[Rolling; WINDOW_DAYS.len()]>,
}

/// A row of a roll-up: volumes whose routes share `ends`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollUp<'n, E> {
    /// The event day, or the last day of the period.
    pub day: Day,
    /// Length of the period.
    pub period_days: u16,
    /// Catalog id, or `unmapped:<key>`.
    pub substance: &'n str,
    /// What the routes were rolled up to.
    pub ends: E,
    /// Reporting organisation.
    pub source: &'n str,
    /// The event's kind.
    pub evidence: Evidence,
    /// The sums.
    pub sums: Sums,
}

/// Where routes begin and end.
pub type Ends = (Country, Country);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_a_quarter_and_a_year_fit_their_windows() {
        for (days, window) in [(31, 28), (94, 91), (366, 364)] {
            let first = Day(100);
            let last = first + days - 1;
            assert!(in_window(first, last, last, window), "{days} days");
        }
        assert!(!in_window(Day(100), Day(131), Day(131), 28), "32 days are no month");
    }

    #[test]
    fn a_window_is_open_at_its_start_and_closed_at_its_end() {
        assert!(in_window(Day(10), Day(10), Day(10), 7));
        assert!(in_window(Day(4), Day(4), Day(10), 7));
        assert!(!in_window(Day(3), Day(3), Day(10), 7));
        assert!(!in_window(Day(11), Day(11), Day(10), 7), "what comes after the day is no part of its past");
    }
}
