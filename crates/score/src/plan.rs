//! How many cells are drawn, and what is allowed on them.

use headwater_sim::CellKind;
use serde::Serialize;

/// Quiet cells of the short form: 900 market-years of them calibrate a threshold, as many judge it.
const SHORT_CELLS: u64 = 300;
/// Quiet cells of the long form: with 9,000 market-years each, nine false alarms are allowed at 1 per 1,000.
const LONG_CELLS: u64 = 3_000;
/// Most quiet cells: their traces are held in memory, 11 kB a cell and use.
pub const CELLS_MAX: u64 = 20_000;

/// What is drawn and allowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The same seed gives the same cells.
    pub seed: u64,
    /// Quiet cells that calibrate, and as many that judge.
    pub cells: u64,
    /// False alarms per 1,000 market-years that a threshold may have where it is calibrated.
    pub budget: f64,
    /// Threads.
    pub threads: usize,
}

/// Whether cells set thresholds and constants, or judge them: no cell does both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// They set.
    Calibration,
    /// They judge.
    Test,
}

impl Plan {
    /// Judged at 10 per 1,000, within minutes.
    pub fn short(seed: u64) -> Plan {
        Plan { seed, cells: SHORT_CELLS, budget: 10.0, threads: 2 }
    }

    /// Judged at 1 per 1,000.
    pub fn long(seed: u64) -> Plan {
        Plan { seed, cells: LONG_CELLS, budget: 1.0, threads: 2 }
    }

    /// Cells of a kind, for one use.
    pub fn count(&self, kind: CellKind) -> u64 {
        match kind {
            CellKind::Null => self.cells,
            CellKind::Substitution | CellKind::Displacement => self.cells.div_ceil(2),
            _ => self.cells.div_ceil(4),
        }
    }

    /// The seed of the cells for a use.
    pub fn seed(&self, use_: Use) -> u64 {
        self.seed.wrapping_mul(2).wrapping_add(u64::from(use_ == Use::Test))
    }

    /// False alarms that a budget allows in so many market-years, rounded down.
    pub fn allowed(budget: f64, market_years: f64) -> u64 {
        (budget * market_years / 1_000.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_of_calibration_and_test_never_meet() {
        let seeds: Vec<u64> =
            (0..4).flat_map(|seed| [Use::Calibration, Use::Test].map(|use_| Plan::short(seed).seed(use_))).collect();
        assert_eq!(seeds, (0..8).collect::<Vec<u64>>());
    }

    #[test]
    fn the_long_form_allows_nine_false_alarms() {
        let years = |plan: Plan| plan.count(CellKind::Null) as f64 * 3.0;
        assert_eq!(Plan::allowed(Plan::long(1).budget, years(Plan::long(1))), 9);
        assert_eq!(Plan::allowed(Plan::short(1).budget, years(Plan::short(1))), 9);
        assert_eq!(Plan { cells: 5, ..Plan::short(1) }.count(CellKind::Noise), 2);
    }
}
