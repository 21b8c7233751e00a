//! A tally: the counts of a cell as the statistic sees them, through a lens that can leave things out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use headwater_model::{Id, Marking, Pane, Series};

use crate::area::Area;
use crate::block::BlockKey;
use crate::cell::{Cell, LabelSum};
use crate::labels::{Label, Labels, OTHER};
use crate::registry::{Amount, Registry, SeriesInfo, StratumId};

/// What to leave out. The statistic run again through another lens is the counter-evidence of an alert.
#[derive(Clone, Copy)]
pub(crate) struct Lens<'a> {
    /// Only records up to this label.
    pub up_to: Marking,
    /// Without this reporter.
    pub without_source: Option<Id<Box<str>>>,
    /// Without this stratum.
    pub without_stratum: Option<StratumId>,
    /// Without what lies in any of these areas.
    pub without_areas: &'a [Area],
    /// Without derived amounts and substances.
    pub without_flagged: bool,
    /// Without these panes: those of one event.
    pub minus: &'a [Pane],
    /// A block's incidents shared out among its labels by mass.
    pub by_mass: bool,
    /// How series are told apart; none: as the records up to the label let choose.
    pub labels: Option<&'a Labels>,
}

impl Lens<'_> {
    /// Everything up to a label.
    pub fn up_to(up_to: Marking) -> Lens<'static> {
        Lens {
            up_to,
            without_source: None,
            without_stratum: None,
            without_areas: &[],
            without_flagged: false,
            minus: &[],
            by_mass: false,
            labels: None,
        }
    }

    /// Whether nothing at all is left out.
    fn is_whole(&self) -> bool {
        // Field by field, so that a new one is not forgotten here. How things are shared out and named leaves nothing out.
        let Lens {
            up_to,
            without_source,
            without_stratum,
            without_areas,
            without_flagged,
            minus,
            by_mass: _,
            labels: _,
        } = *self;
        let all = without_source.is_none() && without_stratum.is_none() && without_areas.is_empty() && minus.is_empty();
        all && up_to == Marking::Red && !without_flagged
    }

    /// How the series of a cell are told apart.
    pub fn labels(&self, cell: &Cell, registry: &Registry) -> Cow<'_, Labels> {
        let choose = || Cow::Owned(Labels::choose(cell, registry, self.up_to, &[], None));
        self.labels.map_or_else(choose, Cow::Borrowed)
    }

    /// Whether series of this info are seen at all.
    pub fn sees(&self, info: &SeriesInfo) -> bool {
        info.marking <= self.up_to
            && self.without_source != Some(info.source)
            && self.without_stratum.is_none_or(|s| s != info.stratum && s != info.stratum_of_world)
            && !self.without_areas.iter().any(|area| area.holds(info))
            && !(self.without_flagged && info.flagged)
    }
}

/// One block of one stratum.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub key: BlockKey,
    /// Rank of its stratum.
    pub stratum: u16,
    /// Incidents by active label; never negative.
    pub counts: Box<[f64]>,
}

/// The blocks of a cell by week, inside a week by stratum.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    /// Labels with incidents, in their order. What is not named has no place here: a pair is tested on its own incidents,
    /// the rest of the cell does not enter.
    pub active: Vec<Label>,
    /// Strata in the order of their names, with whether they are trade.
    pub strata: Vec<(StratumId, bool)>,
    pub weeks: BTreeMap<i32, Vec<Block>>,
}

/// Sums by label of one block of one stratum.
type Sums = BTreeMap<Label, LabelSum>;

impl Tally {
    /// Counts a whole cell.
    pub fn of(cell: &Cell, registry: &Registry, lens: &Lens<'_>) -> Tally {
        let labels = lens.labels(cell, registry);
        let blocks = gather(cell, registry, lens, &labels, i32::MIN, i32::MAX);
        let mut totals: BTreeMap<Label, i64> = BTreeMap::new();
        for sums in blocks.values() {
            for (label, (incidents, _)) in sums {
                let total = totals.entry(*label).or_default();
                *total = total.saturating_add((*incidents).max(0));
            }
        }
        let mut active: Vec<Label> = totals.into_iter().filter(|(_, n)| *n > 0).map(|(label, _)| label).collect();
        labels.sort(&mut active, registry);
        let strata = cell.strata().iter().map(|s| (*s, registry.stratum(*s).evidence.is_trade())).collect();
        let mut tally = Tally { active, strata, weeks: BTreeMap::new() };
        for ((key, stratum), sums) in blocks {
            tally.push(key, stratum, &sums, lens);
        }
        tally
    }

    /// Counts a week of the cell again; false when a label appears that was not active before, or a stratum,
    /// so that everything must be counted again. (One that disappears is the caller's to notice.)
    pub fn refresh(&mut self, cell: &Cell, registry: &Registry, lens: &Lens<'_>, week: i32) -> bool {
        if self.strata.len() != cell.strata().len() {
            return false;
        }
        self.weeks.remove(&week);
        for ((key, stratum), sums) in gather(cell, registry, lens, &lens.labels(cell, registry), week, week) {
            if sums.iter().any(|(label, (n, _))| *n > 0 && self.local(*label).is_none()) {
                return false;
            }
            self.push(key, stratum, &sums, lens);
        }
        true
    }

    /// The blocks of a week.
    pub fn blocks(&self, week: i32) -> &[Block] {
        self.weeks.get(&week).map_or(&[], |blocks| blocks)
    }

    /// Whether every active label has a count somewhere.
    pub fn all_active(&self) -> bool {
        let mut seen = vec![false; self.active.len()];
        // The latest weeks first: they show most labels at once.
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

    /// The place of a label among the active ones.
    pub fn local(&self, label: Label) -> Option<usize> {
        self.active.iter().position(|active| *active == label)
    }

    fn push(&mut self, key: BlockKey, stratum: u16, sums: &Sums, lens: &Lens<'_>) {
        let mut counts = vec![0.0; self.active.len()].into_boxed_slice();
        for (label, (incidents, _)) in sums {
            if let Some(k) = self.local(*label) {
                counts[k] = (*incidents).max(0) as f64;
            }
        }
        let mass: i128 = sums.values().map(|(_, mass)| (*mass).max(0)).sum();
        if lens.by_mass && mass > 0 {
            let total: f64 = counts.iter().sum();
            for (k, label) in self.active.iter().enumerate() {
                let own = sums.get(label).map_or(0, |(_, mass)| (*mass).max(0));
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

/// Net sums by block, stratum and label: integers, so that neither the order of arrival nor the number of a series
/// shows in them.
fn gather(
    cell: &Cell,
    registry: &Registry,
    lens: &Lens<'_>,
    labels: &Labels,
    from: i32,
    to: i32,
) -> BTreeMap<(BlockKey, u16), Sums> {
    let mut blocks: BTreeMap<(BlockKey, u16), Sums> = BTreeMap::new();
    let mut add = |key: BlockKey, stratum: StratumId, own: Label, (incidents, mass): LabelSum| {
        let label = labels.of(own, registry);
        let Some(rank) = cell.strata().iter().position(|s| *s == stratum).filter(|_| label != OTHER) else { return };
        let sum = blocks.entry((key, rank as u16)).or_default().entry(label).or_default();
        sum.0 = sum.0.saturating_add(incidents);
        sum.1 += mass;
    };
    if lens.is_whole() {
        for (key, stratum, own, sum) in cell.whole(from, to) {
            add(key, stratum, own, sum);
        }
        return blocks;
    }
    let mut add = |key: BlockKey, series: Id<Series>, amount: Amount, sign: i64| {
        let Some(info) = registry.info(series).filter(|i| lens.sees(i) && cell.takes(i)) else { return };
        let Some(own) = cell.label(info) else { return };
        add(key, cell.stratum(info), own, (sign * amount.incidents, i128::from(sign) * i128::from(amount.mass_mg)));
    };
    for (key, series, amount) in cell.entries(registry, from, to) {
        add(key, series, amount, 1);
    }
    for pane in lens.minus {
        let key = BlockKey::of(pane.key);
        if (from..=to).contains(&key.week) {
            add(key, pane.key.series, Amount::of(pane), -1);
        }
    }
    blocks
}
