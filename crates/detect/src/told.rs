//! What has been told: a shift that an alert spoke of is the new normal, and not told again.

use headwater_catalog::Catalog;
use headwater_model::{Day, Jurisdiction, Kind};

use crate::area::Area;
use crate::cell::Cell;
use crate::labels::Label;
use crate::registry::Registry;
use crate::statistic::Shape;
use crate::tally::Tally;

/// A shift that was told. For every pair that shares a label with it, the baseline of the cells it applies to begins
/// anew after `after_week`, and those pairs are tested again when that baseline has twelve months.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The alert that told it.
    pub alert_id: String,
    /// The closed day on which it was raised.
    pub raised_on: Day,
    pub falling: Label,
    pub rising: Label,
    /// Where it was told of: it applies to that cell and to those that lie in it.
    pub area: Area,
    /// Last event week in which the change may have begun.
    pub after_week: i32,
}

impl Told {
    /// Whether it shares a label with a pair.
    pub fn shares(&self, kind: Kind, (falling, rising): (Label, Label), registry: &Registry) -> bool {
        let same = |own| registry.same(kind, own, falling) || registry.same(kind, own, rising);
        same(self.falling) || same(self.rising)
    }
}

/// The shape of a sweep over a tally of a cell, with what was told that applies to it.
pub(crate) fn shape_of(tally: &Tally, cell: &Cell, told: &[Told], registry: &Registry, catalog: &Catalog) -> Shape {
    let mut eras: Vec<i32> = told.iter().map(|t| t.after_week).collect();
    eras.sort_unstable();
    eras.dedup();
    let mut era_of = Vec::new();
    if !eras.is_empty() {
        for &a in &tally.active {
            for &b in &tally.active {
                let shared = told.iter().filter(|t| t.shares(cell.key.kind, (a, b), registry));
                let after = shared.map(|t| t.after_week).max();
                era_of.push(after.and_then(|w| eras.binary_search(&w).ok()).map_or(0, |era| era + 1));
            }
        }
    }
    let controls = tally.active.iter().map(|label| controls(*label, cell, catalog));
    Shape { eras, era_of, controls: controls.collect(), without: Vec::new() }
}

/// The control dates of a label: those of a substance that hold in the market, in the world those of the United Nations.
/// A way has none.
fn controls(label: Label, cell: &Cell, catalog: &Catalog) -> Vec<Day> {
    if cell.key.kind != Kind::Substitution {
        return Vec::new();
    }
    let members = &catalog.family_at(cell.family).members;
    let facts = &catalog.substance(members[label as usize]).controls;
    let holds = |jurisdiction: Jurisdiction| match cell.key.area.market() {
        Some(market) => jurisdiction.holds_in(market),
        None => jurisdiction == Jurisdiction::Un,
    };
    let mut days: Vec<Day> = facts.iter().filter(|f| holds(f.jurisdiction)).filter_map(|f| f.date).collect();
    days.sort_unstable();
    days.dedup();
    days
}
