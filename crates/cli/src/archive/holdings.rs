//! What detection and the read-only commands need of a store: a trait, so that every decision is tested without one.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_model::{ArchivedRow, EpochHead, EpochNumber, Input, Names, Partition};
use headwater_store::{ArchiveFile, ArchivedReject, DetectEntry, DrillOrder, Wanted};

/// The files that together hold everything committed of an input.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    /// The folded files, then the epochs after them, ascending.
    pub files: Vec<ArchiveFile>,
    /// What the last folded epoch said of itself.
    pub folded: Option<EpochHead>,
}

/// What was committed of an input after what a reader has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Later {
    /// Its epochs, ascending, without a gap.
    Epochs(Vec<ArchiveFile>),
    /// The next epoch was folded and is gone: the reader has to begin afresh.
    Folded,
}

/// Hears the rows of a file, one by one.
pub type EachRow<'a> = dyn FnMut(&ArchivedRow<'_>) -> anyhow::Result<()> + 'a;

/// Hears the rejects of a file, one by one, with their whole bytes.
pub type EachReject<'a> = dyn FnMut(ArchivedReject) -> anyhow::Result<()> + 'a;

/// A store as its readers see it.
pub trait Holdings {
    /// The declared sources, each with its number of partitions.
    fn declared(&self) -> anyhow::Result<BTreeMap<Arc<str>, u32>>;

    /// Everything committed of an input by now.
    fn stock(&self, input: &Input) -> anyhow::Result<Stock>;

    /// What was committed of an input from an epoch on. Where nothing seems to have been, a thorough look makes sure
    /// that it was not folded meanwhile.
    fn later(&self, input: &Input, from: EpochNumber, thorough: bool) -> anyhow::Result<Later>;

    /// What the last epoch of an input says of itself.
    fn last_head(&self, input: &Input) -> anyhow::Result<Option<EpochHead>>;

    /// Reads the rows of an input's file. Gives the head of an epoch's file.
    fn read(
        &self,
        input: &Input,
        file: &ArchiveFile,
        wanted: Wanted,
        names: &mut Names,
        each: &mut EachRow<'_>,
    ) -> anyhow::Result<Option<EpochHead>>;

    /// Reads the rejects of an input's file.
    fn rejects(&self, input: &Input, file: &ArchiveFile, each: &mut EachReject<'_>) -> anyhow::Result<()>;

    /// An entry of the alert log, if it was written.
    fn entry(&self, number: u64) -> anyhow::Result<Option<DetectEntry>>;

    /// Appends an entry; false where another entry stands under its number.
    fn append(&self, entry: &DetectEntry) -> anyhow::Result<bool>;

    /// The drills that were ordered and not taken.
    fn drills(&self) -> anyhow::Result<Vec<DrillOrder>>;

    /// Takes the order of a drill away.
    fn drill_taken(&self, alert_id: &str) -> anyhow::Result<()>;

    /// Every partition of every declared source.
    fn inputs(&self) -> anyhow::Result<Vec<Input>> {
        Ok(inputs(&self.declared()?))
    }
}

/// Every partition of these sources.
pub fn inputs(declared: &BTreeMap<Arc<str>, u32>) -> Vec<Input> {
    let partitions = |(source, partitions): (&Arc<str>, &u32)| {
        let source = Arc::clone(source);
        (0..*partitions).map(move |n| Input { source: Arc::clone(&source), partition: Partition(n.cast_signed()) })
    };
    declared.iter().flat_map(partitions).collect()
}
