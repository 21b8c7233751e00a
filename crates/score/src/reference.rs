//! The row `reference`: the statistic as its prototype had it, so that the product's is held against what was promised.
//!
//! It reads events in the order in which they are counted. A block is a stratum and an event week; for each ordered pair
//! of labels, each fraction that may have moved and each mode (which strata speak), a Shiryaev-Roberts sum is multiplied
//! by what each event does to its block's capped beta-binomial wealth. Baselines are what was counted up to 26 weeks ago.
//! The second statistic is the smallest sum of the leading pair with one reporter left out, in units of its weight.
//!
//! Checked against the prototype's own values on eight cells (`tests/reference.rs`).
//! Sources: Shin, Ramdas and Rinaldo, E-detectors (2022); Pollak, Optimal detection of a change in distribution (1985).

use headwater_model::Evidence;

use crate::judge::Bar;
use crate::lagged::Lagged;
use crate::method::{Method, Reading, Row, Trace};
use crate::view::{Event, View, WEEK_DAYS};

/// Precision of the beta-binomial.
const PRECISION: f64 = 10.0;
/// Most that a block can multiply a sum by.
const CAP: f64 = 8.0;
/// Standard errors that the baseline odds are raised by, a further margin in log odds, and the variance's inflation.
const BOUND: (f64, f64, f64) = (0.5, 0.1, 1.5);
/// Weeks that the baseline lags behind, and in which its memory halves.
const LAG_WEEKS: usize = 26;
const HALF_LIFE_WEEKS: f64 = 300.0;
/// Fractions of the falling flow that moved, by trade and by seizures.
const FRACTIONS: [[f64; 2]; 3] = [[0.12, 0.40], [0.25, 0.65], [0.45, 0.88]];
/// Strength of the discount for measured overdispersion.
const DISCOUNT: f64 = 0.7;
/// Least baseline of the falling label in a stratum, and how far an alternative's odds must lie above the bound.
const BASELINE_MIN: f64 = 4.5;
const DETECTABLE: f64 = 1.1;
/// Prior weight around a control date of the falling label; from so many days before until so many after; days over which
/// it is spread.
const CONTROL_WEIGHT: f64 = 1.0;
const CONTROL_DAYS: std::ops::Range<i32> = -60..270;
const CONTROL_SPREAD: f64 = 330.0;
/// Days of the prior weight's unit.
const YEAR_DAYS: f64 = 365.0;
/// Share of the sum that the leading pair must carry: below it no pair can be named.
const LEAD_SHARE_MIN: f64 = 0.1;
/// The statistic where no pair can be named.
const UNNAMED: f64 = -50.0;
/// Where wealth and sums stop growing.
const WEALTH_MAX: f64 = 1e100;
const SUM_MAX: f64 = 1e250;
/// Keeps the logarithm of nothing a number.
const TINY: f64 = 1e-30;

/// Which of the three strata speak in each mode: the first alone, without the first, all, without the second, without
/// the third.
const MODES: [[bool; 3]; 5] =
    [[true, false, false], [false, true, true], [true; 3], [true, false, true], [true, true, false]];
/// The modes that leave one reporter out.
const ONE_LEFT_OUT: [usize; 3] = [1, 3, 4];
/// Sums of a pair: by fraction, then by mode.
const LANES: usize = FRACTIONS.len() * MODES.len();

/// The row.
pub fn row() -> Row {
    Row::new("reference", "prototype of the statistic, in order of arrival, with control dates", [Reference])
}

/// The prototype, with its constants.
pub struct Reference;

impl Method for Reference {
    fn settings(&self) -> String {
        format!("precision {PRECISION}, cap {CAP}, lag {LAG_WEEKS}")
    }

    fn bar(&self) -> Bar {
        Bar::At(std::f64::consts::LN_10 as f32)
    }

    /// What the prototype was left with for 1 false alarm per 1,000 market-years.
    fn own_threshold(&self, barred: bool) -> Option<f64> {
        Some(if barred { 2.56 } else { 3.71 })
    }

    fn run(&self, view: &View) -> Trace {
        assert_eq!(view.strata.len(), MODES[0].len(), "the prototype knows cells of three reporters");
        let mut run = Run::new(view);
        let mut events = view.events.iter().peekable();
        let mut trace = Trace::default();
        for day in 0..view.days {
            if day % WEEK_DAYS == 0 {
                run.begin_week((day / WEEK_DAYS) as usize);
            }
            let tested = day >= view.history_days;
            if tested {
                run.add_weights(day);
            }
            while let Some(event) = events.next_if(|event| event.counted == day) {
                run.count(event, tested);
            }
            if tested {
                trace.push(run.reading());
            }
        }
        trace
    }
}

/// What is tested for a pair in a stratum this week: P(rising) under the null and under each alternative.
#[derive(Clone, Copy, Default)]
struct Odds {
    null: f64,
    alternatives: [Option<f64>; FRACTIONS.len()],
}

struct Run<'a> {
    view: &'a View,
    lagged: Lagged,
    /// Share of each falling label, the part of one pair in it.
    weights: Vec<f64>,
    /// `[stratum][falling][rising]`.
    odds: Vec<Odds>,
    /// Counts of blocks, `[week][stratum][label]`.
    blocks: Vec<f64>,
    /// Wealth of blocks, `[week][stratum][falling][rising]`.
    wealth: Vec<[f64; FRACTIONS.len()]>,
    /// `[falling][rising]`.
    sums: Vec<[f64; LANES]>,
}

impl Run<'_> {
    fn new(view: &View) -> Run<'_> {
        let (k, strata, weeks) = (view.labels, view.strata.len(), view.weeks());
        Run {
            view,
            lagged: Lagged::new(weeks, strata, k, LAG_WEEKS, HALF_LIFE_WEEKS),
            weights: vec![0.0; k],
            odds: vec![Odds::default(); strata * k * k],
            blocks: vec![0.0; weeks * strata * k],
            wealth: vec![[1.0; FRACTIONS.len()]; weeks * strata * k * k],
            sums: vec![[0.0; LANES]; k * k],
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let k = self.view.labels;
        (0..k).flat_map(move |a| (0..k).filter(move |b| *b != a).map(move |b| (a, b)))
    }

    fn begin_week(&mut self, week: usize) {
        self.lagged.begin(week);
        let k = self.view.labels;
        self.weights = self.lagged.shares().iter().map(|share| share / (k - 1) as f64).collect();
        for (stratum, evidence) in self.view.strata.iter().enumerate() {
            for (a, b) in self.pairs() {
                let (falling, rising) = (self.lagged.sum(stratum, a), self.lagged.sum(stratum, b));
                self.odds[(stratum * k + a) * k + b] = odds(falling, rising, *evidence);
            }
        }
    }

    fn add_weights(&mut self, day: i32) {
        let k = self.view.labels;
        for (a, b) in self.pairs() {
            let mut weight = self.weights[a] / YEAR_DAYS;
            if self.view.control.is_some_and(|(on, label)| label == a && CONTROL_DAYS.contains(&(day - on))) {
                weight += CONTROL_WEIGHT / (k - 1) as f64 / CONTROL_SPREAD;
            }
            self.sums[a * k + b].iter_mut().for_each(|sum| *sum += weight / LANES as f64);
        }
    }

    fn count(&mut self, event: &Event, tested: bool) {
        let (k, strata, stratum, label) = (self.view.labels, self.view.strata.len(), event.stratum, event.label);
        let added = event.delta > 0;
        let change = if added { 1.0 } else { -1.0 };
        self.lagged.count((event.counted / WEEK_DAYS) as usize, stratum, label, change);
        let week = (event.day / WEEK_DAYS) as usize;
        let block = (week * strata + stratum) * k;
        // What is taken back divides by what it multiplied by: its block then holds one less.
        if !added {
            self.blocks[block + label] -= 1.0;
        }
        // A block of the history has earned no wealth that could be taken back.
        if tested && (added || week >= self.view.history_weeks()) {
            let before = self.blocks[block + label].max(0.0);
            for other in (0..k).filter(|other| *other != label) {
                self.multiply(block, stratum, (label, other), false, before, added);
                self.multiply(block, stratum, (other, label), true, before, added);
            }
        }
        if added {
            self.blocks[block + label] += 1.0;
        }
    }

    /// What one event does to a pair: `rises` where its label is the rising one; `before` = events of its label that its
    /// block holds besides it.
    fn multiply(&mut self, block: usize, stratum: usize, pair: (usize, usize), rises: bool, before: f64, added: bool) {
        let k = self.view.labels;
        let odds = self.odds[(stratum * k + pair.0) * k + pair.1];
        let excess = 0.5 * (self.lagged.overdispersion(pair.0) + self.lagged.overdispersion(pair.1)) - 1.0;
        let exponent = 1.0 / (1.0 + DISCOUNT * excess);
        let side = |p: f64| if rises { p } else { 1.0 - p };
        let wealth = &mut self.wealth[(block + pair.0) * k + pair.1];
        let sums = &mut self.sums[pair.0 * k + pair.1];
        for (j, alternative) in odds.alternatives.into_iter().enumerate() {
            let Some(alternative) = alternative else { continue };
            // The predictive probability of an urn: Polya's.
            let ratio = (side(alternative) * PRECISION + before) / (side(odds.null) * PRECISION + before);
            let old = wealth[j];
            let new = if added { (old * ratio).min(WEALTH_MAX) } else { old / ratio };
            wealth[j] = new;
            let factor = (new.min(CAP) / old.min(CAP)).powf(exponent);
            for (m, speaks) in MODES.iter().enumerate() {
                if speaks[stratum] {
                    let sum = &mut sums[j * MODES.len() + m];
                    *sum = (*sum * factor).min(SUM_MAX);
                }
            }
        }
    }

    fn reading(&self) -> Reading {
        let k = self.view.labels;
        let (mut total, mut best, mut lead) = (0.0, -1.0, (0, 0));
        for (a, b) in self.pairs() {
            let part: f64 = self.sums[a * k + b].iter().sum();
            total += part;
            if part > best {
                (best, lead) = (part, (a, b));
            }
        }
        let sums = &self.sums[lead.0 * k + lead.1];
        let of_mode = |mode: usize| (0..FRACTIONS.len()).map(|j| sums[j * MODES.len() + mode]).sum::<f64>();
        let least = ONE_LEFT_OUT.into_iter().map(of_mode).fold(f64::INFINITY, f64::min);
        Reading {
            statistic: if best > LEAD_SHARE_MIN * total { total.ln() } else { UNNAMED },
            second: Some((least * MODES.len() as f64 / self.weights[lead.0] + TINY).ln()),
            falling: Some(lead.0),
            rising: Some(lead.1),
        }
    }
}

fn odds(falling: f64, rising: f64, evidence: Evidence) -> Odds {
    let (z, margin, inflation) = BOUND;
    let estimate = rising / falling;
    let bound = estimate * (z * (inflation * (1.0 / falling + 1.0 / rising)).sqrt() + margin).exp();
    let alternatives = FRACTIONS.map(|by_class| {
        let fraction = by_class[usize::from(!evidence.is_trade())];
        let moved = (estimate + fraction) / (1.0 - fraction);
        (moved > DETECTABLE * bound && falling >= BASELINE_MIN).then(|| moved / (1.0 + moved))
    });
    Odds { null: bound / (1.0 + bound), alternatives }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three notices a week of the first of two labels and three of the second; from week 170 on, all are the second's.
    fn cell(withdrawn: bool) -> View {
        let mut events = Vec::new();
        for week in 0..312 {
            for i in 0..6 {
                let label = usize::from(i >= 3 || week >= 170);
                let event =
                    Event { counted: week * 7 + i, day: week * 7 + i, stratum: i as usize % 2, label, delta: 1 };
                events.push(event);
                if withdrawn && week >= 170 {
                    events.push(Event { delta: -1, ..event });
                }
            }
        }
        View {
            labels: 2,
            strata: vec![Evidence::PreExportNotice, Evidence::Import, Evidence::Seizure],
            days: 2_184,
            history_days: 1_092,
            control: None,
            events,
            secret: None,
        }
    }

    #[test]
    fn a_shift_that_two_reporters_tell_is_raised_and_named() {
        let trace = Reference.run(&cell(false));
        let day = 50 * 7;
        assert!(trace.statistic()[day] > 3.5 && trace.second()[day] > 2.5, "{:?}", trace.statistic()[day]);
        assert_eq!(trace.named(day), [Some(0), Some(1)]);
        assert!(trace.statistic()[..90].iter().all(|statistic| *statistic < 1.0));
    }

    #[test]
    fn what_is_taken_back_leaves_nothing_behind() {
        let trace = Reference.run(&cell(true));
        assert!(trace.statistic().iter().all(|statistic| *statistic < 2.0));
    }
}
