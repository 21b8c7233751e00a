//! Farrington Flexible: how far a week's count lies above what the same season of earlier years lets expect, in units of
//! the distance to the expectation's upper quantile.
//!
//! The expectation is a quasi-Poisson model with a level for each of ten seasons and a trend, fitted to the years before
//! (the last 26 weeks left out), weeks with large residuals weighed down. The quantile is of the negative binomial with
//! the model's mean and dispersion. For each label by itself; it names what rises only. A label with fewer than five
//! incidents in four weeks is not looked at.
//!
//! Source: Noufaily, Enki, Farrington, Garthwaite, Andrews and Charlett, An improved algorithm for outbreak detection in
//! multiple surveillance systems (2013). Checked against `farringtonFlexible` of the R package surveillance 1.20.3 on its
//! series salmonella.agona.

use crate::method::{Method, Row, Trace};
use crate::peers::glm::{ITERATIONS_MAX, LOG_MEAN_MIN, converged, deviance};
use crate::view::View;
use crate::weekly::{Weekly, greatest, trace};

const YEAR_WEEKS: usize = 52;
/// Weeks before and after the same week of an earlier year that make a season of their own.
const HALF_WINDOW_WEEKS: usize = 3;
/// Seasons of a year.
const SEASONS: usize = 10;
/// Last weeks that are left out.
const LEFT_OUT_WEEKS: usize = 26;
/// Standardised Anscombe residual above which a week weighs less.
const RESIDUAL_MAX: f64 = 2.58;
/// Least incidents in so many weeks.
const ENOUGH: (f64, usize) = (5.0, 4);
/// A trend needs so many years.
const TREND_YEARS: usize = 3;

/// The algorithm with its constants.
#[derive(Clone, Copy, Debug)]
struct Farrington {
    /// Years that it looks back, where there are so many.
    years: usize,
    /// Probability above the quantile.
    alpha: f64,
}

/// The row.
pub fn row() -> Row {
    let grid = [2, 3].into_iter().flat_map(|years| [0.005, 0.05].map(|alpha| Farrington { years, alpha }));
    Row::new("farrington", "Farrington Flexible on weekly counts (Noufaily et al. 2013)", grid)
}

impl Method for Farrington {
    fn settings(&self) -> String {
        format!("{} years, alpha {}", self.years, self.alpha)
    }

    /// As published: the quantile.
    fn own_threshold(&self, _barred: bool) -> Option<f64> {
        Some(1.0)
    }

    fn run(&self, view: &View) -> Trace {
        let weekly = Weekly::new(view);
        let series: Vec<Vec<f64>> = (0..view.labels).map(|label| weekly.series(label)).collect();
        trace(view, |week| {
            let reference = reference(week, self.years);
            greatest(series.iter().map(|series| self.statistic(series, week, &reference)))
        })
    }
}

impl Farrington {
    fn statistic(&self, series: &[f64], week: usize, reference: &Reference) -> f64 {
        let recent: f64 = series[(week + 1).saturating_sub(ENOUGH.1)..=week].iter().sum();
        if recent < ENOUGH.0 || reference.weeks.is_empty() {
            return f64::NEG_INFINITY;
        }
        let Expectation { mean, dispersion } = expectation(series, week, reference);
        let upper = quantile(1.0 - self.alpha, mean, dispersion).max(1.0);
        (series[week] - mean) / (upper - mean).max(f64::MIN_POSITIVE)
    }
}

/// The weeks that an expectation rests on.
struct Reference {
    years: usize,
    /// Week and season; the last season is that of the week that is looked at.
    weeks: Vec<(usize, usize)>,
}

/// Of as many years as there are, up to `years`: the windows about the same week of earlier years are one season, the
/// weeks between two windows are divided among the nine others.
fn reference(week: usize, years: usize) -> Reference {
    let years = years.min(week.saturating_sub(HALF_WINDOW_WEEKS) / YEAR_WEEKS);
    let end = (week + 1).saturating_sub(LEFT_OUT_WEEKS + 1);
    let between = YEAR_WEEKS - 2 * HALF_WINDOW_WEEKS - 1;
    let (length, longer) = (between / (SEASONS - 1), between % (SEASONS - 1));
    let season = |after_window: usize| match after_window.checked_sub(longer * (length + 1)) {
        None => after_window / (length + 1),
        Some(rest) => longer + rest / length,
    };
    let begin = week.saturating_sub(years * YEAR_WEEKS + HALF_WINDOW_WEEKS);
    let of = |at: usize| {
        let since = (at - begin) % YEAR_WEEKS;
        (at, since.checked_sub(2 * HALF_WINDOW_WEEKS + 1).map_or(SEASONS - 1, season))
    };
    Reference { years, weeks: if years == 0 { Vec::new() } else { (begin..end).map(of).collect() } }
}

/// What a week's count is held against.
struct Expectation {
    mean: f64,
    dispersion: f64,
}

fn expectation(series: &[f64], week: usize, reference: &Reference) -> Expectation {
    let counts: Vec<f64> = reference.weeks.iter().map(|(week, _)| series[*week]).collect();
    let fit = |trend: bool| {
        let first = Model::fit(reference, &counts, &vec![1.0; counts.len()], trend);
        let weights = first.weights(reference, &counts);
        let second = Model::fit(reference, &counts, &weights, trend);
        let dispersion = second.dispersion(&counts, &weights);
        Expectation { mean: second.log_mean(week, SEASONS - 1).exp(), dispersion }
    };
    if reference.years >= TREND_YEARS {
        let with_trend = fit(true);
        // No extrapolation beyond what was ever counted.
        if with_trend.mean <= counts.iter().copied().fold(0.0, f64::max) {
            return with_trend;
        }
    }
    fit(false)
}

/// A level for each season and a trend. Least squares with both are those of the trend within the seasons.
struct Model {
    levels: [f64; SEASONS],
    trend: f64,
    means: Vec<f64>,
    /// Weight and mean week of each season at the last iteration, and the trend's own weight.
    season_weights: [f64; SEASONS],
    season_weeks: [f64; SEASONS],
    trend_weight: f64,
    parameters: usize,
}

impl Model {
    fn fit(reference: &Reference, counts: &[f64], weights: &[f64], trend: bool) -> Model {
        let seasons = (0..SEASONS).filter(|season| reference.weeks.iter().any(|(_, s)| s == season)).count();
        let mut model = Model {
            levels: [0.0; SEASONS],
            trend: 0.0,
            means: counts.iter().map(|y| y + 0.1).collect(),
            season_weights: [0.0; SEASONS],
            season_weeks: [0.0; SEASONS],
            trend_weight: 0.0,
            parameters: seasons + usize::from(trend),
        };
        let mut last = f64::INFINITY;
        for _ in 0..ITERATIONS_MAX {
            model.iterate(reference, counts, weights, trend);
            let weighed = counts.iter().zip(&model.means).zip(weights);
            let deviance: f64 =
                weighed.map(|((y, mean), weight)| weight * deviance(std::iter::once((*y, *mean)))).sum();
            if converged(deviance, last) {
                break;
            }
            last = deviance;
        }
        model
    }

    fn iterate(&mut self, reference: &Reference, counts: &[f64], weights: &[f64], trend: bool) {
        let rows =
            || {
                reference.weeks.iter().zip(counts).zip(self.means.iter().zip(weights)).map(
                    |(((at, s), y), (mean, weight))| (*s, weight * mean, *at as f64, mean.ln() + (y - mean) / mean),
                )
            };
        let (mut w, mut t, mut z) = ([0.0; SEASONS], [0.0; SEASONS], [0.0; SEASONS]);
        for (s, weight, week, working) in rows() {
            w[s] += weight;
            t[s] += weight * week;
            z[s] += weight * working;
        }
        for s in 0..SEASONS {
            let weight = w[s].max(f64::MIN_POSITIVE);
            t[s] /= weight;
            z[s] /= weight;
        }
        let (mut squares, mut products) = (0.0, 0.0);
        for (s, weight, week, working) in rows() {
            squares += weight * (week - t[s]).powi(2);
            products += weight * (week - t[s]) * (working - z[s]);
        }
        self.trend = if trend && squares > 0.0 { products / squares } else { 0.0 };
        for s in 0..SEASONS {
            self.levels[s] = z[s] - self.trend * t[s];
        }
        (self.season_weights, self.season_weeks, self.trend_weight) = (w, t, if trend { squares } else { 0.0 });
        self.means = reference.weeks.iter().map(|(at, s)| self.log_mean(*at, *s).exp()).collect();
    }

    fn log_mean(&self, week: usize, season: usize) -> f64 {
        (self.levels[season] + self.trend * week as f64).max(LOG_MEAN_MIN)
    }

    /// Pearson's, at least 1.
    fn dispersion(&self, counts: &[f64], weights: &[f64]) -> f64 {
        let squares: f64 =
            counts.iter().zip(&self.means).zip(weights).map(|((y, mean), w)| w * (y - mean).powi(2) / mean).sum();
        (squares / counts.len().saturating_sub(self.parameters).max(1) as f64).max(1.0)
    }

    /// Weights for a second fit: weeks with large standardised Anscombe residuals weigh less.
    fn weights(&self, reference: &Reference, counts: &[f64]) -> Vec<f64> {
        let dispersion = self.dispersion(counts, &vec![1.0; counts.len()]);
        let residuals: Vec<f64> = reference
            .weeks
            .iter()
            .zip(counts.iter().zip(&self.means))
            .map(|((at, s), (y, mean))| {
                let mut leverage = mean / self.season_weights[*s];
                if self.trend_weight > 0.0 {
                    leverage += mean * (*at as f64 - self.season_weeks[*s]).powi(2) / self.trend_weight;
                }
                let residual = 1.5 * (y.powf(2.0 / 3.0) * mean.powf(-1.0 / 6.0) - mean.sqrt());
                residual / (dispersion * (1.0 - leverage)).max(1e-9).sqrt()
            })
            .collect();
        let weight = |residual: &f64| if *residual > RESIDUAL_MAX { residual.powi(-2) } else { 1.0 };
        let scale = residuals.len() as f64 / residuals.iter().map(weight).sum::<f64>();
        residuals.iter().map(|residual| scale * weight(residual)).collect()
    }
}

/// The least count with at least so much probability up to it: negative binomial of a mean and a dispersion (variance
/// over mean), Poisson where that is 1.
fn quantile(probability: f64, mean: f64, dispersion: f64) -> f64 {
    let poisson = dispersion < 1.0 + 1e-9;
    let size = mean / (dispersion - 1.0);
    let mut point = if poisson { (-mean).exp() } else { (-size * dispersion.ln()).exp() };
    let (mut sum, mut count) = (point, 0.0);
    // Far beyond any quantile that is asked for; a mean in the hundreds needs some hundreds of steps.
    let steps_max = 10.0 * (mean * dispersion + 10.0);
    while sum < probability && count < steps_max {
        point *= match poisson {
            true => mean / (count + 1.0),
            false => (count + size) / (count + 1.0) * (1.0 - 1.0 / dispersion),
        };
        count += 1.0;
        sum += point;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::salmonella::AGONA;
    use crate::weekly::tests::names_the_shift;

    /// Weeks 282 to 291 of the series: `b = 4, w = 3, noPeriods = 10, weightsThreshold = 2.58, pastWeeksNotIncluded = 26,
    /// pThresholdTrend = 1, thresholdMethod = "nbPlugin", alpha = 0.1`: upper bound, expected, dispersion.
    #[test]
    fn bounds_are_those_of_surveillance() {
        let expected = [
            (3.0, 1.380939, 1.5494),
            (3.0, 1.437270, 1.4832),
            (4.0, 1.723899, 1.4385),
            (4.0, 1.972706, 1.4725),
            (5.0, 2.109662, 1.5880),
            (5.0, 2.321653, 1.5850),
            (5.0, 2.492526, 1.5456),
            (5.0, 2.607849, 1.5267),
            (6.0, 3.152273, 1.6196),
            (7.0, 3.536705, 1.7236),
        ];
        let series: Vec<f64> = AGONA.iter().map(|count| f64::from(*count)).collect();
        for (week, (upper, mean, dispersion)) in (281..).zip(expected) {
            let found = expectation(&series, week, &reference(week, 4));
            assert!((found.mean - mean).abs() < 1e-4, "week {week}: mean {}, not {mean}", found.mean);
            assert!(
                (found.dispersion - dispersion).abs() < 1e-4,
                "week {week}: {}, not {dispersion}",
                found.dispersion
            );
            assert_eq!(quantile(0.9, found.mean, found.dispersion), upper, "week {week}");
        }
    }

    #[test]
    fn as_many_years_are_used_as_there_are() {
        let of = |week| reference(week, 3);
        assert_eq!((of(155).years, of(158).years, of(159).years, of(400).years), (2, 2, 3, 3));
        assert!(of(40).weeks.is_empty());
        assert_eq!((of(159).weeks[0], of(159).weeks.last().unwrap().0), ((0, SEASONS - 1), 132));
    }

    #[test]
    fn what_rises_is_named() {
        names_the_shift(&Farrington { years: 2, alpha: 0.05 }, [None, Some(1)]);
    }
}
