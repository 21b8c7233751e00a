//! A store filled with a load by the parts of a run (normalizer, ledger, panes, epoch writer, snapshot), without Kafka.

use std::path::Path;
use std::sync::Arc;

use headwater_model::{Input, Offset, Partition, RawBatch, RawRecord};
use headwater_sim::{LOAD_SOURCE, Load, LoadSpec, LoadSums};
use headwater_store::{Archive, LedgerCache, Objects, StoreUrl};
use serde::Serialize;

use crate::clock::Stopwatch;
use crate::failure::Failure;
use crate::live::{Offline, Restore};
use crate::watch::Watch;

/// Bytes of a batch: what a reader of a topic hands over at a time.
const BATCH_BYTES: usize = 1 << 20;

/// Bytes of an epoch: the product's default.
const EPOCH_BYTES: u64 = 64 << 20;

/// How a store was built.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Built {
    /// Records.
    pub records: u64,
    /// Seconds.
    pub seconds: f64,
}

/// The archive of a store in a folder.
pub fn archive(folder: &Path) -> anyhow::Result<Archive> {
    Ok(Archive::new(Objects::open_to_read(&StoreUrl::Folder(folder.to_path_buf()))?))
}

/// Builds a store in a folder: each partition gets a load of its own, epochs and a snapshot behind the last.
pub fn build(
    folder: &Path,
    cache: &Path,
    spec: &LoadSpec,
    partitions: u32,
    ledger_bytes: usize,
) -> Result<(Built, Vec<LoadSums>), Failure> {
    let clock = Stopwatch::start();
    let archive = Archive::new(Objects::open(&StoreUrl::Folder(folder.to_path_buf()))?);
    let restore = Restore::new(archive.clone(), LedgerCache::open(cache)?, ledger_bytes, Watch::unheard());
    let (source, mut records, mut sums) = (Arc::<str>::from(LOAD_SOURCE.to_lowercase()), 0, Vec::new());
    for partition in 0..partitions {
        let spec = LoadSpec { seed: spec.seed.wrapping_add(u64::from(partition)), ..spec.clone() };
        let mut load = Load::new(&spec).map_err(|error| Failure::Usage(error.to_string()))?;
        let input = Input { source: Arc::clone(&source), partition: Partition(partition as i32) };
        let mut input = Offline::begin(&archive, &restore, input, partitions, EPOCH_BYTES)?;
        let mut next = 0;
        while let Some(batch) = batch(&mut load, &source, partition, &mut next) {
            input.take(&batch)?;
        }
        input.end()?;
        records += next as u64;
        sums.push(load.sums());
    }
    Ok((Built { records, seconds: clock.seconds() }, sums))
}

/// The next records of a load, as a reader of a topic hands them over.
fn batch(load: &mut Load, source: &Arc<str>, partition: u32, next: &mut i64) -> Option<RawBatch> {
    let (mut data, mut records, mut value) = (Vec::with_capacity(BATCH_BYTES + 1_024), Vec::new(), Vec::new());
    while data.len() < BATCH_BYTES && load.next(&mut value).is_some() {
        let (start, len) = (data.len() as u32, value.len() as u32);
        records.push(RawRecord { start, len, offset: Offset(*next), line: 0 });
        data.extend_from_slice(&value);
        *next += 1;
    }
    (!records.is_empty()).then(|| RawBatch {
        data: data.into(),
        records,
        origin: Arc::clone(source),
        partition: Partition(partition as i32),
        spilled: Vec::new(),
        misrouted: Vec::new(),
    })
}
