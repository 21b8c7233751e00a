//! How records were classed, and how many of each.

use std::ops::AddAssign;

/// What a record was, judged once, on arrival, against what the ledger held then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Higher than all that is held of its event, or the first of it.
    Accepted,
    /// Same revision and status as a record that is held.
    Duplicate {
        /// Its content differs from the one that is held; the first arrival holds.
        conflict: bool,
    },
    /// Lower than the highest held. It may still write rows under its own earlier day and undo them under the day of
    /// the next change. A copy of a record that was dropped because a higher one was known no later is `Superseded`
    /// too: what is not held cannot be compared with.
    Superseded,
}

/// Records of a batch, a file or a run by class. `read = accepted + duplicate + superseded + rejected`, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All records.
    pub read: u64,
    /// New to the ledger.
    pub accepted: u64,
    /// Held already.
    pub duplicate: u64,
    /// Lower than the highest held.
    pub superseded: u64,
    /// Not taken by the reader.
    pub rejected: u64,
    /// Of the duplicates, those whose content differs from what is held.
    pub conflict: u64,
}

impl Counts {
    pub(crate) fn add_class(&mut self, class: Class) {
        self.read += 1;
        match class {
            Class::Accepted => self.accepted += 1,
            Class::Superseded => self.superseded += 1,
            Class::Duplicate { conflict } => {
                self.duplicate += 1;
                self.conflict += u64::from(conflict);
            }
        }
    }

    pub(crate) fn add_rejected(&mut self, records: u64) {
        self.read += records;
        self.rejected += records;
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.superseded += other.superseded;
        self.rejected += other.rejected;
        self.conflict += other.conflict;
    }
}
