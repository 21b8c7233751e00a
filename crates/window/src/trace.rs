//! The events behind a figure.

use std::collections::BTreeMap;

use headwater_model::{Day, EventTrace, EvidenceQuery, KnownDay, Names, Pane, PaneKey, Sums};

use crate::ledger::signed_rows;
use crate::record::NONE;
use crate::{Ledger, Sign, order};

impl Ledger {
    /// Which events stand in the series and on the days of each query, as of its day, and all that their records ever
    /// added up to that day. One scan answers all queries.
    ///
    /// An event answers when a row that is in force on the query's day lies in one of its series and the last day of
    /// the row's period in `from..=to`. Events come by source and event id; the panes of a trace by known day, series
    /// (in the order of names), event day and period, without those that are zero.
    pub fn trace(&self, queries: &[EvidenceQuery], names: &Names) -> Vec<Vec<EventTrace>> {
        let mut answers: Vec<Vec<EventTrace>> = queries.iter().map(|_| Vec::new()).collect();
        if queries.is_empty() {
            return answers;
        }
        let mut asking: Vec<Vec<usize>> = vec![Vec::new(); names.series.len()];
        for (number, query) in queries.iter().enumerate() {
            for series in &query.series {
                asking[series.index()].push(number);
            }
        }
        let rank = order::series(names);
        let mut answered: Vec<usize> = Vec::new();
        // Slabs lie in the order of arrival, so this reads memory in a row; the index is asked only on a match.
        for (slot, record) in self.records.slots().iter().enumerate() {
            if record.is_free() {
                continue;
            }
            answered.clear();
            for row in signed_rows(&self.items, record, Sign::Plus, record.known_on) {
                let last = row.key.period().last();
                answered.extend(asking[row.key.series.index()].iter().copied().filter(|&number| {
                    let query = &queries[number];
                    (query.from..=query.to).contains(&last) && record.known_on <= query.as_of
                }));
            }
            answered.sort_unstable();
            answered.dedup();
            for &number in &answered {
                let as_of = queries[number].as_of;
                let held = self.in_force(self.top(record), as_of);
                if held == slot as u32 {
                    answers[number].push(self.event_trace(held, names, &rank));
                }
            }
        }
        for answer in &mut answers {
            answer.sort_unstable_by(|a, b| (&a.source, &a.event_id).cmp(&(&b.source, &b.event_id)));
        }
        answers
    }

    /// The record of a chain that holds on a day, or [`NONE`].
    fn in_force(&self, top: u32, day: KnownDay) -> u32 {
        let mut at = top;
        while at != NONE && self.records.get(at).known_on > day {
            at = self.records.get(at).below;
        }
        at
    }

    /// The trace of an event whose record `held` is in force and has a row.
    fn event_trace(&self, held: u32, names: &Names, rank: &[u32]) -> EventTrace {
        let mut panes: BTreeMap<(KnownDay, u32, Day, u16), (PaneKey, Sums)> = BTreeMap::new();
        let mut source = None;
        let mut next_change: Option<KnownDay> = None;
        let mut at = held;
        while at != NONE {
            let record = self.records.get(at);
            let reported = signed_rows(&self.items, record, Sign::Plus, record.known_on);
            let taken_back = next_change.map(|day| signed_rows(&self.items, record, Sign::Minus, day));
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
            event_id: String::from_utf8_lossy(self.texts.get(self.records.get(held).text())).into(),
            panes: panes.into_values().filter(|(_, s)| !s.is_zero()).map(|(key, sums)| Pane { key, sums }).collect(),
        }
    }
}
