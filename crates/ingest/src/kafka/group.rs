//! What the consumer group does to this process: partitions come and go.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use headwater_log::{GroupJoined, TransactionOpen};
use headwater_model::Input;
use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::client::Consumer;
use super::words::Words;
use super::{PublishRight, Shared};
use crate::SourceEvent;

/// How long a revoke waits for a transaction that is open: more than the 10 s that one may last.
const SETTLE_AT_MOST: Duration = Duration::from_secs(12);

/// The same, and for questions under way, when the reader stops.
const SETTLE_STOPPING: Duration = Duration::from_secs(2);

/// How often a wait looks whether the reader is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A partition by its topic's name.
pub(super) type Place = (String, i32);

/// What a rebalance did.
pub(super) enum Change {
    Assigned(Vec<Place>),
    Revoked(Vec<Place>),
    /// librdkafka refused our part in it: who owns what is no longer known.
    Failed(KafkaError),
}

/// Inputs that the taker has done with.
#[derive(Default)]
pub(super) struct Released {
    inputs: Mutex<BTreeSet<Input>>,
    changed: Condvar,
}

impl Released {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<Input>> {
        // Nobody panics while holding it.
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, inputs: &[Input]) {
        self.lock().extend(inputs.iter().cloned());
        self.changed.notify_all();
    }

    pub fn wake(&self) {
        self.changed.notify_all();
    }

    /// Forgets what was released of an earlier assignment.
    fn forget(&self, inputs: &[Input]) {
        let mut released = self.lock();
        released.retain(|input| !inputs.contains(input));
    }

    /// Waits until all are released, or it takes too long, or nobody will. Says whether all are.
    fn wait(&self, inputs: &[Input], at_most: Duration, given_up: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + at_most;
        let mut released = self.lock();
        loop {
            if inputs.iter().all(|input| released.contains(input)) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || given_up() {
                return false;
            }
            released =
                self.changed.wait_timeout(released, left.min(LOOK_EVERY)).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Answers librdkafka's callbacks, which it makes on the thread that polls.
pub(super) struct Group {
    words: Words,
    shared: Arc<Shared>,
    /// Whether it was said that the group was joined.
    joined: AtomicBool,
}

impl Group {
    pub fn new(shared: Arc<Shared>) -> Group {
        Group { words: Words::of("consumer"), shared, joined: AtomicBool::new(false) }
    }

    /// The consumer's log.
    pub fn words(&self) -> &Words {
        &self.words
    }

    fn change(&self, change: Change) {
        self.shared.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }

    /// Takes partitions over, and lets them lie still: the taker says where each begins.
    fn assign(&self, consumer: &BaseConsumer<Self>, list: &mut TopicPartitionList, at_once: bool) {
        // Not from the group's offsets, which are for people.
        let placed = list.set_all_offsets(rdkafka::Offset::Beginning);
        let assigned =
            placed.and_then(|()| if at_once { consumer.assign(list) } else { consumer.incremental_assign(list) });
        if let Err(error) = assigned {
            self.change(Change::Failed(error));
            return;
        }
        if !self.joined.swap(true, Ordering::Relaxed) {
            let (Shared { group, brokers, .. }, inputs) = (&*self.shared, list.count() as u64);
            GroupJoined { group, brokers, inputs }.log();
        }
        let places = places(list);
        let shared = &*self.shared;
        shared.standing.given(places.iter().filter_map(|(topic, partition)| shared.input(topic, *partition)));
        if places.is_empty() {
            return;
        }
        if let Err(error) = consumer.pause(list) {
            // What comes of a partition that is not started is dropped, and reading starts by a seek.
            self.words.warn(format!("partitions that were assigned are not paused: {error}"));
        }
        self.change(Change::Assigned(places));
    }

    /// Gives partitions up: first nothing more is published of them, then the taker may finish with them.
    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList, at_once: bool) {
        let shared = &*self.shared;
        let lost = consumer.assignment_lost();
        let places = places(list);
        let inputs: Vec<_> = places.iter().filter_map(|(topic, partition)| shared.input(topic, *partition)).collect();
        let told = shared.rights.take(&inputs);
        if !told.is_empty() && !shared.rights.settle(SETTLE_AT_MOST) {
            self.words.warn("a transaction lasts longer than it may; its partitions go without waiting".into());
        }
        if !told.is_empty() && !shared.is_stopping() {
            shared.released.forget(&told);
            shared.queue.push(SourceEvent::Revoked { inputs: told.clone(), lost });
            if !shared.released.wait(&told, shared.release_at_most, || shared.is_stopping()) && !shared.is_stopping() {
                self.words.warn("partitions go before what was read of them is committed; it is read again".into());
            }
        }
        shared.standing.taken(&inputs);
        self.change(Change::Revoked(places));
        let given = if at_once { consumer.unassign() } else { consumer.incremental_unassign(list) };
        if let Err(error) = given {
            self.change(Change::Failed(error));
        }
    }
}

fn places(list: &TopicPartitionList) -> Vec<Place> {
    list.elements().iter().map(|element| (element.topic().to_owned(), element.partition())).collect()
}

impl ClientContext for Group {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.words.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.words.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.shared.standing.hear(&statistics, |topic, partition| self.shared.input(topic, partition));
    }
}

impl ConsumerContext for Group {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RDKafkaRespErr, list: &mut TopicPartitionList) {
        // A group whose other members know no cooperation gives and takes everything at once.
        let at_once = !matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        match err {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, list, at_once),
            _ => self.revoke(consumer, list, at_once),
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            self.words.warn(error.to_string());
        }
    }
}

/// Nothing more is published once the reader ends.
pub(super) fn end_rights(rights: &PublishRight) {
    rights.close();
    if !rights.settle(SETTLE_STOPPING) {
        TransactionOpen {}.log();
    }
}

/// Leaves the group, on the thread that polled: closing makes the last callbacks.
pub(super) fn leave(consumer: Arc<Consumer>) {
    // A question under way holds it for a moment.
    let deadline = Instant::now() + SETTLE_STOPPING;
    while Arc::strong_count(&consumer) > 1 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(2));
    }
    drop(consumer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_waited_for_and_an_old_one_does_not_count() {
        let released = Released::default();
        let inputs = ["t/0", "t/1"].map(|text| Input::parse(text).unwrap());
        let soon = Duration::from_millis(20);
        released.add(&inputs);
        assert!(released.wait(&inputs, soon, || false));
        released.forget(&inputs);
        assert!(!released.wait(&inputs, soon, || false));
        released.add(&inputs[..1]);
        assert!(!released.wait(&inputs, soon, || false));
        let long = Duration::from_secs(60);
        assert!(!released.wait(&inputs, long, || true), "nobody will release");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| released.wait(&inputs, long, || false));
            released.add(&inputs[1..]);
            assert!(waiting.join().unwrap());
        });
    }
}
