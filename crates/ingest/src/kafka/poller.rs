//! The thread that polls.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use headwater_model::{Offset, Partition};
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::client::{self, ASK_AT_MOST, Consumer};
use super::slot::Slot;
use super::{Commit, KafkaEvent, KafkaSettings, Positions, Shared};
use crate::IngestError;

/// How long to wait for a broker that answers when reading begins: a cluster that is just starting gets a chance, a
/// wrong address is told within a person's patience.
const CONNECT_AT_MOST: Duration = Duration::from_secs(30);

/// How long a topic may be unknown when reading begins: a new one is not known to every broker at once.
const TOPIC_AT_MOST: Duration = Duration::from_secs(3);

/// Longest wait for a message, and for room: what a commit or a stop may have to wait.
const POLL_AT_MOST: Duration = Duration::from_millis(20);

/// Messages taken before anything else is looked at.
const POLL_RUN: usize = 1024;

/// Ends are asked for so often while records keep coming, and while none comes.
const ASK_EVERY: Duration = Duration::from_secs(1);
const ASK_EVERY_IDLE: Duration = Duration::from_millis(100);

/// How often to look for partitions that were added.
const GROWTH_EVERY: Duration = Duration::from_secs(10);

struct Topic {
    name: Arc<str>,
    slots: Vec<Slot>,
}

pub(super) struct Poller {
    consumer: Consumer,
    shared: Arc<Shared>,
    wishes: Receiver<Commit>,
    brokers: String,
    topics: Vec<Topic>,
    /// The ends to be reached, per topic and partition, once asked for.
    ends: Option<Vec<Vec<i64>>>,
    asked_at: Instant,
    followed_at: Instant,
    grown_at: Instant,
    /// Whether any position moved since the last `CaughtUp`.
    moved: bool,
}

impl Poller {
    pub fn new(settings: KafkaSettings, consumer: Consumer, shared: Arc<Shared>, wishes: Receiver<Commit>) -> Poller {
        let topics = settings.topics.iter().map(|name| Topic { name: name.as_str().into(), slots: Vec::new() });
        let now = Instant::now();
        Poller {
            consumer,
            shared,
            wishes,
            brokers: settings.brokers,
            topics: topics.collect(),
            ends: None,
            asked_at: now,
            followed_at: now,
            grown_at: now,
            moved: true,
        }
    }

    /// Reads until told to stop.
    pub fn run(mut self) -> Result<(), IngestError> {
        if !self.begin()? {
            return Ok(());
        }
        while !self.stopped() {
            self.serve_commits();
            if !self.shared.queue.room(POLL_AT_MOST) {
                continue;
            }
            let idle = self.poll()?;
            self.flush(|slot, now| slot.is_due(now));
            self.look_for_ends(idle);
            self.look_for_growth();
        }
        Ok(())
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::SeqCst)
    }

    /// Finds the partitions and their ends and assigns them. `false` when told to stop meanwhile.
    fn begin(&mut self) -> Result<bool, IngestError> {
        let began = Instant::now();
        loop {
            match self.find() {
                Ok(true) => break,
                Ok(false) if began.elapsed() >= CONNECT_AT_MOST => {
                    let brokers = self.brokers.clone();
                    let message = self.consumer.context().last().unwrap_or_default();
                    return Err(IngestError::Unreachable { brokers, seconds: CONNECT_AT_MOST.as_secs(), message });
                }
                Err(error) if began.elapsed() >= TOPIC_AT_MOST => return Err(error),
                Ok(false) | Err(_) => {}
            }
            if self.stopped() {
                return Ok(false);
            }
            // Serves librdkafka's own events; nothing is assigned, so nothing is read.
            self.consumer.poll(Duration::from_millis(100));
        }
        Ok(true)
    }

    /// One try of it; `Ok(false)` when some broker did not answer.
    fn find(&mut self) -> Result<bool, IngestError> {
        let mut found = Vec::new();
        for topic in &self.topics {
            match client::partitions(&self.consumer, &topic.name)? {
                Some(partitions) => found.push(partitions),
                None => return Ok(false),
            }
        }
        let mut watermarks = Vec::new();
        for (topic, count) in self.topics.iter().zip(&found) {
            let asked = (0..*count).map(|partition| self.watermarks(&topic.name, partition));
            let Some(known) = asked.collect::<Option<Vec<_>>>() else { return Ok(false) };
            watermarks.push(known);
        }
        for (ix, count) in found.iter().enumerate() {
            self.assign(ix, *count)?;
        }
        let records = watermarks.iter().flatten().map(|(low, high)| high.saturating_sub(*low).max(0) as u64).sum();
        self.shared.queue.push(KafkaEvent::Started { partitions: found.iter().sum(), records });
        self.ends = Some(self.ends_of(watermarks));
        Ok(true)
    }

    /// The ends to be reached. A partition that is empty (all that it had was deleted) has its position set there, for
    /// no message will do it.
    fn ends_of(&mut self, watermarks: Vec<Vec<(i64, i64)>>) -> Vec<Vec<i64>> {
        for (topic, watermarks) in self.topics.iter_mut().zip(&watermarks) {
            for (slot, (low, high)) in topic.slots.iter_mut().zip(watermarks) {
                if low == high {
                    slot.next = slot.next.max(*high);
                }
            }
        }
        watermarks.into_iter().map(|topic| topic.into_iter().map(|(_, high)| high).collect()).collect()
    }

    /// First and next-to-write offset of a partition; of an open transaction the first offset ends it.
    fn watermarks(&self, topic: &str, partition: usize) -> Option<(i64, i64)> {
        match self.consumer.fetch_watermarks(topic, partition as i32, ASK_AT_MOST) {
            Ok(watermarks) => Some(watermarks),
            Err(error) => {
                self.consumer.context().warn(format!("no answer about {topic}/{partition}: {error}"));
                None
            }
        }
    }

    /// Assigns the partitions of a topic up to a count from their beginning, beside those assigned already.
    fn assign(&mut self, topic: usize, count: usize) -> Result<(), IngestError> {
        let topic = &mut self.topics[topic];
        let fresh = topic.slots.len() as i32..count as i32;
        if fresh.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        for partition in fresh.clone() {
            list.add_partition_offset(&topic.name, partition, rdkafka::Offset::Beginning).map_err(failed)?;
        }
        self.consumer.incremental_assign(&list).map_err(failed)?;
        topic.slots.extend(fresh.map(|partition| Slot::new(Arc::clone(&topic.name), Partition(partition))));
        Ok(())
    }

    /// Takes what is there, up to a bound. Says whether there was less than that.
    fn poll(&mut self) -> Result<bool, IngestError> {
        for taken in 0..POLL_RUN {
            let wait = if taken == 0 { POLL_AT_MOST } else { Duration::ZERO };
            let message = match self.consumer.poll(wait) {
                None => return Ok(true),
                Some(Ok(message)) => message,
                Some(Err(error)) if client::is_fatal(&error) => return Err(failed(error)),
                Some(Err(error)) => {
                    self.consumer.context().warn(match error.rdkafka_error_code() {
                        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                            "a topic is gone; waiting for it".to_owned()
                        }
                        _ => error.to_string(),
                    });
                    continue;
                }
            };
            let partition = message.partition() as usize;
            let Some(slot) = self
                .topics
                .iter_mut()
                .find(|topic| *topic.name == *message.topic())
                .and_then(|topic| topic.slots.get_mut(partition))
            else {
                continue;
            };
            self.moved = true;
            let full = slot.add(message.offset(), message.payload().unwrap_or_default(), &self.shared.spill)?;
            if full && let Some(batch) = slot.take() {
                self.shared.queue.push(KafkaEvent::Batch(batch));
                if !self.shared.queue.room(Duration::ZERO) {
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    /// Hands over the batches that a test picks.
    fn flush(&mut self, picked: impl Fn(&Slot, Instant) -> bool) {
        let now = Instant::now();
        for slot in self.topics.iter_mut().flat_map(|topic| &mut topic.slots) {
            if picked(slot, now)
                && let Some(batch) = slot.take()
            {
                self.shared.queue.push(KafkaEvent::Batch(batch));
            }
        }
    }

    /// Asks for the ends from time to time, and says so once all are reached.
    fn look_for_ends(&mut self, idle: bool) {
        let since = self.asked_at.elapsed();
        if idle && (self.ends.is_some() || self.followed_at.elapsed() >= ASK_EVERY) {
            self.follow_position();
            self.followed_at = Instant::now();
        }
        if self.ends.is_none() && self.moved && since >= if idle { ASK_EVERY_IDLE } else { ASK_EVERY } {
            self.ends = self.ask_ends();
            self.asked_at = Instant::now();
        }
        let Some(ends) = &self.ends else { return };
        let mut pairs = self.topics.iter().zip(ends).flat_map(|(topic, ends)| topic.slots.iter().zip(ends));
        if pairs.any(|(slot, end)| slot.next < *end) {
            return;
        }
        self.ends = None;
        self.moved = false;
        self.flush(|_, _| true);
        let slots = self.topics.iter().flat_map(|topic| &topic.slots);
        let positions = slots.map(|slot| (slot.key(), Offset(slot.next))).collect();
        self.shared.queue.push(KafkaEvent::CaughtUp(Positions(positions)));
    }

    /// Moves past what no message stands for: the marks that end transactions, and what was aborted.
    fn follow_position(&mut self) {
        let Ok(list) = self.consumer.position() else { return };
        for element in list.elements() {
            let topic = self.topics.iter_mut().find(|topic| *topic.name == *element.topic());
            let slot = topic.and_then(|topic| topic.slots.get_mut(element.partition() as usize));
            if let (Some(slot), rdkafka::Offset::Offset(position)) = (slot, element.offset())
                && position > slot.next
            {
                slot.next = position;
                self.moved = true;
            }
        }
    }

    /// The ends now, or `None` when some broker does not answer.
    fn ask_ends(&mut self) -> Option<Vec<Vec<i64>>> {
        let of_topic = |topic: &Topic| {
            (0..topic.slots.len()).map(|partition| self.watermarks(&topic.name, partition)).collect::<Option<Vec<_>>>()
        };
        let watermarks = self.topics.iter().map(of_topic).collect::<Option<Vec<_>>>()?;
        Some(self.ends_of(watermarks))
    }

    /// Reads partitions that were added meanwhile too: records are known by identity, wherever they stand.
    fn look_for_growth(&mut self) {
        if self.grown_at.elapsed() < GROWTH_EVERY {
            return;
        }
        self.grown_at = Instant::now();
        for ix in 0..self.topics.len() {
            let name = Arc::clone(&self.topics[ix].name);
            let before = self.topics[ix].slots.len();
            match client::partitions(&self.consumer, &name) {
                Ok(Some(count)) if count > before => {
                    tracing::warn!("topic {name} grew from {before} to {count} partitions: reading the new ones too");
                    if let Err(error) = self.assign(ix, count) {
                        self.consumer.context().warn(error.to_string());
                    }
                    self.moved = true;
                    self.ends = None;
                }
                Ok(_) => {}
                Err(error) => self.consumer.context().warn(error.to_string()),
            }
        }
    }

    /// Commits what the other thread wishes.
    fn serve_commits(&mut self) {
        while let Ok(Commit { positions, answer }) = self.wishes.try_recv() {
            let mut list = TopicPartitionList::new();
            let added = positions.0.iter().try_for_each(|((topic, partition), next)| {
                list.add_partition_offset(topic, partition.0, rdkafka::Offset::Offset(next.0))
            });
            let committed = added.and_then(|()| self.consumer.commit(&list, CommitMode::Sync));
            // Who wished may have given up waiting.
            let _ = answer.send(committed.map_err(|error| IngestError::Commit { message: error.to_string() }));
        }
    }
}

fn failed(error: rdkafka::error::KafkaError) -> IngestError {
    IngestError::Client { message: error.to_string() }
}
