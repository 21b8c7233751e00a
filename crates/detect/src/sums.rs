//! The sums of a cell's pairs: what its weeks have made of the prior weight.

use std::ops::Range;

use crate::config::StatisticConfig;
use crate::factors::PairFactors;
use crate::statistic::{LANES, Shape};

/// Where a sum stops growing: far above any bar, far below infinity.
pub(crate) const SUM_MAX: f64 = 1e250;
/// Weeks without any block after which the history begins anew.
const SILENCE_WEEKS_MAX: i32 = 52;

/// The sums at the end of an event week. No pair's depend on another's: those of one pair alone are what they are among
/// all, bit for bit.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    pub week: i32,
    /// Since when there is history without a silence.
    run_start: i32,
    last_block: i32,
    /// The pairs that are run, `falling * labels + rising`: all, or one.
    pub pairs: Range<usize>,
    /// `[pair][fraction * MODES + mode]`, flat.
    sums: Vec<f64>,
    /// Prior weight spent so far, by pair, faded as the sums are.
    spent: Vec<f64>,
}

/// What the sums of all pairs say at the end of a week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Level {
    /// Natural logarithm of the sum.
    pub log: f64,
    /// Natural logarithm of the prior weight spent on the cell.
    pub spent_log: f64,
}

impl Sums {
    /// Before the first week.
    pub fn new(first_week: i32, pairs: Range<usize>) -> Sums {
        Sums {
            week: first_week - 1,
            run_start: first_week,
            last_block: first_week,
            sums: vec![0.0; pairs.len() * LANES],
            spent: vec![0.0; pairs.len()],
            pairs,
        }
    }

    /// Becomes another, in the room that it has.
    pub fn become_copy(&mut self, other: &Sums) {
        let Sums { week, run_start, last_block, pairs, sums, spent } = other;
        (self.week, self.run_start, self.last_block, self.pairs) = (*week, *run_start, *last_block, pairs.clone());
        self.sums.clone_from(sums);
        self.spent.clone_from(spent);
    }

    /// The next week begins; whether it is tested: there are twelve months of history.
    pub fn enter(&mut self, has_blocks: bool, config: &StatisticConfig) -> bool {
        self.week += 1;
        if has_blocks {
            if self.week - self.last_block > SILENCE_WEEKS_MAX {
                self.run_start = self.week;
            }
            self.last_block = self.week;
        }
        self.week - self.run_start >= config.history_weeks
    }

    /// What came before fades, and the prior weights of a week come in: one for each label that falls, over all lanes of
    /// each of its pairs.
    pub fn add_weights(&mut self, weights: &[f64], shape: &Shape, config: &StatisticConfig) {
        let (k, kept) = (weights.len(), config.kept());
        for (a, weight) in weights.iter().enumerate() {
            let lane = weight / LANES as f64;
            let row = (a * k).max(self.pairs.start)..((a + 1) * k).min(self.pairs.end);
            for pair in row.filter(|pair| *pair != a * k + a) {
                if shape.tests(pair, self.week, config) {
                    let at = pair - self.pairs.start;
                    self.spent[at] = self.spent[at] * kept + weight;
                    let sums = &mut self.sums[at * LANES..(at + 1) * LANES];
                    sums.iter_mut().for_each(|sum| *sum = *sum * kept + lane);
                }
            }
        }
    }

    /// Multiplies by what a week's blocks say.
    pub fn multiply(&mut self, factors: &[PairFactors]) {
        for factors in factors {
            let at = (factors.pair - self.pairs.start) * LANES;
            factors.multiply(&mut self.sums[at..at + LANES], SUM_MAX);
        }
    }

    /// The sum over all pairs.
    pub fn total(&self) -> f64 {
        self.sums.iter().sum()
    }

    /// Each pair that has a part, with that part.
    pub fn parts(&self) -> impl Iterator<Item = (usize, f64)> {
        let parts = self.sums.chunks_exact(LANES).map(|sums| sums.iter().sum::<f64>());
        self.pairs.clone().zip(parts).filter(|(_, part)| *part > 0.0)
    }

    /// What they say together; none before anything was tested.
    pub fn level(&self) -> Option<Level> {
        let total = self.total();
        (total > 0.0).then(|| Level { log: total.ln(), spent_log: self.spent.iter().sum::<f64>().ln() })
    }

    /// The pair that leads, with the natural logarithm of its part. Of pairs of the same logarithm the first in the order
    /// of the family's members leads.
    pub fn leader(&self) -> Option<(f64, usize)> {
        let (mut most, mut second, mut at) = (0.0, 0.0, None);
        for (pair, part) in self.parts() {
            if part > most {
                (most, second, at) = (part, most, Some(pair));
            } else if part > second {
                second = part;
            }
        }
        // The logarithms of nearly equal parts may be the same.
        let least = most * (1.0 - NEAR);
        if second < least {
            return at.map(|pair| (most.ln(), pair));
        }
        let near = self.parts().filter(|(_, part)| *part >= least).map(|(pair, part)| (part.ln(), pair));
        near.reduce(|best, next| if next.0 > best.0 { next } else { best })
    }

    /// One pair's part.
    pub fn part(&self, pair: usize) -> f64 {
        let at = pair - self.pairs.start;
        self.sums[at * LANES..(at + 1) * LANES].iter().sum()
    }

    /// Natural logarithm of the prior weight spent on a pair.
    pub fn spent_log(&self, pair: usize) -> f64 {
        self.spent[pair - self.pairs.start].ln()
    }
}

/// Parts that differ by less, relatively, may have the same logarithm: its rounding is below 2e-13 up to [`SUM_MAX`].
const NEAR: f64 = 1e-9;
