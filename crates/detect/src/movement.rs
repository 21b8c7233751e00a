//! What moved besides the mix: how much of the falling flow, the family's level, and each side by itself.

use std::collections::BTreeMap;

use headwater_model::{Interval, Level, Windows};

use crate::figures::{BeforeAfter, Figures, Z90};
use crate::labels::Label;

/// Standard errors at which a level counts as moved.
const LEVEL_Z: f64 = 1.96;
/// Days of a bin in which the family's level is counted: a month of a published table fits about one.
const BIN_DAYS: i32 = 28;
/// Overdispersion of counts assumed where none can be measured.
const DISPERSION: f64 = 1.5;

/// Counts of one stratum: falling, rising and the rest of the family, before and after.
type Row = [BeforeAfter<f64>; 3];

fn rows(figures: &Figures, pair: (Label, Label)) -> Vec<(&str, Row)> {
    let row = |members: &BTreeMap<Label, BeforeAfter<i64>>| {
        let mut row = Row::default();
        for (member, counts) in members {
            let at = if *member == pair.0 { 0 } else { 1 + usize::from(*member != pair.1) };
            for side in 0..2 {
                row[at][side] += counts[side].max(0) as f64;
            }
        }
        row
    };
    figures.strata.iter().map(|(stratum, members)| (&*stratum.source, row(members))).collect()
}

/// Share of the falling flow that moved: what is missing after, of what the strata's mix before lets expect
/// (indirect standardisation), so that strata that grow or shrink do not count as movement.
pub(crate) fn moved_fraction(figures: &Figures, pair: (Label, Label)) -> Interval {
    let (mut observed, mut expected, mut variance) = (0.0, 0.0, 0.0);
    for (_, [falling, rising, _]) in rows(figures, pair) {
        let (before, after) = (falling[0] + rising[0], falling[1] + rising[1]);
        let p = (falling[0] + 0.5) / (before + 1.0);
        observed += falling[1];
        expected += after * p;
        variance += DISPERSION * after * p * (1.0 - p) * (1.0 + after / (before + 1.0));
    }
    if expected <= 0.0 {
        return Interval { median: 0.0, low: 0.0, high: 1.0 };
    }
    let moved = (1.0 - observed / expected).clamp(0.0, 1.0);
    let error = Z90 * variance.sqrt() / expected;
    Interval { median: moved, low: (moved - error).clamp(0.0, moved), high: (moved + error).clamp(moved, 1.0) }
}

/// How far a side moved by itself, in standard errors: against its own rate before, and against the rest of its family
/// where there is a rest. Positive = as the headline says.
pub(crate) fn alone(figures: &Figures, pair: (Label, Label), rising: bool) -> f64 {
    let days = |w: headwater_model::Window| f64::from(w.to - w.from + 1);
    let Windows { before, after } = figures.windows;
    let ratio = days(after) / days(before);
    let (mut own, mut own_variance) = (0.0, 0.25);
    let (mut rest, mut rest_variance, mut has_rest) = (0.0, 0.25, false);
    for (_, row) in rows(figures, pair) {
        let side = row[usize::from(rising)];
        let expected = side[0] * ratio;
        own += side[1] - expected;
        own_variance += DISPERSION * (side[1] + expected * ratio + 0.5 * ratio);
        let others = row[2];
        if side[0] + others[0] >= 5.0 && others[0] > 0.0 && side[1] + others[1] > 0.0 {
            has_rest = true;
            let (n0, n1) = (side[0] + others[0], side[1] + others[1]);
            let p = (side[0] + 0.5) / (n0 + 1.0);
            rest += side[1] - n1 * p;
            rest_variance += DISPERSION * n1 * p * (1.0 - p) * (1.0 + n1 / (n0 + 1.0));
        }
    }
    let own = own / own_variance.sqrt();
    let z = if has_rest { (own + rest / rest_variance.sqrt()) / std::f64::consts::SQRT_2 } else { own };
    if rising { z } else { -z }
}

/// Reporters in which a side did not move as the headline says by its own rate, and reporters in all.
pub(crate) fn reporters_still(figures: &Figures, pair: (Label, Label), rising: bool) -> (Vec<String>, usize) {
    let Windows { before, after } = figures.windows;
    let ratio = f64::from(after.to - after.from + 1) / f64::from(before.to - before.from + 1);
    let mut by_source: BTreeMap<&str, BeforeAfter<f64>> = BTreeMap::new();
    for (source, row) in rows(figures, pair) {
        let side = row[usize::from(rising)];
        let sum = by_source.entry(source).or_default();
        sum[0] += side[0];
        sum[1] += side[1];
    }
    let moved = |sum: &BeforeAfter<f64>| if rising { sum[1] > sum[0] * ratio } else { sum[1] < sum[0] * ratio };
    let still = by_source.iter().filter(|(_, sum)| !moved(sum)).map(|(source, _)| (*source).to_owned()).collect();
    (still, by_source.len())
}

/// What the family's rate of incidents did, of the leading kind, in bins of four weeks.
pub(crate) fn level(figures: &Figures) -> Level {
    let mut means = [0.0; 2];
    let mut bins_of = [0.0; 2];
    let (mut squares, mut sum, mut freedom) = (0.0, 0.0, 0.0);
    for (side, window) in [figures.windows.before, figures.windows.after].into_iter().enumerate() {
        // Whole bins back from the window's end; a window shorter than a bin is one bin, scaled.
        let days = window.to - window.from + 1;
        let bins = (days / BIN_DAYS).max(1);
        let mut counts = vec![0.0; bins as usize];
        for (key, members) in &figures.blocks[side] {
            let bin = (window.to - key.last()) / BIN_DAYS;
            if bin < bins {
                counts[bin as usize] += members.values().map(|s| s.incidents.max(0) as f64).sum::<f64>();
            }
        }
        let scale = f64::from(BIN_DAYS) / f64::from(days.min(BIN_DAYS));
        let mean = scale * counts.iter().sum::<f64>() / f64::from(bins);
        squares += counts.iter().map(|n| (n * scale - mean) * (n * scale - mean)).sum::<f64>();
        sum += mean * f64::from(bins - 1);
        freedom += f64::from(bins - 1);
        means[side] = mean;
        bins_of[side] = f64::from(bins);
    }
    let dispersion = if freedom > 1.0 && sum > 0.0 { (squares / sum).max(1.0) } else { DISPERSION };
    let error = (dispersion * (means[0] / bins_of[0] + means[1] / bins_of[1]) + 1e-9).sqrt();
    match (means[1] - means[0]) / error {
        z if z > LEVEL_Z => Level::Rose,
        z if z < -LEVEL_Z => Level::Fell,
        _ => Level::Steady,
    }
}
