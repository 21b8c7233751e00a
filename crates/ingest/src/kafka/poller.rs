//! The thread that polls.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use headwater_log::{KeysMixed, RecordsSkipped};
use headwater_model::Input;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::Shared;
use super::begin::{self, Begin};
use super::client::{self, Consumer, Edge};
use super::group::Change;
use super::placement::Placements;
use super::slot::{Slot, Stage};
use super::topic::{Counted, Topic};
use crate::{Assignment, IngestError, SourceEvent, Term};

/// Longest wait for a message, and for room: what a wish or a stop may have to wait.
const POLL_AT_MOST: Duration = Duration::from_millis(20);

/// Messages taken before anything else is looked at.
const POLL_RUN: usize = 1024;

/// How long the taker may let the queue be full until everything is paused: pausing drops what librdkafka has fetched
/// ahead, and a rebalance may well wait so long.
const FULL_AT_MOST: Duration = Duration::from_secs(1);

/// How often the end of a partition is asked for that stays there.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// How often the ends are asked for, for people, while everything is paused.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// How often positions are looked at for what no record stands for.
const FOLLOW_EVERY: Duration = Duration::from_millis(100);

/// How long an end that lies before what is wanted must stay so: a new leader may know it late.
const BEYOND_AT_LEAST: Duration = Duration::from_secs(3);

/// How long one attempt to set the client to a place may take.
const SEEK_AT_MOST: Duration = Duration::from_secs(1);

/// How long the client may refuse to be set to a place until the partition is assigned anew: after an offset that was
/// out of range it will never take one.
const SEEK_REFUSED_AT_MOST: Duration = Duration::from_secs(2);

/// What the taker wishes.
pub(super) enum Wish {
    Start { input: Input, next: Option<i64>, term: Term },
    Stop(Input),
}

pub(super) struct Poller {
    consumer: Arc<Consumer>,
    shared: Arc<Shared>,
    wishes: Receiver<Wish>,
    topics: Vec<Topic>,
    /// Since when the queue is full.
    full_since: Option<Instant>,
    /// Whether everything is paused, because it stays full.
    held: bool,
    followed_at: Instant,
    /// When ends were last asked for, for those who watch the lag.
    watched_at: Instant,
}

impl Poller {
    pub fn new(consumer: Arc<Consumer>, shared: Arc<Shared>, wishes: Receiver<Wish>) -> Poller {
        let topics = shared.topics.iter().cloned().map(Topic::new).collect();
        let (followed_at, watched_at) = (Instant::now(), Instant::now());
        Poller { consumer, shared, wishes, topics, full_since: None, held: false, followed_at, watched_at }
    }

    /// Reads until told to stop.
    pub fn run(mut self) -> Result<(), IngestError> {
        let names: Vec<_> = self.topics.iter().map(|topic| &*topic.of.topic).collect();
        self.consumer.subscribe(&names).map_err(failed)?;
        while !self.shared.is_stopping() {
            self.shared.standing.turns();
            self.absorb()?;
            self.serve_wishes();
            if !self.has_room() {
                continue;
            }
            let idle = self.poll()?;
            self.flush(Slot::is_due);
            self.count()?;
            if !self.held {
                self.begin();
                self.seek();
                self.look_for_ends(idle);
            } else if self.watched_at.elapsed() >= WATCH_EVERY {
                self.watch_ends();
            }
        }
        Ok(())
    }

    /// Waits for room. Once there was none for long, everything is paused and polling goes on, for a member that does
    /// not poll is put out of its group. Says whether to poll.
    fn has_room(&mut self) -> bool {
        if self.shared.queue.room(POLL_AT_MOST) {
            self.full_since = None;
            if self.held {
                self.held = false;
                self.set_paused(false);
            }
            return true;
        }
        let since = *self.full_since.get_or_insert_with(Instant::now);
        if !self.held && since.elapsed() >= FULL_AT_MOST {
            self.held = true;
            self.set_paused(true);
        }
        self.held
    }

    /// Pauses, or resumes, all that is being read.
    fn set_paused(&mut self, paused: bool) {
        let list = self.listed(|slot| slot.stage == Stage::Reading);
        if list.count() == 0 {
            return;
        }
        let done = if paused { self.consumer.pause(&list) } else { self.consumer.resume(&list) };
        if let Err(error) = done {
            self.warn(error.to_string());
        }
    }

    /// The partitions that a test picks.
    fn listed(&mut self, picked: impl Fn(&Slot) -> bool) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for topic in &mut self.topics {
            let name = Arc::clone(&topic.of.topic);
            for slot in topic.slots().filter(|slot| picked(slot)) {
                list.add_partition(&name, slot.input.partition.0);
            }
        }
        list
    }

    fn warn(&self, words: String) {
        self.consumer.context().words().warn(words);
    }

    /// Takes over what rebalances did.
    fn absorb(&mut self) -> Result<(), IngestError> {
        let changes = std::mem::take(&mut *self.shared.changes.lock().unwrap_or_else(PoisonError::into_inner));
        for change in changes {
            let (places, came) = match change {
                Change::Assigned(places) => (places, true),
                Change::Revoked(places) => (places, false),
                Change::Failed(error) => return Err(failed(error)),
            };
            for (name, partition) in places {
                let Some(topic) = self.topics.iter_mut().find(|topic| *topic.of.topic == *name) else { continue };
                if came { topic.add(partition) } else { topic.remove(partition) }
            }
        }
        Ok(())
    }

    fn serve_wishes(&mut self) {
        while let Ok(wish) = self.wishes.try_recv() {
            let (Wish::Start { input, .. } | Wish::Stop(input)) = &wish;
            let Some(topic) = self.topics.iter_mut().find(|topic| topic.of.source == input.source) else { continue };
            let (name, grown) = (Arc::clone(&topic.of.topic), topic.grown);
            let Some(slot) = topic.slot(input.partition.0).filter(|slot| slot.stage != Stage::Untold) else { continue };
            let was_reading = slot.stage == Stage::Reading;
            match &wish {
                // A right that was taken away meanwhile belonged to an earlier assignment.
                Wish::Start { next, term, .. } if !grown && self.shared.rights.is(input, *term) => {
                    slot.restart(*next, *term);
                }
                Wish::Start { .. } => continue,
                Wish::Stop(_) => slot.halt(),
            }
            if was_reading {
                pause(&self.consumer, &name, input.partition.0);
            }
        }
    }

    /// Takes what is there, up to a bound. Says whether there was less than that.
    fn poll(&mut self) -> Result<bool, IngestError> {
        // Its own handle, so that a message that it lends leaves this free.
        let consumer = Arc::clone(&self.consumer);
        for taken in 0..POLL_RUN {
            let wait = if taken == 0 { POLL_AT_MOST } else { Duration::ZERO };
            let message = match consumer.poll(wait) {
                None => return Ok(true),
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    self.complain(error)?;
                    continue;
                }
            };
            let Some(topic) = self.topics.iter_mut().find(|topic| *topic.of.topic == *message.topic()) else {
                continue;
            };
            let offset = message.offset();
            let Some(slot) = topic.slot(message.partition()).filter(|slot| slot.takes(offset)) else { continue };
            match slot.add(offset, message.key(), message.payload().unwrap_or_default(), &self.shared.spill) {
                Ok(false) => {}
                Ok(true) => {
                    hand_over(&self.shared, slot);
                    if !self.held && !self.shared.queue.room(Duration::ZERO) {
                        return Ok(false);
                    }
                }
                Err(error) => {
                    slot.halt();
                    self.shared.queue.push(SourceEvent::Stopped { input: slot.input.clone(), error });
                    pause(&consumer, message.topic(), message.partition());
                }
            }
        }
        Ok(false)
    }

    /// Deals with an error of the consumer.
    fn complain(&mut self, error: KafkaError) -> Result<(), IngestError> {
        if client::is_fatal(&error) {
            return Err(failed(error));
        }
        match error.rdkafka_error_code() {
            // It is not said which partition: the log of each is looked at again.
            Some(RDKafkaErrorCode::AutoOffsetReset) => {
                self.flush(|_, _| true);
                for slot in self.topics.iter_mut().flat_map(Topic::slots) {
                    if matches!(slot.stage, Stage::Reading | Stage::Seeking) {
                        slot.restart(Some(slot.next), slot.term);
                    }
                }
            }
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                self.warn("a topic is gone; waiting for it".to_owned());
            }
            _ => self.warn(error.to_string()),
        }
        Ok(())
    }

    /// Hands over the batches that a test picks.
    fn flush(&mut self, picked: impl Fn(&Slot, Instant) -> bool) {
        let now = Instant::now();
        for slot in self.topics.iter_mut().flat_map(Topic::slots) {
            if picked(slot, now) {
                hand_over(&self.shared, slot);
            }
        }
    }

    /// Looks up the number of partitions, where one waits for it and from time to time.
    fn count(&mut self) -> Result<(), IngestError> {
        for topic in &mut self.topics {
            let now = Instant::now();
            let wanted = !topic.grown && topic.slots().any(|slot| slot.stage == Stage::Untold);
            if !topic.is_to_count(wanted, now) {
                continue;
            }
            let name = Arc::clone(&topic.of.topic);
            let found = client::partitions(&self.consumer, &name)?;
            topic.answered(found.is_some());
            match found.map(|found| topic.count(found, now)) {
                None | Some(Counted::GrownBefore) => {}
                Some(Counted::Same(partitions)) => tell(&self.shared, topic, partitions),
                Some(Counted::Grown { from, to }) => {
                    for slot in topic.slots().filter(|slot| slot.stage != Stage::Untold) {
                        slot.halt();
                        pause(&self.consumer, &name, slot.input.partition.0);
                    }
                    self.shared.queue.push(SourceEvent::Grown { source: Arc::clone(&topic.of.source), from, to });
                }
            }
        }
        Ok(())
    }

    /// Finds where the partitions that were started begin.
    fn begin(&mut self) {
        let now = Instant::now();
        for topic in &mut self.topics {
            let wanted = |slot: &Slot| match slot.stage {
                Stage::Wanted(wanted) => Some((slot.input.partition.0, wanted)),
                _ => None,
            };
            let wishes: Vec<_> = topic.slots().filter_map(|slot| wanted(slot)).collect();
            if wishes.is_empty() || !topic.is_answering(now) {
                continue;
            }
            let name = Arc::clone(&topic.of.topic);
            let partitions: Vec<_> = wishes.iter().map(|(partition, _)| *partition).collect();
            // The lower edge last: a log that is cut off between the two questions must not be missed.
            let high = client::edges(&self.consumer, &name, &partitions, Edge::High);
            let low = high.as_ref().and_then(|_| client::edges(&self.consumer, &name, &partitions, Edge::Low));
            topic.answered(low.is_some());
            let (Some(high), Some(low)) = (high, low) else { continue };
            let skip = topic.of.on_gap_skip;
            for ((partition, wanted), (low, high)) in wishes.into_iter().zip(low.into_iter().zip(high)) {
                let Some(slot) = topic.slot(partition) else { continue };
                let begin = begin::decide(wanted, low, high, skip);
                let next = match begin {
                    Begin::At(next) => next,
                    Begin::Skip(next) => {
                        let lost = next - wanted.unwrap_or(next);
                        let partition = slot.input.partition;
                        RecordsSkipped { topic: &name, partition, lost }.log();
                        next
                    }
                    Begin::LogEnd if slot.stage_since.elapsed() < BEYOND_AT_LEAST => continue,
                    Begin::LogStart | Begin::LogEnd => {
                        let edge = if begin == Begin::LogEnd { high } else { low };
                        let error = begin::error(begin, &name, partition, wanted.unwrap_or_default(), edge);
                        slot.halt();
                        self.shared.queue.push(SourceEvent::Stopped { input: slot.input.clone(), error });
                        continue;
                    }
                };
                slot.next = next;
                slot.goal = Some(high.max(low));
                self.shared.standing.ends_at(&slot.input, high.max(low));
                slot.set(Stage::Seeking);
            }
        }
    }

    /// Sets the client to the places where partitions begin, and lets them come.
    fn seek(&mut self) {
        let mut list = TopicPartitionList::new();
        for topic in &mut self.topics {
            let name = Arc::clone(&topic.of.topic);
            for slot in topic.slots().filter(|slot| slot.stage == Stage::Seeking) {
                let place = rdkafka::Offset::Offset(slot.next);
                if let Err(error) = list.add_partition_offset(&name, slot.input.partition.0, place) {
                    self.consumer.context().words().warn(error.to_string());
                }
            }
        }
        if list.count() == 0 {
            return;
        }
        let sought = match self.consumer.seek_partitions(list, SEEK_AT_MOST) {
            Ok(sought) => sought,
            Err(error) => return self.warn(error.to_string()),
        };
        for element in sought.elements() {
            let topic = self.topics.iter_mut().find(|topic| *topic.of.topic == *element.topic());
            let Some(slot) = topic.and_then(|topic| topic.slot(element.partition())) else { continue };
            let mut one = TopicPartitionList::new();
            let at = match element.error() {
                Ok(()) => Ok(()),
                // Not to be had yet; a partition that was assigned just now is on its way.
                Err(_) if slot.stage_since.elapsed() < SEEK_REFUSED_AT_MOST => continue,
                Err(_) => {
                    slot.stage_since = Instant::now();
                    reassign(&self.consumer, element.topic(), element.partition(), slot.next)
                }
            };
            one.add_partition(element.topic(), element.partition());
            match at.and_then(|()| self.consumer.resume(&one)) {
                Ok(()) => slot.set(Stage::Reading),
                Err(error) => self.consumer.context().words().warn(error.to_string()),
            }
        }
    }

    /// Says which partitions are read to their ends, and asks for the ends from time to time.
    fn look_for_ends(&mut self, idle: bool) {
        if idle && self.followed_at.elapsed() >= FOLLOW_EVERY {
            self.follow();
            self.followed_at = Instant::now();
        }
        for topic in &mut self.topics {
            let now = Instant::now();
            let due = |slot: &Slot| {
                slot.stage == Stage::Reading
                    && slot.goal.is_none()
                    && now.saturating_duration_since(slot.asked_at) >= ASK_EVERY
            };
            let partitions: Vec<_> =
                topic.slots().filter(|slot| due(slot)).map(|slot| slot.input.partition.0).collect();
            if !partitions.is_empty() && topic.is_answering(now) {
                let name = Arc::clone(&topic.of.topic);
                let ends = client::edges(&self.consumer, &name, &partitions, Edge::High);
                topic.answered(ends.is_some());
                for (partition, end) in partitions.iter().zip(ends.unwrap_or_default()) {
                    if let Some(slot) = topic.slot(*partition) {
                        slot.goal = Some(end);
                        self.shared.standing.ends_at(&slot.input, end);
                    }
                }
            }
            for slot in topic.slots() {
                if slot.reaches_goal() {
                    hand_over(&self.shared, slot);
                    slot.moved().into_iter().for_each(|moved| self.shared.queue.push(moved));
                    self.shared.queue.push(slot.at_end());
                }
            }
        }
    }

    /// While nothing is fetched nothing tells how the logs grow: it is asked for.
    fn watch_ends(&mut self) {
        self.watched_at = Instant::now();
        for topic in &mut self.topics {
            let reading = topic.slots().filter(|slot| slot.stage == Stage::Reading);
            let inputs: Vec<_> = reading.map(|slot| slot.input.clone()).collect();
            if inputs.is_empty() || !topic.is_answering(self.watched_at) {
                continue;
            }
            let partitions: Vec<_> = inputs.iter().map(|input| input.partition.0).collect();
            let ends = client::edges(&self.consumer, &topic.of.topic, &partitions, Edge::High);
            topic.answered(ends.is_some());
            inputs
                .iter()
                .zip(ends.unwrap_or_default())
                .for_each(|(input, end)| self.shared.standing.ends_at(input, end));
        }
    }

    /// Moves past what no message stands for: the marks that end transactions, and what was aborted.
    fn follow(&mut self) {
        let Ok(list) = self.consumer.position() else { return };
        for element in list.elements() {
            let topic = self.topics.iter_mut().find(|topic| *topic.of.topic == *element.topic());
            let slot = topic.and_then(|topic| topic.slot(element.partition()));
            if let (Some(slot), rdkafka::Offset::Offset(position)) = (slot, element.offset())
                && slot.stage == Stage::Reading
            {
                slot.follow(position);
                slot.moved().into_iter().for_each(|moved| self.shared.queue.push(moved));
            }
        }
    }
}

/// Tells the taker of the partitions that it does not know yet.
fn tell(shared: &Shared, topic: &mut Topic, partitions: u32) {
    let origin = Arc::clone(&topic.of.topic);
    let mut assignments = Vec::new();
    for slot in topic.slots().filter(|slot| slot.stage == Stage::Untold) {
        slot.tell(partitions);
        shared.rights.announce(&slot.input);
        assignments.push(Assignment { input: slot.input.clone(), origin: Arc::clone(&origin), partitions });
    }
    if !assignments.is_empty() {
        shared.queue.push(SourceEvent::Assigned(assignments));
    }
}

/// Hands over the batch of a slot, where there is one.
fn hand_over(shared: &Shared, slot: &mut Slot) {
    let Some((event, placements)) = slot.take() else { return };
    if let SourceEvent::Batch { batch, .. } = &event {
        placed(shared, &batch.origin, placements);
    }
    shared.queue.push(event);
}

/// Counts how records were placed; says so when a topic first shows more than one way.
fn placed(shared: &Shared, topic: &Arc<str>, more: Placements) {
    let mut all = shared.placements.lock().unwrap_or_else(PoisonError::into_inner);
    let of = all.entry(Arc::clone(topic)).or_default();
    let before = of.is_mixed();
    of.add(more);
    if of.is_mixed() && !before {
        KeysMixed { topic, murmur2: of.murmur2, crc32: of.crc32, other: of.other }.log();
    }
}

/// Lets a partition lie still. Where that fails, what comes of it is dropped.
fn pause(consumer: &Consumer, topic: &str, partition: i32) {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    if let Err(error) = consumer.pause(&list) {
        consumer.context().words().warn(error.to_string());
    }
}

/// Gives a partition back to the client and takes it again, at a place.
fn reassign(consumer: &Consumer, topic: &str, partition: i32, next: i64) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, rdkafka::Offset::Offset(next))?;
    consumer.incremental_unassign(&list)?;
    consumer.incremental_assign(&list)
}

fn failed(error: KafkaError) -> IngestError {
    IngestError::Client { message: error.to_string() }
}
