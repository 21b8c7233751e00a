//! Rolling sums: windows that end on each day of one key's figures.

use headwater_model::{Day, Rolling, Sums, WINDOW_DAYS, in_window};

/// One figure of a key: its last day, its length in days, and what it says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub day: Day,
    pub period_days: u16,
    pub sums: Sums,
}

impl Figure {
    fn within(&self, day: Day, window_days: i32) -> bool {
        in_window(self.day - (i32::from(self.period_days) - 1), self.day, day, window_days)
    }
}

/// The windows that end on each figure's day, over figures of all lengths. `figures` ascend by day.
///
/// Figures of one length leave a window in the order in which they entered it, so each length takes one pass: the cost
/// is the number of figures times the number of distinct lengths.
///
/// # Errors
/// The day whose window leaves 64 bits.
pub(crate) fn roll(figures: &[Figure]) -> Result<Vec<[Rolling; WINDOW_DAYS.len()]>, Day> {
    let mut lengths: Vec<u16> = figures.iter().map(|figure| figure.period_days).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let mut windows = vec![[(0i128, 0i128); WINDOW_DAYS.len()]; figures.len()];
    let mut same: Vec<Figure> = Vec::new();
    for length in lengths {
        same.clear();
        same.extend(figures.iter().filter(|figure| figure.period_days == length));
        for (w, window_days) in WINDOW_DAYS.into_iter().enumerate() {
            let (mut first, mut end) = (0, 0);
            let (mut mass_mg, mut incidents) = (0i128, 0i128);
            for (figure, window) in figures.iter().zip(&mut windows) {
                while end < same.len() && same[end].day <= figure.day {
                    mass_mg += i128::from(same[end].sums.mass_mg);
                    incidents += i128::from(same[end].sums.incidents);
                    end += 1;
                }
                while first < end && !same[first].within(figure.day, window_days) {
                    mass_mg -= i128::from(same[first].sums.mass_mg);
                    incidents -= i128::from(same[first].sums.incidents);
                    first += 1;
                }
                window[w].0 += mass_mg;
                window[w].1 += incidents;
            }
        }
    }
    figures.iter().zip(windows).map(|(figure, window)| narrow(window).ok_or(figure.day)).collect()
}

fn narrow(windows: [(i128, i128); WINDOW_DAYS.len()]) -> Option<[Rolling; WINDOW_DAYS.len()]> {
    let mut rolling = [Rolling::default(); WINDOW_DAYS.len()];
    for (rolling, (mass_mg, incidents)) in rolling.iter_mut().zip(windows) {
        *rolling = Rolling { mass_mg: mass_mg.try_into().ok()?, incidents: incidents.try_into().ok()? };
    }
    Some(rolling)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn figure(day: i32, period_days: u16, mass_mg: i64) -> Figure {
        Figure { day: Day(day), period_days, sums: Sums { mass_mg, incidents: 1, ..Sums::default() } }
    }

    #[test]
    fn the_four_windows_of_single_days() {
        let figures = [figure(0, 1, 1), figure(7, 1, 10), figure(28, 1, 100), figure(363, 1, 1_000)];
        let rolled = roll(&figures).unwrap();
        let masses: Vec<[i64; 4]> = rolled.iter().map(|windows| windows.map(|w| w.mass_mg)).collect();
        assert_eq!(masses, [[1, 1, 1, 1], [10, 11, 11, 11], [100, 110, 111, 111], [1_000, 1_000, 1_000, 1_111]]);
        assert_eq!(rolled[3][3].incidents, 4);
    }

    #[test]
    fn a_window_beyond_64_bits_names_its_day() {
        let figures = [figure(0, 1, i64::MAX), figure(1, 1, 1), figure(8, 1, 1)];
        assert_eq!(roll(&figures), Err(Day(1)));
        assert_eq!(roll(&[figure(0, 1, i64::MAX), figure(1, 1, 1), figure(1, 2, -1)]).unwrap().len(), 3);
    }

    proptest! {
        #[test]
        fn equals_the_quadratic_sum(
            list in proptest::collection::vec((0..400i32, 0..7usize, -50..50i64, 0..3i64), 0..60)
        ) {
            let lengths = [1, 7, 28, 31, 92, 365, 366];
            let mut figures: Vec<Figure> = list
                .into_iter()
                .map(|(day, length, mass_mg, incidents)| Figure {
                    day: Day(day),
                    period_days: lengths[length],
                    sums: Sums { mass_mg, incidents, ..Sums::default() },
                })
                .collect();
            figures.sort_by_key(|figure| (figure.day, figure.period_days));
            for (figure, windows) in figures.iter().zip(roll(&figures).unwrap()) {
                for (window_days, rolling) in [7, 28, 91, 364].into_iter().zip(windows) {
                    let within = |f: &&Figure| {
                        let slack = if f.period_days > 1 { 3 } else { 0 };
                        let first = f.day.0 - i32::from(f.period_days) + 1;
                        f.day <= figure.day && first > figure.day.0 - window_days - slack
                    };
                    let mass_mg: i64 = figures.iter().filter(within).map(|f| f.sums.mass_mg).sum();
                    let incidents: i64 = figures.iter().filter(within).map(|f| f.sums.incidents).sum();
                    prop_assert_eq!(rolling, Rolling { mass_mg, incidents });
                }
            }
        }
    }
}
