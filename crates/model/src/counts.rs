//! The account of an input.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Records of a batch, a file or a run by class: `read = accepted + duplicate + superseded + rejected`, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All records.
    pub read: u64,
    /// New to the ledger.
    pub accepted: u64,
    /// Of a revision and status that were held already.
    pub duplicate: u64,
    /// Lower than the highest held.
    pub superseded: u64,
    /// Not taken by the reader.
    pub rejected: u64,
    /// Of the duplicates, those whose content differs from what is held.
    pub conflict: u64,
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
