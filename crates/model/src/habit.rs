//! How often a source reports, and when it was silent beyond that.

use std::collections::BTreeSet;

use crate::Day;

/// Days of habit that are looked back on, from the last report: a year of whole weeks.
pub const HABIT_DAYS: i32 = 364;

/// A gap between two reports is a silence only where it is longer than this many times the longest gap that is usual: who
/// misses one report is late, who misses two is silent,
const GAP_FACTOR: i32 = 2;
/// and never one of as many days or fewer: weekends and holidays are no silence.
const GAP_DAYS_MIN: i32 = 14;

/// Long gaps that come as often within the year, and fill most of it, are what the source does: one that sends its month
/// on two days in a row is not silent for the rest of each month. Two silences do not make a habit, however long.
const RECURRING_MIN: usize = 3;

/// Days without a report beyond a habit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silence {
    /// The first day, which follows a report.
    pub from: Day,
    /// The last one, which a report follows; none while it lasts.
    pub to: Option<Day>,
}

/// How often a source reports, from the days of a year on which it did. The same days give the same habit in whatever
/// order they come.
///
/// Of its gaps, from the shortest to the longest, each is usual that is no longer than 14 days or twice the longest usual
/// one before it. The first that is longer and all beyond are silences, unless there are three or more of them that fill
/// most of the time: then they are usual too, and so on. So one silence of the past does not become the habit that hides
/// the next, and a source that reports at random, with gaps of every length, is not silent in the longest of them.
///
/// ```
/// use headwater_model::{Day, Habit, Silence};
/// let weekly_with_a_pause = [0, 7, 14, 21, 28, 49, 56].map(Day);
/// let habit = Habit::of(weekly_with_a_pause).unwrap();
/// assert_eq!(habit.usual_gap_days(), 7);
/// assert_eq!(habit.silences(), [Silence { from: Day(29), to: Some(Day(48)) }]);
/// assert_eq!((habit.silent_days(Day(70)), habit.silent_days(Day(71))), (None, Some(15)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habit {
    last: Day,
    usual_gap_days: i32,
    silences: Vec<Silence>,
}

impl Habit {
    /// From the days on which a source reported, of which the last [`HABIT_DAYS`] up to the latest count; none of fewer
    /// than two.
    pub fn of(days: impl IntoIterator<Item = Day>) -> Option<Habit> {
        let mut days: BTreeSet<Day> = days.into_iter().collect();
        let last = *days.last()?;
        let days: Vec<Day> = days.split_off(&(last - (HABIT_DAYS - 1))).into_iter().collect();
        let usual_gap_days = usual(&days)?;
        let silent = days.windows(2).filter(|pair| pair[1] - pair[0] > bar(usual_gap_days));
        let silences = silent.map(|pair| Silence { from: pair[0] + 1, to: Some(pair[1] - 1) }).collect();
        Some(Habit { last, usual_gap_days, silences })
    }

    /// The longest of its gaps that is no silence, in days from one report to the next.
    pub fn usual_gap_days(&self) -> i32 {
        self.usual_gap_days
    }

    /// When it was silent between two reports, in their order.
    pub fn silences(&self) -> &[Silence] {
        &self.silences
    }

    /// Days since the last report, where by the end of a day they are more than its habit has.
    pub fn silent_days(&self, day: Day) -> Option<i32> {
        let silent = day - self.last;
        (silent > bar(self.usual_gap_days)).then_some(silent)
    }

    /// The silence that lasts on a day.
    pub fn lasting(&self, day: Day) -> Option<Silence> {
        self.silent_days(day).map(|_| Silence { from: self.last + 1, to: None })
    }
}

/// The longest gap, in days, that is no silence after usual ones of a length.
fn bar(usual_gap_days: i32) -> i32 {
    GAP_DAYS_MIN.max(usual_gap_days.saturating_mul(GAP_FACTOR))
}

/// The longest usual gap between days that ascend; none of fewer than two.
fn usual(days: &[Day]) -> Option<i32> {
    let mut gaps: Vec<i32> = days.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let all: i32 = gaps.iter().sum();
    let mut usual = *gaps.first()?;
    for (at, &gap) in gaps.iter().enumerate() {
        let longer = &gaps[at..];
        let recurs = longer.len() >= RECURRING_MIN && longer.iter().sum::<i32>() > all / 2;
        if gap > bar(usual) && !recurs {
            break;
        }
        usual = gap;
    }
    Some(usual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What follows from gaps: the usual one, and the lengths of the silent ones.
    fn told(gaps: &[i32]) -> (i32, Vec<i32>) {
        let days = gaps.iter().scan(Day(0), |day, gap| {
            *day = *day + *gap;
            Some(*day)
        });
        let habit = Habit::of([Day(0)].into_iter().chain(days)).unwrap();
        let silent = habit.silences().iter().map(|silence| silence.to.unwrap() - silence.from + 2).collect();
        (habit.usual_gap_days(), silent)
    }

    fn weekly_with(pauses: &[i32]) -> Vec<i32> {
        [7; 20].into_iter().chain(pauses.iter().flat_map(|pause| [*pause, 7, 7])).collect()
    }

    #[test]
    fn what_is_usual_and_what_is_a_silence() {
        let month = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30];
        let burst: Vec<i32> = month.iter().flat_map(|days| [1, 1, days - 2]).collect();
        let quarters: Vec<i32> = [1, 90, 1, 91, 1, 90, 1].into();
        for (what, gaps, usual, silent) in [
            ("each month", month.to_vec(), 31, vec![]),
            ("on three days of each month", burst, 29, vec![]),
            ("each month, and once a correction on the next day", [&[1, 30][..], &month[..10]].concat(), 31, vec![]),
            ("each quarter", vec![90, 92, 92], 92, vec![]),
            ("on two days of each quarter", quarters, 91, vec![]),
            ("each quarter but one", vec![91, 182], 182, vec![]),
            ("on working days, a holiday among them", [[1, 1, 1, 1, 3]; 30].concat(), 3, vec![]),
            ("each day but a fortnight", [vec![1; 100], vec![14], vec![1; 100]].concat(), 14, vec![]),
            ("each day but 15 days", [vec![1; 100], vec![15], vec![1; 100]].concat(), 1, vec![15]),
            ("each week, with a pause at Christmas", weekly_with(&[21]), 7, vec![21]),
            ("each week, a week missed", weekly_with(&[14]), 14, vec![]),
            ("each week, with one silence that is short and one that is long", weekly_with(&[15, 90]), 7, vec![15, 90]),
            ("each week, with silences in less than half the year", weekly_with(&[30, 30, 30]), 7, vec![30, 30, 30]),
            ("each day, then silent for most of the year", [vec![1; 30], vec![200, 1, 1]].concat(), 1, vec![200]),
            ("at random", vec![1, 2, 2, 4, 5, 7, 9, 12, 17, 24, 38], 38, vec![]),
            ("twice", vec![40], 40, vec![]),
        ] {
            assert_eq!(told(&gaps), (usual, silent), "{what}");
        }
    }

    #[test]
    fn a_silence_lasts_from_the_day_after_the_last_report() {
        let ten = Habit::of((0..30).map(|n| Day(n * 10))).unwrap();
        assert_eq!((ten.silent_days(Day(310)), ten.lasting(Day(310))), (None, None));
        assert_eq!(ten.silent_days(Day(311)), Some(21));
        assert_eq!(ten.lasting(Day(311)), Some(Silence { from: Day(291), to: None }));
        let daily = Habit::of((0..30).map(Day)).unwrap();
        assert_eq!((daily.silent_days(Day(43)), daily.silent_days(Day(44))), (None, Some(15)));
        assert_eq!(daily.silent_days(Day(3)), None, "of a day before the last report nothing is told");
        assert_eq!((Habit::of([]), Habit::of([Day(5), Day(5)])), (None, None), "one day is no habit");
    }

    #[test]
    fn what_is_older_than_a_year_is_forgotten() {
        let of = |first: i32| Habit::of([first, 100, 110, 120, 463].map(Day)).unwrap();
        assert_eq!(of(0), of(99));
        assert_eq!(Habit::of([99, 463].map(Day)), None);
        assert_eq!(Habit::of([100, 463].map(Day)).map(|habit| habit.usual_gap_days()), Some(363));
    }

    /// Days of a source that reports after gaps of these lengths, over and over, within a year.
    fn every(gaps: &[i32]) -> Vec<Day> {
        let ends = gaps.iter().cycle().scan(0, |day, gap| {
            *day += gap;
            Some(*day)
        });
        [0].into_iter().chain(ends).take_while(|day| *day < HABIT_DAYS).map(Day).collect()
    }

    proptest! {
        #[test]
        fn neither_order_nor_repetition_shows(days in proptest::collection::vec(0..500i32, 0..60), turn in 0..60usize) {
            let days: Vec<Day> = days.into_iter().map(Day).collect();
            let mut turned = days.clone();
            turned.rotate_left(turn.min(days.len()));
            let again = turned.iter().rev().chain(&days).copied();
            prop_assert_eq!(Habit::of(days.iter().copied()), Habit::of(again));
        }

        /// Silences lie whole between two reports that follow each other, and are what is longer than the bar of the
        /// usual gap, which is the longest of the others.
        #[test]
        fn silences_are_the_gaps_beyond_the_bar(days in proptest::collection::btree_set(0..HABIT_DAYS, 2..60)) {
            let days: Vec<Day> = days.into_iter().map(Day).collect();
            let habit = Habit::of(days.iter().copied()).unwrap();
            let (silent, usual): (Vec<&[Day]>, Vec<&[Day]>) =
                days.windows(2).partition(|pair| pair[1] - pair[0] > 14.max(2 * habit.usual_gap_days()));
            let told: Vec<(Day, Option<Day>)> = habit.silences().iter().map(|one| (one.from, one.to)).collect();
            let expected: Vec<(Day, Option<Day>)> =
                silent.iter().map(|pair| (pair[0] + 1, Some(pair[1] - 1))).collect();
            prop_assert_eq!(told, expected);
            prop_assert_eq!(usual.iter().map(|pair| pair[1] - pair[0]).max(), Some(habit.usual_gap_days()));
        }

        /// Who reports at least every two months, as regularly as calendars are, and on one more day, was never silent.
        #[test]
        fn one_more_report_makes_nobody_silent(
            period in 1..=60i32, jitter in proptest::collection::vec(0..=3i32, 1..30), more in 0..HABIT_DAYS,
        ) {
            let gaps: Vec<i32> = jitter.iter().map(|jitter| (period - jitter).max(1)).collect();
            let mut days = every(&gaps);
            let silences = |days: &[Day]| Habit::of(days.iter().copied()).unwrap().silences().to_vec();
            prop_assert_eq!(silences(&days), []);
            days.push(Day(more.min(days[days.len() - 1].0)));
            prop_assert_eq!(silences(&days), []);
        }

        /// A silence, or two, change nothing of the habit of who reports at least twice a month: the next one is seen as
        /// early as the first.
        #[test]
        fn no_silence_becomes_the_habit(period in 1..=14i32, before in 60..90i32, silences in (29..90i32, 29..90i32)) {
            let regular = Habit::of((0..=before).step_by(period as usize).map(Day)).unwrap();
            let second = before + silences.0;
            let third = second + 20 + silences.1;
            let stretches = [(0, before), (second, second + 20), (third, third + 20)];
            let days = stretches.map(|(from, to)| (from..=to).step_by(period as usize).map(Day));
            let habit = Habit::of(days.into_iter().flatten()).unwrap();
            prop_assert_eq!(habit.usual_gap_days(), regular.usual_gap_days());
            prop_assert_eq!(habit.silences().len(), 2);
        }
    }
}
