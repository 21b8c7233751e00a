//! No answer holds or counts what its reader may not see.

use std::collections::BTreeMap;

use axum::http::Method;
use headwater_catalog::Catalog;
use headwater_model::{Access, Alert, Clearance, Day, Evidence, Marking, in_window};
use headwater_people::{By, Filters};
use proptest::prelude::*;
use serde_json::Value;

use super::bed::{Bed, START, ask, json, model, paths, record, run, send};
use crate::read::fixture::{Record, alert};

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

/// A record as it lies in the archive: all that names it says its class.
fn event(n: usize, record: &Record) -> Value {
    let name = Catalog::embedded().get(record.substance).map_or("something else".into(), |known| known.name.clone());
    let class = &record.source;
    let mut event = serde_json::json!({
        "event_id": format!("{class}-{n}"), "source": class, "reported_at": format!("{}T10:00:00Z", record.known_on),
        "occurred_on": record.first.to_string(), "period_days": record.period_days, "kind": record.evidence.as_str(),
        "origin": record.origin, "destination": record.market, "consignor": class, "permit": class,
        "marking": record.access.marking.as_str(), "releasable_to": record.access.releasable_to,
    });
    let quantity = serde_json::json!({"value": record.mass_mg, "unit": "mg"});
    if record.evidence == Evidence::Seizure {
        event["place"] = record.market.into();
        event["items"] = serde_json::json!([{"name": name, "quantity": quantity}]);
    } else {
        event["item"] = serde_json::json!({"name": name});
        event["quantity"] = quantity;
    }
    event
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
        let mut bed = Bed::new();
        let events: Vec<Value> = records.iter().enumerate().map(|(n, record)| event(n, record)).collect();
        bed.store.epoch(0, &events);
        let routes = bed.routes(&model(&records, &alerts), reader.clone());
        run(async {
            // Of every class that a view can be of, one that somebody shares.
            let mut shared = Vec::new();
            for (class, access) in classes.iter().enumerate() {
                let Some(organisation) = access.releasable_to.first() else { continue };
                let view = Filters {
                    name: format!("view-{class}-CLASS-{class}."),
                    filters: format!(r#"{{"source":"CLASS-{class}."}}"#),
                    organisation: Some(organisation.to_string()),
                    marking: access.marking,
                };
                let view = bed.people.create_view(&view, By { who: "somebody", at: START }).await.unwrap();
                shared.push((view, reader.may_see(access.marking, &[organisation])));
            }
            let list = json(&routes, "/api/v1/views").await;
            let mut listed: Vec<&str> =
                list["views"].as_array().unwrap().iter().map(|view| view["view_id"].as_str().unwrap()).collect();
            listed.sort_unstable();
            let mut expected: Vec<&str> = shared.iter().filter(|(_, sees)| *sees).map(|(view, _)| &*view.id).collect();
            expected.sort_unstable();
            assert_eq!(listed, expected);
            for (view, sees) in &shared {
                let (status, _, body) = ask(&routes, &format!("/api/v1/views/{}", view.id)).await;
                assert_eq!((status == 200, status == 404), (*sees, !*sees), "{}", String::from_utf8_lossy(&body));
                // Nobody but the owner changes it, and nobody is told more by trying.
                let path = format!("/api/v1/views/{}?version=9", view.id);
                let (status, problem) = send(&routes, Method::DELETE, &path, &Value::Null).await;
                assert!(status == 404 && !problem.to_string().contains("CLASS-"), "{problem}");
            }

            let ids = ["none".to_owned()].into_iter().chain(alerts.iter().map(|alert| alert.alert_id.clone()));
            for id in ids.collect::<Vec<_>>() {
                for path in paths(&id) {
                    for query in ["", "?family=fentanyl", "?format=csv"] {
                        let (status, _, body) = ask(&routes, &format!("{path}{query}")).await;
                        let text = String::from_utf8_lossy(&body);
                        // A view is of one organisation where a record may be of two.
                        let hidden = sees.iter().enumerate().filter(|(_, sees)| !**sees);
                        for (class, _) in hidden {
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
            let rows = |list: &Value| {
                let mut shown: BTreeMap<([String; 4], String, u64), (i64, i64)> = BTreeMap::new();
                for row in list["volumes"].as_array().unwrap() {
                    let text = |name: &str| row[name].as_str().unwrap().to_owned();
                    let number = |name: &str| row[name].as_i64().unwrap();
                    let key = ["substance", "market", "source", "evidence"].map(text);
                    let at = (key, text("day"), row["period_days"].as_u64().unwrap());
                    assert!(shown.insert(at, (number("mass_mg"), number("window_mass_mg"))).is_none());
                }
                shown
            };
            let mut expected: BTreeMap<([String; 4], String, u64), (i64, i64)> = BTreeMap::new();
            for record in &known {
                let window = known.iter().filter(|other| {
                    key(other) == key(record) && in_window(other.first, other.last(), record.last(), 28)
                });
                let window = window.map(|other| other.mass_mg).sum();
                let at = (key(record), record.last().to_string(), record.period_days.into());
                expected.entry(at).or_insert((0, window)).0 += record.mass_mg;
            }
            assert_eq!(rows(&json(&routes, &path).await), expected);
            // A part of it is the same, its windows included, by whatever it is found.
            let (from, to) = (Day(as_of - 45), Day(as_of - 5));
            for narrow in ["", "&substance=npp", "&market=MX", "&substance=npp,anpp&market=US,CA", "&origin=CN"] {
                let takes = |name: &str, value: &str| {
                    let list = narrow.split('&').find_map(|pair| pair.strip_prefix(name));
                    list.is_none_or(|list| list.split(',').any(|one| one == value))
                };
                let part = expected.iter().filter(|((key, day, _), _)| {
                    takes("substance=", &key[0]) && takes("market=", &key[1])
                        && (from.to_string()..=to.to_string()).contains(day)
                });
                let part: BTreeMap<_, _> = part.map(|(at, sums)| (at.clone(), *sums)).collect();
                let list = json(&routes, &format!("{path}&from={from}&to={to}{narrow}")).await;
                assert_eq!(rows(&list), part, "{narrow}");
            }

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

            // The records themselves, and what is counted of them.
            let list = json(&routes, &format!("/api/v1/observations?limit=1000&as_of={}", Day(as_of))).await;
            let mut ids: Vec<&str> =
                list["observations"].as_array().unwrap().iter().map(|row| row["event_id"].as_str().unwrap()).collect();
            let numbered = records.iter().enumerate().filter(|(_, r)| reader.may_see_class(&r.access) && r.known_on.0 <= as_of);
            let mut expected: Vec<String> = numbered.map(|(n, record)| format!("{}-{n}", record.source)).collect();
            ids.sort_unstable();
            expected.sort_unstable();
            assert_eq!(ids, expected);
            assert_eq!(list["totals"]["mass_mg"], known.iter().map(|record| record.mass_mg).sum::<i64>());
            let quality = json(&routes, "/api/v1/quality").await;
            let counted = quality["sources"].as_array().unwrap().iter().map(|source| source["records"].as_u64().unwrap());
            assert_eq!(counted.sum::<u64>(), seen.len() as u64);
            assert_eq!(quality["rejects"].is_array(), reader.sees_everything());
        });
    }
}
