//! The records behind an alert, notices without an answer, parties of both sides, quality: as JSON, and the same as files.

use arrow_array::cast::AsArray;
use headwater_catalog::Catalog;
use headwater_model::{Alert, Evidence, Kind, Marking, Scope, Window, Windows};
use serde_json::{Value, json};

use super::bed::support::{day, trade, with};
use super::bed::{Bed, ask, everything, json as get, model, run, up_to};
use crate::read::fixture::{alert, open};

/// An import of the Netherlands of a substance of the catalog.
fn import(event_id: &str, substance: &str, day: &str, consignee: &str) -> Value {
    let catalog = Catalog::embedded();
    let name = &*catalog.get(substance).unwrap().name;
    let reported = format!("{day}T10:00:00Z");
    let more = json!({"item": {"name": name}, "occurred_on": day, "reported_at": reported, "consignee": consignee});
    with(trade(event_id), more)
}

/// What fell, what rose, and what is not of it: another market, another reporter, another day, another label.
fn records() -> Vec<Value> {
    vec![
        import("F-1", "npp", "2024-01-10", "P-1"),
        import("F-2", "npp", "2024-01-20", "P-2"),
        import("R-1", "anpp", "2024-03-10", "P-1"),
        with(import("R-2", "anpp", "2024-03-20", "P-3"), json!({"quantity": {"value": 4, "unit": "kg"}})),
        with(import("X-1", "anpp", "2024-03-12", "P-1"), json!({"destination": "BE"})),
        with(import("X-2", "anpp", "2024-03-12", "P-1"), json!({"source": "customs-be"})),
        import("X-3", "anpp", "2024-09-12", "P-1"),
        with(import("X-4", "anpp", "2024-03-13", "P-1"), json!({"marking": "TLP:RED"})),
        // Known only after the alert's day.
        with(import("X-5", "anpp", "2024-03-14", "P-1"), json!({"reported_at": "2024-08-01T00:00:00Z"})),
        with(import("N-1", "npp", "2024-02-01", "P-1"), json!({"kind": "pre_export_notice"})),
        with(import("N-2", "npp", "2024-02-02", "P-1"), json!({"kind": "pre_export_notice"})),
        with(
            import("A-1", "npp", "2024-02-05", "P-9"),
            json!({"kind": "export", "refers_to": [{"source": "customs-nl", "event_id": "N-1"}]}),
        ),
    ]
}

fn shift() -> Alert {
    let mut alert = alert("a", 1, &open(Marking::Amber));
    (alert.kind, alert.scope, alert.market) = (Kind::Substitution, Scope::Market, "NL".into());
    "npp".clone_into(&mut alert.falling[0].id);
    "anpp".clone_into(&mut alert.rising[0].id);
    alert.falling.truncate(1);
    alert.rising.truncate(1);
    alert.strata.truncate(1);
    "customs-nl".clone_into(&mut alert.strata[0].source);
    alert.strata[0].evidence = Evidence::Import;
    let window = |from, to| Window { from: day(from), to: day(to) };
    alert.windows = Windows { before: window("2024-01-01", "2024-02-20"), after: window("2024-03-01", "2024-06-30") };
    (alert.computed_up_to, alert.as_of) = (Marking::Amber, day("2024-06-30"));
    alert.evidence.top_events.truncate(1);
    "customs-nl".clone_into(&mut alert.evidence.top_events[0].source);
    "R-2".clone_into(&mut alert.evidence.top_events[0].event_id);
    alert
}

fn bed() -> Bed {
    let mut bed = Bed::new();
    bed.store.epoch(0, &records());
    bed
}

fn ids(list: &Value, rows: &str) -> Vec<String> {
    let rows = list[rows].as_array().unwrap();
    rows.iter().map(|row| row["event_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_alert_leads_to_the_records_that_it_rests_on() {
    let bed = bed();
    let model = model(&[], &[shift()]);
    let routes = bed.routes(&model, everything());
    run(async {
        for (query, expected) in [
            ("", &["F-1", "F-2", "R-1", "R-2"][..]),
            ("?side=falling", &["F-1", "F-2"]),
            ("?side=rising&sort=newest", &["R-2", "R-1"]),
            ("?window=before&side=rising", &[]),
            ("?window=after", &["R-1", "R-2"]),
            ("?events=top", &["R-2"]),
        ] {
            let list = get(&routes, &format!("/api/v1/alerts/a/observations{query}")).await;
            assert_eq!(ids(&list, "observations"), expected, "{query}");
            assert_eq!(list["totals"]["rows"], expected.len(), "{query}");
        }
        let list = get(&routes, "/api/v1/alerts/a/observations").await;
        assert_eq!((&list["totals"]["mass_mg"], &list["as_of"]), (&7_000_000.into(), &"2024-06-30".into()));
        assert_eq!((&list["marking"], &list["computed_up_to"]), (&"TLP:AMBER".into(), &"TLP:AMBER".into()));
        // Page by page it is the same.
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = get(&routes, &format!("/api/v1/alerts/a/observations?limit=1{cursor}")).await;
            paged.extend(ids(&page, "observations"));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, ["F-1", "F-2", "R-1", "R-2"]);
        // On a day before the alert there was none.
        assert_eq!(ask(&routes, "/api/v1/alerts/a/observations?as_of=2024-06-29").await.0, 404);
        // The same by one's own question, with what the alert leaves out.
        let own = "/api/v1/observations?substance=anpp&market=NL&source=customs-nl&from=2024-03-01&to=2024-06-30";
        assert_eq!(ids(&get(&routes, own).await, "observations"), ["R-1", "X-4", "X-5", "R-2"]);
        let (status, _, problem) = ask(&routes, "/api/v1/observations?from=2024-03-02&to=2024-03-01").await;
        let problem: Value = serde_json::from_slice(&problem).unwrap();
        assert_eq!(
            (status, &problem["field"], &problem["value"]),
            (400, &"from".into(), &"2024-03-02..2024-03-01".into())
        );
        for (query, field) in [("since=2024-03-01", "since"), ("event_id=R-1", "event_id"), ("cursor=x", "cursor")] {
            let (status, _, problem) = ask(&routes, &format!("/api/v1/observations?{query}")).await;
            let problem: Value = serde_json::from_slice(&problem).unwrap();
            assert_eq!((status, &problem["field"]), (400, &field.into()), "{problem}");
        }
    });
}

#[test]
fn a_correction_is_told_as_every_change() {
    let mut bed = bed();
    let more = json!({"revision": 1, "reported_at": "2024-05-01T10:00:00Z", "quantity": {"value": 3, "unit": "kg"}});
    bed.store.epoch(0, &[with(import("R-1", "anpp", "2024-03-10", "P-1"), more)]);
    let routes = bed.routes(&model(&[], &[]), everything());
    run(async {
        let query = "/api/v1/observations?source=customs-nl&event_id=R-1&rows=every_change";
        let signs = |list: &Value| -> Vec<i64> {
            list["observations"].as_array().unwrap().iter().map(|row| row["sign"].as_i64().unwrap()).collect()
        };
        let list = get(&routes, query).await;
        assert_eq!((signs(&list), &list["totals"]["mass_mg"]), (vec![1, -1, 1], &3_000_000.into()));
        assert_eq!(signs(&get(&routes, &format!("{query}&since=2024-03-31")).await), [-1, 1]);
        assert_eq!(signs(&get(&routes, &format!("{query}&as_of=2024-04-30")).await), [1]);
    });
}

#[test]
fn notices_parties_and_quality_are_of_what_the_reader_sees() {
    let bed = bed();
    let model = model(&[], &[shift()]);
    let (all, amber) = (bed.routes(&model, everything()), bed.routes(&model, up_to(Marking::Amber)));
    run(async {
        let list = get(&amber, "/api/v1/notices").await;
        assert_eq!(
            (ids(&list, "notices"), &list["unanswered"], &list["in_force"]),
            (vec!["N-2".into()], &1.into(), &2.into())
        );
        assert_eq!(get(&amber, "/api/v1/notices?as_of=2024-02-10&age_days_min=9").await["unanswered"], 0);
        assert_eq!(get(&amber, "/api/v1/notices?as_of=2024-02-04").await["unanswered"], 2);

        for routes in [&all, &amber] {
            let list = get(routes, "/api/v1/alerts/a/parties").await;
            let parties: Vec<&str> =
                list["parties"].as_array().unwrap().iter().map(|p| p["party"].as_str().unwrap()).collect();
            // Every one of these has the consignor C-1.
            assert_eq!((parties, &list["shared"]), (vec!["C-1", "P-1"], &2.into()));
            assert_eq!((&list["falling"], &list["rising"]), (&3.into(), &3.into()));
        }
        let records = async |routes| {
            let list = get(routes, "/api/v1/quality?source=customs-nl").await;
            (list["sources"][0]["records"].as_u64(), list["rejects"].is_array())
        };
        assert_eq!((records(&all).await, records(&amber).await), ((Some(11), true), (Some(10), false)));
    });
}

#[test]
fn a_displacement_leads_to_the_records_of_its_routes_or_origins() {
    let mut bed = Bed::new();
    let of = |id: &str, origin: &str, day: &str| with(import(id, "npp", day, "P-1"), json!({"origin": origin}));
    bed.store.epoch(0, &[of("F", "CN", "2024-01-10"), of("R", "IN", "2024-03-10"), of("X", "TR", "2024-03-11")]);
    let mut alert = shift();
    (alert.kind, alert.family) = (Kind::Displacement, "fentanyl".into());
    "CN".clone_into(&mut alert.falling[0].id);
    "IN".clone_into(&mut alert.rising[0].id);
    let mut by_route = alert.clone();
    "b".clone_into(&mut by_route.alert_id);
    "CN>NL".clone_into(&mut by_route.falling[0].id);
    "IN>NL".clone_into(&mut by_route.rising[0].id);
    let routes = bed.routes(&model(&[], &[alert, by_route]), everything());
    run(async {
        for id in ["a", "b"] {
            assert_eq!(
                ids(&get(&routes, &format!("/api/v1/alerts/{id}/observations")).await, "observations"),
                ["F", "R"]
            );
            assert_eq!(get(&routes, &format!("/api/v1/alerts/{id}/parties")).await["shared"], 2, "{id}");
        }
    });
}

#[test]
fn each_is_a_file_too_with_the_same_rows_and_its_label() {
    let bed = bed();
    let model = model(&[], &[shift()]);
    let routes = bed.routes(&model, everything());
    run(async {
        for (path, rows, first) in [
            ("observations", "observations", "event_id"),
            ("alerts/a/observations", "observations", "event_id"),
            ("notices", "notices", "event_id"),
            ("alerts/a/parties", "parties", "party"),
            ("quality", "sources", "source"),
        ] {
            let list = get(&routes, &format!("/api/v1/{path}")).await;
            let expected: Vec<&str> =
                list[rows].as_array().unwrap().iter().map(|row| row[first].as_str().unwrap()).collect();
            let (_, headers, csv) = ask(&routes, &format!("/api/v1/{path}?format=csv")).await;
            assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
            assert!(headers["headwater-marking"].to_str().unwrap().starts_with("TLP:"), "{path}");
            let csv = String::from_utf8(csv).unwrap();
            let at = csv.lines().next().unwrap().split(',').position(|name| name == first).unwrap();
            let cells: Vec<&str> = csv.lines().skip(1).map(|line| line.split(',').nth(at).unwrap()).collect();
            assert_eq!(cells, expected, "{path}");
            let (_, headers, arrow) = ask(&routes, &format!("/api/v1/{path}?format=arrow")).await;
            assert_eq!(headers["content-type"], "application/vnd.apache.arrow.stream");
            let batch = arrow_ipc::reader::StreamReader::try_new(&arrow[..], None).unwrap().next().unwrap().unwrap();
            let column = batch.column_by_name(first).unwrap().as_string::<i32>();
            assert_eq!(column.iter().map(Option::unwrap).collect::<Vec<_>>(), expected, "{path}");
            let (_, _, parquet) = ask(&routes, &format!("/api/v1/{path}?format=parquet")).await;
            assert_eq!((&parquet[..4], parquet.is_empty()), (&b"PAR1"[..], false), "{path}");
        }
        let log = bed.people.entries(u64::MAX, 100).await.unwrap();
        assert_eq!(log.iter().filter(|entry| entry.action == "exported").count(), 15);
    });
}
