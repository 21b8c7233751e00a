//! What each reporter says of the two labels: its incidents and shares before and after.

use std::collections::BTreeMap;

use headwater_model::{Evidence, Share, StratumFigures};

use crate::figures::{BeforeAfter, Z90, count};
use crate::found::Found;
use crate::reporting::Reporting;
use crate::round;
use crate::watch::Habits;

/// What one reporter has of the two labels.
#[derive(Default)]
struct Row {
    falling: BeforeAfter<i64>,
    rising: BeforeAfter<i64>,
    /// Squares of what its blocks have of both.
    squares: BeforeAfter<f64>,
}

/// One row a reporter and kind of evidence, its offices added up; `precision` is that of the urn of a block.
pub(crate) fn figures(
    found: &Found,
    without: &BTreeMap<&str, Option<f64>>,
    habits: &Habits,
    precision: f64,
) -> Vec<StratumFigures> {
    let mut rows: BTreeMap<(&str, Evidence), Row> = BTreeMap::new();
    for (stratum, labels) in &found.figures.strata {
        let row = rows.entry((&stratum.source, stratum.evidence)).or_default();
        for (own, label) in [(&mut row.falling, found.pair().0), (&mut row.rising, found.pair().1)] {
            let counts = labels.get(&label).copied().unwrap_or_default();
            own[0] += counts[0];
            own[1] += counts[1];
        }
    }
    for (side, blocks) in found.figures.pair_blocks.iter().enumerate() {
        for ((stratum, _), n) in blocks {
            let row = rows.entry((&stratum.source, stratum.evidence)).or_default();
            row.squares[side] += (n.max(&0) * n.max(&0)) as f64;
        }
    }
    let share = |row: &Row, side: usize| share(row.falling[side], row.rising[side], row.squares[side], precision);
    let figures = rows.into_iter().map(|((source, evidence), row)| StratumFigures {
        source: source.into(),
        evidence,
        falling_before: count(row.falling[0]),
        rising_before: count(row.rising[0]),
        falling_after: count(row.falling[1]),
        rising_after: count(row.rising[1]),
        statistic_without: without.get(source).copied().flatten().map(round::log),
        delay_p90_days: habits.get(&(source.into(), evidence)).map_or(0, Reporting::delay_p90),
        share_before: share(&row, 0),
        share_after: share(&row, 1),
    });
    figures.collect()
}

/// Share of what rose among the incidents of two labels, with Wilson's interval (1927). Incidents of a block are draws from
/// one urn and so alike: n of them in blocks of n_i tell as much as n / (1 + (sum n_i^2 / n - 1) / (precision + 1)) that are
/// not (Kish's design effect, Survey Sampling, 1965, 5.4, with the urn's correlation of 1 / (precision + 1)).
fn share(falling: i64, rising: i64, squares: f64, precision: f64) -> Option<Share> {
    let (falling, rising) = (falling.max(0) as f64, rising.max(0) as f64);
    let n = falling + rising;
    if n <= 0.0 {
        return None;
    }
    let effect = 1.0 + (squares / n - 1.0).max(0.0) / (precision + 1.0);
    let (p, z2) = (rising / n, Z90 * Z90 / (n / effect));
    let (middle, scale) = (p + z2 / 2.0, 1.0 + z2);
    let reach = (z2 * (p * (1.0 - p) + z2 / 4.0)).sqrt();
    let end = |x: f64| round::share((x / scale).clamp(0.0, 1.0));
    Some(Share { value: round::share(p), low: end(middle - reach).min(p), high: end(middle + reach).max(p) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_wilsons_and_wider_where_incidents_come_together() {
        // 3 of 10, each in a block of its own: (0.3 + z2/2 -+ sqrt(z2 (0.3 x 0.7 + z2/4))) / (1 + z2) with z2 = 1.645^2 / 10.
        let near = |share: Share, low: f64, high: f64| {
            assert!((share.low - low).abs() < 1e-5 && (share.high - high).abs() < 1e-5, "{share:?}");
            assert_eq!(share.value, 0.3);
        };
        near(share(7, 3, 10.0, 10.0).unwrap(), 0.126867, 0.558322);
        // All in one block: 1 + (10 - 1) / (10 + 1) times the variance, z2 = 1.645^2 / 5.5.
        near(share(7, 3, 100.0, 10.0).unwrap(), 0.094660, 0.637244);
        // Nothing of it is no certainty; and of nothing there is no share.
        let none = share(20, 0, 20.0, 10.0).unwrap();
        assert!(none.low == 0.0 && none.value == 0.0 && (0.05..0.15).contains(&none.high), "{none:?}");
        assert_eq!(share(0, 0, 0.0, 10.0), None);
    }
}
