//! The alert log as a reader of it keeps it: where it ends, and what it told last of each alert.

use std::collections::{BTreeMap, VecDeque};

use headwater_model::{Alert, Day, Priority};
use headwater_store::DetectEntry;

use crate::detecting::Walked;

/// Days that one entry closes at most: a backfill of years becomes many entries, each written and told in seconds.
pub const ENTRY_DAYS_MAX: usize = 90;
/// Alerts after which an entry takes no further day; some 8 KiB each.
pub const ENTRY_ALERTS_MAX: usize = 1_000;

/// What the log says so far.
#[derive(Debug, Default)]
pub struct Log {
    /// Number of the entry to come.
    pub next: u64,
    /// The last closed day.
    pub closed_to: Option<Day>,
    /// The last revision of each alert.
    pub told: BTreeMap<String, Alert>,
}

impl Log {
    /// Takes the entry that stands under [`Log::next`].
    pub fn push(&mut self, entry: &DetectEntry) {
        self.next += 1;
        self.closed_to = self.closed_to.max(Some(entry.closed_to));
        for alert in &entry.alerts {
            self.told.insert(alert.alert_id.clone(), alert.clone());
        }
    }
}

/// Days walked that the log does not have yet.
#[derive(Debug, Default)]
pub struct Open(VecDeque<Walked>);

impl Open {
    /// One more day.
    pub fn push(&mut self, walked: Walked) {
        self.0.push_back(walked);
    }

    /// Whether an entry takes no further day.
    pub fn is_full(&self) -> bool {
        self.0.len() >= ENTRY_DAYS_MAX || self.0.iter().map(|day| day.alerts.len()).sum::<usize>() >= ENTRY_ALERTS_MAX
    }

    /// The last day and every alert of the days.
    pub fn entry(&self) -> Option<(Day, Vec<Alert>)> {
        let last = self.0.back()?;
        Some((last.day.0, self.0.iter().flat_map(|day| day.alerts.iter().cloned()).collect()))
    }

    /// The alerts of the days up to one that the log now has.
    pub fn close(&mut self, up_to: Day) -> Vec<Alert> {
        let mut alerts = Vec::new();
        while let Some(day) = self.0.pop_front_if(|day| day.day.0 <= up_to) {
            alerts.extend(day.alerts);
        }
        alerts
    }
}

/// The first alert in which what the log told differs from what was computed again, versions and places in the week
/// aside: none where they are the same, revision for revision. (A place is a function of the scores, which are compared,
/// and of the budgets, which people may change on any day; an exercise is computed from nothing.)
pub fn first_difference<'a>(told: &'a [Alert], computed: &'a [Alert]) -> Option<&'a Alert> {
    let same = |(told, computed): &(&Alert, &Alert)| {
        let Priority { rank, within_budget, .. } = told.priority;
        let priority = Priority { rank, within_budget, ..computed.priority };
        **told == Alert { versions: told.versions.clone(), priority, ..(*computed).clone() }
    };
    let told: Vec<&Alert> = told.iter().filter(|alert| !alert.exercise).collect();
    let at = told.iter().copied().zip(computed).take_while(same).count();
    match (told.get(at).copied(), computed.get(at)) {
        (Some(told), Some(computed)) => Some(if computed.as_of < told.as_of { computed } else { told }),
        (told, computed) => told.or(computed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_place_in_the_week_is_no_difference_and_another_score_is() {
        let text = include_str!("../../../../schemas/alert/examples/valid/displacement-world.json");
        let told = vec![serde_json::from_str::<Alert>(text).unwrap()];
        let differs = |change: fn(&mut Alert)| {
            let mut computed = told.clone();
            change(&mut computed[0]);
            first_difference(&told, &computed).is_some()
        };
        assert!(!differs(|alert| {
            alert.priority.rank += 7;
            alert.priority.within_budget = !alert.priority.within_budget;
            alert.versions.build = "another".into();
        }));
        assert!(differs(|alert| alert.priority.score += 1.0));
        let exercise = Alert { exercise: true, ..told[0].clone() };
        assert_eq!(first_difference(&[exercise, told[0].clone()], &told), None);
    }
}
