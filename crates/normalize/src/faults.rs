//! Faults of type and length, kept until it is known which parts of an event count.

use headwater_model::Reason;

use crate::fault::{Fault, Judged, Path};
use crate::key::Key;

/// Faults of type and length, the first by the contract's order in each part of an event: which parts count is known
/// only once `kind` and `status` are, and these may come last.
#[derive(Default)]
pub(crate) struct TypeFaults {
    /// At most one for each part; an event without faults costs nothing.
    first: Vec<(Part, Path, Box<Fault>)>,
}

/// The parts of an event that count or not by its kind and status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What every record has.
    Core,
    /// What trade and seizure events have.
    Common,
    Trade,
    Seizure,
}

impl Part {
    pub fn of(key: Key) -> Part {
        match key {
            Key::EventId | Key::Revision | Key::Status | Key::ReportedAt | Key::Source => Part::Core,
            Key::Item | Key::Quantity => Part::Trade,
            Key::Place | Key::Items | Key::Incidents => Part::Seizure,
            _ => Part::Common,
        }
    }
}

impl TypeFaults {
    #[cold]
    pub fn note(&mut self, path: Path, reason: Reason, message: String) {
        let part = Part::of(path.top());
        match self.first.iter_mut().find(|(of, ..)| *of == part) {
            None => self.first.push((part, path, Fault::new(reason, path, message))),
            Some((_, held, fault)) if path < *held => (*held, *fault) = (path, Fault::new(reason, path, message)),
            Some(_) => {}
        }
    }

    /// The first fault of the parts that count.
    pub fn first(&mut self, parts: &[Part]) -> Judged<()> {
        let counting = |(_, (part, ..)): &(usize, &(Part, Path, Box<Fault>))| parts.contains(part);
        let first = self.first.iter().enumerate().filter(counting).min_by_key(|(_, (_, path, _))| *path);
        match first.map(|(i, _)| i) {
            None => Ok(()),
            Some(i) => Err(self.first.swap_remove(i).2),
        }
    }
}
