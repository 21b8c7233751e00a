//! Sweeping: what nothing needs any more goes, a day after it was last needed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use headwater_model::{EpochNumber, Input};

use crate::layout::{self, last_step, number};
use crate::steps::step;
use crate::{Archive, Floor, Listed, StoreError};

/// How long what a newer floor replaces stays for those who read by an older one.
pub const SWEEP_KEEP: Duration = Duration::from_secs(24 * 3600);
/// Snapshots of an input that stay: the last, and one for where that is damaged.
const SNAPSHOTS_KEPT: usize = 2;

/// How many objects went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Epochs below the floor.
    pub epochs: usize,
    /// Floors below the floor.
    pub floors: usize,
    /// Folded files that no floor names.
    pub folded: usize,
    /// Objects of snapshots: old ones, and leftovers of those that were never finished.
    pub snapshots: usize,
    /// Files of a local folder that a crash left half written, under a name of their own.
    pub staged: usize,
}

impl Archive {
    /// Deletes what nothing needs any more. `now_ms` is the time in milliseconds since 1970, `keep` how long a thing stays
    /// after it was replaced ([`SWEEP_KEEP`]). Never anything that the highest floor or a restore plan needs.
    pub fn sweep(&self, input: &Input, keep: Duration, now_ms: i64) -> Result<Swept, StoreError> {
        let horizon = now_ms.saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
        step!("store::sweep::begin");
        let mut swept = Swept::default();
        // Before the floors, so that what is folded meanwhile is either too young or named by a floor that is read.
        let folded = self.objects().list(&layout::below(layout::FOLDED, input))?;
        let floors = self.objects().list(&layout::below(layout::FLOORS, input))?;
        if let Some(floor) = settled_floor(&floors, horizon) {
            // The highest must be sound, and all that it names must be there, before anything goes on its word.
            self.prove_floor(input, &folded)?;
            swept.epochs = self.sweep_epochs(input, floor)?;
            for object in floors.iter().filter(|o| floor_number(o).is_some_and(|n| n < floor)) {
                self.objects().delete(&object.key)?;
                swept.floors += 1;
                step!("store::sweep::floor");
            }
        }
        swept.folded = self.sweep_folded(input, &folded, horizon)?;
        swept.snapshots = self.sweep_snapshots(input, horizon)?;
        for top in [layout::EPOCHS, layout::FLOORS, layout::FOLDED, layout::SNAPSHOTS] {
            swept.staged += self.objects().remove_staged(&layout::below(top, input), horizon)?;
        }
        step!("store::sweep::end");
        Ok(swept)
    }

    fn prove_floor(&self, input: &Input, folded: &[Listed]) -> Result<(), StoreError> {
        let Some(floor) = self.floor(input)? else { return Ok(()) };
        let sizes: BTreeMap<&str, u64> = folded.iter().map(|object| (object.key.as_str(), object.bytes)).collect();
        for file in &floor.files {
            let size = match sizes.get(file.key.as_str()) {
                Some(size) => Some(*size),
                // It may have been written after the listing.
                None => self.objects().stat(&file.key)?.map(|object| object.bytes),
            };
            if size != Some(file.bytes) {
                return Err(StoreError::damaged(&file.key, "a floor names it, and it is missing or of another size"));
            }
        }
        Ok(())
    }

    fn sweep_epochs(&self, input: &Input, floor: EpochNumber) -> Result<usize, StoreError> {
        let mut swept = 0;
        for object in self.objects().list(&layout::below(layout::EPOCHS, input))? {
            if number(last_step(&object.key), ".parquet").is_some_and(|epoch| epoch < floor.0) {
                self.objects().delete(&object.key)?;
                swept += 1;
                step!("store::sweep::epoch");
            }
        }
        Ok(swept)
    }

    fn sweep_folded(&self, input: &Input, folded: &[Listed], horizon: i64) -> Result<usize, StoreError> {
        let mut named = BTreeSet::new();
        // Read again: a floor may have come since.
        for object in self.objects().list(&layout::below(layout::FLOORS, input))? {
            let floor: Option<Floor> = self.read_json(&object.key)?;
            named.extend(floor.into_iter().flat_map(|floor| floor.files).map(|file| file.key));
        }
        let mut swept = 0;
        for object in folded.iter().filter(|o| o.modified_ms < horizon && !named.contains(&o.key)) {
            // One that is written again is about to be named.
            let still = self.objects().stat(&object.key)?;
            if still.is_some_and(|still| still.modified_ms < horizon) {
                self.objects().delete(&object.key)?;
                swept += 1;
                step!("store::sweep::folded");
            }
        }
        Ok(swept)
    }

    fn sweep_snapshots(&self, input: &Input, horizon: i64) -> Result<usize, StoreError> {
        let whole = self.snapshots(input)?;
        let kept: BTreeSet<EpochNumber> = whole.iter().rev().take(SNAPSHOTS_KEPT).copied().collect();
        let whole: BTreeSet<EpochNumber> = whole.into_iter().collect();
        let mut objects = self.objects().list(&layout::below(layout::SNAPSHOTS, input))?;
        // The manifest first: without it the parts are no snapshot, wherever this stops.
        objects.sort_by_key(|object| last_step(&object.key) != layout::MANIFEST);
        let mut swept = 0;
        for object in objects {
            let folder = object.key.rsplit_once('/').map_or("", |(folder, _)| folder);
            let Some(epoch) = number(last_step(folder), "").map(EpochNumber) else { continue };
            let goes = if whole.contains(&epoch) { !kept.contains(&epoch) } else { object.modified_ms < horizon };
            if goes {
                self.objects().delete(&object.key)?;
                swept += 1;
                step!("store::sweep::snapshot");
            }
        }
        Ok(swept)
    }
}

fn floor_number(object: &Listed) -> Option<EpochNumber> {
    number(last_step(&object.key), ".json").map(EpochNumber)
}

/// The highest floor that has stood for long enough that nobody reads by an older one.
fn settled_floor(floors: &[Listed], horizon: i64) -> Option<EpochNumber> {
    floors.iter().filter(|o| o.modified_ms < horizon).filter_map(floor_number).max()
}
