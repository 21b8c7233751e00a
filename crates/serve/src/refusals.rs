//! That somebody was not let in, written down as far as the audit log is not filled by it.

use headwater_people::{Action, By, Moment, People, PeopleError};

use crate::Rate;
use crate::rate::Rates;

/// By whom it is written down where nobody knows who it was.
const GATE: &str = "gate";

/// Refusals that are written down: ten at once, then one in ten seconds. Whoever tries many fills no log.
const WRITTEN: Rate = Rate { burst: 10, per_minute: 6 };

/// Writes refusals down.
pub(crate) struct Refusals {
    people: People,
    rates: Rates,
}

impl Refusals {
    pub fn new(people: People) -> Refusals {
        Refusals { people, rates: Rates::new(WRITTEN) }
    }

    /// Writes down that somebody (empty: nobody knows who) was not let in. Nothing of what they showed: it may be
    /// another's good one, mistyped.
    pub async fn write(&self, who: &str, detail: &str, now: Moment) -> Result<(), PeopleError> {
        if self.rates.take(GATE, now).is_err() {
            return Ok(());
        }
        let who = if who.is_empty() { GATE } else { who };
        self.people.record(Action::SignInFailed, "", detail, By { who, at: now }).await
    }
}
