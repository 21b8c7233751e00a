//! Events between the two threads, bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::KafkaEvent;

/// Bytes of batches waiting. Some batches of 1 MiB keep the taker busy while the poller waits for the network; more
/// would only be memory.
const WAITING_BYTES_MAX: usize = 16 << 20;

/// Pushing never blocks: the poller asks for room before it polls, so that it can serve commits meanwhile. It may
/// exceed the bound by what one run of polling brings.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: VecDeque<KafkaEvent>,
    bytes: usize,
}

fn bytes(event: &KafkaEvent) -> usize {
    match event {
        KafkaEvent::Batch(batch) => batch.data.len() + batch.records.len() * size_of::<headwater_model::RawRecord>(),
        _ => 0,
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nobody panics while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event.
    pub fn push(&self, event: KafkaEvent) {
        let mut state = self.lock();
        state.bytes += bytes(&event);
        state.events.push_back(event);
        drop(state);
        self.changed.notify_all();
    }

    /// Takes the oldest event, or gives up after a time.
    pub fn pop(&self, at_most: Duration) -> Option<KafkaEvent> {
        let deadline = Instant::now() + at_most;
        let mut state = self.lock();
        loop {
            if let Some(event) = state.events.pop_front() {
                state.bytes -= bytes(&event);
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
    use headwater_model::{Partition, RawBatch};

    use super::*;

    #[test]
    fn bytes_bound_it_and_order_holds() {
        let queue = Queue::default();
        let batch = |partition| {
            KafkaEvent::Batch(RawBatch {
                data: vec![0u8; WAITING_BYTES_MAX / 2].into(),
                records: Vec::new(),
                origin: "t".into(),
                partition: Partition(partition),
                spilled: Vec::new(),
                misrouted: Vec::new(),
            })
        };
        let soon = Duration::from_millis(1);
        assert!(queue.pop(soon).is_none() && queue.room(soon));
        queue.push(batch(1));
        assert!(queue.room(soon));
        queue.push(batch(2));
        assert!(!queue.room(soon));
        assert!(matches!(queue.pop(soon), Some(KafkaEvent::Batch(batch)) if batch.partition == Partition(1)));
        assert!(queue.room(soon));
        assert!(matches!(queue.pop(soon), Some(KafkaEvent::Batch(batch)) if batch.partition == Partition(2)));
    }
}
