//! A watched cell: its sums, and the sweep kept so far that a change only repeats what comes after it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use headwater_catalog::Catalog;
use headwater_model::{Day, Evidence, Marking, Pane};

use crate::cell::Cell;
use crate::config::StatisticConfig;
use crate::registry::{Registry, SeriesInfo};
use crate::reporting::Reporting;
use crate::statistic::{Shape, State, Value, last_week};
use crate::tally::{Lens, Tally};
use crate::told::{Told, shape_of};

/// Weeks between two states that are kept: a change repeats at most as many weeks more than it must.
const KEEP_WEEKS: i32 = 4;
/// States kept, a year of them: a change further back is rare enough to repeat everything.
const KEPT_MAX: usize = 13;

/// How each source reports each kind of evidence.
pub(crate) type Habits = BTreeMap<(Box<str>, Evidence), Reporting>;

/// A cell under watch. Besides the cell's sums it holds the tally (one count a block and substance) and at most
/// [`KEPT_MAX`] states of (strata x substances x 3 + substances^2 x 10) floats.
pub(crate) struct Watch {
    pub cell: Cell,
    tally: Option<Tally>,
    shape: Shape,
    kept: VecDeque<State>,
    changed: BTreeSet<i32>,
    /// How its sources report.
    pub habits: Habits,
    /// Something was taken back since it was last looked at.
    pub corrected: bool,
    /// Not looked at for a raise before this day: it did not pass a short while ago.
    pub next_look: Option<Day>,
    /// What the statistic said when last asked.
    pub value: Option<Value>,
}

impl Watch {
    pub fn new(cell: Cell) -> Watch {
        Watch {
            cell,
            tally: None,
            shape: Shape::default(),
            kept: VecDeque::new(),
            changed: BTreeSet::new(),
            habits: Habits::new(),
            corrected: false,
            next_look: None,
            value: None,
        }
    }

    /// Adds a pane of a series that belongs to the cell.
    pub fn add(&mut self, pane: &Pane, info: &SeriesInfo, registry: &Registry) {
        let block = self.cell.add(pane, info, registry);
        self.changed.insert(block.week);
        self.corrected |= pane.sums.incidents < 0 || pane.sums.mass_mg < 0;
        let stratum = registry.stratum(info.stratum);
        self.habits.entry((stratum.source.clone(), stratum.evidence)).or_default().add(pane);
    }

    /// The statistic over everything in the cell, at the end of `week`.
    pub fn evaluate(
        &mut self,
        registry: &Registry,
        told: &[Told],
        catalog: &Catalog,
        config: &StatisticConfig,
        week: i32,
    ) -> Option<&Value> {
        let lens = Lens::up_to(Marking::Red);
        let changed = std::mem::take(&mut self.changed);
        let cell = &self.cell;
        let mut whole = match &mut self.tally {
            None => true,
            Some(tally) => {
                !changed.iter().all(|week| tally.refresh(cell, registry, &lens, *week)) || !tally.all_active()
            }
        };
        if whole {
            self.tally = Some(Tally::of(&self.cell, registry, &lens));
        }
        let tally = self.tally.as_ref()?;
        let shape = shape_of(tally, &self.cell.key, self.cell.family, told, catalog);
        whole |= shape != self.shape;
        self.shape = shape;
        if whole {
            self.kept.clear();
        } else if let Some(first) = changed.first() {
            self.kept.retain(|state| state.week < *first);
        }
        self.value = None;
        let mut state = match self.kept.back() {
            Some(state) => state.clone(),
            None => State::start(tally, &self.shape)?,
        };
        let end = last_week(tally, week);
        while state.week < end {
            state.advance(tally, &self.shape, config, &mut None);
            if state.week.rem_euclid(KEEP_WEEKS) == 0 {
                if self.kept.len() == KEPT_MAX {
                    self.kept.pop_front();
                }
                self.kept.push_back(state.clone());
            }
        }
        self.value = state.value(tally.active.len());
        self.value.as_ref()
    }
}
