//! The statistic of one cell on one day, from panes alone: what every figure of an alert can be held against.

use headwater_catalog::Catalog;
use headwater_model::{Id, KnownDay, Marking, Names, Pane};

use crate::cell::{Cell, CellKey};
use crate::config::StatisticConfig;
use crate::label_name::LabelName;
use crate::registry::Registry;
use crate::statistic::{Value, run};
use crate::tally::{Lens, Tally};
use crate::told::shape_of;

/// What the statistic says of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The log statistic of the cell.
    pub log: f64,
    /// Each pair's own part, the greatest first.
    pub pairs: Vec<PairValue>,
}

/// One pair's part of the sum.
#[derive(Clone, Debug, PartialEq)]
pub struct PairValue {
    /// Catalog id, or route, of what falls.
    pub falling: String,
    /// And of what rises.
    pub rising: String,
    /// Natural logarithm of its part.
    pub log: f64,
    /// The same held against the pair's part of the prior weight: what it says for itself.
    pub own_log: f64,
}

/// Evaluates a cell at the end of `day` from the panes known by then, up to a label; nothing told before. Panes may come
/// in any order and in any number of parts. None where the cell's family is not tested, or nothing can be tested yet.
pub fn evaluate(
    key: &CellKey,
    day: KnownDay,
    up_to: Marking,
    panes: &[Pane],
    names: &Names,
    catalog: &Catalog,
    config: &StatisticConfig,
) -> Option<Evaluation> {
    let (cell, registry) = cell_of(key, day, panes, names, catalog)?;
    let tally = Tally::of(&cell, &registry, &Lens::up_to(up_to));
    let shape = shape_of(&tally, &cell, &[], &registry, catalog);
    let value = run(&tally, &shape, config, day.0.week())?.value()?;
    Some(Evaluation::of(&value, &tally, &cell, &registry, catalog))
}

/// A cell and its registry, from the panes that were known at the end of `day`; none where its family is not tested.
pub(crate) fn cell_of(
    key: &CellKey,
    day: KnownDay,
    panes: &[Pane],
    names: &Names,
    catalog: &Catalog,
) -> Option<(Cell, Registry)> {
    let mut registry = Registry::default();
    registry.extend(names, catalog);
    let family = catalog.families().iter().position(|f| f.id == key.family && f.tested)?;
    let mut cell = Cell::new(key.clone(), Id::new(family as u32));
    for pane in panes.iter().filter(|p| p.key.known_on <= day) {
        if let Some(info) = registry.info(pane.key.series)
            && cell.takes(info)
        {
            cell.add(pane, info, &registry);
            registry.add(pane);
        }
    }
    Some((cell, registry))
}

impl Evaluation {
    pub(crate) fn of(value: &Value, tally: &Tally, cell: &Cell, registry: &Registry, catalog: &Catalog) -> Evaluation {
        let id = |local: usize| LabelName::of(tally.active[local], cell, registry, catalog).id;
        let pairs = value.pairs.iter().zip(value.own_logs());
        let pairs =
            pairs.map(|((log, a, b), own_log)| PairValue { falling: id(*a), rising: id(*b), log: *log, own_log });
        Evaluation { log: value.level.log, pairs: pairs.collect() }
    }
}
