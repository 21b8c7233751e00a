//! Negative-binomial CUSUM of counts: for each label by itself, whether its mean has become so many times what its
//! season lets expect.
//!
//! C <- max(0, C + log likelihood ratio), the counts negative-binomial with variance mean + alpha mean^2. Means are
//! log-linear with one harmonic of the year, fitted to what was counted up to 26 weeks ago, every quarter or only once;
//! alpha is the estimate by moments. It names what rises only.
//!
//! Source: Höhle and Paul, Count data regression charts for the monitoring of surveillance time series (2008). Checked
//! against `algo.glrnb` (with a given shift) of the R package surveillance 1.20.3.

use std::f64::consts::TAU;

use crate::method::{Method, Row, Trace};
use crate::peers::glm::{fit, log_mean};
use crate::view::View;
use crate::weekly::{Weekly, greatest, trace};

/// Weeks of the season's year.
const YEAR_WEEKS: f64 = 52.0;
/// Weeks between two fits, and weeks that a fit lags behind.
const REFIT_WEEKS: usize = 13;
const LAG_WEEKS: usize = 26;
/// Least mean: a label never seen has one event in two years.
const MEAN_MIN: f64 = 0.01;

/// The CUSUM with its constants.
#[derive(Clone, Copy, Debug)]
struct NegativeBinomialCusum {
    /// The mean's factor that is looked for.
    factor: f64,
    /// Whether it is fitted again every quarter.
    refits: bool,
}

/// The row.
pub fn row() -> Row {
    let grid = [2.0, 4.0, 8.0]
        .into_iter()
        .flat_map(|factor| [false, true].map(|refits| NegativeBinomialCusum { factor, refits }));
    Row::new("nb-cusum", "negative-binomial CUSUM on weekly counts (Höhle and Paul 2008)", grid)
}

impl Method for NegativeBinomialCusum {
    fn settings(&self) -> String {
        format!("factor {}, {}", self.factor, if self.refits { "fitted every quarter" } else { "fitted once" })
    }

    /// The default of `algo.glrnb`.
    fn own_threshold(&self, _barred: bool) -> Option<f64> {
        Some(5.0)
    }

    fn run(&self, view: &View) -> Trace {
        let weekly = Weekly::new(view);
        let history = view.history_weeks();
        let mut labels: Vec<Label> =
            (0..view.labels).map(|label| Label { series: weekly.series(label), season: None, sum: 0.0 }).collect();
        trace(view, |week| {
            greatest(labels.iter_mut().map(|label| {
                if week + 1 == history {
                    label.season = Season::new(&label.series[..history]);
                } else if self.refits && (week - history).is_multiple_of(REFIT_WEEKS) {
                    label.season = Season::new(&label.series[..(week - LAG_WEEKS).max(history)]);
                }
                label.look(week, self.factor)
            }))
        })
    }
}

struct Label {
    series: Vec<f64>,
    season: Option<Season>,
    sum: f64,
}

impl Label {
    fn look(&mut self, week: usize, factor: f64) -> f64 {
        if let Some(season) = &self.season {
            let ratio = log_likelihood_ratio(self.series[week], season.mean(week), factor, season.alpha);
            self.sum = (self.sum + ratio).max(0.0);
        }
        self.sum
    }
}

/// What is expected of a label.
struct Season {
    coefficients: [f64; 3],
    alpha: f64,
}

impl Season {
    /// Fitted to a series from week 0 on; none where it cannot be fitted.
    fn new(series: &[f64]) -> Option<Season> {
        let design: Vec<[f64; 3]> = (0..series.len()).map(harmonic).collect();
        let mut season = Season { coefficients: fit(&design, series)?, alpha: 0.0 };
        let (mut excess, mut squares) = (0.0, 0.0);
        for (week, count) in series.iter().enumerate() {
            let mean = season.mean(week);
            excess += (count - mean).powi(2) - mean;
            squares += mean * mean;
        }
        season.alpha = (excess / squares).max(0.0);
        Some(season)
    }

    fn mean(&self, week: usize) -> f64 {
        log_mean(&harmonic(week), &self.coefficients).exp().max(MEAN_MIN)
    }
}

fn harmonic(week: usize) -> [f64; 3] {
    let turn = TAU * week as f64 / YEAR_WEEKS;
    [1.0, turn.cos(), turn.sin()]
}

/// Log of the negative-binomial probability of a count about `factor` x mean over that about the mean; Poisson where
/// alpha is 0.
fn log_likelihood_ratio(count: f64, mean: f64, factor: f64, alpha: f64) -> f64 {
    if alpha < 1e-9 {
        return count * factor.ln() - (factor - 1.0) * mean;
    }
    count * factor.ln() - (count + 1.0 / alpha) * ((1.0 + alpha * factor * mean) / (1.0 + alpha * mean)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::salmonella::AGONA;
    use crate::weekly::tests::names_the_shift;

    /// The last 20 weeks of the series about 3 + 2 sin(2 pi t / 20), alpha 0.2, a factor of 1.5.
    #[test]
    fn the_sum_is_that_of_surveillance() {
        let expected = [
            0.121860518,
            0.900906064,
            1.347428167,
            1.347409296,
            0.778656210,
            0.041434914,
            0.0,
            0.0,
            0.0,
            0.0,
            0.275714391,
            0.768441248,
            0.859762310,
            0.748040589,
            0.998671852,
            1.525484738,
            1.616805800,
            1.549521013,
            0.801662101,
            0.876870221,
        ];
        let mut sum = 0.0f64;
        for (t, expected) in (1..).zip(expected) {
            let mean = 3.0 + 2.0 * (TAU * f64::from(t) / 20.0).sin();
            let count = f64::from(AGONA[291 + t as usize]);
            sum = (sum + log_likelihood_ratio(count, mean, 1.5, 0.2)).max(0.0);
            assert!((sum - expected).abs() < 1e-8, "week {t}: {sum}, not {expected}");
        }
        // A Poisson's is what remains.
        assert!((log_likelihood_ratio(4.0, 3.0, 2.0, 1e-8) - log_likelihood_ratio(4.0, 3.0, 2.0, 0.0)).abs() < 1e-6);
    }

    /// `sum((y - mu)^2 - mu) / sum(mu^2)` of the model that R fits to the last three years of the series.
    #[test]
    fn alpha_is_the_estimate_by_moments() {
        let series: Vec<f64> = AGONA[156..].iter().map(|count| f64::from(*count)).collect();
        // The harmonic's phase does not matter.
        assert!((Season::new(&series).unwrap().alpha - 0.105901519).abs() < 1e-7);
    }

    #[test]
    fn what_rises_is_named() {
        for refits in [false, true] {
            names_the_shift(&NegativeBinomialCusum { factor: 1.5, refits }, [None, Some(1)]);
        }
    }
}
