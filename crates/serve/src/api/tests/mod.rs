mod archive;
mod audit;
mod bed;
mod coverage;
mod keys;
mod people;
mod property;
mod sign_in;
mod sources;
mod views;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use axum::body::Body;
use axum::http::{Method, Request};
use headwater_catalog::Catalog;
use headwater_model::{Alert, AlertStatus, Budgets, Clearance, Day, Marking};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::document;
use crate::read::fixture::{NEEDS, Record, alert, held, open};
use crate::{PROBLEM_JSON, ReadModel};
use bed::{Bed, answer, ask, everything, json, model, operations, paths, record, run, up_to};

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs a test says by it that the file is to be made anew")]
fn the_committed_document_is_the_program_s() {
    let ours = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/openapi.json");
    if std::env::var_os("HEADWATER_UPDATE").is_some() {
        std::fs::write(path, &ours).unwrap();
    }
    let held = std::fs::read_to_string(path).unwrap_or_default();
    assert!(held == ours, "schemas/openapi.json is another: run this test with HEADWATER_UPDATE=1");
    assert!(ours.contains("\"openapi\": \"3.1.0\""));
    // Whatever is referred to is there.
    let referred = ours.split("\"$ref\": \"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for to in referred.collect::<BTreeSet<_>>() {
        let found = to.strip_prefix('#').and_then(|path| document().pointer(path).cloned());
        assert!(found.is_some(), "{to}");
    }
}

/// What can be sent to a path.
fn sent(path: &str) -> Value {
    match path.rsplit('/').next().unwrap() {
        "looked" => json!({"revision": 1}),
        "keys" => json!({"name": "n", "roles": ["viewer"], "marking": "TLP:CLEAR", "expires": "2026-10-01T00:00:00Z"}),
        "notes" => json!({"body": "a note"}),
        "views" => json!({"name": "n", "filters": {}}),
        "{id}" if path.contains("views") => json!({"version": 1, "view": {"name": "n", "filters": {}}}),
        "triage" if path.contains("{id}") => json!({"version": 0, "command": "close", "reason": "other"}),
        "triage" => json!({"alerts": [{"alert_id": "a1", "version": 0}], "command": "unassign"}),
        _ => panic!("{path} takes a body: say here which"),
    }
}

#[test]
fn each_route_takes_the_parameters_of_the_document_and_refuses_others_by_name() {
    let model = model(&[record()], &[alert("a1", 1, &open(Marking::Amber))]);
    let bed = Bed::new();
    let routes = bed.routes(&model, everything());
    run(async {
        let document = document();
        // Signing in goes elsewhere and comes back with what a service likes to add.
        for (method, path) in operations().into_iter().filter(|(_, path)| path.starts_with("/api/")) {
            let asked = path.replace("{id}", "a1");
            let body = if ![Method::POST, Method::PUT].contains(&method) {
                Body::empty()
            } else {
                Body::from(sent(&path).to_string())
            };
            let request = Request::builder().method(&method).uri(format!("{asked}?colour=red"));
            let request = request.header("content-type", "application/json").body(body).unwrap();
            let (status, headers, body) = answer(&routes, request).await;
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                (status, &problem["field"], &problem["value"]),
                (400, &"colour".into(), &"red".into()),
                "{method} {path}: {problem}"
            );
            assert_eq!(headers["content-type"], PROBLEM_JSON);
            if method != Method::GET {
                continue;
            }
            for parameter in document["paths"][&path]["get"]["parameters"].as_array().into_iter().flatten() {
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
    let bed = Bed::new();
    let routes = bed.routes(&model, everything());
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
    let model = Arc::new(ReadModel::new(Catalog::embedded(), Budgets::common(10), NEEDS));
    let bed = Bed::new();
    let routes = bed.routes(&model, everything());
    run(async {
        let (status, headers, _) = ask(&routes, "/api/v1/alerts").await;
        assert_eq!((status, headers["retry-after"].to_str().unwrap()), (503, "5"));
        assert_eq!(json(&routes, "/api/v1/me").await["simulated"], false);
    });
}

#[test]
fn whether_anything_is_simulated_is_said_of_what_the_reader_may_see() {
    let of = |source: &str, marking: Marking| Record { source: source.into(), access: open(marking), ..record() };
    let mut bed = Bed::new();
    let mixed = model(&[of("CUSTOMS", Marking::Green), of("SIM-A", Marking::Amber)], &[]);
    let real = model(&[of("CUSTOMS", Marking::Green), of("NOT-SIM-A", Marking::Green)], &[]);
    let said = |bed: &Bed, model: &Arc<ReadModel>, marking: Marking| {
        let routes = bed.routes(model, up_to(marking));
        run(async { json(&routes, "/api/v1/me").await["simulated"].as_bool().unwrap() })
    };
    assert!(said(&bed, &mixed, Marking::Amber));
    assert!(!said(&bed, &mixed, Marking::Green), "of what they may not see nothing is said");
    assert!(!said(&bed, &real, Marking::Red) && !said(&bed, &model(&[], &[]), Marking::Red));
    // Where all of it is, by the configuration, it is so for everybody.
    bed.notice.simulated = true;
    assert!(said(&bed, &real, Marking::Clear));
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
    let bed = Bed::new();
    let routes = bed.routes(&model(&records, &alerts), everything());
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
fn each_line_says_how_much_of_its_day_has_arrived() {
    let record = |first: i32, delay: i32| Record { first: Day(first), known_on: Day(first + delay), ..record() };
    // Half of the reports come after 10 days, the others after 30; the last came on day 18,100.
    let records = [record(18_000, 10), record(18_010, 30), record(18_060, 10), record(18_070, 30), record(18_085, 10)];
    let records: Vec<Record> = records.into_iter().chain([record(18_070, 30)]).collect();
    let bed = Bed::new();
    let routes = bed.routes(&model(&records, &[]), everything());
    run(async {
        let shares = async |query: &str| -> Vec<(String, f64)> {
            let list = json(&routes, &format!("/api/v1/volumes?{query}")).await;
            let rows = list["arrived"].as_array().unwrap().iter();
            rows.map(|row| (row["day"].as_str().unwrap().to_owned(), row["arrived_share"].as_f64().unwrap())).collect()
        };
        let day = |day| Day(day).to_string();
        let all = shares("").await;
        assert_eq!(all.iter().map(|(_, share)| *share).collect::<Vec<_>>(), [1.0, 1.0, 1.0, 1.0, 0.5]);
        assert_eq!(all[4].0, day(18_085));
        // What is known on an earlier day has arrived to a lesser part.
        assert_eq!(shares(&format!("as_of={}&from={}", day(18_075), day(18_060))).await, [(day(18_060), 0.5)]);
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
    let bed = Bed::new();
    let low = bed.routes(&model, Clearance::new(Marking::Green, [] as [&str; 0]));
    let high = bed.routes(&model, everything());
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
fn days_that_are_asked_for_are_those_of_the_whole() {
    let lengths = [1, 7, 31, 366];
    let records: Vec<Record> = (0..60)
        .map(|at| Record {
            first: Day(18_000 + at * 11),
            period_days: lengths[at as usize % 4],
            known_on: Day(18_000 + at * 11 + 400),
            mass_mg: 1 << (at % 40),
            ..record()
        })
        .collect();
    let bed = Bed::new();
    let routes = bed.routes(&model(&records, &[]), everything());
    run(async {
        for query in ["window=28", "window=364", "granularity=week&window=7", "granularity=year&window=91"] {
            let lines = async |more: &str| -> Vec<Value> {
                let list = json(&routes, &format!("/api/v1/volumes?limit=1000&{query}{more}")).await;
                list["volumes"].as_array().unwrap().clone()
            };
            let whole = lines("").await;
            // Where lines are of one day each, those of some days are a part of the whole, their windows too.
            let (from, to) = (Day(18_300), Day(18_500));
            let some = lines(&format!("&from={from}&to={to}")).await;
            assert!(some.len() > 3 || query.contains("year"), "{query}");
            let window =
                |line: &Value| (line["day"].clone(), line["period_days"].clone(), line["window_mass_mg"].clone());
            let all: Vec<_> = whole.iter().map(window).collect();
            assert!(some.iter().all(|line| all.contains(&window(line))), "{query}: {some:?}");
            let within =
                |line: &&Value| (from.to_string()..=to.to_string()).contains(&line["day"].as_str().unwrap().to_owned());
            if !query.contains("granularity") {
                assert_eq!(some.iter().collect::<Vec<_>>(), whole.iter().filter(within).collect::<Vec<_>>(), "{query}");
            }
        }
    });
}

#[test]
fn an_exercise_stands_in_the_list_and_in_no_count_but_its_own() {
    let label = open(Marking::Green);
    let mut alerts = vec![alert("a", 1, &label), alert("b", 1, &label), alert("e", 1, &label)];
    (alerts[2].exercise, alerts[2].priority.score) = (true, alerts[0].priority.score + 9.0);
    (alerts[2].detected_at, alerts[2].priority.rank) = (alerts[0].detected_at + 1, 7);
    let (with, without) = (model(&[], &alerts), model(&[], &alerts[..2]));
    let bed = Bed::new();
    let (with, without) = (bed.routes(&with, everything()), bed.routes(&without, everything()));
    run(async {
        let (list, others) = (json(&with, "/api/v1/alerts").await, json(&without, "/api/v1/alerts").await);
        let ids = |list: &Value| -> Vec<String> {
            list["alerts"].as_array().unwrap().iter().map(|alert| alert["alert_id"].to_string()).collect()
        };
        assert_eq!(ids(&list).len(), 3);
        let mut counts = list["counts"].clone();
        assert_eq!((&counts["exercises"], &others["counts"]["exercises"]), (&1.into(), &0.into()));
        counts["exercises"] = 0.into();
        assert_eq!(counts, others["counts"]);
        let alone = json(&with, "/api/v1/alerts?exercise=true").await;
        assert_eq!((ids(&alone), &alone["counts"]["matching"]), (vec!["\"e\"".to_owned()], &0.into()));
        assert_eq!(alone["alerts"][0]["priority"]["rank"], 7, "it has no place among the others");
        assert_eq!(json(&with, "/api/v1/alerts?exercise=false").await["alerts"], others["alerts"]);
    });
}

#[test]
fn what_was_raised_this_week_is_counted_beside_the_budget() {
    let mut alerts: Vec<Alert> = (0..4).map(|n| alert(&format!("a{n}"), 1, &open(Marking::Green))).collect();
    // The last closed day of the fixture is 20,000.
    for (alert, day) in alerts.iter_mut().zip([19_993, 19_994, 20_000, 20_000]) {
        (alert.detected_at, alert.as_of) = (Day(day), Day(day));
    }
    alerts[3].exercise = true;
    let bed = Bed::new();
    let routes = bed.routes(&model(&[], &alerts), everything());
    run(async {
        let counts = async |query: &str| json(&routes, &format!("/api/v1/alerts?{query}")).await["counts"].clone();
        let all = counts("").await;
        assert_eq!((&all["raised_in_week"], &all["weekly_budget"]), (&2.into(), &10.into()));
        assert_eq!(counts("market=NL").await["raised_in_week"], 2, "whatever the filter");
        assert_eq!(counts(&format!("as_of={}", Day(19_999))).await["raised_in_week"], 2);
    });
}

#[test]
fn what_is_watched_is_told_to_whom_nothing_is_hidden() {
    let model = model(&[], &[alert("a", 1, &open(Marking::Green))]);
    let bed = Bed::new();
    let (low, all) = (bed.routes(&model, Clearance::new(Marking::Red, ["ORG-A"])), bed.routes(&model, everything()));
    run(async {
        assert!(json(&all, "/api/v1/alerts").await["cells"].is_null());
        model.change(|held| held.watches(Some((386, 26))));
        model.change(|held| held.watches(None));
        let cells = json!({"watched": 386, "not_watched": 26});
        assert_eq!(json(&all, "/api/v1/alerts?market=NL").await["cells"], cells);
        assert!(json(&low, "/api/v1/alerts").await["cells"].is_null());
    });
}

#[test]
fn a_budget_has_room_for_what_the_reader_sees() {
    let (label, red) = (open(Marking::Green), open(Marking::Red));
    let mut alerts = vec![alert("a", 1, &label), alert("b", 1, &red), alert("c", 1, &label)];
    for (alert, (market, score)) in alerts.iter_mut().zip([("US", 5.0), ("US", 9.0), ("NL", 1.0)]) {
        (alert.market, alert.priority.score) = (market.to_owned(), score);
    }
    let budgets = Budgets { markets: [("US".into(), 1)].into(), ..Budgets::common(10) };
    let model = Arc::new(ReadModel::new(Catalog::embedded(), budgets, NEEDS));
    model.publish(held(&[], &alerts));
    let bed = Bed::new();
    let process = |reader| bed.routes(&model, reader);
    let (green, all) = (process(Clearance::new(Marking::Green, [] as [&str; 0])), process(everything()));
    run(async {
        for (routes, ranks) in [
            (&green, [("a", 1, true), ("c", 2, true)].as_slice()),
            (&all, &[("a", 3, false), ("b", 1, true), ("c", 2, true)]),
        ] {
            let list = json(routes, "/api/v1/alerts").await;
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
    let bed = Bed::new();
    let routes = bed.routes(&model, Clearance::new(Marking::Green, [] as [&str; 0]));
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
