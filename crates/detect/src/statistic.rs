//! The statistic: from the blocks of a cell to one number a day, and to the pair that it speaks of.
//!
//! THE module that a better statistic replaces. For each ordered pair of substances (one falls, one rises), each
//! alternative on the grid and each mode (trade only, seizures only, both) a Shiryaev-Roberts sum runs over event weeks:
//! R <- (part kept x R + prior weight of the week) x wealth of the week's blocks. The part kept makes a change that may
//! have begun long ago weigh less: it is no news, and shares that wandered off once do not raise alarms for years. The
//! wealth of a block conditions on its count of the pair, so that a silent reporter or a surge of the whole family moves
//! nothing, and is capped, so that no one operation moves much. The sum over pairs, alternatives and modes is an e-detector (Shin, Ramdas and Rinaldo 2022): its
//! mean under the null is at most the prior weight spent.
//!
//! It runs in event time over net counts. So its value on a day is a function of the sums known by that day alone:
//! neither the order of arrival nor what was taken back since leaves a trace, and a late record counts in its own week.

use crate::baseline::Baseline;
use crate::block::week_first;
use crate::config::{FRACTIONS, StatisticConfig};
use crate::record::{Record, WeekEvidence};
use crate::sums::{Level, Sums};
use crate::tally::{Block, Tally};
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
        let pair = pairs.start;
        if let Some(record) = record.as_mut().filter(|_| shape.tests(pair, week, config)) {
            let (kept, weight) = (config.kept(), room.weights[pair / k]);
            record.weeks.push(WeekEvidence { week, kept, weight, log: [0.0; LANES] });
        }
        if !has_blocks {
            return;
        }
        Week::new(week, &self.baseline, tally, shape, config, pairs).weigh(record, room);
        if let Some(last) = record.as_mut().and_then(|record| record.weeks.last_mut()) {
            last.log = room.logs[0];
        }
        self.sums.multiply(&room.factors);
    }

    /// What the sums say now; none before anything was tested.
    pub fn value(&self) -> Option<Value> {
        Value::of(&self.sums, self.baseline.shares().collect())
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
