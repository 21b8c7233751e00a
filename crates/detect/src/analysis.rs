//! A cell seen through a lens: the statistic run from the start, with the evidence of the pair it speaks of.

use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_model::{Day, Marking, Names};

use crate::cell::Cell;
use crate::config::Config;
use crate::labels::{Label, Labels};
use crate::record::Record;
use crate::registry::Registry;
#[cfg(doc)]
use crate::statistic::State;
use crate::statistic::{Shape, Value, course, run, run_pair};
use crate::sums::Level;
use crate::tally::{Lens, Tally};
use crate::told::{Told, shape_of};
use crate::watch::Watch;

/// What an analysis stands on.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub cell: &'a Cell,
    /// Where the cell is watched: what it was asked lately need not be asked again.
    pub watch: Option<&'a Watch>,
    pub registry: &'a Registry,
    pub names: &'a Names,
    pub catalog: &'a Catalog,
    pub config: &'a Config,
    /// What had been told that applies to the cell.
    pub told: &'a [Told],
    /// What the log statistic of the cell must exceed.
    pub bar: f64,
    /// The closed day.
    pub day: Day,
}

/// The statistic of a cell through a lens, and the evidence of one pair.
pub(crate) struct Analysis {
    /// How series were told apart.
    pub labels: Labels,
    pub tally: Arc<Tally>,
    pub level: Level,
    pub falling: Label,
    pub rising: Label,
    pub record: Record,
    /// Natural logarithm of the prior weight spent on the pair.
    pub pair_spent_log: f64,
    /// What the pair says for itself.
    pub own_log: f64,
}

impl Ground<'_> {
    /// How the cell's series are told apart in records up to a marking, the pair given among them.
    pub fn labels(&self, up_to: Marking, pair: Option<(Label, Label)>) -> Labels {
        Labels::choose(self.cell, self.registry, up_to, self.told, pair)
    }

    /// What a pair says for itself through a lens ([`State::own_log`]); none where it cannot be tested.
    pub fn own_log(&self, lens: &Lens<'_>, pair: (Label, Label)) -> Option<f64> {
        let (tally, shape) = self.seen(lens);
        self.own_log_over(&tally, &shape, pair)
    }

    /// As [`Ground::own_log`], of counts as they are given.
    pub fn own_log_of(&self, tally: &Tally, pair: (Label, Label)) -> Option<f64> {
        self.own_log_over(tally, &self.shape(tally), pair)
    }

    fn own_log_over(&self, tally: &Tally, shape: &Shape, (falling, rising): (Label, Label)) -> Option<f64> {
        let (a, b) = (tally.local(falling)?, tally.local(rising)?);
        let state = run_pair(tally, shape, &self.config.statistic, self.day.week(), (a, b), None)?;
        state.own_log(tally.active.len(), a, b)
    }

    /// Whether, through a lens, the cell is above its bar and a pair carries enough of it to be named.
    pub fn leads(&self, lens: &Lens<'_>, (falling, rising): (Label, Label)) -> bool {
        let (tally, shape) = self.seen(lens);
        let (Some(a), Some(b)) = (tally.local(falling), tally.local(rising)) else { return false };
        let (config, week, mut record) = (&self.config.statistic, self.day.week(), Record::default());
        if run_pair(&tally, &shape, config, week, (a, b), Some(&mut record)).is_none() {
            return false;
        }
        let pair_log = record.pair_log();
        // The pair is run for a fraction of the work; where it alone says that no sum can do, the others are not run.
        if pair_log - self.config.lead_share_min.ln() < self.bar - ROUNDING {
            return false;
        }
        let level = run(&tally, &shape, config, week).and_then(|state| state.sums.level());
        level.is_some_and(|level| is_led(self, level, pair_log))
    }

    /// A tally and the shape of a run over it that give what a lens shows. Where whole strata are left out of a watched
    /// cell and every label is still there, its own tally will do.
    fn seen(&self, lens: &Lens<'_>) -> (Arc<Tally>, Shape) {
        let own =
            self.watch.filter(|_| lens.leaves_strata_whole(self.cell)).and_then(|watch| watch.tally(&lens.whole()));
        if let Some(tally) = own {
            let ranks = tally.strata.iter().enumerate();
            let left_out = ranks.filter(|(_, (stratum, _))| !lens.sees_stratum(*stratum, self.registry));
            let without: Vec<u16> = left_out.map(|(rank, _)| rank as u16).collect();
            if tally.all_active(&without) {
                return (Arc::clone(tally), Shape { without, ..self.shape(tally) });
            }
        }
        let tally = Tally::of(self.cell, self.registry, lens);
        let shape = self.shape(&tally);
        (Arc::new(tally), shape)
    }

    fn shape(&self, tally: &Tally) -> Shape {
        shape_of(tally, self.cell, self.told, self.registry, self.catalog)
    }

    /// All that the statistic says of the cell through a lens, with the tally that it stands on.
    pub fn value(&self, lens: &Lens<'_>) -> Option<(Tally, Value)> {
        let tally = Tally::of(self.cell, self.registry, lens);
        let shape = self.shape(&tally);
        let value = run(&tally, &shape, &self.config.statistic, self.day.week())?.value()?;
        Some((tally, value))
    }

    /// The log statistic of the cell at the end of each week.
    pub fn course(&self, lens: &Lens<'_>) -> Vec<(i32, f64)> {
        let tally = Tally::of(self.cell, self.registry, lens);
        let shape = self.shape(&tally);
        course(&tally, &shape, &self.config.statistic, self.day.week())
    }

    /// The analysis of the leading pair, or of the pair given.
    pub fn analyse(&self, lens: &Lens<'_>, pair: Option<(Label, Label)>) -> Option<Analysis> {
        let tally = match self.watch.and_then(|watch| watch.tally(lens)) {
            Some(tally) => Arc::clone(tally),
            None => Arc::new(Tally::of(self.cell, self.registry, lens)),
        };
        let shape = self.shape(&tally);
        let (config, week, k) = (&self.config.statistic, self.day.week(), tally.active.len());
        let (level, leader) = match self.watch.and_then(|watch| watch.sums(&tally, &shape, week)) {
            Some(sums) => (sums.level()?, sums.leader()?),
            None => {
                let sums = run(&tally, &shape, config, week)?.sums;
                (sums.level()?, sums.leader()?)
            }
        };
        let (a, b) = match pair {
            Some((falling, rising)) => (tally.local(falling)?, tally.local(rising)?),
            None => (leader.1 / k, leader.1 % k),
        };
        let mut record = Record::default();
        let state = run_pair(&tally, &shape, config, week, (a, b), Some(&mut record))?;
        let (falling, rising) = (tally.active[a], tally.active[b]);
        let own_log = state.own_log(k, a, b)?;
        let labels = lens.labels(self.cell, self.registry).into_owned();
        let pair_spent_log = state.spent_log(k, a, b);
        Some(Analysis { pair_spent_log, own_log, labels, tally, level, falling, rising, record })
    }
}

/// Nats by which what was computed may differ from what is.
const ROUNDING: f64 = 1e-9;

/// Whether a cell is above its bar and a pair carries enough of it to be named.
fn is_led(ground: &Ground<'_>, level: Level, pair_log: f64) -> bool {
    level.log > ground.bar && pair_log - level.log >= ground.config.lead_share_min.ln()
}

impl Analysis {
    /// Whether the cell is above its bar and the pair carries enough of it to be named.
    pub fn leads(&self, ground: &Ground<'_>) -> bool {
        is_led(ground, self.level, self.pair_log())
    }

    /// Natural logarithm of the pair's own part of the sum.
    pub fn pair_log(&self) -> f64 {
        self.record.pair_log()
    }

    /// The strata's ranks in the order of their evidence for the pair since `week`, with that evidence in nats.
    pub fn evidence_by_stratum(&self, week: i32) -> Vec<f64> {
        let mut by_stratum = vec![[0.0; crate::FRACTIONS]; self.tally.strata.len()];
        for block in self.record.blocks.iter().filter(|b| b.key.week >= week) {
            for (sum, log) in by_stratum[usize::from(block.stratum)].iter_mut().zip(block.log) {
                *sum += log;
            }
        }
        by_stratum.into_iter().map(|log| log.into_iter().fold(f64::MIN, f64::max)).collect()
    }
}
