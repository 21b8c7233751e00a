//! What only the maker of a cell knows of it while nothing moves: for a judge that asks how much can be found at all.

use crate::math::{cos_turn, exp};
use crate::plan::Cell;
use crate::rates::{KEPT, YEAR_WEEKS};

/// The cell's own shares and their noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// By reporter.
    mixes: Vec<Vec<f64>>,
    routes: Vec<Vec<f64>>,
    seasons: Vec<(f64, f64)>,
    drift: Vec<f64>,
    noise: (f64, f64),
    misnamed: f64,
}

impl Known {
    /// Of a cell of which a part of the events is first reported under another substance.
    pub(crate) fn of(cell: &Cell, misnamed: f64) -> Known {
        Known {
            mixes: cell.reporters.iter().map(|reporter| reporter.mix.clone()).collect(),
            routes: cell.reporters.iter().map(|reporter| reporter.routes.clone()).collect(),
            seasons: cell.seasons[1..].to_vec(),
            drift: cell.drift.clone(),
            noise: cell.noise,
            misnamed,
        }
    }

    /// Share of each substance in what a reporter is to be expected to report of a week.
    pub fn substances(&self, reporter: usize, week: usize) -> Vec<f64> {
        let year = week as f64 / YEAR_WEEKS;
        let rate = |(k, share): (usize, &f64)| {
            let (height, peak) = self.seasons[k];
            share * (1.0 + height * cos_turn(year - peak)) * exp(self.drift[k] * year)
        };
        let rates: Vec<f64> = self.mixes[reporter].iter().enumerate().map(rate).collect();
        let total: f64 = rates.iter().sum();
        let others = (rates.len() - 1) as f64;
        rates
            .iter()
            .map(|rate| rate / total)
            .map(|share| share * (1.0 - self.misnamed) + (1.0 - share) * self.misnamed / others)
            .collect()
    }

    /// Share of each route, likewise; it is the same in every week.
    pub fn routes(&self, reporter: usize) -> &[f64] {
        &self.routes[reporter]
    }

    /// Variance of the logarithm of a substance's share over many weeks, times their number: noise that is carried on
    /// counts for more than fresh noise of the same size. Shares of routes have none.
    pub fn variance(&self) -> f64 {
        let (fresh, carried) = self.noise;
        fresh * fresh + carried * carried * (1.0 + KEPT) / (1.0 - KEPT)
    }
}

#[cfg(test)]
mod tests {
    use crate::{CellKind, Cells};

    #[test]
    fn quiet_cells_report_what_is_to_be_expected() {
        let cells = Cells::new().unwrap();
        let (mut seen, mut expected) = ([0.0; 2], [0.0; 2]);
        for number in 0..60 {
            let cell = cells.cell(CellKind::Null, 4, number);
            for event in &cell.events {
                let (reporter, delta) = (usize::from(event.reporter), f64::from(event.delta));
                let substances = cell.known.substances(reporter, usize::try_from(event.day / 7).unwrap());
                assert!((substances.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                seen[0] += delta * f64::from(u8::from(event.substance == 0));
                seen[1] += delta * f64::from(u8::from(event.route == 0));
                expected[0] += delta * substances[0];
                expected[1] += delta * cell.known.routes(reporter)[0];
            }
        }
        for (seen, expected) in seen.into_iter().zip(expected) {
            assert!((seen / expected - 1.0).abs() < 0.05, "{seen}, not {expected}");
        }
    }
}
