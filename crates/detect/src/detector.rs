//! The detector: closes days, raises, revises, withdraws and expires.
//!
//! Rules of telling. A pair of a cell is raised when the cell's log statistic exceeds its bar, the pair carries enough of
//! it, and it holds without its strongest block, without any one reporter that counts, and without its largest operation.
//! A subdivision is told only while no alert of its whole market tells the same pair. What was told begins a new baseline
//! ([`Told`]): the same shift is not told again, and no pair that shares a substance is raised in the cell within the
//! refractory time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_model::{
    Alert, AlertStatus, ChangeReason, Changes, Country, Day, EventTrace, EvidenceQuery, Kind, KnownDay, Marking, Names,
    Pane,
};

use crate::alert_id::alert_id;
use crate::analysis::Ground;
use crate::cell::{Cell, CellKey};
use crate::compose::compose;
use crate::config::Config;
use crate::evaluate::Evaluation;
use crate::fdr;
use crate::found::Found;
use crate::registry::Registry;
use crate::revise::{Moves, Standing, changes, withdrawn};
use crate::told::Told;
use crate::watch::Watch;

/// Days of which raised alerts are ranked against each other.
const RANK_DAYS: i32 = 7;

/// Turns panes into alerts, day by day.
pub struct Detector {
    catalog: Arc<Catalog>,
    config: Config,
    registry: Registry,
    watches: BTreeMap<CellKey, Watch>,
    told: BTreeMap<(Box<str>, Country), Vec<Told>>,
    standing: BTreeMap<String, Standing>,
    /// Alerts raised so far of each cell and pair.
    ordinals: BTreeMap<(CellKey, u16, u16), u32>,
    /// Scores of what was raised in the last days.
    recent: Vec<(Day, f64, String)>,
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
        for key in &changed {
            self.evaluate_watch(key, day);
        }
        self.review(&changed, day, names);
        for key in &changed {
            if let Some(found) = self.candidate(key, day, names) {
                let told = self.told_in(key).to_vec();
                self.pending.push(Pending { key: key.clone(), found, told, revises: None });
            }
        }
        for key in &changed {
            if let Some(watch) = self.watches.get_mut(key) {
                watch.corrected = false;
            }
        }
        self.pending.iter().map(|pending| self.query(pending, day, names)).collect()
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
        alerts
    }

    /// The statistic of a cell at the end of a day, up to a label, as an alert of it would be computed now.
    pub fn evaluate(&self, key: &CellKey, day: KnownDay, up_to: Marking, names: &Names) -> Option<Evaluation> {
        let watch = self.watches.get(key)?;
        let analysis = self.ground(&watch.cell, self.told_in(key), day.0, names);
        let analysis = analysis.analyse(&crate::tally::Lens::up_to(up_to), None)?;
        Some(Evaluation::of(&analysis.value, &analysis.tally, &watch.cell, &self.catalog))
    }

    fn ground<'a>(&'a self, cell: &'a Cell, told: &'a [Told], day: Day, names: &'a Names) -> Ground<'a> {
        Ground { cell, registry: &self.registry, names, catalog: &self.catalog, config: &self.config, told, day }
    }

    fn told_in(&self, key: &CellKey) -> &[Told] {
        self.told.get(&(key.family.clone(), key.market)).map_or(&[], |told| told)
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
        let mut changed = BTreeSet::new();
        for panes in net.chunk_by(|a, b| a.key.series == b.key.series) {
            let Some(info) = self.registry.info(panes[0].key.series) else { continue };
            for (family, _) in &info.families {
                let id = &self.catalog.family_at(*family).id;
                let subdivisions = [None, info.subdivision.clone()];
                for subdivision in &subdivisions[..1 + usize::from(info.subdivision.is_some())] {
                    let cell = CellKey { family: id.clone(), market: info.market, subdivision: subdivision.clone() };
                    let watch = self
                        .watches
                        .entry(cell.clone())
                        .or_insert_with(|| Watch::new(Cell::new(cell.clone(), *family)));
                    for pane in panes {
                        watch.add(pane, info, &self.registry);
                    }
                    changed.insert(cell);
                }
            }
        }
        changed
    }

    fn evaluate_watch(&mut self, key: &CellKey, day: Day) {
        let told = self.told.get(&(key.family.clone(), key.market)).map_or(&[][..], |told| told);
        if let Some(watch) = self.watches.get_mut(key) {
            watch.evaluate(&self.registry, told, &self.catalog, &self.config.statistic, day.week());
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
            let ground = self.ground(&watch.cell, &standing.told, day, names);
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
                if let Some(told) = self.told.get_mut(&(key.family, key.market)) {
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

    /// What a cell is raised with on a day, if it is: from the lowest label up to which its panes pass.
    fn candidate(&mut self, key: &CellKey, day: Day, names: &Names) -> Option<Found> {
        let watch = self.watches.get(key)?;
        if watch.value.as_ref()?.log <= self.config.bar || watch.next_look.is_some_and(|next| day < next) {
            return None;
        }
        let ground = self.ground(&watch.cell, self.told_in(key), day, names);
        let mut labels: BTreeSet<Marking> = BTreeSet::new();
        for (_, series) in watch.cell.entries() {
            labels.extend(series.keys().filter_map(|id| self.registry.info(*id)).map(|info| info.marking));
        }
        let found = labels.into_iter().find_map(|up_to| {
            let found = Found::look(&ground, up_to, None)?;
            self.passes(key, &ground, &found).then_some(found)
        });
        if found.is_none() {
            self.look_later(key, day);
        }
        found
    }

    fn look_later(&mut self, key: &CellKey, day: Day) {
        if let Some(watch) = self.watches.get_mut(key) {
            watch.next_look = Some(day + self.config.look_days);
        }
    }

    fn passes(&self, key: &CellKey, ground: &Ground<'_>, found: &Found) -> bool {
        let (value, config) = (&found.analysis.value, &self.config);
        let lead = found.analysis.pair_log() - value.log;
        if value.log <= config.bar || lead < config.lead_share_min.ln() {
            return false;
        }
        let (falling, rising) = found.pair();
        let refractory = ground.told.iter().any(|told| {
            told.applies_to(key) && told.shares(falling, rising) && ground.day - told.raised_on < config.refractory_days
        });
        let told_wider = key.subdivision.is_some() && self.market_tells(key, found.pair());
        !refractory && !told_wider && found.corroborated(ground)
    }

    /// Whether an alert of the whole market tells the pair, or is about to.
    fn market_tells(&self, key: &CellKey, pair: (u16, u16)) -> bool {
        let whole = CellKey { subdivision: None, ..key.clone() };
        self.standing.values().any(|s| s.key == whole && s.pair == pair)
            || self.pending.iter().any(|p| p.key == whole && p.revises.is_none() && p.found.pair() == pair)
    }

    fn query(&self, pending: &Pending, day: Day, names: &Names) -> EvidenceQuery {
        let (found, windows) = (&pending.found, &pending.found.figures.windows);
        let series = names.series.iter().map(|(id, _)| id).filter(|id| {
            let (Some(info), Some(watch)) = (self.registry.info(*id), self.watches.get(&pending.key)) else {
                return false;
            };
            let member = watch.cell.member(info);
            info.marking <= found.up_to
                && watch.cell.takes(info)
                && (member == Some(found.pair().0) || member == Some(found.pair().1))
        });
        EvidenceQuery {
            series: series.collect(),
            from: windows.before.from,
            to: windows.after.to,
            as_of: KnownDay(day),
        }
    }

    fn raise(&mut self, pending: &Pending, traces: &[EventTrace], day: Day, names: &Names) -> Option<Alert> {
        let (key, found) = (&pending.key, &pending.found);
        let watch = self.watches.get(key)?;
        let ground = self.ground(&watch.cell, &pending.told, day, names);
        let (mut alert, trail) = compose(&ground, found, &watch.habits, traces);
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
            Kind::Substitution,
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
            subdivision: key.subdivision.clone(),
            after_week: found.onset.latest.week(),
        };
        self.told.entry((key.family.clone(), key.market)).or_default().push(entry);
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
        let ground = self.ground(&watch.cell, &pending.told, day, names);
        let (mut alert, _) = compose(&ground, &pending.found, &watch.habits, traces);
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

    /// The adjusted e-BH value of what was found among all cells that are tested.
    fn fdr(&self, key: &CellKey, found: &Found) -> f64 {
        let own = found.analysis.value.log - found.analysis.value.spent_log;
        let others = self.watches.iter().filter(|(other, _)| *other != key);
        let others = others.filter_map(|(_, w)| w.value.as_ref().map(|v| v.log - v.spent_log));
        let log_e: Vec<f64> = std::iter::once(own).chain(others).collect();
        crate::round::to_fdr(fdr::adjusted(&log_e, 0))
    }

    /// Ranks what is raised today among the alerts of the last days.
    fn rank(&mut self, raised: &mut [Alert], day: Day) {
        self.recent.retain(|(raised_on, _, _)| day - *raised_on < RANK_DAYS);
        self.recent.extend(raised.iter().map(|a| (day, a.priority.score, a.alert_id.clone())));
        for alert in raised {
            let (score, id) = (alert.priority.score, &alert.alert_id);
            let before = |other: &&(Day, f64, String)| other.1 > score || (other.1 == score && other.2 < *id);
            alert.priority.rank = 1 + self.recent.iter().filter(before).count() as u32;
            alert.priority.within_budget = alert.priority.rank <= self.config.weekly_budget;
            if let Some(standing) = self.standing.get_mut(id) {
                standing.alert.priority = alert.priority;
            }
        }
    }
}
