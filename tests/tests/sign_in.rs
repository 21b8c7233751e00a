//! People sign in at a real service (oidc-provider), by the steps that a browser takes, and out again.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use headwater_tests::binary;
use headwater_tests::broker::root;
use headwater_tests::port;
use headwater_tests::process::{Live, program};
use serde_json::Value;

const SECRET: &str = "what-only-the-service-and-the-program-know";

/// What every token of the service begins with: `{"alg"` in base64url.
const TOKEN: &str = "eyJhbGci";

/// The service, ended when dropped.
struct Service {
    child: Child,
    issuer: String,
}

impl Service {
    fn start(program_url: &str) -> Service {
        let script = root().join("scripts/node-modules");
        let folder = program(&script, &[root().join("tests/foreign/oidc").to_str().unwrap()]);
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .args([&format!("{program_url}/auth/callback"), &format!("{program_url}/"), SECRET])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut issuer = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut issuer).unwrap();
        assert!(issuer.starts_with("http://"), "the service does not start: {issuer:?}");
        Service { child, issuer: issuer.trim().to_owned() }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer.
struct Answer {
    status: u16,
    head: String,
    body: String,
    /// What was asked.
    url: String,
}

impl Answer {
    fn header<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.headers(name).next()
    }

    fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = name.to_owned();
        self.head.lines().filter_map(move |line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(&name).then(|| value.trim())
        })
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{}: {error}: {}", self.url, self.body))
    }
}

/// A browser that keeps cookies, and goes where it is told to one step at a time.
struct Browser(PathBuf);

impl Browser {
    fn new(folder: &Path, name: &str) -> Browser {
        Browser(folder.join(name))
    }

    fn ask(&self, url: &str, more: &[&str]) -> Answer {
        let jar = self.0.to_str().unwrap();
        let args = [&["-s", "-i", "-b", jar, "-c", jar], more, &[url]].concat();
        let answer = program(Path::new("curl"), &args).replace("\r\n", "\n");
        let (head, body) = answer.split_once("\n\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned(), url: url.to_owned() }
    }

    fn get(&self, url: &str) -> Answer {
        self.ask(url, &[])
    }

    fn post(&self, url: &str, form: &[&str]) -> Answer {
        let fields: Vec<&str> = form.iter().flat_map(|field| ["-d", field]).collect();
        self.ask(url, &[&["-X", "POST"], &fields[..]].concat())
    }

    /// Follows redirections and fills in the forms of the service until it comes to the program's own address; the
    /// answer that leads there is the last but one.
    fn until_back(&self, service: &Service, at: Answer, who: &str) -> Answer {
        let mut at = at;
        for _ in 0..20 {
            assert!(at.url.starts_with(&service.issuer) || at.status == 303, "{}: {} {}", at.url, at.status, at.body);
            at = match at.header("location") {
                Some(to) if to.starts_with('/') => self.get(&format!("{}{to}", service.issuer)),
                Some(to) if !to.starts_with(&service.issuer) => return self.get(to),
                Some(to) => self.get(to),
                None if at.body.contains("value=\"login\"") => {
                    self.post(&at.url, &["prompt=login", &format!("login={who}"), "password=any"])
                }
                None if at.body.contains("value=\"consent\"") => self.post(&at.url, &["prompt=consent"]),
                None => panic!("{}: {} {}", at.url, at.status, at.body),
            };
        }
        panic!("it never came back")
    }

    fn sign_in(&self, url: &str, service: &Service, who: &str, return_to: &str) -> Answer {
        let begun = self.get(&format!("{url}/auth/sign-in?return_to={return_to}"));
        assert_eq!(begun.status, 303, "{}", begun.body);
        self.until_back(service, begun, who)
    }
}

/// A program in a folder, that people sign in at by a service.
fn start(folder: &Path, url: &str, issuer: &str, more: &str) -> Live {
    fs::create_dir_all(folder.join("inbox")).unwrap();
    fs::write(folder.join("secret"), format!("{SECRET}\n")).unwrap();
    let listen = url.strip_prefix("http://").unwrap();
    let text = format!(
        "[sources.inbox]\npath = \"inbox\"\n[serve]\nlisten = \"{listen}\"\n[serve.auth]\nmode = \"oidc\"\n\
         [serve.auth.oidc]\nissuer = \"{issuer}\"\nclient_id = \"headwater\"\nclient_secret_file = \"secret\"\n\
         url = \"{url}\"\n{more}[serve.auth.claims]\nroles = \"groups\"\n[serve.auth.claims.role]\n\
         \"Desk staff\" = \"analyst\"\n\"Admins\" = \"admin\"\n"
    );
    fs::write(folder.join("f.toml"), text).unwrap();
    // Of this start alone.
    let _ = fs::remove_file(folder.join("log"));
    let mut run = Live::start(folder, "log", &["--config", "f.toml"], &[("HEADWATER__SERVE__LISTEN", listen)]);
    run.until("the API answers", || folder.join("log").exists() && run_said(folder, "read_model_ready"));
    run
}

/// What `headwater doctor` says of the sign-in service.
fn looked(folder: &Path) -> (String, String) {
    let output = binary::headwater(folder, &["doctor", "--json", "--config", "f.toml"], &[]);
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == "sign-in").unwrap();
    (finding["result"].as_str().unwrap().into(), finding["value"].as_str().unwrap().into())
}

fn run_said(folder: &Path, event: &str) -> bool {
    fs::read_to_string(folder.join("log")).unwrap().contains(&format!("\"{event}\""))
}

#[test]
fn somebody_signs_in_by_the_real_flow_and_does_what_their_groups_say_and_signs_out() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let url = format!("http://127.0.0.1:{}", port::free());
    let service = Service::start(&url);
    let mut run = start(folder, &url, &service.issuer, "");
    assert_eq!(looked(folder), ("ok".into(), "answers; 1 key".into()));
    let me = format!("{url}/api/v1/me");
    let (ana, admin) = (Browser::new(folder, "ana"), Browser::new(folder, "admin"));
    let refused = ana.get(&me);
    assert_eq!((refused.status, refused.header("content-type")), (401, Some("application/problem+json")));
    assert!(refused.body.contains("/auth/sign-in"), "{}", refused.body);

    // The way there: PKCE, a state and a nonce, all of them new each time.
    let begun = [ana.get(&format!("{url}/auth/sign-in")), ana.get(&format!("{url}/auth/sign-in"))];
    let query = |answer: &Answer, name: &str| {
        let to = answer.header("location").unwrap().to_owned();
        let pair = to.split(['?', '&']).find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned));
        pair.unwrap_or_else(|| panic!("{name}: {to}"))
    };
    assert_eq!(
        (query(&begun[0], "response_type"), query(&begun[0], "code_challenge_method")),
        ("code".into(), "S256".into())
    );
    for name in ["state", "nonce", "code_challenge"] {
        let values = begun.each_ref().map(|answer| query(answer, name));
        assert!(values[0] != values[1] && values[0].len() == 43, "{name}: {values:?}");
    }

    let back = ana.sign_in(&url, &service, "ana", "/api/v1/me%3Fx%3D1");
    assert_eq!((back.status, back.header("location")), (303, Some("/api/v1/me?x=1")), "{}", back.body);
    let cookie = back.headers("set-cookie").find(|set| set.starts_with("headwater_session=")).unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    // Of the service's tokens nothing comes to the browser.
    let jar = fs::read_to_string(&ana.0).unwrap();
    assert!(!format!("{}{}{jar}", back.head, back.body).contains(TOKEN), "{jar}");
    let told = ana.get(&me).json();
    assert_eq!(
        (&told["handle"], &told["auth"], &told["marking"]),
        (&"user:ana".into(), &"oidc".into(), &"TLP:AMBER".into())
    );
    assert_eq!(
        (&told["roles"], &told["organisations"]),
        (&serde_json::json!(["analyst"]), &serde_json::json!(["ORG-A"]))
    );
    // The code and the state are good once.
    let again = ana.get(&back.url);
    assert_eq!(again.status, 401, "{}", again.body);

    // A page of another site ends no session; the program's own does, and the service knows where.
    let sign_out = format!("{url}/auth/sign-out");
    let foreign = ana.ask(&sign_out, &["-X", "POST", "-H", "Origin: https://elsewhere.example.org"]);
    assert_eq!((foreign.status, ana.get(&me).status), (403, 200));

    // An admin sees who is signed in, and ends it.
    assert_eq!(admin.sign_in(&url, &service, "root", "/").status, 303);
    let sessions = admin.get(&format!("{url}/api/v1/sessions")).json();
    let of = |handle: &str| {
        let sessions = sessions["sessions"].as_array().unwrap().iter();
        sessions
            .filter(|session| session["handle"] == handle)
            .map(|s| s["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!((of("user:ana").len(), of("user:root").len()), (1, 1), "{sessions}");
    assert_eq!(ana.get(&format!("{url}/api/v1/sessions")).status, 403);
    let ended = admin.ask(&format!("{url}/api/v1/sessions/{}", of("user:ana")[0]), &["-X", "DELETE"]);
    assert_eq!((ended.status, ana.get(&me).status), (200, 401), "{}", ended.body);

    // A new sign-in gives a new secret, and ends what the browser had before.
    let before = fs::read_to_string(&admin.0).unwrap();
    assert_eq!(admin.sign_in(&url, &service, "root", "/").status, 303);
    let secret = |jar: &str| {
        jar.lines().find(|l| l.contains("headwater_session")).unwrap().split('\t').next_back().unwrap().to_owned()
    };
    let (old, new) = (secret(&before), secret(&fs::read_to_string(&admin.0).unwrap()));
    assert_ne!(old, new);
    let stolen = Browser::new(folder, "stolen");
    let stolen = stolen.ask(&me, &["-H", &format!("Cookie: headwater_session={old}")]);
    assert_eq!((stolen.status, admin.get(&me).status), (401, 200));
    let out = admin.ask(&sign_out, &["-X", "POST"]);
    let next = out.json()["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with(&service.issuer) && next.contains("post_logout_redirect_uri="), "{next}");
    assert_eq!((out.status, admin.get(&me).status), (200, 401));
    assert_eq!(admin.get(&next).status, 200, "the service takes it");

    // Known at the service, and with no role here.
    let nobody = Browser::new(folder, "nobody");
    let back = nobody.sign_in(&url, &service, "nobody", "/");
    assert_eq!(back.status, 403, "{}", back.body);
    assert!(back.json()["detail"].as_str().unwrap().contains("no role here"), "{}", back.body);
    assert!(back.headers("set-cookie").all(|set| !set.starts_with("headwater_session=")));

    // A sign-in that another browser began is none of this one's.
    let begun = ana.get(&format!("{url}/auth/sign-in"));
    let planted = nobody.until_back(&service, begun, "root");
    assert_eq!(planted.status, 401, "{}", planted.body);
    for elsewhere in ["//evil.example.org", "https://evil.example.org", "%5C%5Cevil.example.org"] {
        let answer = ana.get(&format!("{url}/auth/sign-in?return_to={elsewhere}"));
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some("return_to")), "{elsewhere}");
    }
    run.terminate();

    // All of it stands in the audit log, and nothing of a token, a code or a session's secret in any log.
    let log = fs::read_to_string(folder.join("log")).unwrap();
    // With what was written and not yet moved into it.
    let database = ["people.sqlite", "people.sqlite-wal"].map(|name| fs::read(folder.join(name)).unwrap_or_default());
    let database = database.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    for kept in [&*log, &*database] {
        assert!(!kept.contains(TOKEN) && !kept.contains(&new) && !kept.contains(&old) && !kept.contains(SECRET));
    }
    for written in ["session_started", "session_ended", "sign_in_failed", "no role", "user:ana"] {
        assert!(database.contains(written), "{written}");
    }
    binary::succeeds(folder, &["audit", "verify", "--config", "f.toml"]);
}

#[test]
fn a_session_ends_when_idle_and_when_old() {
    let temporary = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{}", port::free());
    let service = Service::start(&url);
    for (name, times) in [("idle", "idle_s = 1\n"), ("old", "life_s = 1\n")] {
        let folder = temporary.path().join(name);
        let mut run = start(&folder, &url, &service.issuer, times);
        let browser = Browser::new(&folder, "ana");
        let back = browser.sign_in(&url, &service, "ana", "/");
        assert_eq!(back.status, 303, "{name}: {}", back.body);
        let me = format!("{url}/api/v1/me");
        // Asked for now and then: what is idle is not asked for more than once.
        if name == "idle" {
            headwater_tests::process::pause(std::time::Duration::from_millis(1_100));
            assert_eq!(browser.get(&me).status, 401, "{name}");
        } else {
            run.until("the session is too old", || browser.get(&me).status == 401);
        }
        run.terminate();
    }
}

#[test]
fn while_the_service_is_away_nobody_can_sign_in_and_whoever_is_in_stays_in() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let url = format!("http://127.0.0.1:{}", port::free());
    let service = Service::start(&url);
    let mut run = start(folder, &url, &service.issuer, "");
    let (ana, late) = (Browser::new(folder, "ana"), Browser::new(folder, "late"));
    assert_eq!(ana.sign_in(&url, &service, "ana", "/").status, 303);
    // On the way when it goes away.
    let begun = late.get(&format!("{url}/auth/sign-in"));
    let callback = {
        // The service answers with a code; who brings it finds nobody to take it.
        let mut at = begun;
        loop {
            at = match at.header("location") {
                Some(to) if to.starts_with('/') => late.get(&format!("{}{to}", service.issuer)),
                Some(to) if !to.starts_with(&service.issuer) => break to.to_owned(),
                Some(to) => late.get(to),
                None if at.body.contains("value=\"login\"") => {
                    late.post(&at.url, &["prompt=login", "login=ana", "password=any"])
                }
                None => late.post(&at.url, &["prompt=consent"]),
            };
        }
    };
    let issuer = service.issuer.clone();
    drop(service);
    let (result, words) = looked(folder);
    assert!(result == "fail" && words.contains(&format!("{issuer}/.well-known/openid-configuration")), "{words}");
    let answer = late.get(&callback);
    assert_eq!((answer.status, answer.json()["type"].as_str()), (503, Some("urn:headwater:busy")), "{}", answer.body);
    assert_eq!(ana.get(&format!("{url}/api/v1/me")).status, 200);
    assert!(run_said(folder, "sign_in_service_failing"));
    run.terminate();

    // Started while it is away: it says so, and when to ask again, and asks no more than that.
    let mut run = start(folder, &url, &issuer, "");
    assert_eq!(ana.get(&format!("{url}/api/v1/me")).status, 200, "sessions outlive the process");
    for _ in 0..5 {
        let answer = late.get(&format!("{url}/auth/sign-in"));
        assert_eq!((answer.status, answer.header("content-type")), (503, Some("application/problem+json")));
        assert!(answer.header("retry-after").is_some() && answer.body.contains("does not answer"), "{}", answer.body);
    }
    run.terminate();
}
