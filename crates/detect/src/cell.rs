//! A cell: one family in one market, or in one subdivision of it, and the net sums that are all its memory.

use std::collections::BTreeMap;

use headwater_model::{Country, FamilyIx, Id, Pane, Scope, Series};

use crate::block::BlockKey;
use crate::registry::{Registry, SeriesInfo, StratumId};

/// What a cell watches. Cells order by family, market and scope, the market before its subdivisions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellKey {
    /// Id of the family.
    pub family: Box<str>,
    /// The market.
    pub market: Country,
    /// The subdivision, where the cell is no wider.
    pub subdivision: Option<Box<str>>,
}

impl CellKey {
    /// How wide it is.
    pub fn scope(&self) -> Scope {
        if self.subdivision.is_some() { Scope::Subdivision } else { Scope::Market }
    }
}

/// What the panes of one series sum to in one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub incidents: i64,
    pub mass_mg: i64,
}

impl Amount {
    fn is_zero(self) -> bool {
        self == Amount::default()
    }

    /// Saturating: beyond 92,000 of the largest possible records in one block no figure means anything.
    fn add(&mut self, incidents: i64, mass_mg: i64) {
        self.incidents = self.incidents.saturating_add(incidents);
        self.mass_mg = self.mass_mg.saturating_add(mass_mg);
    }
}

/// What a stratum's series of one member sum to in one block: incidents and milligrams.
pub(crate) type MemberSum = (i64, i128);

/// Net sums by block and series.
///
/// Known days are not kept: what was taken back is gone, as if it had never been. Memory is one entry for each (series,
/// block) that is not zero.
pub(crate) struct Cell {
    pub key: CellKey,
    pub family: FamilyIx,
    entries: BTreeMap<BlockKey, BTreeMap<Id<Series>, Amount>>,
    /// The entries added up by stratum and member: what every day asks for, of far fewer parts than there are series.
    whole: BTreeMap<BlockKey, BTreeMap<(StratumId, u16), MemberSum>>,
    /// The strata met, in the order of their names: their rank is their number in every sum.
    strata: Vec<StratumId>,
}

impl Cell {
    pub fn new(key: CellKey, family: FamilyIx) -> Cell {
        Cell { key, family, entries: BTreeMap::new(), whole: BTreeMap::new(), strata: Vec::new() }
    }

    /// Adds a pane of a series that belongs to the cell; gives its block.
    pub fn add(&mut self, pane: &Pane, info: &SeriesInfo, registry: &Registry) -> BlockKey {
        let block = BlockKey::of(pane.key);
        let series = self.entries.entry(block).or_default();
        let amount = series.entry(pane.key.series).or_default();
        amount.add(pane.sums.incidents, pane.sums.mass_mg);
        if amount.is_zero() {
            series.remove(&pane.key.series);
            if series.is_empty() {
                self.entries.remove(&block);
            }
        }
        self.add_whole(block, pane, info);
        let at = self.strata.binary_search_by(|s| registry.stratum(*s).cmp(registry.stratum(info.stratum)));
        if let Err(rank) = at {
            self.strata.insert(rank, info.stratum);
        }
        block
    }

    fn add_whole(&mut self, block: BlockKey, pane: &Pane, info: &SeriesInfo) {
        let Some(member) = self.member(info) else { return };
        let members = self.whole.entry(block).or_default();
        let sum = members.entry((info.stratum, member)).or_default();
        sum.0 = sum.0.saturating_add(pane.sums.incidents);
        sum.1 += i128::from(pane.sums.mass_mg);
        if *sum == MemberSum::default() {
            members.remove(&(info.stratum, member));
            if members.is_empty() {
                self.whole.remove(&block);
            }
        }
    }

    /// The sums by stratum and member over every series, for the blocks of some weeks, both included.
    pub fn whole(&self, from: i32, to: i32) -> impl Iterator<Item = (BlockKey, StratumId, u16, MemberSum)> {
        let blocks = self.whole.range(BlockKey::least(from)..).take_while(move |(key, _)| key.week <= to);
        blocks.flat_map(|(key, members)| members.iter().map(|(&(stratum, member), &sum)| (*key, stratum, member, sum)))
    }

    /// The strata met, in the order of their names.
    pub fn strata(&self) -> &[StratumId] {
        &self.strata
    }

    /// All entries from a week on, in the order of their blocks.
    pub fn entries_from(&self, week: i32) -> impl Iterator<Item = (BlockKey, &BTreeMap<Id<Series>, Amount>)> {
        self.entries.range(BlockKey::least(week)..).map(|(key, series)| (*key, series))
    }

    /// All entries, in the order of their blocks.
    pub fn entries(&self) -> impl Iterator<Item = (BlockKey, &BTreeMap<Id<Series>, Amount>)> {
        self.entries.iter().map(|(key, series)| (*key, series))
    }

    /// Whether a series of this info belongs here.
    pub fn takes(&self, info: &SeriesInfo) -> bool {
        info.market == self.key.market
            && info.families.iter().any(|(family, _)| *family == self.family)
            && (self.key.subdivision.is_none() || self.key.subdivision == info.subdivision)
    }

    /// The place of a series' substance among the members of the cell's family.
    pub fn member(&self, info: &SeriesInfo) -> Option<u16> {
        info.families.iter().find(|(family, _)| *family == self.family).map(|(_, member)| *member)
    }
}
