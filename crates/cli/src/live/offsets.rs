//! The group's offsets where nothing is published to their cluster: they follow the commits, for people who watch the lag;
//! and the question what was published before a start.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_ingest::Committed as GroupCommit;
use headwater_log::{Lasting, OffsetsFailing, OffsetsRecovered, PublishedUnknown, Trouble};
use headwater_model::{EpochNumber, Input, Offset, Progress};
use headwater_store::{Archive, StoreError};

use super::input::LiveInput;
use super::outputs::{Outputs, Position, epoch_of, epoch_words};
use super::source::Source;

/// How long a question to the group's coordinator may take.
const ASK_AT_MOST: Duration = Duration::from_secs(3);

/// How long to wait before a commit that failed is tried again. Nothing waits for it.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Offsets that are to be committed.
#[derive(Default)]
pub struct Offsets {
    waiting: BTreeMap<Input, (usize, Position)>,
    again_at: Option<Instant>,
    trouble: Trouble,
}

impl Offsets {
    /// An input's last epoch is committed.
    pub fn reached(&mut self, source: usize, live: &LiveInput) {
        if let Some(position) = position(live) {
            self.waiting.insert(live.assignment.input.clone(), (source, position));
        }
    }

    /// Nothing more is said of an input.
    pub fn forget(&mut self, input: &Input) {
        self.waiting.remove(input);
    }

    /// Commits what waits. A failure is logged and tried again: only the group's lag shows it.
    pub fn commit(&mut self, sources: &[Source], now: Instant) {
        if self.waiting.is_empty() || self.again_at.is_some_and(|at| now < at) {
            return;
        }
        self.again_at = None;
        for (number, source) in sources.iter().enumerate() {
            let Source::Kafka { cluster, reader } = source else { continue };
            let positions: BTreeMap<Input, GroupCommit> = self
                .waiting
                .iter()
                .filter(|(_, (source, _))| *source == number)
                .map(|(input, (_, position))| {
                    let metadata = position.epoch.map(epoch_words).unwrap_or_default();
                    (input.clone(), GroupCommit { offset: position.next, metadata })
                })
                .collect();
            if positions.is_empty() {
                continue;
            }
            match reader.commit(&positions, ASK_AT_MOST) {
                Ok(()) => {
                    self.waiting.retain(|input, _| !positions.contains_key(input));
                    if let Some(Lasting { times, ms }) = self.trouble.over(now) {
                        OffsetsRecovered { cluster, times, ms }.log();
                    }
                }
                Err(error) => {
                    if let Some(Lasting { times, ms }) = self.trouble.again(now) {
                        OffsetsFailing { cluster, times, ms, error: &error }.log();
                    }
                    self.again_at = Some(now + AGAIN_AFTER);
                }
            }
        }
    }

    /// Up to where an input is known to be published: by the group's offset, which is committed with what is published, or
    /// by the store's hint where the input is of no topic of the outputs' cluster.
    pub fn published(
        archive: &Archive,
        source: &Source,
        outputs: &Outputs,
        live: &LiveInput,
    ) -> Result<Published, StoreError> {
        let input = &live.assignment.input;
        let nothing = Published { next: Offset(0), epoch: None };
        match source {
            Source::Kafka { cluster, reader } if *cluster == outputs.cluster() => {
                match reader.committed(std::slice::from_ref(input), ASK_AT_MOST) {
                    Ok(committed) => Ok(committed.get(input).map_or(nothing, |commit| Published {
                        next: commit.offset,
                        epoch: epoch_of(&commit.metadata),
                    })),
                    Err(error) => {
                        // What is published twice says the same twice.
                        PublishedUnknown { source: &input.source, partition: input.partition, error: &error }.log();
                        Ok(nothing)
                    }
                }
            }
            _ => Ok(Published { next: Offset(0), epoch: archive.published(input)? }),
        }
    }
}

/// Up to where an input is published.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// The next offset of the group.
    pub next: Offset,
    /// The last epoch; none where nothing is known to be.
    pub epoch: Option<EpochNumber>,
}

/// Where an input of a topic stands; none of a folder.
pub fn position(live: &LiveInput) -> Option<Position> {
    let epoch = live.committed.head.as_ref().map(|head| head.epoch);
    match &live.committed.progress {
        Progress::Offset(next) => Some(Position { topic: live.assignment.origin.clone(), next: *next, epoch }),
        Progress::Files(_) => None,
    }
}
