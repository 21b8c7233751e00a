//! `headwater drill`: an exercise goes the way of every alert, says that it is one, and changes nothing else.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use headwater_people::{Location, People};
use headwater_tests::binary;
use headwater_tests::process::Live;
use headwater_tests::served::{Listening, address, arrive, json};
use serde_json::Value;

const SETTINGS: [(&str, &str); 2] =
    [("HEADWATER__DETECT__IDLE_MS", "1000"), ("HEADWATER__SERVE__AUTH__CLEARANCE", "TLP:RED")];

/// What stands in the log of what people did: actions and their objects.
fn entries(folder: &Path) -> Vec<(String, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let people = People::look(&Location::File(folder.join("people.sqlite"))).await.unwrap();
        let entries = people.entries(u64::MAX, 100).await.unwrap();
        people.close().await;
        entries.into_iter().map(|entry| (entry.action, entry.object)).collect()
    })
}

#[test]
fn an_exercise_is_told_on_the_way_of_every_alert_and_ends_by_itself() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    binary::succeeds(folder, &["sim", "--seed", "1", "--scenario", "substitution", "--out", "world"]);
    arrive(folder);
    let settings = [SETTINGS[0], SETTINGS[1], ("HEADWATER__SERVE__AUTH__ORGANISATIONS", "*")];
    let mut run = Live::start(folder, "log", &[], &settings);
    let api = format!("http://{}/api/v1", address(&mut run, folder, "log"));
    let list = |query: &str| json(folder, &format!("curl -s '{api}/alerts?limit=200{query}'"));
    let closed = |alerts: &Value| alerts["closed_to"].as_str().is_some_and(|day| day > "2025-12-31");
    run.until("every day of the world is closed", || closed(&list("")));
    let volumes = || {
        binary::succeeds(folder, &["export", "volumes", "--data", "data", "--out", "v.parquet"]);
        let served = json(folder, &format!("curl -s '{api}/volumes?granularity=month&roll_up=market&limit=1000'"));
        (fs::read(folder.join("v.parquet")).unwrap(), served["volumes"].clone())
    };
    let (alerts_before, volumes_before) = (list(""), volumes());
    assert!(alerts_before["counts"]["matching"].as_u64() > Some(0), "{alerts_before}");

    let mut heard = Listening::start(folder, &format!("curl -sN {api}/stream"));
    let drill = |more: &[&str]| {
        let args = [&["drill", "--data", "data", "--family", "opioids", "--market", "mx"], more].concat();
        binary::succeeds(folder, &args).trim_end().to_owned()
    };
    let long = drill(&["--marking", "TLP:GREEN"]);
    let (event, told) = heard.event();
    assert_eq!((event.as_str(), &told["alert_id"], &told["exercise"]), ("raised", &long.as_str().into(), &true.into()));
    assert_eq!(
        (&told["market"], &told["family"], &told["marking"]),
        (&"MX".into(), &"opioids".into(), &"TLP:GREEN".into())
    );
    let short = drill(&["--for", "1s"]);
    // Raised, and at once over.
    for revision in ["raised", "expired"] {
        let (event, told) = heard.event();
        assert_eq!(
            (event.as_str(), &told["alert_id"], &told["exercise"]),
            (revision, &short.as_str().into(), &true.into())
        );
    }

    let alerts = list("");
    let practice = list("&exercise=true");
    let ids = |list: &Value| -> Vec<String> {
        list["alerts"].as_array().unwrap().iter().map(|a| a["alert_id"].as_str().unwrap().to_owned()).collect()
    };
    let mut practised = ids(&practice);
    practised.sort();
    let mut both = vec![long.clone(), short];
    both.sort();
    assert_eq!((practised, &practice["counts"]["exercises"]), (both, &2.into()));
    assert!(ids(&alerts).contains(&long));
    // All else is as it was: counts, ranks, volumes.
    let mut counts = alerts["counts"].clone();
    assert_eq!(counts["exercises"], 2);
    counts["exercises"] = 0.into();
    assert_eq!(counts, alerts_before["counts"]);
    assert_eq!(list("&exercise=false")["alerts"], alerts_before["alerts"]);
    assert!(volumes() == volumes_before, "volumes differ");
    // It can be worked on, rests on no record of anybody's, and stands in the log of what people did.
    let close = r#"-H 'content-type: application/json' -d '{"version": 0, "command": "close", "reason": "other"}'"#;
    let triage = json(folder, &format!("curl -s {api}/alerts/{long}/triage {close}"));
    assert_eq!(triage["state"], "closed", "{triage}");
    let records = json(folder, &format!("curl -s {api}/alerts/{long}/observations"));
    assert_eq!((&records["totals"]["events"], &records["observations"]), (&0.into(), &Value::Array(Vec::new())));
    let audited: Vec<(String, String)> = entries(folder);
    assert!(audited.contains(&("drill_ordered".to_owned(), long.clone())), "{audited:?}");
    // The log has it, whoever reads it.
    binary::succeeds(folder, &["export", "alerts", "--data", "data", "--out", "a.ndjson"]);
    assert_eq!(fs::read_to_string(folder.join("a.ndjson")).unwrap().matches("\"exercise\":true").count(), 3);
    run.terminate();
    assert_eq!(run.said("drill_told"), 3);
    assert_eq!(run.said("alerts_differ"), 0);

    // Nothing runs: nothing is told, then or later.
    let args = ["drill", "--data", "data", "--family", "opioids", "--market", "US"];
    let refused = binary::headwater(folder, &args, &[]);
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(words.contains("no process with the role detect runs over this store"), "{words}");
    assert_eq!(fs::read_dir(folder.join("data/drills")).map_or(0, Iterator::count), 0);
    // Who starts again knows what was told.
    let mut again = Live::start(folder, "again", &[], &settings);
    let api = format!("http://{}/api/v1", address(&mut again, folder, "again"));
    let alerts = json(folder, &format!("curl -s '{api}/alerts?limit=200'"));
    assert_eq!((&alerts["counts"]["exercises"], ids(&alerts).contains(&long)), (&2.into(), true));
    again.terminate();
    assert_eq!(again.said("alerts_differ"), 0);
}

#[test]
fn what_cannot_be_practised_is_refused_in_words() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let refused = |args: &[&str]| {
        let output = binary::headwater(folder, &[&["drill", "--data", "data"], args].concat(), &[]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (args, status, word) in [
        (
            ["--family", "colours", "--market", "MX"].as_slice(),
            2,
            "\"colours\" is no family that is tested; there are ",
        ),
        (&["--family", "opioids", "--market", "QQ"], 2, "\"QQ\" is no market"),
        (&["--family", "opioids", "--market", "MX", "--for", "1y"], 2, "\"1y\""),
        (&["--family", "opioids", "--market", "MX", "--marking", "secret"], 2, "TLP:AMBER+STRICT"),
        (&["--family", "opioids", "--market", "MX"], 1, "there is no store at data"),
    ] {
        let (code, words) = refused(args);
        assert_eq!(code, Some(status), "{words}");
        assert!(words.contains(word), "{words}");
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "nothing was made");
    // A store over which no day was closed yet.
    fs::create_dir(folder.join("inbox")).unwrap();
    let mut run = Live::start(folder, "log", &[], &SETTINGS);
    address(&mut run, folder, "log");
    let (code, words) = refused(&["--family", "opioids", "--market", "MX"]);
    assert!(code == Some(1) && words.contains("no day was closed yet"), "{words}");
    run.terminate();
}
