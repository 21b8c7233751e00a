//! A part of the year, and when it was in other years.

use headwater_model::{Day, Onset};

use crate::block::week_last;
use crate::tally::Tally;

/// Days of four years: a year is a quarter of a day longer than 365.
const FOUR_YEARS: i32 = 1_461;

/// The days since an onset, and the same days of every year before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Season {
    first: Day,
    days: i32,
}

impl Season {
    /// The season of a change that is looked at on a day. One that has lasted for a year has the whole year as its season.
    /// It begins with the onset's date: what comes every year spreads the interval around it over the year before.
    pub fn of(onset: &Onset, day: Day) -> Season {
        Season { first: onset.date, days: week_last(day.week()) - onset.date }
    }

    /// How many years before the change's own season a day lies in it; none where it lies in none.
    fn years_before(&self, day: Day) -> Option<i32> {
        let quarters = 4 * (day - self.first);
        let inside = quarters.rem_euclid(FOUR_YEARS) <= 4 * self.days;
        inside.then(|| -quarters.div_euclid(FOUR_YEARS))
    }

    /// Takes the blocks of trade out that lie in another part of the year. Seizures stay: nobody declares them by season.
    pub fn keep(&self, tally: &mut Tally) {
        let Tally { weeks, strata, .. } = tally;
        for blocks in weeks.values_mut() {
            blocks
                .retain(|block| !strata[usize::from(block.stratum)].1 || self.years_before(block.key.last()).is_some());
        }
        weeks.retain(|_, blocks| !blocks.is_empty());
    }

    /// Whether trade has incidents of some labels since the onset, and in how many of the two seasons before.
    pub fn trade_years(&self, tally: &Tally, labels: [usize; 2]) -> (bool, usize) {
        let mut seen = [false; 3];
        for block in tally.weeks.values().flatten().filter(|block| tally.strata[usize::from(block.stratum)].1) {
            let years = self.years_before(block.key.last()).and_then(|years| usize::try_from(years).ok());
            if let Some(seen) = years.and_then(|years| seen.get_mut(years)) {
                *seen |= labels.iter().any(|label| block.counts[*label] > 0.0);
            }
        }
        (seen[0], seen[1..].iter().filter(|seen| **seen).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn season(earliest: &str, day: &str) -> Season {
        let [date, day] = [earliest, day].map(|day| Day::parse(day).unwrap());
        Season::of(&Onset { date, earliest: date, latest: date, level: 0.9 }, day)
    }

    #[test]
    fn the_same_days_of_other_years_are_in_it_and_the_rest_is_not() {
        let season = season("2023-03-02", "2023-08-30");
        let years = |day: &str| season.years_before(Day::parse(day).unwrap());
        assert_eq!(["2023-03-02", "2023-05-01", "2023-08-30"].map(years), [Some(0); 3]);
        assert_eq!(
            ["2022-03-03", "2022-08-29", "2020-03-03", "2013-06-01"].map(years),
            [Some(1), Some(1), Some(3), Some(10)]
        );
        assert_eq!(["2023-02-27", "2022-02-28", "2022-09-02", "2021-01-01", "2020-09-02"].map(years), [None; 5]);
    }

    #[test]
    fn what_has_lasted_a_year_has_every_day_in_its_season() {
        let season = season("2022-08-01", "2023-08-02");
        assert!((-2_000..=360).all(|d| season.years_before(season.first + d).is_some()));
    }
}
