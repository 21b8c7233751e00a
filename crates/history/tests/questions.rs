//! Notices without an answer, parties on both sides of a shift, and the quality of sources: for whom, and as of when.
#![allow(clippy::unwrap_used)]

mod support;

use headwater_history::{Bounds, Filter, HistoryError, NoticeQuery, Page, PartyQuery, QualityQuery, SharedParty, Side};
use headwater_model::*;
use serde_json::{Value, json};
use support::*;

fn amber() -> Clearance {
    Clearance::new(Marking::Amber, [] as [&str; 0])
}

fn notice(event_id: &str, occurred_on: &str, more: Value) -> Value {
    let of = json!({"kind": "pre_export_notice", "occurred_on": occurred_on, "reported_at": "2024-03-01T08:00:00Z"});
    with(with(trade(event_id), of), more)
}

fn refers(event_id: &str, to: &str, more: Value) -> Value {
    let to = json!({"refers_to": [{"source": "customs-nl", "event_id": to}, {"source": "other", "event_id": "n2"}]});
    with(with(trade(event_id), to), more)
}

#[test]
fn a_notice_is_unanswered_until_the_reader_sees_an_event_that_refers_to_it() {
    let mut store = Store::new(1);
    store.epoch(
        0,
        &[
            notice("n1", "2024-03-02", json!({})),
            notice("n2", "2024-03-10", json!({})),
            notice("n3", "2024-04-01", json!({})),
            notice("n4", "2024-03-04", json!({"marking": "TLP:RED"})),
            notice("n5", "2024-03-05", json!({})),
            // One notice after another answers none.
            notice("n6", "2024-03-20", json!({"refers_to": [{"source": "customs-nl", "event_id": "n2"}]})),
        ],
    );
    store.epoch(0, &[
        refers("d1", "n1", json!({})),
        refers("d2", "n5", json!({"marking": "TLP:RED", "reported_at": "2024-03-20T00:00:00Z"})),
        json!({"event_id": "n6", "source": "customs-nl", "revision": 0, "status": "withdrawn", "reported_at": "2024-03-15T00:00:00Z"}),
    ]);
    let ask = |reader: &Clearance, query: &NoticeQuery| {
        let page = store.history().unanswered_notices(reader, &bounds(), query).unwrap();
        assert_eq!(page.unanswered as usize, page.rows.len());
        let rows: Vec<String> = page.rows.iter().map(|r| format!("{} {}", r.event_id, r.age_days)).collect();
        (rows.join(", "), page.notices)
    };
    let now = NoticeQuery::default();
    assert_eq!(ask(&everyone(), &now), ("n4 16, n2 10, n3 -12".to_owned(), 5));
    // The declaration for n5 is above this reader, and so is n4; the last day that they know is the 15th.
    assert_eq!(ask(&amber(), &now), ("n5 10, n2 5, n3 -17".to_owned(), 4));
    let before = NoticeQuery { as_of: Some(known("2024-03-04")), ..NoticeQuery::default() };
    assert_eq!(ask(&amber(), &before), ("n1 2, n5 -1, n2 -6, n6 -16, n3 -28".to_owned(), 5));
    let old = NoticeQuery { age_days_min: Some(10), ..NoticeQuery::default() };
    assert_eq!(ask(&everyone(), &old).0, "n4 16, n2 10");
    let other = NoticeQuery { filter: Filter { substances: vec!["ephedrine".into()], ..Filter::default() }, ..now };
    assert_eq!(ask(&everyone(), &other), (String::new(), 0));
    let (mut after, mut ids) = (None, Vec::new());
    loop {
        let query = NoticeQuery { page: Page { size: 1, after }, ..NoticeQuery::default() };
        let page = store.history().unanswered_notices(&everyone(), &bounds(), &query).unwrap();
        ids.extend(page.rows.iter().map(|row| row.event_id.clone()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(ids, ["n4", "n2", "n3"]);
}

#[test]
fn parties_on_both_sides_are_told_with_what_they_have_in_force() {
    let mut store = Store::new(2);
    let of = |id: &str, name: &str, consignor: &str, consignee: &str, day: u32| {
        let occurred_on = format!("2024-03-{day:02}");
        with(
            trade(id),
            json!({"item": {"name": name}, "consignor": consignor, "consignee": consignee,
            "occurred_on": occurred_on, "reported_at": "2024-03-20T00:00:00Z"}),
        )
    };
    store.epoch(
        0,
        &[
            of("1", "ephedrine", "P", "Q", 1),
            of("2", "ephedrine", "P", "R", 5),
            of("3", "acetone", "Q", "P", 9),
            of("4", "acetone", "S", "S", 10),
            of("5", "ephedrine", "S", "T", 3),
            of("6", "ephedrine", "U", "T", 3),
            with(of("7", "acetone", "R", "T", 12), json!({"marking": "TLP:RED"})),
            of("8", "acetone", "U", "V", 12),
        ],
    );
    let corrected = json!({"revision": 1, "consignor": "W", "reported_at": "2024-03-25T00:00:00Z"});
    store.epoch(0, &[with(of("8", "acetone", "U", "V", 12), corrected)]);
    let side = |substance: &str| Side { substances: vec![substance.to_owned()], ..Side::default() };
    let query = PartyQuery { falling: side("ephedrine"), rising: side("acetone"), limit: 10, ..PartyQuery::default() };
    let ask =
        |reader: &Clearance, query: &PartyQuery| store.history().shared_parties(reader, &bounds(), query).unwrap();
    let tell = |rows: &[SharedParty]| -> Vec<String> {
        let tell = |r: &SharedParty| {
            let of = |events, first: Day, last: Day| format!("{events} {}-{}", first.ymd().2, last.ymd().2);
            let (falling, rising) = (
                of(r.falling_events, r.falling_first, r.falling_last),
                of(r.rising_events, r.rising_first, r.rising_last),
            );
            format!("{} {} {} {falling} {rising} {}", r.party, r.as_consignor, r.as_consignee, r.rising_mass_mg)
        };
        rows.iter().map(tell).collect()
    };
    let (p, q) = ("P true true 2 1-5 1 9-9 1000000", "Q true true 1 1-1 1 9-9 1000000");
    let s = "S true true 1 3-3 1 10-10 1000000";
    let answer = ask(&amber(), &query);
    assert_eq!(tell(&answer.rows), [p, q, s]);
    assert_eq!((answer.shared, answer.falling, answer.rising), (3, 6, 5));
    // R and T come from what is above that reader; U from what was known before the correction.
    let answer = ask(&everyone(), &query);
    let names = |rows: &[SharedParty]| rows.iter().map(|r| r.party.clone()).collect::<Vec<_>>().join("");
    assert_eq!((names(&answer.rows), answer.seen.marking), ("PTQRS".to_owned(), Some(Marking::Red)));
    let before = PartyQuery { as_of: Some(known("2024-03-24")), limit: 2, ..query.clone() };
    let answer = ask(&amber(), &before);
    assert_eq!((names(&answer.rows), answer.shared), ("PQ".to_owned(), 4));

    let refused = |query: &PartyQuery| store.history().shared_parties(&amber(), &bounds(), query).unwrap_err();
    let empty = PartyQuery { rising: Side::default(), ..query.clone() };
    assert!(matches!(refused(&empty), HistoryError::Empty { field: "rising" }));
    let same = PartyQuery { rising: side("ephedrine"), ..query.clone() };
    assert_eq!((refused(&same).field(), refused(&same).value()), (Some("rising"), Some("ephedrine".to_owned())));
    assert!(matches!(refused(&PartyQuery { limit: 0, ..query }), HistoryError::PageSize { given: 0, .. }));
}

#[test]
fn the_quality_of_a_source_is_that_of_its_records_that_the_reader_sees() {
    let mut store = Store::new(1);
    let late = |id: &str, days: i32, more: Value| {
        let occurred_on = (day("2024-03-05") - days).to_string();
        with(with(trade(id), json!({"occurred_on": occurred_on})), more)
    };
    let records = [
        late("1", 1, json!({})),
        late("2", 3, json!({"item": {"name": "who knows"}})),
        late("3", 30, json!({})),
        late("4", 90, json!({"marking": "TLP:RED", "reported_at": "2024-03-06T00:00:00Z"})),
        seizure("5"),
        late("1", 1, json!({"revision": 2, "reported_at": "2024-03-05T11:00:00Z"})),
        with(trade("bad"), json!({"quantity": {"value": 1, "unit": "stone"}})),
        with(trade("bad"), json!({"occurred_on": "yesterday"})),
    ];
    store.epoch(0, &records);
    let withdrawn = |id: &str| {
        json!({"event_id": id, "source": "customs-nl", "revision": 9, "status": "withdrawn",
        "reported_at": "2024-03-08T00:00:00Z"})
    };
    store.epoch(0, &[withdrawn("3"), withdrawn("4"), withdrawn("unseen")]);
    let ask = |reader: &Clearance, query: &QualityQuery| store.history().quality(reader, &bounds(), query).unwrap();
    let tell = |answer: &headwater_history::QualityAnswer| -> Vec<String> {
        let tell = |s: &headwater_history::SourceQuality| {
            format!(
                "{} {} {}/{}/{} {}/{} {}",
                s.source, s.last_report, s.records, s.revisions, s.withdrawn, s.items, s.unmapped, s.lateness_days_p90
            )
        };
        answer.sources.iter().map(tell).collect()
    };
    let all = ask(&everyone(), &QualityQuery::default());
    assert_eq!(tell(&all), ["customs-nl 2024-03-08 5/1/2 5/1 91", "police-be 2024-03-07 1/0/0 2/0 5"]);
    let rejects: Vec<String> =
        all.rejects.unwrap().iter().map(|r| format!("{} {} {} {}", r.input, r.topic, r.reason, r.records)).collect();
    assert_eq!(rejects, ["trade/0 trade-events bad_date 1", "trade/0 trade-events bad_unit 1"]);
    let some = ask(&amber(), &QualityQuery::default());
    assert_eq!(tell(&some), ["customs-nl 2024-03-08 4/1/1 4/1 30", "police-be 2024-03-07 1/0/0 2/0 5"]);
    assert_eq!(some.rejects, None);
    assert_eq!(ask(&Clearance::new(Marking::Green, ["A"]), &QualityQuery::default()).sources, []);
    let one = QualityQuery { sources: vec!["customs-nl".into()], as_of: Some(known("2024-03-05")) };
    let before = ask(&everyone(), &one);
    assert_eq!(tell(&before), ["customs-nl 2024-03-05 4/1/0 4/1 30"]);
    let quality = &before.sources[0];
    assert_eq!((quality.lateness_days_median, quality.complete_to), (3, day("2024-02-04")));
    let narrow = Bounds { values_max: 0, ..bounds() };
    assert_eq!(store.history().quality(&amber(), &narrow, &one).unwrap_err().field(), Some("sources"));
}
