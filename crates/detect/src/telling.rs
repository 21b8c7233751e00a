//! Which of the cells that pass on a day are told: the narrowest that carries a shift, once. The rules stand at the
//! detector.

use std::collections::BTreeSet;

use headwater_model::{Day, Kind, Marking, Names};

use crate::analysis::Ground;
use crate::area::Area;
use crate::cell::CellKey;
use crate::detector::Detector;
use crate::found::Found;
use crate::labels::Label;
use crate::watch::Habits;

/// So many times as long as another cell waits the world's for its next look, when it did not pass.
const WORLD_LOOKS: i32 = 2;

impl Detector {
    /// Whether a changed cell is run today. What is not run daily is run on the first day of an event week that changes
    /// it, and daily while it stands above half the bar and is not waiting for its next look.
    pub(crate) fn is_due(&self, key: &CellKey, day: Day) -> bool {
        let Some(watch) = self.watches.get(key).filter(|_| !key.is_daily()) else { return true };
        let high = watch.level.is_some_and(|level| level.log > 0.5 * self.config.bar);
        let waits = watch.next_look.is_some_and(|next| day < next);
        high && !waits || watch.asked_in != Some(day.week())
    }

    /// What a cell's log statistic must exceed: parts of a market share its false alarms (Bonferroni), so their bar is
    /// higher by the logarithm of how many of them can be tested.
    pub(crate) fn bar(&self, key: &CellKey) -> f64 {
        let first = match &key.area {
            Area::World | Area::Market(_) => return self.config.bar,
            Area::Subdivision(market, _) => Area::Subdivision(*market, "".into()),
            Area::Office(market, _) => Area::Office(*market, "".into()),
        };
        let peer = |other: &CellKey| {
            (other.kind, &other.family) == (key.kind, &key.family)
                && (other.area.scope(), other.area.market()) == (key.area.scope(), key.area.market())
        };
        let peers = self.watches.range(CellKey { area: first, ..key.clone() }..).take_while(|(other, _)| peer(other));
        let tested = peers.filter(|(_, watch)| watch.tested).count().max(1);
        self.config.bar + (tested as f64).ln()
    }

    /// What is told of the cells that were run today, the wide before the narrow.
    pub(crate) fn tell(&mut self, asked: &[CellKey], day: Day, names: &Names) -> Vec<(CellKey, Found)> {
        let mut passing: Vec<(&CellKey, Found)> = Vec::new();
        for key in asked {
            if let Some(found) = self.candidate(key, day, names) {
                passing.push((key, found));
            }
        }
        let mut is_told = vec![false; passing.len()];
        for (at, (key, found)) in passing.iter().enumerate() {
            let today =
                || passing.iter().zip(&is_told).filter(|((_, f), _)| self.same(key.kind, f.pair(), found.pair()));
            let wider_today = today().any(|((wide, _), told)| *told && self.is_wider(wide, key));
            let narrower_today = today().map(|((narrow, _), _)| *narrow).filter(|narrow| self.is_wider(key, narrow));
            let narrower: BTreeSet<Area> =
                narrower_today.map(|k| k.area.clone()).chain(self.told_inside(key, found.pair())).collect();
            is_told[at] = !wider_today
                && !self.is_held_by_wider(key, found.pair())
                && self.is_more_than(key, found, narrower.into_iter().collect(), day, names);
        }
        let mut told = Vec::new();
        for ((key, found), is_told) in passing.into_iter().zip(is_told) {
            if is_told {
                told.push((key.clone(), found));
            } else {
                self.look_later(key, day);
            }
        }
        told
    }

    /// Whether a wider alert that stands tells a pair.
    fn is_held_by_wider(&self, key: &CellKey, pair: (Label, Label)) -> bool {
        self.standing.values().any(|s| self.is_wider(&s.key, key) && self.same(key.kind, s.pair, pair))
    }

    /// Where inside a cell a pair was told.
    fn told_inside(&self, key: &CellKey, pair: (Label, Label)) -> impl Iterator<Item = Area> {
        let same = self.told_of_kind(key).filter(move |told| self.same(key.kind, (told.falling, told.rising), pair));
        let inside = same.filter(|told| self.is_wider(key, &CellKey { area: told.area.clone(), ..key.clone() }));
        inside.map(|told| told.area.clone())
    }

    /// Ids of the standing alerts that a wider one about the same pair ends.
    pub(crate) fn merged_into(&self, key: &CellKey, pair: (Label, Label)) -> Vec<String> {
        if key.area == Area::World {
            return Vec::new();
        }
        let own = self.standing.iter().filter(|(_, s)| self.is_wider(key, &s.key) && self.same(key.kind, s.pair, pair));
        own.map(|(id, _)| id.clone()).collect()
    }

    /// How the sources of a cell report: in its area, of an office in its market, of the world in every market.
    pub(crate) fn habits(&self, key: &CellKey) -> Habits {
        let of = |area| CellKey { kind: Kind::Substitution, family: key.family.clone(), area };
        let area = match &key.area {
            Area::World => {
                let mut habits = Habits::new();
                let all = self.watches.range(of(Area::World)..).take_while(|(k, _)| {
                    k.kind == Kind::Substitution
                        && k.family == key.family
                        && matches!(k.area, Area::World | Area::Market(_))
                });
                for (source, own) in all.flat_map(|(_, watch)| &watch.habits) {
                    habits.entry(source.clone()).or_default().merge(own);
                }
                return habits;
            }
            Area::Office(market, _) => Area::Market(*market),
            area => area.clone(),
        };
        self.watches.get(&of(area)).map(|watch| watch.habits.clone()).unwrap_or_default()
    }

    /// What a cell passes with on a day, if it does: from the lowest marking up to which its panes pass.
    fn candidate(&mut self, key: &CellKey, day: Day, names: &Names) -> Option<Found> {
        let watch = self.watches.get(key)?;
        if watch.level?.log <= self.bar(key) || watch.next_look.is_some_and(|next| day < next) {
            return None;
        }
        let told = self.told_of(&watch.cell);
        let ground = self.ground(watch, &told, day, names);
        let counted = watch.cell.series(&self.registry).filter(|(id, _)| !self.registry.amounts(*id).is_empty());
        let markings: BTreeSet<Marking> = counted.map(|(_, info)| info.marking).collect();
        let found = markings.into_iter().find_map(|up_to| {
            let found = Found::above_bar(&ground, up_to)?;
            self.passes(&ground, &found).then_some(found)
        });
        if found.is_none() {
            self.look_later(key, day);
        }
        found
    }

    fn passes(&self, ground: &Ground<'_>, found: &Found) -> bool {
        let (key, pair) = (&ground.cell.key, found.pair());
        let refractory = ground.told.iter().any(|told| {
            told.shares(key.kind, pair, &self.registry) && ground.day - told.raised_on < self.config.refractory_days
        });
        !refractory && (key.area != Area::World || found.spread(ground, &[])) && found.corroborated(ground)
    }

    /// Whether a shift is more than that of narrower cells which tell the same: it passes without each of them; of the
    /// world, without all of them.
    fn is_more_than(&self, key: &CellKey, found: &Found, narrower: Vec<Area>, day: Day, names: &Names) -> bool {
        let Some(watch) = self.watches.get(key) else { return false };
        let told = self.told_of(&watch.cell);
        let ground = self.ground(watch, &told, day, names);
        match key.area {
            _ if narrower.is_empty() => true,
            Area::World => found.passes_without(&ground, &narrower) && found.spread(&ground, &narrower),
            _ => narrower.chunks(1).all(|one| found.passes_without(&ground, one)),
        }
    }

    pub(crate) fn look_later(&mut self, key: &CellKey, day: Day) {
        // A look at the world costs a run without each of its markets: it is taken once in so many.
        let days = self.config.look_days * if key.area == Area::World { WORLD_LOOKS } else { 1 };
        if let Some(watch) = self.watches.get_mut(key) {
            watch.next_look = Some(day + days);
        }
    }

    /// Whether all of a cell lies in another of its kind and family.
    fn is_wider(&self, wide: &CellKey, narrow: &CellKey) -> bool {
        (wide.kind, &wide.family) == (narrow.kind, &narrow.family)
            && wide.area != narrow.area
            && self.watches.get(narrow).is_some_and(|watch| watch.cell.lies_in(&wide.area))
    }

    /// Whether two pairs tell the same.
    fn same(&self, kind: Kind, one: (Label, Label), other: (Label, Label)) -> bool {
        self.registry.same(kind, one.0, other.0) && self.registry.same(kind, one.1, other.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::cell::Cell;
    use crate::config::Config;
    use crate::sums::Level;
    use crate::watch::Watch;
    use headwater_catalog::Catalog;
    use headwater_model::{Country, Id};

    fn key(kind: Kind, area: Area) -> CellKey {
        CellKey { kind, family: "opioids".into(), area }
    }

    /// A detector that watches some cells, each of which was run in week 100 and gave a log statistic, or nothing.
    fn watching(cells: &[(CellKey, Option<f64>)]) -> Detector {
        let mut detector = Detector::new(Arc::clone(&Catalog::embedded()), Config::default());
        for (key, log) in cells {
            let mut watch = Watch::new(Cell::new(key.clone(), Id::new(0)));
            watch.level = log.map(|log| Level { log, spent_log: 0.0 });
            (watch.asked_in, watch.tested) = (Some(100), log.is_some());
            detector.watches.insert(key.clone(), watch);
        }
        detector
    }

    #[test]
    fn what_is_not_run_daily_is_run_once_a_week_until_it_stands_high() {
        let us = Country::from_letters(*b"US").unwrap();
        let daily = [Area::Market(us), Area::Subdivision(us, "North".into())].map(|area| key(Kind::Substitution, area));
        let weekly = [
            key(Kind::Substitution, Area::World),
            key(Kind::Substitution, Area::Office(us, "Harbour".into())),
            key(Kind::Displacement, Area::World),
            key(Kind::Displacement, Area::Market(us)),
            key(Kind::Displacement, Area::Subdivision(us, "North".into())),
        ];
        let half = 0.5 * Config::default().bar;
        let (this, next) = (Day(100 * 7 + 6), Day(101 * 7));
        for (log, today) in [(None, false), (Some(half - 0.01), false), (Some(half + 0.01), true)] {
            let cells: Vec<_> = daily.iter().chain(&weekly).map(|key| (key.clone(), log)).collect();
            let detector = watching(&cells);
            assert!(daily.iter().all(|key| detector.is_due(key, this)));
            assert!(weekly.iter().all(|key| detector.is_due(key, this) == today), "{log:?}");
            assert!(weekly.iter().all(|key| detector.is_due(key, next)), "{log:?}");
        }
        // What stands high and did not pass waits for its next look.
        let mut detector = watching(&[(weekly[0].clone(), Some(99.0))]);
        detector.look_later(&weekly[0], this - 1);
        assert!(!detector.is_due(&weekly[0], this) && detector.is_due(&weekly[0], next));
        let look = |key: &CellKey| detector.watches[key].next_look.unwrap() - (this - 1);
        assert_eq!(look(&weekly[0]), 2 * detector.config.look_days);
        let new = key(Kind::Substitution, Area::Office(us, "New".into()));
        assert!(watching(&[]).is_due(&new, this), "what was never run is due");
    }

    #[test]
    fn parts_of_a_market_share_its_false_alarms() {
        let [us, mx] = [b"US", b"MX"].map(|letters| Country::from_letters(*letters).unwrap());
        let place = |market, name: &str| key(Kind::Substitution, Area::Subdivision(market, name.into()));
        let office = key(Kind::Substitution, Area::Office(us, "Harbour".into()));
        let mut cells: Vec<_> = ["A", "B", "C"].map(|name| (place(us, name), Some(0.0))).to_vec();
        cells.push((place(us, "too young to be tested"), None));
        cells.push((place(mx, "A"), Some(0.0)));
        cells.push((office.clone(), Some(0.0)));
        let desk = |name: &str| key(Kind::Displacement, Area::Office(us, name.into()));
        cells.extend(["A", "B"].map(|name| (desk(name), Some(0.0))));
        cells.push((key(Kind::Displacement, Area::Subdivision(us, "A".into())), Some(0.0)));
        let detector = watching(&cells);
        let bar = Config::default().bar;
        assert!((detector.bar(&place(us, "B")) - bar - 3f64.ln()).abs() < 1e-12);
        assert!((detector.bar(&desk("B")) - bar - 2f64.ln()).abs() < 1e-12, "offices share them too");
        for alone in
            [place(mx, "A"), office, key(Kind::Substitution, Area::Market(us)), key(Kind::Displacement, Area::World)]
        {
            assert_eq!(detector.bar(&alone), bar, "{alone:?}");
        }
    }
}
