//! A cell: one family in one area, watched for one kind of change, and the net sums that are its memory.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{Alert, FamilyIx, Id, Kind, Marking, Pane, Series};

use crate::area::Area;
use crate::block::BlockKey;
use crate::labels::Label;
use crate::registry::{Amount, Registry, SeriesInfo, StratumId};

/// What a cell watches. Cells order by kind, family and area, the wide before the narrow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellKey {
    /// `substitution` or `displacement`.
    pub kind: Kind,
    /// Id of the family.
    pub family: Box<str>,
    /// Where.
    pub area: Area,
}

impl CellKey {
    /// The cell that an alert speaks of; none where there is no such cell.
    pub fn of(alert: &Alert) -> Option<CellKey> {
        let watched = matches!(alert.kind, Kind::Substitution | Kind::Displacement);
        let key = |area| CellKey { kind: alert.kind, family: alert.family.as_str().into(), area };
        Area::of(alert).filter(|_| watched).map(key)
    }

    /// Whether its statistic is run on every day that changes it, not once a week.
    pub(crate) fn is_daily(&self) -> bool {
        self.kind == Kind::Substitution && matches!(self.area, Area::Market(_) | Area::Subdivision(..))
    }
}

/// What a stratum's series of one label sum to in one block: incidents and milligrams.
pub(crate) type LabelSum = (i64, i128);

/// Which series belong to a cell, and what they sum to by block, stratum and label. Memory is 48 bytes for each (block,
/// stratum, label) that is not zero, and some for each series; the sums by series are the registry's.
pub(crate) struct Cell {
    pub key: CellKey,
    pub family: FamilyIx,
    series: BTreeSet<Id<Series>>,
    /// The sums by stratum and label: what every run asks for, of far fewer parts than there are series.
    whole: BTreeMap<BlockKey, BTreeMap<(StratumId, Label), LabelSum>>,
    /// The strata met, in the order of their names: their rank is their number in every sum.
    strata: Vec<StratumId>,
    /// Net incidents by label.
    counts: BTreeMap<Label, i64>,
    /// The subdivisions that its series name, none among them.
    subdivisions: BTreeSet<Option<Box<str>>>,
    /// The highest marking of its series.
    marking: Marking,
}

impl Cell {
    pub fn new(key: CellKey, family: FamilyIx) -> Cell {
        Cell {
            key,
            family,
            series: BTreeSet::new(),
            whole: BTreeMap::new(),
            strata: Vec::new(),
            counts: BTreeMap::new(),
            subdivisions: BTreeSet::new(),
            marking: Marking::Clear,
        }
    }

    /// Adds a pane of a series that belongs to the cell, and that the registry knows of already; gives its block.
    pub fn add(&mut self, pane: &Pane, info: &SeriesInfo, registry: &Registry) -> BlockKey {
        let block = BlockKey::of(pane.key);
        self.add_amount(pane.key.series, block, Amount::of(pane), info, registry);
        block
    }

    fn add_amount(
        &mut self,
        series: Id<Series>,
        block: BlockKey,
        amount: Amount,
        info: &SeriesInfo,
        registry: &Registry,
    ) {
        let stratum = self.stratum(info);
        if self.series.insert(series) {
            self.marking = self.marking.max(info.marking);
            if !self.subdivisions.contains(&info.subdivision) {
                self.subdivisions.insert(info.subdivision.clone());
            }
            let at = self.strata.binary_search_by(|s| registry.stratum(*s).cmp(registry.stratum(stratum)));
            if let Err(rank) = at {
                self.strata.insert(rank, stratum);
            }
        }
        if let Some(label) = self.label(info) {
            self.add_whole(block, stratum, label, amount);
        }
    }

    fn add_whole(&mut self, block: BlockKey, stratum: StratumId, label: Label, amount: Amount) {
        let count = self.counts.entry(label).or_default();
        *count = count.saturating_add(amount.incidents);
        let labels = self.whole.entry(block).or_default();
        let sum = labels.entry((stratum, label)).or_default();
        sum.0 = sum.0.saturating_add(amount.incidents);
        sum.1 += i128::from(amount.mass_mg);
        if *sum == LabelSum::default() {
            labels.remove(&(stratum, label));
            if labels.is_empty() {
                self.whole.remove(&block);
            }
        }
    }

    /// The sums by stratum and label over every series, for the blocks of some weeks, both included.
    pub fn whole(&self, from: i32, to: i32) -> impl Iterator<Item = (BlockKey, StratumId, Label, LabelSum)> {
        let blocks = self.whole.range(BlockKey::least(from)..).take_while(move |(key, _)| key.week <= to);
        blocks.flat_map(|(key, labels)| labels.iter().map(|(&(stratum, label), &sum)| (*key, stratum, label, sum)))
    }

    /// The strata met, in the order of their names.
    pub fn strata(&self) -> &[StratumId] {
        &self.strata
    }

    /// Its series with their infos.
    pub fn series<'a>(&'a self, registry: &'a Registry) -> impl Iterator<Item = (Id<Series>, &'a SeriesInfo)> {
        self.series.iter().filter_map(|id| Some((*id, registry.info(*id)?)))
    }

    /// The sums of its series, for the blocks of some weeks, both included.
    pub fn entries<'a>(
        &'a self,
        registry: &'a Registry,
        from: i32,
        to: i32,
    ) -> impl Iterator<Item = (BlockKey, Id<Series>, Amount)> + 'a {
        self.series.iter().flat_map(move |id| {
            let amounts = registry.amounts(*id);
            let first = amounts.partition_point(|(key, _)| key.week < from);
            let some = amounts[first..].iter().take_while(move |(key, _)| key.week <= to);
            some.map(move |(key, amount)| (*key, *id, *amount))
        })
    }

    /// Net incidents by label, of the records up to a marking.
    pub fn counts(&self, registry: &Registry, up_to: Marking) -> BTreeMap<Label, i64> {
        if self.is_up_to(up_to) {
            return self.counts.clone();
        }
        let mut counts: BTreeMap<Label, i64> = BTreeMap::new();
        for (id, info) in self.series(registry).filter(|(_, info)| info.marking <= up_to) {
            if let Some(label) = self.label(info) {
                let own: i64 = registry.amounts(id).iter().map(|(_, amount)| amount.incidents).sum();
                *counts.entry(label).or_default() += own;
            }
        }
        counts
    }

    /// Whether no record of it lies above a marking.
    pub fn is_up_to(&self, marking: Marking) -> bool {
        self.marking <= marking
    }

    /// Net incidents of all its series.
    pub fn incidents(&self) -> i64 {
        self.counts.values().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Adds all that the registry holds of the series that belong here.
    pub fn recall(&mut self, registry: &Registry) {
        for (id, info) in registry.series() {
            if self.takes(info) {
                for (block, amount) in registry.amounts(id) {
                    self.add_amount(id, *block, *amount, info, registry);
                }
            }
        }
    }

    /// Whether a series of this info belongs here.
    pub fn takes(&self, info: &SeriesInfo) -> bool {
        info.families.iter().any(|(family, _)| *family == self.family)
            && self.key.area.holds(info)
            && (self.key.kind == Kind::Substitution || info.way.is_some())
    }

    /// The label of a series before ways are gathered: its substance's place among the members of the cell's family, or
    /// its route.
    pub fn label(&self, info: &SeriesInfo) -> Option<Label> {
        match self.key.kind {
            Kind::Displacement => info.way,
            _ => info.families.iter().find(|(family, _)| *family == self.family).map(|(_, member)| *member),
        }
    }

    /// The stratum of a series.
    pub fn stratum(&self, info: &SeriesInfo) -> StratumId {
        if self.key.area == Area::World { info.stratum_of_world } else { info.stratum }
    }

    /// Whether all of it lies in an area. An office lies in a subdivision where all its records name that one.
    pub fn lies_in(&self, area: &Area) -> bool {
        match (area, &self.key.area) {
            (Area::World, _) => true,
            (Area::Market(market), own) => own.market() == Some(*market),
            (Area::Subdivision(market, place), Area::Office(own, _)) => {
                market == own && self.subdivisions.len() == 1 && self.subdivisions.contains(&Some(place.clone()))
            }
            (area, own) => area == own,
        }
    }
}
