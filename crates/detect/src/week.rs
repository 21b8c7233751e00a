//! What an event week does to the sums of a cell: the baseline that it stands on, its prior weights, and what its blocks say.

use std::ops::Range;

use crate::baseline::Baseline;
use crate::block::WEEK_DAYS;
use crate::config::{FRACTIONS, StatisticConfig};
use crate::factors::PairFactors;
use crate::record::{BlockEvidence, Record, add_log};
use crate::statistic::{CONTROL_DAYS, LANES, Shape, YEAR_DAYS};
use crate::tally::{Block, Tally};
use crate::weighed::Weighed;

/// Room for what a week is weighed with, used over and over.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Prior weight of each active substance's pairs.
    pub weights: Vec<f64>,
    /// Log wealth by pair and lane: zero but for the pairs that the last week weighed was asked of,
    pub logs: Vec<[f64; LANES]>,
    /// which are these,
    asked: Vec<usize>,
    /// and marked here.
    is_asked: Vec<bool>,
    /// Whether a block says something else of a pair than it did.
    is_changed: Vec<bool>,
    /// The factors of the pairs that the week has something to say of.
    pub factors: Vec<PairFactors>,
}

impl Room {
    /// Nothing is said of any of so many pairs.
    fn clear(&mut self, pairs: usize) {
        for pair in self.asked.drain(..) {
            (self.logs[pair], self.is_asked[pair]) = ([0.0; LANES], false);
        }
        self.logs.resize(pairs, [0.0; LANES]);
        self.is_asked.resize(pairs, false);
        self.is_changed.clear();
        self.is_changed.resize(pairs, false);
    }

    /// Takes a block's log wealth of a pair in.
    fn add(&mut self, at: usize, log: [f64; FRACTIONS], trade: bool) {
        if !std::mem::replace(&mut self.is_asked[at], true) {
            self.asked.push(at);
        }
        add_log(log, trade, &mut self.logs[at]);
    }
}

/// Brings the baseline to the end of `week`.
pub(crate) fn advance_baseline(
    baseline: &mut Baseline,
    tally: &Tally,
    first_week: i32,
    shape: &Shape,
    config: &StatisticConfig,
    week: i32,
) {
    let lagged = week - 1 - config.lag_weeks;
    baseline.advance(shape.blocks(tally, lagged), lagged, first_week, &shape.eras, config);
}

/// The prior weight of a restart in a week, over all lanes, of each pair in which one of some substances falls.
pub(crate) fn weights(
    baseline: &Baseline,
    shape: &Shape,
    config: &StatisticConfig,
    week: i32,
    falling: Range<usize>,
    weights: &mut Vec<f64>,
) {
    weights.clear();
    weights.extend(baseline.shares());
    let others = (weights.len() - 1) as f64;
    for (a, weight) in weights.iter_mut().enumerate().filter(|(a, _)| falling.contains(a)) {
        *weight = *weight / others / YEAR_DAYS;
        if shape.is_controlled(a, week, config) {
            *weight += config.control_weight / others / CONTROL_DAYS;
        }
        *weight *= f64::from(WEEK_DAYS);
    }
}

/// The blocks of a week and all that they are weighed with.
pub(crate) struct Week<'a> {
    pub week: i32,
    pub baseline: &'a Baseline,
    pub tally: &'a Tally,
    pub shape: &'a Shape,
    pub config: &'a StatisticConfig,
    /// The pairs that are weighed: all, or one.
    pub pairs: Range<usize>,
    /// Logarithm of the configured cap.
    cap: f64,
}

impl<'a> Week<'a> {
    /// A week of a tally on a baseline, for all pairs or one.
    pub fn new(
        week: i32,
        baseline: &'a Baseline,
        tally: &'a Tally,
        shape: &'a Shape,
        config: &'a StatisticConfig,
        pairs: Range<usize>,
    ) -> Week<'a> {
        Week { week, baseline, tally, shape, config, pairs, cap: config.cap.ln() }
    }

    /// Weighs the blocks: `room` then holds their log wealth and their factors. A record is that of one pair.
    pub fn weigh(&self, record: &mut Option<&mut Record>, room: &mut Room) {
        room.clear(self.pairs.len());
        let k = self.tally.active.len();
        for block in self.shape.blocks(self.tally, self.week) {
            let mut say = |pair: usize, evidence: BlockEvidence| {
                room.add(pair - self.pairs.start, evidence.log, evidence.trade);
                if let Some(record) = record {
                    record.blocks.push(evidence);
                }
            };
            if self.pairs.len() == 1 {
                self.weigh_pair::<1>(block, self.pairs.start / k, self.pairs.start % k, &mut say);
                continue;
            }
            for a in 0..k {
                for b in a + 1..k {
                    self.weigh_pair::<2>(block, a, b, &mut say);
                }
            }
        }
        room.factors.clear();
        let factors = room.asked.iter().filter_map(|at| PairFactors::of(self.pairs.start + at, &room.logs[*at]));
        room.factors.extend(factors);
    }

    /// Weighs the blocks for all pairs, where it is known what they said on the same baseline: bit by bit what
    /// [`Week::weigh`] says. `factors` are those of that time, and become those of now.
    pub fn weigh_again(&self, known: &mut Weighed, factors: &mut Vec<PairFactors>, room: &mut Room) {
        room.clear(self.pairs.len());
        let k = self.tally.active.len();
        let blocks = self.shape.blocks(self.tally, self.week);
        if known.forget_all_but(blocks.clone()) {
            // What they said is in the factors.
            factors.clear();
        }
        for block in blocks {
            let (known, trade) = (known.of(block), self.tally.strata[usize::from(block.stratum)].1);
            for a in 0..k {
                for b in a + 1..k {
                    let ways = [a * k + b, b * k + a];
                    if !known.is_of(block, a, b) {
                        for pair in ways {
                            *known.log(pair) = None;
                            room.is_changed[pair] = true;
                        }
                        self.weigh_pair::<2>(block, a, b, &mut |pair, evidence| *known.log(pair) = Some(evidence.log));
                    }
                    for pair in ways {
                        if let Some(log) = *known.log(pair) {
                            room.add(pair, log, trade);
                        }
                    }
                }
            }
            known.close(block);
        }
        room.factors.clear();
        for at in &room.asked {
            let same = factors.iter().find(|factors| factors.pair == *at && !room.is_changed[*at]).cloned();
            room.factors.extend(same.or_else(|| PairFactors::of(*at, &room.logs[*at])));
        }
        factors.clear();
        factors.reserve_exact(room.factors.len());
        factors.extend_from_slice(&room.factors);
    }

    /// Weighs a block for two labels, of which the first may fall, or either: all that their baseline says of the two is
    /// worked out once.
    #[inline]
    fn weigh_pair<const WAYS: usize>(
        &self,
        block: &Block,
        a: usize,
        b: usize,
        say: &mut impl FnMut(usize, BlockEvidence),
    ) {
        let (k, stratum, config) = (self.tally.active.len(), usize::from(block.stratum), self.config);
        if a == b || block.counts[a] + block.counts[b] <= 0.0 || !self.shape.tests(a * k + b, self.week, config) {
            return;
        }
        let era = self.shape.era_of.get(a * k + b).copied().unwrap_or(0);
        let may_fall = |falling: usize| self.baseline.count(era, stratum, falling) >= config.baseline_min;
        let ways = [(a, b, may_fall(a)), (b, a, WAYS > 1 && may_fall(b))];
        if !ways[0].2 && !ways[1].2 {
            return;
        }
        let trade = self.tally.strata[stratum].1;
        let exponent = self.baseline.exponent(stratum, a, b, config);
        let odds = self.baseline.odds(era, stratum, a, b, config);
        for ((falling, rising, may_fall), odds) in ways.into_iter().zip(odds).take(WAYS) {
            if may_fall {
                let counts = (block.counts[falling], block.counts[rising]);
                let evidence = BlockEvidence::of(block, counts, odds, exponent, trade, config, self.cap);
                say(falling * k + rising, evidence);
            }
        }
    }
}
