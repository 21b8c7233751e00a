//! A store's archive and alert log, read.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use headwater_model::{ArchivedRow, EpochHead, EpochNumber, Input, Names};
use headwater_store::{
    Archive, ArchiveFile, ArchivedReject, Created, DetectEntry, DetectLog, DrillBox, DrillOrder, EpochFile, FileHead,
    StoreError, Wanted, layout, open,
};

use crate::archive::{EachReject, EachRow, Holdings, Later, Stock};

/// What lies in a store.
pub struct Stored {
    archive: Archive,
    log: DetectLog,
    drills: DrillBox,
}

impl Stored {
    /// Of an archive.
    pub fn new(archive: Archive) -> Stored {
        let log = DetectLog::new(archive.objects().clone());
        let drills = DrillBox::new(archive.objects().clone());
        Stored { archive, log, drills }
    }

    fn open(&self, input: &Input, file: &ArchiveFile) -> anyhow::Result<EpochFile> {
        let opened = open(self.archive.fetch(file)?).with_context(|| file.key.clone())?;
        let head = opened.head();
        anyhow::ensure!(
            *head.input() == *input && (head.first(), head.last()) == (file.first, file.last),
            "{} is a foreign object: it holds epochs {} to {} of {}",
            file.key,
            head.first(),
            head.last(),
            head.input()
        );
        Ok(opened)
    }
}

/// A row that its hearer refused, or a file that could not be read.
enum Refused {
    Store(StoreError),
    Row(anyhow::Error),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Store(error)
    }
}

impl Holdings for Stored {
    fn declared(&self) -> anyhow::Result<BTreeMap<Arc<str>, u32>> {
        let sources = self.archive.sources()?;
        Ok(sources.into_iter().map(|source| (Arc::from(source.source), source.partitions)).collect())
    }

    fn stock(&self, input: &Input) -> anyhow::Result<Stock> {
        let listing = self.archive.listing(input)?;
        headwater_store::plan(&listing)?;
        Ok(Stock { files: listing.files(), folded: listing.floor.map(|floor| floor.head) })
    }

    fn later(&self, input: &Input, from: EpochNumber, thorough: bool) -> anyhow::Result<Later> {
        let key = layout::epoch_key(input, from);
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let objects = self.archive.objects();
        let listed = match from.0.checked_sub(1) {
            None => objects.list(folder)?,
            Some(last) => objects.list_after(folder, &layout::epoch_key(input, EpochNumber(last)))?,
        };
        let mut epochs: Vec<ArchiveFile> = Vec::new();
        let mut next = from;
        for object in &listed {
            if object.key == layout::epoch_key(input, next) {
                let (key, bytes) = (object.key.clone(), object.bytes);
                epochs.push(ArchiveFile { key, bytes, first: next, last: next, checksum: None });
                next = next.next();
            }
        }
        // A later epoch without the next one: it was folded, or this look did not show it yet.
        let missed = epochs.is_empty() && (thorough || !listed.is_empty());
        let folded = missed && self.archive.floor_number(input)?.is_some_and(|floor| floor > from);
        Ok(if folded { Later::Folded } else { Later::Epochs(epochs) })
    }

    fn last_head(&self, input: &Input) -> anyhow::Result<Option<EpochHead>> {
        let listing = self.archive.listing(input)?;
        let Some(file) = listing.epochs.last() else { return Ok(listing.floor.map(|floor| floor.head)) };
        match self.open(input, file)?.head() {
            FileHead::Epoch(head) => Ok(Some(head.clone())),
            FileHead::Fold(_) => anyhow::bail!("{} is no epoch", file.key),
        }
    }

    fn read(
        &self,
        input: &Input,
        file: &ArchiveFile,
        wanted: Wanted,
        names: &mut Names,
        each: &mut EachRow<'_>,
    ) -> anyhow::Result<Option<EpochHead>> {
        let opened = self.open(input, file)?;
        let read = opened.read(wanted, names, &mut |row: ArchivedRow<'_>| each(&row).map_err(Refused::Row));
        match read {
            Err(Refused::Row(error)) => return Err(error),
            Err(Refused::Store(error)) => return Err(anyhow::Error::new(error).context(file.key.clone())),
            Ok(()) => {}
        }
        Ok(match opened.head() {
            FileHead::Epoch(head) => Some(head.clone()),
            FileHead::Fold(_) => None,
        })
    }

    fn rejects(&self, input: &Input, file: &ArchiveFile, each: &mut EachReject<'_>) -> anyhow::Result<()> {
        for reject in self.open(input, file)?.rejects()? {
            let mut reject: ArchivedReject = reject.with_context(|| file.key.clone())?;
            if reject.raw.is_none() {
                let raw = self.archive.get_raw(input, &reject.topic, reject.offset)?;
                reject.raw = raw.map(|bytes| bytes.to_vec());
            }
            each(reject)?;
        }
        Ok(())
    }

    fn entry(&self, number: u64) -> anyhow::Result<Option<DetectEntry>> {
        Ok(self.log.entry(number)?)
    }

    fn append(&self, entry: &DetectEntry) -> anyhow::Result<bool> {
        Ok(self.log.append(entry)? != Created::Other)
    }

    fn drills(&self) -> anyhow::Result<Vec<DrillOrder>> {
        Ok(self.drills.orders()?)
    }

    fn drill_taken(&self, alert_id: &str) -> anyhow::Result<()> {
        Ok(self.drills.remove(alert_id)?)
    }
}
