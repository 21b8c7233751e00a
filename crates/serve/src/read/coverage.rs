//! Where a shift could hardly be seen: of every family in every market, what there is too little of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use headwater_model::{Country, Day, Evidence, FamilyIx, HABIT_DAYS, Marking, Silence};

use super::held::Shelf;
use super::sources::{KEPT_MAX, SIMULATED};
use super::{Refused, Reporters, View};

/// What detection must have of a cell before it can see a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Incidents that one source has to report of one kind of evidence in 364 days: what falls has to have a baseline.
    pub incidents_a_year: i64,
    /// Days of history.
    pub history_days: i32,
}

/// Why a shift could hardly be seen in a cell; the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// One of its sources is silent beyond its habit.
    SourceSilent,
    /// None of its sources reported enough of one kind of evidence for a baseline.
    TooFewRecords,
    /// Its history is too short to be tested.
    ShortHistory,
    /// Nobody else confirms what its one source says.
    OneReporter,
}

impl Lack {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Lack::SourceSilent => "source_silent",
            Lack::TooFewRecords => "too_few_records",
            Lack::ShortHistory => "short_history",
            Lack::OneReporter => "one_reporter",
        }
    }
}

/// A cell in which a shift could hardly be seen, from the records that the reader sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LittleSeen {
    /// Id of the family.
    pub family: String,
    /// Where its routes end.
    pub market: Country,
    /// Why, the gravest first; at least one.
    pub lacks: Vec<Lack>,
    /// Who reported of it in the year, by name.
    pub sources: Vec<String>,
    /// Who of them is silent now.
    pub silent: Vec<String>,
    /// Net observations that became known in the year.
    pub records: i64,
    /// Since when: the first day of the longest silence that lasts; else the first day of a history that is short.
    pub since: Option<Day>,
}

/// Where a reader's records say little or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Families by markets of which something became known in the year: those below, and those that lack nothing.
    pub cells: u64,
    /// By the gravest lack, family and market.
    pub little: Vec<LittleSeen>,
    /// The narrowest label of what was counted.
    pub marking: Option<Marking>,
    /// Whether a source of a cell is simulated.
    pub simulated: bool,
}

/// What became known of a cell.
#[derive(Default)]
struct Cell<'h> {
    /// Net observations and incidents in the year, by source and kind.
    strata: BTreeMap<(&'h str, Evidence), [i64; 2]>,
    /// When its history begins.
    first: Option<Day>,
}

impl View<'_> {
    /// Every family that is tested, in every market, of which something became known in the 364 days up to the last that
    /// detection closed, or up to the latest report where it has closed none. It is computed once for all readers who see
    /// the same, until something is committed: work for every pane that they see. `given_up` is looked at between series.
    ///
    /// # Errors
    /// [`Refused::GivenUp`].
    pub fn coverage(&self, given_up: &AtomicBool) -> Result<Arc<Coverage>, Refused> {
        let (held, seen) = (self.held(), self.classes());
        let kept = || held.coverage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(coverage) = kept().get(&seen) {
            return Ok(Arc::clone(coverage));
        }
        let reporters = self.reporters();
        let coverage = match held.closed_to.or(reporters.last_report()) {
            Some(year_to) => self.cover(year_to, &seen, &reporters, given_up)?,
            None => Coverage::default(),
        };
        let coverage = Arc::new(coverage);
        let mut kept = kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(seen, Arc::clone(&coverage));
        Ok(coverage)
    }

    fn cover(
        &self,
        year_to: Day,
        seen: &[bool],
        reporters: &Reporters,
        given_up: &AtomicBool,
    ) -> Result<Coverage, Refused> {
        let (held, catalog) = (self.held(), self.model.catalog());
        let mut coverage = Coverage::default();
        let mut cells: BTreeMap<(FamilyIx, Country), Cell<'_>> = BTreeMap::new();
        let mut families: BTreeMap<usize, Vec<FamilyIx>> = BTreeMap::new();
        for (id, series) in held.names.series.iter() {
            if given_up.load(Ordering::Relaxed) {
                return Err(Refused::GivenUp);
            }
            let market = held.names.market(series);
            if !seen[series.access.index()] || market == Country::UNKNOWN {
                continue;
            }
            let families = families
                .entry(series.substance.index())
                .or_insert_with(|| self.tested(held.names.substances.get(series.substance)));
            if families.is_empty() {
                continue;
            }
            let shelf = &held.shelves[id.index()];
            let (year, first) = (known_in(shelf, year_to), first_day(shelf));
            if year != [0, 0] {
                coverage.marking = coverage.marking.max(Some(held.names.accesses.get(series.access).marking));
            }
            let stratum = (&**held.names.sources.get(series.source), series.evidence);
            for family in families {
                let cell = cells.entry((*family, market)).or_default();
                let sums = cell.strata.entry(stratum).or_default();
                sums.iter_mut().zip(year).for_each(|(sum, more)| *sum = sum.saturating_add(more));
                cell.first = cell.first.into_iter().chain(first).min();
            }
        }
        let silent: BTreeMap<&str, Silence> = reporters
            .sources
            .iter()
            .filter_map(|state| Some((state.source.as_str(), state.lasting_silence(year_to)?)))
            .collect();
        for ((family, market), cell) in cells {
            let sources = cell.sources();
            if sources.is_empty() {
                continue;
            }
            coverage.cells += 1;
            coverage.simulated |= sources.iter().any(|source| source.starts_with(SIMULATED));
            let family = &catalog.family_at(family).id;
            coverage.little.extend(cell.little(family, market, &sources, &silent, self.model.needs, year_to));
        }
        coverage.little.sort_by(|a, b| (a.lacks[0], &a.family, a.market).cmp(&(b.lacks[0], &b.family, b.market)));
        Ok(coverage)
    }

    /// The families of a substance whose members are tested.
    fn tested(&self, substance: &str) -> Vec<FamilyIx> {
        let catalog = self.model.catalog();
        let Some(substance) = catalog.get(substance) else { return Vec::new() };
        let families: BTreeSet<FamilyIx> = substance.families.iter().chain(&substance.market_family).copied().collect();
        families.into_iter().filter(|family| catalog.family_at(*family).tested).collect()
    }
}

impl<'h> Cell<'h> {
    /// Who reported more than was taken back.
    fn sources(&self) -> BTreeSet<&'h str> {
        let mut events: BTreeMap<&str, i64> = BTreeMap::new();
        for ((source, _), [more, _]) in &self.strata {
            let sum = events.entry(source).or_default();
            *sum = sum.saturating_add(*more);
        }
        events.into_iter().filter(|(_, events)| *events > 0).map(|(source, _)| source).collect()
    }

    /// What there is too little of; none where nothing is.
    fn little(
        &self,
        family: &str,
        market: Country,
        sources: &BTreeSet<&str>,
        silences: &BTreeMap<&str, Silence>,
        needs: Needs,
        year_to: Day,
    ) -> Option<LittleSeen> {
        let silent: Vec<(&str, Day)> =
            sources.iter().filter_map(|source| Some((*source, silences.get(source)?.from))).collect();
        let short = self.first.filter(|first| year_to - *first < needs.history_days);
        let lacks = [
            (Lack::SourceSilent, !silent.is_empty()),
            (Lack::TooFewRecords, self.strata.values().all(|[_, incidents]| *incidents < needs.incidents_a_year)),
            (Lack::ShortHistory, short.is_some()),
            (Lack::OneReporter, sources.len() == 1),
        ];
        let lacks: Vec<Lack> = lacks.into_iter().filter_map(|(lack, is_so)| is_so.then_some(lack)).collect();
        (!lacks.is_empty()).then(|| LittleSeen {
            family: family.to_owned(),
            market,
            lacks,
            sources: sources.iter().map(ToString::to_string).collect(),
            records: self.strata.values().fold(0, |sum, [events, _]| sum.saturating_add(*events)),
            since: silent.iter().map(|(_, from)| *from).min().or(short),
            silent: silent.iter().map(|(source, _)| (*source).to_owned()).collect(),
        })
    }
}

/// Net observations and incidents of a series that became known in the year up to a day.
fn known_in(shelf: &Shelf, year_to: Day) -> [i64; 2] {
    let mut sums = [0i64; 2];
    for (spot, pane) in shelf {
        let known = spot.known_on.0;
        if known <= year_to && known > year_to - HABIT_DAYS {
            sums[0] = sums[0].saturating_add(pane.events);
            sums[1] = sums[1].saturating_add(pane.incidents);
        }
    }
    sums
}

/// When the history of a series begins: the last day, where figures lie, of the first period of which not everything was
/// taken back.
fn first_day(shelf: &Shelf) -> Option<Day> {
    let (mut period, mut last, mut events) = (None, None, 0i64);
    for (spot, pane) in shelf {
        if period != Some((spot.first, spot.period_days)) {
            if events > 0 {
                break;
            }
            (period, last, events) = (Some((spot.first, spot.period_days)), Some(spot.last()), 0);
        }
        events = events.saturating_add(pane.events);
    }
    last.filter(|_| events > 0)
}

#[cfg(test)]
mod tests {
    use headwater_catalog::Catalog;
    use headwater_model::{Access, Budgets, Clearance, EventDay, KnownDay, Sums};

    use super::super::held::Spot;
    use super::*;
    use crate::read::ReadModel;
    use crate::read::fixture::{NEEDS, Record, unclosed};

    fn shelf(panes: &[(i32, u16, i32, i64)]) -> Shelf {
        let pane = |&(first, period_days, known, events): &(i32, u16, i32, i64)| {
            let spot = Spot { first: EventDay(Day(first)), period_days, known_on: KnownDay(Day(known)) };
            (spot, Sums { events, incidents: 2 * events, ..Sums::default() })
        };
        panes.iter().map(pane).collect()
    }

    #[test]
    fn a_history_begins_with_what_was_not_taken_back() {
        // A day that was mistaken for another, and a month.
        let one = shelf(&[(10, 1, 100, 2), (10, 1, 120, -2), (70, 1, 120, 0), (90, 31, 130, 1), (95, 1, 130, 5)]);
        assert_eq!(first_day(&one), Some(Day(120)));
        assert_eq!(first_day(&shelf(&[(10, 1, 100, 2), (10, 1, 120, -1), (20, 1, 100, 1)])), Some(Day(10)));
        assert_eq!((first_day(&shelf(&[])), first_day(&shelf(&[(1, 1, 2, 3), (1, 1, 4, -3)]))), (None, None));
    }

    #[test]
    fn a_year_is_of_364_known_days() {
        let panes = shelf(&[(0, 1, 136, 1), (0, 1, 137, 10), (0, 1, 500, 100), (0, 1, 501, 1_000)]);
        assert_eq!(known_in(&panes, Day(500)), [110, 220]);
    }

    #[test]
    fn before_a_day_is_closed_the_year_ends_with_the_latest_report_and_who_gives_up_is_told_nothing() {
        let model = ReadModel::new(Catalog::embedded(), Budgets::common(10), NEEDS);
        let reader = Clearance::new(Marking::Red, ["*"]);
        let record = |known: i32| Record {
            substance: "npp",
            origin: "CN",
            market: "US",
            source: "A".into(),
            evidence: Evidence::Export,
            access: Access::open(Marking::Amber),
            first: Day(known),
            period_days: 1,
            known_on: Day(known),
            mass_mg: 1,
            incidents: 1,
        };
        let cells = |given_up: bool| {
            let coverage = model.view(&reader).unwrap().coverage(&AtomicBool::new(given_up));
            coverage.map(|coverage| (coverage.cells, coverage.little.iter().map(|cell| cell.records).sum::<i64>()))
        };
        model.publish(unclosed(&[]));
        assert_eq!(cells(false), Ok((0, 0)));
        model.publish(unclosed(&[record(100), record(463), record(464)]));
        assert_eq!(cells(true), Err(Refused::GivenUp));
        assert_eq!(cells(false), Ok((1, 2)));
        assert_eq!(cells(true), Ok((1, 2)), "it is kept");
    }
}
