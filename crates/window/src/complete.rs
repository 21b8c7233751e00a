//! The line of completeness: up to which day a source's figures have most likely all arrived.

use std::collections::BTreeMap;

use headwater_model::{Day, KnownDay, Names};

use crate::PaneIndex;

/// Known days over which a source's delay is measured: a year of whole weeks.
pub const COMPLETE_DAYS: i32 = 364;
/// The percentile of the delay, in percent.
pub const COMPLETE_PERCENT: i64 = 90;

/// Up to which day the figures are complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompleteTo {
    /// The earliest of all sources; none without data.
    pub overall: Option<Day>,
    /// By source, in the order of their names.
    pub sources: BTreeMap<Box<str>, Day>,
}

/// Per source, its last known day less the 90th percentile of its reporting delay over the 364 known days that end
/// there; overall the earliest.
///
/// The delay of an event is its known day less the last day of its period, at least 0 (a notice is known before). The
/// percentile is the nearest rank: the smallest delay that at least 90 % of the events do not exceed. Events are summed
/// per source, known day and last day first, so that a correction of an amount or a route (-1 and +1) weighs nothing;
/// sums below zero (withdrawals) count as none. A source that only took back in that time has delay 0.
pub fn complete_to(panes: &PaneIndex, names: &Names, as_of: Option<KnownDay>) -> CompleteTo {
    let mut events: BTreeMap<&str, BTreeMap<(KnownDay, Day), i64>> = BTreeMap::new();
    for pane in panes.up_to(as_of) {
        let source = names.sources.get(names.series.get(pane.key.series).source);
        let days = (pane.key.known_on, pane.key.period().last());
        *events.entry(source).or_default().entry(days).or_default() += pane.sums.events;
    }
    let sources: BTreeMap<Box<str>, Day> =
        events.into_iter().filter_map(|(source, events)| Some((source.into(), source_complete_to(&events)?))).collect();
    CompleteTo { overall: sources.values().min().copied(), sources }
}

fn source_complete_to(events: &BTreeMap<(KnownDay, Day), i64>) -> Option<Day> {
    let (&(KnownDay(last), _), _) = events.last_key_value()?;
    let mut delays: BTreeMap<i32, i64> = BTreeMap::new();
    for (&(KnownDay(known), figure), &count) in events {
        if known > last - COMPLETE_DAYS && count > 0 {
            *delays.entry((known - figure).max(0)).or_default() += count;
        }
    }
    let all: i64 = delays.values().sum();
    let mut within = 0;
    let delay = delays.iter().find(|&(_, count)| {
        within += count;
        within * 100 >= all * COMPLETE_PERCENT
    });
    Some(last - delay.map_or(0, |(&days, _)| days))
}
