//! The detector: closes days, raises, revises, withdraws and expires.
//!
//! # What is run when
//!
//! A cell is a kind of change, a family and an area: substitutions in the world, in each market, each subdivision and each
//! office; displacements in the world, in each market and each subdivision. Substitutions of markets and subdivisions are
//! run on every day that changes them. All other cells are run on the first day of an event week that changes them, and
//! daily while they stand above half the bar, but for the `look_days` (the world: twice as many) after a look at which they
//! did not pass. So a family costs at most one run a day for each changed market and subdivision, and mostly one a week for each of its other cells.
//! What came in between is not lost: a run is over all counts.
//!
//! # What is held
//!
//! Of a cell: 48 bytes for each (block, stratum, label) and one count of them in the tally, of all its history; of the last
//! year's weeks their baselines of strata x labels x 6 floats and 56 bytes for each pair that has something to say in one,
//! and of every fourth of them sums of labels^2 x 10 floats. With room to grow and the nodes of the maps, a cell of K labels
//! and S strata with W weeks of history holds at most
//!
//! `W S (128 + 96 K) + S (256 K^2 + 2,944 K + 6,400) + 7,088 K^2` bytes,
//!
//! and 480 S K more for each shift that it was told of. Where every substance is reported in every stratum in every week of
//! six years (W = 313) that is 2.09 MB for seven substances and six strata, 1.22 MB for three strata; simulated cells of seven
//! substances and three strata, most of whose weeks lack most of them, come to some 0.5 MB
//! (`headwater bench detect` measures it). Beside the cells, the sums by series are 32 bytes for each (series, block), in lists
//! with room to double. Labels are bounded by the catalog's family or by twelve named ways, markets by the countries there are, places by
//! [`crate::Limits`]; beyond these the least active are left unwatched, and counted as such.
//!
//! # What passes
//!
//! A pair of a cell passes when the cell's log statistic exceeds its bar, the pair carries enough of it, it holds without
//! its strongest block, to each reporter that counts the others add what they must, and (asked of the events, when it is
//! raised) it holds without its largest operation. Every cell needs twelve months of its own history. The bar of a subdivision or an office is
//! higher by ln n, n being how many such cells of the market can be tested: together they raise no more false alarms than
//! the market does (Bonferroni). An office needs two reporters or kinds of evidence: what only one of its desks shows may be a
//! campaign, or a new laboratory. The world is one cell where there are many markets, so its bar is theirs; its pair must
//! also hold without any one market that counts.
//!
//! # What is told
//!
//! A shift is told once, at the narrowest scope that carries it. Two cells of one kind and family tell the same where one
//! lies in the other and their pairs are the same (a route and its origin count as the same).
//!
//! 1. *Narrow carries wide.* The wide cell is told only if it passes without each one of the narrower cells that tell the
//!    same: that were told of it, whether that alert still stands or has expired, or that pass on the same day. Where it
//!    does not pass without one of them, it is that one's shift, and the wide cell is looked at again after `look_days`.
//!    They are left out one at a time: a shift of three subdivisions is the market's, though nothing may be left without
//!    all three. The world alone must pass, and hold without any one further market, when all of them are left out
//!    together: it is there for what is too thin to show in any one market, and two markets that were told are two shifts.
//!    ("Passes" here: the statistic and the pair's part of it; the rest was asked of the whole.)
//! 2. *Wide holds narrow.* Where a wider cell tells the same, by an alert that stands or on the same day, the narrow one is
//!    not raised: its records are in the figures and updates of the wide alert.
//! 3. *Merging.* When a market's or a subdivision's alert is raised while narrower ones stand that tell the same, those
//!    end on that day: status and reason `expired`, `changes.parts` the template `merged` with the id and scope of the wide
//!    alert. An alert of the world ends none: what stands was left out when it passed.
//! 4. *Refractory.* What was told begins a new baseline ([`Told`]) in its cell and in those that lie in it: the same shift
//!    is not told again, and no pair that shares a label is raised there within the refractory time. A wider cell is not
//!    held back by it (1 and 3 see to it), nor is a neighbour, nor another kind.
//!
//! An office lies in a subdivision where all its records name that one; an office that spans several lies in its market
//! alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_model::{
    Alert, AlertStatus, ChangeReason, Changes, Day, EventTrace, EvidenceQuery, Kind, KnownDay, Marking, Names, Pane,
    RANK_DAYS, Raised,
};

use crate::alert_id::alert_id;
use crate::analysis::Ground;
use crate::area::Area;
use crate::cell::{Cell, CellKey};
use crate::compose::compose;
use crate::config::Config;
use crate::evaluate::Evaluation;
use crate::fdr;
use crate::found::Found;
use crate::labels::Label;
use crate::limits::Arrivals;
use crate::registry::{Registry, SeriesInfo};
use crate::revise::{Moves, Standing, changes, withdrawn};
use crate::told::Told;
use crate::watch::Watch;

/// Turns panes into alerts, day by day.
pub struct Detector {
    catalog: Arc<Catalog>,
    pub(crate) config: Config,
    pub(crate) registry: Registry,
    pub(crate) watches: BTreeMap<CellKey, Watch>,
    /// Net incidents of the places for which there was no room.
    pub(crate) unwatched: BTreeMap<CellKey, i64>,
    /// By kind and family.
    told: BTreeMap<(Kind, Box<str>), Vec<Told>>,
    pub(crate) standing: BTreeMap<String, Standing>,
    /// Alerts raised so far of each cell and pair.
    ordinals: BTreeMap<(CellKey, Label, Label), u32>,
    /// What was raised in the last days, as it was first.
    recent: Vec<Alert>,
    day: Option<Day>,
    pending: Vec<Pending>,
    /// Revisions that need no events.
    done: Vec<Alert>,
}

/// What waits for its events.
struct Pending {
    key: CellKey,
    found: Found,
    /// What had been told when it was found: one raise of a day must not change another's figures.
    told: Vec<Told>,
    /// The alert that is revised, and how it moved; none: it is raised.
    revises: Option<(String, Moves)>,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(catalog: Arc<Catalog>, config: Config) -> Detector {
        Detector {
            catalog,
            config,
            registry: Registry::default(),
            watches: BTreeMap::new(),
            unwatched: BTreeMap::new(),
            told: BTreeMap::new(),
            standing: BTreeMap::new(),
            ordinals: BTreeMap::new(),
            recent: Vec::new(),
            day: None,
            pending: Vec::new(),
            done: Vec::new(),
        }
    }

    /// Closes a day with the panes that became known on it. Days ascend; a day without panes may be closed or skipped,
    /// it changes nothing but that alerts expire, which they do under their own day either way.
    ///
    /// Gives the questions whose answers [`Detector::conclude`] takes, in the same order.
    pub fn close(&mut self, day: KnownDay, changes: &[Pane], names: &Names) -> Vec<EvidenceQuery> {
        let day = day.0;
        debug_assert!(self.day.is_none_or(|last| last < day), "days ascend: {day} after {:?}", self.day);
        self.day = Some(day);
        self.registry.extend(names, &self.catalog);
        self.pending.clear();
        self.expire(day);
        let changed = self.take_in(changes);
        let asked: Vec<CellKey> = changed.iter().filter(|key| self.is_due(key, day)).cloned().collect();
        for key in &asked {
            self.run(key, day);
        }
        self.review(&changed, day, names);
        for (key, found) in self.tell(&asked, day, names) {
            let told = self.watches.get(&key).map(|watch| self.told_of(&watch.cell)).unwrap_or_default();
            self.pending.push(Pending { key, found, told, revises: None });
        }
        for key in &changed {
            if let Some(watch) = self.watches.get_mut(key) {
                watch.corrected = false;
            }
        }
        self.pending.iter().map(|pending| self.query(pending, day)).collect()
    }

    /// Takes the answers to the questions of the day just closed; gives every revision of the day, in the order in
    /// which it was made. An answer that is missing counts as no events.
    pub fn conclude(&mut self, answers: &[Vec<EventTrace>], names: &Names) -> Vec<Alert> {
        let mut alerts = std::mem::take(&mut self.done);
        let Some(day) = self.day else { return alerts };
        let mut raised: Vec<Alert> = Vec::new();
        for (index, pending) in std::mem::take(&mut self.pending).into_iter().enumerate() {
            let traces = answers.get(index).map_or(&[][..], |a| a);
            match &pending.revises {
                Some((id, moves)) => alerts.extend(self.update(id, moves, &pending, traces, day, names)),
                None => raised.extend(self.raise(&pending, traces, day, names)),
            }
        }
        self.rank(&mut raised, day);
        alerts.extend(raised);
        alerts.append(&mut self.done);
        alerts
    }

    /// The statistic of a cell at the end of a day, up to a label, as an alert of it would be computed now.
    pub fn evaluate(&self, key: &CellKey, day: KnownDay, up_to: Marking, names: &Names) -> Option<Evaluation> {
        let watch = self.watches.get(key)?;
        let told = self.told_of(&watch.cell);
        let ground = self.ground(watch, &told, day.0, names);
        let labels = ground.labels(up_to, None);
        let lens = crate::tally::Lens { labels: Some(&labels), ..crate::tally::Lens::up_to(up_to) };
        let (tally, value) = ground.value(&lens)?;
        Some(Evaluation::of(&value, &tally, &watch.cell, &self.registry, &self.catalog))
    }

    pub(crate) fn ground<'a>(&'a self, watch: &'a Watch, told: &'a [Told], day: Day, names: &'a Names) -> Ground<'a> {
        let (registry, catalog, config, cell) = (&self.registry, &*self.catalog, &self.config, &watch.cell);
        Ground { cell, watch: Some(watch), registry, names, catalog, config, told, bar: self.bar(&cell.key), day }
    }

    /// What was told that applies to a cell.
    pub(crate) fn told_of(&self, cell: &Cell) -> Vec<Told> {
        self.told_of_kind(&cell.key).filter(|told| cell.lies_in(&told.area)).cloned().collect()
    }

    /// What was told of a cell's kind and family anywhere.
    pub(crate) fn told_of_kind(&self, key: &CellKey) -> impl Iterator<Item = &Told> {
        self.told.get(&(key.kind, key.family.clone())).into_iter().flatten()
    }

    /// Alerts whose time is over, each under the day on which it was.
    fn expire(&mut self, day: Day) {
        let mut over: Vec<(Day, String)> = Vec::new();
        for (id, standing) in &self.standing {
            let end = standing.alert.detected_at + self.config.expire_days;
            if end <= day {
                over.push((end, id.clone()));
            }
        }
        over.sort();
        for (end, id) in over {
            if let Some(standing) = self.standing.remove(&id) {
                self.done.push(standing.expired(end));
            }
        }
    }

    /// Adds the panes to the cells they belong to; gives the cells.
    fn take_in(&mut self, changes: &[Pane]) -> BTreeSet<CellKey> {
        // Net by key first: how a day's panes were split must not show, not even in what counts as a correction.
        let mut net = changes.to_vec();
        net.sort_unstable_by_key(|pane| pane.key);
        net.dedup_by(|next, kept| {
            let same = next.key == kept.key;
            if same {
                kept.sums = kept.sums.checked_add(next.sums).unwrap_or(kept.sums);
            }
            same
        });
        net.retain(|pane| !pane.sums.is_zero());
        for pane in &net {
            self.registry.add(pane);
        }
        let (mut changed, mut arrivals) = (BTreeSet::new(), Arrivals::new());
        for panes in net.chunk_by(|a, b| a.key.series == b.key.series) {
            let Some(info) = self.registry.info(panes[0].key.series) else { continue };
            for (family, _) in &info.families {
                let id = &self.catalog.family_at(*family).id;
                for (kind, area) in cells_of(info) {
                    let key = CellKey { kind, family: id.clone(), area };
                    if key.area.place().is_some() && !self.watches.contains_key(&key) {
                        arrivals.entry(key).or_insert_with(|| (*family, Vec::new())).1.extend(panes);
                        continue;
                    }
                    let watch =
                        self.watches.entry(key.clone()).or_insert_with(|| Watch::new(Cell::new(key.clone(), *family)));
                    for pane in panes {
                        watch.add(pane, info, &self.registry);
                    }
                    changed.insert(key);
                }
            }
        }
        changed.extend(self.admit(arrivals));
        changed
    }

    fn run(&mut self, key: &CellKey, day: Day) {
        let Some(told) = self.watches.get(key).map(|watch| self.told_of(&watch.cell)) else { return };
        if let Some(watch) = self.watches.get_mut(key) {
            watch.evaluate(&self.registry, &told, &self.catalog, &self.config.statistic, day.week());
        }
    }

    /// Looks at the standing alerts of the changed cells again.
    fn review(&mut self, changed: &BTreeSet<CellKey>, day: Day, names: &Names) {
        let ids: Vec<String> =
            self.standing.iter().filter(|(_, s)| changed.contains(&s.key)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            let (Some(standing), look_days) = (self.standing.get(&id), self.config.look_days) else { continue };
            let Some(watch) = self.watches.get(&standing.key) else { continue };
            if !watch.corrected && day - standing.looked_on < look_days {
                continue;
            }
            let (lately, corrected) = (watch.corrected, standing.corrected || watch.corrected);
            let ground = self.ground(watch, &standing.told, day, names);
            let found = Found::look(&ground, standing.alert.computed_up_to, Some(standing.pair));
            let gone = found.as_ref().is_none_or(|f| f.analysis.own_log < self.config.corroboration_bar);
            let log = found.as_ref().map(|f| f.analysis.pair_log());
            let moves = found.as_ref().and_then(|f| Moves::between(&standing.alert, f, &self.config));
            let (key, told) = (standing.key.clone(), standing.told.clone());
            if gone && corrected {
                if let Some(standing) = self.standing.remove(&id) {
                    self.done.push(withdrawn(standing, day, log, &self.config));
                }
                // It never was: its pair's old baseline holds again.
                if let Some(told) = self.told.get_mut(&(key.kind, key.family)) {
                    told.retain(|t| t.alert_id != id);
                }
                continue;
            }
            if let Some(standing) = self.standing.get_mut(&id) {
                standing.looked_on = day;
                standing.corrected = corrected;
                standing.corrected_lately |= lately;
            }
            if let (Some(found), Some(moves)) = (found, moves) {
                self.pending.push(Pending { key, found, told, revises: Some((id, moves)) });
            }
        }
    }

    fn query(&self, pending: &Pending, day: Day) -> EvidenceQuery {
        let (found, windows) = (&pending.found, &pending.found.figures.windows);
        let (falling, rising) = found.pair();
        let mut series = Vec::new();
        if let Some(Watch { cell, .. }) = self.watches.get(&pending.key) {
            for (id, info) in cell.series(&self.registry).filter(|(_, info)| info.marking <= found.up_to) {
                let label = cell.label(info).map(|own| found.analysis.labels.of(own, &self.registry));
                if label == Some(falling) || label == Some(rising) {
                    series.push(id);
                }
            }
        }
        EvidenceQuery { series, from: windows.before.from, to: windows.after.to, as_of: KnownDay(day) }
    }

    fn raise(&mut self, pending: &Pending, traces: &[EventTrace], day: Day, names: &Names) -> Option<Alert> {
        let (key, found) = (&pending.key, &pending.found);
        let watch = self.watches.get(key)?;
        let ground = self.ground(watch, &pending.told, day, names);
        let (mut alert, trail) = compose(&ground, found, &self.habits(key), traces);
        let one_operation = trail
            .largest
            .is_some_and(|largest| largest.log_without.is_none_or(|log| log <= self.config.corroboration_bar));
        if one_operation {
            self.look_later(key, day);
            return None;
        }
        let ordinal = self.ordinals.entry((key.clone(), found.pair().0, found.pair().1)).or_insert(0);
        *ordinal += 1;
        alert.alert_id = alert_id(
            alert.kind,
            alert.scope,
            &alert.family,
            &alert.market,
            alert.place.as_deref(),
            (&alert.falling[0].id, &alert.rising[0].id),
            *ordinal,
        );
        alert.fdr = self.fdr(key, found);
        let entry = Told {
            alert_id: alert.alert_id.clone(),
            raised_on: day,
            falling: found.pair().0,
            rising: found.pair().1,
            area: key.area.clone(),
            after_week: found.onset.latest.week(),
        };
        self.told.entry((key.kind, key.family.clone())).or_default().push(entry);
        for id in self.merged_into(key, found.pair()) {
            if let Some(narrower) = self.standing.remove(&id) {
                self.done.push(narrower.merged(day, &alert));
            }
        }
        let standing = Standing {
            alert: alert.clone(),
            key: key.clone(),
            pair: found.pair(),
            told: pending.told.clone(),
            looked_on: day,
            corrected: false,
            corrected_lately: false,
        };
        self.standing.insert(alert.alert_id.clone(), standing);
        Some(alert)
    }

    fn update(
        &mut self,
        id: &str,
        moves: &Moves,
        pending: &Pending,
        traces: &[EventTrace],
        day: Day,
        names: &Names,
    ) -> Option<Alert> {
        let (standing, watch) = (self.standing.get(id)?, self.watches.get(&pending.key)?);
        let ground = self.ground(watch, &pending.told, day, names);
        let (mut alert, _) = compose(&ground, &pending.found, &self.habits(&pending.key), traces);
        let last = &standing.alert;
        alert.alert_id = last.alert_id.clone();
        alert.revision = last.revision + 1;
        alert.status = AlertStatus::Updated;
        alert.detected_at = last.detected_at;
        alert.priority.rank = last.priority.rank;
        alert.priority.within_budget = last.priority.within_budget;
        alert.fdr = self.fdr(&pending.key, &pending.found);
        let reason = if standing.corrected_lately { ChangeReason::Correction } else { ChangeReason::NewData };
        alert.changes = Some(Changes { from_revision: last.revision, reason, parts: changes(moves) });
        let standing = self.standing.get_mut(id)?;
        standing.alert = alert.clone();
        standing.corrected_lately = false;
        Some(alert)
    }

    /// The adjusted e-BH value of what was found among all cells of its kind and scope that are tested: the others hold
    /// the same records over again.
    fn fdr(&self, key: &CellKey, found: &Found) -> f64 {
        let own = found.analysis.level.log - found.analysis.level.spent_log;
        let peer = |other: &CellKey| other.kind == key.kind && other.area.scope() == key.area.scope();
        let others = self.watches.iter().filter(|(other, _)| *other != key && peer(other));
        let others = others.filter_map(|(_, w)| w.level.map(|level| level.log - level.spent_log));
        let log_e: Vec<f64> = std::iter::once(own).chain(others).collect();
        crate::round::to_fdr(fdr::adjusted(&log_e, 0))
    }

    /// Ranks what is raised today among the alerts of the last days.
    fn rank(&mut self, raised: &mut [Alert], day: Day) {
        self.recent.retain(|alert| day - alert.detected_at < RANK_DAYS);
        self.recent.extend(raised.iter().cloned());
        let ranked = self.config.budgets.rank(day, self.recent.iter().map(Raised::of));
        for alert in raised {
            let Some(own) = ranked.iter().find(|own| own.alert_id == alert.alert_id) else { continue };
            (alert.priority.rank, alert.priority.within_budget) = (own.rank, own.within_budget);
            if let Some(standing) = self.standing.get_mut(&alert.alert_id) {
                standing.alert.priority = alert.priority;
            }
        }
    }
}

/// The kinds and areas of the cells that a series belongs to, in each of its families.
fn cells_of(info: &SeriesInfo) -> Vec<(Kind, Area)> {
    let mut areas = vec![Area::World, Area::Market(info.market)];
    areas.extend(info.subdivision.clone().map(|place| Area::Subdivision(info.market, place)));
    let ways = if info.way.is_some() { areas.clone() } else { Vec::new() };
    areas.extend(info.office.clone().map(|place| Area::Office(info.market, place)));
    let substitutions = areas.into_iter().map(|area| (Kind::Substitution, area));
    substitutions.chain(ways.into_iter().map(|area| (Kind::Displacement, area))).collect()
}
