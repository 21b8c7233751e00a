//! What an event week does to the sums of a cell: the baseline that it stands on, its prior weights, and what its blocks say.

use std::ops::Range;

use crate::baseline::Baseline;
use crate::block::WEEK_DAYS;
use crate::config::StatisticConfig;
use crate::factors::PairFactors;
use crate::record::{BlockEvidence, Record};
use crate::statistic::{CONTROL_DAYS, LANES, Shape, YEAR_DAYS};
use crate::tally::{Block, Tally};

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
    /// The factors of the pairs that the week has something to say of.
    pub factors: Vec<PairFactors>,
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
}

impl Week<'_> {
    /// Weighs the blocks: `room` then holds their log wealth and their factors. A record is that of one pair.
    pub fn weigh(&self, record: &mut Option<&mut Record>, room: &mut Room) {
        for pair in room.asked.drain(..) {
            (room.logs[pair], room.is_asked[pair]) = ([0.0; LANES], false);
        }
        room.logs.resize(self.pairs.len(), [0.0; LANES]);
        room.is_asked.resize(self.pairs.len(), false);
        let (k, cap) = (self.tally.active.len(), self.config.cap.ln());
        for block in self.shape.blocks(self.tally, self.week) {
            if self.pairs.len() == 1 {
                self.weigh_pair::<1>(block, self.pairs.start / k, self.pairs.start % k, cap, record, room);
                continue;
            }
            for a in 0..k {
                for b in a + 1..k {
                    self.weigh_pair::<2>(block, a, b, cap, record, room);
                }
            }
        }
        room.factors.clear();
        let factors = room.asked.iter().filter_map(|at| PairFactors::of(self.pairs.start + at, &room.logs[*at]));
        room.factors.extend(factors);
    }

    /// Weighs a block for two substances, of which the first may fall, or either: all that their baseline says of the two is
    /// worked out once.
    #[inline]
    fn weigh_pair<const WAYS: usize>(
        &self,
        block: &Block,
        a: usize,
        b: usize,
        cap: f64,
        record: &mut Option<&mut Record>,
        room: &mut Room,
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
            if !may_fall {
                continue;
            }
            let counts = (block.counts[falling], block.counts[rising]);
            let evidence = BlockEvidence::of(block, counts, odds, exponent, trade, config, cap);
            let at = falling * k + rising - self.pairs.start;
            if !std::mem::replace(&mut room.is_asked[at], true) {
                room.asked.push(at);
            }
            evidence.add_to(&mut room.logs[at]);
            if let Some(record) = record {
                record.blocks.push(evidence);
            }
        }
    }
}
