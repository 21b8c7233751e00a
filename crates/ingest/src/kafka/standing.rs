//! What a client knows of its cluster and of its place in the group, for people who watch it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use headwater_model::Input;
use rdkafka::Statistics;

/// How often librdkafka tells what it knows, in milliseconds: soon enough for people and for a scrape, and a page of
/// JSON for each partition is nothing at this rate.
pub(super) const STATISTICS_MS: &str = "2000";

/// The state of a broker that is connected.
const UP: &str = "UP";

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while holding one of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a client reaches its cluster. Clones share it.
#[derive(Clone, Debug)]
pub struct Reach(Arc<Mutex<Option<SystemTime>>>);

impl Default for Reach {
    /// Not reached yet.
    fn default() -> Self {
        Reach(Arc::new(Mutex::new(Some(SystemTime::now()))))
    }
}

impl Reach {
    /// Since when no broker is connected; none while one is. Before the first contact: since the client began.
    pub fn unreachable_since(&self) -> Option<SystemTime> {
        *lock(&self.0)
    }

    /// Whether a broker answered just now.
    pub fn set(&self, reached: bool) {
        let mut since = lock(&self.0);
        *since = if reached { None } else { Some(since.unwrap_or_else(SystemTime::now)) };
    }

    /// What librdkafka's statistics say. It keeps a connection to the coordinator of its group or of its transactions,
    /// so that an idle client is connected too.
    pub(super) fn hear(&self, statistics: &Statistics) {
        self.set(statistics.brokers.values().any(|broker| broker.state == UP));
    }
}

/// What the reader of a cluster knows, for people who watch it.
#[derive(Debug)]
pub struct KafkaStanding {
    reach: Reach,
    began: Instant,
    /// Milliseconds from `began` to the last turn of the thread that polls.
    turned: AtomicU64,
    joined: AtomicBool,
    assigned: Mutex<BTreeSet<Input>>,
    ends: Mutex<BTreeMap<Input, i64>>,
}

impl Default for KafkaStanding {
    fn default() -> Self {
        KafkaStanding {
            reach: Reach::default(),
            began: Instant::now(),
            turned: AtomicU64::new(0),
            joined: AtomicBool::new(false),
            assigned: Mutex::default(),
            ends: Mutex::default(),
        }
    }
}

impl KafkaStanding {
    /// Whether the cluster is reached.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// How long ago the thread that polls turned.
    pub fn turned_before(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.turned.load(Ordering::Relaxed)))
    }

    /// Whether the group has given this process its share, be it nothing.
    pub fn joined(&self) -> bool {
        self.joined.load(Ordering::SeqCst)
    }

    /// What the group has given to this process and not taken away.
    pub fn assigned(&self) -> BTreeSet<Input> {
        lock(&self.assigned).clone()
    }

    /// The next offset to be written of an input, as it was last heard of; where a transaction is open, its first.
    pub fn end(&self, input: &Input) -> Option<i64> {
        lock(&self.ends).get(input).copied()
    }

    pub(super) fn turns(&self) {
        self.turned.store(self.began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    pub(super) fn given(&self, inputs: impl Iterator<Item = Input>) {
        lock(&self.assigned).extend(inputs);
        self.joined.store(true, Ordering::SeqCst);
    }

    pub(super) fn taken(&self, inputs: &[Input]) {
        lock(&self.assigned).retain(|input| !inputs.contains(input));
    }

    pub(super) fn ends_at(&self, input: &Input, end: i64) {
        lock(&self.ends).insert(input.clone(), end);
    }

    pub(super) fn hear(&self, statistics: &Statistics, input: impl Fn(&str, i32) -> Option<Input>) {
        self.reach.hear(statistics);
        let mut ends = lock(&self.ends);
        for (name, topic) in &statistics.topics {
            for (partition, of) in &topic.partitions {
                // Negative until a fetch has answered; a partition that lies still is not fetched.
                if of.ls_offset >= 0
                    && let Some(input) = input(name, *partition)
                {
                    ends.insert(input, of.ls_offset);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Partition;

    use super::*;

    fn statistics(state: &str, ls_offset: i64) -> Statistics {
        let mut statistics = Statistics::default();
        let broker = rdkafka::statistics::Broker { state: state.to_owned(), ..Default::default() };
        statistics.brokers.insert("b".to_owned(), broker);
        let partition = rdkafka::statistics::Partition { ls_offset, ..Default::default() };
        let mut topic = rdkafka::statistics::Topic::default();
        topic.partitions.insert(3, partition);
        statistics.topics.insert("t".to_owned(), topic);
        statistics
    }

    fn input(topic: &str, partition: i32) -> Option<Input> {
        (topic == "t").then(|| Input { source: "s".into(), partition: Partition(partition) })
    }

    #[test]
    fn an_outage_is_told_from_its_beginning_to_its_end() {
        let standing = KafkaStanding::default();
        let begun = standing.reach().unreachable_since();
        assert!(begun.is_some(), "not reached yet");
        standing.hear(&statistics("TRY_CONNECT", -1001), input);
        assert_eq!(standing.reach().unreachable_since(), begun);
        standing.hear(&statistics(UP, 7), input);
        assert_eq!(standing.reach().unreachable_since(), None);
        standing.hear(&statistics("DOWN", 7), input);
        let since = standing.reach().unreachable_since();
        assert!(since.is_some());
        standing.hear(&statistics("CONNECT", 7), input);
        assert_eq!(standing.reach().unreachable_since(), since, "since when, not how often");
        standing.reach().set(true);
        assert_eq!(standing.reach().unreachable_since(), None);
    }

    #[test]
    fn an_end_is_the_last_one_heard_of() {
        let standing = KafkaStanding::default();
        let ours = input("t", 3).unwrap();
        standing.hear(&statistics(UP, -1001), input);
        assert_eq!(standing.end(&ours), None);
        standing.hear(&statistics(UP, 7), input);
        standing.hear(&statistics("DOWN", -1001), input);
        assert_eq!(standing.end(&ours), Some(7));
    }

    #[test]
    fn a_member_without_partitions_has_joined() {
        let standing = KafkaStanding::default();
        assert!(!standing.joined());
        standing.given(std::iter::empty());
        assert!(standing.joined() && standing.assigned().is_empty());
        standing.given(input("t", 3).into_iter());
        assert_eq!(standing.assigned().len(), 1);
        standing.taken(&[input("t", 3).unwrap()]);
        assert!(standing.joined() && standing.assigned().is_empty());
    }
}
