//! `headwater bench` with small numbers: that it measures what it says, holds the product to exactness, and leaves
//! nothing behind. How fast anything was is not asserted.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Output;

use headwater_tests::binary::{headwater, succeeds};
use headwater_tests::broker::Broker;
use headwater_tests::feed::event;
use headwater_tests::process::eventually;
use serde_json::Value;

/// Commits often, so that a small topic has many epochs, and a dead member is missed soon.
const SMALL: [&str; 6] =
    ["--set", "store.commit_ms=200", "--set", "store.commit_bytes=65536", "--client", "session.timeout.ms=6000"];

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A bench that must fail with a status; what it said.
fn fails(folder: &Path, args: &[&str], status: i32) -> String {
    let output = headwater(folder, args, &[]);
    assert_eq!(output.status.code(), Some(status), "{args:?}: {}", words(&output));
    assert!(output.stdout.is_empty(), "{args:?}");
    words(&output)
}

/// The number in a cell of the row of a Markdown table that begins so.
fn figure(text: &str, row: &str, cell: usize) -> f64 {
    let line = text.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("no row {row} in {text}"));
    let cell = line.split('|').map(str::trim).nth(cell).unwrap();
    cell.replace(',', "").parse().unwrap_or_else(|_| panic!("no number in {line}"))
}

fn is_empty(folder: &Path) {
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "left behind in {}", folder.display());
}

#[test]
fn a_pipeline_is_measured_against_the_bare_client_and_leaves_nothing_behind() {
    let broker = Broker::start();
    let folder = tempfile::tempdir().unwrap();
    let (at, temporary) = (folder.path(), folder.path().join("tmp"));
    fs::create_dir(&temporary).unwrap();
    let run = |args: &[&str], status: i32| {
        let args = [&["bench", "pipeline", "--brokers", broker.brokers()], args].concat();
        // A store of its own is meant to be used, whatever the environment says of the user's.
        let environment = [("TMPDIR", temporary.to_str().unwrap()), ("HEADWATER__STORE__URL", "theirs")];
        let output = headwater(at, &args, &environment);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {}", words(&output));
        is_empty(&temporary);
        output
    };
    let prints = |args: &[&str]| String::from_utf8(run(args, 0).stdout).unwrap();
    let left = || json(&broker.foreign("topics.py", &[]));

    tables(&prints(&[&["--events", "20000", "--partitions", "3", "--repeat", "2"], &SMALL[..]].concat()));
    eventually("topics and groups are gone", || left() == json(r#"{"topics": [], "groups": []}"#));
    assert!(!at.join("theirs").exists());

    // A topic that is kept is read again as it is, and held against the same sums.
    let load = ["--events", "12000", "--duplicates", "10", "--revisions", "10", "--topic", "kept", "--json"];
    let first = json(&prints(&[&load[..], &["--keep", "--partitions", "2"], &SMALL].concat()));
    eventually("only it is left", || left() == json(r#"{"topics": ["kept"], "groups": []}"#));
    let again = json(&prints(&[&load[..], &SMALL].concat()));
    assert!(first["filled"]["records"] == 12_000 && again["filled"].is_null());
    for report in [&first, &again] {
        let count = |name: &str| report[name].as_u64().unwrap();
        assert_eq!((count("accepted") + count("duplicate"), count("partitions")), (12_000, 2));
        assert!((800..2_400).contains(&count("duplicate")), "{report}");
        assert_eq!(report["exact"], "sums of masses by substance and route, and the account");
        assert_eq!(report["lag"], json("[0]"));
        assert!(report["ratio"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(first["panes"], again["panes"]);

    // Other events than those of the topic are what a wrong store would be.
    let other = run(&[&load[..], &["--seed", "2"], &SMALL].concat(), 1);
    assert!(words(&other).contains("the store is not exact: "), "{}", words(&other));
    assert!(words(&other).contains(" mg"), "{}", words(&other));
    let fewer = ["--events", "11999", "--topic", "kept"];
    assert!(words(&run(&fewer, 2)).contains("topic kept holds 12000 events, not 11999"));

    // Of records that others made the number is known.
    let lines: String = (0..300).map(event).collect::<Vec<_>>().join("\n");
    fs::write(at.join("others.ndjson"), lines).unwrap();
    broker.topic("others", 2, &[]);
    broker.produce("others", &at.join("others.ndjson"), &[]);
    let others = json(&prints(&[&["--topic", "others", "--json"], &SMALL[..]].concat()));
    assert_eq!(
        (&others["exact"], &others["product_steady"][0]["records"]),
        (&json("\"the number of records\""), &json("300"))
    );

    kill(&json(&prints(&[&["--events", "40000", "--kill", "--json"], &SMALL[..]].concat())));

    let sweep = prints(&[&["--events", "4000", "--sweep", "partitions=1,3"], &SMALL[..]].concat());
    assert_eq!([1, 2].map(|cell| figure(&sweep, "| 3 | ", cell)), [3.0, 1_000.0], "{sweep}");
    assert!(figure(&sweep, "| 1 | ", 6) > 0.0 && sweep.contains("the dearest step over the cheapest: "), "{sweep}");
    let sweep = json(&prints(&[&["--events", "6000", "--sweep", "series=20,200", "--json"], &SMALL[..]].concat()));
    assert_eq!([0, 1].map(|step| sweep[step]["panes"].as_u64().unwrap()), [20, 200]);

    // What somebody else may read is not written to.
    broker.topic("headwater.volumes.v1", 1, &[]);
    let refused = words(&run(&["--events", "100"], 1));
    assert!(refused.contains("has a topic headwater.volumes.v1 already"), "{refused}");
    let shared = json(&prints(&[&["--events", "1000", "--share-outputs", "--json"], &SMALL[..]].concat()));
    assert_eq!(shared["accepted"], 1_000);
    let expected = json(r#"{"topics": ["headwater.volumes.v1", "kept", "others"], "groups": []}"#);
    eventually("what was there stays there", || left() == expected);
    let forbidden = words(&run(&["--set", "store.url=elsewhere"], 2));
    assert!(forbidden.contains("--set store.url: the bench has a value of its own"), "{forbidden}");
    assert!(words(&run(&["--events", "100", "--share-outputs", "--set", "store.comit_ms=1"], 2)).contains("commit_ms"));
}

/// The tables of two runs.
fn tables(text: &str) {
    for who in ["bare client | first record to the end", "headwater | first record to all committed and published"] {
        let row = format!("| {who} | ");
        assert!(text.lines().any(|line| line.starts_with(&row)), "no row {row} in {text}");
    }
    for stretch in ["bare client | whole process", "headwater | whole process"] {
        assert!(text.contains(&format!("| {stretch} | ")), "{text}");
    }
    assert!(text.contains("| exact | sums of masses by substance and route, and the account |"), "{text}");
    let fact = |what: &str| figure(text, &format!("| {what} | "), 2);
    assert_eq!((fact("records"), fact("accepted"), fact("duplicate")), (20_000.0, 20_000.0, 0.0));
    assert_eq!((fact("lag at the end"), fact("runs of each")), (0.0, 2.0));
    assert_eq!((fact("store.commit_ms"), fact("store.commit_bytes")), (200.0, 65_536.0));
    assert!(text.contains("| headwater's rate over the bare client's | "), "{text}");
    assert!(text.contains("| client session.timeout.ms, on both sides | 6000 |"), "{text}");
}

/// A kill -9 in the middle.
fn kill(report: &Value) {
    let killed = &report["killed"];
    let number = |name: &str| killed[name].as_f64().unwrap_or_else(|| panic!("no {name} in {report}"));
    let (left, restored) = (number("left_at_kill"), number("restored_records"));
    assert!((1.0..=20_000.0).contains(&left), "{report}");
    // What was committed and not yet published by then is restored too.
    assert!(restored >= 40_000.0 - left && restored <= 40_000.0, "{report}");
    let consuming = number("consuming_s");
    assert!(number("restore_s") <= consuming && consuming <= number("first_epoch_s"), "{report}");
    assert!(number("first_epoch_s") <= number("all_s"), "{report}");
}

#[test]
fn without_a_broker_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let said = fails(folder.path(), &["bench", "pipeline", "--brokers", "127.0.0.1:1", "--events", "10"], 1);
    assert!(said.contains("no broker of 127.0.0.1:1 answered within 10 s"), "{said}");
    let bad = ["bench", "pipeline", "--brokers", "127.0.0.1:1", "--series", "2000000"];
    assert!(fails(folder.path(), &bad, 2).contains("series: 2000000 is out of range"));
}

#[test]
fn a_restore_is_measured_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let report = json(&succeeds(at, &["bench", "restore", "--events", "20000", "--partitions", "2", "--json"]));
    assert_eq!(report["built"]["records"], 40_000);
    let (snapshot, epochs) = (&report["from_snapshot"][0], &report["from_epochs"][0]);
    for once in [snapshot, epochs] {
        assert_eq!([&once["inputs"], &once["records"], &once["identities"]], [2, 40_000, 40_000], "{report}");
        assert!(once["bytes"].as_u64().unwrap() > 40_000 && once["peak_rss_bytes"].as_u64().unwrap() > 1 << 20);
    }
    assert_eq!((&snapshot["rows"], &epochs["rows"]), (&json("0"), &json("40000")));
    assert_eq!(snapshot["panes"], epochs["panes"]);

    // The store of a user, which is read and no more.
    let line = |n| event(n) + "\n";
    fs::create_dir(at.join("inbox")).unwrap();
    fs::write(at.join("inbox/a.ndjson"), (0..200).map(line).collect::<String>()).unwrap();
    let mut live = headwater_tests::process::Live::start(at, "log", &["--role", "ingest"], &[]);
    live.until("all is committed", || headwater_tests::store::committed(at).read == 200);
    live.terminate();
    let before = files(&at.join("data"));
    let text = succeeds(at, &["bench", "restore", "--data", "data", "--repeat", "2"]);
    assert_eq!(figure(&text, "| epochs alone | ", 3), 200.0, "{text}");
    assert_eq!(figure(&text, "| the snapshot and the epochs behind it | ", 2), 1.0, "{text}");
    assert_eq!(files(&at.join("data")), before);
    let absent = fails(at, &["bench", "restore", "--data", "nowhere"], 2);
    assert!(absent.contains("--data nowhere: there is no store"), "{absent}");
}

/// Every file below a folder with its size.
fn files(folder: &Path) -> Vec<(std::path::PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push((path.clone(), path.metadata().unwrap().len()))
        }
    }
    found.sort();
    found
}

#[test]
fn state_is_measured_by_its_own_account_and_by_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = ["--panes", "1000,20000", "--identities", "60000", "--ledger-bytes", "2097152"];
    let report = json(&succeeds(folder.path(), &[&["bench", "state", "--json"], &sizes[..]].concat()));
    let of = |what: &str, count: u64| {
        let rows = report.as_array().unwrap();
        let row = rows.iter().find(|row| row["what"] == what && row["count"] == count);
        row.unwrap_or_else(|| panic!("no {what} {count} in {report}")).clone()
    };
    let each = |row: &Value, name: &str, count: f64| row[name].as_f64().unwrap() / count;
    for what in ["panes_by_day", "panes_by_series"] {
        assert!((40.0..200.0).contains(&each(&of(what, 1_000), "own_bytes", 1e3)), "{report}");
        let many = of(what, 20_000);
        assert!((40.0..200.0).contains(&each(&many, "own_bytes", 2e4)), "{report}");
        // Every pane takes what it says, at least.
        assert!(many["rss_bytes"].as_f64().unwrap() >= 40.0 * 2e4, "{report}");
        assert!(many["net_bytes"].as_u64().unwrap() > 0);
    }
    let hot = of("identities", 60_000);
    assert!((100.0..300.0).contains(&each(&hot, "own_bytes", 6e4)) && hot["spilled"] == 0, "{report}");
    let spilled = of("spilled_identities", 60_000);
    assert!(spilled["spilled"].as_u64().unwrap() > 30_000, "{report}");
    assert!(spilled["own_bytes"].as_u64().unwrap() <= 2_097_152, "{report}");
    let cold = spilled["spilled"].as_f64().unwrap();
    assert!((2.0..8.0).contains(&each(&spilled, "filter_bytes", cold)), "{report}");
    assert!((20.0..400.0).contains(&each(&spilled, "disk_bytes", cold)), "{report}");
    let text = succeeds(folder.path(), &["bench", "state", "--panes", "1000", "--identities", "1000"]);
    assert_eq!(figure(&text, "| events in memory | ", 2), 1_000.0, "{text}");
    assert!(text.contains("| panes of 1,000 series, day by day | 1,000 | "), "{text}");
}

#[test]
fn an_api_is_asked_and_listened_to_by_many() {
    let folder = tempfile::tempdir().unwrap();
    let (at, temporary) = (folder.path(), folder.path().join("tmp"));
    fs::create_dir(&temporary).unwrap();
    let small = "--events 30000 --series 300 --days 100 --questions 40 --clients 300 --alerts 2";
    let args: Vec<&str> = ["bench", "serve"].into_iter().chain(small.split(' ')).collect();
    let output = headwater(at, &args, &[("TMPDIR", temporary.to_str().unwrap())]);
    assert!(output.status.success(), "{}", words(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for (row, n) in [
        ("| volumes of a substance in a market, weeks, rolling", 40.0),
        ("| volumes of a market, months", 40.0),
        ("| records of a substance in a market, first", 2.0),
        ("| records of a substance in a market, again", 2.0),
        ("| live stream", 600.0),
        ("| volumes of a substance in a market, once more", 40.0),
    ] {
        assert_eq!(figure(&text, row, 2), n, "{text}");
        assert!(figure(&text, row, 3) <= figure(&text, row, 4) && figure(&text, row, 6) > 1.0, "{text}");
    }
    assert!(text.contains("600 events to 300 clients"), "{text}");
    is_empty(&temporary);
    assert!(fails(at, &["bench", "serve", "--clients", "5000"], 2).contains("1 to 1024"));
}
