//! The API of a running process: the README's own calls, as written.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use headwater_tests::binary;
use headwater_tests::broker::root;
use headwater_tests::process::Live;
use serde_json::Value;

/// Where the README says that it answers.
const WRITTEN: &str = "127.0.0.1:8080";

/// The calls of the README.
fn calls() -> Vec<String> {
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    page.lines().filter(|line| line.starts_with("curl ") && line.contains(WRITTEN)).map(str::to_owned).collect()
}

/// Runs a line of a shell.
fn shell(folder: &Path, line: &str) -> Vec<u8> {
    let output = Command::new("sh").args(["-c", line]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
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
    run.until("the API answers", || folder.join("log").exists() && said(folder, "log", "read_model_ready").is_some());
    let address = said(folder, "log", "api_served").unwrap()["addr"].as_str().unwrap().to_owned();
    let calls: Vec<String> = calls().iter().map(|call| call.replace(WRITTEN, &address)).collect();
    let [list, evidence, arrow, as_of, records, stream, close, key] = &calls[..] else {
        panic!("eight calls: {calls:?}")
    };

    // Before anything is told, so that all of it is heard.
    let mut listening =
        Command::new("sh").args(["-c", &format!("exec {stream}")]).stdout(Stdio::piped()).spawn().unwrap();
    let mut heard = BufReader::new(listening.stdout.take().unwrap()).lines().map_while(Result::ok);
    for name in ["trade.ndjson", "seizure.ndjson"] {
        fs::rename(folder.join("world").join(name), folder.join("inbox").join(name)).unwrap();
    }
    let raised = heard.find(|line| line.starts_with("event: ")).unwrap();
    let id = heard.find_map(|line| Some(line.strip_prefix("id: ")?.to_owned())).unwrap();
    listening.kill().unwrap();
    listening.wait().unwrap();
    assert_eq!(raised, "event: raised");

    let alerts: Value = serde_json::from_slice(&shell(folder, list)).unwrap();
    let ids: Vec<&str> = alerts["alerts"].as_array().unwrap().iter().map(|a| a["alert_id"].as_str().unwrap()).collect();
    assert!(alerts["counts"]["without_filter"].as_u64() >= Some(1), "{alerts}");
    assert!(ids.iter().all(|id| !id.is_empty()) && id.contains(".1~"), "{id}");
    let ground: Value = serde_json::from_slice(&shell(folder, evidence)).unwrap();
    assert!(ground["evidence"]["count"].as_u64() > Some(0), "{ground}");
    shell(folder, arrow);
    // What an Arrow stream begins with: the mark of a message.
    assert_eq!(fs::read(folder.join("volumes.arrows")).unwrap()[..4], [0xff; 4]);
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
    other.until("the API answers", || {
        folder.join("other").exists() && said(folder, "other", "read_model_ready").is_some()
    });
    let elsewhere = said(folder, "other", "api_served").unwrap()["addr"].as_str().unwrap().to_owned();
    // As somebody who has heard of nothing yet: whatever was told and decided is told to them.
    let stream = format!("{} {key} -H 'Last-Event-ID: ~0'", stream.replace(&address, &elsewhere));
    let mut listening =
        Command::new("sh").args(["-c", &format!("exec {stream}")]).stdout(Stdio::piped()).spawn().unwrap();
    let mut heard = BufReader::new(listening.stdout.take().unwrap()).lines().map_while(Result::ok);
    let closed: Value = serde_json::from_slice(&shell(folder, close)).unwrap();
    assert_eq!((&closed["state"], &closed["changed_by"]), (&"closed".into(), &"local".into()), "{closed}");
    assert!(heard.any(|line| line == "event: triage"));
    let told: Value = serde_json::from_str(heard.next().unwrap().strip_prefix("data: ").unwrap()).unwrap();
    listening.kill().unwrap();
    listening.wait().unwrap();
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

/// The last line of the log that tells of an event.
fn said(folder: &Path, log: &str, event: &str) -> Option<Value> {
    let log = fs::read_to_string(folder.join(log)).unwrap();
    log.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|line| line["event"] == event)
}
