//! Panes: the exact partial sums that everything else is made of.

use crate::{EventDay, Id, KnownDay, Period, Series, Sums};

/// What a pane is the sum of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaneKey {
    /// Into the names' table of series.
    pub series: Id<Series>,
    /// First day of the figure's period.
    pub event_day: EventDay,
    /// Length of the period, 1..=366.
    pub period_days: u16,
    /// The day on which the change was known.
    pub known_on: KnownDay,
}

impl PaneKey {
    /// The span that the figure covers.
    pub fn period(self) -> Period {
        Period { first: self.event_day, days: self.period_days }
    }
}

/// A pane: a key and what its rows sum to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pane {
    /// What it is the sum of.
    pub key: PaneKey,
    /// The sums.
    pub sums: Sums,
}
