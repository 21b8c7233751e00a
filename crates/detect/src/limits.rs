//! How many places are watched. Markets are as many as there are countries; what sources call a subdivision or an office
//! is theirs to invent, and every one of them is a cell.
//!
//! Where a limit is reached the most active places are watched, by their net incidents, and the rest is left unwatched: no
//! shift is looked for in them by themselves, and [`Detector::unwatched`] says so. Nothing is lost of the wider cells: their
//! records count there. A place that was left and has come to twice the incidents of the least active that is watched takes
//! its turn, with all its history (how its sources report is learnt from then on). What an alert was told of stays watched.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use headwater_model::{FamilyIx, Pane};

use crate::cell::{Cell, CellKey};
use crate::detector::Detector;
use crate::watch::Watch;

/// The factor by which a place must exceed one that is watched to take its turn: with less, two that are alike would do
/// so week after week, each time with a run over all their history.
const TURN: i64 = 2;

/// Most subdivisions and offices that are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Cells of them of one kind of change, one family and one market. They share its false alarms: with more of them
    /// each would be asked for over ln 256 = 5.5 nats beyond the bar.
    pub places_per_market_max: usize,
    /// Cells of them in all: 4,096 of at most some 0.5 MB (`cargo bench -p headwater-detect` counts them) are 2.1 GB.
    pub places_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { places_per_market_max: 256, places_max: 4_096 }
    }
}

/// The panes of places that are not watched, on the day they became known.
pub(crate) type Arrivals = BTreeMap<CellKey, (FamilyIx, Vec<Pane>)>;

impl Detector {
    /// The subdivisions and offices that are not looked at by themselves, with their net incidents.
    pub fn unwatched(&self) -> impl Iterator<Item = (&CellKey, i64)> {
        self.unwatched.iter().map(|(key, incidents)| (key, *incidents))
    }

    /// How many cells were tested when they last changed, and how many were not: for want of history, or of room.
    pub fn cells(&self) -> (u64, u64) {
        let tested = self.watches.values().filter(|watch| watch.level.is_some()).count();
        (tested as u64, (self.watches.len() - tested + self.unwatched.len()) as u64)
    }

    /// Watches places that arrive, as far as there is room; gives those that are watched now. The registry knows their
    /// panes already. The most active come first: neither the order of a day nor that of names shows.
    pub(crate) fn admit(&mut self, arrivals: Arrivals) -> Vec<CellKey> {
        let mut known: Vec<(CellKey, FamilyIx, Vec<Pane>, i64, bool)> = Vec::new();
        for (key, (family, panes)) in arrivals {
            let today: i64 = panes.iter().map(|pane| pane.sums.incidents).sum();
            let before = self.unwatched.remove(&key);
            let incidents = before.unwrap_or(0).saturating_add(today);
            known.push((key, family, panes, incidents, before.is_some()));
        }
        known.sort_by_key(|(.., incidents, _)| Reverse(*incidents));
        let mut watched = Vec::new();
        for (key, family, panes, incidents, was_left) in known {
            if !self.has_room(&key, incidents) {
                self.unwatched.insert(key, incidents);
                continue;
            }
            let mut watch = Watch::new(Cell::new(key.clone(), family));
            if was_left {
                watch.recall(&self.registry);
            }
            for pane in &panes {
                if let Some(info) = self.registry.info(pane.key.series) {
                    match was_left {
                        true => watch.learn(pane, info, &self.registry),
                        false => watch.add(pane, info, &self.registry),
                    }
                }
            }
            self.watches.insert(key.clone(), watch);
            watched.push(key);
        }
        // One that came today may have had to leave again.
        watched.retain(|key| self.watches.contains_key(key));
        watched
    }

    /// Whether there is room for one more place, if need be that of one that is far less active.
    fn has_room(&mut self, key: &CellKey, incidents: i64) -> bool {
        let limits = self.config.limits;
        let is_place = |other: &CellKey| other.area.place().is_some();
        let is_peer = |other: &CellKey| {
            is_place(other)
                && (other.kind, &other.family, other.area.market()) == (key.kind, &key.family, key.area.market())
        };
        let count = |among: &dyn Fn(&CellKey) -> bool| self.watches.keys().filter(|other| among(other)).count();
        let least = if count(&is_peer) >= limits.places_per_market_max {
            self.least_active(&is_peer)
        } else if count(&is_place) >= limits.places_max {
            self.least_active(&is_place)
        } else {
            return true;
        };
        match least {
            Some((least, own)) if incidents > own.saturating_mul(TURN) => {
                self.watches.remove(&least);
                self.unwatched.insert(least, own);
                true
            }
            _ => false,
        }
    }

    /// The least active of some watched places of which nothing was told; of equals the last by name.
    fn least_active(&self, among: &dyn Fn(&CellKey) -> bool) -> Option<(CellKey, i64)> {
        let is_free = |key: &CellKey| among(key) && !self.told_of_kind(key).any(|told| told.area == key.area);
        let free = self.watches.iter().filter(|(key, _)| is_free(key));
        let least = free.min_by_key(|(key, watch)| (watch.cell.incidents(), Reverse(*key)));
        least.map(|(key, watch)| (key.clone(), watch.cell.incidents()))
    }
}
