//! The archive: what is committed of every input, and what is told of it.

use bytes::Bytes;
use headwater_model::{EpochNumber, Input, Offset};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::layout::{self, last_step, number};
use crate::steps::step;
use crate::{
    ArchiveFile, Committed, Created, EpochFile, FileHead, Floor, Listing, Objects, SealedEpoch, SourceDeclaration,
    StoreError, open,
};

/// Listings taken of an input whose epochs seem to have a gap. A folder that is read while files appear in it may show a
/// later one and not an earlier one; the next look shows both.
const LISTINGS_MAX: usize = 3;

/// The archive over a store's objects. Clones share the store.
#[derive(Clone)]
pub struct Archive {
    objects: Objects,
}

#[derive(Serialize, Deserialize)]
struct Published {
    epoch: EpochNumber,
}

impl Archive {
    /// Over a store.
    pub fn new(objects: Objects) -> Archive {
        Archive { objects }
    }

    /// The store.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Declares a source, if nobody has; gives what the store holds of it, which may differ.
    pub fn declare(&self, source: &SourceDeclaration) -> Result<SourceDeclaration, StoreError> {
        let key = layout::source_key(&source.source);
        if let Some(held) = self.read_json(&key)? {
            return Ok(held);
        }
        self.objects.create(&key, json(&key, source)?)?;
        self.read_json(&key)?.ok_or_else(|| StoreError::damaged(&key, "it was created and is gone"))
    }

    /// All sources declared, by name.
    pub fn sources(&self) -> Result<Vec<SourceDeclaration>, StoreError> {
        let mut sources = Vec::new();
        for object in self.objects.list(layout::SOURCES)? {
            sources.extend(self.read_json::<SourceDeclaration>(&object.key)?);
        }
        sources.sort_by(|a, b| a.source.cmp(&b.source));
        Ok(sources)
    }

    /// All inputs of all sources declared.
    pub fn inputs(&self) -> Result<Vec<Input>, StoreError> {
        Ok(self.sources()?.iter().flat_map(SourceDeclaration::inputs).collect())
    }

    /// The number of the highest floor: what fences a writer. It is in the key, so nothing is read.
    pub fn floor_number(&self, input: &Input) -> Result<Option<EpochNumber>, StoreError> {
        let floors = self.objects.list(&layout::below(layout::FLOORS, input))?;
        Ok(floors.iter().filter_map(|o| number(last_step(&o.key), ".json")).max().map(EpochNumber))
    }

    /// Refuses where a floor lies above an epoch of this process: before a snapshot and before a publication.
    pub fn check_floor(&self, input: &Input, epoch: EpochNumber) -> Result<(), StoreError> {
        match self.floor_number(input)? {
            Some(floor) if floor > epoch => Err(StoreError::Fenced { input: input.clone(), epoch, floor }),
            _ => Ok(()),
        }
    }

    /// The highest floor.
    pub fn floor(&self, input: &Input) -> Result<Option<Floor>, StoreError> {
        // A floor found may be swept before it is read, where a higher one has stood for long: then look again.
        for _ in 0..LISTINGS_MAX {
            let Some(epoch) = self.floor_number(input)? else { return Ok(None) };
            let key = layout::floor_key(input, epoch);
            let Some(floor) = self.read_json::<Floor>(&key)? else { continue };
            if floor.epoch != epoch || floor.input != *input {
                return Err(StoreError::damaged(key, format!("foreign: floor {} of {}", floor.epoch, floor.input)));
            }
            return match floor.problem() {
                Some(problem) => Err(StoreError::damaged(key, problem)),
                None => Ok(Some(floor)),
            };
        }
        Err(StoreError::damaged(layout::below(layout::FLOORS, input), "floors vanish while they are read"))
    }

    /// What lies in the store of an input.
    pub fn listing(&self, input: &Input) -> Result<Listing, StoreError> {
        let mut listing = self.listing_once(input)?;
        for _ in 1..LISTINGS_MAX {
            if listing.gap().is_none() {
                break;
            }
            listing = self.listing_once(input)?;
        }
        Ok(listing)
    }

    fn listing_once(&self, input: &Input) -> Result<Listing, StoreError> {
        // The floor first: originals stay for a day after a higher one, so that what it does not cover is there.
        let floor = self.floor(input)?;
        let first = floor.as_ref().map_or(EpochNumber(0), |floor| floor.epoch);
        let below = layout::below(layout::EPOCHS, input);
        let objects = match first.0.checked_sub(1) {
            None => self.objects.list(&below)?,
            Some(last) => self.objects.list_after(&below, &layout::epoch_key(input, EpochNumber(last)))?,
        };
        let epochs = objects.into_iter().filter_map(|object| {
            let epoch = EpochNumber(number(last_step(&object.key), ".parquet")?);
            Some(ArchiveFile { key: object.key, bytes: object.bytes, first: epoch, last: epoch, checksum: None })
        });
        let epochs = epochs.collect();
        Ok(Listing { input: input.clone(), floor, snapshots: self.snapshots(input)?, epochs })
    }

    /// Epochs of which there is a snapshot with its manifest, the lowest first.
    pub fn snapshots(&self, input: &Input) -> Result<Vec<EpochNumber>, StoreError> {
        let objects = self.objects.list(&layout::below(layout::SNAPSHOTS, input))?;
        let epochs = objects.iter().filter_map(|object| {
            let (folder, last) = object.key.rsplit_once('/')?;
            (last == layout::MANIFEST).then(|| number(last_step(folder), "")).flatten()
        });
        Ok(epochs.map(EpochNumber).collect())
    }

    /// The files whose rows are the archive of an input, in the order of their epochs.
    pub fn files(&self, input: &Input) -> Result<Vec<ArchiveFile>, StoreError> {
        let listing = self.listing(input)?;
        crate::plan(&listing)?;
        Ok(listing.files())
    }

    /// The bytes of a file of the archive; those of a folded one are held against its floor.
    pub fn fetch(&self, file: &ArchiveFile) -> Result<Bytes, StoreError> {
        let bytes = self.objects.get(&file.key)?.ok_or_else(|| StoreError::damaged(&file.key, "it is missing"))?;
        if bytes.len() as u64 != file.bytes {
            let problem = format!("torn: {} of {} bytes", bytes.len(), file.bytes);
            return Err(StoreError::damaged(&file.key, problem));
        }
        let found = headwater_model::Checksum::of(&bytes);
        if file.checksum.is_some_and(|stated| stated != found) {
            return Err(StoreError::damaged(&file.key, format!("its checksum is {found}, its floor names another")));
        }
        Ok(bytes)
    }

    /// A file of the archive, proved whole, and of the input and the kind that it lies under.
    pub fn open_file(&self, input: &Input, file: &ArchiveFile) -> Result<EpochFile, StoreError> {
        let opened = open(self.fetch(file)?).map_err(|e| StoreError::damaged(&file.key, e))?;
        let head = opened.head();
        let is_folded = matches!(head, FileHead::Fold(_));
        if head.input() != input
            || is_folded != file.is_folded()
            || (head.first(), head.last()) != (file.first, file.last)
        {
            let problem = format!("foreign: of epochs {} to {} of {}", head.first(), head.last(), head.input());
            return Err(StoreError::damaged(&file.key, problem));
        }
        Ok(opened)
    }

    /// Commits epochs of different inputs side by side; the answers stand in the order of the epochs. After an error the
    /// same call may be made again with the same epochs: what is there counts as ours.
    pub fn commit(&self, epochs: &[SealedEpoch]) -> Vec<Result<Committed, StoreError>> {
        match self.create_epochs(epochs) {
            Ok(created) => epochs.iter().zip(created).map(|(epoch, created)| self.settle(epoch, created?)).collect(),
            // Only what concerns all alike.
            Err(error) => {
                let text = error.to_string();
                let mut first = Some(error);
                let all = epochs.iter().map(|epoch| {
                    Err(first.take().unwrap_or_else(|| StoreError::Unavailable {
                        what: "create",
                        key: epoch.key(),
                        url: self.objects.url().to_string(),
                        tries: 1,
                        cause: text.clone(),
                    }))
                });
                all.collect()
            }
        }
    }

    fn create_epochs(&self, epochs: &[SealedEpoch]) -> Result<Vec<Result<Created, StoreError>>, StoreError> {
        step!("store::epoch::create");
        let created = self.objects.create_all(epochs.iter().map(|e| (e.key(), e.bytes.clone())).collect())?;
        step!("store::epoch::created");
        Ok(created)
    }

    fn settle(&self, epoch: &SealedEpoch, created: Created) -> Result<Committed, StoreError> {
        let floor = self.floor_number(&epoch.head.input)?;
        let committed = decide(epoch.head.epoch, created, floor);
        step!("store::epoch::floor_checked");
        Ok(committed)
    }

    /// How far an input is known to be published: a hint, never ahead of what was.
    pub fn published(&self, input: &Input) -> Result<Option<EpochNumber>, StoreError> {
        let held: Option<Published> = self.read_json(&layout::published_key(input))?;
        Ok(held.map(|held| held.epoch))
    }

    /// Notes that an input is published up to and with an epoch.
    pub fn note_published(&self, input: &Input, epoch: EpochNumber) -> Result<(), StoreError> {
        let key = layout::published_key(input);
        self.objects.replace(&key, json(&key, &Published { epoch })?)
    }

    /// Keeps the whole bytes of a reject that is too large for its row.
    pub fn put_raw(&self, input: &Input, topic: &str, offset: Offset, bytes: Bytes) -> Result<(), StoreError> {
        let key = layout::raw_key(input, topic, offset);
        match self.objects.create(&key, bytes)? {
            Created::New | Created::Same => Ok(()),
            Created::Other => Err(StoreError::Taken { key }),
        }
    }

    /// The whole bytes of a large reject.
    pub fn get_raw(&self, input: &Input, topic: &str, offset: Offset) -> Result<Option<Bytes>, StoreError> {
        self.objects.get(&layout::raw_key(input, topic, offset))
    }

    pub(crate) fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        read_json(&self.objects, key)
    }
}

/// What a create and the floor after it mean.
fn decide(epoch: EpochNumber, created: Created, floor: Option<EpochNumber>) -> Committed {
    match created {
        _ if floor.is_some_and(|floor| floor > epoch) => Committed::Fenced,
        Created::New | Created::Same => Committed::Ours,
        Created::Other => Committed::Lost,
    }
}

pub(crate) fn read_json<T: DeserializeOwned>(objects: &Objects, key: &str) -> Result<Option<T>, StoreError> {
    let Some(bytes) = objects.get(key)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| StoreError::damaged(key, format!("torn or foreign: {e}")))
}

pub(crate) fn json(key: &str, value: &impl Serialize) -> Result<Bytes, StoreError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|e| StoreError::damaged(key, e))
}
