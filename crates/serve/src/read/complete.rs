//! Up to which day figures have most likely all arrived, for one reader.

use headwater_model::Day;

use super::SourceState;

/// The line of completeness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complete {
    /// The earliest of all sources; none without data.
    pub overall: Option<Day>,
    /// The source that sets it.
    pub set_by: Option<String>,
}

impl Complete {
    /// Of sources by name: the first by name of those that are complete to the earliest day sets it.
    pub(super) fn of(sources: &[SourceState]) -> Complete {
        let earliest = sources.iter().min_by_key(|state| state.complete_to());
        let (overall, set_by) = earliest.map(|state| (state.complete_to(), state.source.clone())).unzip();
        Complete { overall, set_by }
    }
}
