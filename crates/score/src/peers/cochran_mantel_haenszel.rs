//! Cochran-Mantel-Haenszel: for each ordered pair of labels, whether the odds of the one against the other in the last
//! weeks differ from those in the weeks before, reporter by reporter.
//!
//! The statistic is z, the root of the test's chi-square with its sign: positive where the rising label has become more.
//! Sources: Cochran (1954); Mantel and Haenszel (1959). Checked against statsmodels 0.15's `StratifiedTable`.

use crate::method::{Method, Reading, Row, Trace};
use crate::view::View;
use crate::weekly::{Weekly, trace};

/// The test with its windows.
#[derive(Clone, Copy, Debug)]
struct CochranMantelHaenszel {
    /// The last weeks,
    recent_weeks: usize,
    /// and the weeks before them.
    before_weeks: usize,
}

/// The row.
pub fn row() -> Row {
    let grid = [13, 26, 52]
        .into_iter()
        .flat_map(|recent_weeks| [52, 104].map(|before_weeks| CochranMantelHaenszel { recent_weeks, before_weeks }));
    Row::new("cmh", "Cochran-Mantel-Haenszel z, last weeks against those before", grid)
}

impl Method for CochranMantelHaenszel {
    fn settings(&self) -> String {
        format!("last {} weeks, {} before", self.recent_weeks, self.before_weeks)
    }

    /// Of a test at 5 %, both sides together.
    fn own_threshold(&self, _barred: bool) -> Option<f64> {
        Some(1.96)
    }

    fn run(&self, view: &View) -> Trace {
        let (k, strata) = (view.labels, view.strata.len());
        let weekly = Weekly::new(view);
        trace(view, |week| {
            let end = week + 1;
            let middle = end.saturating_sub(self.recent_weeks);
            let sums = |weeks: std::ops::Range<usize>| -> Vec<f64> {
                let mut sums = vec![0.0; strata * k];
                for week in weeks {
                    for (i, sum) in sums.iter_mut().enumerate() {
                        *sum += weekly.at(week, i / k, i % k);
                    }
                }
                sums
            };
            let (recent, before) = (sums(middle..end), sums(middle.saturating_sub(self.before_weeks)..middle));
            let mut reading = Reading::NOTHING;
            for (falling, rising) in (0..k).flat_map(|a| (0..k).filter(move |b| *b != a).map(move |b| (a, b))) {
                let table = |stratum: usize| {
                    let at = |sums: &[f64]| [sums[stratum * k + rising], sums[stratum * k + falling]];
                    [at(&recent), at(&before)]
                };
                let statistic = z((0..strata).map(table));
                if statistic > reading.statistic {
                    reading = Reading { statistic, falling: Some(falling), rising: Some(rising), ..Reading::NOTHING };
                }
            }
            reading
        })
    }
}

/// z of tables, without correction for continuity; 0 where no table says anything.
fn z(tables: impl Iterator<Item = [[f64; 2]; 2]>) -> f64 {
    let (mut excess, mut variance) = (0.0, 0.0);
    for [[a, b], [c, d]] in tables {
        let total = a + b + c + d;
        if total > 1.0 {
            excess += a - (a + b) * (a + c) / total;
            variance += (a + b) * (c + d) * (a + c) * (b + d) / (total * total * (total - 1.0));
        }
    }
    if variance > 0.0 { excess / variance.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weekly::tests::names_the_shift;

    #[test]
    fn z_is_that_of_statsmodels() {
        let tables = [[[12.0, 5.0], [30.0, 41.0]], [[3.0, 4.0], [20.0, 9.0]], [[7.0, 1.0], [11.0, 16.0]]];
        assert!((z(tables.into_iter()) - 2.097_200_927_651_167).abs() < 1e-12);
        assert!((z(tables.into_iter().map(|[recent, before]| [before, recent])) + 2.097_200_927_651_167).abs() < 1e-12);
        assert_eq!(z([[[1.0, 0.0], [0.0, 0.0]], [[3.0, 0.0], [4.0, 0.0]]].into_iter()), 0.0);
    }

    #[test]
    fn a_shift_is_named_by_both_its_labels() {
        names_the_shift(&CochranMantelHaenszel { recent_weeks: 13, before_weeks: 52 }, [Some(0), Some(1)]);
    }
}
