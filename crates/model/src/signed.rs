//! Signed rows: the changes that records make.

use crate::{Identity, PaneKey, Rank, Sums};

/// Whether a row counts or takes back what counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i8)]
pub enum Sign {
    /// -1.
    Minus = -1,
    /// +1.
    Plus = 1,
}

/// One item of one record, added or taken back under a known day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedRow {
    /// Added or taken back.
    pub sign: Sign,
    /// The event.
    pub identity: Identity,
    /// The record whose item this is.
    pub rank: Rank,
    /// Position in that record's items.
    pub item: u16,
    /// Series, period, and the known day of the change (not always the record's own).
    pub key: PaneKey,
    /// Milligrams as read, unsigned; `None` = the record gives no mass.
    pub mass_mg: Option<i64>,
    /// Pieces as read, unsigned.
    pub pieces: Option<i64>,
    /// Incidents as read, unsigned.
    pub incidents: i64,
}

impl SignedRow {
    /// What the row adds to its pane: no mass counts as 0, one event a row.
    pub fn sums(&self) -> Sums {
        let sums = Sums {
            mass_mg: self.mass_mg.unwrap_or(0),
            pieces: self.pieces.unwrap_or(0),
            incidents: self.incidents,
            events: 1,
        };
        match self.sign {
            Sign::Plus => sums,
            Sign::Minus => sums.negated(),
        }
    }
}
