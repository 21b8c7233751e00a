//! How a record is classed.

use headwater_model::Counts;

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

impl Class {
    /// Counts one record of this class as read.
    pub(crate) fn count(self, counts: &mut Counts) {
        counts.read += 1;
        match self {
            Class::Accepted => counts.accepted += 1,
            Class::Superseded => counts.superseded += 1,
            Class::Duplicate { conflict } => {
                counts.duplicate += 1;
                counts.conflict += u64::from(conflict);
            }
        }
    }
}
