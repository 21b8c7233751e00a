//! A tally: the counts of a cell as the statistic sees them, through a lens that can leave things out.

use std::collections::BTreeMap;

use headwater_model::{Id, Marking, Pane, Series};

use crate::block::BlockKey;
use crate::cell::{Amount, Cell, MemberSum};
use crate::registry::{Registry, SeriesInfo, StratumId};

/// What to leave out. The statistic run again through another lens is the counter-evidence of an alert.
#[derive(Clone, Copy)]
pub(crate) struct Lens<'a> {
    /// Only records up to this label.
    pub up_to: Marking,
    /// Without this reporter.
    pub without_source: Option<Id<Box<str>>>,
    /// Without this stratum.
    pub without_stratum: Option<StratumId>,
    /// Without derived amounts and substances.
    pub without_flagged: bool,
    /// Without these panes: those of one event.
    pub minus: &'a [Pane],
    /// A block's incidents shared out among its substances by mass.
    pub by_mass: bool,
}

impl Lens<'_> {
    /// Everything up to a label.
    pub fn up_to(up_to: Marking) -> Lens<'static> {
        Lens { up_to, without_source: None, without_stratum: None, without_flagged: false, minus: &[], by_mass: false }
    }

    /// Whether nothing at all is left out.
    fn is_whole(&self) -> bool {
        // Field by field, so that a new one is not forgotten here. How blocks are shared out leaves nothing out.
        let Lens { up_to, without_source, without_stratum, without_flagged, minus, by_mass: _ } = *self;
        let all = without_source.is_none() && without_stratum.is_none() && minus.is_empty();
        all && up_to == Marking::Red && !without_flagged
    }

    /// Whether series of this info are seen at all.
    pub fn sees(&self, info: &SeriesInfo) -> bool {
        info.marking <= self.up_to
            && self.without_source != Some(info.source)
            && self.without_stratum != Some(info.stratum)
            && !(self.without_flagged && info.flagged)
    }
}

/// One block of one stratum.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub key: BlockKey,
    /// Rank of its stratum.
    pub stratum: u16,
    /// Incidents by active substance; never negative.
    pub counts: Box<[f64]>,
}

/// The blocks of a cell by week, inside a week by stratum.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    /// Substances with incidents, as places among the family's members, ascending.
    pub active: Vec<u16>,
    /// Strata in the order of their names, with whether they are trade.
    pub strata: Vec<(StratumId, bool)>,
    pub weeks: BTreeMap<i32, Vec<Block>>,
}

/// Sums by member of one block of one stratum.
type Sums = BTreeMap<u16, MemberSum>;

impl Tally {
    /// Counts a whole cell.
    pub fn of(cell: &Cell, registry: &Registry, lens: &Lens<'_>) -> Tally {
        let mut blocks = gather(cell, registry, lens, i32::MIN, i32::MAX);
        let mut totals: BTreeMap<u16, i64> = BTreeMap::new();
        for sums in blocks.values_mut() {
            for (member, (incidents, _)) in sums.iter() {
                let total = totals.entry(*member).or_default();
                *total = total.saturating_add((*incidents).max(0));
            }
        }
        let active = totals.into_iter().filter(|(_, n)| *n > 0).map(|(member, _)| member).collect();
        let strata = cell.strata().iter().map(|s| (*s, registry.stratum(*s).evidence.is_trade())).collect();
        let mut tally = Tally { active, strata, weeks: BTreeMap::new() };
        for ((key, stratum), sums) in blocks {
            tally.push(key, stratum, &sums, lens);
        }
        tally
    }

    /// Counts some weeks of the cell again; false when a substance appears that was not active before, or a stratum,
    /// so that everything must be counted again. (One that disappears is the caller's to notice.)
    pub fn refresh(&mut self, cell: &Cell, registry: &Registry, lens: &Lens<'_>, week: i32) -> bool {
        if self.strata.len() != cell.strata().len() {
            return false;
        }
        self.weeks.remove(&week);
        for ((key, stratum), sums) in gather(cell, registry, lens, week, week) {
            if sums.iter().any(|(member, (n, _))| *n > 0 && self.active.binary_search(member).is_err()) {
                return false;
            }
            self.push(key, stratum, &sums, lens);
        }
        true
    }

    /// Whether every active substance has a count somewhere.
    pub fn all_active(&self) -> bool {
        let mut seen = vec![false; self.active.len()];
        // The latest weeks first: they show most substances at once.
        for block in self.weeks.values().rev().flatten() {
            for (seen, n) in seen.iter_mut().zip(&block.counts) {
                *seen |= *n > 0.0;
            }
            if seen.iter().all(|s| *s) {
                return true;
            }
        }
        seen.iter().all(|s| *s)
    }

    /// The place of a member among the active ones.
    pub fn local(&self, member: u16) -> Option<usize> {
        self.active.binary_search(&member).ok()
    }

    fn push(&mut self, key: BlockKey, stratum: u16, sums: &Sums, lens: &Lens<'_>) {
        let mut counts = vec![0.0; self.active.len()].into_boxed_slice();
        for (member, (incidents, _)) in sums {
            if let Ok(k) = self.active.binary_search(member) {
                counts[k] = (*incidents).max(0) as f64;
            }
        }
        let mass: i128 = sums.values().map(|(_, mass)| (*mass).max(0)).sum();
        if lens.by_mass && mass > 0 {
            let total: f64 = counts.iter().sum();
            for (k, member) in self.active.iter().enumerate() {
                let own = sums.get(member).map_or(0, |(_, mass)| (*mass).max(0));
                counts[k] = total * (own as f64 / mass as f64);
            }
        }
        if counts.iter().any(|n| *n > 0.0) {
            let week = self.weeks.entry(key.week).or_default();
            // The order inside a week is that of stratum, then block.
            let at = week.partition_point(|b| (b.stratum, b.key) < (stratum, key));
            week.insert(at, Block { key, stratum, counts });
        }
    }
}

/// Net sums by block, stratum and member: integers, so that neither the order of arrival nor the number of a series
/// shows in them.
fn gather(cell: &Cell, registry: &Registry, lens: &Lens<'_>, from: i32, to: i32) -> BTreeMap<(BlockKey, u16), Sums> {
    let mut blocks: BTreeMap<(BlockKey, u16), Sums> = BTreeMap::new();
    if lens.is_whole() {
        for (key, stratum, member, sum) in cell.whole(from, to) {
            if let Some(rank) = cell.strata().iter().position(|s| *s == stratum) {
                blocks.entry((key, rank as u16)).or_default().insert(member, sum);
            }
        }
        return blocks;
    }
    let mut add = |key: BlockKey, series: Id<Series>, amount: Amount, sign: i64| {
        let Some(info) = registry.info(series).filter(|i| lens.sees(i) && cell.takes(i)) else { return };
        let Some(member) = cell.member(info) else { return };
        let Some(rank) = cell.strata().iter().position(|s| *s == info.stratum) else { return };
        let sums = blocks.entry((key, rank as u16)).or_default().entry(member).or_default();
        sums.0 = sums.0.saturating_add(sign * amount.incidents);
        sums.1 += i128::from(sign) * i128::from(amount.mass_mg);
    };
    for (key, series) in cell.entries_from(from).take_while(|(key, _)| key.week <= to) {
        for (id, amount) in series {
            add(key, *id, *amount, 1);
        }
    }
    for pane in lens.minus {
        let key = BlockKey::of(pane.key);
        if (from..=to).contains(&key.week) {
            add(key, pane.key.series, Amount { incidents: pane.sums.incidents, mass_mg: pane.sums.mass_mg }, -1);
        }
    }
    blocks
}
