//! Volumes: what panes add up to for people, one row a day, substance, route, source and kind of evidence.

use crate::Day;

/// Lengths of the rolling windows in days: a week, four, a quarter and a year of whole weeks.
pub const WINDOW_DAYS: [i32; 4] = [7, 28, 91, 364];

/// Days by which a window is longer for a figure of a period, so that a month, a quarter and a year fit 28, 91 and 364.
pub const PERIOD_SLACK_DAYS: i32 = 3;

/// Whether a figure over `first..=last` lies whole in the window of `window_days` that ends on `day`.
pub fn in_window(first: Day, last: Day, day: Day, window_days: i32) -> bool {
    let slack = if last > first { PERIOD_SLACK_DAYS } else { 0 };
    last <= day && first > day - window_days - slack
}
