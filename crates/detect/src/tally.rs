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
    /// Without trade records whose amount or substance is derived: all that a code alone can have told.
    pub without_coded: bool,
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
            without_coded: false,
            minus: &[],
            by_mass: false,
            labels: None,
        }
    }

    /// Whether what is left out of a cell is whole strata, or nothing: then its sums by stratum are enough.
    pub fn leaves_strata_whole(&self, cell: &Cell) -> bool {
        // Field by field, so that a new one is not forgotten here. How things are shared out and named leaves nothing out.
        let Lens {
            up_to,
            without_source: _,
            without_stratum: _,
            without_areas,
            without_flagged,
            without_coded,
            minus,
            by_mass: _,
            labels: _,
        } = *self;
        let markets = |area: &Area| cell.key.area == Area::World && matches!(area, Area::Market(_));
        cell.is_up_to(up_to)
            && without_areas.iter().all(markets)
            && minus.is_empty()
            && !without_flagged
            && !without_coded
    }

    /// The same with no stratum left out.
    pub fn whole(&self) -> Self {
        Lens { without_source: None, without_stratum: None, without_areas: &[], ..*self }
    }

    /// Whether it shows everything in a cell as it was counted.
    pub fn shows_all(&self, cell: &Cell) -> bool {
        let left_out =
            self.without_source.is_some() || self.without_stratum.is_some() || !self.without_areas.is_empty();
        self.leaves_strata_whole(cell) && !left_out && !self.by_mass
    }

    /// Whether a stratum of a cell is seen, through a lens that leaves strata whole.
    pub fn sees_stratum(&self, id: StratumId, registry: &Registry) -> bool {
        let market = registry.stratum(id).market;
        self.without_source != Some(registry.source_of(id))
            && self.without_stratum != Some(id)
            && !self.without_areas.iter().any(|area| area.market() == market)
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
            && !(info.flagged && (self.without_flagged || self.without_coded && info.evidence.is_trade()))
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

/// What a block of the stratum of some rank sums to under one label.
type Entry = (BlockKey, u16, Label, LabelSum);

impl Tally {
    /// Counts a whole cell.
    pub fn of(cell: &Cell, registry: &Registry, lens: &Lens<'_>) -> Tally {
        let labels = lens.labels(cell, registry);
        let entries = gather(cell, registry, lens, &labels, i32::MIN, i32::MAX);
        let mut active: Vec<Label> = Vec::new();
        for (_, _, label, (incidents, _)) in &entries {
            if *incidents > 0 && !active.contains(label) {
                active.push(*label);
            }
        }
        labels.sort(&mut active, registry);
        let strata = cell.strata().iter().map(|s| (*s, registry.stratum(*s).evidence.is_trade())).collect();
        let mut tally = Tally { active, strata, weeks: BTreeMap::new() };
        tally.extend(&entries, lens);
        tally
    }

    /// Counts a week of the cell again; false when a label appears that was not active before, or a stratum,
    /// so that everything must be counted again. (One that disappears is the caller's to notice.)
    pub fn refresh(&mut self, cell: &Cell, registry: &Registry, lens: &Lens<'_>, week: i32) -> bool {
        if self.strata.len() != cell.strata().len() {
            return false;
        }
        self.weeks.remove(&week);
        let entries = gather(cell, registry, lens, &lens.labels(cell, registry), week, week);
        if entries.iter().any(|(_, _, label, (n, _))| *n > 0 && self.local(*label).is_none()) {
            return false;
        }
        self.extend(&entries, lens);
        true
    }

    /// The blocks of a week.
    pub fn blocks(&self, week: i32) -> &[Block] {
        self.weeks.get(&week).map_or(&[], |blocks| blocks)
    }

    /// Whether every active label has a count somewhere, without the strata of some ranks.
    pub fn all_active(&self, without: &[u16]) -> bool {
        let mut seen = vec![false; self.active.len()];
        // The latest weeks first: they show most labels at once.
        for block in self.weeks.values().rev().flatten().filter(|block| !without.contains(&block.stratum)) {
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

    /// Adds the blocks of whole weeks.
    fn extend(&mut self, entries: &[Entry], lens: &Lens<'_>) {
        for week in entries.chunk_by(|x, y| x.0.week == y.0.week) {
            let own = week.chunk_by(|x, y| (x.0, x.1) == (y.0, y.1)).filter_map(|block| self.block(block, lens));
            let mut blocks: Vec<Block> = own.collect();
            if !blocks.is_empty() {
                // The order inside a week is that of stratum, then block.
                blocks.sort_unstable_by_key(|block| (block.stratum, block.key));
                self.weeks.insert(week[0].0.week, blocks);
            }
        }
    }

    /// The block of some entries; none where nothing of it can fall or rise.
    fn block(&self, entries: &[Entry], lens: &Lens<'_>) -> Option<Block> {
        let &(key, stratum, ..) = entries.first()?;
        let mut counts = vec![0.0; self.active.len()].into_boxed_slice();
        for (_, _, label, (incidents, _)) in entries {
            if let Some(k) = self.local(*label) {
                counts[k] = (*incidents).max(0) as f64;
            }
        }
        let mass: i128 = entries.iter().map(|(.., (_, mass))| (*mass).max(0)).sum();
        if lens.by_mass && mass > 0 {
            let total: f64 = counts.iter().sum();
            for (k, label) in self.active.iter().enumerate() {
                let own = entries.iter().find(|entry| entry.2 == *label).map_or(0, |(.., (_, mass))| (*mass).max(0));
                counts[k] = total * (own as f64 / mass as f64);
            }
        }
        counts.iter().any(|n| *n > 0.0).then_some(Block { key, stratum, counts })
    }
}

/// Net sums in the order of block, stratum and label: integers, so that neither the order of arrival nor the number of a
/// series shows in them.
fn gather(cell: &Cell, registry: &Registry, lens: &Lens<'_>, labels: &Labels, from: i32, to: i32) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let rank = |stratum: StratumId| cell.strata().iter().position(|s| *s == stratum).map(|rank| rank as u16);
    let mut add = |key: BlockKey, stratum: StratumId, own: Label, sum: LabelSum| {
        let label = labels.of(own, registry);
        if let Some(rank) = rank(stratum).filter(|_| label != OTHER) {
            entries.push((key, rank, label, sum));
        }
    };
    if lens.leaves_strata_whole(cell) {
        let seen: Vec<StratumId> =
            cell.strata().iter().copied().filter(|stratum| lens.sees_stratum(*stratum, registry)).collect();
        for (key, stratum, own, sum) in cell.whole(from, to).filter(|(_, stratum, ..)| seen.contains(stratum)) {
            add(key, stratum, own, sum);
        }
    } else {
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
    }
    // Stable: runs that are in order already are taken as they are.
    entries.sort_by_key(|(key, rank, label, _)| (*key, *rank, *label));
    entries.dedup_by(|next, kept| {
        let same = (next.0, next.1, next.2) == (kept.0, kept.1, kept.2);
        if same {
            kept.3.0 = kept.3.0.saturating_add(next.3.0);
            kept.3.1 += next.3.1;
        }
        same
    });
    entries
}
