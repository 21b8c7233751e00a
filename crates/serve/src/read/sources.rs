//! How good the data are: reporters as a reader sees them, and the accounts of inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use headwater_history::{Delays, MEASURED_DAYS, Reports};
use headwater_model::{Counts, Day, Evidence, HABIT_DAYS, Habit, Input, Reason, Silence};

use super::reporting::Reporting;
use super::{Complete, View};

/// What the name of a simulated source begins with.
pub(super) const SIMULATED: &str = "SIM-";

/// Known days of which it is told what a source reported on each: 13 weeks and a day.
const RECENT_DAYS: i32 = 92;

/// Groups of readers who see the same, of whom it is kept what they see of the sources.
pub(super) const KEPT_MAX: usize = 64;

/// A reporting organisation, from the records that the reader sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceState {
    /// Its name.
    pub source: String,
    /// What it sends.
    pub evidence: BTreeSet<Evidence>,
    /// The day on which its first record was known.
    pub first_report: Day,
    /// Observations in force.
    pub events: i64,
    /// Observations that a later revision or a withdrawal took back.
    pub taken_back: u64,
    /// How late its reports of the last 364 known days were.
    delays: Delays,
    /// How often it reports: of the days on which more became known than was taken back.
    habit: Option<Habit>,
    /// Net observations by the day on which they became known, of the last days on which it reported.
    recent: BTreeMap<Day, i64>,
}

impl SourceState {
    /// From its reports in the classes that a reader sees; none without a pane.
    fn of(source: &str, seen: &[&Reporting]) -> Option<SourceState> {
        let first_report = seen.iter().filter_map(|class| class.known()).map(|(first, _)| first).min()?;
        let last_report = seen.iter().filter_map(|class| class.known()).map(|(_, last)| last).max()?;
        let mut reports = Reports::new();
        seen.iter().for_each(|class| class.add_to(&mut reports, last_report - (MEASURED_DAYS - 1)));
        let mut by_known: BTreeMap<Day, i64> = BTreeMap::new();
        for (&(known, _), &events) in &reports {
            let sum = by_known.entry(known).or_default();
            *sum = sum.saturating_add(events);
        }
        Some(SourceState {
            habit: Habit::of(by_known.iter().filter(|(_, events)| **events > 0).map(|(known, _)| *known)),
            recent: by_known.split_off(&(last_report - (RECENT_DAYS - 1))),
            source: source.to_owned(),
            evidence: seen.iter().flat_map(|class| class.kinds()).collect(),
            first_report,
            events: seen.iter().fold(0, |sum, class| sum.saturating_add(class.events())),
            taken_back: seen.iter().map(|class| class.taken_back()).sum(),
            delays: Delays::of(&reports)?,
        })
    }

    /// Whether it is simulated.
    pub fn is_simulated(&self) -> bool {
        self.source.starts_with(SIMULATED)
    }

    /// The day on which its last record was known.
    pub fn last_report(&self) -> Day {
        self.delays.last()
    }

    /// Its line of completeness.
    pub fn complete_to(&self) -> Day {
        self.delays.complete_to()
    }

    /// Days between event and report by which half, and nine tenths, of its reports of the last 364 known days had come;
    /// none where it only took back.
    pub fn delay_days(&self) -> Option<[i32; 2]> {
        (!self.delays.is_empty()).then(|| [50, 90].map(|percent| self.delays.percentile(percent)))
    }

    /// Net observations by the day on which they became known, of the days that end with one which is not before its last
    /// report.
    pub fn recent(&self, end: Day) -> Vec<i64> {
        (0..RECENT_DAYS).rev().map(|back| self.recent.get(&(end - back)).copied().unwrap_or_default()).collect()
    }

    /// The longest gap between two of its reports that is usual; none where fewer than two days are known on which it
    /// reported.
    pub fn usual_gap_days(&self) -> Option<i32> {
        self.habit.as_ref().map(Habit::usual_gap_days)
    }

    /// When it was silent beyond its habit, of the year up to a day, and the silence that lasts on another: the last day
    /// of which silence can be told.
    pub fn silences(&self, year_to: Day, told_to: Day) -> Vec<Silence> {
        let Some(habit) = &self.habit else { return Vec::new() };
        let past = habit.silences().iter().filter(|silence| silence.to.is_some_and(|to| to > year_to - HABIT_DAYS));
        past.copied().chain(habit.lasting(told_to)).collect()
    }

    /// The silence that lasts on a day.
    pub(super) fn lasting_silence(&self, day: Day) -> Option<Silence> {
        self.habit.as_ref()?.lasting(day)
    }

    /// What part of its figures of a day have most likely arrived, by what is known on another day: the part of its
    /// reports of the last 364 known days that took no longer than from the one day to the other. It does not go on
    /// growing when the source falls silent. None where it has no reports.
    pub fn arrived_share(&self, day: Day, known: Option<Day>) -> Option<f64> {
        let last = self.last_report();
        self.delays.within(known.map_or(last, |known| known.min(last)) - day)
    }
}

/// What a reader sees of the sources.
#[derive(Debug, PartialEq, Eq)]
pub struct Reporters {
    /// By name.
    pub sources: Vec<SourceState>,
    /// The line of completeness.
    pub complete: Complete,
}

impl Reporters {
    /// The latest of their reports.
    pub fn last_report(&self) -> Option<Day> {
        self.sources.iter().map(SourceState::last_report).max()
    }
}

/// The account of an input: everything that was read of it, whatever its marking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Which.
    pub input: Input,
    /// Its clock.
    pub clock: Option<Day>,
    /// Records by class.
    pub total: Counts,
    /// Those not taken, by reason.
    pub rejects: BTreeMap<Reason, u64>,
}

impl View<'_> {
    /// Whether the reader sees each access class, by its number.
    pub(super) fn classes(&self) -> Vec<bool> {
        self.held().names.accesses.iter().map(|(_, access)| self.reader.may_see_class(access)).collect()
    }

    /// Every reporter of whom the reader sees something. It is computed once for all readers who see the same, until
    /// something is committed.
    pub fn reporters(&self) -> Arc<Reporters> {
        let (held, seen) = (self.held(), self.classes());
        let kept = || held.reporters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reporters) = kept().get(&seen) {
            return Arc::clone(reporters);
        }
        let mut by_source: BTreeMap<&str, Vec<&Reporting>> = BTreeMap::new();
        for ((source, access), reporting) in &held.reporting {
            if seen[access.index()] {
                by_source.entry(held.names.sources.get(*source)).or_default().push(reporting);
            }
        }
        let sources: Vec<SourceState> =
            by_source.into_iter().filter_map(|(source, seen)| SourceState::of(source, &seen)).collect();
        let reporters = Arc::new(Reporters { complete: Complete::of(&sources), sources });
        let mut kept = kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(seen, Arc::clone(&reporters));
        reporters
    }

    /// Whether one of the reporters of whom the reader sees something is simulated.
    pub fn sees_simulated(&self) -> bool {
        let (held, seen) = (self.held(), self.classes());
        held.reporting.iter().any(|((source, access), reporting)| {
            let shown = seen[access.index()] && reporting.known().is_some();
            shown && held.names.sources.get(*source).starts_with(SIMULATED)
        })
    }

    /// The account of every input, for a reader who may see everything: an account counts records of every marking, and
    /// those whose marking could not be read.
    pub fn accounts(&self) -> Option<Vec<Account>> {
        let accounts = self.held().inputs.iter().map(|(input, standing)| Account {
            input: input.clone(),
            clock: standing.clock,
            total: standing.total,
            rejects: standing.rejects.clone(),
        });
        self.reader.sees_everything().then(|| accounts.collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use headwater_catalog::Catalog;
    use headwater_model::{
        Access, Budgets, Clearance, EventDay, KnownDay, Marking, Names, PaneKey, Route, Series, Sums,
    };
    use headwater_window::{Panes, complete_to};
    use proptest::prelude::*;

    use super::*;
    use crate::read::fixture::NEEDS;
    use crate::read::{Held, ReadModel, Taken};

    /// Source, label, kind, day, length, delay, events; and the signs of its rows: one that is taken back on the same
    /// known day leaves nothing.
    type Told = (usize, usize, usize, i32, u16, i32, i64, &'static [i8]);

    const SOURCES: [&str; 3] = ["A", "B", "SIM-C"];
    const LABELS: [Marking; 3] = [Marking::Green, Marking::Amber, Marking::Red];
    const KINDS: [Evidence; 2] = [Evidence::Export, Evidence::Seizure];

    fn key(names: &mut Names, of: &Told) -> PaneKey {
        let &(source, label, kind, day, period_days, delay, ..) = of;
        let country = |code: &[u8; 2]| headwater_model::Country::from_letters(*code).unwrap();
        let route = Route::new(country(b"CN"), [], country(b"US"));
        let access = Access::open(LABELS[label]);
        let series = Series {
            substance: names.substances.intern("npp"),
            route: names.routes.intern_with(&route, Clone::clone),
            source: names.sources.intern(SOURCES[source]),
            evidence: KINDS[kind],
            place: None,
            access: names.accesses.intern_with(&access, Clone::clone),
            flagged: false,
        };
        let series = names.series.intern_with(&series, |series| *series);
        let known_on = KnownDay(Day(day + i32::from(period_days) - 1 + delay));
        PaneKey { series, event_day: EventDay(Day(day)), period_days, known_on }
    }

    /// The habit of a source by its panes' known days and events.
    fn habit_of(panes: &[(Day, i64)]) -> Option<Habit> {
        let last = panes.iter().map(|(known, _)| *known).max()?;
        let within = panes.iter().map(|(known, _)| *known).filter(|known| last - *known < 364);
        let on = |day: &Day| panes.iter().filter(|(known, _)| known == day).map(|(_, events)| events).sum::<i64>();
        Habit::of(within.filter(|day| on(day) > 0))
    }

    proptest! {
        /// However the rows come in files: each figure is that of all panes that the reader sees, read as a whole.
        #[test]
        fn what_is_kept_beside_the_panes_is_what_they_come_to(
            told in proptest::collection::vec(
                (
                    0..3usize, 0..3usize, 0..2usize, 0..900i32, 1..40u16, -9..120i32, 0..2i64,
                    proptest::sample::select(vec![&[1i8][..], &[-1], &[1, -1]]),
                ), 0..60
            ),
            rows_a_file in 1..7usize,
            label in 0..3usize,
        ) {
            let rows: Vec<(Told, i8)> =
                told.iter().flat_map(|of| of.7.iter().map(|sign| (*of, *sign))).collect();
            let sums = |of: &Told, sign: i8| Sums {
                mass_mg: 7 * i64::from(sign), pieces: 0, incidents: 0, events: of.6 * i64::from(sign),
            };
            let mut held = Held::default();
            for rows in rows.chunks(rows_a_file) {
                let mut taken = Taken::default();
                let mut names = std::mem::take(&mut taken.names);
                for (of, sign) in rows {
                    taken.add(key(&mut names, of), sums(of, *sign), *sign).unwrap();
                }
                taken.names = names;
                held.take(&Input::parse("trade/0").unwrap(), taken).unwrap();
            }
            // The other way: all panes at once.
            let (mut names, mut panes) = (Names::default(), Panes::default());
            for (of, sign) in rows.iter().filter(|(of, _)| of.1 <= label) {
                let _ = panes.add(key(&mut names, of), sums(of, *sign));
            }
            let index = panes.sorted(&names);
            let line = complete_to(&index, &names, None);

            let model = ReadModel::new(Catalog::embedded(), Budgets::common(10), NEEDS);
            model.publish(held);
            let reader = Clearance::new(LABELS[label], [] as [&str; 0]);
            let reporters = model.view(&reader).unwrap().reporters();
            prop_assert_eq!(reporters.complete.overall, line.overall);
            let lines: BTreeMap<String, Day> =
                reporters.sources.iter().map(|state| (state.source.clone(), state.complete_to())).collect();
            prop_assert_eq!(lines, line.sources);
            for state in &reporters.sources {
                let own: Vec<_> = index.up_to(None).iter().filter(|pane| {
                    &**names.sources.get(names.series.get(pane.key.series).source) == state.source.as_str()
                }).collect();
                let known = || own.iter().map(|pane| pane.key.known_on.0);
                prop_assert_eq!(Some((state.first_report, state.last_report())), known().min().zip(known().max()));
                let end = state.last_report() + 3;
                let recent: Vec<i64> = (0..RECENT_DAYS).rev().map(|back| {
                    own.iter().filter(|pane| pane.key.known_on.0 == end - back).map(|pane| pane.sums.events).sum()
                }).collect();
                prop_assert_eq!(state.recent(end), recent);
                let habit = habit_of(&own.iter().map(|pane| (pane.key.known_on.0, pane.sums.events)).collect::<Vec<_>>());
                prop_assert_eq!(state.usual_gap_days(), habit.as_ref().map(Habit::usual_gap_days));
                let silences = |to: Day| habit.iter().flat_map(move |habit| {
                    habit.silences().iter().copied().filter(move |one| one.to.unwrap() > to - 364)
                });
                let lasting = habit.as_ref().and_then(|habit| habit.lasting(end + 60));
                let expected: Vec<Silence> = silences(end + 60).chain(lasting).collect();
                prop_assert_eq!(state.silences(end + 60, end + 60), expected);
                prop_assert_eq!(state.events, own.iter().map(|pane| pane.sums.events).sum::<i64>());
                let kinds: BTreeSet<_> = own.iter().map(|pane| names.series.get(pane.key.series).evidence).collect();
                prop_assert_eq!(&state.evidence, &kinds);
                let back = rows.iter().filter(|(of, sign)| {
                    of.1 <= label && SOURCES[of.0] == state.source && *sign < 0
                }).count() as u64;
                prop_assert_eq!(state.taken_back, back);
            }
            let again = model.view(&reader).unwrap().reporters();
            prop_assert!(Arc::ptr_eq(&again, &reporters), "it is not computed again");
        }
    }
}
