//! A sweep kept so far that a change only repeats what comes after it.
//!
//! The baseline lags: what changed lately moves the baseline of no week that has been. So a week keeps its baseline, its
//! prior weights and what its blocks say, and to repeat it is to add and multiply; only the changed weeks are weighed anew.

use std::collections::{BTreeSet, VecDeque};

use crate::baseline::Baseline;
use crate::config::StatisticConfig;
use crate::factors::PairFactors;
#[cfg(test)]
use crate::statistic::Value;
use crate::statistic::{Shape, State};
use crate::sums::{Level, Sums};
use crate::tally::Tally;
use crate::week::{Room, Week, advance_baseline, weights};
use crate::weighed::Weighed;

/// Weeks between two sums that are kept: a change repeats at most as many weeks more than it must.
const KEEP_WEEKS: i32 = 2;
/// Weeks that are kept, a year of them: a change further back is rare enough to weigh everything since then anew.
pub(crate) const WEEKS_MAX: usize = 52;
/// The latest weeks, of which what each block says is kept: records come late by weeks, seldom by months.
const KNOWN_WEEKS: i32 = 8;
/// Weeks between two whole states that are kept from before that, for such a change to begin with,
const STATE_WEEKS: i32 = 26;
/// and how many of them at most: the latest.
const STATES_MAX: usize = 8;

/// States of a sweep over one tally: at most [`WEEKS_MAX`] weeks with a baseline of (strata x labels x 6) floats and 56
/// bytes for each pair that they have something to say of, half as many sums of labels^2 x 10 floats, [`STATES_MAX`] whole
/// states, and of [`KNOWN_WEEKS`] weeks what each block says.
#[derive(Default)]
pub(crate) struct Sweep {
    shape: Shape,
    /// Whole states, of ever later weeks.
    states: Vec<State>,
    /// The week of the first of `weeks`, which follow each other.
    first: i32,
    weeks: VecDeque<KeptWeek>,
    /// Sums at the end of some of those weeks, of ever later ones.
    kept: VecDeque<Sums>,
    /// Sums that are not kept any more, for their room,
    spare: Vec<Sums>,
    /// and a baseline.
    spare_baseline: Option<Baseline>,
    /// The sums at the end of the week last asked for.
    sums: Option<Sums>,
    room: Room,
}

/// What is known of a week.
struct KeptWeek {
    baseline: Baseline,
    /// Prior weight of each active substance's pairs.
    weights: Box<[f64]>,
    /// Whether `factors` are those of its blocks. Before twelve months of history nothing is weighed.
    weighed: bool,
    has_blocks: bool,
    /// What its blocks say, by pair.
    factors: Vec<PairFactors>,
    /// What each of them says, of the latest weeks: there is what changes.
    known: Option<Box<Weighed>>,
}

impl Sweep {
    /// What the sums say at the end of `week`. `changed` are the weeks of the tally that are not what they were when last
    /// asked; none: anything may have changed.
    pub fn level(
        &mut self,
        tally: &Tally,
        shape: &Shape,
        changed: Option<&BTreeSet<i32>>,
        config: &StatisticConfig,
        week: i32,
    ) -> Option<Level> {
        let (end, first_week) = (shape.last_week(tally, week), shape.first_week(tally));
        match changed {
            Some(changed) if *shape == self.shape && first_week.is_some() => self.forget(changed, end, config),
            _ => *self = Sweep { shape: shape.clone(), ..Sweep::default() },
        }
        if self.sums.is_none() {
            let start = self.states.last().cloned().or_else(|| State::start(tally, shape, config, None));
            self.approach(start?, tally, config, end);
        }
        let (mut sums, first_week) = (self.sums.take()?, first_week?);
        while sums.week < end {
            self.step(&mut sums, tally, first_week, config);
        }
        self.thin(end, first_week);
        self.sums.insert(sums).level()
    }

    /// The natural logarithm of the leading pair's part at the end of the week last asked for, with the pair as places
    /// among the active substances.
    pub fn leader(&self) -> Option<(f64, usize, usize)> {
        let (log, pair) = self.sums.as_ref()?.leader()?;
        let k = self.weeks.front()?.weights.len();
        Some((log, pair / k, pair % k))
    }

    /// The sums at the end of the week last asked for, where that was for such a shape.
    pub fn sums(&self, shape: &Shape) -> Option<&Sums> {
        self.sums.as_ref().filter(|_| self.shape == *shape)
    }

    /// All that is said at the end of the week last asked for.
    #[cfg(test)]
    pub fn value(&self) -> Option<Value> {
        let sums = self.sums.as_ref()?;
        let at = usize::try_from(sums.week - self.first).ok()?;
        Value::of(sums, self.weeks.get(at)?.baseline.shares().collect())
    }

    /// Drops what changed weeks make untrue and what lies beyond the end, and goes back to sums that stand.
    fn forget(&mut self, changed: &BTreeSet<i32>, end: i32, config: &StatisticConfig) {
        let first_changed = changed.first().copied().unwrap_or(i32::MAX);
        let stands = |week: i32| week < first_changed && week <= end;
        // A block enters the baselines of the weeks after its lag.
        let same = first_changed.saturating_add(config.lag_weeks + 1).saturating_sub(self.first);
        self.weeks.truncate(usize::try_from(same).unwrap_or(0));
        for week in changed {
            if let Some(week) = usize::try_from(week - self.first).ok().and_then(|at| self.weeks.get_mut(at)) {
                week.weighed = false;
            }
        }
        while self.states.pop_if(|state| !stands(state.sums.week)).is_some() {}
        while self.kept.back().is_some_and(|sums| !stands(sums.week)) {
            self.spare.extend(self.kept.pop_back());
        }
        if self.sums.as_ref().is_some_and(|sums| !stands(sums.week)) {
            match (&mut self.sums, self.kept.back()) {
                (Some(sums), Some(kept)) => sums.become_copy(kept),
                (sums, _) => *sums = None,
            }
        }
    }

    /// Runs a whole state up to the weeks that are kept.
    fn approach(&mut self, mut state: State, tally: &Tally, config: &StatisticConfig, end: i32) {
        // Where all was taken back that came before, the tally begins behind the weeks that are kept.
        if state.sums.week + 1 > self.first + self.weeks.len() as i32 {
            self.weeks.clear();
        }
        if self.weeks.is_empty() {
            self.first = (state.sums.week + 1).max(end - WEEKS_MAX as i32 + 1);
        }
        while state.sums.week + 1 < self.first {
            state.advance(tally, &self.shape, config, &mut None, &mut self.room);
            if state.sums.week.rem_euclid(STATE_WEEKS) == 0 {
                self.keep_state(state.clone());
            }
        }
        let State { first_week, baseline, sums } = state;
        if self.weeks.is_empty() {
            self.push_week(baseline, tally, first_week, config);
        }
        self.sums = Some(sums);
    }

    fn push_week(&mut self, mut baseline: Baseline, tally: &Tally, first_week: i32, config: &StatisticConfig) {
        let week = self.first + self.weeks.len() as i32;
        advance_baseline(&mut baseline, tally, first_week, &self.shape, config, week);
        let all = 0..tally.active.len();
        weights(&baseline, &self.shape, config, week, all, &mut self.room.weights);
        let weights = self.room.weights.as_slice().into();
        self.weeks.push_back(KeptWeek {
            baseline,
            weights,
            weighed: false,
            has_blocks: false,
            factors: Vec::new(),
            known: None,
        });
    }

    fn step(&mut self, sums: &mut Sums, tally: &Tally, first_week: i32, config: &StatisticConfig) {
        let at = (sums.week + 1 - self.first) as usize;
        if at == self.weeks.len() {
            let last = &self.weeks[at - 1].baseline;
            let baseline = match self.spare_baseline.take() {
                Some(mut spare) => {
                    spare.become_copy(last);
                    spare
                }
                None => last.clone(),
            };
            self.push_week(baseline, tally, first_week, config);
        }
        let week = &mut self.weeks[at];
        if !week.weighed {
            week.has_blocks = self.shape.blocks(tally, sums.week + 1).next().is_some();
        }
        if sums.enter(week.has_blocks, config) {
            sums.add_weights(&week.weights, &self.shape, config);
            if !week.weighed {
                let (pairs, shape) = (sums.pairs.clone(), &self.shape);
                let blocks = Week::new(sums.week, &week.baseline, tally, shape, config, pairs);
                blocks.weigh_again(week.known.get_or_insert_default(), &mut week.factors, &mut self.room);
                week.weighed = true;
            }
            sums.multiply(&week.factors);
        }
        if sums.week.rem_euclid(KEEP_WEEKS) == 0 {
            let mut kept = self.spare.pop().unwrap_or_else(|| sums.clone());
            kept.become_copy(sums);
            self.kept.push_back(kept);
        }
    }

    /// Keeps no more weeks than there is room for, those before the end first.
    fn thin(&mut self, end: i32, first_week: i32) {
        while self.weeks.len() > WEEKS_MAX && self.first < end {
            let oldest = self.weeks.pop_front();
            let (mut baseline, sums) =
                (oldest.map(|week| week.baseline), self.kept.pop_front_if(|sums| sums.week == self.first));
            if let Some(sums) = sums {
                match baseline.take_if(|_| sums.week.rem_euclid(STATE_WEEKS) == 0) {
                    Some(baseline) => self.keep_state(State { first_week, baseline, sums }),
                    None => self.spare.push(sums),
                }
            }
            self.spare_baseline = baseline.or(self.spare_baseline.take());
            self.first += 1;
        }
        self.weeks.truncate(WEEKS_MAX);
        self.spare.truncate(1);
        // All before the first of the latest were let go of when they were the first before that.
        let latest = (end - KNOWN_WEEKS - self.first).max(0) as usize;
        self.weeks.range_mut(..latest.min(self.weeks.len())).for_each(|week| week.known = None);
    }

    fn keep_state(&mut self, state: State) {
        if self.states.len() == STATES_MAX {
            self.states.remove(0);
        }
        self.states.push(state);
    }

    /// Sums that are kept.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.kept.len()
    }
}
