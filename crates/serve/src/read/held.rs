//! What was read of the store so far.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_model::{
    Access, Alert, Counts, Day, EpochHead, EventDay, Evidence, Id, Input, KnownDay, Names, PaneKey, Reason, Series,
    Sums,
};

use super::alerts::Book;
use super::coverage::Coverage;
use super::index::Index;
use super::reporting::Reporting;
use super::sources::Reporters;

/// What a file of an input holds, in names of its own.
#[derive(Default)]
pub struct Taken {
    /// The names of its panes.
    pub names: Names,
    /// What its rows add up to, by known day.
    pub panes: BTreeMap<PaneKey, Sums>,
    /// Rows that take something back, by series.
    pub taken_back: BTreeMap<Id<Series>, u64>,
    /// Records that were not taken, by reason.
    pub rejects: BTreeMap<Reason, u64>,
    /// What the last epoch of the file says of itself, where it says so.
    pub head: Option<EpochHead>,
}

impl Taken {
    /// Adds a row.
    ///
    /// # Errors
    /// The key of a sum that leaves 64 bits.
    pub fn add(&mut self, key: PaneKey, sums: Sums, sign: i8) -> Result<(), PaneKey> {
        let pane = self.panes.entry(key).or_default();
        *pane = pane.checked_add(sums).ok_or(key)?;
        if sign < 0 {
            *self.taken_back.entry(key.series).or_default() += 1;
        }
        Ok(())
    }
}

/// Where a pane of a series lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub first: EventDay,
    pub period_days: u16,
    pub known_on: KnownDay,
}

impl Spot {
    /// The last day of its period: where its figure lies.
    pub fn last(self) -> Day {
        self.first.0 + (i32::from(self.period_days) - 1)
    }
}

/// The panes of a series.
pub(super) type Shelf = BTreeMap<Spot, Sums>;

/// How far an input is.
pub(super) struct Standing {
    pub clock: Option<Day>,
    pub total: Counts,
    pub rejects: BTreeMap<Reason, u64>,
}

/// What was read of the store: panes by series, alerts with their revisions, accounts of inputs. Memory: some 80 bytes a
/// pane that is not zero, and the alerts.
#[derive(Default)]
pub struct Held {
    pub(super) names: Names,
    pub(super) shelves: Vec<Shelf>,
    pub(super) index: Index,
    pub(super) book: Book,
    pub(super) inputs: BTreeMap<Input, Standing>,
    pub(super) closed_to: Option<Day>,
    /// Cells that are watched, and that are not.
    pub(super) cells: Option<(u64, u64)>,
    /// By source and access class.
    pub(super) reporting: BTreeMap<(Id<Box<str>>, Id<Access>), Reporting>,
    /// By the classes that a reader sees; forgotten with every change.
    pub(super) reporters: Mutex<BTreeMap<Vec<bool>, Arc<Reporters>>>,
    /// Likewise; forgotten too when a day is closed.
    pub(super) coverage: Mutex<BTreeMap<Vec<bool>, Arc<Coverage>>>,
}

impl Held {
    /// Takes a file of an input in. After an error the whole must not be used.
    ///
    /// # Errors
    /// The series whose sum leaves 64 bits, as text.
    pub fn take(&mut self, input: &Input, taken: Taken) -> Result<(), String> {
        let mut known: BTreeMap<Id<Series>, usize> = BTreeMap::new();
        for (key, sums) in &taken.panes {
            let at = *known.entry(key.series).or_insert_with(|| self.shelf(&taken.names, key.series));
            let spot = Spot { first: key.event_day, period_days: key.period_days, known_on: key.known_on };
            let pane = self.shelves[at].entry(spot).or_default();
            let before = *pane;
            let Some(sum) = before.checked_add(*sums) else {
                let series = taken.names.series.get(key.series);
                let substance = taken.names.substances.get(series.substance);
                return Err(format!("the sum of {substance} on {} leaves 64 bits", spot.last()));
            };
            *pane = sum;
            if sum.is_zero() {
                self.shelves[at].remove(&spot);
            }
            let (kind, reporting) = self.reporting(at);
            reporting.change(kind, spot, before, sum);
        }
        for (series, rows) in &taken.taken_back {
            let at = *known.entry(*series).or_insert_with(|| self.shelf(&taken.names, *series));
            self.reporting(at).1.take_back(*rows);
        }
        let standing = Standing { clock: None, total: Counts::default(), rejects: BTreeMap::new() };
        let standing = self.inputs.entry(input.clone()).or_insert(standing);
        for (reason, records) in taken.rejects {
            *standing.rejects.entry(reason).or_default() += records;
        }
        if let Some(head) = taken.head {
            (standing.clock, standing.total) = (head.clock, head.total);
        }
        self.reporters.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.coverage.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Takes an entry of the alert log in.
    pub fn tell(&mut self, alerts: impl IntoIterator<Item = Alert>, closed_to: Day) {
        alerts.into_iter().for_each(|alert| self.book.add(alert));
        self.closed_to = self.closed_to.max(Some(closed_to));
        self.coverage.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Keeps how many cells are watched, and how many are not, where that is known.
    pub fn watches(&mut self, cells: Option<(u64, u64)>) {
        self.cells = cells.or(self.cells);
    }

    /// Where the reports of a series are counted, and its kind.
    fn reporting(&mut self, at: usize) -> (Evidence, &mut Reporting) {
        let series = self.names.series.get(Id::new(at as u32));
        (series.evidence, self.reporting.entry((series.source, series.access)).or_default())
    }

    /// The place of a series of other names among the own ones.
    fn shelf(&mut self, others: &Names, series: Id<Series>) -> usize {
        let id = self.names.adopt(series, others);
        // Numbers follow the order of arrival: a new one is the next.
        if self.shelves.len() == id.index() {
            self.shelves.push(Shelf::new());
            self.index.add(id, self.names.series.get(id));
        }
        id.index()
    }
}
