//! Beta-binomial CUSUM on shares: for each ordered pair of labels, whether the share of the one among both has risen
//! week by week as if a fraction of the other's flow had moved to it.
//!
//! C <- max(0, C + log likelihood ratio), the counts beta-binomial about the share that is expected. Per reporter, the
//! ratios added; or all reporters pooled. What is expected are the counts up to 26 weeks ago.
//!
//! Source: Höhle, Online change-point detection in categorical time series (2010). Checked against `categoricalCUSUM` of
//! the R package surveillance 1.20.3, and against SciPy 1.17's `betabinom`.

use crate::lagged::Lagged;
use crate::method::{Method, Reading, Row, Trace};
use crate::view::View;
use crate::weekly::{Weekly, trace};

/// Weeks that the expectation lags behind, and in which its memory halves.
const LAG_WEEKS: usize = 26;
const HALF_LIFE_WEEKS: f64 = 300.0;

/// A CUSUM with its constants.
#[derive(Clone, Copy, Debug)]
struct ShareCusum {
    by_reporter: bool,
    /// Fraction of the falling label's flow that has moved.
    fraction: f64,
    /// Precision of the beta-binomial.
    precision: f64,
}

/// The row that keeps reporters apart.
pub fn stratified() -> Row {
    Row::new("share-cusum", "beta-binomial CUSUM on shares, per reporter (Höhle 2010)", grid(true))
}

/// The row that pools them.
pub fn pooled() -> Row {
    Row::new("share-cusum-pooled", "beta-binomial CUSUM on shares, reporters pooled (Höhle 2010)", grid(false))
}

fn grid(by_reporter: bool) -> impl Iterator<Item = ShareCusum> {
    let precisions = [2.5, 5.0, 10.0];
    precisions
        .into_iter()
        .flat_map(move |precision| [0.4, 0.65, 0.85].map(|fraction| ShareCusum { by_reporter, fraction, precision }))
}

impl Method for ShareCusum {
    fn settings(&self) -> String {
        format!("fraction {}, precision {}", self.fraction, self.precision)
    }

    fn run(&self, view: &View) -> Trace {
        let (k, strata) = (view.labels, if self.by_reporter { view.strata.len() } else { 1 });
        let weekly = Weekly::new(view);
        let count = |week, stratum, label| match self.by_reporter {
            true => weekly.at(week, stratum, label),
            false => weekly.pooled(week, label),
        };
        let mut lagged = Lagged::new(view.weeks(), strata, k, LAG_WEEKS, HALF_LIFE_WEEKS);
        let mut sums = vec![0.0f64; k * k];
        let mut next = 0;
        trace(view, |week| {
            while next <= week {
                lagged.begin(next);
                for (stratum, label) in (0..strata).flat_map(|stratum| (0..k).map(move |label| (stratum, label))) {
                    lagged.count(next, stratum, label, count(next, stratum, label));
                }
                next += 1;
            }
            let mut reading = Reading::NOTHING;
            for (falling, rising) in (0..k).flat_map(|a| (0..k).filter(move |b| *b != a).map(move |b| (a, b))) {
                let ratio = |stratum| {
                    let odds = lagged.sum(stratum, rising) / lagged.sum(stratum, falling);
                    let moved = (odds + self.fraction) / (1.0 - self.fraction);
                    let shares = [odds / (1.0 + odds), moved / (1.0 + moved)];
                    let counts = [count(week, stratum, rising), count(week, stratum, falling)];
                    log_likelihood_ratio(counts, shares, self.precision)
                };
                let sum = &mut sums[falling * k + rising];
                *sum = (*sum + (0..strata).map(ratio).sum::<f64>()).max(0.0);
                if *sum > reading.statistic {
                    reading =
                        Reading { statistic: *sum, falling: Some(falling), rising: Some(rising), ..Reading::NOTHING };
                }
            }
            reading
        })
    }
}

/// Log of the beta-binomial probability of counts (of the one, of the other) about the second share over that about the
/// first. What the two have in common cancels.
fn log_likelihood_ratio(counts: [f64; 2], shares: [f64; 2], precision: f64) -> f64 {
    let rising_factorials = |count: f64, null: f64, alternative: f64| -> f64 {
        let mut product = 1.0;
        let mut log = 0.0;
        for i in 0..count as u32 {
            product *= (alternative * precision + f64::from(i)) / (null * precision + f64::from(i));
            // Before it can leave the range of numbers.
            if !(1e-100..1e100).contains(&product) {
                log += product.ln();
                product = 1.0;
            }
        }
        log + product.ln()
    };
    rising_factorials(counts[0], shares[0], shares[1]) + rising_factorials(counts[1], 1.0 - shares[0], 1.0 - shares[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weekly::tests::names_the_shift;

    #[test]
    fn the_sum_is_that_of_surveillance() {
        let counts = [(1, 6), (3, 7), (2, 5), (0, 3), (5, 8), (4, 6), (6, 9), (2, 4), (7, 8), (5, 6)];
        let expected = [
            0.0,
            0.154_150_680,
            0.194_972_674,
            0.0,
            0.916_290_732,
            1.832_581_464,
            2.972_015_747,
            3.264_152_170,
            5.143_253_649,
            6.598_540_882,
        ];
        let mut sum = 0.0f64;
        for ((one, both), expected) in counts.into_iter().zip(expected) {
            let counts = [f64::from(one), f64::from(both - one)];
            sum = (sum + log_likelihood_ratio(counts, [0.3, 0.5], 10.0)).max(0.0);
            assert!((sum - expected).abs() < 1e-8, "{sum}, not {expected}");
        }
    }

    #[test]
    fn a_shift_is_named_by_both_its_labels() {
        for by_reporter in [true, false] {
            names_the_shift(&ShareCusum { by_reporter, fraction: 0.4, precision: 10.0 }, [Some(0), Some(1)]);
        }
    }
}
