//! Whether the loops of a process still turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// The loops of a process. Clones share them.
///
/// ```
/// # use headwater_runtime::Pulses;
/// let pulses = Pulses::default();
/// let pulse = pulses.begin("reader");
/// pulse.beat();
/// assert_eq!(pulses.slowest().unwrap().name, "reader");
/// drop(pulse);
/// assert!(pulses.slowest().is_none(), "a loop that has ended stands still for nobody");
/// ```
#[derive(Clone)]
pub struct Pulses {
    began: Instant,
    loops: Arc<Mutex<Vec<Weak<Loop>>>>,
}

impl Default for Pulses {
    fn default() -> Self {
        Pulses { began: Instant::now(), loops: Arc::default() }
    }
}

struct Loop {
    name: String,
    began: Instant,
    /// Milliseconds from `began` to the last turn, or to where it need not turn before.
    turned: AtomicU64,
}

impl Loop {
    fn turned(&self, and: Duration) {
        self.turned.store((self.began.elapsed() + and).as_millis() as u64, Ordering::Relaxed);
    }
}

/// A loop that says when it turns. Clones are the same loop, which ends when the last of them is dropped.
#[derive(Clone)]
pub struct Pulse(Arc<Loop>);

/// A loop, and how long ago it last turned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// The loop.
    pub name: String,
    /// Since its last turn.
    pub age: Duration,
}

impl Pulses {
    /// A loop begins, and turns.
    pub fn begin(&self, name: &str) -> Pulse {
        let pulse = Pulse(Arc::new(Loop { name: name.to_owned(), began: self.began, turned: AtomicU64::new(0) }));
        pulse.beat();
        let mut loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        loops.retain(|of| of.strong_count() > 0);
        loops.push(Arc::downgrade(&pulse.0));
        pulse
    }

    /// Every loop that has not ended.
    pub fn all(&self) -> Vec<Standstill> {
        let now = self.began.elapsed().as_millis() as u64;
        let loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |of: &Loop| Duration::from_millis(now.saturating_sub(of.turned.load(Ordering::Relaxed)));
        loops.iter().filter_map(Weak::upgrade).map(|of| Standstill { name: of.name.clone(), age: age(&of) }).collect()
    }

    /// The loop that has stood still longest.
    pub fn slowest(&self) -> Option<Standstill> {
        self.all().into_iter().max_by_key(|standstill| standstill.age)
    }
}

impl Pulse {
    /// It turns.
    pub fn beat(&self) {
        self.0.turned(Duration::ZERO);
    }

    /// It waits for another, who answers in so long at most: until then standing still says nothing.
    pub fn wait(&self, at_most: Duration) {
        self.0.turned(at_most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_stands_still_is_named_until_it_turns_or_ends() {
        let pulses = Pulses { began: Instant::now() - Duration::from_secs(100), loops: Arc::default() };
        let (still, other) = (pulses.begin("still"), pulses.begin("other"));
        still.0.turned.store(10_000, Ordering::Relaxed);
        let slowest = pulses.slowest().unwrap();
        assert_eq!(slowest.name, "still");
        assert!(slowest.age >= Duration::from_secs(90), "{slowest:?}");
        let twin = still.clone();
        drop(still);
        assert_eq!(pulses.slowest().unwrap().name, "still");
        twin.wait(Duration::from_secs(3_600));
        assert_eq!(pulses.all()[0].age, Duration::ZERO, "it may stand still for an hour");
        twin.beat();
        assert!(pulses.all().iter().all(|of| of.age < Duration::from_secs(90)));
        drop(twin);
        assert_eq!(pulses.all().len(), 1);
        drop(other);
        assert_eq!(pulses.slowest(), None);
    }
}
