//! The API of a running process: the README's own calls, as written.
#![allow(clippy::unwrap_used)]

use std::fs;

use headwater_tests::binary;
use headwater_tests::broker::root;
use headwater_tests::process::Live;
use headwater_tests::served::{self, Listening, shell};
use serde_json::Value;

/// Where the README says that it answers.
const WRITTEN: &str = "127.0.0.1:8080";

/// The calls of the README.
fn calls() -> Vec<String> {
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    page.lines().filter(|line| line.starts_with("curl ") && line.contains(WRITTEN)).map(str::to_owned).collect()
}

#[test]
fn the_calls_of_the_readme_are_answered() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    binary::succeeds(folder, &["sim", "--seed", "1", "--out", "world"]);
    fs::create_dir(folder.join("inbox")).unwrap();
    let settings = [
        ("HEADWATER__DETECT__IDLE_MS", "1000"),
        ("HEADWATER__SERVE__AUTH__CLEARANCE", "TLP:RED"),
        ("HEADWATER__SERVE__AUTH__ORGANISATIONS", "*"),
    ];
    let mut run = Live::start(folder, "log", &[], &settings);
    let address = served::address(&mut run, folder, "log");
    served::stands_for(folder, WRITTEN, &address);
    let calls = calls();
    let [list, evidence, arrow, as_of, stream, records, close, key] = &calls[..] else {
        panic!("eight calls: {calls:?}")
    };

    // Before anything is told, so that all of it is heard.
    let mut heard = Listening::start(folder, stream);
    served::arrive(folder);
    assert_eq!(heard.event().0, "raised");
    let id = heard.next("id: ");
    drop(heard);

    let alerts: Value = serde_json::from_slice(&shell(folder, list)).unwrap();
    let ids: Vec<&str> = alerts["alerts"].as_array().unwrap().iter().map(|a| a["alert_id"].as_str().unwrap()).collect();
    assert!(alerts["counts"]["without_filter"].as_u64() >= Some(1), "{alerts}");
    assert!(ids.iter().all(|id| !id.is_empty()) && id.contains(".1~"), "{id}");
    let ground: Value = serde_json::from_slice(&shell(folder, evidence)).unwrap();
    assert!(ground["evidence"]["count"].as_u64() > Some(0), "{ground}");
    let frame = String::from_utf8(shell(folder, arrow)).unwrap();
    let (rows, columns) = frame.split_once("shape: (").unwrap().1.split_once(", ").unwrap();
    assert!(rows.replace('_', "").parse::<u64>().unwrap() > 1_000 && columns.starts_with(char::is_numeric), "{frame}");
    assert!(frame.contains("incidents"), "{frame}");
    let volumes: Value = serde_json::from_slice(&shell(folder, as_of)).unwrap();
    assert!(!volumes["volumes"].as_array().unwrap().is_empty(), "{volumes}");
    assert_eq!(volumes["simulated"], true);
    // The first alert in the list is of a shift: what rose has records.
    let records: Value = serde_json::from_slice(&shell(folder, records)).unwrap();
    assert!(records["totals"]["events"].as_u64() > Some(0), "{records}");
    assert_eq!(records["simulated"], true);

    // A second process on the same store and the same people's database, which lets in by key alone.
    // Of everybody: alerts are released to those alone to whom every record behind them is.
    let key = key.replace("service", "analyst").replace("\"TLP:GREEN\"", "\"TLP:RED\", \"organisations\": [\"*\"]");
    let made: Value = serde_json::from_slice(&shell(folder, &key)).unwrap();
    let key = format!("-H 'Authorization: Bearer {}'", made["token"].as_str().unwrap());
    let by_key = ("HEADWATER__SERVE__AUTH__MODE", "keys");
    let mut other = Live::start(folder, "other", &["--role", "serve"], &[settings[0], by_key]);
    let elsewhere = served::address(&mut other, folder, "other");
    // As somebody who has heard of nothing yet: whatever was told and decided is told to them.
    let stream = format!("{} {key} -H 'Last-Event-ID: ~0'", stream.replace(WRITTEN, &elsewhere));
    let mut heard = Listening::start(folder, &stream);
    let closed: Value = serde_json::from_slice(&shell(folder, close)).unwrap();
    assert_eq!((&closed["state"], &closed["changed_by"]), (&"closed".into(), &"local".into()), "{closed}");
    let told = std::iter::repeat_with(|| heard.event()).find(|(event, _)| event == "triage").unwrap().1;
    drop(heard);
    assert_eq!(told, closed);
    let id = closed["alert_id"].as_str().unwrap();
    let decide = format!("curl -s http://{elsewhere}/api/v1/alerts/{id}/triage -H 'content-type: application/json'");
    let decide = format!("{decide} -d '{{\"version\": 0, \"command\": \"unassign\"}}'");
    let nobody: Value = serde_json::from_slice(&shell(folder, &decide)).unwrap();
    assert_eq!(nobody["status"], 401, "{nobody}");
    let stale: Value = serde_json::from_slice(&shell(folder, &format!("{decide} {key}"))).unwrap();
    assert_eq!((&stale["status"], &stale["current"]), (&409.into(), &closed));
    other.terminate();
    run.terminate();

    // All of it stands in the log of what people did, in one chain.
    let anchor = binary::succeeds(folder, &["audit", "verify", "--data", "data"]);
    let entries: u64 = anchor.split(' ').next().unwrap().parse().unwrap();
    assert!(entries >= 3, "{anchor}");
}
