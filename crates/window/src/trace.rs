//! The events behind a figure.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use headwater_model::{ColdError, Day, EventTrace, EvidenceQuery, KnownDay, Names, Pane, PaneKey, Sign, Sums};

use crate::hot::{Hot, signed_rows};
use crate::record::NONE;
use crate::{Ledger, order, staircase};

impl Ledger {
    /// Which events stand in the series and on the days of each query, as of its day, and all that their records ever
    /// added up to that day. One scan answers all queries, and reads the cold store whole where there is one.
    ///
    /// An event answers when a row that is in force on the query's day lies in one of its series and the last day of
    /// the row's period in `from..=to`. Events come by source and event id; the panes of a trace by known day, series
    /// (in the order of names), event day and period, without those that are zero.
    ///
    /// # Errors
    /// Where the cold store fails.
    pub fn trace(&self, queries: &[EvidenceQuery], names: &Names) -> Result<Vec<Vec<EventTrace>>, ColdError> {
        let mut search = Search::new(queries, names);
        if !queries.is_empty() {
            search.through(&self.hot);
            let mut failed = None;
            let mut one = Hot::default();
            self.each_cold(&mut |identity, value| {
                one.clear();
                if staircase::decode(&mut one, identity, value, u32::MAX).is_none() {
                    failed = Some(ColdError::Damaged { identity: identity.0 });
                    return ControlFlow::Break(());
                }
                search.through(&one);
                ControlFlow::Continue(())
            })?;
            failed.map_or(Ok(()), Err)?;
        }
        Ok(search.finish())
    }
}

/// Queries, and what answers them so far.
struct Search<'a> {
    queries: &'a [EvidenceQuery],
    names: &'a Names,
    /// By series, the numbers of the queries that ask for it.
    asking: Vec<Vec<usize>>,
    rank: Vec<u32>,
    answers: Vec<Vec<EventTrace>>,
    answered: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(queries: &'a [EvidenceQuery], names: &'a Names) -> Search<'a> {
        let mut asking: Vec<Vec<usize>> = vec![Vec::new(); names.series.len()];
        for (number, query) in queries.iter().enumerate() {
            for series in &query.series {
                asking[series.index()].push(number);
            }
        }
        let rank = if queries.is_empty() { Vec::new() } else { order::series(names) };
        let answers = queries.iter().map(|_| Vec::new()).collect();
        Search { queries, names, asking, rank, answers, answered: Vec::new() }
    }

    fn through(&mut self, hot: &Hot) {
        let Search { queries, names, asking, rank, answers, answered } = self;
        // Slabs lie in the order of arrival, so this reads memory in a row; the index is asked only on a match.
        for (slot, record) in hot.records.slots().enumerate() {
            if record.is_free() {
                continue;
            }
            answered.clear();
            for row in signed_rows(&hot.items, record, Sign::Plus, record.known_on) {
                let last = row.key.period().last();
                answered.extend(asking[row.key.series.index()].iter().copied().filter(|&number| {
                    let query = &queries[number];
                    (query.from..=query.to).contains(&last) && record.known_on <= query.as_of
                }));
            }
            answered.sort_unstable();
            answered.dedup();
            for &number in answered.iter() {
                let top = hot.find(record.identity()).expect("every kept record hangs on the index");
                let held = in_force(hot, top, queries[number].as_of);
                if held == slot as u32 {
                    answers[number].push(event_trace(hot, held, names, rank));
                }
            }
        }
    }

    fn finish(mut self) -> Vec<Vec<EventTrace>> {
        for answer in &mut self.answers {
            answer.sort_unstable_by(|a, b| (&a.source, &a.event_id).cmp(&(&b.source, &b.event_id)));
        }
        self.answers
    }
}

/// The record of a chain that holds on a day, or [`NONE`].
fn in_force(hot: &Hot, top: u32, day: KnownDay) -> u32 {
    let mut at = top;
    while at != NONE && hot.records.get(at).known_on > day {
        at = hot.records.get(at).below;
    }
    at
}

/// The trace of an event whose record `held` is in force and has a row.
fn event_trace(hot: &Hot, held: u32, names: &Names, rank: &[u32]) -> EventTrace {
    let mut panes: BTreeMap<(KnownDay, u32, Day, u16), (PaneKey, Sums)> = BTreeMap::new();
    let mut source = None;
    let mut next_change: Option<KnownDay> = None;
    let mut at = held;
    while at != NONE {
        let record = hot.records.get(at);
        let reported = signed_rows(&hot.items, record, Sign::Plus, record.known_on);
        let taken_back = next_change.map(|day| signed_rows(&hot.items, record, Sign::Minus, day));
        for row in reported.chain(taken_back.into_iter().flatten()) {
            let key = row.key;
            source.get_or_insert(names.series.get(key.series).source);
            let order = (key.known_on, rank[key.series.index()], key.event_day.0, key.period_days);
            let (_, sums) = panes.entry(order).or_insert((key, Sums::default()));
            *sums = sums.checked_add(row.sums()).expect("65,536 items of at most 10^14 mg each fit 64 bits");
        }
        next_change = Some(record.known_on);
        at = record.below;
    }
    let source = source.expect("the record in force has a row");
    EventTrace {
        source: names.sources.get(source).clone(),
        event_id: String::from_utf8_lossy(hot.texts.get(hot.records.get(held).text())).into(),
        panes: panes.into_values().filter(|(_, s)| !s.is_zero()).map(|(key, sums)| Pane { key, sums }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Window;
    use crate::fixture::{Line, Said, after, feed, known, mass, series};

    fn query(window: &mut Window, line: &Line, days: (i32, i32), as_of: i32) -> EvidenceQuery {
        let series = vec![series(&mut window.names, "S", line)];
        EvidenceQuery { series, from: Day(days.0), to: Day(days.1), as_of: known(as_of) }
    }

    fn events(window: &Window, query: EvidenceQuery) -> Vec<String> {
        let answers = window.ledger.trace(&[query], &window.names).unwrap();
        answers[0].iter().map(|trace| trace.event_id.to_string()).collect()
    }

    #[test]
    fn only_rows_in_force_on_the_day_answer() {
        let mut window = after(&[
            Said::new("moved", 0, 10, &[mass(5, 1)]),
            Said::new("moved", 1, 20, &[mass(50, 1)]),
            Said::new("stays", 0, 12, &[mass(5, 1)]),
            Said::new("gone", 0, 10, &[mass(5, 1)]),
            Said::withdrawn("gone", 0, 15),
        ]);
        for (as_of, expected) in [
            (9, vec![]),
            (10, vec!["gone", "moved"]),
            (12, vec!["gone", "moved", "stays"]),
            (15, vec!["moved", "stays"]),
            (20, vec!["stays"]),
        ] {
            let query = query(&mut window, &mass(5, 0), (5, 5), as_of);
            assert_eq!(events(&window, query), expected, "as of {as_of}");
        }
    }

    #[test]
    fn days_are_closed_on_both_ends_and_a_period_lies_on_its_last() {
        let week = Line { period_days: 7, ..mass(4, 1) };
        let mut window = after(&[Said::new("week", 0, 20, &[week])]);
        for (days, expected) in [((10, 10), 1), ((4, 9), 0), ((11, 20), 0), ((9, 11), 1)] {
            let query = query(&mut window, &mass(0, 0), days, 20);
            assert_eq!(events(&window, query).len(), expected, "{days:?}");
        }
    }

    #[test]
    fn a_trace_holds_every_series_and_change_up_to_the_day() {
        let other = Line { substance: "z", ..mass(6, 70) };
        let mut window = after(&[
            Said::new("E", 0, 10, &[mass(5, 1), mass(5, 2), other.clone()]),
            Said::new("E", 1, 11, &[mass(5, 3)]),
            Said::new("E", 2, 12, &[mass(5, 9)]),
        ]);
        let query = query(&mut window, &mass(5, 0), (0, 9), 11);
        let answers = window.ledger.trace(&[query.clone(), query], &window.names).unwrap();
        assert_eq!(answers[0], answers[1]);
        let [trace] = &answers[0][..] else { panic!("{answers:?}") };
        assert_eq!((&*trace.source, &*trace.event_id), ("S", "E"));
        let panes: Vec<_> = trace
            .panes
            .iter()
            .map(|pane| {
                let substance = window.names.series.get(pane.key.series).substance;
                let sums = pane.sums;
                (pane.key.known_on.0.0, &**window.names.substances.get(substance), sums.mass_mg, sums.events)
            })
            .collect();
        assert_eq!(panes, [(10, "npp", 3, 2), (10, "z", 70, 1), (11, "npp", 0, -1), (11, "z", -70, -1)]);
    }

    #[test]
    fn events_come_by_source_and_id_and_a_freed_record_never_answers() {
        let b = Said { source: "A", ..Said::new("b", 0, 10, &[mass(5, 1)]) };
        let mut window = after(&[
            Said::new("z", 0, 10, &[mass(5, 1)]),
            Said::new("a", 0, 10, &[mass(5, 1)]),
            b,
            Said::new("freed", 0, 10, &[mass(5, 1)]),
        ]);
        feed(&mut window, &[Said::new("freed", 1, 10, &[mass(80, 1)])]);
        let mut query = query(&mut window, &mass(5, 0), (5, 5), 10);
        query.series.push(series(&mut window.names, "A", &mass(5, 0)));
        assert_eq!(events(&window, query), ["b", "a", "z"]);
        assert_eq!(window.ledger.trace(&[], &window.names).unwrap(), Vec::<Vec<EventTrace>>::new());
    }
}
