//! Kafka partitions, read from their beginning.

mod admin;
mod client;
mod ownership;
mod poller;
mod publisher;
mod publisher_verdict;
mod security;
mod slot;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use headwater_model::{Offset, Partition, RawBatch};

use crate::IngestError;
use crate::queue::Queue;
use crate::spill::Spill;
use poller::Poller;

pub use admin::{Admin, TopicWish};
pub use ownership::{Ownership, OwnershipSettings};
pub use publisher::{GroupOffset, GroupOffsets, OutRecord, Publisher, PublisherSettings, TRANSACTION_RECORDS_MAX};
pub use publisher_verdict::PublishError;

/// How long a reader that is told to stop may take; the client library may be waiting for a broker that is gone.
const STOP_MS_MAX: Duration = Duration::from_secs(5);

/// What to read.
#[derive(Clone)]
pub struct KafkaSettings {
    /// Addresses to begin with, `host:port`, separated by commas.
    pub brokers: String,
    /// The group that offsets are committed for.
    pub group: String,
    /// Name of this process in the group.
    pub instance: Option<String>,
    /// Settings of librdkafka, laid over our own.
    pub client: Vec<(String, String)>,
    /// Every partition of these is read.
    pub topics: Vec<String>,
}

impl fmt::Debug for KafkaSettings {
    /// Without the client's settings, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KafkaSettings { brokers, group, topics, .. } = self;
        write!(f, "KafkaSettings {{ brokers: {brokers:?}, group: {group:?}, topics: {topics:?}, .. }}")
    }
}

/// The next offset to read of each partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions(pub BTreeMap<(Arc<str>, Partition), Offset>);

/// What happened, in the order in which it happened.
pub enum KafkaEvent {
    /// Reading begins.
    Started {
        /// Partitions of all topics.
        partitions: usize,
        /// Offsets from the beginning of all partitions to their ends: at least the number of records.
        records: u64,
    },
    /// Records of one partition.
    Batch(RawBatch),
    /// Every partition has been read to the end that it had when last asked, shortly before. All records below these
    /// positions were in earlier events, and none above them.
    CaughtUp(Positions),
    /// Reading ended. Nothing follows.
    Failed(IngestError),
}

/// Reads every partition of some topics of one cluster from the beginning, on a thread of its own.
///
/// Partitions are assigned by hand: one process reads all of them, and the group only keeps the offsets that the caller
/// commits, for people who watch its lag. Only committed transactions are seen. A broker that goes away is waited for
/// (the log says so); a partition that is added while reading is read too. A record without a value is one of 0 bytes.
///
/// What is read and not yet taken is bounded in bytes: beyond it the thread stops polling, and librdkafka stops
/// fetching.
pub struct KafkaReader {
    shared: Arc<Shared>,
    commits: Sender<Commit>,
    thread: Option<JoinHandle<()>>,
}

/// What both threads hold.
struct Shared {
    queue: Queue<KafkaEvent>,
    stop: AtomicBool,
    spill: Mutex<Spill>,
}

/// A wish to commit, and where to answer.
struct Commit {
    positions: Positions,
    answer: SyncSender<Result<(), IngestError>>,
}

impl KafkaReader {
    /// Checks the settings without talking to a broker.
    ///
    /// # Errors
    /// [`IngestError::ClientSetting`] names the setting that librdkafka refuses.
    pub fn check(settings: &KafkaSettings) -> Result<(), IngestError> {
        security::check(&settings.client)?;
        client::check(settings)
    }

    /// Starts to read. Whether a broker answers and the topics exist is told by the first event.
    ///
    /// # Errors
    /// [`IngestError::ClientSetting`] or [`IngestError::Client`].
    pub fn start(settings: KafkaSettings) -> Result<KafkaReader, IngestError> {
        let consumer = client::consumer(&settings)?;
        let shared =
            Arc::new(Shared { queue: Queue::default(), stop: AtomicBool::new(false), spill: Mutex::default() });
        let (commits, wishes) = channel();
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("kafka".into())
            .spawn(move || {
                // The consumer is dropped on the thread that polled it.
                if let Err(error) = Poller::new(settings, consumer, Arc::clone(&theirs), wishes).run() {
                    theirs.queue.push(KafkaEvent::Failed(error));
                }
            })
            .map_err(|source| IngestError::Client { message: source.to_string() })?;
        Ok(KafkaReader { shared, commits, thread: Some(thread) })
    }

    /// The next event, or `None` when there is none for so long. The files of spilled records of earlier batches may
    /// go once those batches are dropped.
    pub fn next(&self, at_most: Duration) -> Option<KafkaEvent> {
        let finished = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        let event = self.shared.queue.pop(at_most);
        if event.is_none() && finished {
            return Some(KafkaEvent::Failed(IngestError::Client { message: "the reading thread is gone".into() }));
        }
        event
    }

    /// Commits positions for the group, and waits at most so long until the broker has them.
    ///
    /// # Errors
    /// [`IngestError::Commit`]. Reading goes on; positions may be committed again.
    pub fn commit(&self, positions: &Positions, at_most: Duration) -> Result<(), IngestError> {
        let (answer, answered) = sync_channel(1);
        let gone = || IngestError::Commit { message: format!("no answer within {} ms", at_most.as_millis()) };
        self.commits.send(Commit { positions: positions.clone(), answer }).map_err(|_| gone())?;
        answered.recv_timeout(at_most).map_err(|_| gone())?
    }
}

impl Drop for KafkaReader {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.queue.wake();
        let deadline = Instant::now() + STOP_MS_MAX;
        if let Some(thread) = self.thread.take() {
            while !thread.is_finished() {
                if Instant::now() >= deadline {
                    tracing::warn!("the Kafka client does not stop and is left behind");
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
