//! Why the statistic of a cell stands where it stands: its course, pair by pair and stratum by stratum, and the blocks
//! that moved it most.

use headwater_catalog::Catalog;
use headwater_model::{Alert, Day, Evidence, KnownDay, Marking, Names, Pane};

use crate::analysis::{Analysis, Ground};
use crate::block::week_last;
use crate::cell::CellKey;
use crate::config::Config;
use crate::evaluate::cell_of;
use crate::label_name::LabelName;
use crate::labels::Label;
use crate::onset::onset;
use crate::record::BlockEvidence;
use crate::registry::Registry;
use crate::tally::Lens;

/// Pairs whose course is told.
const PAIRS: usize = 3;
/// Blocks that are told.
const BLOCKS: usize = 15;

/// A cell's statistic on a day, taken apart. All courses are by event week: the statistic of a week is what the records
/// known on the day say of the weeks up to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The closed day.
    pub day: Day,
    /// Natural logarithm of the cell's sum.
    pub log: f64,
    /// Its course: last day of each event week, and the value.
    pub course: Vec<(Day, f64)>,
    /// The pairs that say most, the first first.
    pub pairs: Vec<PairCourse>,
    /// First and last week in which the shift of the first pair may have begun (90 %).
    pub onset: (Day, Day),
    /// What each reporter's strata say of the first pair since it may have begun, the loudest first.
    pub strata: Vec<StratumCourse>,
    /// The blocks that moved the first pair most since then, either way, the heaviest first.
    pub blocks: Vec<BlockWeight>,
}

/// One pair's course.
#[derive(Clone, Debug, PartialEq)]
pub struct PairCourse {
    /// Catalog id, or route, of what falls.
    pub falling: String,
    /// And of what rises.
    pub rising: String,
    /// What the pair says for itself: its part of the sum held against its part of the prior weight.
    pub own_log: f64,
    /// Natural logarithm of its part of the sum, week by week.
    pub course: Vec<(Day, f64)>,
}

/// Where incidents are compared with each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StratumName {
    /// Reporting organisation.
    pub source: String,
    /// Kind of evidence.
    pub evidence: Evidence,
    /// The source's own office, where it gives one.
    pub office: Option<String>,
}

/// One stratum's say.
#[derive(Clone, Debug, PartialEq)]
pub struct StratumCourse {
    /// Which.
    pub stratum: StratumName,
    /// Nats added up since the shift may have begun, by the last day of each week that has a block.
    pub course: Vec<(Day, f64)>,
}

/// One block's say.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockWeight {
    /// First day.
    pub first: Day,
    /// Last day.
    pub last: Day,
    /// Whose.
    pub stratum: StratumName,
    /// Incidents of what falls.
    pub falling: f64,
    /// Incidents of what rises.
    pub rising: f64,
    /// Nats; less than 0 speaks against the shift.
    pub nats: f64,
}

/// Takes the statistic of a cell apart, at the end of `day`, from the panes known by then, up to a label; nothing told
/// before. `alert` names the pair to begin with; else it is the pair that leads. None where the cell's family is not
/// tested, or nothing can be tested yet.
#[allow(clippy::too_many_arguments)] // They are those of `evaluate`, and an alert.
pub fn explain(
    key: &CellKey,
    alert: Option<&Alert>,
    day: KnownDay,
    up_to: Marking,
    panes: &[Pane],
    names: &Names,
    catalog: &Catalog,
    config: &Config,
) -> Option<Explanation> {
    let (cell, registry) = cell_of(key, day, panes, names, catalog)?;
    let (told, bar) = (&[][..], config.bar);
    let ground =
        Ground { cell: &cell, watch: None, registry: &registry, names, catalog, config, told, bar, day: day.0 };
    let lens = Lens::up_to(up_to);
    let (tally, value) = ground.value(&lens)?;
    let name = |label: Label| LabelName::of(label, &cell, &registry, catalog).id;
    let local = |at: &(f64, usize, usize)| (tally.active[at.1], tally.active[at.2]);
    let mut order: Vec<(Label, Label)> = value.pairs.iter().map(local).collect();
    if let Some(alert) = alert {
        let is_its = |pair: &(Label, Label)| {
            let ids = |movers: &[headwater_model::Mover]| movers.first().map(|m| m.id.clone());
            (Some(name(pair.0)), Some(name(pair.1))) == (ids(&alert.falling), ids(&alert.rising))
        };
        let at = order.iter().position(is_its)?;
        order[..=at].rotate_right(1);
    }
    let analyses: Vec<Analysis> = order.iter().take(PAIRS).filter_map(|p| ground.analyse(&lens, Some(*p))).collect();
    let first = analyses.first()?;
    let onset = onset(&first.record, &config.statistic)?;
    let say = Say::of(first, &registry, onset.earliest.week());
    Some(Explanation {
        day: day.0,
        log: first.level.log,
        course: ground.course(&lens).into_iter().map(|(week, log)| (week_last(week), log)).collect(),
        pairs: analyses.iter().map(|a| pair_course(a, name(a.falling), name(a.rising))).collect(),
        onset: (onset.earliest, onset.latest),
        strata: say.strata(),
        blocks: say.blocks(),
    })
}

fn pair_course(analysis: &Analysis, falling: String, rising: String) -> PairCourse {
    let course = analysis.record.pair_course().map(|(week, log)| (week_last(week), log)).collect();
    PairCourse { falling, rising, own_log: analysis.own_log, course }
}

/// What the blocks of the first pair say since a week, under the alternative that all of them together favour.
struct Say<'a> {
    blocks: Vec<(&'a BlockEvidence, f64)>,
    names: Vec<StratumName>,
}

impl Say<'_> {
    fn of<'a>(analysis: &'a Analysis, registry: &Registry, from: i32) -> Say<'a> {
        let since = || analysis.record.blocks.iter().filter(|b| b.key.week >= from);
        let total = |fraction: usize| since().map(|b| b.log[fraction]).sum::<f64>();
        let best = (0..crate::FRACTIONS).reduce(|x, y| if total(y) > total(x) { y } else { x }).unwrap_or(0);
        let name = |id: u32| {
            let key = registry.stratum(id);
            let office = key.office.as_deref().map(str::to_owned);
            StratumName { source: key.source.to_string(), evidence: key.evidence, office }
        };
        Say {
            blocks: since().map(|b| (b, b.log[best])).collect(),
            names: analysis.tally.strata.iter().map(|(id, _)| name(*id)).collect(),
        }
    }

    fn strata(&self) -> Vec<StratumCourse> {
        let course = |(rank, stratum): (usize, &StratumName)| {
            let mut sum = 0.0;
            let own = self.blocks.iter().filter(|(b, _)| usize::from(b.stratum) == rank);
            let course = own.map(|(b, nats)| {
                sum += nats;
                (week_last(b.key.week), sum)
            });
            StratumCourse { stratum: stratum.clone(), course: course.collect() }
        };
        let mut strata: Vec<StratumCourse> = self.names.iter().enumerate().map(course).collect();
        strata.retain(|s| !s.course.is_empty());
        let end = |s: &StratumCourse| s.course.last().map_or(0.0, |(_, nats)| *nats);
        strata.sort_by(|x, y| end(y).total_cmp(&end(x)).then_with(|| x.stratum.cmp(&y.stratum)));
        strata
    }

    fn blocks(&self) -> Vec<BlockWeight> {
        let weight = |(block, nats): &(&BlockEvidence, f64)| BlockWeight {
            first: block.key.first,
            last: block.key.last(),
            stratum: self.names[usize::from(block.stratum)].clone(),
            falling: block.falling,
            rising: block.rising,
            nats: *nats,
        };
        let mut blocks: Vec<BlockWeight> = self.blocks.iter().map(weight).collect();
        blocks.sort_by(|x, y| y.nats.abs().total_cmp(&x.nats.abs()).then_with(|| x.first.cmp(&y.first)));
        blocks.truncate(BLOCKS);
        blocks
    }
}
