//! Events between the two threads, bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headwater_model::{RawBatch, RawRecord};

use crate::SourceEvent;

/// Bytes of batches waiting. Some batches of 1 MiB keep the taker busy while the poller waits for the network; more
/// would only be memory.
const WAITING_BYTES_MAX: usize = 16 << 20;

/// What an event holds in memory.
pub(crate) trait Weight {
    /// Bytes; 0 for what is small and rare.
    fn bytes(&self) -> usize;
}

impl Weight for SourceEvent {
    fn bytes(&self) -> usize {
        match self {
            SourceEvent::Batch { batch, .. } => of_batch(batch),
            _ => 0,
        }
    }
}

fn of_batch(batch: &RawBatch) -> usize {
    // The capacity is what a small batch really holds; what a file's name and its progress take is a few hundred bytes.
    batch.data.capacity().max(512) + batch.records.capacity() * size_of::<RawRecord>()
}

/// Pushing never blocks: the reading thread asks for room before it reads on, so that it can serve wishes meanwhile. It
/// may exceed the bound by what one run of reading brings.
pub(crate) struct Queue<E> {
    state: Mutex<State<E>>,
    changed: Condvar,
}

struct State<E> {
    events: VecDeque<E>,
    bytes: usize,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue { state: Mutex::new(State { events: VecDeque::new(), bytes: 0 }), changed: Condvar::new() }
    }
}

impl<E: Weight> Queue<E> {
    fn lock(&self) -> MutexGuard<'_, State<E>> {
        // Nobody panics while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event.
    pub fn push(&self, event: E) {
        let mut state = self.lock();
        state.bytes += event.bytes();
        state.events.push_back(event);
        drop(state);
        self.changed.notify_all();
    }

    /// Takes the oldest event, or gives up after a time.
    pub fn pop(&self, at_most: Duration) -> Option<E> {
        let deadline = Instant::now() + at_most;
        let mut state = self.lock();
        loop {
            if let Some(event) = state.events.pop_front() {
                state.bytes -= event.bytes();
                drop(state);
                self.changed.notify_all();
                return Some(event);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until there is room, at most so long. Says whether there is.
    pub fn room(&self, at_most: Duration) -> bool {
        let state = self.lock();
        if state.bytes < WAITING_BYTES_MAX {
            return true;
        }
        let state = self.changed.wait_timeout(state, at_most).unwrap_or_else(PoisonError::into_inner).0;
        state.bytes < WAITING_BYTES_MAX
    }

    /// Wakes whoever waits.
    pub fn wake(&self) {
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::{Input, Offset, Partition, Progress};

    use super::*;
    use crate::Term;

    #[test]
    fn bytes_bound_it_and_order_holds() {
        let queue = Queue::default();
        let batch = |partition| {
            let batch = RawBatch {
                data: vec![0u8; WAITING_BYTES_MAX / 2].into(),
                records: Vec::new(),
                origin: "t".into(),
                partition: Partition(partition),
                spilled: Vec::new(),
                misrouted: Vec::new(),
            };
            let input = Input { source: "s".into(), partition: Partition(partition) };
            SourceEvent::Batch { input, term: Term(0), batch, to: Progress::Offset(Offset(0)) }
        };
        let soon = Duration::from_millis(1);
        assert!(queue.pop(soon).is_none() && queue.room(soon));
        queue.push(batch(1));
        assert!(queue.room(soon));
        queue.push(batch(2));
        assert!(!queue.room(soon));
        assert!(matches!(queue.pop(soon), Some(SourceEvent::Batch { batch, .. }) if batch.partition == Partition(1)));
        assert!(queue.room(soon));
        assert!(matches!(queue.pop(soon), Some(SourceEvent::Batch { batch, .. }) if batch.partition == Partition(2)));
    }
}
