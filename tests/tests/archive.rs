//! The archive as other people's tools see it: the queries of `docs/archive.md` give the volumes that the product
//! exports, to the milligram; and the commands that look into a store, while it is written and afterwards.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_model::Day;
use headwater_tests::binary::{Volume, headwater, replay, succeeds, volumes};
use headwater_tests::feed::event;
use headwater_tests::process::{Live, program};
use headwater_tests::served::arrive;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn document() -> PathBuf {
    root().join("docs/archive.md")
}

/// Reads the folder `inbox` into the store `data`.
fn start(folder: &Path) -> Live {
    Live::start(folder, "run.log", &[], &[("HEADWATER__SOURCES__INBOX__PATH", "inbox")])
}

/// Waits until so many records are committed, and no more.
fn until_committed(live: &mut Live, folder: &Path, records: u64) {
    live.until(&format!("{records} records committed"), || committed(folder) >= records);
    assert_eq!(committed(folder), records);
}

/// Records that `checkpoint list` tells of.
fn committed(folder: &Path) -> u64 {
    let output = headwater(folder, &["checkpoint", "list", "--data", "data"], &[]);
    // There is no store before the process has made one.
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| json(line)["total"]["read"].as_u64().unwrap()).sum()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// An inbox with corrections, withdrawals, periods, late reports and a few years of a simulated world. Gives the names
/// of the files and the number of records.
fn inbox(folder: &Path) -> (Vec<String>, u64) {
    let inbox = folder.join("inbox");
    succeeds(folder, &["sim", "--seed", "7", "--scenario", "substitution", "--scale", "0.2", "--out", "world"]);
    arrive(folder);
    for name in ["corrections", "periods", "units"] {
        let name = format!("{name}.ndjson");
        fs::copy(root().join("tests/golden").join(&name), inbox.join(&name)).unwrap();
    }
    let mut names: Vec<String> = fs::read_dir(&inbox)
        .unwrap()
        .map(|entry| format!("inbox/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    names.sort();
    let records = names.iter().map(|name| fs::read_to_string(folder.join(name)).unwrap().lines().count() as u64).sum();
    (names, records)
}

/// A row as a query gives it.
type Row = (String, i64, String, String, String, String, [i64; 4]);

fn exported(folder: &Path, more: &[&str]) -> Vec<Volume> {
    succeeds(folder, &[&["export", "volumes", "--data", "data", "--out", "v.parquet"], more].concat());
    volumes(&folder.join("v.parquet"))
}

fn key_and_sums(volumes: &[Volume]) -> Vec<Row> {
    let row = |v: &Volume| {
        let sums = [v.mass_mg, v.pieces, v.incidents, v.events];
        let (substance, route) = (v.substance.clone(), v.route.clone());
        let period = i64::from(v.period_days);
        (v.day.to_string(), period, substance, route, v.source.clone(), v.evidence.clone(), sums)
    };
    let mut rows: Vec<Row> = volumes.iter().map(row).collect();
    rows.sort();
    rows
}

fn answered(rows: &Value) -> Vec<Row> {
    let row = |row: &Value| {
        let text = |at: usize| row[at].as_str().unwrap().to_owned();
        let number = |at: usize| row[at].as_i64().unwrap_or_else(|| panic!("{row} has no whole number at {at}"));
        assert_eq!(row.as_array().unwrap().len(), 10, "{row}");
        (text(0), number(1), text(2), text(3), text(4), text(5), [number(6), number(7), number(8), number(9)])
    };
    let mut rows: Vec<Row> = rows.as_array().unwrap().iter().map(row).collect();
    rows.sort();
    rows
}

/// The day that the document asks about, the same in all its queries.
fn as_of() -> String {
    let text = fs::read_to_string(document()).unwrap();
    let (_, rest) = text.split_once("known_on <= DATE '").unwrap();
    let day = rest.split('\'').next().unwrap().to_owned();
    assert!(Day::parse(&day).is_some(), "{day}");
    assert_eq!(text.matches(&format!("fromisoformat(\"{day}\")")).count(), 1, "two days in {}", document().display());
    day
}

#[test]
fn foreign_readers_get_the_exported_volumes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (names, records) = inbox(folder);
    let mut run = start(folder);
    until_committed(&mut run, folder, records);
    let while_running = exported(folder, &[]);
    run.terminate();

    // The same as a replay of the files, rolling sums and all.
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let straight = replay(folder, &names, "straight");
    assert!(!straight.volumes().is_empty());
    assert_eq!(while_running, straight.volumes());
    assert_eq!(exported(folder, &[]), straight.volumes());

    let files = succeeds(folder, &["archive", "files", "--data", "data"]);
    assert!(!files.is_empty() && files.lines().all(|file| folder.join(file).is_file()), "{files}");
    fs::write(folder.join("files.txt"), files).unwrap();
    let answers = foreign(folder, "queries.py", &document());
    let answers: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&answers).unwrap();

    let day = as_of();
    let (all, then) = (key_and_sums(&exported(folder, &[])), key_and_sums(&exported(folder, &["--as-of", &day])));
    assert!(then.len() > 100 && then.len() + 100 < all.len(), "{} rows as of {day}, {} in all", then.len(), all.len());
    for language in ["sql", "python"] {
        let named: Vec<&str> = answers[language].keys().map(String::as_str).collect();
        assert_eq!(named, ["as of", "volumes"], "the queries in {language}");
        assert_eq!(answered(&answers[language]["volumes"]), all, "{language}");
        assert_eq!(answered(&answers[language]["as of"]), then, "{language} as of {day}");
    }
}

/// Runs a foreign program in a folder; what it prints.
fn foreign(folder: &Path, name: &str, argument: &Path) -> String {
    let python = program(&root().join("scripts/python-env"), &[]);
    let script = root().join("tests/foreign").join(name);
    let output = Command::new(python).arg(script).arg(argument).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_store_is_verified_inspected_and_a_damaged_object_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    fs::copy(root().join("tests/golden/corrections.ndjson"), folder.join("inbox/a.ndjson")).unwrap();
    let records = fs::read_to_string(folder.join("inbox/a.ndjson")).unwrap().lines().count() as u64;
    let mut run = start(folder);
    until_committed(&mut run, folder, records);
    run.terminate();

    assert_eq!(succeeds(folder, &["archive", "verify", "--data", "data"]), "");
    assert_eq!(succeeds(folder, &["checkpoint", "verify", "--data", "data"]), "");
    let listed = json(succeeds(folder, &["checkpoint", "list", "--data", "data"]).trim_end());
    assert_eq!((&listed["input"], &listed["total"]["read"]), (&Value::from("inbox/0"), &Value::from(records)));
    let last = succeeds(folder, &["checkpoint", "inspect", "inbox/0", "--data", "data"]);
    assert_eq!(json(&last)["epoch"], listed["epoch"]);
    let first = json(&succeeds(folder, &["checkpoint", "inspect", "inbox/0/0", "--data", "data"]));
    assert_eq!((&first["epoch"], &first["previous"]), (&Value::from(0), &Value::Null));
    let no_epoch = headwater(folder, &["checkpoint", "inspect", "inbox/0/999", "--data", "data"], &[]);
    assert_eq!(no_epoch.status.code(), Some(1));
    assert!(String::from_utf8(no_epoch.stderr).unwrap().contains("inbox/0"), "the words name the input");
    let no_store = headwater(folder, &["archive", "files", "--data", "nowhere"], &[]);
    assert_eq!(no_store.status.code(), Some(1));
    assert!(String::from_utf8(no_store.stderr).unwrap().contains("nowhere"));
    assert!(!folder.join("nowhere").exists(), "whoever reads makes nothing");

    let files = succeeds(folder, &["archive", "files", "--data", "data"]);
    let file = folder.join(files.lines().next().unwrap());
    let mut bytes = fs::read(&file).unwrap();
    bytes[10] ^= 1;
    fs::write(&file, bytes).unwrap();
    for command in ["archive", "checkpoint"] {
        let verify = headwater(folder, &[command, "verify", "--data", "data"], &[]);
        let findings = String::from_utf8(verify.stdout).unwrap();
        assert_eq!(verify.status.code(), Some(1), "{command}: {findings}");
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(findings.contains(name), "{command}: {findings}");
    }
}

#[test]
fn rejects_are_listed_shown_and_given_back_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    let good = event(1);
    let bad = good.replace("\"kg\"", "\"stone\"").replace("SHIP-000000001", "SHIP-2");
    let torn = "{\"event_id\": \"é";
    fs::write(folder.join("inbox/a.ndjson"), format!("{good}\n{bad}\n{torn}\n{bad}\n")).unwrap();
    let mut run = start(folder);
    until_committed(&mut run, folder, 4);

    let list = |more: &[&str]| -> Vec<Value> {
        let text = succeeds(folder, &[&["rejects", "list", "--data", "data"], more].concat());
        text.lines().map(json).collect()
    };
    let rejects = list(&[]);
    let reasons: Vec<&str> = rejects.iter().map(|r| r["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["bad_unit", "bad_json", "bad_unit"]);
    assert_eq!(rejects[0]["field"], "quantity.unit");
    assert_eq!(rejects[0]["input"], "inbox/0");
    assert_eq!(list(&["--reason", "bad_unit"]).len(), 2);
    assert_eq!(list(&["--reason", "bad_unit", "--limit", "1"]).len(), 1);
    assert_eq!(list(&["--input", "other/0"]).len(), 0);
    for (reject, raw) in rejects.iter().zip([bad.as_str(), torn, &bad]) {
        let id = reject["id"].as_str().unwrap();
        assert_eq!(succeeds(folder, &["rejects", "show", id, "--data", "data"]), raw, "{id}");
    }
    let none = headwater(folder, &["rejects", "show", "inbox/b.ndjson@0", "--data", "data"], &[]);
    assert_eq!(none.status.code(), Some(1));

    // Given back while the process runs: read as two records more, for one of the three is a copy of another.
    succeeds(folder, &["rejects", "replay", "--data", "data"]);
    until_committed(&mut run, folder, 6);
    assert_eq!(list(&[]).len(), 5);
    // All of them given back again are the same file, and nothing is read.
    succeeds(folder, &["rejects", "replay", "--data", "data"]);
    let visible =
        |entry: &std::io::Result<fs::DirEntry>| !entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with('.');
    let names = || fs::read_dir(folder.join("inbox")).unwrap().filter(visible).count();
    assert_eq!(names(), 2);
    fs::write(folder.join("inbox/z.ndjson"), format!("{good}\n")).unwrap();
    until_committed(&mut run, folder, 7);
    run.terminate();
    assert_eq!(names(), 3);
    let total = json(succeeds(folder, &["checkpoint", "list", "--data", "data"]).trim_end())["total"].clone();
    let count = |name: &str| total[name].as_u64().unwrap();
    assert_eq!((count("accepted"), count("duplicate"), count("rejected")), (1, 1, 5));
}
