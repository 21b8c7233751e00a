//! Who may publish: the inputs that this process owns, each with the start that was made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headwater_model::Input;

use crate::Term;

/// The right to publish of inputs. The reader takes it away before it says that an input goes elsewhere; a publisher
/// holds it for the length of a transaction.
///
/// A start that was made of an earlier assignment gives no right: between the two another process may have owned the
/// input. So an input counts as owned only once the taker has heard of its latest assignment.
#[derive(Default)]
pub struct PublishRight {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Assigned to this process and told to the taker, or on the way to it.
    owned: BTreeSet<Input>,
    /// How many tellings are still on their way.
    unheard: BTreeMap<Input, u32>,
    rights: BTreeMap<Input, Term>,
    held: bool,
}

impl PublishRight {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nobody panics while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else holds the rights, and holds them. Whoever holds them delays every revoke, so a
    /// transaction must end within its bound.
    pub fn hold(&self) -> HeldRights<'_> {
        let mut state = self.lock();
        while state.held {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.held = true;
        HeldRights { of: self, rights: state.rights.clone() }
    }

    /// An input is about to be told to the taker.
    pub(super) fn announce(&self, input: &Input) {
        let mut state = self.lock();
        state.owned.insert(input.clone());
        *state.unheard.entry(input.clone()).or_default() += 1;
    }

    /// The taker was told.
    pub(super) fn heard(&self, input: &Input) {
        let mut state = self.lock();
        if let Some(left) = state.unheard.get_mut(input) {
            *left -= 1;
            if *left == 0 {
                state.unheard.remove(input);
            }
        }
    }

    /// Gives the right to a start. `false` when the input is gone, or was gone in between.
    pub(super) fn grant(&self, input: &Input, term: Term) -> bool {
        let mut state = self.lock();
        let owned = state.owned.contains(input) && !state.unheard.contains_key(input);
        if owned {
            state.rights.insert(input.clone(), term);
        }
        owned
    }

    /// Whether the right is with this start.
    pub(super) fn is(&self, input: &Input, term: Term) -> bool {
        self.lock().rights.get(input) == Some(&term)
    }

    /// Takes the right away. Returns those inputs that the taker was told of.
    pub(super) fn take<'a>(&self, inputs: impl IntoIterator<Item = &'a Input>) -> Vec<Input> {
        let mut state = self.lock();
        let gone = |input: &&Input| {
            state.rights.remove(*input);
            state.owned.remove(*input)
        };
        inputs.into_iter().filter(gone).cloned().collect()
    }

    /// Takes every right away, for good: the reader ends.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.owned.clear();
        state.rights.clear();
    }

    /// Waits until nobody holds the rights, at most so long. Says whether that is so.
    pub(super) fn settle(&self, at_most: Duration) -> bool {
        let deadline = Instant::now() + at_most;
        let mut state = self.lock();
        while state.held {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// The rights as they were when they were taken up. They cannot leave this process before this is dropped, unless it is
/// held longer than a transaction may last.
pub struct HeldRights<'a> {
    of: &'a PublishRight,
    rights: BTreeMap<Input, Term>,
}

impl Deref for HeldRights<'_> {
    type Target = BTreeMap<Input, Term>;

    fn deref(&self) -> &BTreeMap<Input, Term> {
        &self.rights
    }
}

impl Drop for HeldRights<'_> {
    fn drop(&mut self) {
        self.of.lock().held = false;
        self.of.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[test]
    fn a_right_goes_with_the_assignment() {
        let right = PublishRight::default();
        let input = Input::parse("trade/1").unwrap();
        assert!(!right.grant(&input, Term(1)));
        right.announce(&input);
        assert!(!right.grant(&input, Term(1)), "not told yet");
        right.heard(&input);
        assert!(right.grant(&input, Term(1)) && right.is(&input, Term(1)));
        assert_eq!(right.hold().get(&input), Some(&Term(1)));

        assert_eq!(right.take([&input]), std::slice::from_ref(&input));
        assert!(right.hold().is_empty() && right.take([&input]).is_empty());
    }

    #[test]
    fn a_start_of_an_earlier_assignment_has_none() {
        let right = PublishRight::default();
        let input = Input::parse("trade/1").unwrap();
        right.announce(&input);
        right.take([&input]);
        right.announce(&input);
        // The taker hears of the first assignment only now.
        right.heard(&input);
        assert!(!right.grant(&input, Term(1)));
        right.heard(&input);
        assert!(right.grant(&input, Term(2)));
    }

    #[test]
    fn a_reader_that_ends_leaves_none() {
        let right = PublishRight::default();
        let input = Input::parse("trade/1").unwrap();
        right.announce(&input);
        right.heard(&input);
        assert!(right.grant(&input, Term(1)));
        right.close();
        assert!(right.hold().is_empty() && !right.grant(&input, Term(2)));
    }

    #[test]
    fn taking_away_waits_for_a_transaction() {
        let right = PublishRight::default();
        let input = Input::parse("trade/1").unwrap();
        right.announce(&input);
        right.heard(&input);
        right.grant(&input, Term(1));
        std::thread::scope(|scope| {
            let held = right.hold();
            right.take([&input]);
            assert!(!right.settle(SOON) && held.contains_key(&input));
            let waiting = scope.spawn(|| right.settle(Duration::from_secs(60)));
            drop(held);
            assert!(waiting.join().unwrap());
        });
        assert!(right.hold().is_empty());
    }
}
