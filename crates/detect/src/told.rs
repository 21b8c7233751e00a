//! What has been told: a shift that an alert spoke of is the new normal, and not told again.

use headwater_catalog::Catalog;
use headwater_model::{Day, FamilyIx};

use crate::cell::CellKey;
use crate::statistic::Shape;
use crate::tally::Tally;

/// A shift that was told. For every pair that shares a substance with it, the baseline of the cells it applies to begins
/// anew after `after_week`, and those pairs are tested again when that baseline has twelve months.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The alert that told it.
    pub alert_id: String,
    /// The closed day on which it was raised.
    pub raised_on: Day,
    /// Members of the family.
    pub falling: u16,
    pub rising: u16,
    /// The subdivision it was told of; none = the whole market, its subdivisions included.
    pub subdivision: Option<Box<str>>,
    /// Last event week in which the change may have begun.
    pub after_week: i32,
}

impl Told {
    /// Whether it speaks of a cell of its family and market.
    pub fn applies_to(&self, cell: &CellKey) -> bool {
        self.subdivision.is_none() || self.subdivision == cell.subdivision
    }

    /// Whether it shares a substance with a pair.
    pub fn shares(&self, falling: u16, rising: u16) -> bool {
        [self.falling, self.rising].iter().any(|m| *m == falling || *m == rising)
    }
}

/// The shape of a sweep over a tally of a cell.
pub(crate) fn shape_of(tally: &Tally, cell: &CellKey, family: FamilyIx, told: &[Told], catalog: &Catalog) -> Shape {
    let told: Vec<&Told> = told.iter().filter(|t| t.applies_to(cell)).collect();
    let mut eras: Vec<i32> = told.iter().map(|t| t.after_week).collect();
    eras.sort_unstable();
    eras.dedup();
    let mut era_of = Vec::new();
    if !eras.is_empty() {
        for &a in &tally.active {
            for &b in &tally.active {
                let after = told.iter().filter(|t| t.shares(a, b)).map(|t| t.after_week).max();
                era_of.push(after.and_then(|w| eras.binary_search(&w).ok()).map_or(0, |era| era + 1));
            }
        }
    }
    let members = &catalog.family_at(family).members;
    let controls = tally.active.iter().map(|m| {
        let facts = &catalog.substance(members[usize::from(*m)]).controls;
        let mut days: Vec<Day> =
            facts.iter().filter(|f| f.jurisdiction.holds_in(cell.market)).filter_map(|f| f.date).collect();
        days.sort_unstable();
        days.dedup();
        days
    });
    Shape { eras, era_of, controls: controls.collect() }
}
