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
