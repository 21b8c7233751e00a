use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use headwater_catalog::Catalog;
use headwater_model::{Access, Alert, AlertStatus, Budgets, Clearance, Day, Evidence, Marking, Versions, in_window};
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use serde_json::Value;
use tower::ServiceExt as _;

use super::{api, document};
use crate::read::fixture::{Record, alert, held, open};
use crate::{OpenGate, PROBLEM_JSON, ReadModel};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn versions() -> Versions {
    Versions { catalog: "c".into(), model: "m".into(), build: "b".into() }
}

/// The API over a read model, for a reader.
fn routes(model: &Arc<ReadModel>, reader: Clearance) -> Router {
    api(Arc::clone(model), Arc::new(OpenGate::new(reader)), versions())
}

fn model(records: &[Record], alerts: &[Alert]) -> Arc<ReadModel> {
    let model = Arc::new(ReadModel::new(Catalog::embedded(), Budgets::common(10)));
    model.publish(held(records, alerts));
    model
}

fn everything() -> Clearance {
    Clearance::new(Marking::Red, ["*"])
}

async fn ask(routes: &Router, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = routes.clone().oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    (head.status.as_u16(), head.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

async fn json(routes: &Router, path: &str) -> Value {
    let (status, _, body) = ask(routes, path).await;
    let value: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, 200, "{path}: {value}");
    value
}

fn record() -> Record {
    Record {
        substance: "npp",
        origin: "CN",
        market: "MX",
        source: "SIM-A".into(),
        evidence: Evidence::Export,
        access: open(Marking::Amber),
        first: Day(18_000),
        period_days: 1,
        known_on: Day(18_010),
        mass_mg: 5,
        incidents: 1,
    }
}

/// Every path of the document that answers at once, with an id where it wants one.
fn paths(id: &str) -> Vec<String> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().keys().filter(|path| !path.ends_with("/stream"));
    paths.map(|path| path.replace("{id}", id)).collect()
}

#[test]
fn the_committed_document_is_the_program_s() {
    let ours = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    let made = std::env::temp_dir().join("headwater-openapi.json");
    std::fs::write(&made, &ours).unwrap();
    let held = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/openapi.json"));
    assert!(
        held.unwrap_or_default() == ours,
        "schemas/openapi.json is another: cp {} schemas/openapi.json",
        made.display()
    );
    assert!(ours.contains("\"openapi\": \"3.1.0\""));
    // Whatever is referred to is there.
    let schemas = &document()["components"]["schemas"];
    let named = ours.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
    for name in named.collect::<BTreeSet<_>>() {
        assert!(!schemas[name].is_null(), "{name}");
    }
}

#[test]
fn each_route_takes_the_parameters_of_the_document_and_refuses_others_by_name() {
    let model = model(&[record()], &[alert("a1", 1, &open(Marking::Amber))]);
    let routes = routes(&model, everything());
    run(async {
        let document = document();
        for (path, operations) in document["paths"].as_object().unwrap() {
            let asked = path.replace("{id}", "a1");
            let (status, headers, body) = ask(&routes, &format!("{asked}?colour=red")).await;
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                (status, &problem["field"], &problem["value"]),
                (400, &"colour".into(), &"red".into()),
                "{path}"
            );
            assert_eq!(headers["content-type"], PROBLEM_JSON);
            for parameter in operations["get"]["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "query" {
                    let name = parameter["name"].as_str().unwrap();
                    let family = if path.ends_with("shares") && name != "family" { "&family=fentanyl" } else { "" };
                    let value = if name == "family" && path.ends_with("shares") { "fentanyl" } else { "" };
                    let (status, _, body) = ask(&routes, &format!("{asked}?{name}={value}{family}")).await;
                    assert_eq!(status, 200, "{path} {name}: {}", String::from_utf8_lossy(&body));
                }
            }
        }
        for (query, field) in [
            ("alerts?kind=theft", "kind"),
            ("alerts?limit=0", "limit"),
            ("alerts?since=2025-02-30", "since"),
            ("alerts?cursor=newest.1", "cursor"),
            ("volumes?market=usa", "market"),
            ("volumes?window=8", "window"),
            ("volumes?from=2025-02-02&to=2025-02-01", "from"),
            ("volumes?cursor=!", "cursor"),
            ("volumes?granularity=day&granularity=week", "granularity"),
            ("shares?family=none", "family"),
            ("shares", "family"),
        ] {
            let (status, _, body) = ask(&routes, &format!("/api/v1/{query}")).await;
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((status, &problem["field"]), (400, &field.into()), "{query}: {problem}");
            assert!(problem["allowed"].is_string() && problem["status"] == 400, "{problem}");
        }
    });
}

#[test]
fn every_answer_has_its_headers_and_every_error_is_a_problem() {
    let model = model(&[record()], &[]);
    let routes = routes(&model, everything());
    run(async {
        let more = ["/openapi.json", "/reference", "/nothing"].map(str::to_owned);
        for path in paths("none").into_iter().chain(more) {
            let (status, headers, body) = ask(&routes, &path).await;
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'", "{path}");
            assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
            assert_eq!(headers["cache-control"], "no-store", "{path}");
            if status >= 400 {
                assert_eq!(headers["content-type"], PROBLEM_JSON, "{path}");
                assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["status"], status, "{path}");
            }
        }
        let request = Request::post("/api/v1/alerts").body(Body::empty()).unwrap();
        let answer = routes.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["content-type"], PROBLEM_JSON);
        let (_, _, page) = ask(&routes, "/reference").await;
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("GET /api/v1/volumes") && !page.contains("src=") && !page.contains("<script"));
    });
}

#[test]
fn before_the_store_was_read_it_says_so() {
    let model = Arc::new(ReadModel::new(Catalog::embedded(), Budgets::common(10)));
    let routes = routes(&model, everything());
    run(async {
        let (status, headers, _) = ask(&routes, "/api/v1/alerts").await;
        assert_eq!((status, headers["retry-after"].to_str().unwrap()), (503, "5"));
        assert_eq!(ask(&routes, "/api/v1/me").await.0, 200);
    });
}

#[test]
fn pages_are_the_whole_in_order_and_tables_are_the_same_rows() {
    let mut records = Vec::new();
    for (at, market) in ["MX", "US", "CA", "NL", "BE"].into_iter().cycle().take(23).enumerate() {
        let day = Day(18_000 + at as i32 / 3);
        records.push(Record {
            market,
            first: day,
            mass_mg: at as i64 + 1,
            source: format!("S,{}", at % 2),
            ..record()
        });
    }
    let alerts: Vec<Alert> = (0..7).map(|n| alert(&format!("a{n}"), 1, &open(Marking::Green))).collect();
    let routes = routes(&model(&records, &alerts), everything());
    run(async {
        for (list, rows) in [("volumes?window=28", "volumes"), ("alerts?sort=newest", "alerts"), ("alerts?", "alerts")]
        {
            let whole = json(&routes, &format!("/api/v1/{list}&limit=200")).await;
            let (mut paged, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = json(&routes, &format!("/api/v1/{list}&limit=3{cursor}")).await;
                paged.extend(page[rows].as_array().unwrap().iter().cloned());
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(Value::from(paged), whole[rows], "{list}");
            assert!(whole[rows].as_array().unwrap().len() > 6);
        }
        let whole = json(&routes, "/api/v1/volumes?window=28").await;
        let rows = whole["volumes"].as_array().unwrap();
        let (_, headers, csv) = ask(&routes, "/api/v1/volumes?window=28&format=csv").await;
        assert_eq!(headers["headwater-marking"], "TLP:AMBER");
        let csv = String::from_utf8(csv).unwrap();
        let names: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        assert_eq!(
            names.iter().copied().collect::<BTreeSet<_>>(),
            rows[0].as_object().unwrap().keys().map(String::as_str).collect()
        );
        assert_eq!(csv.lines().count(), rows.len() + 1);
        assert!(csv.contains("\"S,1\""));
        let masses: Vec<i64> = rows.iter().map(|row| row["mass_mg"].as_i64().unwrap()).collect();
        let (_, _, arrow) = ask(&routes, "/api/v1/volumes?window=28&format=arrow").await;
        let batch = arrow_ipc::reader::StreamReader::try_new(&arrow[..], None).unwrap().next().unwrap().unwrap();
        assert_eq!(batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>(), names);
        assert_eq!(batch.column_by_name("mass_mg").unwrap().as_primitive::<Int64Type>().values(), &masses[..]);
        assert_eq!(batch.schema().metadata()["headwater.marking"], "TLP:AMBER");
        let request = Request::get("/api/v1/volumes?window=28")
            .header("accept", "text/html, application/vnd.apache.parquet;q=0.9");
        let answer = routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/vnd.apache.parquet");
        let parquet = answer.into_body().collect().await.unwrap().to_bytes();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap();
        let batch = reader.build().unwrap().next().unwrap().unwrap();
        assert_eq!(batch.column_by_name("mass_mg").unwrap().as_primitive::<Int64Type>().values(), &masses[..]);
    });
}

#[test]
fn filters_counts_revisions_and_ranks_are_of_what_the_reader_sees() {
    let (green, red) = (open(Marking::Green), open(Marking::Red));
    let mut alerts = vec![alert("a", 1, &green), alert("b", 1, &red), alert("a", 2, &green), alert("a", 3, &red)];
    alerts[1].priority.score = alerts[0].priority.score + 1.0;
    alerts[2].status = AlertStatus::Updated;
    alerts[2].as_of = alerts[0].as_of + 5;
    alerts[3].as_of = alerts[0].as_of + 9;
    alerts[3].status = AlertStatus::Withdrawn;
    let model = model(&[], &alerts);
    let (low, high) = (routes(&model, Clearance::new(Marking::Green, [] as [&str; 0])), routes(&model, everything()));
    run(async {
        let list = json(&low, "/api/v1/alerts").await;
        assert_eq!((&list["counts"]["without_filter"], &list["alerts"][0]["revision"]), (&1.into(), &2.into()));
        assert_eq!(list["alerts"][0]["priority"]["rank"], 1);
        let list = json(&high, "/api/v1/alerts?status=withdrawn").await;
        assert_eq!((&list["counts"]["without_filter"], &list["counts"]["matching"]), (&2.into(), &1.into()));
        assert_eq!(list["alerts"][0]["priority"]["rank"], 2);
        let one = json(&low, "/api/v1/alerts/a").await;
        assert_eq!((one["revisions"].as_array().unwrap().len(), &one["alert"]["status"]), (2, &"updated".into()));
        let then = json(&high, &format!("/api/v1/alerts/a?as_of={}", alerts[0].as_of + 4)).await;
        assert_eq!(
            (&then["alert"]["revision"], &then["alert"]["status"]),
            (&1.into(), &alerts[0].status.as_str().into())
        );
        // Unknown and forbidden are one answer.
        let (unknown, forbidden) = (ask(&low, "/api/v1/alerts/x").await, ask(&low, "/api/v1/alerts/b").await);
        assert_eq!((unknown.0, forbidden.0, unknown.2), (404, 404, forbidden.2));
    });
}

#[test]
fn a_budget_has_room_for_what_the_reader_sees() {
    let (green, red) = (open(Marking::Green), open(Marking::Red));
    let mut alerts = vec![alert("a", 1, &green), alert("b", 1, &red), alert("c", 1, &green)];
    for (alert, (market, score)) in alerts.iter_mut().zip([("US", 5.0), ("US", 9.0), ("NL", 1.0)]) {
        (alert.market, alert.priority.score) = (market.to_owned(), score);
    }
    let budgets = Budgets { markets: [("US".into(), 1)].into(), ..Budgets::common(10) };
    let model = Arc::new(ReadModel::new(Catalog::embedded(), budgets));
    model.publish(held(&[], &alerts));
    run(async {
        for (reader, ranks) in [
            (Clearance::new(Marking::Green, [] as [&str; 0]), [("a", 1, true), ("c", 2, true)].as_slice()),
            (everything(), &[("a", 3, false), ("b", 1, true), ("c", 2, true)]),
        ] {
            let list = json(&routes(&model, reader), "/api/v1/alerts").await;
            for (id, rank, within_budget) in ranks {
                let own = list["alerts"].as_array().unwrap().iter().find(|alert| alert["alert_id"] == *id).unwrap();
                assert_eq!(own["priority"]["rank"], *rank, "{id}");
                assert_eq!(own["priority"]["within_budget"], *within_budget, "{id}");
            }
        }
    });
}

#[test]
fn a_stream_tells_what_is_told_and_resumes_where_it_was() {
    let (green, red) = (open(Marking::Green), open(Marking::Red));
    let model = model(&[], &[alert("a", 1, &green), alert("b", 1, &green), alert("c", 1, &red)]);
    let routes = routes(&model, Clearance::new(Marking::Green, [] as [&str; 0]));
    let listen = |last: Option<&'static str>| {
        let mut request = Request::get("/api/v1/stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        routes.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    run(async {
        let mut resumed = listen(Some("a.1")).await.unwrap().into_body();
        let mut fresh = listen(None).await.unwrap().into_body();
        let mut lost = listen(Some("c.1")).await.unwrap().into_body();
        let next = async |body: &mut Body| {
            String::from_utf8(body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec()).unwrap()
        };
        let first = next(&mut resumed).await;
        assert!(first.contains("id: b.1") && first.contains("event: raised") && !first.contains("a.1"), "{first}");
        assert!(next(&mut lost).await.contains("event: reset"), "a place that the reader may not know is none");
        model.change(|held| held.tell([alert("d", 1, &red), alert("e", 1, &green)], Day(20_001)));
        for body in [&mut resumed, &mut fresh, &mut lost] {
            let told = next(body).await;
            assert!(told.contains("id: e.1") && !told.contains("d.1"), "{told}");
        }
    });
}

/// The classes of the records of the property: one has a source of its own.
fn classes() -> Vec<Access> {
    let lists: [&[&str]; 4] = [&[], &["ORG-A"], &["ORG-A", "ORG-B"], &["none"]];
    let class = |marking: Marking| {
        lists.map(|list| Access { marking, releasable_to: list.iter().map(|o| Box::from(*o)).collect() })
    };
    Marking::ALL.into_iter().flat_map(class).collect()
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let one = (0..20usize, 0..3usize, 0..3usize, 0..60i32, 0..3usize, 0..90i32, 0..1_000i64, 0..2usize);
    let one = one.prop_map(|(class, substance, market, day, period, delay, mass_mg, evidence)| Record {
        substance: ["npp", "anpp", "unmapped:x"][substance],
        market: ["MX", "US", "CA"][market],
        source: format!("CLASS-{class}."),
        evidence: [Evidence::Export, Evidence::Seizure][evidence],
        access: classes()[class].clone(),
        first: Day(18_000 + day),
        period_days: [1, 7, 31][period],
        known_on: Day(18_000 + day + delay),
        mass_mg,
        incidents: 1,
        ..record()
    });
    proptest::collection::vec(one, 0..40)
}

/// By substance, market, source and kind.
fn key(record: &Record) -> [String; 4] {
    [record.substance, record.market, &record.source, record.evidence.as_str()].map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Every path of the document, random records and alerts, random readers: nothing of what may not be seen stands in an
    /// answer, and what is added up and counted is what an oracle finds among the rest.
    #[test]
    fn no_answer_holds_or_counts_what_the_reader_may_not_see(
        records in records(),
        told in proptest::collection::vec(0..20usize, 0..12),
        marking in 0..5usize,
        organisations in proptest::sample::subsequence(vec!["ORG-A", "ORG-B", "none", "*"], 0..4),
        as_of in 18_000..18_120i32,
    ) {
        let (reader, classes) = (Clearance::new(Marking::ALL[marking], organisations), classes());
        let sees: Vec<bool> = classes.iter().map(|class| reader.may_see_class(class)).collect();
        let alerts: Vec<Alert> =
            told.iter().enumerate().map(|(n, class)| alert(&format!("alert-{n}-CLASS-{class}."), 1, &classes[*class])).collect();
        let seen: Vec<&Record> = records.iter().filter(|record| reader.may_see_class(&record.access)).collect();
        let routes = routes(&model(&records, &alerts), reader.clone());
        run(async {
            let ids = ["none".to_owned()].into_iter().chain(alerts.iter().map(|alert| alert.alert_id.clone()));
            for id in ids.collect::<Vec<_>>() {
                for path in paths(&id) {
                    for query in ["", "?family=fentanyl", "?format=csv"] {
                        let (status, _, body) = ask(&routes, &format!("{path}{query}")).await;
                        let text = String::from_utf8_lossy(&body);
                        for (class, _) in sees.iter().enumerate().filter(|(_, sees)| !**sees) {
                            // A refused value is given back; a path's id is not.
                            assert!(!text.contains(&format!("CLASS-{class}.")), "{path}{query}: {text}");
                        }
                        assert!(status < 500, "{path}{query}: {text}");
                    }
                }
            }

            let visible = told.iter().filter(|class| sees[**class]).count();
            let list = json(&routes, "/api/v1/alerts").await;
            assert_eq!(list["counts"]["matching"], visible);
            assert_eq!(list["counts"]["without_filter"], visible);
            let by_market = list["counts"]["by_market"].as_object().unwrap().values();
            assert_eq!(by_market.map(|n| n.as_u64().unwrap()).sum::<u64>(), visible as u64);

            // Volumes as of a day, with their windows.
            let known: Vec<&&Record> = seen.iter().filter(|record| record.known_on.0 <= as_of).collect();
            let path = format!("/api/v1/volumes?limit=10000&window=28&as_of={}", Day(as_of));
            let mut shown: BTreeMap<([String; 4], String, u64), (i64, i64)> = BTreeMap::new();
            for row in json(&routes, &path).await["volumes"].as_array().unwrap() {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                let number = |name: &str| row[name].as_i64().unwrap();
                let key = ["substance", "market", "source", "evidence"].map(text);
                let at = (key, text("day"), row["period_days"].as_u64().unwrap());
                assert!(shown.insert(at, (number("mass_mg"), number("window_mass_mg"))).is_none());
            }
            let mut expected: BTreeMap<([String; 4], String, u64), (i64, i64)> = BTreeMap::new();
            for record in &known {
                let window = known.iter().filter(|other| {
                    key(other) == key(record) && in_window(other.first, other.last(), record.last(), 28)
                });
                let window = window.map(|other| other.mass_mg).sum();
                let at = (key(record), record.last().to_string(), record.period_days.into());
                expected.entry(at).or_insert((0, window)).0 += record.mass_mg;
            }
            assert_eq!(shown, expected);

            // Roll-ups and spans add up to the same.
            let total: i64 = seen.iter().map(|record| record.mass_mg).sum();
            for query in ["granularity=month&roll_up=market", "granularity=week&roll_up=ends", "granularity=year"] {
                let list = json(&routes, &format!("/api/v1/volumes?limit=10000&{query}")).await;
                let rows = list["volumes"].as_array().unwrap();
                assert_eq!(rows.iter().map(|row| row["mass_mg"].as_i64().unwrap()).sum::<i64>(), total, "{query}");
                let highest = seen.iter().map(|record| record.access.marking).max();
                assert_eq!(list["marking"].as_str(), highest.map(Marking::as_str));
            }
            let of_family: i64 = seen.iter().filter(|record| record.substance != "unmapped:x").map(|r| r.mass_mg).sum();
            let shares = json(&routes, "/api/v1/shares?family=fentanyl").await;
            let amounts = shares["shares"].as_array().unwrap().iter().map(|share| share["amount"].as_i64().unwrap());
            assert_eq!(amounts.sum::<i64>(), of_family);

            let sources = json(&routes, "/api/v1/sources").await;
            let events = sources["sources"].as_array().unwrap().iter().map(|source| source["events"].as_u64().unwrap());
            assert_eq!(events.sum::<u64>(), seen.len() as u64);
            assert_eq!(sources["inputs"].is_array(), reader.sees_everything());
        });
    }
}
