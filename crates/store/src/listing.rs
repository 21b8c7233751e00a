//! What lies in the store of an input, and what to restore from.

use headwater_model::{Checksum, EpochNumber, Input};

use crate::layout::epoch_key;
use crate::{Floor, StoreError};

/// A file of the archive: an epoch, or a run of epochs folded into one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFile {
    /// Where it lies.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// The first epoch in it.
    pub first: EpochNumber,
    /// The last epoch in it.
    pub last: EpochNumber,
    /// Of the whole file, of a folded one: that of an epoch stands in its successor.
    pub checksum: Option<Checksum>,
}

impl ArchiveFile {
    /// Whether it stands for other files.
    pub fn is_folded(&self) -> bool {
        self.checksum.is_some()
    }
}

/// What lies in the store of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Of what.
    pub input: Input,
    /// The highest floor.
    pub floor: Option<Floor>,
    /// Epochs of which there is a snapshot with its manifest, the lowest first.
    pub snapshots: Vec<EpochNumber>,
    /// The epochs that no floor covers, the lowest first.
    pub epochs: Vec<ArchiveFile>,
}

impl Listing {
    /// The first epoch that no floor covers.
    pub fn first(&self) -> EpochNumber {
        self.floor.as_ref().map_or(EpochNumber(0), |floor| floor.epoch)
    }

    /// The number that the next epoch gets.
    pub fn next(&self) -> EpochNumber {
        self.epochs.last().map_or(self.first(), |file| file.last.next())
    }

    /// The first epoch that is missing although a later one is there.
    pub fn gap(&self) -> Option<EpochNumber> {
        let numbers = (self.first().0..).map(EpochNumber);
        numbers.zip(&self.epochs).find(|(number, file)| file.first != *number).map(|(number, _)| number)
    }

    /// The files whose rows are the archive of this input, in the order of their epochs.
    pub fn files(&self) -> Vec<ArchiveFile> {
        let folded = self.floor.iter().flat_map(Floor::archive_files);
        folded.chain(self.epochs.iter().cloned()).collect()
    }
}

/// What to restore an input from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestorePlan {
    /// Of what.
    pub input: Input,
    /// Snapshots to begin with, the best first: the next is for where one is damaged.
    pub snapshots: Vec<EpochNumber>,
    /// What to begin with where no snapshot is sound: the floor, whose folded files are read.
    pub floor: Option<Floor>,
    /// All epochs above the floor; behind a snapshot only those after it.
    pub epochs: Vec<ArchiveFile>,
}

impl RestorePlan {
    /// The epochs to read behind a snapshot.
    pub fn after(&self, snapshot: EpochNumber) -> &[ArchiveFile] {
        let read = self.epochs.partition_point(|file| file.last <= snapshot);
        &self.epochs[read..]
    }

    /// The files to read where no snapshot is sound.
    pub fn whole(&self) -> impl Iterator<Item = ArchiveFile> {
        self.floor.iter().flat_map(Floor::archive_files).chain(self.epochs.iter().cloned())
    }
}

/// Chooses what to restore from. A snapshot counts from one epoch below the floor, so that every epoch after it is there,
/// up to the last epoch: one above that is of epochs that were never committed.
pub fn plan(listing: &Listing) -> Result<RestorePlan, StoreError> {
    if let Some(missing) = listing.gap() {
        let input = listing.input.clone();
        let key = epoch_key(&input, missing);
        return Err(StoreError::Gap { input, missing, key });
    }
    let usable = |epoch: &&EpochNumber| epoch.next() >= listing.first() && epoch.next() <= listing.next();
    Ok(RestorePlan {
        input: listing.input.clone(),
        snapshots: listing.snapshots.iter().rev().filter(usable).copied().collect(),
        floor: listing.floor.clone(),
        epochs: listing.epochs.clone(),
    })
}
