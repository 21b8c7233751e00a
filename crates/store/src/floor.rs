//! A floor: which folded files stand for all epochs before one.

use headwater_model::{Checksum, EpochHead, EpochNumber, Input};
use serde::{Deserialize, Serialize};

use crate::ArchiveFile;

/// A folded file as a floor names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldedFile {
    /// Where it lies.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Of the whole file.
    pub checksum: Checksum,
    /// The first epoch in it.
    pub first: EpochNumber,
    /// The last epoch in it.
    pub last: EpochNumber,
}

/// The object `floor/<input>/<epoch>`. The highest of an input counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    /// Of what.
    pub input: Input,
    /// The first epoch that it does not cover.
    pub epoch: EpochNumber,
    /// What stands for all epochs before, in their order.
    pub files: Vec<FoldedFile>,
    /// Checksum of the whole file of the last epoch covered: what `epoch` names as its `previous`.
    pub previous: Checksum,
    /// The head of the last epoch covered, with the complete progress of a folder.
    pub head: EpochHead,
}

impl Floor {
    /// What does not fit together in it, if anything: its files must cover the epochs from 0 to its own without a gap.
    pub fn problem(&self) -> Option<String> {
        let mut next = EpochNumber(0);
        for file in &self.files {
            if file.first != next || file.last < file.first {
                return Some(format!("{} covers epochs {} to {}, {next} is next", file.key, file.first, file.last));
            }
            next = file.last.next();
        }
        if next != self.epoch || self.epoch == EpochNumber(0) {
            return Some(format!("its files cover the epochs before {next}, it is the floor of {}", self.epoch));
        }
        if self.head.input != self.input || self.head.epoch.next() != self.epoch {
            return Some(format!("its head is of epoch {} of {}", self.head.epoch, self.head.input));
        }
        None
    }

    /// Its files.
    pub fn archive_files(&self) -> impl Iterator<Item = ArchiveFile> {
        self.files.iter().map(|file| ArchiveFile {
            key: file.key.clone(),
            bytes: file.bytes,
            first: file.first,
            last: file.last,
            checksum: Some(file.checksum),
        })
    }
}
