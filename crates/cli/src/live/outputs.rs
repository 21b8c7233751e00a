//! Publishing: what is committed goes out in transactions, and what a crash left unpublished goes out again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_ingest::{
    Admin, GroupOffset, GroupOffsets, IngestError, OutRecord, Publisher, PublisherSettings, TRANSACTION_RECORDS_MAX,
    Term, TopicWish,
};
use headwater_log::{Lasting, OutputsFailing, OutputsPublishing, TransactionCommitted, Trouble};
use headwater_model::{EpochNumber, Input, Offset};
use headwater_store::Archive;

use super::records::{ALERTS_TOPIC, DETECT_TOPIC, REJECTS_TOPIC, VOLUMES_TOPIC};
use super::source::Source;
use super::step;
use crate::clock::Stopwatch;

/// Records that may wait to be published before nothing more is read: back-pressure instead of memory.
const WAITING_MAX: usize = 400_000;

/// How long the cluster may take to answer.
const ASK_AT_MOST: Duration = Duration::from_secs(10);

/// How long a producer may take to begin: reading waits meanwhile.
const START_AT_MOST: Duration = Duration::from_secs(4);

/// How long to wait after a failure.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Partitions of a topic that is created for the volumes: as many readers can share the work.
const VOLUME_PARTITIONS: u32 = 6;

/// A committed epoch on its way out, or a part of one.
struct Outgoing {
    input: Input,
    source: usize,
    term: Term,
    epoch: EpochNumber,
    records: Vec<OutRecord>,
    /// Committed for the group with the records. A part that is not the last repeats where the epoch begins: the broker
    /// asks whether this process still owns the partition whenever offsets come.
    position: Option<Position>,
    last: bool,
}

/// Where an input stands, for its group.
#[derive(Clone, Debug)]
pub struct Position {
    /// Its topic.
    pub topic: Arc<str>,
    /// The next offset to read.
    pub next: Offset,
    /// The last epoch below it.
    pub epoch: Option<EpochNumber>,
}

/// The output topics of one cluster.
pub struct Outputs {
    cluster: String,
    settings: PublisherSettings,
    publisher: Option<Publisher>,
    /// Partitions of the volumes' topic.
    partitions: u32,
    waiting: VecDeque<Outgoing>,
    waiting_records: usize,
    again_at: Option<Instant>,
    trouble: Trouble,
    /// Whether anything was published.
    published: bool,
}

/// What is to be published of an epoch.
pub struct Publication {
    /// Whose.
    pub input: Input,
    /// Number of the source that it is read from.
    pub source: usize,
    /// By which start.
    pub term: Term,
    /// Which.
    pub epoch: EpochNumber,
    /// Changed keys, rejects, and last the mark.
    pub records: Vec<OutRecord>,
    /// Where the epoch begins and ends, where the input is of the outputs' cluster.
    pub positions: Option<(Position, Position)>,
}

impl Outputs {
    /// Publishes to a cluster, as `writer`. Topics that are missing are created.
    ///
    /// # Errors
    /// When the cluster does not answer: it may be tried again.
    pub fn connect(cluster: &str, settings: PublisherSettings) -> Result<Outputs, IngestError> {
        let admin = Admin::start(&settings.brokers, &settings.client)?;
        let wish = |name: &str, partitions, compacted| TopicWish { name: name.into(), partitions, compacted };
        let wishes = [
            wish(VOLUMES_TOPIC, VOLUME_PARTITIONS, true),
            wish(ALERTS_TOPIC, 1, true),
            wish(REJECTS_TOPIC, 1, false),
            wish(DETECT_TOPIC, 1, false),
        ];
        admin.ensure_topics(&wishes, ASK_AT_MOST)?;
        let partitions = admin.partitions(VOLUMES_TOPIC, ASK_AT_MOST)?.unwrap_or(VOLUME_PARTITIONS);
        let cluster = cluster.to_owned();
        let (publisher, waiting, waiting_records, again_at) = (None, VecDeque::new(), 0, None);
        let (trouble, published) = (Trouble::default(), false);
        Ok(Outputs { cluster, settings, publisher, partitions, waiting, waiting_records, again_at, trouble, published })
    }

    /// Partitions of the volumes' topic.
    pub fn partitions(&self) -> u32 {
        self.partitions
    }

    /// The cluster's name in the configuration.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Whether so much waits that nothing more should be read.
    pub fn is_full(&self) -> bool {
        self.waiting_records >= WAITING_MAX
    }

    /// Whether the last try failed.
    pub fn is_failing(&self) -> bool {
        self.again_at.is_some()
    }

    /// Takes an epoch to be published, in parts where it is larger than a transaction.
    pub fn push(&mut self, publication: Publication) {
        let Publication { input, source, term, epoch, mut records, positions } = publication;
        self.waiting_records += records.len();
        let (begin, end) = positions.unzip();
        while records.len() > TRANSACTION_RECORDS_MAX {
            let rest = records.split_off(TRANSACTION_RECORDS_MAX);
            let part = std::mem::replace(&mut records, rest);
            let (input, position) = (input.clone(), begin.clone());
            self.waiting.push_back(Outgoing { input, source, term, epoch, records: part, position, last: false });
        }
        self.waiting.push_back(Outgoing { input, source, term, epoch, records, position: end, last: true });
    }

    /// Forgets what waits of an input: another process publishes it, or it is restored.
    pub fn forget(&mut self, input: &Input) {
        self.waiting.retain(|outgoing| outgoing.input != *input);
        self.waiting_records = self.waiting.iter().map(|outgoing| outgoing.records.len()).sum();
    }

    /// Publishes what waits, transaction by transaction, until something fails; then it waits a while.
    pub fn publish(&mut self, archive: &Archive, sources: &[Source], now: Instant) {
        if self.again_at.is_some_and(|at| now < at) {
            return;
        }
        self.again_at = None;
        while !self.waiting.is_empty() {
            let (watch, before) = (Stopwatch::start(), self.waiting_records);
            let done = self.transaction(archive, sources);
            let cluster = &*self.cluster;
            if let Err(error) = done {
                if let Some(Lasting { times, ms }) = self.trouble.again(now) {
                    let waiting = self.waiting_records as u64;
                    OutputsFailing { cluster, waiting, times, ms, error: &format_args!("{error:#}") }.log();
                }
                self.again_at = Some(now + AGAIN_AFTER);
                return;
            }
            let records = (before - self.waiting_records) as u64;
            TransactionCommitted { cluster, records, ms: watch.ms() }.log();
            let failed = self.trouble.over(now);
            if failed.is_some() || !std::mem::replace(&mut self.published, true) {
                let Lasting { times, ms } = failed.unwrap_or(Lasting { times: 0, ms: 0 });
                OutputsPublishing { cluster, records, times, ms }.log();
            }
        }
    }

    /// One transaction of the oldest that waits.
    fn transaction(&mut self, archive: &Archive, sources: &[Source]) -> anyhow::Result<()> {
        if self.publisher.is_none() {
            self.publisher = Some(Publisher::start(&self.settings, START_AT_MOST)?);
        }
        let readers = sources.iter().map(|source| match source {
            Source::Kafka { cluster, reader } => Some((cluster, reader)),
            Source::Folder(_) => None,
        });
        let readers: Vec<_> = readers.collect();
        // Held for the length of the transaction: a revoke waits until it has ended.
        let rights: Vec<_> = readers.iter().map(|reader| reader.map(|(_, reader)| reader.rights())).collect();
        let held: Vec<_> = rights.iter().map(|right| right.as_ref().map(|right| right.hold())).collect();
        let owned = |outgoing: &Outgoing| match held.get(outgoing.source) {
            Some(Some(held)) => held.get(&outgoing.input) == Some(&outgoing.term),
            _ => true, // a folder is locked by this process
        };
        let (mut taken, mut positions, mut out) = (0, BTreeMap::new(), Vec::new());
        // Inputs whose progress is noted in the store: they are of no topic of this cluster.
        let mut hints: BTreeMap<Input, EpochNumber> = BTreeMap::new();
        for outgoing in &self.waiting {
            if taken > 0 && out.len() + outgoing.records.len() > TRANSACTION_RECORDS_MAX {
                break;
            }
            taken += 1;
            if owned(outgoing) {
                out.extend(&outgoing.records);
                match &outgoing.position {
                    Some(position) => {
                        positions.insert(outgoing.input.clone(), group_position(&outgoing.input, position));
                    }
                    None if outgoing.last => {
                        hints.insert(outgoing.input.clone(), outgoing.epoch);
                    }
                    None => {}
                }
            }
        }
        let reader = readers.iter().flatten().find(|(cluster, _)| **cluster == self.cluster);
        let offsets = match reader {
            Some((_, reader)) if !positions.is_empty() => {
                let metadata = reader.group_metadata().ok_or_else(|| anyhow::anyhow!("not a member of the group"))?;
                Some(GroupOffsets { metadata, positions: positions.into_values().collect() })
            }
            _ => None,
        };
        step::pass("live::publish::begin");
        let outcome = match &mut self.publisher {
            Some(publisher) if !out.is_empty() || offsets.is_some() => publisher.publish(&out, offsets.as_ref()),
            _ => Ok(()),
        };
        drop(held);
        step::pass("live::publish::end");
        if let Err(error) = outcome {
            if self.publisher.as_ref().is_some_and(|publisher| !publisher.usable()) {
                // Another under its name decides what it left undecided.
                self.publisher = None;
            }
            return Err(error.into());
        }
        self.waiting_records -= self.waiting.drain(..taken).map(|outgoing| outgoing.records.len()).sum::<usize>();
        for (input, epoch) in hints {
            archive.note_published(&input, epoch)?;
        }
        Ok(())
    }
}

/// What is committed for the group: beside the offset stands the epoch that ends there.
pub fn group_position(input: &Input, position: &Position) -> GroupOffset {
    GroupOffset {
        topic: Arc::clone(&position.topic),
        partition: input.partition,
        next: position.next,
        metadata: position.epoch.map(epoch_words).unwrap_or_default(),
    }
}

/// The words beside an offset.
pub fn epoch_words(epoch: EpochNumber) -> String {
    format!("epoch={epoch}")
}

/// The epoch of committed words, where they are ours.
pub fn epoch_of(words: &str) -> Option<EpochNumber> {
    words.strip_prefix("epoch=")?.parse().ok().map(EpochNumber)
}
