//! How good the data are: reporters as a reader sees them, and the accounts of inputs.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{Counts, Day, Evidence, Input, Reason};
use headwater_window::COMPLETE_DAYS;

use super::View;

/// Events by known day and delay in days.
type Delays = BTreeMap<(Day, i32), i64>;

/// What the name of a simulated source begins with.
pub(super) const SIMULATED: &str = "SIM-";

/// A reporting organisation, from the records that the reader sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceState {
    /// Its name.
    pub source: String,
    /// What it sends.
    pub evidence: BTreeSet<Evidence>,
    /// The day on which its first record was known.
    pub first_report: Day,
    /// The day on which its last record was known.
    pub last_report: Day,
    /// Observations in force.
    pub events: i64,
    /// Observations that a later revision or a withdrawal took back.
    pub taken_back: u64,
    /// Days between event and report by which half, and nine tenths, of its reports of the last 364 known days had come.
    pub delay_days: Option<[i32; 2]>,
    /// Of these reports, how many came after so many days.
    delays: BTreeMap<i32, i64>,
    /// Its line of completeness.
    pub complete_to: Option<Day>,
}

impl SourceState {
    /// Whether it is simulated.
    pub fn is_simulated(&self) -> bool {
        self.source.starts_with(SIMULATED)
    }

    /// What part of its figures of a day have most likely arrived, by what is known on another day: the part of its
    /// reports of the last 364 known days that took no longer than from the one day to the other. It does not go on
    /// growing when the source falls silent. None where it has no reports.
    pub fn arrived_share(&self, day: Day, known: Option<Day>) -> Option<f64> {
        let age = known.map_or(self.last_report, |known| known.min(self.last_report)) - day;
        let all: i64 = self.delays.values().sum();
        let within: i64 = self.delays.range(..=age).map(|(_, events)| events).sum();
        (all > 0).then(|| within as f64 / all as f64)
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
    /// Every reporter of whom the reader sees something, by name.
    pub fn sources(&self) -> Vec<SourceState> {
        let (held, seen, complete) = (self.held(), self.classes(), self.complete());
        let mut states: BTreeMap<&str, (SourceState, Delays)> = BTreeMap::new();
        for (id, series) in held.names.series.iter().filter(|(_, series)| seen[series.access.index()]) {
            let (source, shelf) = (&**held.names.sources.get(series.source), &held.shelves[id.index()]);
            let known = || shelf.panes.keys().map(|spot| spot.known_on.0);
            let (Some(first_report), Some(last_report)) = (known().min(), known().max()) else { continue };
            let (state, delays) = states.entry(source).or_insert_with(|| {
                let state = SourceState {
                    source: source.to_owned(),
                    evidence: BTreeSet::new(),
                    first_report,
                    last_report,
                    events: 0,
                    taken_back: 0,
                    delay_days: None,
                    delays: BTreeMap::new(),
                    complete_to: complete.sources.get(source).copied(),
                };
                (state, BTreeMap::new())
            });
            state.evidence.insert(series.evidence);
            state.first_report = state.first_report.min(first_report);
            state.last_report = state.last_report.max(last_report);
            state.taken_back += shelf.taken_back;
            for (spot, sums) in &shelf.panes {
                state.events = state.events.saturating_add(sums.events);
                let delay = (spot.known_on.0 - spot.last()).max(0);
                *delays.entry((spot.known_on.0, delay)).or_default() += sums.events;
            }
        }
        let finish = |(mut state, delays): (SourceState, Delays)| {
            state.delays = counts(state.last_report, &delays);
            state.delay_days = delay_days(&state.delays);
            state
        };
        states.into_values().map(finish).collect()
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

/// Reports by their delay, over the 364 known days that end with the last report. Corrections of an amount weigh nothing,
/// for their -1 and +1 fall together.
fn counts(last_report: Day, delays: &Delays) -> BTreeMap<i32, i64> {
    let mut counts: BTreeMap<i32, i64> = BTreeMap::new();
    for (&(known, delay), &events) in delays {
        if known > last_report - COMPLETE_DAYS && events > 0 {
            *counts.entry(delay).or_default() += events;
        }
    }
    counts
}

/// The median and the 90th percentile of the delay, by the nearest rank.
fn delay_days(counts: &BTreeMap<i32, i64>) -> Option<[i32; 2]> {
    let all: i64 = counts.values().sum();
    let percentile = |percent: i64| {
        let mut within = 0;
        counts.iter().find_map(|(delay, count)| {
            within += count;
            (within * 100 >= all * percent).then_some(*delay)
        })
    };
    Some([percentile(50)?, percentile(90)?])
}
