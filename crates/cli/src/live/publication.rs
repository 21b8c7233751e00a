//! What is published of an input: the keys that an epoch changed, its rejects, and the mark that ends it.

use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_ingest::OutRecord;
use headwater_model::{EpochHead, EpochNumber, Progress, Sums};
use headwater_store::{Archive, ArchivedReject, StoreError, Wanted};

use super::input::{Committed, LiveInput};
use super::offsets::{Published, position};
use super::outputs::{Outputs, Position, Publication};
use super::records;
use super::restore::RestoreError;
use super::rows::Rows;
use super::source::Source;
use crate::watch::Watch;

/// What is to go out with the input's last epoch, its net volumes as they are now.
pub struct Changed {
    /// Rejects of the epochs.
    pub rejects: Vec<ArchivedReject>,
    /// Where the first of the epochs begins, for the group.
    pub begin: Option<Position>,
    /// The last epoch.
    pub head: EpochHead,
}

/// The publication of what changed since the last.
pub fn of(
    catalog: &Arc<Catalog>,
    outputs: &Outputs,
    sources: &[Source],
    source: usize,
    live: &mut LiveInput,
    changed: Changed,
) -> anyhow::Result<Publication> {
    let input = live.assignment.input.clone();
    let named = records::input_partition(&live.assignment.origin, &input);
    let partition = records::partition_of(&named, outputs.partitions());
    let rows = Rows::changed(&mut live.net, &live.window.names, catalog, &mut live.kind_texts, &named, partition)?;
    let mut records: Vec<OutRecord> = changed.rejects.iter().map(|reject| records::reject(reject, &input)).collect();
    records.push(records::mark(&changed.head, partition)?);
    let same_cluster = sources[source].is_of(outputs.cluster());
    let positions = if same_cluster { changed.begin.zip(position(live)) } else { None };
    Ok(Publication { input, source, term: live.term, epoch: changed.head.epoch, rows, records, positions })
}

/// What an epoch just committed changed, where it began.
pub fn changed(live: &LiveInput, begin: &Committed, rejects: Vec<ArchivedReject>) -> Option<Changed> {
    let head = live.committed.head.clone()?;
    let begin = position(live).map(|end| Position {
        next: match &begin.progress {
            Progress::Offset(next) => *next,
            Progress::Files(_) => end.next,
        },
        epoch: begin.head.as_ref().map(|head| head.epoch),
        ..end
    });
    Some(Changed { rejects, begin, head })
}

/// What is committed of a restored input and not published; none where all is. Every key that the unpublished epochs
/// touched counts as changed. Where a fold has taken the first of them, or nothing is known, every key does.
pub fn again(
    archive: &Archive,
    live: &mut LiveInput,
    published: Published,
    watch: &Watch,
) -> Result<Option<Changed>, RestoreError> {
    let Some(head) = live.committed.head.clone() else { return Ok(None) };
    if published.epoch.is_some_and(|published| published >= head.epoch) {
        return Ok(None);
    }
    let first = published.epoch.map_or(EpochNumber(0), EpochNumber::next);
    let mut rejects = Vec::new();
    for file in archive.files(&live.assignment.input)? {
        if file.last < first {
            continue;
        }
        watch.ingest_turns();
        let epoch = archive.open_file(&live.assignment.input, &file)?;
        let names = &mut live.window.names;
        let mut touched = Vec::new();
        epoch.read::<StoreError>(Wanted::Sums, names, &mut |row| {
            touched.extend(row.of.map(|item| (item.series, item.event_day, item.period_days)));
            Ok(())
        })?;
        for (series, event_day, period_days) in touched {
            // Nothing is added: the key is to be published again.
            live.net.add(series, event_day, period_days, Sums::default(), names)?;
        }
        for reject in epoch.rejects()? {
            rejects.push(reject?);
        }
    }
    let begin = position(live).map(|end| Position { next: published.next, epoch: published.epoch, ..end });
    Ok(Some(Changed { rejects, begin, head }))
}
