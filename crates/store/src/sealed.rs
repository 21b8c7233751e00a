//! An epoch that is ready to be committed.

use bytes::Bytes;
use headwater_model::{Checksum, EpochHead};

use crate::layout::epoch_key;

/// An epoch's file with what it says of itself. A retry sends the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEpoch {
    /// What its footer says.
    pub head: EpochHead,
    /// The whole file.
    pub bytes: Bytes,
    /// Of the whole file: what the next epoch names as its `previous`.
    pub checksum: Checksum,
}

impl SealedEpoch {
    /// Takes a file with the head that was written into it.
    pub fn new(head: EpochHead, bytes: Bytes) -> SealedEpoch {
        let checksum = Checksum::of(&bytes);
        SealedEpoch { head, bytes, checksum }
    }

    /// Where it lies.
    pub fn key(&self) -> String {
        epoch_key(&self.head.input, self.head.epoch)
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The epoch is in the archive, for ever.
    Ours,
    /// Another wrote this number first: load it, and go on if the input is still one's own.
    Lost,
    /// A floor lies above this epoch: another has taken the input over. What was written is below the floor and counts
    /// for nobody.
    Fenced,
}
