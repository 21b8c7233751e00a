//! What people do with alerts: decided, noted, looked at, written down, and told to others.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use headwater_model::{Alert, Day, Marking};
use headwater_people::{Action, Role};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::bed::{As, Bed, answer, ask, everything, json as get, model, post, record, run, up_to};
use crate::read::fixture::{alert, open};

/// Told to everybody up to TLP:GREEN, then once more to TLP:RED alone; and one of TLP:RED.
fn alerts() -> Vec<Alert> {
    let (green, red) = (open(Marking::Green), open(Marking::Red));
    vec![alert("a", 1, &green), alert("b", 1, &green), alert("hidden", 1, &red), alert("b", 2, &red)]
}

fn analyst(handle: &str, marking: Marking) -> As {
    As::new(handle, &[Role::Viewer, Role::Analyst], up_to(marking))
}

/// Actor, action, object and detail of each entry of the audit log, the oldest first.
async fn written(bed: &Bed) -> Vec<[String; 4]> {
    let mut entries = bed.people.entries(u64::MAX, 1_000).await.unwrap();
    entries.reverse();
    entries.into_iter().map(|entry| [entry.actor, entry.action, entry.object, entry.detail]).collect()
}

#[test]
fn a_decision_names_the_version_that_it_saw_and_a_stale_one_gets_what_stands() {
    let bed = Bed::new();
    let model = model(&[], &alerts());
    let (ana, bo) =
        (bed.process(&model, analyst("ana", Marking::Red)), bed.process(&model, analyst("bo", Marking::Red)));
    let path = "/api/v1/alerts/a/triage";
    run(async {
        assert_eq!(get(&ana, path).await, json!({"alert_id": "a", "version": 0, "state": "new"}));
        let until = "2026-09-30T00:00:00.000Z";
        let note = json!({"version": 0, "command": "acknowledge", "until": until, "note": "asked the reporter"});
        let (status, triage) = post(&ana, path, note).await;
        assert_eq!((status, &triage["state"], &triage["until"]), (200, &"acknowledged".into(), &until.into()));
        assert_eq!((&triage["version"], &triage["changed_by"]), (&1.into(), &"ana".into()));
        assert_eq!(triage["changed_at"], super::bed::START.to_string());

        // Another process, that saw the version before.
        let close = json!({"version": 0, "command": "close", "reason": "licit_trade"});
        let (status, problem) = post(&bo, path, close).await;
        assert_eq!((status, &problem["type"], &problem["current"]), (409, &"urn:headwater:stale".into(), &triage));
        let (status, closed) =
            post(&bo, path, json!({"version": 1, "command": "close", "reason": "licit_trade"})).await;
        assert_eq!((status, &closed["state"], &closed["reason"]), (200, &"closed".into(), &"licit_trade".into()));
        let (status, problem) = post(&bo, path, json!({"version": 2, "command": "assign", "assignee": "bo"})).await;
        assert_eq!((status, &problem["type"]), (409, &"urn:headwater:refused".into()));
        assert_eq!(post(&bo, path, json!({"version": 2, "command": "reopen"})).await.0, 200);
        assert_eq!(post(&bo, path, json!({"version": 3, "command": "assign", "assignee": "ana"})).await.0, 200);

        let log = get(&ana, "/api/v1/alerts/a/transitions?after=2").await;
        let steps = log["transitions"].as_array().unwrap();
        assert_eq!(steps.len(), 2);
        assert_eq!((&steps[0]["by"], &steps[0]["from"]["reason"]), (&"bo".into(), &"licit_trade".into()));
        assert_eq!((&steps[1]["to"]["state"], &steps[1]["to"]["assignee"]), (&"assigned".into(), &"ana".into()));
        let notes = get(&bo, "/api/v1/alerts/a/notes").await;
        assert_eq!(
            (&notes["notes"][0]["by"], &notes["notes"][0]["body"]),
            (&"ana".into(), &"asked the reporter".into())
        );

        for (body, field) in [
            (json!({"version": 4, "command": "close", "reason": "bored"}), "reason"),
            (json!({"version": 4, "command": "acknowledge", "until": "tomorrow"}), "until"),
            (json!({"version": 4, "command": "acknowledge", "until": "2020-01-01T00:00:00Z"}), "until"),
            (json!({"version": 4, "command": "assign", "assignee": ""}), "assignee"),
            (json!({"version": 4, "command": "close", "reason": "other", "until": "x"}), "body"),
            (json!({"command": "close", "reason": "other"}), "body"),
        ] {
            let (status, problem) = post(&ana, path, body).await;
            assert_eq!((status, &problem["field"]), (400, &field.into()), "{problem}");
        }
        assert_eq!(get(&ana, path).await["version"], 4);
    });
}

#[test]
fn whoever_may_not_see_an_alert_may_not_decide_of_it_and_roles_are_asked() {
    let bed = Bed::new();
    let model = model(&[], &alerts());
    let low = bed.process(&model, analyst("low", Marking::Green));
    let viewer = bed.process(&model, As::new("eve", &[Role::Viewer, Role::Service], everything()));
    let high = bed.process(&model, analyst("ana", Marking::Red));
    let close = |version| json!({"version": version, "command": "close", "reason": "other"});
    run(async {
        for id in ["hidden", "unknown", &"x".repeat(300)] {
            let path = format!("/api/v1/alerts/{id}");
            for (way, body) in
                [("triage", close(0)), ("notes", json!({"body": "n"})), ("looked", json!({"revision": 1}))]
            {
                let (status, problem) = post(&low, &format!("{path}/{way}"), body).await;
                assert_eq!((status, &problem["detail"]), (404, &"no alert with this id that you may see".into()));
            }
        }
        for (path, body) in [
            ("alerts/a/triage", close(0)),
            ("alerts/a/notes", json!({"body": "n"})),
            ("triage", json!({"alerts": [{"alert_id": "a", "version": 0}], "command": "unassign"})),
        ] {
            let (status, problem) = post(&viewer, &format!("/api/v1/{path}"), body).await;
            assert_eq!((status, &problem["type"]), (403, &"urn:headwater:forbidden".into()), "{path}");
        }
        assert!(written(&bed).await.is_empty());

        // Of many, each on its own account.
        let alerts = json!([{"alert_id": "b", "version": 0}, {"alert_id": "hidden", "version": 0}, {"alert_id": "a", "version": 7}]);
        let (status, done) =
            post(&low, "/api/v1/triage", json!({"alerts": alerts, "command": "close", "reason": "duplicate"})).await;
        assert_eq!(status, 200);
        let outcomes = done["outcomes"].as_array().unwrap();
        assert_eq!(outcomes[0]["problem"]["current"]["version"], 0);
        assert_eq!(outcomes[1]["triage"]["reason"], "duplicate");
        assert_eq!((&outcomes[2]["alert_id"], &outcomes[2]["problem"]["status"]), (&"hidden".into(), &404.into()));
        let many: Vec<Value> = (0..201).map(|n| json!({"alert_id": n.to_string(), "version": 0})).collect();
        assert_eq!(post(&low, "/api/v1/triage", json!({"alerts": many, "command": "reopen"})).await.0, 400);

        // What is written by somebody who sees more is for whoever sees as much.
        assert_eq!(post(&high, "/api/v1/alerts/b/notes", json!({"body": "of the second revision"})).await.0, 200);
        assert_eq!(post(&low, "/api/v1/alerts/b/notes", json!({"body": "of the first"})).await.0, 200);
        let notes = |list: &Value| -> Vec<String> {
            list["notes"].as_array().unwrap().iter().map(|note| note["body"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(notes(&get(&low, "/api/v1/alerts/b/notes").await), ["of the first"]);
        assert_eq!(notes(&get(&high, "/api/v1/alerts/b/notes").await), ["of the second revision", "of the first"]);
    });
}

#[test]
fn what_a_reader_has_looked_at_is_theirs_and_what_was_decided_is_everybody_s() {
    let bed = Bed::new();
    let model = model(&[], &alerts());
    let (ana, bo) =
        (bed.process(&model, analyst("ana", Marking::Red)), bed.process(&model, analyst("bo", Marking::Green)));
    run(async {
        bed.pass(1_000);
        let (status, beside) = post(&ana, "/api/v1/alerts/b/looked", json!({"revision": 2})).await;
        assert_eq!((status, &beside["seen_revision"]), (200, &2.into()));
        assert_eq!(beside["last_looked"], super::bed::START.after(1_000).to_string());
        let (status, problem) = post(&bo, "/api/v1/alerts/b/looked", json!({"revision": 2})).await;
        assert_eq!((status, &problem["allowed"]), (400, &"1 to 1, the last that you may see".into()));
        assert_eq!(post(&bo, "/api/v1/alerts/b/looked", json!({"revision": 1})).await.0, 200);
        assert_eq!(
            post(&ana, "/api/v1/alerts/a/triage", json!({"version": 0, "command": "assign", "assignee": "bo"})).await.0,
            200
        );

        let list = get(&ana, "/api/v1/alerts").await;
        assert_eq!(list["counts"]["by_triage"], json!({"assigned": 1, "new": 2}));
        assert_eq!((&list["counts"]["unseen"], &list["counts"]["matching"]), (&2.into(), &3.into()));
        for (alert, beside) in list["alerts"].as_array().unwrap().iter().zip(list["beside"].as_array().unwrap()) {
            assert_eq!(alert["alert_id"], beside["triage"]["alert_id"]);
        }
        let ids = async |routes: &Router, query: &str| -> Vec<String> {
            let list = get(routes, &format!("/api/v1/alerts?sort=newest&{query}")).await;
            let alerts = list["alerts"].as_array().unwrap();
            alerts.iter().map(|alert| alert["alert_id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids(&ana, "unseen=false").await, ["b"]);
        assert_eq!(ids(&ana, "triage=assigned,closed").await, ["a"]);
        assert_eq!(ids(&bo, "assignee=bo&unseen=true").await, ["a"]);
        assert_eq!(ids(&bo, "triage=new").await, ["b"]);
        let detail = get(&bo, "/api/v1/alerts/b").await;
        assert_eq!(
            (&detail["beside"]["seen_revision"], &detail["beside"]["triage"]["version"]),
            (&1.into(), &0.into())
        );
    });
}

#[test]
fn what_is_shown_of_the_narrowest_labels_or_taken_away_is_written_down_first() {
    let bed = Bed::new();
    let strict = super::Record { access: open(Marking::AmberStrict), ..record() };
    let model = model(&[strict], &alerts());
    let routes = bed.process(&model, analyst("ana", Marking::Red));
    let nameless = bed.process(&model, analyst(&"x".repeat(256), Marking::Red));
    run(async {
        for path in [
            "alerts?status=raised,updated",
            "alerts/hidden",
            "alerts/a",
            "volumes",
            "volumes?format=csv&market=MX",
            "me",
        ] {
            assert_eq!(ask(&routes, &format!("/api/v1/{path}")).await.0, 200, "{path}");
        }
        assert_eq!(
            post(&routes, "/api/v1/alerts/a/triage", json!({"version": 0, "command": "close", "reason": "other"}))
                .await
                .0,
            200
        );
        let log = written(&bed).await;
        let said: Vec<[&str; 3]> = log.iter().map(|[_, action, object, _]| [action.as_str(), object, ""]).collect();
        let word = |action: Action| action.as_str();
        assert_eq!(
            said,
            [
                [word(Action::ViewedRed), "/api/v1/alerts", ""],
                [word(Action::ViewedRed), "/api/v1/alerts/hidden", ""],
                [word(Action::ViewedAmberStrict), "/api/v1/volumes", ""],
                [word(Action::Exported), "/api/v1/volumes", ""],
                [word(Action::Triaged), "a", ""],
            ]
        );
        assert!(log.iter().all(|[actor, ..]| actor == "ana"));
        assert!(log[0][3].starts_with("status=raised,updated ") && log[0][3].contains("hidden.1"), "{}", log[0][3]);
        assert_eq!(log[3][3], "csv of TLP:AMBER+STRICT: format=csv&market=MX");
        let (_, headers, _) = ask(&routes, "/api/v1/volumes").await;
        assert_eq!(headers["headwater-marking"], "TLP:AMBER+STRICT");

        // Where it cannot be written down, as of a handle that the log does not take, it is not shown.
        let routes = &nameless;
        let (status, _, body) = ask(routes, "/api/v1/alerts/hidden").await;
        assert!(status == 503 && !String::from_utf8_lossy(&body).contains("headline of hidden"));
        assert_eq!(ask(routes, "/api/v1/volumes?format=csv").await.0, 503);
        assert_eq!(ask(routes, "/api/v1/me").await.0, 200);
    });
}

/// The next event of a stream.
async fn next(body: &mut Body) -> String {
    String::from_utf8(body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec()).unwrap()
}

async fn listen(routes: &Router, last: Option<&str>) -> Body {
    let mut request = Request::get("/api/v1/stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_body()
}

fn id(event: &str) -> String {
    event.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned()
}

#[test]
fn two_processes_on_one_file_hear_of_each_other_s_triage() {
    hear_of_each_other(&Bed::new());
}

#[test]
fn two_processes_on_one_postgresql_hear_of_each_other_s_triage() {
    hear_of_each_other(&Bed::postgres());
}

fn hear_of_each_other(bed: &Bed) {
    let model = model(&[], &alerts());
    let one = bed.process(&model, analyst("ana", Marking::Red));
    let (two, low) =
        (bed.process(&model, analyst("bo", Marking::Red)), bed.process(&model, analyst("low", Marking::Green)));
    let clear = bed.process(&model, analyst("cy", Marking::Clear));
    let close = json!({"version": 0, "command": "close", "reason": "confirmed"});
    run(async {
        let (mut high, mut green) = (listen(&two, None).await, listen(&low, None).await);
        assert_eq!(post(&one, "/api/v1/alerts/hidden/triage", close.clone()).await.0, 200);
        let event = next(&mut high).await;
        assert!(event.contains("event: triage\n") && event.contains("\"alert_id\":\"hidden\""), "{event}");
        assert!(event.contains("\"state\":\"closed\"") && event.contains("\"changed_by\":\"ana\""), "{event}");
        // And what somebody of another process sees is the same.
        assert_eq!(get(&two, "/api/v1/alerts/hidden/triage").await["reason"], "confirmed");

        assert_eq!(post(&one, "/api/v1/alerts/b/notes", json!({"body": "n"})).await.0, 200);
        assert!(next(&mut high).await.contains("event: note\ndata: {\"alert_id\":\"b\"}"));
        assert_eq!(post(&one, "/api/v1/alerts/a/triage", close.clone()).await.0, 200);
        // Neither the hidden alert, nor that there is a note of who sees more, comes before it.
        let event = next(&mut green).await;
        assert!(event.contains("\"alert_id\":\"a\"") && !event.contains("hidden"), "{event}");
        let last = id(&event);
        drop(green);

        // Away, and back: what was decided meanwhile comes, with what was told.
        bed.pass(120_000);
        assert_eq!(post(&one, "/api/v1/alerts/b/triage", close.clone()).await.0, 200);
        model.change(|held| held.tell([alert("c", 1, &open(Marking::Green))], Day(20_002)));
        let mut green = listen(&low, Some(&last)).await;
        let mut heard = String::new();
        while !(heard.contains("event: raised\n") && heard.contains("\"alert_id\":\"b\",\"version\":1")) {
            heard.push_str(&next(&mut green).await);
        }
        assert!(!heard.contains("hidden") && !heard.contains("reset") && !heard.contains("note"), "{heard}");

        // A reader to whom nothing was ever told of an alert is told of the first.
        let mut early = listen(&clear, None).await;
        assert_eq!(post(&one, "/api/v1/alerts/c/triage", close).await.0, 200);
        model.change(|held| held.tell([alert("e", 1, &open(Marking::Clear))], Day(20_003)));
        let first = id(&next(&mut early).await);
        drop(early);
        assert!(first.starts_with("e.1~"));
        let nothing_yet = format!("~{}", first.split('~').nth(1).unwrap());
        assert!(next(&mut listen(&clear, Some(&nothing_yet)).await).await.contains("id: e.1~"));
    });
}

#[test]
fn what_is_live_of_the_narrowest_label_is_written_down_and_what_expires_is_told() {
    let bed = Bed::new();
    let model = model(&[], &alerts());
    let routes = bed.process(&model, analyst("ana", Marking::Red));
    run(async {
        let until = super::bed::START.after(5_000).to_string();
        let (status, _) =
            post(&routes, "/api/v1/alerts/a/triage", json!({"version": 0, "command": "acknowledge", "until": until}))
                .await;
        assert_eq!(status, 200);
        let mut live = listen(&routes, None).await;
        model.change(|held| held.tell([alert("d", 1, &open(Marking::Red))], Day(20_002)));
        assert!(next(&mut live).await.contains("id: d.1~"));
        assert_eq!(written(&bed).await.pop().unwrap()[1..], ["viewed_red", "/api/v1/stream", "d.1"]);
        bed.pass(6_000);
        assert_eq!(get(&routes, "/api/v1/alerts/a/triage").await["state"], "new");
        bed.people.expire(super::bed::START.after(6_000)).await.unwrap();
        let event = next(&mut live).await;
        assert!(event.contains("event: triage\n") && event.contains("\"changed_by\":\"headwater\""), "{event}");
    });
}

#[test]
fn a_page_of_another_site_changes_nothing_and_a_body_is_json_of_a_size() {
    let bed = Bed::new();
    let model = model(&[], &alerts());
    let routes = bed.routes(&model, everything());
    let close = r#"{"version":0,"command":"close","reason":"other"}"#;
    let request = |headers: &[(&str, &str)], body: &str| {
        let mut request = Request::post("/api/v1/alerts/a/triage");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_owned())).unwrap()
    };
    let json = ("content-type", "application/json");
    let host = ("host", "127.0.0.1:8080");
    run(async {
        for (headers, status) in [
            (vec![json, host, ("sec-fetch-site", "cross-site")], 403),
            (vec![json, host, ("sec-fetch-site", "same-site")], 403),
            (vec![json, host, ("origin", "http://127.0.0.1:9090")], 403),
            (vec![json, host, ("origin", "null")], 403),
            (vec![json, ("host", "rebound.example.org:8080")], 403),
            (vec![host, ("content-type", "text/plain")], 415),
            (vec![host], 415),
        ] {
            assert_eq!(answer(&routes, request(&headers, close)).await.0, status, "{headers:?}");
        }
        assert_eq!(answer(&routes, request(&[json, host], &" ".repeat(70_000))).await.0, 413);
        let own = [json, host, ("origin", "http://127.0.0.1:8080")];
        assert_eq!(answer(&routes, request(&own, close)).await.0, 200);
        // A host that leads here by another name reads nothing either.
        let read = Request::get("/api/v1/alerts").header("host", "rebound.example.org").body(Body::empty()).unwrap();
        assert_eq!(answer(&routes, read).await.0, 403);
    });
}
