//! A watched cell: its sums, how its sources report, and its statistic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_model::{Day, Evidence, Marking, Pane};

use crate::cell::Cell;
use crate::config::StatisticConfig;
use crate::labels::Labels;
use crate::registry::{Registry, SeriesInfo};
use crate::reporting::Reporting;
use crate::statistic::Shape;
use crate::sums::{Level, Sums};
use crate::sweep::Sweep;
use crate::tally::{Lens, Tally};
use crate::told::{Told, shape_of};

/// How each source reports each kind of evidence.
pub(crate) type Habits = BTreeMap<(Box<str>, Evidence), Reporting>;

/// A cell under watch. Besides the cell's sums it holds the tally (one count a block and substance) and its [`Sweep`].
pub(crate) struct Watch {
    pub cell: Cell,
    /// How its series are told apart, and what they count so.
    labels: Labels,
    tally: Option<Arc<Tally>>,
    sweep: Sweep,
    changed: BTreeSet<i32>,
    /// How its sources report. Kept by the cells that are run daily; what others tell stands on theirs.
    pub habits: Habits,
    /// Something was taken back since it was last looked at.
    pub corrected: bool,
    /// Not looked at for a raise before this day: it did not pass a short while ago.
    pub next_look: Option<Day>,
    /// What the statistic said when last asked,
    pub level: Option<Level>,
    /// and the week in which it was.
    pub asked_in: Option<i32>,
    /// Whether it ever said anything.
    pub tested: bool,
}

impl Watch {
    pub fn new(cell: Cell) -> Watch {
        Watch {
            cell,
            labels: Labels::Members,
            tally: None,
            sweep: Sweep::default(),
            changed: BTreeSet::new(),
            habits: Habits::new(),
            corrected: false,
            next_look: None,
            level: None,
            asked_in: None,
            tested: false,
        }
    }

    /// Adds a pane of a series that belongs to the cell.
    pub fn add(&mut self, pane: &Pane, info: &SeriesInfo, registry: &Registry) {
        let block = self.cell.add(pane, info, registry);
        self.changed.insert(block.week);
        self.learn(pane, info, registry);
    }

    /// Fills the cell with all that the registry holds of it.
    pub fn recall(&mut self, registry: &Registry) {
        self.cell.recall(registry);
    }

    /// Learns from a pane that the cell holds already how its source reports, and whether it takes something back.
    pub fn learn(&mut self, pane: &Pane, info: &SeriesInfo, registry: &Registry) {
        self.corrected |= pane.sums.incidents < 0 || pane.sums.mass_mg < 0;
        if self.cell.key.is_daily() {
            let stratum = registry.stratum(info.stratum);
            self.habits.entry((stratum.source.clone(), stratum.evidence)).or_default().add(pane);
        }
    }

    /// The statistic over everything in the cell, at the end of `week`.
    pub fn evaluate(
        &mut self,
        registry: &Registry,
        told: &[Told],
        catalog: &Catalog,
        config: &StatisticConfig,
        week: i32,
    ) -> Option<Level> {
        let cell = &self.cell;
        let labels = Labels::choose(cell, registry, Marking::Red, told, None);
        let renamed = self.labels != labels;
        self.labels = labels;
        let lens = Lens { labels: Some(&self.labels), ..Lens::up_to(Marking::Red) };
        let changed = std::mem::take(&mut self.changed);
        self.asked_in = Some(week);
        let whole = match &mut self.tally {
            None => true,
            Some(tally) => {
                let tally = Arc::make_mut(tally);
                renamed
                    || !changed.iter().all(|week| tally.refresh(cell, registry, &lens, *week))
                    || !tally.all_active(&[])
            }
        };
        if whole {
            self.tally = Some(Arc::new(Tally::of(&self.cell, registry, &lens)));
        }
        let tally = self.tally.as_ref()?;
        let shape = shape_of(tally, &self.cell, told, registry, catalog);
        self.level = self.sweep.level(tally, &shape, (!whole).then_some(&changed), config, week);
        self.tested |= self.level.is_some();
        self.level
    }

    /// The tally that was last asked of, where it is what a lens shows.
    pub fn tally(&self, lens: &Lens<'_>) -> Option<&Arc<Tally>> {
        let same = self.changed.is_empty() && lens.labels == Some(&self.labels) && lens.shows_all(&self.cell);
        self.tally.as_ref().filter(|_| same)
    }

    /// The sums at the end of `week`, where they are those last asked for: of this tally and of such a shape.
    pub fn sums(&self, tally: &Arc<Tally>, shape: &Shape, week: i32) -> Option<&Sums> {
        let own = self.tally.as_ref().is_some_and(|own| Arc::ptr_eq(own, tally));
        self.sweep.sums(shape).filter(|sums| own && sums.week == shape.last_week(tally, week))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::Area;
    use crate::cell::CellKey;
    use crate::statistic::run;
    use headwater_model::{Access, Country, EventDay, Id, Kind, KnownDay, Names, PaneKey, Route, Series, Sums};
    use proptest::prelude::*;

    const SUBSTANCES: [&str; 4] = ["heroin", "fentanyl", "carfentanil", "nitazenes"];
    const SOURCES: [&str; 3] = ["C", "A", "B"];

    /// Series by substance and source.
    fn names() -> (Names, Vec<Id<Series>>) {
        let mut names = Names::default();
        let us = Country::from_letters(*b"US").unwrap();
        let route = names.routes.intern_with(&Route::new(us, [], us), Clone::clone);
        let access = names.accesses.intern_with(&Access::default(), Clone::clone);
        let mut all = Vec::new();
        for substance in SUBSTANCES {
            for source in SOURCES {
                let series = Series {
                    substance: names.substances.intern(substance),
                    route,
                    source: names.sources.intern(source),
                    evidence: Evidence::Seizure,
                    place: None,
                    access,
                    flagged: false,
                };
                all.push(names.series.intern_with(&series, |s| *s));
            }
        }
        (names, all)
    }

    /// Weeks of a cell of opioids of one reporter, each with one of the first two substances' incidents or the other's.
    fn weekly(weeks: std::ops::Range<i32>, sign: i64, known_on: i32, series: &[Id<Series>]) -> Vec<Pane> {
        let pane = |week: i32| {
            let event_day = EventDay(Day(7 * week));
            let key = PaneKey {
                series: series[3 * (week % 2) as usize],
                event_day,
                period_days: 1,
                known_on: KnownDay(Day(known_on)),
            };
            Pane { key, sums: Sums { incidents: sign, events: sign, ..Sums::default() } }
        };
        weeks.map(pane).collect()
    }

    #[test]
    fn all_that_came_before_may_be_taken_back() {
        let (names, series) = names();
        let catalog = Catalog::embedded();
        let mut registry = Registry::default();
        registry.extend(&names, &catalog);
        let family = catalog.families().iter().position(|f| &*f.id == "opioids").unwrap();
        let area = Area::Market(Country::from_letters(*b"US").unwrap());
        let key = CellKey { kind: Kind::Substitution, family: "opioids".into(), area };
        let mut watch = Watch::new(Cell::new(key, Id::new(family as u32)));
        let config = StatisticConfig::default();
        // What is known of weeks 100 to 160 is taken back when the first reports of week 200 and later come.
        let first = weekly(100..160, 1, 7 * 160, &series);
        let then = [weekly(100..160, -1, 7 * 270, &series), weekly(200..270, 1, 7 * 270, &series)].concat();
        for (panes, week) in [(first, 160), (then, 270)] {
            for pane in &panes {
                registry.add(pane);
                watch.add(pane, registry.info(pane.key.series).unwrap(), &registry);
            }
            let kept = watch.evaluate(&registry, &[], &catalog, &config, week).and_then(|_| watch.sweep.value());
            let tally = Tally::of(&watch.cell, &registry, &Lens::up_to(Marking::Red));
            let shape = shape_of(&tally, &watch.cell, &[], &registry, &catalog);
            let fresh = run(&tally, &shape, &config, week).and_then(|s| s.value());
            assert!(fresh.is_some() && kept == fresh, "{kept:?} {fresh:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// What is kept between days never shows: the value is, bit for bit, that of a run from the start over the net
        /// counts. Changes come late, early, ahead of their day, to any week, and take back what they gave.
        #[test]
        fn a_kept_sweep_equals_one_from_the_start(
            days in proptest::collection::vec(
                proptest::collection::vec((0usize..12, -200i32..900, prop_oneof![Just(1u16), Just(30)], 1i64..4), 1..6), 30..90),
            back in 2usize..5,
        ) {
            let (names, series) = names();
            let catalog = Catalog::embedded();
            let mut registry = Registry::default();
            registry.extend(&names, &catalog);
            let family = catalog.families().iter().position(|f| &*f.id == "opioids").unwrap();
            let area = Area::Market(Country::from_letters(*b"US").unwrap());
            let key = CellKey { kind: Kind::Substitution, family: "opioids".into(), area };
            let mut watch = Watch::new(Cell::new(key, Id::new(family as u32)));
            let config = StatisticConfig::default();
            let mut given: Vec<Pane> = Vec::new();
            let mut tested = 0;
            for (n, changes) in days.iter().enumerate() {
                let day = Day(900 + 10 * n as i32);
                let mut panes: Vec<Pane> = changes.iter().map(|(s, ago, period_days, incidents)| {
                    let at = EventDay(day - ago / (1 + n as i32 % 7));
                    let key = PaneKey { series: series[*s], event_day: at, period_days: *period_days, known_on: KnownDay(day) };
                    Pane { key, sums: Sums { incidents: *incidents, events: 1, ..Sums::default() } }
                }).collect();
                if n % back == 0 && !given.is_empty() {
                    let gone = given.swap_remove(n % given.len());
                    let key = PaneKey { known_on: KnownDay(day), ..gone.key };
                    panes.push(Pane { key, sums: gone.sums.negated() });
                }
                for pane in &panes {
                    registry.add(pane);
                    watch.add(pane, registry.info(pane.key.series).unwrap(), &registry);
                    if pane.sums.incidents > 0 {
                        given.push(*pane);
                    }
                }
                let kept = watch.evaluate(&registry, &[], &catalog, &config, day.week()).and_then(|_| watch.sweep.value());
                let tally = Tally::of(&watch.cell, &registry, &Lens::up_to(Marking::Red));
                let shape = shape_of(&tally, &watch.cell, &[], &registry, &catalog);
                let fresh = run(&tally, &shape, &config, day.week()).and_then(|s| s.value());
                prop_assert_eq!(&kept, &fresh);
                let lens = Lens { labels: Some(&Labels::Members), ..Lens::up_to(Marking::Red) };
                prop_assert_eq!(watch.tally(&lens).map(|kept| &**kept), Some(&tally));
                // Summed by stratum or series by series, what a lens shows is the same.
                let nothing = [Pane { sums: Sums::default(), ..panes[0] }];
                for source in SOURCES {
                    let lens = Lens { without_source: names.sources.find(source), ..lens };
                    prop_assert!(watch.tally(&lens).is_none());
                    let by_series = Tally::of(&watch.cell, &registry, &Lens { minus: &nothing, ..lens });
                    prop_assert_eq!(Tally::of(&watch.cell, &registry, &lens), by_series);
                }
                tested += usize::from(fresh.is_some());
                prop_assert!(watch.sweep.kept() <= crate::sweep::WEEKS_MAX);
            }
            prop_assert!(tested > 10);
        }
    }
}
