//! The log as operators and their tools read it: whole, by names that are written down, and without a secret.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use headwater_log::{EVENTS, Event, markdown};
use headwater_tests::broker::root;
use headwater_tests::feed::event;
use headwater_tests::process::Live;
use headwater_tests::store::committed;
use serde_json::Value;

/// What every line has beside the fields of its event.
const OF_THE_LINE: [&str; 5] = ["timestamp", "level", "target", "event", "message"];

/// A record that is rejected, with a word that stands nowhere else.
const SECRET_RECORD: &str = "{\"event_id\": \"zx-unseen-7431\", \"kind\": broken";

fn all() -> impl Iterator<Item = &'static Event> {
    EVENTS.into_iter().flatten()
}

#[test]
fn the_page_is_the_list_of_events() {
    let page = root().join("docs/logs.md");
    let ours = markdown();
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("logs.md");
    fs::write(&made, &ours).unwrap();
    let held = fs::read_to_string(&page).unwrap_or_default();
    assert!(held == ours, "docs/logs.md is not the list of events: cp {} {}", made.display(), page.display());
}

/// Every `.rs` file below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_event_is_logged_somewhere() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    files.retain(|path| !path.starts_with(root().join("crates/log")));
    let code: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    // `input_at_end` is the struct `InputAtEnd`.
    let made = |event: &Event| {
        let words = event.name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        format!("{} {{", words.collect::<String>())
    };
    let of_its_own = ["log_limited", "panicked"]; // logged by the room itself
    let idle: Vec<&str> = all()
        .filter(|event| !of_its_own.contains(&event.name) && !code.contains(&made(event)))
        .map(|e| e.name)
        .collect();
    assert!(idle.is_empty(), "nobody logs {idle:?}");
}

/// The lines of a log, each held to the list of events.
fn held_to_the_list(lines: &[Value]) {
    let known: BTreeMap<&str, &Event> = all().map(|event| (event.name, event)).collect();
    for line in lines {
        let name = line["event"].as_str().unwrap_or_else(|| panic!("no event: {line}"));
        let event = known.get(name).unwrap_or_else(|| panic!("not in the list: {line}"));
        assert_eq!(line["level"].as_str().unwrap().to_lowercase(), event.level, "{line}");
        assert_eq!(line["target"], event.target, "{line}");
        let fields: BTreeSet<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        let allowed: BTreeSet<&str> = event.fields.iter().copied().chain(OF_THE_LINE).collect();
        assert!(fields.is_subset(&allowed), "fields beside its own: {line}");
        assert!(line["message"].as_str().is_some_and(|words| !words.is_empty()), "{line}");
    }
}

fn find<'a>(lines: &'a [Value], event: &str) -> &'a Value {
    lines.iter().find(|line| line["event"] == event).unwrap_or_else(|| panic!("no {event} in {lines:#?}"))
}

#[test]
fn a_run_tells_its_steps_and_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let lines: Vec<String> = (0..200).map(event).collect();
    fs::write(inbox.join("a.ndjson"), lines.join("\n") + "\n").unwrap();
    let debug = [("HEADWATER_LOG", "trace"), ("HEADWATER__DETECT__IDLE_MS", "1000")];
    let snapshots = ("HEADWATER__STORE__SNAPSHOT_ROWS", "1");
    let environment = [&debug[..], &[snapshots]].concat();
    let start = |log: &str| Live::start(folder.path(), log, &[], &environment);
    let mut run = start("first.log");
    run.until("it is committed", || committed(folder.path()).read == 200);
    // More than a tenth of an epoch is no event.
    fs::write(inbox.join("b.ndjson"), format!("{SECRET_RECORD}\n").repeat(150)).unwrap();
    run.until("the rejects are committed", || committed(folder.path()).rejected == 150);
    let told = run.log();
    run.until("the first day is closed", || {
        told.contains("days_closed") || run_log(folder.path()).contains("days_closed")
    });
    run.terminate();
    let lines = run.events();
    held_to_the_list(&lines);
    assert!(!run.log().contains("zx-unseen-7431"), "what was read is in the log");

    let started = find(&lines, "process_started");
    assert_eq!((&started["roles"], &started["config"]), (&"ingest detect serve".into(), &"none".into()));
    assert_eq!((&started["build"], &started["variables"]), (&env!("CARGO_PKG_VERSION").into(), &5.into()));
    let restored = find(&lines, "input_restored");
    assert_eq!((&restored["source"], &restored["partition"]), (&"inbox".into(), &0.into()));
    assert_eq!((&restored["from"], &restored["records"]), (&"nothing".into(), &0.into()));
    assert!(restored.get("epoch").is_none(), "{restored}");
    assert_eq!(find(&lines, "input_assigned")["partitions"], 1);
    assert_eq!((run.said("input_at_end"), run.said("input_committed")), (1, 1));
    assert!(run.said("epoch_committed") >= 2);
    assert_eq!(find(&lines, "epoch_committed")["epoch"], 0);
    let many = find(&lines, "many_rejected");
    assert!(many["rejected"].as_u64().unwrap() * 10 > many["records"].as_u64().unwrap(), "{many}");
    let last: Vec<&Value> = lines.iter().rev().take(2).map(|line| &line["event"]).collect();
    assert_eq!(last[0], "process_stopped", "{last:?}");
    assert_eq!(run.said("stop_asked"), 1);

    let mut run = start("second.log");
    run.until("it is restored", || run_said(folder.path(), "second.log", "input_restored"));
    run.terminate();
    let lines = run.events();
    let restored = find(&lines, "input_restored");
    assert_eq!((&restored["from"], &restored["records"]), (&"snapshot".into(), &350.into()));
    assert_eq!(find(&lines, "process_stopped")["inputs"], 1);
}

fn run_log(folder: &Path) -> String {
    fs::read_to_string(folder.join("first.log")).unwrap()
}

fn run_said(folder: &Path, log: &str, event: &str) -> bool {
    fs::read_to_string(folder.join(log)).unwrap_or_default().contains(event)
}

#[test]
fn at_info_an_epoch_is_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let mut run = Live::start(folder.path(), "log", &[], &[]);
    for number in 0..5 {
        let lines: Vec<String> = (number * 10..number * 10 + 10).map(event).collect();
        fs::write(inbox.join(format!("{number}.ndjson")), lines.join("\n") + "\n").unwrap();
        run.until("it is committed", || committed(folder.path()).read == (number as u64 + 1) * 10);
    }
    run.terminate();
    held_to_the_list(&run.events());
    assert_eq!((run.said("epoch_committed"), run.said("input_committed")), (0, 1));
}

/// What fails on the way to a cluster is logged with the library's own words: the password is not among them.
#[cfg(feature = "tls")]
#[test]
fn a_secret_of_a_client_is_never_logged() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "zx-password-7431\n").unwrap();
    // Nobody listens there: the port was free a moment ago, and is asked for by nobody else.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = format!(
        "[sources.trade]\ncluster = \"main\"\ntopic = \"t\"\n[clusters.main]\nbrokers = \"{closed}\"\n[clusters.main.client]\n\
         \"security.protocol\" = \"sasl_plaintext\"\n\"sasl.mechanism\" = \"PLAIN\"\n\"sasl.username\" = \"zx\"\n\
         \"sasl.password_file\" = \"secret\"\n\"debug\" = \"all\"\n"
    );
    fs::write(folder.path().join("c.toml"), config).unwrap();
    let mut run = Live::start(folder.path(), "log", &["--config", "c.toml"], &[("HEADWATER_LOG", "trace")]);
    let log = folder.path().join("log");
    run.until("it says why it waits", || fs::read_to_string(&log).unwrap().contains("kafka_trouble"));
    run.signal("TERM");
    run.end(headwater_tests::process::PATIENCE);
    held_to_the_list(&run.events());
    assert!(run.said("kafka_said") > 0, "the library is listened to");
    assert!(!run.log().contains("zx-password-7431"), "a secret is in the log");
    let trouble = run.events().into_iter().find(|line| line["event"] == "kafka_trouble").unwrap();
    assert_eq!(trouble["client"], "consumer");
}
