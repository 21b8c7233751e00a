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
    pub sources: BTreeMap<String, Day>,
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
    let sources: BTreeMap<String, Day> =
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Said, after, known, mass};

    fn of(records: &[Said], as_of: Option<i32>) -> CompleteTo {
        let window = after(records);
        complete_to(&window.panes.sorted(&window.names), &window.names, as_of.map(known))
    }

    /// `count` events of a source, known on one day with one delay.
    fn reports(source: &'static str, known_on: i32, delay: i32, count: i32) -> Vec<Said> {
        let event = |n| format!("{known_on}/{delay}/{n}");
        let said = |n| Said { source, ..Said::new(&event(n), 0, known_on, &[mass(known_on - delay, 1)]) };
        (0..count).map(said).collect()
    }

    #[test]
    fn the_percentile_is_the_smallest_delay_that_nine_of_ten_do_not_exceed() {
        let nine = [reports("S", 1_000, 3, 9), reports("S", 1_000, 50, 1)].concat();
        assert_eq!(of(&nine, None).overall, Some(Day(997)));
        let eight = [reports("S", 1_000, 3, 8), reports("S", 1_000, 50, 1)].concat();
        assert_eq!(of(&eight, None).overall, Some(Day(950)));
    }

    #[test]
    fn only_the_last_year_counts_and_the_earliest_source_sets_the_line() {
        let old = [reports("S", 636, 90, 50), reports("S", 637, 20, 1), reports("S", 1_000, 2, 1)].concat();
        assert_eq!(of(&old, None).overall, Some(Day(980)), "636 is 364 days before 1000: outside; 637 is inside");
        let both = [reports("A", 500, 4, 3), reports("B", 510, 40, 3), reports("A", 520, 4, 1)].concat();
        let line = of(&both, None);
        let sources: Vec<_> = line.sources.iter().map(|(source, day)| (source.as_str(), day.0)).collect();
        assert_eq!((line.overall, sources), (Some(Day(470)), vec![("A", 516), ("B", 470)]));
        assert_eq!(of(&both, Some(519)).sources["A"], Day(496));
    }

    #[test]
    fn notices_have_no_delay_and_corrections_no_weight() {
        assert_eq!(of(&reports("S", 100, -30, 2), None).overall, Some(Day(100)));
        let mut corrected = reports("S", 100, 2, 1);
        corrected.push(Said { revision: 1, known_on: 400, lines: vec![mass(98, 7)], ..corrected[0].clone() });
        corrected.extend(reports("S", 400, 5, 1));
        assert_eq!(of(&corrected, None).overall, Some(Day(395)), "the correction's 302 days are not a delay");
        corrected.truncate(2);
        assert_eq!(of(&corrected, None).overall, Some(Day(398)));
    }

    #[test]
    fn a_source_that_only_took_back_is_complete_to_its_last_day() {
        let mut records = reports("S", 100, 2, 1);
        records.push(Said { withdrawn: true, known_on: 600, lines: vec![], ..records[0].clone() });
        assert_eq!(of(&records, None).overall, Some(Day(600)));
        assert_eq!(of(&[], None), CompleteTo::default());
    }

    #[test]
    fn a_source_that_only_corrected_is_complete_to_its_last_day() {
        let mut records = reports("S", 100, 2, 1);
        records.push(Said { revision: 1, known_on: 600, lines: vec![mass(98, 7)], ..records[0].clone() });
        assert_eq!(of(&records, None).overall, Some(Day(600)));
    }

    #[test]
    fn a_period_is_late_from_its_last_day() {
        let mut month = mass(100, 1);
        month.period_days = 31;
        assert_eq!(of(&[Said::new("E", 0, 175, &[month])], None).overall, Some(Day(130)));
    }
}
