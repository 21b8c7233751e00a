//! One topic: its partitions that this process has, and how many there are in all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_model::{Input, Partition};

use super::SourceTopic;
use super::slot::Slot;

/// How often the number of partitions is looked up.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// How long a topic is left alone whose brokers do not answer: a question costs the others the time that it takes.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3);

pub(super) struct Topic {
    pub of: SourceTopic,
    /// The number of partitions that it is to have: as the store holds it, or as it was first seen.
    partitions: Option<u32>,
    /// Whether it has another number: it is no longer read.
    pub grown: bool,
    counted_at: Option<Instant>,
    unanswered_at: Option<Instant>,
    /// By partition; those of other processes are empty.
    slots: Vec<Option<Slot>>,
}

/// What a look at the number of partitions says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// As it was.
    Same(u32),
    /// Another number than before, told once.
    Grown { from: u32, to: u32 },
    /// Another number, as told before.
    GrownBefore,
}

impl Topic {
    pub fn new(of: SourceTopic) -> Topic {
        let partitions = of.partitions;
        Topic { of, partitions, grown: false, counted_at: None, unanswered_at: None, slots: Vec::new() }
    }

    /// Takes over a partition.
    pub fn add(&mut self, partition: i32) {
        let Ok(ix) = usize::try_from(partition) else { return };
        if ix >= self.slots.len() {
            self.slots.resize_with(ix + 1, || None);
        }
        let input = Input { source: Arc::clone(&self.of.source), partition: Partition(partition) };
        self.slots[ix] = Some(Slot::new(input, Arc::clone(&self.of.topic), self.of.partitioner));
    }

    /// Gives a partition up.
    pub fn remove(&mut self, partition: i32) {
        if let Some(slot) = usize::try_from(partition).ok().and_then(|ix| self.slots.get_mut(ix)) {
            *slot = None;
        }
    }

    /// The slot of a partition.
    pub fn slot(&mut self, partition: i32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(partition).ok()?)?.as_mut()
    }

    /// Those that this process has.
    pub fn slots(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().flatten()
    }

    /// Whether the number of partitions is to be looked up again; `wanted`: a partition waits for it.
    pub fn is_to_count(&self, wanted: bool, now: Instant) -> bool {
        let old = self.counted_at.is_none_or(|at| now.saturating_duration_since(at) >= COUNT_EVERY);
        (wanted || old) && self.is_answering(now)
    }

    /// The number of partitions was found.
    pub fn count(&mut self, found: u32, now: Instant) -> Counted {
        self.counted_at = Some(now);
        let expected = *self.partitions.get_or_insert(found);
        if self.grown {
            return Counted::GrownBefore;
        }
        if expected == found {
            return Counted::Same(found);
        }
        self.grown = true;
        Counted::Grown { from: expected, to: found }
    }

    /// Whether its brokers may be asked.
    pub fn is_answering(&self, now: Instant) -> bool {
        self.unanswered_at.is_none_or(|at| now.saturating_duration_since(at) >= ASK_AGAIN_AFTER)
    }

    /// A question got an answer, or none.
    pub fn answered(&mut self, answered: bool) {
        self.unanswered_at = (!answered).then(Instant::now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Partitioner;

    fn topic(partitions: Option<u32>) -> Topic {
        let (source, topic) = ("s".into(), "t".into());
        Topic::new(SourceTopic { source, topic, partitioner: Partitioner::Any, partitions, on_gap_skip: false })
    }

    #[test]
    fn another_number_of_partitions_is_told_once() {
        let now = Instant::now();
        let mut seen = topic(None);
        assert_eq!(seen.count(3, now), Counted::Same(3));
        assert_eq!(seen.count(3, now), Counted::Same(3));
        assert_eq!(seen.count(4, now), Counted::Grown { from: 3, to: 4 });
        assert_eq!(seen.count(4, now), Counted::GrownBefore);
        assert_eq!(seen.count(3, now), Counted::GrownBefore, "what was produced meanwhile lies elsewhere");
        assert_eq!(topic(Some(2)).count(3, now), Counted::Grown { from: 2, to: 3 });
        assert_eq!(topic(Some(3)).count(2, now), Counted::Grown { from: 3, to: 2 });
    }

    #[test]
    fn it_is_counted_when_wanted_and_from_time_to_time() {
        let now = Instant::now();
        let mut topic = topic(None);
        assert!(topic.is_to_count(false, now));
        topic.count(1, now);
        assert!(!topic.is_to_count(false, now) && topic.is_to_count(true, now));
        assert!(topic.is_to_count(false, now + COUNT_EVERY));
        topic.answered(false);
        assert!(!topic.is_to_count(true, Instant::now()) && topic.is_to_count(true, Instant::now() + ASK_AGAIN_AFTER));
        topic.answered(true);
        assert!(topic.is_to_count(true, Instant::now()));
    }

    #[test]
    fn partitions_come_and_go() {
        let mut topic = topic(None);
        topic.add(2);
        topic.add(0);
        assert!(topic.slot(1).is_none() && topic.slot(2).is_some() && topic.slot(-1).is_none());
        topic.remove(2);
        topic.remove(9);
        assert_eq!(topic.slots().map(|slot| slot.input.to_string()).collect::<Vec<_>>(), ["s/0"]);
    }
}
