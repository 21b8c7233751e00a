//! What a source has reported, kept beside the panes as they change: how late it is and how complete must not take adding
//! up every pane for each question.

use std::collections::BTreeMap;

use headwater_history::Reports;
use headwater_model::{Day, Evidence, Sums};

use super::held::Spot;

/// Reports of one source in one access class. Memory: an entry for each day on which something was known of a day, of
/// which there are no more than panes and mostly far fewer.
#[derive(Default)]
pub(super) struct Reporting {
    /// By known day and day of the figure.
    days: BTreeMap<(Day, Day), Reported>,
    /// Panes by kind.
    kinds: BTreeMap<Evidence, u64>,
    events: i64,
    taken_back: u64,
}

/// What was known on one day of another.
#[derive(Default)]
struct Reported {
    panes: u64,
    events: i64,
}

impl Reporting {
    /// Follows a pane from one sum to another; one of zeros is none.
    pub fn change(&mut self, kind: Evidence, spot: Spot, before: Sums, after: Sums) {
        let day = (spot.known_on.0, spot.last());
        let events = after.events.saturating_sub(before.events);
        self.events = self.events.saturating_add(events);
        let (reported, panes) = (self.days.entry(day).or_default(), self.kinds.entry(kind).or_default());
        reported.events = reported.events.saturating_add(events);
        match (before.is_zero(), after.is_zero()) {
            (true, false) => {
                reported.panes += 1;
                *panes += 1;
            }
            (false, true) => {
                reported.panes -= 1;
                *panes -= 1;
            }
            _ => {}
        }
        if reported.panes == 0 {
            self.days.remove(&day);
        }
        if *panes == 0 {
            self.kinds.remove(&kind);
        }
    }

    /// Counts rows that take something back.
    pub fn take_back(&mut self, rows: u64) {
        self.taken_back += rows;
    }

    /// Kinds of what it sends.
    pub fn kinds(&self) -> impl Iterator<Item = Evidence> {
        self.kinds.keys().copied()
    }

    /// Observations in force.
    pub fn events(&self) -> i64 {
        self.events
    }

    /// Observations that were taken back.
    pub fn taken_back(&self) -> u64 {
        self.taken_back
    }

    /// The first and the last day on which something was known; none without a pane.
    pub fn known(&self) -> Option<(Day, Day)> {
        let (&(first, _), _) = self.days.first_key_value()?;
        let (&(last, _), _) = self.days.last_key_value()?;
        Some((first, last))
    }

    /// Adds what became known from a day on to the reports of the whole source.
    pub fn add_to(&self, reports: &mut Reports, from: Day) {
        for (day, reported) in self.days.range((from, Day(i32::MIN))..) {
            let events = reports.entry(*day).or_default();
            *events = events.saturating_add(reported.events);
        }
    }
}
