//! A sweep kept so far that a change only repeats what comes after it.

use std::collections::{BTreeSet, VecDeque};

use crate::config::StatisticConfig;
use crate::factors::Factors;
use crate::statistic::{Shape, State, Value, last_week};
use crate::tally::Tally;

/// Weeks between two states that are kept: a change repeats at most as many weeks more than it must.
const KEEP_WEEKS: i32 = 4;
/// States kept, a year of them: a change further back is rare enough to repeat everything.
pub(crate) const KEPT_MAX: usize = 13;

/// States of a sweep over one tally: at most [`KEPT_MAX`] of (strata x labels x 6 + labels^2 x 10) floats, and a year of
/// weeks of labels^2 x 9 factors.
#[derive(Default)]
pub(crate) struct Sweep {
    shape: Shape,
    kept: VecDeque<State>,
    /// Of the weeks after the first state kept.
    factors: Factors,
}

impl Sweep {
    /// The statistic at the end of `week`. `changed` are the weeks of the tally that are not what they were when last
    /// asked; none: anything may have changed.
    pub fn value(
        &mut self,
        tally: &Tally,
        shape: Shape,
        changed: Option<&BTreeSet<i32>>,
        config: &StatisticConfig,
        week: i32,
    ) -> Option<Value> {
        let same = shape == self.shape;
        self.shape = shape;
        match changed {
            Some(changed) if same => {
                if let Some(first) = changed.first() {
                    self.kept.retain(|state| state.week < *first);
                    // A block enters the baselines of the weeks after its lag.
                    self.factors.weeks.retain(|week, _| !changed.contains(week) && *week <= first + config.lag_weeks);
                }
            }
            _ => {
                self.kept.clear();
                self.factors.weeks.clear();
            }
        }
        let mut state = match self.kept.back() {
            Some(state) => state.clone(),
            None => State::start(tally, &self.shape, None)?,
        };
        let end = last_week(tally, week);
        while state.week < end {
            state.advance(tally, &self.shape, config, &mut None, &mut self.factors);
            if state.week.rem_euclid(KEEP_WEEKS) == 0 {
                if self.kept.len() == KEPT_MAX {
                    self.kept.pop_front();
                }
                self.kept.push_back(state.clone());
            }
        }
        if let Some(first) = self.kept.front() {
            self.factors.weeks = self.factors.weeks.split_off(&(first.week + 1));
        }
        state.value(tally.active.len())
    }

    /// States that are kept.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.kept.len()
    }
}
