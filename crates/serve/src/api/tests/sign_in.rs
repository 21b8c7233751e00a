//! Signing in at a service that does not do as it should. What the right way is, is tried with a real one elsewhere.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use headwater_model::Marking;
use headwater_people::Role;
use serde_json::{Value, json};

use super::bed::{Bed, START, answer, ask, model, record, run};
use crate::peer::Peer;
use crate::token::tests::{Ec, Issuer};
use crate::{ClaimRules, Http, KeyGate, Oidc, OidcRules, PROBLEM_JSON, SessionGate, SignInNotice};

fn rules(issuer: &str) -> OidcRules {
    OidcRules {
        issuer: issuer.into(),
        client_id: "headwater".into(),
        client_secret: Some("s".into()),
        url: "https://h.example.org".into(),
        scopes: "openid".into(),
        algorithm: "ES256".into(),
        leeway_s: 60,
        idle_ms: 60_000,
        life_ms: 600_000,
        claims: ClaimRules {
            roles_claim: "roles".into(),
            roles: Default::default(),
            clearance_claim: "clearance".into(),
            clearances: Default::default(),
            clearance: Marking::Clear,
            organisations_claim: "organisations".into(),
        },
    }
}

/// Signs by one key and says so.
async fn issuer(key: &Ec) -> Issuer {
    let issuer = Issuer::start().await;
    let url = &issuer.url;
    let told = json!({
        "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
    });
    issuer.answers.set("/.well-known/openid-configuration", 200, &told);
    issuer.answers.set("/keys", 200, &json!({"keys": [key.jwk("a")]}));
    issuer
}

fn routes(bed: &Bed, issuer: &Issuer) -> Router {
    let oidc = Oidc::new(rules(&issuer.url), Http::new().unwrap());
    let gate = KeyGate::new(bed.people.clone(), bed.clock());
    bed.process(&model(&[], &[]), gate.or(SessionGate::new(bed.people.clone(), bed.clock(), oidc)))
}

/// Where a browser that goes to a path is sent.
async fn sent_to(routes: &Router, path: &str, cookies: &str) -> String {
    let request = Request::get(path).header("cookie", cookies).header("accept", "text/html,*/*;q=0.8");
    let (status, headers, body) = answer(routes, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, 303, "{}", String::from_utf8_lossy(&body));
    headers["location"].to_str().unwrap().to_owned()
}

async fn with_cookies(routes: &Router, path: &str, cookies: &str) -> (u16, HeaderMap, Value) {
    let request = Request::get(path).header("cookie", cookies).body(Body::empty()).unwrap();
    let (status, headers, body) = answer(routes, request).await;
    (status, headers, serde_json::from_slice(&body).unwrap_or_default())
}

/// Begins a sign-in: its state, its nonce, and the cookie of it.
async fn begin(routes: &Router) -> (String, String, String) {
    let (status, headers, body) = ask(routes, "/auth/sign-in?return_to=/x").await;
    assert_eq!(status, 303, "{}", String::from_utf8_lossy(&body));
    let to = headers["location"].to_str().unwrap();
    let of = |name: &str| {
        let (_, query) = to.split_once('?').unwrap();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(given, _)| given == name).unwrap().1.into_owned()
    };
    let cookie = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    (of("state"), of("nonce"), cookie)
}

#[test]
fn a_token_that_is_not_for_this_sign_in_signs_nobody_in() {
    let (bed, own) = (Bed::new(), Ec::draw());
    let issuer = run(issuer(&own));
    let routes = routes(&bed, &issuer);
    let now_s = START.0 / 1_000;
    run(async {
        let good = |nonce: &str| {
            json!({
                "iss": issuer.url, "aud": "headwater", "sub": "ana", "nonce": nonce, "exp": now_s + 60, "roles": ["viewer"]
            })
        };
        let changes: [(&str, &str, Value); 9] = [
            ("iss", "an ID token: issuer", json!("https://elsewhere.example.org")),
            ("aud", "an ID token: audience", json!("another")),
            ("azp", "an ID token: audience", json!("another")),
            ("nonce", "an ID token: nonce", json!("of-another-sign-in")),
            ("nonce", "an ID token: nonce", Value::Null),
            ("exp", "an ID token: expired", json!(now_s - 61)),
            ("sub", "an ID token: subject", json!("")),
            ("roles", "no role", json!([])),
            ("signature", "an ID token: signature", Value::Null),
        ];
        for (claim, written, value) in changes {
            let (state, nonce, cookie) = begin(&routes).await;
            let mut claims = good(&nonce);
            claims[claim] = value;
            let signs = if claim == "signature" { &Ec::draw() } else { &own };
            issuer.answers.set("/token", 200, &json!({"id_token": signs.sign("a", &claims)}));
            let path = format!("/auth/callback?code=c&state={state}");
            let (status, headers, problem) = with_cookies(&routes, &path, &cookie).await;
            assert_eq!((status, headers["content-type"].to_str().unwrap()), (403, PROBLEM_JSON), "{claim}: {problem}");
            assert!(!headers.contains_key("set-cookie"), "{claim}");
            let log = bed.people.entries(u64::MAX, 1).await.unwrap();
            assert_eq!((&*log[0].action, &*log[0].detail), ("sign_in_failed", written), "{claim}");
            // So that the next one is written down too.
            bed.pass(10_000);
        }
        let (state, nonce, cookie) = begin(&routes).await;
        issuer.answers.set("/token", 200, &json!({"id_token": own.sign("a", &good(&nonce))}));
        let path = format!("/auth/callback?code=c&state={state}");
        let (status, headers, _) = with_cookies(&routes, &path, &cookie).await;
        assert_eq!((status, headers["location"].to_str().unwrap()), (303, "/x"));
        let set: Vec<&str> = headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap()).collect();
        let session = set.iter().find(|set| set.starts_with("__Host-headwater_session=")).unwrap();
        assert!(session.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{session}");
        let session = session.split(';').next().unwrap();
        let (status, _, me) = with_cookies(&routes, "/api/v1/me", session).await;
        assert_eq!((status, &me["handle"]), (200, &"user:ana".into()));
        // Not twice, not without the browser's own cookie, not in the name of another issuer.
        assert_eq!(with_cookies(&routes, &path, &cookie).await.0, 401);
        let (state, _, cookie) = begin(&routes).await;
        assert_eq!(ask(&routes, &format!("/auth/callback?code=c&state={state}")).await.0, 401);
        let other = format!("/auth/callback?code=c&state={state}&iss=https%3A%2F%2Felsewhere");
        assert_eq!(with_cookies(&routes, &other, &cookie).await.0, 401);
        // What the service says is repeated as far as it is the word of an error.
        for (error, said) in [("access_denied", "access_denied"), ("%3Cscript%3E", "an error")] {
            let (state, _, cookie) = begin(&routes).await;
            let path = format!("/auth/callback?error={error}&state={state}&error_description=x");
            let (status, _, problem) = with_cookies(&routes, &path, &cookie).await;
            let detail = problem["detail"].as_str().unwrap();
            assert!(status == 403 && detail.contains(said) && !detail.contains('<'), "{problem}");
        }
        // Idle, and at its end, the session is none.
        bed.pass(30_000);
        assert_eq!(with_cookies(&routes, "/api/v1/me", session).await.0, 200);
        bed.pass(60_000);
        assert_eq!(with_cookies(&routes, "/api/v1/me", session).await.0, 401);
    });
}

#[test]
fn a_browser_that_cannot_be_signed_in_is_sent_to_the_page_that_says_why() {
    let (bed, own) = (Bed::new(), Ec::draw());
    let issuer = run(issuer(&own));
    let routes = routes(&bed, &issuer);
    run(async {
        let came_back = async |answer: (u16, Value), roles: Value| {
            let (state, nonce, cookie) = begin(&routes).await;
            let claims = json!({
                "iss": issuer.url, "aud": "headwater", "sub": "ana", "nonce": nonce, "exp": START.0 / 1_000 + 60,
                "roles": roles
            });
            let (status, mut answer) = answer;
            if status == 200 {
                answer = json!({"id_token": own.sign("a", &claims)});
            }
            issuer.answers.set("/token", status, &answer);
            sent_to(&routes, &format!("/auth/callback?code=c&state={state}"), &cookie).await
        };
        assert_eq!(came_back((200, Value::Null), json!(["viewer"])).await, "/x");
        assert_eq!(came_back((200, Value::Null), json!([])).await, "/?sign_in=no_role");
        assert_eq!(came_back((500, json!({"error": "server_error"})), json!([])).await, "/?sign_in=down");
        assert_eq!(came_back((400, json!({"error": "invalid_grant"})), json!([])).await, "/?sign_in=again");
        assert_eq!(sent_to(&routes, "/auth/callback?code=c&state=s", "").await, "/?sign_in=again");
        let (state, _, cookie) = begin(&routes).await;
        let denied = format!("/auth/callback?error=access_denied&state={state}");
        assert_eq!(sent_to(&routes, &denied, &cookie).await, "/?sign_in=refused");
    });
}

#[test]
fn a_service_that_answers_wrongly_is_asked_again_and_not_at_once() {
    let (bed, own) = (Bed::new(), Ec::draw());
    let issuer = run(issuer(&own));
    let routes = routes(&bed, &issuer);
    let description = "/.well-known/openid-configuration";
    run(async {
        let away = async || {
            let (status, headers, body) = ask(&routes, "/auth/sign-in").await;
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((status, &problem["type"]), (503, &"urn:headwater:busy".into()), "{problem}");
            headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap()
        };
        let url = issuer.url.clone();
        let right = json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
        });
        let mut waits = Vec::new();
        for (name, value) in [
            ("issuer", json!("https://elsewhere.example.org")),
            ("token_endpoint", json!("http://elsewhere.example.org/token")),
            ("jwks_uri", Value::Null),
        ] {
            let mut told = right.clone();
            told[name] = value;
            issuer.answers.set(description, 200, &told);
            let asked = issuer.asked(description);
            let wait = away().await;
            for _ in 0..5 {
                away().await;
            }
            assert_eq!(issuer.asked(description), asked + 1, "{name}");
            waits.push(wait);
            bed.pass(wait * 1_000);
        }
        assert_eq!(waits, [1, 2, 4]);
        issuer.answers.set(description, 200, &right);
        let (state, _, cookie) = begin(&routes).await;
        issuer.answers.set("/token", 500, &json!({"error": "server_error"}));
        let (status, ..) = with_cookies(&routes, &format!("/auth/callback?code=c&state={state}"), &cookie).await;
        assert_eq!(status, 503);
        let (state, _, cookie) = begin(&routes).await;
        issuer.answers.set("/token", 400, &json!({"error": "invalid_grant"}));
        let (status, ..) = with_cookies(&routes, &format!("/auth/callback?code=c&state={state}"), &cookie).await;
        assert_eq!(status, 401);
        // Known once, it is known for a day.
        issuer.answers.set(description, 503, &json!({}));
        bed.pass(3_700_000);
        begin(&routes).await;
        bed.pass(86_400_000);
        away().await;
    });
}

#[test]
fn one_address_so_many_sign_ins_are_begun() {
    let (bed, own) = (Bed::new(), Ec::draw());
    let issuer = run(issuer(&own));
    let routes = routes(&bed, &issuer);
    run(async {
        let begin_from = async |address: [u8; 4]| {
            let request = Request::get("/auth/sign-in").extension(Peer(address.into()));
            answer(&routes, request.body(Body::empty()).unwrap()).await.0
        };
        for _ in 0..120 {
            assert_eq!(begin_from([192, 0, 2, 1]).await, 303);
        }
        assert_eq!((begin_from([192, 0, 2, 1]).await, begin_from([192, 0, 2, 2]).await), (429, 303));
        bed.pass(500);
        assert_eq!(begin_from([192, 0, 2, 1]).await, 303);
    });
}

#[test]
fn without_a_service_there_is_no_sign_in() {
    let bed = Bed::new();
    let routes = bed.process(&model(&[], &[]), KeyGate::new(bed.people.clone(), bed.clock()));
    run(async {
        for path in ["/auth/sign-in", "/auth/callback"] {
            assert_eq!(ask(&routes, path).await.0, 404, "{path}");
        }
    });
    let admin = bed.process(&model(&[], &[]), super::bed::As::new("root", &[Role::Admin], super::bed::everything()));
    run(async {
        let list = super::bed::json(&admin, "/api/v1/sessions").await;
        assert_eq!(list, json!({"sessions": []}));
    });
}

#[test]
fn whoever_comes_to_sign_in_is_told_what_the_configuration_says_and_not_too_often() {
    let mut bed = Bed::new();
    let asked_of = async |routes: &Router| {
        let (status, _, body) = ask(routes, "/auth/notice").await;
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    // Where everybody has to show a key, and nobody does.
    let keys = |bed: &Bed| bed.process(&model(&[record()], &[]), KeyGate::new(bed.people.clone(), bed.clock()));
    let silent = keys(&bed);
    bed.notice = SignInNotice { notice: Some("Desk of the north.\nAsk <the operator>.".into()), simulated: true };
    let routes = keys(&bed);
    run(async {
        assert_eq!(ask(&routes, "/api/v1/me").await.0, 401);
        assert_eq!(asked_of(&silent).await, (200, json!({"notice": null, "simulated": false})));
        let told = json!({"notice": "Desk of the north.\nAsk <the operator>.", "simulated": true});
        assert_eq!(asked_of(&routes).await, (200, told));
        let (status, _, body) = ask(&routes, "/auth/notice?colour=red").await;
        assert_eq!((status, &serde_json::from_slice::<Value>(&body).unwrap()["field"]), (400, &"colour".into()));
        let from = async |address: [u8; 4]| {
            let request = Request::get("/auth/notice").extension(Peer(address.into()));
            answer(&routes, request.body(Body::empty()).unwrap()).await.0
        };
        for _ in 0..120 {
            assert_eq!(from([192, 0, 2, 1]).await, 200);
        }
        assert_eq!((from([192, 0, 2, 1]).await, from([192, 0, 2, 2]).await), (429, 200));
        bed.pass(500);
        assert_eq!(from([192, 0, 2, 1]).await, 200);
    });
}
