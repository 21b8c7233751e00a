//! A row of the archive, read back.

use crate::{EventDay, Flags, Id, KnownDay, PaneKey, Series, Status, Sums};

/// One row of an epoch, of the columns that rebuild ledger and panes; the numbers are of the reader's own `Names`.
///
/// What rebuilds a ledger are the rows with a `record_hash`: each record as it arrived (its own items, sign +1, or one
/// row of sign 0 where it is a withdrawal). Rows without one change panes only: items taken back, or put back in force.
/// The items of one record stand one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct ArchivedRow<'a> {
    /// +1 counted, -1 taken back, 0 a withdrawal or a reject.
    pub sign: i8,
    /// Reporting organisation; none of a reject.
    pub source: Option<Id<Box<str>>>,
    /// The event id; empty of a reject.
    pub event_id: &'a str,
    /// Revision of the record.
    pub revision: u32,
    /// Whether the record reports or takes back.
    pub status: Status,
    /// Position in the record's items.
    pub item: u16,
    /// Of the record's content, on the record's own rows.
    pub record_hash: Option<u64>,
    /// When the change was known; none of a reject.
    pub known_on: Option<KnownDay>,
    /// The day by which detection counts it; none where `known_on` is none.
    pub counted_on: Option<KnownDay>,
    /// What the row is of; none where the sign is 0.
    pub of: Option<ArchivedItem>,
}

/// The item of a row with a sign.
#[derive(Clone, Copy, Debug)]
pub struct ArchivedItem {
    /// What it is kept apart by.
    pub series: Id<Series>,
    /// First day of its period.
    pub event_day: EventDay,
    /// Length of the period.
    pub period_days: u16,
    /// What was noticed.
    pub flags: Flags,
    /// Milligrams as read, unsigned; `None` = the record gives no mass.
    pub mass_mg: Option<i64>,
    /// Pieces as read, unsigned.
    pub pieces: Option<i64>,
    /// Incidents as read, unsigned.
    pub incidents: i64,
}

impl ArchivedItem {
    /// The pane that it adds to, under a known or a counted day.
    pub fn key(&self, day: KnownDay) -> PaneKey {
        PaneKey { series: self.series, event_day: self.event_day, period_days: self.period_days, known_on: day }
    }

    /// What it adds there with a sign.
    pub fn sums(&self, sign: i8) -> Sums {
        let sums = Sums {
            mass_mg: self.mass_mg.unwrap_or(0),
            pieces: self.pieces.unwrap_or(0),
            incidents: self.incidents,
            events: 1,
        };
        if sign < 0 { sums.negated() } else { sums }
    }
}
