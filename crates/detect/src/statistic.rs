//! The statistic: from the blocks of a cell to one number a day, and to the pair that it speaks of.
//!
//! THE module that a better statistic replaces. For each ordered pair of substances (one falls, one rises), each
//! alternative on the grid and each mode (trade only, seizures only, both) a Shiryaev-Roberts sum runs over event weeks:
//! R <- (R + prior weight of the week) x wealth of the week's blocks. The wealth of a block conditions on its count of
//! the pair, so that a silent reporter or a surge of the whole family moves nothing, and is capped, so that no one
//! operation moves much. The sum over pairs, alternatives and modes is an e-detector (Shin, Ramdas and Rinaldo 2022): its
//! mean under the null is at most the prior weight spent.
//!
//! It runs in event time over net counts. So its value on a day is a function of the sums known by that day alone:
//! neither the order of arrival nor what was taken back since leaves a trace, and a late record counts in its own week.

use std::iter::Peekable;

use crate::baseline::{Baseline, Odds};
use crate::block::{BlockKey, week_first};
use crate::config::{FRACTIONS, StatisticConfig};
use crate::factors::PairFactors;
use crate::sums::{Level, SUM_MAX, Sums};
use crate::tally::{Block, Tally};
use crate::wealth::Wealth;
use crate::week::{Room, Week, advance_baseline, weights};
use headwater_model::Day;

/// Trade only, seizures only, both.
pub(crate) const MODES: usize = 3;
/// Sums a pair keeps.
pub(crate) const LANES: usize = FRACTIONS * MODES;
/// Days of the prior weight's unit.
pub(crate) const YEAR_DAYS: f64 = 365.0;
/// Days over which the weight of a control date is spread.
pub(crate) const CONTROL_DAYS: f64 = 330.0;
/// An alternative must lie this factor above the null's bound: nearer, it cannot be told from it.
const DETECTABLE: f64 = 1.1;

/// What a sweep must know of the cell besides its counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    /// Weeks after which a baseline begins anew, for pairs that an earlier alert spoke of.
    pub eras: Vec<i32>,
    /// Era of each pair, `falling * substances + rising`: 0 = all time, else 1 + place in `eras`. Either may fall: the
    /// era is the same.
    pub era_of: Vec<usize>,
    /// Control dates by active substance.
    pub controls: Vec<Vec<Day>>,
    /// Ranks of the strata that are left out.
    pub without: Vec<u16>,
}

impl Shape {
    /// Whether a pair may be tested in a week: its era has twelve months of its own.
    pub fn tests(&self, pair: usize, week: i32, config: &StatisticConfig) -> bool {
        match self.era_of.get(pair) {
            None | Some(0) => true,
            Some(era) => week - self.eras[era - 1] > config.history_weeks,
        }
    }

    /// The blocks of a week of a tally that are not left out.
    pub fn blocks<'a>(&'a self, tally: &'a Tally, week: i32) -> impl Iterator<Item = &'a Block> + Clone {
        tally.blocks(week).iter().filter(|block| !self.without.contains(&block.stratum))
    }

    /// The first week that has any.
    pub fn first_week(&self, tally: &Tally) -> Option<i32> {
        tally.weeks.keys().copied().find(|week| self.blocks(tally, *week).next().is_some())
    }

    /// The week a sweep on a day of `week` ends with.
    pub fn last_week(&self, tally: &Tally, week: i32) -> i32 {
        let last = tally.weeks.keys().rev().copied().find(|week| self.blocks(tally, *week).next().is_some());
        last.map_or(week, |last| week.max(last))
    }

    /// Whether a control date of an active substance is near a week.
    pub fn is_controlled(&self, substance: usize, week: i32, config: &StatisticConfig) -> bool {
        let first = week_first(week);
        let near =
            |day: &Day| (first - *day >= -config.control_days_before) && (first - *day < config.control_days_after);
        self.controls.get(substance).is_some_and(|days| days.iter().any(near))
    }
}

/// State at the end of an event week: all that the following weeks depend on.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub first_week: i32,
    pub baseline: Baseline,
    pub sums: Sums,
}

/// One block's evidence for the pair that is recorded.
#[derive(Clone, Debug)]
pub(crate) struct BlockEvidence {
    pub key: BlockKey,
    pub stratum: u16,
    pub falling: f64,
    pub rising: f64,
    /// Whether its stratum is trade.
    pub trade: bool,
    odds: Odds,
    q1: [Option<f64>; FRACTIONS],
    exponent: f64,
    /// Log likelihood ratio by alternative,
    ratio: [f64; FRACTIONS],
    /// and log wealth: discounted and capped.
    pub log: [f64; FRACTIONS],
}

impl BlockEvidence {
    /// The evidence of one block for one pair, from the counts of what falls and of what rises; `cap` is the logarithm of
    /// the configured one.
    pub fn of(
        block: &Block,
        (falling, rising): (f64, f64),
        odds: Odds,
        exponent: f64,
        trade: bool,
        config: &StatisticConfig,
        cap: f64,
    ) -> BlockEvidence {
        let q1 = config.fractions.map(|f| {
            let f = f[usize::from(!trade)];
            let moved = (odds.estimate + f) / (1.0 - f);
            (moved > DETECTABLE * odds.bound).then_some(moved / (1.0 + moved))
        });
        let ratio = log_ratios(falling, rising, odds.bound, q1, config);
        let log = ratio.map(|ratio| capped(ratio, exponent, cap));
        BlockEvidence { key: block.key, stratum: block.stratum, falling, rising, trade, odds, q1, exponent, ratio, log }
    }

    /// The same at another discount: what a stratum's baseline says of its odds does not depend on other strata, what they
    /// say of how shares waver does.
    pub fn at(&self, exponent: f64, cap: f64) -> BlockEvidence {
        BlockEvidence { exponent, log: self.ratio.map(|ratio| capped(ratio, exponent, cap)), ..self.clone() }
    }

    /// Adds its log wealth to lanes: a block speaks in the mode of its stratum's class and in the mode of both.
    pub fn add_to(&self, lanes: &mut [f64; LANES]) {
        for (lanes, log) in lanes.chunks_exact_mut(MODES).zip(self.log) {
            lanes[usize::from(!self.trade)] += log;
            lanes[2] += log;
        }
    }

    /// Log wealth by alternative had the counts been these.
    pub fn log_with(&self, falling: f64, rising: f64, config: &StatisticConfig) -> [f64; FRACTIONS] {
        self.against(self.odds.bound, falling, rising, config)
    }

    /// Log wealth by lane against the baseline as counted, without its bound: it tells best when a change began.
    pub fn profile(&self, config: &StatisticConfig) -> [f64; LANES] {
        lanes(self.against(self.odds.estimate, self.falling, self.rising, config), self.trade)
    }

    /// Log wealth by lane.
    pub fn lanes(&self) -> [f64; LANES] {
        lanes(self.log, self.trade)
    }

    fn against(&self, odds: f64, falling: f64, rising: f64, config: &StatisticConfig) -> [f64; FRACTIONS] {
        let cap = config.cap.ln();
        log_ratios(falling, rising, odds, self.q1, config).map(|ratio| capped(ratio, self.exponent, cap))
    }
}

/// One week of the pair that is recorded.
#[derive(Clone, Debug)]
pub(crate) struct WeekEvidence {
    pub week: i32,
    /// Prior weight of a restart in this week, over all lanes.
    pub weight: f64,
    /// Log factor of the week by lane.
    pub log: [f64; LANES],
}

/// What a run of one pair writes down on its way.
#[derive(Default)]
pub(crate) struct Record {
    pub weeks: Vec<WeekEvidence>,
    pub blocks: Vec<BlockEvidence>,
}

impl Record {
    /// Natural logarithm of the pair's own part of the sum.
    pub fn pair_log(&self) -> f64 {
        self.sum_log(|_| None)
    }

    /// The pair's part without its strongest block in or after `week`; none where it has no such block.
    pub fn pair_log_without_strongest_block(&self, week: i32) -> Option<f64> {
        let total = |log: &[f64]| log.iter().sum::<f64>();
        let blocks = self.blocks.iter().filter(|b| b.key.week >= week);
        // Ties go to the first: the blocks are in a fixed order.
        let strongest = blocks.reduce(|best, b| if total(&b.log) > total(&best.log) { b } else { best })?;
        let minus = strongest.lanes();
        Some(self.sum_log(|w| (w.week == strongest.key.week).then_some(minus)))
    }

    /// Natural logarithm of the pair's own part of the sum, at the end of each recorded week.
    pub fn pair_course(&self) -> impl Iterator<Item = (i32, f64)> {
        let mut sums = [0.0f64; LANES];
        self.weeks.iter().map(move |week| {
            for (sum, log) in sums.iter_mut().zip(week.log) {
                *sum = ((*sum + week.weight / LANES as f64) * log.exp()).min(SUM_MAX);
            }
            (week.week, sums.iter().sum::<f64>().ln())
        })
    }

    /// The Shiryaev-Roberts sum of the recorded weeks, with what `minus` names taken out of a week.
    fn sum_log(&self, minus: impl Fn(&WeekEvidence) -> Option<[f64; LANES]>) -> f64 {
        let mut sums = [0.0f64; LANES];
        for week in &self.weeks {
            let minus = minus(week).unwrap_or([0.0; LANES]);
            let factors = exp_lanes(std::array::from_fn(|lane| week.log[lane] - minus[lane]));
            for (sum, factor) in sums.iter_mut().zip(factors) {
                *sum = ((*sum + week.weight / LANES as f64) * factor).min(SUM_MAX);
            }
        }
        sums.iter().sum::<f64>().ln()
    }
}

/// What the statistic says at the end of a week.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub level: Level,
    /// Natural logarithm of each pair's part with the pair as places among the active substances, the greatest first.
    pub pairs: Vec<(f64, usize, usize)>,
    /// Each active substance's share of the baseline: a pair's prior weight is that of what falls.
    pub shares: Vec<f64>,
}

impl Value {
    /// Of sums, and of the share that each active substance has of the baseline.
    pub fn of(sums: &Sums, shares: Vec<f64>) -> Option<Value> {
        let (level, k) = (sums.level()?, shares.len());
        let mut pairs: Vec<(f64, usize, usize)> = Vec::with_capacity(k * (k - 1));
        pairs.extend(sums.parts().map(|(pair, part)| (part.ln(), pair / k, pair % k)));
        // Stable: of two equal pairs the first in the order of the family's members leads.
        pairs.sort_by(|x, y| y.0.total_cmp(&x.0));
        Some(Value { level, pairs, shares })
    }

    /// What each pair says for itself ([`State::own_log`]), in the order of `pairs`.
    pub fn own_logs(&self) -> impl Iterator<Item = f64> {
        let others = self.shares.len() as f64 - 1.0;
        self.pairs.iter().map(move |(log, falling, _)| log + (others / self.shares[*falling]).ln())
    }
}

/// The exponential of each lane. Most weeks speak in one mode alone, and so in both alike.
pub(crate) fn exp_lanes(logs: [f64; LANES]) -> [f64; LANES] {
    let mut exps = [1.0; LANES];
    for (logs, exps) in logs.chunks_exact(MODES).zip(exps.chunks_exact_mut(MODES)) {
        for mode in 0..MODES {
            exps[mode] = match (0..mode).find(|other| logs[*other] == logs[mode]) {
                Some(same) => exps[same],
                None if logs[mode] == 0.0 => 1.0,
                None => logs[mode].exp(),
            };
        }
    }
    exps
}

/// A block speaks in the mode of its stratum's class and in the mode of both.
fn lanes(log: [f64; FRACTIONS], trade: bool) -> [f64; LANES] {
    let mut lanes = [0.0; LANES];
    for (j, log) in log.into_iter().enumerate() {
        lanes[j * MODES + usize::from(!trade)] = log;
        lanes[j * MODES + 2] = log;
    }
    lanes
}

/// Log likelihood ratio by alternative: none is one that cannot be told from the null, `odds`.
fn log_ratios(
    falling: f64,
    rising: f64,
    odds: f64,
    q1: [Option<f64>; FRACTIONS],
    config: &StatisticConfig,
) -> [f64; FRACTIONS] {
    let wealth = Wealth::new(falling, rising, odds / (1.0 + odds), config.precision);
    q1.map(|q1| q1.map_or(0.0, |q1| wealth.log_ratio(q1)))
}

fn capped(ratio: f64, exponent: f64, cap: f64) -> f64 {
    (ratio * exponent).min(cap)
}

impl State {
    /// The state before the first week of a tally, for all pairs or one; none where it has no blocks or no pair.
    pub fn start(
        tally: &Tally,
        shape: &Shape,
        config: &StatisticConfig,
        pair: Option<(usize, usize)>,
    ) -> Option<State> {
        let first_week = shape.first_week(tally)?;
        let k = tally.active.len();
        let pairs = pair.map_or(0..k * k, |(a, b)| a * k + b..a * k + b + 1);
        (k >= 2).then(|| State {
            first_week,
            baseline: Baseline::new(tally.strata.len(), k, shape.eras.len(), config),
            sums: Sums::new(first_week, pairs),
        })
    }

    /// Takes the next week in. A record is that of a state of one pair.
    pub fn advance(
        &mut self,
        tally: &Tally,
        shape: &Shape,
        config: &StatisticConfig,
        record: &mut Option<&mut Record>,
        room: &mut Room,
    ) {
        let (week, k) = (self.sums.week + 1, tally.active.len());
        advance_baseline(&mut self.baseline, tally, self.first_week, shape, config, week);
        let has_blocks = shape.blocks(tally, week).next().is_some();
        if !self.sums.enter(has_blocks, config) {
            return;
        }
        let pairs = self.sums.pairs.clone();
        weights(&self.baseline, shape, config, week, pairs.start / k..pairs.end.div_ceil(k), &mut room.weights);
        self.sums.add_weights(&room.weights, shape, config);
        if let Some(record) = record.as_mut().filter(|_| shape.tests(pairs.start, week, config)) {
            record.weeks.push(WeekEvidence { week, weight: room.weights[pairs.start / k], log: [0.0; LANES] });
        }
        if !has_blocks {
            return;
        }
        Week { week, baseline: &self.baseline, tally, shape, config, pairs }.weigh(record, room);
        if let Some(last) = record.as_mut().and_then(|record| record.weeks.last_mut()) {
            last.log = room.logs[0];
        }
        self.sums.multiply(&room.factors);
    }

    /// What the sums say now; none before anything was tested.
    pub fn value(&self) -> Option<Value> {
        Value::of(&self.sums, self.baseline.shares().collect())
    }

    /// Takes the next week in, of one pair, whose blocks were weighed with all strata there: `known` begins no later.
    fn advance_known<'a>(
        &mut self,
        tally: &Tally,
        shape: &Shape,
        config: &StatisticConfig,
        known: &mut Peekable<impl Iterator<Item = &'a BlockEvidence>>,
        room: &mut Room,
    ) {
        let (week, k, pair) = (self.sums.week + 1, tally.active.len(), self.sums.pairs.start);
        advance_baseline(&mut self.baseline, tally, self.first_week, shape, config, week);
        if !self.sums.enter(shape.blocks(tally, week).next().is_some(), config) {
            return;
        }
        weights(&self.baseline, shape, config, week, pair / k..pair / k + 1, &mut room.weights);
        self.sums.add_weights(&room.weights, shape, config);
        let (mut logs, cap) = ([0.0; LANES], config.cap.ln());
        while known.next_if(|block| block.key.week < week).is_some() {}
        while let Some(block) = known.next_if(|block| block.key.week == week) {
            if !shape.without.contains(&block.stratum) {
                let exponent = self.baseline.exponent(usize::from(block.stratum), pair / k, pair % k, config);
                block.at(exponent, cap).add_to(&mut logs);
            }
        }
        self.sums.multiply(PairFactors::of(pair, &logs).as_slice());
    }

    /// Natural logarithm of a pair's part of the sum, held against its part of the prior weight: what the pair says for
    /// itself, however many substances there are beside it. Corroboration and counter-evidence are in this unit.
    pub fn own_log(&self, k: usize, falling: usize, rising: usize) -> Option<f64> {
        let part = self.sums.part(falling * k + rising);
        let share = self.baseline.shares().nth(falling)?;
        (part > 0.0).then(|| (part * (k - 1) as f64 / share).ln())
    }

    /// Natural logarithm of the prior weight spent on a pair.
    pub fn spent_log(&self, k: usize, falling: usize, rising: usize) -> f64 {
        self.sums.spent_log(falling * k + rising)
    }
}

/// Runs a whole tally through, up to `week` (and to the last block, where a notice lies ahead of its day).
pub(crate) fn run(tally: &Tally, shape: &Shape, config: &StatisticConfig, week: i32) -> Option<State> {
    through(State::start(tally, shape, config, None)?, tally, shape, config, week, None, |_| ())
}

/// Runs one pair of a tally through: what [`run`] gives of it, for a fraction of the work.
pub(crate) fn run_pair(
    tally: &Tally,
    shape: &Shape,
    config: &StatisticConfig,
    week: i32,
    pair: (usize, usize),
    record: Option<&mut Record>,
) -> Option<State> {
    through(State::start(tally, shape, config, Some(pair))?, tally, shape, config, week, record, |_| ())
}

/// What [`run_pair`] gives with strata left out, `known` being its record with all of them there, for half the work.
pub(crate) fn run_known(
    tally: &Tally,
    shape: &Shape,
    config: &StatisticConfig,
    week: i32,
    pair: (usize, usize),
    known: &Record,
) -> Option<State> {
    let mut state = State::start(tally, shape, config, Some(pair))?;
    let (end, mut room, mut known) = (shape.last_week(tally, week), Room::default(), known.blocks.iter().peekable());
    while state.sums.week < end {
        state.advance_known(tally, shape, config, &mut known, &mut room);
    }
    Some(state)
}

/// Log statistic of the cell at the end of each week of a run.
pub(crate) fn course(tally: &Tally, shape: &Shape, config: &StatisticConfig, week: i32) -> Vec<(i32, f64)> {
    let mut course = Vec::new();
    let Some(start) = State::start(tally, shape, config, None) else { return course };
    through(start, tally, shape, config, week, None, |state| {
        let total = state.sums.total();
        if total > 0.0 {
            course.push((state.sums.week, total.ln()));
        }
    });
    course
}

fn through(
    mut state: State,
    tally: &Tally,
    shape: &Shape,
    config: &StatisticConfig,
    week: i32,
    mut record: Option<&mut Record>,
    mut each: impl FnMut(&State),
) -> Option<State> {
    let (end, mut room) = (shape.last_week(tally, week), Room::default());
    while state.sums.week < end {
        state.advance(tally, shape, config, &mut record, &mut room);
        each(&state);
    }
    Some(state)
}
