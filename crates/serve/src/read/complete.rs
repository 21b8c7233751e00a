//! Up to which day figures have most likely all arrived, for one reader.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use headwater_model::{Day, PaneKey};
use headwater_window::{Panes, complete_to};

use super::View;

/// The line of completeness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complete {
    /// The earliest of all sources; none without data.
    pub overall: Option<Day>,
    /// The source that sets it.
    pub set_by: Option<String>,
    /// By source.
    pub sources: BTreeMap<String, Day>,
}

impl View<'_> {
    /// Whether the reader sees each access class, by its number.
    pub(super) fn classes(&self) -> Vec<bool> {
        self.held().names.accesses.iter().map(|(_, access)| self.reader.may_see_class(access)).collect()
    }

    /// The line of completeness from what the reader sees ([`complete_to`]). It is computed once for all readers who see
    /// the same, until something is committed.
    pub fn complete(&self) -> Complete {
        let (held, seen) = (self.held(), self.classes());
        if let Some(line) = held.lines.lock().unwrap_or_else(PoisonError::into_inner).get(&seen) {
            return line.clone();
        }
        let mut panes = Panes::default();
        for (id, _) in held.names.series.iter().filter(|(_, series)| seen[series.access.index()]) {
            for (spot, sums) in &held.shelves[id.index()].panes {
                let key = PaneKey {
                    series: id,
                    event_day: spot.first,
                    period_days: spot.period_days,
                    known_on: spot.known_on,
                };
                // One pane a key: nothing is added up, so nothing can leave 64 bits.
                let _ = panes.add(key, *sums);
            }
        }
        let line = complete_to(&panes.sorted(&held.names), &held.names, None);
        let set_by = line.sources.iter().min_by_key(|(_, day)| **day).map(|(source, _)| source.clone());
        let line = Complete { overall: line.overall, set_by, sources: line.sources };
        held.lines.lock().unwrap_or_else(PoisonError::into_inner).insert(seen, line.clone());
        line
    }
}
