//! Who is let in by a key, what a key may do, and how often.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use headwater_model::{Clearance, Marking};
use headwater_people::Role;
use serde_json::{Value, json};

use super::bed::{As, Bed, START, answer, ask, everything, json as get, model, post, run, send, up_to};
use crate::peer::Peer;
use crate::read::fixture::{alert, open};
use crate::token::tests::{Ec, claims, file_of, rules, with};
use crate::{ClaimRules, Http, KeyGate, KeySource, OpenGate, PROBLEM_JSON, Rate, Tokens};

/// What a request is answered by that shows a key.
async fn shown(routes: &Router, method: Method, path: &str, token: &str, body: Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    let request = request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap();
    let (status, _, body) = answer(routes, request).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn asked(roles: &[&str], marking: &str, organisations: &[&str], expires_ms: i64) -> Value {
    let expires = START.after(expires_ms).to_string();
    json!({"name": "export of the desk", "roles": roles, "marking": marking, "organisations": organisations, "expires": expires})
}

#[test]
fn a_key_does_and_sees_what_it_was_given_until_it_ends_or_is_taken_back() {
    let bed = Bed::new();
    let alerts = [alert("a", 1, &open(Marking::Green)), alert("b", 1, &open(Marking::Amber))];
    let model = model(&[], &alerts);
    let admin = bed.process(&model, As::new("root", &[Role::Admin], everything()));
    let keys = bed.process(&model, KeyGate::new(bed.people.clone(), bed.clock()));
    let list = "/api/v1/alerts";
    run(async {
        let (status, made) = post(&admin, "/api/v1/keys", asked(&["service"], "TLP:GREEN", &[], 10_000)).await;
        assert_eq!(status, 200, "{made}");
        let (token, id) = (made["token"].as_str().unwrap(), made["key"]["id"].as_str().unwrap());
        let (status, seen) = shown(&keys, Method::GET, list, token, Value::Null).await;
        assert_eq!(
            (status, &seen["counts"]["without_filter"], &seen["computed_up_to"]),
            (200, &1.into(), &"TLP:GREEN".into())
        );
        let (_, me) = shown(&keys, Method::GET, "/api/v1/me", token, Value::Null).await;
        assert_eq!(
            (&me["handle"], &me["auth"], &me["roles"]),
            (&format!("key:{id}").into(), &"keys".into(), &json!(["service"]))
        );
        let close = json!({"version": 0, "command": "close", "reason": "other"});
        assert_eq!(shown(&keys, Method::POST, "/api/v1/alerts/a/triage", token, close.clone()).await.0, 403);
        assert_eq!(shown(&keys, Method::GET, "/api/v1/keys", token, Value::Null).await.0, 403);

        // The list tells all but the secret.
        let listed = get(&admin, "/api/v1/keys").await;
        assert_eq!((&listed["keys"][0]["id"], &listed["keys"][0]["created_by"]), (&id.into(), &"root".into()));
        assert!(!listed.to_string().contains(&token[token.len() - 20..]));

        // One that decides.
        let (_, other) =
            post(&admin, "/api/v1/keys", asked(&["viewer", "analyst"], "TLP:AMBER", &["ORG-A"], 10_000)).await;
        let decides = other["token"].as_str().unwrap();
        let (status, closed) = shown(&keys, Method::POST, "/api/v1/alerts/b/triage", decides, close).await;
        assert_eq!(
            (status, &closed["changed_by"]),
            (200, &format!("key:{}", other["key"]["id"].as_str().unwrap()).into())
        );

        let path = format!("/api/v1/keys/{}", other["key"]["id"].as_str().unwrap());
        assert_eq!(send(&admin, Method::DELETE, &path, &Value::Null).await.0, 200);
        assert_eq!(send(&admin, Method::DELETE, &path, &Value::Null).await.0, 404);
        assert_eq!(shown(&keys, Method::GET, list, decides, Value::Null).await.0, 401);
        bed.pass(10_000);
        assert_eq!(shown(&keys, Method::GET, list, token, Value::Null).await.0, 401);

        let (status, headers, body) = ask(&keys, list).await;
        assert_eq!((status, headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
        assert_eq!(headers["content-type"], PROBLEM_JSON);
        assert!(!String::from_utf8_lossy(&body).contains("hwk_"));
        for n in 0..15 {
            let wrong = format!("{}{n:02}", &token[..token.len() - 2]);
            assert_eq!(shown(&keys, Method::GET, list, &wrong, Value::Null).await.0, 401);
        }
        // One before time passed, and ten of the others.
        let log = bed.people.entries(u64::MAX, 1_000).await.unwrap();
        let count = |action: &str| log.iter().filter(|entry| entry.action == action).count();
        assert_eq!((count("key_created"), count("key_revoked"), count("sign_in_failed")), (2, 1, 11));
        assert!(log.iter().any(|entry| entry.detail == "a key: expired"));
        assert!(log.iter().any(|entry| entry.detail == "a key: revoked"));
    });
}

#[test]
fn only_admins_make_keys_and_none_that_see_more_than_they() {
    let bed = Bed::new();
    let model = model(&[], &[]);
    let analyst = bed.process(&model, As::new("ana", &[Role::Viewer, Role::Analyst, Role::Service], everything()));
    let admin = bed.process(&model, As::new("root", &[Role::Admin], Clearance::new(Marking::Amber, ["ORG-A"])));
    run(async {
        assert_eq!(post(&analyst, "/api/v1/keys", asked(&["viewer"], "TLP:CLEAR", &[], 1_000)).await.0, 403);
        assert_eq!(send(&analyst, Method::DELETE, "/api/v1/keys/x", &Value::Null).await.0, 403);
        assert_eq!(ask(&analyst, "/api/v1/keys").await.0, 403);
        for (roles, marking, organisations, expires_ms, status, field) in [
            (&["viewer"][..], "TLP:AMBER", &["ORG-A"][..], 1_000, 200, Value::Null),
            (&["viewer"], "TLP:AMBER+STRICT", &[], 1_000, 403, Value::Null),
            (&["viewer"], "TLP:AMBER", &["ORG-A", "ORG-B"], 1_000, 403, Value::Null),
            (&["viewer"], "TLP:CLEAR", &["*"], 1_000, 403, Value::Null),
            (&["king"], "TLP:CLEAR", &[], 1_000, 400, "roles".into()),
            (&[], "TLP:CLEAR", &[], 1_000, 400, "roles".into()),
            (&["viewer"], "AMBER", &[], 1_000, 400, "marking".into()),
            (&["viewer"], "TLP:CLEAR", &[], 0, 400, "expires".into()),
            (&["viewer"], "TLP:CLEAR", &[], 401 * 86_400_000, 400, "expires".into()),
        ] {
            let asked = asked(roles, marking, organisations, expires_ms);
            let (got, problem) = post(&admin, "/api/v1/keys", asked.clone()).await;
            assert_eq!((got, &problem["field"]), (status, &field), "{asked}: {problem}");
        }
        assert_eq!(get(&admin, "/api/v1/keys").await["keys"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn where_no_sign_in_is_asked_a_key_is_asked_all_the_same_where_one_is_shown() {
    let bed = Bed::new();
    let gate = KeyGate::new(bed.people.clone(), bed.clock()).or(OpenGate::new(everything()));
    let routes = bed.process(&model(&[], &[]), gate);
    run(async {
        let me = get(&routes, "/api/v1/me").await;
        assert_eq!((&me["handle"], &me["auth"]), (&"local".into(), &"none".into()));
        let (_, made) = post(&routes, "/api/v1/keys", asked(&["viewer"], "TLP:GREEN", &[], 1_000)).await;
        let (_, me) = shown(&routes, Method::GET, "/api/v1/me", made["token"].as_str().unwrap(), Value::Null).await;
        assert_eq!(me["marking"], "TLP:GREEN");
        assert_eq!(shown(&routes, Method::GET, "/api/v1/me", "hwk_none", Value::Null).await.0, 401);
    });
}

#[test]
fn whoever_asks_too_often_is_told_when_to_come_again() {
    let bed = Bed::new();
    let model = model(&[], &[]);
    let rate = Rate { burst: 3, per_minute: 60 };
    let gate = KeyGate::new(bed.people.clone(), bed.clock()).or(OpenGate::new(up_to(Marking::Green)));
    let routes = bed.process_at(&model, gate, rate);
    let maker = bed.routes(&model, everything());
    run(async {
        let (_, made) = post(&maker, "/api/v1/keys", asked(&["viewer"], "TLP:GREEN", &[], 10_000)).await;
        let token = made["token"].as_str().unwrap();
        for _ in 0..3 {
            assert_eq!(ask(&routes, "/api/v1/me").await.0, 200);
        }
        let (status, headers, body) = ask(&routes, "/api/v1/me").await;
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &problem["type"]), (429, &"urn:headwater:too-often".into()));
        let wait: i64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
        // Another caller is another's business.
        assert_eq!(shown(&routes, Method::GET, "/api/v1/me", token, Value::Null).await.0, 200);
        bed.pass(wait * 1_000);
        assert_eq!(ask(&routes, "/api/v1/me").await.0, 200);
    });
}

#[test]
fn a_token_does_and_sees_what_its_claims_say_and_nothing_of_it_is_written_down() {
    let (bed, own, folder) = (Bed::new(), Ec::draw(), tempfile::tempdir().unwrap());
    let file = file_of(folder.path(), &json!({"keys": [own.jwk("a")]}).to_string());
    let tokens = || Tokens::new(rules("ES256"), KeySource::File(file.clone()), Http::new().unwrap()).unwrap();
    let alerts = [alert("a", 1, &open(Marking::Green)), alert("b", 1, &open(Marking::Amber))];
    let model = model(&[], &alerts);
    let claim_rules = || ClaimRules {
        roles_claim: "roles".into(),
        roles: [("svc".to_owned(), Role::Service), ("desk".to_owned(), Role::Analyst)].into(),
        clearance_claim: "clearance".into(),
        clearances: Default::default(),
        clearance: Marking::Clear,
        organisations_claim: "organisations".into(),
    };
    let gate = || KeyGate::new(bed.people.clone(), bed.clock()).or_tokens(tokens(), claim_rules());
    let routes = bed.process(&model, gate());
    let keys_alone = bed.process(&model, KeyGate::new(bed.people.clone(), bed.clock()));
    let or_open = bed.process(&model, gate().or(OpenGate::new(everything())));
    let list = "/api/v1/alerts";
    let good = |roles: Value, label: &str| {
        let mut claims = with("roles", roles);
        claims["clearance"] = label.into();
        claims["organisations"] = json!(["ORG-A"]);
        own.sign("a", &claims)
    };
    run(async {
        let json_of = get;
        let get = async |token: &str, path: &str| shown(&routes, Method::GET, path, token, Value::Null).await;
        for (label, seen) in [("TLP:GREEN", 1), ("TLP:AMBER", 2), ("nonsense", 0)] {
            let (status, answer) = get(&good(json!(["svc"]), label), list).await;
            assert_eq!((status, &answer["counts"]["without_filter"]), (200, &seen.into()), "{label}: {answer}");
        }
        let (_, me) = get(&good(json!("svc desk"), "TLP:GREEN"), "/api/v1/me").await;
        assert_eq!(
            (&me["handle"], &me["roles"], &me["organisations"], &me["marking"]),
            (&"token:exporter".into(), &json!(["analyst", "service"]), &json!(["ORG-A"]), &"TLP:GREEN".into())
        );
        let service = good(json!(["svc"]), "TLP:AMBER");
        let close = json!({"version": 0, "command": "close", "reason": "other"});
        assert_eq!(shown(&routes, Method::POST, "/api/v1/alerts/a/triage", &service, close).await.0, 403);

        let (status, problem) = get(&good(json!(["king", "admin"]), "TLP:RED"), list).await;
        assert_eq!((status, &problem["type"]), (403, &"urn:headwater:forbidden".into()));
        assert!(problem["detail"].as_str().unwrap().contains("no role"), "{problem}");
        let forged = Ec::draw().sign("a", &claims());
        let late = own.sign("a", &with("exp", json!(1)));
        for bad in [&forged, &late, "x.y.z"] {
            let (status, problem) = get(bad, list).await;
            assert_eq!((status, &problem["type"]), (401, &"urn:headwater:sign-in".into()));
            // The same to all: which check it failed is for the audit log.
            assert_eq!(problem["detail"], "the token is none that is good here: have another issued");
        }
        for _ in 0..30 {
            get(&forged, list).await;
        }
        let log = bed.people.entries(u64::MAX, 1_000).await.unwrap();
        let details: Vec<&str> =
            log.iter().filter(|entry| entry.action == "sign_in_failed").map(|entry| &*entry.detail).collect();
        assert_eq!(details.len(), 10, "{details:?}");
        for expected in ["a token: no role", "a token: signature", "a token: expired", "a token: malformed"] {
            assert!(details.contains(&expected), "{expected}: {details:?}");
        }
        let told = format!("{log:?}");
        assert!(!told.contains("eyJ") && !told.contains("exporter"), "{told}");

        // A key is a key still, and without an issuer a token is nothing.
        let unknown = format!("hwk_{}_{}", "0".repeat(16), "x".repeat(43));
        assert_eq!(get(&unknown, list).await.0, 401);
        assert_eq!(shown(&keys_alone, Method::GET, list, &service, Value::Null).await.0, 401);
        assert_eq!(shown(&or_open, Method::GET, list, &forged, Value::Null).await.0, 401);
        assert_eq!(json_of(&or_open, "/api/v1/me").await["handle"], "local");
    });
}

#[test]
fn one_address_so_many_keys_are_tried_and_others_are_not_kept_waiting() {
    let bed = Bed::new();
    let model = model(&[], &[]);
    let routes = bed.process(&model, KeyGate::new(bed.people.clone(), bed.clock()));
    let maker = bed.routes(&model, everything());
    let try_from = async |address: &str, token: Option<&str>| {
        let mut request = Request::get("/api/v1/me").extension(Peer(address.parse().unwrap()));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let (status, headers, _) = answer(&routes, request.body(Body::empty()).unwrap()).await;
        (status, headers.get("retry-after").map(|seconds| seconds.to_str().unwrap().parse::<i64>().unwrap()))
    };
    run(async {
        let (_, made) = post(&maker, "/api/v1/keys", asked(&["viewer"], "TLP:GREEN", &[], 10_000_000)).await;
        let good = made["token"].as_str().unwrap();
        let (one, other) = ("2001:db8:1:1::1", "2001:db8:1:2::1");
        // What is good, or shows nothing, is no guess.
        for _ in 0..100 {
            assert_eq!(try_from(one, Some(good)).await.0, 200);
            assert_eq!(try_from(one, None).await.0, 401);
        }
        for _ in 0..60 {
            assert_eq!(try_from(one, Some("hwk_wrong")).await.0, 401);
        }
        // From then on nothing is looked at, from anywhere in that network.
        let (status, wait) = try_from("2001:db8:1:1:ffff::2", Some(good)).await;
        assert_eq!((status, wait), (429, Some(2)));
        assert_eq!((try_from(one, None).await.0, try_from(other, Some(good)).await.0), (401, 200));
        bed.pass(2_000);
        assert_eq!(try_from(one, Some("hwk_wrong")).await.0, 401);
        assert_eq!(try_from(one, Some("hwk_wrong")).await.0, 429);
        bed.pass(2_000);
        assert_eq!(try_from(one, Some(good)).await.0, 200);
    });
}
