//! Alerts with all their revisions, and which of them a reader sees.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_model::{Alert, AlertStatus, Band, Day, Kind, Marking, Raised};

use super::View;

/// Days over which a desk's budget is counted.
const WEEK_DAYS: i32 = 7;

/// Every revision in the order in which it was told.
#[derive(Default)]
pub(super) struct Book {
    told: Vec<Arc<Alert>>,
    by_id: BTreeMap<String, Vec<usize>>,
}

impl Book {
    pub fn add(&mut self, alert: Alert) {
        self.by_id.entry(alert.alert_id.clone()).or_default().push(self.told.len());
        self.told.push(Arc::new(alert));
    }
}

/// Which alerts are asked for; what is absent does not narrow.
#[derive(Clone, Debug, Default)]
pub struct AlertFilter {
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// Of these families.
    pub families: Vec<String>,
    /// That name one of these as falling or rising.
    pub substances: Vec<String>,
    /// Into these markets.
    pub markets: Vec<String>,
    /// Whose last revision says so.
    pub statuses: Vec<AlertStatus>,
    /// Of these bands of priority.
    pub bands: Vec<Band>,
    /// Whose last revision is of that day or later.
    pub since: Option<Day>,
    /// Exercises alone, or none of them.
    pub exercise: Option<bool>,
    /// As they stood on that day.
    pub as_of: Option<Day>,
}

impl AlertFilter {
    fn takes(&self, alert: &Alert) -> bool {
        fn any<T: PartialEq>(list: &[T], of: impl Fn(&T) -> bool) -> bool {
            list.is_empty() || list.iter().any(of)
        }
        let moved = |id: &String| alert.falling.iter().chain(&alert.rising).any(|mover| mover.id == *id);
        any(&self.kinds, |kind| *kind == alert.kind)
            && any(&self.families, |family| *family == alert.family)
            && any(&self.substances, moved)
            && any(&self.markets, |market| *market == alert.market)
            && any(&self.statuses, |status| *status == alert.status)
            && any(&self.bands, |band| *band == alert.priority.band)
            && self.exercise.is_none_or(|exercise| alert.exercise == exercise)
            && self.since.is_none_or(|since| alert.as_of >= since)
    }
}

/// In which order alerts come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The band, then the score, the highest first.
    #[default]
    Priority,
    /// The day of the last revision, the latest first.
    Newest,
}

impl Sort {
    /// The word of a query.
    pub fn as_str(self) -> &'static str {
        match self {
            Sort::Priority => "priority",
            Sort::Newest => "newest",
        }
    }

    /// The place of an alert: texts that ascend as the list does. It tells of that alert alone, for it stands in the
    /// cursor that the reader gets.
    fn place(self, alert: &Alert) -> String {
        match self {
            Sort::Priority => {
                let band = Band::ALL.iter().position(|band| *band == alert.priority.band).unwrap_or(Band::ALL.len());
                format!("{band}-{:016x}-{}", descending(alert.priority.score), alert.alert_id)
            }
            Sort::Newest => format!("{:08x}-{}", !(alert.as_of.0.cast_unsigned() ^ 1 << 31), alert.alert_id),
        }
    }
}

/// Bits that ascend as a finite number descends.
fn descending(x: f64) -> u64 {
    let bits = x.to_bits();
    // The order of IEEE 754 numbers as integers: negative ones count down.
    let ascending = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    !ascending
}

/// How many alerts there are, as far as the reader sees them. An exercise counts as one and as nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Exercises that the filter takes.
    pub exercises: u64,
    /// That the filter takes.
    pub matching: u64,
    /// In all, as of the day asked for.
    pub without_filter: u64,
    /// Of those that match, by status.
    pub by_status: BTreeMap<&'static str, u64>,
    /// By kind.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// By band.
    pub by_priority: BTreeMap<&'static str, u64>,
    /// By family.
    pub by_family: BTreeMap<String, u64>,
    /// By market.
    pub by_market: BTreeMap<String, u64>,
    /// First raised in the seven days up to the last closed day, or to the day asked for, whatever the filter.
    pub raised_in_week: u64,
    /// The last day on which an alert was first raised, whatever the filter.
    pub last_raised: Option<Day>,
}

/// Some of the alerts that match.
pub struct AlertPage {
    /// As many as were asked for.
    pub alerts: Vec<Arc<Alert>>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// All that match, and all.
    pub counted: Counted,
}

/// How a reader sees an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The narrowest label of the revisions that they see.
    pub marking: Marking,
    /// The last revision that they see.
    pub revision: u32,
    /// Whether they see every revision.
    pub whole: bool,
}

/// Alerts that were told after a place in the log.
pub struct Told {
    /// In the order in which they were told.
    pub alerts: Vec<Arc<Alert>>,
    /// Where to go on: a number of this process alone, which no reader gets, for it counts what they may not see.
    pub next: usize,
    /// More was told than may be made up for.
    pub skipped: bool,
}

impl View<'_> {
    fn seen(&self, alert: &Alert) -> bool {
        self.reader.may_see(alert.marking, &alert.releasable_to)
    }

    /// The revisions of an alert that the reader sees, up to a day.
    fn revisions_of<'v>(&'v self, numbers: &'v [usize], as_of: Option<Day>) -> impl Iterator<Item = &'v Arc<Alert>> {
        let told = numbers.iter().map(|number| &self.held().book.told[*number]);
        told.filter(move |alert| as_of.is_none_or(|day| alert.as_of <= day) && self.seen(alert))
    }

    /// Each alert as the last revision that the reader sees gives it.
    fn standing(&self, as_of: Option<Day>) -> impl Iterator<Item = &Arc<Alert>> {
        self.held().book.by_id.values().filter_map(move |numbers| self.revisions_of(numbers, as_of).last())
    }

    /// Where an alert stands among those that the reader sees, and whether its budget has room for it: the rank that
    /// detection gave counts alerts that the reader may not see. An exercise takes no place among them.
    fn ranked(&self, alert: &Arc<Alert>, raised: &[Raised<'_>]) -> Arc<Alert> {
        if alert.exercise {
            return Arc::clone(alert);
        }
        let mut alert = Alert::clone(alert);
        // One whose first revision the reader may not see is ranked by what they see of it.
        let seen = raised.iter().any(|own| own.alert_id == alert.alert_id);
        let of_week = raised.iter().copied().chain((!seen).then(|| Raised::of(&alert)));
        let ranked = self.model.budgets.rank(alert.detected_at, of_week);
        let own = ranked.iter().find(|own| own.alert_id == alert.alert_id).map(|own| (own.rank, own.within_budget));
        if let Some(own) = own {
            (alert.priority.rank, alert.priority.within_budget) = own;
        }
        Arc::new(alert)
    }

    /// Every alert that the reader sees and that is no exercise, as it was first raised.
    fn raised(&self) -> Vec<Raised<'_>> {
        let firsts =
            self.held().book.told.iter().filter(|alert| alert.revision == 1 && !alert.exercise && self.seen(alert));
        firsts.map(|alert| Raised::of(alert)).collect()
    }

    /// How a reader sees an alert; none where there is no such alert, and none where they see nothing of it.
    pub fn sight(&self, id: &str) -> Option<Sight> {
        let numbers = self.held().book.by_id.get(id)?;
        let seen: Vec<&Arc<Alert>> = self.revisions_of(numbers, None).collect();
        let (last, marking) = (seen.last()?, seen.iter().map(|alert| alert.marking).max()?);
        Some(Sight { marking, revision: last.revision, whole: seen.len() == numbers.len() })
    }

    /// Alerts that the filter takes and `also` takes, from behind a place on, at most so many.
    pub fn alerts(
        &self,
        filter: &AlertFilter,
        also: &mut dyn FnMut(&Alert) -> bool,
        sort: Sort,
        after: Option<&str>,
        limit: usize,
    ) -> AlertPage {
        let mut counted = Counted::default();
        let mut matching: Vec<(String, &Arc<Alert>)> = Vec::new();
        let today = filter.as_of.or(self.closed_to());
        for alert in self.standing(filter.as_of) {
            if !alert.exercise {
                counted.without_filter += 1;
                let is_lately = today.is_some_and(|today| alert.detected_at > today - WEEK_DAYS);
                counted.raised_in_week += u64::from(is_lately);
                counted.last_raised = counted.last_raised.max(Some(alert.detected_at));
            }
            if filter.takes(alert) && also(alert) {
                matching.push((sort.place(alert), alert));
                if alert.exercise {
                    counted.exercises += 1;
                    continue;
                }
                counted.matching += 1;
                *counted.by_status.entry(alert.status.as_str()).or_default() += 1;
                *counted.by_kind.entry(alert.kind.as_str()).or_default() += 1;
                *counted.by_priority.entry(alert.priority.band.as_str()).or_default() += 1;
                *counted.by_family.entry(alert.family.clone()).or_default() += 1;
                *counted.by_market.entry(alert.market.clone()).or_default() += 1;
            }
        }
        matching.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let from = after.map_or(0, |after| matching.partition_point(|(place, _)| place.as_str() <= after));
        let raised = self.raised();
        let page = &matching[from..matching.len().min(from + limit)];
        let more = from + page.len() < matching.len();
        AlertPage {
            next: page.last().filter(|_| more).map(|(place, _)| place.clone()),
            alerts: page.iter().map(|(_, alert)| self.ranked(alert, &raised)).collect(),
            counted,
        }
    }

    /// The revisions of an alert that the reader sees, the last one last; none where there is no such alert, and none
    /// where the reader may not see it: the two are not told apart.
    pub fn alert(&self, id: &str, as_of: Option<Day>) -> Vec<Arc<Alert>> {
        let Some(numbers) = self.held().book.by_id.get(id) else { return Vec::new() };
        let raised = self.raised();
        self.revisions_of(numbers, as_of).map(|alert| self.ranked(alert, &raised)).collect()
    }

    /// How many revisions were told so far: where a stream begins that resumes nothing.
    pub(crate) fn end_of_log(&self) -> usize {
        self.held().book.told.len()
    }

    /// The last revision that was told and that the reader sees, as its id and number.
    pub(crate) fn last_told(&self) -> Option<(String, u32)> {
        let last = self.held().book.told.iter().rev().find(|alert| self.seen(alert))?;
        Some((last.alert_id.clone(), last.revision))
    }

    /// The place behind a revision that the reader sees.
    pub(crate) fn behind(&self, id: &str, revision: u32) -> Option<usize> {
        let numbers = self.held().book.by_id.get(id)?;
        let told = |number: &&usize| {
            let alert = &self.held().book.told[**number];
            alert.revision == revision && self.seen(alert)
        };
        numbers.iter().find(told).map(|number| number + 1)
    }

    /// What was told from a place on; where that is more than `at_most`, the last ones.
    pub(crate) fn told(&self, from: usize, at_most: usize) -> Told {
        let book = &self.held().book;
        let seen: Vec<&Arc<Alert>> =
            book.told.get(from..).unwrap_or_default().iter().filter(|alert| self.seen(alert)).collect();
        let skipped = seen.len() > at_most;
        let raised = if seen.is_empty() { Vec::new() } else { self.raised() };
        let last = &seen[seen.len().saturating_sub(at_most)..];
        Told { alerts: last.iter().map(|alert| self.ranked(alert, &raised)).collect(), next: book.told.len(), skipped }
    }
}
