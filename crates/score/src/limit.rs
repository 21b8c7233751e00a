//! The row `limit`: a clairvoyant that knows what no method can know (each reporter's mix with its season and drift, the
//! noise of shares, how often a report bears a wrong label, what is planted how often) but not which pair shifts, when,
//! how far and how fast. What it cannot find is not in the data.
//!
//! A block is a reporter and an event week; given its total, its counts are Dirichlet-multinomial about the known shares,
//! so that neither the level nor the delays of reports matter. Of seizures a small part of the blocks is a burst, in which
//! shares mean little. For each pair, fraction and ramp a Shiryaev-Roberts sum over onsets runs through the weeks, anew
//! from the first week of which something became known; each is weighed by its prior.
//!
//! It is not told which labels were never there, since that would tell what is planted: it takes them for rare ones.

use headwater_model::Evidence;

use crate::method::{Method, Reading, Row, Trace};
use crate::view::{Secret, View, WEEK_DAYS};
use crate::weekly::trace;

/// Fractions of the falling label's flow that move in the end: of those planted, which are uniform in 0.4 to 0.9.
const FRACTIONS: [f64; 3] = [0.48, 0.65, 0.82];
/// Part that has moved in each step of a ramp, two weeks each: those planted take 4 to 16 weeks, or none at all.
const STEPS: [f64; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];
const STEP_WEEKS: usize = 2;
/// States of the sum of a pair and a fraction: no ramp, and one for each week of a ramp; the last stays.
const STATES: usize = 1 + STEPS.len() * STEP_WEEKS;
const LANES: usize = FRACTIONS.len() * STATES;
/// Part of the prior for each way.
const AT_ONCE: f64 = 0.5;
/// Precision of counts about their shares, at most: shares that never vary.
const PRECISION_MAX: f64 = 1e4;
/// Least share of a label: with shares as they are, recall at 10 false alarms per 1,000 market-years was 0.94 instead of 0.91
/// on 300 cells, and named the right pair less often.
const SHARE_MIN: f64 = 0.01;
/// Weeks that notices go ahead of the shipment, at most.
const AHEAD_WEEKS: usize = 4;
/// Part of the blocks of seizures that are bursts: one operation in a hundred weeks, told in pieces.
const BURSTS: f64 = 0.02;
/// Days of the prior weight's unit; the weight about a control date, and where it lies, as the product's.
const YEAR_DAYS: f64 = 365.0;
const CONTROL_DAYS: std::ops::Range<i32> = -60..270;
const CONTROL_SPREAD: f64 = 330.0;
/// Where sums stop growing,
const SUM_MAX: f64 = 1e250;
/// and what one block says.
const RATIO_MAX: f64 = 1e200;
/// Products are taken the logarithm of beyond these.
const PRODUCT: std::ops::Range<f64> = 1e-100..1e100;

/// Name of the row.
pub const LIMIT: &str = "limit";

/// The row.
pub fn row() -> Row {
    Row::new(
        LIMIT,
        "clairvoyant: knows mixes, seasons, noise and priors, but not the pair, fraction, ramp or onset",
        [Limit],
    )
}

/// The clairvoyant.
struct Limit;

impl Method for Limit {
    fn settings(&self) -> String {
        "what it knows".to_owned()
    }

    fn run(&self, view: &View) -> Trace {
        let Some(secret) = &view.secret else { return trace(view, |_| Reading::NOTHING) };
        let mut run = Run::new(view, secret);
        let mut events = view.events.iter().peekable();
        trace(view, |week| {
            let end = (week as i32 + 1) * WEEK_DAYS;
            while let Some(event) = events.next_if(|event| event.counted < end) {
                let on = (event.day / WEEK_DAYS) as usize;
                if on >= run.first {
                    run.count(on - run.first, event.stratum, event.label, f64::from(event.delta));
                }
            }
            run.reading(week)
        })
    }
}

struct Run<'a> {
    view: &'a View,
    /// The first week after the history; weeks are counted from it.
    first: usize,
    /// `[week][stratum][label]`.
    shares: Vec<f64>,
    counts: Vec<f64>,
    /// Variance of log shares.
    variance: f64,
    /// Likelihood ratio of a week for a pair by fraction and step, all strata.
    ratios: Vec<[[f64; STEPS.len()]; FRACTIONS.len()]>,
    /// Sums of all pairs at the end of each week.
    sums: Vec<[f64; LANES]>,
    /// Weeks whose counts changed, by label.
    changed: Vec<bool>,
    /// The first week whose sums are not what they should be.
    dirty: usize,
}

impl Run<'_> {
    fn new<'a>(view: &'a View, secret: &Secret) -> Run<'a> {
        let (k, strata, first) = (view.labels, view.strata.len(), view.history_weeks());
        let weeks = view.weeks() - first;
        let blocks = (0..weeks).flat_map(|week| (0..strata).map(move |stratum| (stratum, first + week)));
        let shares =
            blocks.flat_map(|(stratum, week)| secret.shares(stratum, week)).map(|share| share.max(SHARE_MIN)).collect();
        Run {
            view,
            first,
            shares,
            counts: vec![0.0; weeks * strata * k],
            variance: secret.variance(),
            ratios: vec![[[1.0; STEPS.len()]; FRACTIONS.len()]; weeks * k * k],
            sums: vec![[0.0; LANES]; weeks * k * k],
            changed: vec![false; weeks * k],
            dirty: 0,
        }
    }

    fn count(&mut self, week: usize, stratum: usize, label: usize, delta: f64) {
        let (k, strata) = (self.view.labels, self.view.strata.len());
        self.counts[(week * strata + stratum) * k + label] += delta;
        self.changed[week * k + label] = true;
        self.dirty = self.dirty.min(week);
    }

    /// Weighs what is known at the end of a week.
    fn reading(&mut self, week: usize) -> Reading {
        let k = self.view.labels;
        // Notices tell of weeks that have not come yet.
        let ahead = (week + AHEAD_WEEKS).min(self.view.weeks() - 1);
        let Some(last) = ahead.checked_sub(self.first) else { return Reading::NOTHING };
        for week in self.dirty..=last {
            self.advance(week);
        }
        self.dirty = last + 1;
        let mut reading = Reading::NOTHING;
        let (mut total, mut most) = (0.0, 0.0);
        for (pair, sums) in self.sums[last * k * k..(last + 1) * k * k].iter().enumerate() {
            let part: f64 = sums.iter().sum();
            total += part;
            if part > most {
                most = part;
                (reading.falling, reading.rising) = (Some(pair / k), Some(pair % k));
            }
        }
        Reading { statistic: total.ln(), ..reading }
    }

    fn advance(&mut self, week: usize) {
        let k = self.view.labels;
        for pair in 0..k * k {
            let (a, b) = (pair / k, pair % k);
            if a == b {
                continue;
            }
            let at = week * k * k + pair;
            if self.changed[week * k + a] || self.changed[week * k + b] {
                self.ratios[at] = self.ratio(week, a, b);
            }
            let before = match week.checked_sub(1) {
                Some(before) => self.sums[before * k * k + pair],
                None => [0.0; LANES],
            };
            self.sums[at] = step(&before, self.weight(week, a), &self.ratios[at]);
        }
        self.changed[week * k..(week + 1) * k].fill(false);
    }

    /// Prior weight of an onset in a week for one pair of a falling label.
    fn weight(&self, week: usize, falling: usize) -> f64 {
        let others = (self.view.labels - 1) as f64;
        let mut weight = self.shares[week * self.view.strata.len() * self.view.labels + falling] / YEAR_DAYS;
        let day = (self.first + week) as i32 * WEEK_DAYS;
        if self.view.control.is_some_and(|(on, label)| label == falling && CONTROL_DAYS.contains(&(day - on))) {
            weight += 1.0 / CONTROL_SPREAD;
        }
        weight * f64::from(WEEK_DAYS) / others
    }

    fn ratio(&self, week: usize, falling: usize, rising: usize) -> [[f64; STEPS.len()]; FRACTIONS.len()] {
        let (k, strata) = (self.view.labels, self.view.strata.len());
        let mut ratios = [[1.0; STEPS.len()]; FRACTIONS.len()];
        for (stratum, evidence) in self.view.strata.iter().enumerate() {
            let block = (week * strata + stratum) * k;
            let (shares, counts) = (&self.shares[block..block + k], &self.counts[block..block + k]);
            let total: f64 = counts.iter().sum();
            let [(p, x), (q, y)] = [falling, rising].map(|label| (shares[label], counts[label].max(0.0)));
            if x + y <= 0.0 {
                continue;
            }
            let precision = (1.0 / (p.max(q) * self.variance).max(1e-9)).clamp(1.0, PRECISION_MAX);
            let burst = match evidence {
                Evidence::Seizure => BURSTS * burst([(p, x), (q, y), (1.0 - p - q, total - x - y)], precision),
                _ => 0.0,
            };
            for (fraction, ratios) in FRACTIONS.iter().zip(&mut ratios) {
                for (step, ratio) in STEPS.iter().zip(ratios) {
                    let moved = p * fraction * step;
                    let fewer = ln_urn(x, (p - moved) * precision, p * precision);
                    let shift = (fewer + ln_urn(y, (q + moved) * precision, q * precision)).exp().min(RATIO_MAX);
                    *ratio *= ((1.0 - BURSTS) * shift + burst) / (1.0 - BURSTS + burst);
                }
            }
        }
        ratios
    }
}

/// Probability of the counts of a block in which shares mean little, over that in a regular one.
fn burst(parts: [(f64, f64); 3], precision: f64) -> f64 {
    let total: f64 = parts.iter().map(|(_, count)| count.max(0.0)).sum();
    // Hundreds of records of one week leave the range of a product.
    let parts = parts.iter().map(|(share, count)| ln_urn(*count, share.max(0.0), share.max(0.0) * precision));
    (ln_urn(total, precision, 1.0) + parts.sum::<f64>()).exp().min(RATIO_MAX)
}

/// Logarithm of the product of (a + i) / (b + i) for i below a count: what Polya's urns of two contents give to as many
/// draws.
fn ln_urn(count: f64, a: f64, b: f64) -> f64 {
    let (mut ln, mut product) = (0.0, 1.0_f64);
    for i in 0..count.max(0.0) as u32 {
        product *= (a + f64::from(i)) / (b + f64::from(i)).max(f64::MIN_POSITIVE);
        if !PRODUCT.contains(&product) {
            ln += product.ln();
            product = 1.0;
        }
    }
    ln + product.ln()
}

/// The sums of a pair after a week.
fn step(before: &[f64; LANES], weight: f64, ratios: &[[f64; STEPS.len()]; FRACTIONS.len()]) -> [f64; LANES] {
    let mut after = [0.0; LANES];
    for (f, ratios) in ratios.iter().enumerate() {
        let (before, after) = (&before[f * STATES..(f + 1) * STATES], &mut after[f * STATES..(f + 1) * STATES]);
        let weight = weight / FRACTIONS.len() as f64;
        let times = |sum: f64, ratio: f64| (sum * ratio).min(SUM_MAX);
        after[0] = times(before[0] + weight * AT_ONCE, ratios[STEPS.len() - 1]);
        after[1] = times(weight * (1.0 - AT_ONCE), ratios[0]);
        for state in 2..STATES {
            after[state] = times(before[state - 1], ratios[(state - 1) / STEP_WEEKS]);
        }
        after[STATES - 1] = (after[STATES - 1] + times(before[STATES - 1], ratios[STEPS.len() - 1])).min(SUM_MAX);
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Labels;
    use headwater_sim::{CellKind, Cells};

    #[test]
    fn a_sum_takes_each_onset_through_its_ramp() {
        let mut ratios = [[1.0; STEPS.len()]; FRACTIONS.len()];
        ratios[0] = [2.0, 3.0, 5.0, 7.0, 11.0];
        let mut sums = [0.0; LANES];
        // One onset only: in the first week.
        for week in 0..12 {
            sums = step(&sums, if week == 0 { 6.0 } else { 0.0 }, &ratios);
        }
        let (at_once, ramp) = (sums[0], sums[STATES - 1]);
        assert!((at_once / 11f64.powi(12) - 1.0).abs() < 1e-12);
        assert!((ramp / (2.0 * 3.0 * 5.0 * 7.0f64).powi(2) / 11f64.powi(4) - 1.0).abs() < 1e-12);
        // Where nothing tells anything the sums are the weight spent.
        assert!((sums[STATES..].iter().sum::<f64>() - 4.0).abs() < 1e-12);
    }

    #[test]
    fn ratios_are_those_of_the_urn() {
        // Two draws of a share of 0.5 instead of 0.25, of ten: (5 x 6) / (2.5 x 3.5).
        assert!((ln_urn(2.0, 5.0, 2.5) - (30.0f64 / 8.75).ln()).abs() < 1e-12);
        assert_eq!(ln_urn(0.0, 1.0, 0.0), 0.0);
        // Of hundreds of draws: 10,000 x ... x 10,399 over 400!, of which the product alone is no number any more.
        let by_one: f64 = (0..400).map(|i| ((1e4 + f64::from(i)) / (1.0 + f64::from(i))).ln()).sum();
        assert!((ln_urn(400.0, 1e4, 1.0) / by_one - 1.0).abs() < 1e-12 && by_one > 1_000.0);
        let regular = [(0.25, 100.0), (0.25, 100.0), (0.5, 200.0)];
        assert!((1e-6..1e-2).contains(&burst(regular, 1e4)), "{}", burst(regular, 1e4));
        // Of a burst of one label in six draws: (0.25 x 1.25 x ... x 5.25) / 6! over (25 x ... x 30) / (100 x ... x 105).
        let of = |a: f64| (0..6).map(|i| a + f64::from(i)).product::<f64>();
        let expected = of(0.25) / 720.0 / (of(25.0) / of(100.0));
        assert!((burst([(0.25, 6.0), (0.25, 0.0), (0.5, 0.0)], 100.0) / expected - 1.0).abs() < 1e-12);
    }

    /// Under the null the mean of the sum is the weight spent, since what it knows is true: bounded a little above.
    #[test]
    fn it_finds_what_is_planted_and_little_else() {
        let cells = Cells::new().unwrap();
        let highest = |kind, number| {
            let trace = Limit.run(&View::of(&cells.cell(kind, 1, number), Labels::Substances));
            trace.statistic().iter().copied().fold(f32::NEG_INFINITY, f32::max)
        };
        let above = |kind| (0..20).filter(|number| highest(kind, *number) > 3.5).count();
        assert!(above(CellKind::Null) <= 1);
        assert!(above(CellKind::Substitution) >= 14);
    }

    #[test]
    fn without_a_secret_it_says_nothing() {
        let view = View { secret: None, ..crate::weekly::tests::cell(1_000) };
        assert!(Limit.run(&view).statistic().iter().all(|statistic| *statistic == f32::NEG_INFINITY));
    }
}
