//! What a file says of itself.

use headwater_model::{Counts, EpochHead, EpochNumber, Input};
use serde::{Deserialize, Serialize};

/// What a folded file says of itself, in its footer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldHead {
    /// Of what.
    pub input: Input,
    /// The first epoch in it.
    pub first: EpochNumber,
    /// The last epoch in it: all between are in it too.
    pub last: EpochNumber,
    /// Rows in the file.
    pub rows: u64,
    /// Records of these epochs by class.
    pub counts: Counts,
}

/// What a file of the archive says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one a file, and most are the large one")]
pub enum FileHead {
    /// One epoch.
    Epoch(EpochHead),
    /// A run of epochs, folded.
    Fold(FoldHead),
}

impl FileHead {
    /// Of what.
    pub fn input(&self) -> &Input {
        match self {
            FileHead::Epoch(head) => &head.input,
            FileHead::Fold(head) => &head.input,
        }
    }

    /// The first epoch in it.
    pub fn first(&self) -> EpochNumber {
        match self {
            FileHead::Epoch(head) => head.epoch,
            FileHead::Fold(head) => head.first,
        }
    }

    /// The last epoch in it.
    pub fn last(&self) -> EpochNumber {
        match self {
            FileHead::Epoch(head) => head.epoch,
            FileHead::Fold(head) => head.last,
        }
    }

    /// Rows in the file.
    pub fn rows(&self) -> u64 {
        match self {
            FileHead::Epoch(head) => head.rows,
            FileHead::Fold(head) => head.rows,
        }
    }

    /// Records by class.
    pub fn counts(&self) -> Counts {
        match self {
            FileHead::Epoch(head) => head.counts,
            FileHead::Fold(head) => head.counts,
        }
    }
}
