//! The observations behind a figure: net or every change, by page, for whom.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use headwater_history::{Bounds, DayRange, Deadline, Filter, HistoryError, Observation, ObservationQuery, Page, View};
use headwater_model::*;
use serde_json::json;
use support::*;

fn asked(filter: Filter) -> ObservationQuery {
    ObservationQuery { filter, ..ObservationQuery::default() }
}

fn short(rows: &[Observation]) -> Vec<String> {
    rows.iter().map(|r| format!("{:+} {} {} {}", r.sign, r.event_id, r.revision, r.mass_mg.unwrap_or(-1))).collect()
}

/// One event corrected twice, one withdrawn, one seizure.
fn corrected() -> Store {
    let mut store = Store::new(2);
    store.epoch(0, &[trade("A"), trade("B")]);
    store.epoch(1, &[seizure("S")]);
    let heavier = json!({"revision": 1, "reported_at": "2024-03-08T10:00:00Z", "quantity": {"value": 2, "unit": "kg"}});
    let elsewhere = json!({"revision": 2, "reported_at": "2024-03-20T10:00:00Z", "origin": "IN"});
    store.epoch(0, &[with(trade("A"), heavier)]);
    let withdrawal = json!({"event_id": "B", "revision": 0, "status": "withdrawn", "source": "customs-nl",
        "reported_at": "2024-03-15T10:00:00Z"});
    store.epoch(0, &[with(trade("A"), elsewhere), withdrawal]);
    store
}

#[test]
fn items_in_force_are_net_of_corrections_as_of_any_day() {
    let store = corrected();
    let rows = |as_of: &str| {
        let query = ObservationQuery { as_of: Some(known(as_of)), ..ObservationQuery::default() };
        let page = store.history().observations(&everyone(), &bounds(), &query).unwrap();
        assert_eq!(page.totals.rows as usize, page.rows.len());
        assert_eq!(page.totals.mass_mg, page.rows.iter().filter_map(|r| r.mass_mg).sum::<i64>());
        short(&page.rows)
    };
    assert_eq!(rows("2024-03-04"), Vec::<String>::new());
    assert_eq!(rows("2024-03-05"), ["+1 A 0 1000000", "+1 B 0 1000000"]);
    let seizures = ["+1 S 0 1500000", "+1 S 0 3000000"];
    assert_eq!(rows("2024-03-10"), ["+1 A 1 2000000", "+1 B 0 1000000", seizures[0], seizures[1]]);
    assert_eq!(rows("2024-03-31"), ["+1 A 2 1000000", seizures[0], seizures[1]]);
}

#[test]
fn a_row_in_force_is_told_whole() {
    let page = corrected().history().observations(
        &everyone(),
        &bounds(),
        &asked(Filter { sources: vec!["police-be".into()], substances: vec!["heroin".into()], ..Filter::default() }),
    );
    let page = page.unwrap();
    let row = &page.rows[0];
    assert_eq!((row.office.as_deref(), row.subdivision.as_deref()), (Some("ANTWERP"), Some("BE-VAN")));
    assert_eq!((row.purity, row.form.as_deref(), row.incidents), (Some(40.5), Some("brick"), Some(4)));
    assert_eq!((row.raw_name.as_deref(), row.raw_value.as_deref()), (Some("Heroin"), Some("1.5")));
    assert_eq!((row.marking.as_deref(), row.market.as_deref()), (Some("TLP:AMBER"), Some("BE")));
    assert_eq!((page.seen.marking, page.seen.simulated, page.seen.files), (Some(Marking::Amber), false, 4));
}

/// How far back an event day may lie is asked of each row group: of one with long periods farther than of one with days.
#[test]
fn a_long_period_is_found_by_its_last_day_and_short_ones_are_passed_over() {
    let mut store = Store::new(1);
    let of = |id: &str, occurred_on: &str, period_days: u32| {
        with(trade(id), json!({"occurred_on": occurred_on, "period_days": period_days}))
    };
    store.epoch(0, &[of("A", "2024-01-01", 1), of("B", "2024-01-02", 7)]);
    store.epoch(0, &[of("C", "2023-02-01", 366), of("D", "2024-01-03", 1)]);
    let ask = |from: &str, to: &str| {
        let event_days = Some(DayRange { from: day(from), to: day(to) });
        let filter = Filter { event_days, ..Filter::default() };
        let page = store.history().observations(&everyone(), &bounds(), &asked(filter)).unwrap();
        (page.rows.iter().map(|row| row.event_id.clone()).collect::<String>(), page.seen.groups_read)
    };
    assert_eq!(ask("2024-02-01", "2024-02-01"), ("C".to_owned(), 1));
    assert_eq!(ask("2024-01-08", "2024-01-08"), ("B".to_owned(), 2));
    assert_eq!(ask("2024-01-09", "2024-01-31"), (String::new(), 1));
    assert_eq!(ask("2024-02-02", "2024-12-31"), (String::new(), 1));
    assert_eq!(ask("2024-02-03", "2024-12-31"), (String::new(), 1));
    assert_eq!(ask("2025-01-03", "2025-12-31"), (String::new(), 0));
}

#[test]
fn every_change_of_an_event_is_told_with_its_withdrawal() {
    let store = corrected();
    let events = |id: &str| vec![EventRef { source: "customs-nl".into(), event_id: id.into() }];
    let rows = |id: &str, sources: &[&str]| {
        let sources = sources.iter().map(|s| (*s).to_owned()).collect();
        let filter = Filter { events: events(id), sources, ..Filter::default() };
        let query = ObservationQuery { view: View::EveryChange { since: None }, ..asked(filter) };
        store.history().observations(&everyone(), &bounds(), &query).unwrap()
    };
    let changes = ["+1 A 0 1000000", "-1 A 0 1000000", "+1 A 1 2000000", "-1 A 1 2000000", "+1 A 2 1000000"];
    let page = rows("A", &[]);
    assert_eq!(short(&page.rows), changes);
    assert_eq!((page.totals.rows, page.totals.events, page.totals.mass_mg), (5, 1, 1_000_000));
    assert_eq!(short(&rows("B", &["customs-nl"]).rows), ["+1 B 0 1000000", "+0 B 0 -1", "-1 B 0 1000000"]);
    assert_eq!(short(&rows("A", &["police-be"]).rows), Vec::<String>::new());
    let later = View::EveryChange { since: Some(known("2024-03-08")) };
    let query = ObservationQuery { view: later, ..asked(Filter { events: events("A"), ..Filter::default() }) };
    let page = store.history().observations(&everyone(), &bounds(), &query).unwrap();
    assert_eq!(short(&page.rows), changes[3..]);
    // A withdrawal of an event of which nothing is seen is not told.
    let query = ObservationQuery { view: View::EveryChange { since: None }, ..ObservationQuery::default() };
    let outsider = Clearance::new(Marking::Green, [] as [&str; 0]);
    let page = store.history().observations(&outsider, &bounds(), &query).unwrap();
    assert_eq!((page.rows.len(), page.totals), (0, Default::default()));
}

#[test]
fn each_field_of_a_filter_narrows() {
    let store = corrected();
    let count = |filter: Filter| {
        let page = store.history().observations(&everyone(), &bounds(), &asked(filter)).unwrap();
        (page.totals.rows, page.totals.events)
    };
    let f = Filter::default;
    let text = |text: &str| vec![text.to_owned()];
    let land = |letters: &[u8; 2]| vec![Country::from_letters(*letters).unwrap()];
    assert_eq!(count(f()), (3, 2));
    assert_eq!(count(Filter { substances: text("cocaine"), ..f() }), (1, 1));
    assert_eq!(count(Filter { routes: text("IN>NL"), ..f() }), (1, 1));
    assert_eq!(count(Filter { routes: text("CN>NL"), ..f() }), (0, 0));
    assert_eq!(count(Filter { origins: land(b"IN"), ..f() }), (1, 1));
    assert_eq!(count(Filter { markets: land(b"BE"), ..f() }), (2, 1));
    assert_eq!(count(Filter { sources: text("customs-nl"), ..f() }), (1, 1));
    assert_eq!(count(Filter { evidence: vec![Evidence::Seizure], ..f() }), (2, 1));
    assert_eq!(count(Filter { place_countries: land(b"BE"), ..f() }), (2, 1));
    assert_eq!(count(Filter { subdivisions: text("BE-VAN"), ..f() }), (2, 1));
    assert_eq!(count(Filter { offices: text("GHENT"), ..f() }), (0, 0));
    assert_eq!(count(Filter { flagged: Some(true), ..f() }), (0, 0));
    assert_eq!(count(Filter { flagged: Some(false), ..f() }), (3, 2));
    let days = |from: &str, to: &str| Some(DayRange { from: day(from), to: day(to) });
    assert_eq!(count(Filter { event_days: days("2024-03-02", "2024-03-02"), ..f() }), (2, 1));
    assert_eq!(count(Filter { event_days: days("2024-03-03", "2024-04-02"), ..f() }), (0, 0));
}

#[test]
fn a_period_lies_on_its_last_day() {
    let mut store = Store::new(1);
    let year = json!({"occurred_on": "2023-01-01", "period_days": 365});
    store.epoch(0, &[with(trade("Y"), year)]);
    let on = |text: &str| {
        let event_days = Some(DayRange { from: day(text), to: day(text) });
        store.history().observations(&everyone(), &bounds(), &asked(Filter { event_days, ..Filter::default() }))
    };
    assert_eq!(on("2023-12-31").unwrap().totals.rows, 1);
    assert_eq!(on("2023-01-01").unwrap().totals.rows, 0);
}

#[test]
fn pages_cover_all_rows_once_in_both_directions_and_over_a_fold() {
    let mut store = Store::new(2);
    for epoch in 0..6 {
        let record = |i: usize| {
            let occurred_on = format!("2024-02-{:02}", 1 + (epoch * 7 + i * 3) % 20);
            with(trade(&format!("E{epoch}-{i}")), json!({"occurred_on": occurred_on}))
        };
        store.epoch(epoch % 2, &(0..9).map(record).collect::<Vec<_>>());
    }
    let walk = |newest_first: bool, size: usize, view: View, fold: bool| {
        let (mut after, mut ids, mut pages) = (None, Vec::new(), 0);
        loop {
            let page = Page { size, after };
            let query = ObservationQuery { newest_first, view, page, ..ObservationQuery::default() };
            let page = store.history().observations(&everyone(), &bounds(), &query).unwrap();
            assert_eq!(page.totals.rows, 54);
            ids.extend(page.rows.iter().map(|r| (r.event_day, r.event_id.clone())));
            pages += 1;
            if fold && pages == 2 {
                store.fold();
            }
            after = page.next;
            if after.is_none() {
                return (ids, pages);
            }
        }
    };
    let (all, _) = walk(false, 100, View::InForce, false);
    assert!(all.is_sorted() && all.len() == 54);
    for (size, pages) in [(54, 1), (53, 2), (7, 8), (1, 54)] {
        assert_eq!(walk(false, size, View::InForce, size == 7), (all.clone(), pages));
    }
    let (mut back, _) = walk(true, 10, View::InForce, false);
    back.reverse();
    assert_eq!(back, all);
    let (mut changes, _) = walk(false, 5, View::EveryChange { since: None }, false);
    changes.sort();
    assert_eq!(changes, all);
}

#[test]
fn what_is_wrong_with_a_question_is_named() {
    let store = corrected();
    let history = store.history();
    let ask = |bounds: &Bounds, query: &ObservationQuery| history.observations(&everyone(), bounds, query).unwrap_err();
    let named = |error: HistoryError| (error.field(), error.value());
    let page = |size, after: Option<&str>| ObservationQuery {
        page: Page { size, after: after.map(str::to_owned) },
        ..ObservationQuery::default()
    };
    assert_eq!(named(ask(&bounds(), &page(0, None))), (Some("page.size"), Some("0".into())));
    assert_eq!(named(ask(&bounds(), &page(10_001, None))), (Some("page.size"), Some("10001".into())));
    assert_eq!(named(ask(&bounds(), &page(1, Some("x y")))), (Some("page.after"), Some("x y".into())));
    let first = history.observations(&everyone(), &bounds(), &page(1, None)).unwrap().next.unwrap();
    let other = ObservationQuery { newest_first: true, ..page(1, Some(&first)) };
    assert!(ask(&bounds(), &other).to_string().ends_with("it is of another question"));
    let days = |from: &str, to: &str| {
        asked(Filter { event_days: Some(DayRange { from: day(from), to: day(to) }), ..Filter::default() })
    };
    let wrong = named(ask(&bounds(), &days("2024-02-01", "2024-01-31")));
    assert_eq!(wrong, (Some("event_days"), Some("2024-02-01..2024-01-31".into())));
    let short = Bounds { days_max: 7, ..bounds() };
    assert!(matches!(ask(&short, &days("2024-02-01", "2024-02-08")), HistoryError::TooManyDays { days: 8, .. }));
    let narrow = Bounds { values_max: 1, ..bounds() };
    let two = asked(Filter { substances: vec!["a".into(), "b".into()], ..Filter::default() });
    assert_eq!(named(ask(&narrow, &two)), (Some("substances"), Some("2".into())));
    let few = Bounds { rows_max: 2, ..bounds() };
    assert!(matches!(ask(&few, &asked(Filter::default())), HistoryError::TooManyRows { limit: 2, .. }));
    let every = ObservationQuery { view: View::EveryChange { since: None }, ..ObservationQuery::default() };
    assert!(matches!(ask(&few, &every), HistoryError::TooManyRows { limit: 2, .. }));
    let small = Bounds { memory_bytes_max: 10, ..bounds() };
    assert!(matches!(ask(&small, &asked(Filter::default())), HistoryError::TooMuchMemory { .. }));
    let one = Bounds { files_max: 1, ..bounds() };
    assert!(matches!(ask(&one, &asked(Filter::default())), HistoryError::TooManyFiles { limit: 1, .. }));
    let gone = Bounds { deadline: Deadline::never().or_when(Arc::new(AtomicBool::new(true))), ..bounds() };
    let late = ask(&gone, &asked(Filter::default()));
    assert!(matches!(late, HistoryError::Deadline { read: 0, .. }) && late.is_passing());
}
