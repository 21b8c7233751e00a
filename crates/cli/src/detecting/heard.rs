//! What is logged of where detection stands.

use std::time::Instant;

use headwater_log::{DaysClosed, DetectHeld, DetectTurned, SAY_EVERY};
use headwater_model::Day;

use crate::detecting::{Holder, Standing};

/// What was heard last. The holder of the next day changes with every clock of every input, so it is said once in a
/// while.
#[derive(Default)]
pub struct Heard {
    active: Option<bool>,
    closed_to: Option<Day>,
    held: Option<(Holder, Instant)>,
}

impl Heard {
    /// Says what is news of where it stands.
    pub fn hear(&mut self, standing: &Standing, now: Instant) {
        let Standing { closed_to, held_by, active, late, .. } = standing;
        if self.active.replace(*active) != Some(*active) {
            DetectTurned { active: *active, day: *closed_to }.log();
        }
        let is_due =
            |said: &(Holder, Instant)| said.0 != *held_by && now.saturating_duration_since(said.1) >= SAY_EVERY;
        if *closed_to > self.closed_to {
            self.closed_to = *closed_to;
            if let Some(day) = *closed_to {
                DaysClosed { day, held_by, late: *late }.log();
            }
        } else if self.held.as_ref().is_none_or(is_due) {
            DetectHeld { day: *closed_to, held_by }.log();
        } else {
            return;
        }
        self.held = Some((held_by.clone(), now));
    }
}
