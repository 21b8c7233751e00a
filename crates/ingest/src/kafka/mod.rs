//! Kafka partitions, read as a member of a consumer group.

mod admin;
mod begin;
mod client;
mod drain;
mod ear;
mod filler;
mod group;
mod group_watch;
mod lane;
mod ownership;
mod placement;
mod poller;
mod probe;
mod publisher;
mod publisher_verdict;
mod right;
mod security;
mod settings;
mod slot;
mod standing;
mod topic;
mod words;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use headwater_log::ClientLeft;
use headwater_model::{Input, Offset, Partition, Progress};
use rdkafka::consumer::{CommitMode, Consumer as _, ConsumerGroupMetadata};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::queue::Queue;
use crate::spill::Spill;
use crate::{IngestError, SourceEvent, Term};
use client::Consumer;
use group::{Change, Released};
use poller::{Poller, Wish};

pub use admin::{Admin, TopicWish};
pub use drain::{Drained, drain};
pub use ear::{Cause, Unreached};
pub use filler::Filler;
pub use group_watch::GroupWatch;
pub use lane::{Lane, OutRecord, OutView};
pub use ownership::{Ownership, OwnershipSettings};
pub use placement::{Partitioner, Placements};
pub use probe::{
    ClusterFacts, Found, GroupFacts, OutputFacts, PartitionFacts, ProbeError, ProbeSettings, TopicFacts, probe,
};
pub use publisher::{GroupOffset, GroupOffsets, Publisher, PublisherSettings, TRANSACTION_RECORDS_MAX};
pub use publisher_verdict::PublishError;
pub use right::{HeldRights, PublishRight};
pub use settings::{KafkaSettings, SourceTopic};
pub use standing::{KafkaStanding, Reach};

/// How long a reader that is told to stop may take; the client library may be waiting for a broker that is gone.
const STOP_AT_MOST: Duration = Duration::from_secs(5);

/// An offset of the group, and what was noted beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: Offset,
    /// Free text.
    pub metadata: String,
}

/// Reads the partitions of one cluster's topics that a consumer group gives to this process, on a thread of its own.
///
/// Partitions come and go one by one (cooperative-sticky). One that came is told by [`SourceEvent::Assigned`] and lies
/// still until it is [started](KafkaReader::start) where the taker's own record of its progress ends; the group's
/// offsets are for people who watch its lag. One that goes loses its right to publish first, is told by
/// [`SourceEvent::Revoked`], and is given up once it is [released](KafkaReader::release), or after a bounded time.
///
/// Only committed transactions are seen. A broker or a topic that goes away is waited for, and the log says so. A record
/// without a value is one of 0 bytes. What is read and not yet taken is bounded in bytes: beyond it every partition is
/// paused, and the thread goes on polling, so that this process stays a member of its group.
pub struct KafkaReader {
    shared: Arc<Shared>,
    wishes: Sender<Wish>,
    /// Questions that must be answered while the thread is in a rebalance (it waits there for the publisher, which asks
    /// for the group's metadata, and for the taker, which commits) go to librdkafka at once: its client may be used
    /// from any thread. The thread empties this before it drops the consumer, so that it drops it itself.
    consumer: Arc<Mutex<Option<Arc<Consumer>>>>,
    thread: Option<JoinHandle<()>>,
}

/// What both threads hold.
struct Shared {
    brokers: String,
    group: String,
    topics: Vec<SourceTopic>,
    queue: Queue<SourceEvent>,
    stop: AtomicBool,
    spill: Mutex<Spill>,
    rights: Arc<PublishRight>,
    released: Released,
    /// What rebalances did, for the poller to take over.
    changes: Mutex<Vec<Change>>,
    placements: Mutex<BTreeMap<Arc<str>, Placements>>,
    standing: Arc<KafkaStanding>,
    release_at_most: Duration,
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// The input that a partition is.
    fn input(&self, topic: &str, partition: i32) -> Option<Input> {
        let of = self.topics.iter().find(|of| *of.topic == *topic)?;
        Some(Input { source: Arc::clone(&of.source), partition: Partition(partition) })
    }

    /// The partition that an input is.
    fn topic(&self, input: &Input) -> Option<&Arc<str>> {
        self.topics.iter().find(|of| of.source == input.source).map(|of| &of.topic)
    }
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

    /// Joins the group. What it gives to this process is told by events.
    ///
    /// # Errors
    /// [`IngestError::ClientSetting`] or [`IngestError::Client`].
    pub fn join(settings: &KafkaSettings) -> Result<KafkaReader, IngestError> {
        KafkaReader::check(settings)?;
        let shared = Arc::new(Shared {
            brokers: settings.brokers.clone(),
            group: settings.group.clone(),
            topics: settings.topics.clone(),
            queue: Queue::default(),
            stop: AtomicBool::new(false),
            spill: Mutex::default(),
            rights: Arc::default(),
            released: Released::default(),
            changes: Mutex::default(),
            placements: Mutex::default(),
            standing: Arc::default(),
            release_at_most: client::release_at_most(settings),
        });
        let consumer = Arc::new(client::consumer(settings, Arc::clone(&shared))?);
        let held = Arc::new(Mutex::new(Some(Arc::clone(&consumer))));
        let (wishes, wished) = channel();
        let (theirs, kept) = (Arc::clone(&shared), Arc::clone(&held));
        let thread = thread::Builder::new()
            .name("kafka".into())
            .spawn(move || {
                let ended = Poller::new(Arc::clone(&consumer), Arc::clone(&theirs), wished).run();
                // From here on the callback waits for nobody; after a fatal error it is not even made.
                theirs.stop.store(true, Ordering::SeqCst);
                group::end_rights(&theirs.rights);
                if let Err(error) = ended {
                    theirs.queue.push(SourceEvent::Failed(error));
                }
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
                group::leave(consumer);
            })
            .map_err(|source| IngestError::Client { message: source.to_string() })?;
        Ok(KafkaReader { shared, wishes, consumer: held, thread: Some(thread) })
    }

    /// The next event, or `None` when there is none for so long. The files of spilled records of earlier batches may
    /// go once those batches are dropped.
    pub fn next(&self, at_most: Duration) -> Option<SourceEvent> {
        let finished = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        let event = self.shared.queue.pop(at_most);
        if let Some(SourceEvent::Assigned(assignments)) = &event {
            assignments.iter().for_each(|assignment| self.shared.rights.heard(&assignment.input));
        }
        if event.is_none() && finished {
            return Some(SourceEvent::Failed(IngestError::Client { message: "the reading thread is gone".into() }));
        }
        event
    }

    /// Starts to read an input, or starts it anew, from where its progress ends; without progress, from the beginning
    /// of its log. Gives this start the right to publish. An input that is gone meanwhile is left alone: the event that
    /// says so is on its way.
    pub fn start(&self, input: &Input, progress: Option<&Progress>, term: Term) {
        let next = match progress {
            Some(Progress::Offset(next)) => Some(next.0),
            _ => None,
        };
        if self.shared.rights.grant(input, term) {
            // A thread that is gone has said so.
            let _ = self.wishes.send(Wish::Start { input: input.clone(), next, term });
        }
    }

    /// Stops to read an input, which stays with this process and keeps its right to publish.
    pub fn stop(&self, input: &Input) {
        let _ = self.wishes.send(Wish::Stop(input.clone()));
    }

    /// Nothing more will be done with inputs that were revoked: the next owner may begin.
    pub fn release(&self, inputs: &[Input]) {
        self.shared.released.add(inputs);
    }

    /// The group's offsets, with what was noted beside them. Inputs without one are absent.
    ///
    /// # Errors
    /// [`IngestError::Client`] when no broker answers within the time.
    pub fn committed(&self, inputs: &[Input], at_most: Duration) -> Result<BTreeMap<Input, Committed>, IngestError> {
        let failed = |message: String| IngestError::Client { message: format!("the group's offsets: {message}") };
        if inputs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let consumer = self.consumer().ok_or_else(|| failed("the reader has stopped".into()))?;
        let mut list = TopicPartitionList::new();
        for input in inputs {
            let topic =
                self.shared.topic(input).ok_or_else(|| failed(format!("{input} is no input of this cluster")))?;
            list.add_partition(topic, input.partition.0);
        }
        let list = consumer.committed_offsets(list, at_most).map_err(|error| failed(error.to_string()))?;
        let mut found = BTreeMap::new();
        for element in list.elements() {
            element.error().map_err(|error| failed(format!("{}/{}: {error}", element.topic(), element.partition())))?;
            let input = self.shared.input(element.topic(), element.partition());
            if let (Some(input), rdkafka::Offset::Offset(offset)) = (input, element.offset()) {
                found.insert(input, Committed { offset: Offset(offset), metadata: element.metadata().to_owned() });
            }
        }
        Ok(found)
    }

    /// Commits offsets for the group without a transaction, and waits at most so long until the broker has them.
    ///
    /// # Errors
    /// [`IngestError::Commit`]. Reading goes on; the offsets may be committed again.
    pub fn commit(&self, positions: &BTreeMap<Input, Committed>, at_most: Duration) -> Result<(), IngestError> {
        let failed = |message: String| IngestError::Commit { message };
        if positions.is_empty() {
            return Ok(());
        }
        let consumer = self.consumer().ok_or_else(|| failed("the reader has stopped".into()))?;
        let mut list = TopicPartitionList::new();
        for (input, Committed { offset, metadata }) in positions {
            let topic =
                self.shared.topic(input).ok_or_else(|| failed(format!("{input} is no input of this cluster")))?;
            let mut element = list.add_partition(topic, input.partition.0);
            element.set_offset(rdkafka::Offset::Offset(offset.0)).map_err(|error| failed(error.to_string()))?;
            element.set_metadata(metadata);
        }
        // librdkafka takes no bound for it, so a thread is left behind where no broker answers.
        let (answer, answered) = sync_channel(1);
        let ask = move || drop(answer.send(consumer.commit(&list, CommitMode::Sync)));
        thread::Builder::new().name("kafka-commit".into()).spawn(ask).map_err(|source| failed(source.to_string()))?;
        let late = || failed(format!("no answer within {} ms", at_most.as_millis()));
        answered.recv_timeout(at_most).map_err(|_| late())?.map_err(|error| failed(error.to_string()))
    }

    /// What a publisher needs of this reader.
    pub fn membership(&self) -> Membership {
        Membership { rights: self.rights(), consumer: Arc::clone(&self.consumer) }
    }

    /// Who may publish of which input.
    pub fn rights(&self) -> Arc<PublishRight> {
        Arc::clone(&self.shared.rights)
    }

    /// What is known of the cluster and of this process's place in the group.
    pub fn standing(&self) -> Arc<KafkaStanding> {
        Arc::clone(&self.shared.standing)
    }

    /// How the records read so far were placed by their keys, by topic.
    pub fn placements(&self) -> BTreeMap<Arc<str>, Placements> {
        self.shared.placements.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn consumer(&self) -> Option<Arc<Consumer>> {
        self.consumer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A reader's place in its group, for a publisher on another thread.
#[derive(Clone)]
pub struct Membership {
    rights: Arc<PublishRight>,
    consumer: Arc<Mutex<Option<Arc<Consumer>>>>,
}

impl Membership {
    /// What a transaction needs to commit offsets for the group; to be read as the transaction begins. `None` once the
    /// reader has stopped.
    pub fn group_metadata(&self) -> Option<ConsumerGroupMetadata> {
        self.consumer.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.group_metadata()
    }

    /// Who may publish of which input.
    pub fn rights(&self) -> &PublishRight {
        &self.rights
    }
}

impl Drop for KafkaReader {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.queue.wake();
        self.shared.released.wake();
        let deadline = Instant::now() + STOP_AT_MOST;
        if let Some(thread) = self.thread.take() {
            while !thread.is_finished() {
                if Instant::now() >= deadline {
                    ClientLeft { client: "consumer" }.log();
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
