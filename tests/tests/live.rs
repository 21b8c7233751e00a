//! `headwater run` on a folder: killed again and again it loses nothing and counts nothing twice.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use headwater_model::Day;
use headwater_tests::binary::{self, Outcome, replay};
use headwater_tests::feed::{Dice, event, known_on};
use headwater_tests::process::{Live, pause};
use headwater_tests::store::{committed, exported};

/// Events that a file holds.
const EVENTS: usize = 300;
const FILES: usize = 24;

fn lines(from: usize, to: usize) -> String {
    (from..to).map(|n| event(n) + "\n").collect()
}

#[test]
fn a_run_that_is_killed_while_files_arrive_gives_exact_sums() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    let mut dice = Dice::new(11);
    let mut run = Live::start(folder, "log", &[], &[]);
    let mut names = Vec::new();
    for n in 0..FILES {
        // Every third event comes twice, and every file ends with a line that is no record.
        let text = lines(n * EVENTS - (n * EVENTS).min(100), (n + 1) * EVENTS) + "{}\n";
        let name = format!("inbox/{n:03}.ndjson");
        names.push(name.clone());
        let mut file = File::create(folder.join(&name)).unwrap();
        // It grows while it is read, cut anywhere.
        let cut = dice.below(text.len());
        file.write_all(&text.as_bytes()[..cut]).unwrap();
        pause(Duration::from_millis(dice.below(60) as u64));
        if n % 3 == 1 {
            run.kill();
            run = Live::start(folder, "log", &[], &[]);
        }
        file.write_all(&text.as_bytes()[cut..]).unwrap();
        pause(Duration::from_millis(dice.below(120) as u64));
        if n % 5 == 2 {
            run.kill();
            run = Live::start(folder, "log", &[], &[]);
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let judge = replay(folder, &names, "judge");
    let read = judge.count("read");
    assert_eq!(judge.count("rejected"), FILES as u64);
    run.until("all records are committed", || committed(folder).read >= read);
    assert!(exported(folder, &[]) == judge.bytes("volumes.parquet"), "volumes differ");
    let total = committed(folder);
    assert_eq!((total.read, total.rejected, total.accepted), (read, FILES as u64, judge.count("accepted")));
    assert_eq!(total.duplicate, judge.count("duplicate"));
    run.terminate();

    // Nothing is left half done, and a start adds nothing.
    binary::succeeds(folder, &["archive", "verify", "--data", "data"]);
    let mut run = Live::start(folder, "log", &[], &[]);
    fs::write(folder.join("inbox/last.ndjson"), lines(0, 10)).unwrap();
    run.until("the last file", || committed(folder).read == read + 10);
    assert_eq!(committed(folder).duplicate, judge.count("duplicate") + 10);
    run.terminate();
    assert!(exported(folder, &[]) == judge.bytes("volumes.parquet"), "a start changed volumes");
}

#[test]
fn alerts_of_a_run_are_those_of_a_replay_and_of_the_archive() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    binary::succeeds(folder, &["sim", "--seed", "7", "--scenario", "substitution", "--out", "inbox"]);
    fs::remove_file(folder.join("inbox/truth.json")).unwrap();
    let judge = replay(folder, &["inbox/seizure.ndjson", "inbox/trade.ndjson"], "judge");
    assert!(!judge.alerts().is_empty(), "it compares nothing");

    let environment = [("HEADWATER__DETECT__IDLE_MS", "1000")];
    let mut run = Live::start(folder, "log", &[], &environment);
    let exported_alerts = || {
        let out = binary::headwater(folder, &["export", "alerts", "--data", "data", "--out", "alerts.ndjson"], &[]);
        if out.status.success() { fs::read(folder.join("alerts.ndjson")).unwrap() } else { Vec::new() }
    };
    run.until("the alerts of a replay", || exported_alerts() == judge.bytes("alerts.ndjson"));
    run.terminate();
    assert!(exported(folder, &[]) == judge.bytes("volumes.parquet"), "volumes differ");

    // From the archive, for some of its days, revision for revision.
    let all = judge.alerts();
    let (from, to) = (all[0].as_of, all[all.len() / 2].as_of);
    let days = [from.to_string(), to.to_string()];
    let args = ["replay", "--from-archive", "--data", "data", "--from", &days[0], "--to", &days[1], "--out", "some"];
    binary::succeeds(folder, &args);
    let some: Vec<_> = all.iter().filter(|alert| (from..=to).contains(&alert.as_of)).cloned().collect();
    assert_eq!(Outcome::at(folder.join("some")).alerts(), some);

    // What was known on a day is what a replay of the records known by then gives.
    known_by(folder, to);
    let then = replay(folder, &["then.ndjson"], "then");
    assert!(exported(folder, &["--as-of", &days[1]]) == then.bytes("volumes.parquet"), "as of {to}");
}

#[test]
fn budgets_of_the_configuration_rank_alike_in_a_run_a_replay_and_the_archive() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    binary::succeeds(folder, &["sim", "--seed", "2", "--scenario", "substitution", "--out", "inbox"]);
    fs::remove_file(folder.join("inbox/truth.json")).unwrap();
    let events = ["inbox/seizure.ndjson", "inbox/trade.ndjson"];
    let config = |budgets: &str| {
        let text = format!("[sources.inbox]\npath = \"inbox\"\n[detect]\nidle_ms = 1000\n{budgets}\n");
        fs::write(folder.join("headwater.toml"), text).unwrap();
    };
    let by_budget = |out: &str| {
        let files = ["--events", events[0], events[1], "--config", "headwater.toml", "--out", out];
        binary::succeeds(folder, &[&["replay"], &files[..]].concat());
        Outcome::at(folder.join(out))
    };
    let places = |judge: &Outcome| -> Vec<(String, u32, bool)> {
        let raised = judge.alerts().into_iter().filter(|alert| alert.revision == 1);
        raised.map(|a| (a.market, a.priority.rank, a.priority.within_budget)).collect()
    };

    // One alert a week of all; then the market of one that was over it has room of its own.
    config("weekly_budget = 1");
    let tight = places(&by_budget("tight"));
    let over = tight.iter().find(|(.., within)| !within).map(|(market, ..)| market.clone());
    let market = over.unwrap_or_else(|| panic!("no week has two: it shows nothing: {tight:?}"));
    config(&format!("weekly_budget = 1\n[detect.budgets.market]\n{market} = 9"));
    let judge = by_budget("judge");
    let own = places(&judge);
    assert_eq!(own.len(), tight.len(), "nothing is dropped");
    assert!(own.iter().all(|(of, _, within)| *of != market || *within), "{own:?}");

    let all = judge.alerts();
    let mut run = Live::start(folder, "log", &["--config", "headwater.toml"], &[]);
    run.until("the alerts of a replay", || {
        let out = binary::headwater(folder, &["export", "alerts", "--data", "data", "--out", "alerts.ndjson"], &[]);
        if !out.status.success() {
            return false;
        }
        // Days pass behind the last record: what expires on one of them no replay of the files tells.
        let mut told = Outcome::at(folder.to_owned()).alerts();
        told.truncate(all.len());
        told == all
    });
    run.terminate();
    let (from, to) = (all[0].as_of.to_string(), all[all.len() - 1].as_of.to_string());
    let span = ["--from", &from, "--to", &to, "--config", "headwater.toml", "--out", "again"];
    binary::succeeds(folder, &[&["replay", "--from-archive"], &span[..]].concat());
    assert!(Outcome::at(folder.join("again")).bytes("alerts.ndjson") == judge.bytes("alerts.ndjson"));

    // A name that there is not is told with its key, before anything is begun.
    config("[detect.budgets.family]\nopiods = 3");
    for args in [["config", "check", "--config", "headwater.toml"].as_slice(), &["run", "--config", "headwater.toml"]] {
        let output = binary::headwater(folder, args, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("detect.budgets.family.opiods: \"opiods\" is no family that is tested"), "{said}");
    }
}

/// Writes the records of the inbox that were known by the end of a day.
fn known_by(folder: &Path, day: Day) {
    let mut out = String::new();
    for name in ["seizure.ndjson", "trade.ndjson"] {
        for line in fs::read_to_string(folder.join("inbox").join(name)).unwrap().lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            if known_on(record["reported_at"].as_str().unwrap()) <= day {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    fs::write(folder.join("then.ndjson"), out).unwrap();
}

#[test]
fn two_processes_on_one_folder_are_one_too_many() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let mut first = Live::start(folder, "first", &[], &[]);
    fs::create_dir_all(folder.join("inbox")).unwrap();
    fs::write(folder.join("inbox/a.ndjson"), lines(0, 5)).unwrap();
    first.until("the first to read", || committed(folder).read == 5);
    let second = binary::headwater(folder, &["run"], &[("HEADWATER__METRICS__LISTEN", "127.0.0.1:0")]);
    let words = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{words}");
    assert!(words.contains("inbox") && words.contains("another process"), "{words}");
    first.terminate();
}

#[test]
fn files_are_read_as_they_come_whatever_their_names() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    fs::write(folder.join("inbox/b.ndjson"), lines(0, 500)).unwrap();
    let mut run = Live::start(folder, "log", &[], &[]);
    run.until("the first file", || committed(folder).read == 500);
    // Written elsewhere and renamed into the folder, under a name that comes before.
    fs::write(folder.join("a.ndjson"), lines(400, 900) + "{}\n").unwrap();
    fs::rename(folder.join("a.ndjson"), folder.join("inbox/a.ndjson")).unwrap();
    run.until("the second file", || committed(folder).read == 1_001);
    let total = committed(folder);
    assert_eq!((total.accepted, total.duplicate, total.rejected), (900, 100, 1));
    run.terminate();
    let judge = replay(folder, &["inbox/b.ndjson", "inbox/a.ndjson"], "judge");
    assert!(exported(folder, &[]) == judge.bytes("volumes.parquet"), "volumes differ");
}

#[test]
fn a_wrong_configuration_ends_with_status_2_and_words() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let words = |args: &[&str], environment: &[(&str, &str)]| {
        let output = binary::headwater(folder, args, environment);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words}");
        words
    };
    let text = "[clusters.main]\nbrokers = \"127.0.0.1:9\"\n[sources.trade]\ncluster = \"main\"\ntopic = \"t\"\n";
    fs::write(folder.join("right.toml"), text).unwrap();
    let run = ["run", "--config", "right.toml"];
    let setting = words(&run, &[("HEADWATER__CLUSTERS__MAIN__CLIENT__FETCH_MIM_BYTES", "1")]);
    assert!(setting.contains("clusters.main: client setting fetch.mim.bytes"), "{setting}");
    let elsewhere = words(&run, &[("HEADWATER__STORE__URL", "ftp://host/x")]);
    assert!(elsewhere.contains("store.url") && elsewhere.contains("ftp://host/x"), "{elsewhere}");
    let role = words(&["run", "--role", "everything"], &[]);
    assert!(role.contains("everything"), "{role}");

    fs::write(folder.join("wrong.toml"), "[sources.trade]\ntopci = \"t\"\n[stor]\n").unwrap();
    for command in [&["run"][..], &["config", "check"]] {
        let wrong = words(&[command, &["--config", "wrong.toml"]].concat(), &[]);
        assert!(wrong.contains("wrong.toml:2:1: sources.trade.topci: unknown key; did you mean topic?"), "{wrong}");
        assert!(wrong.contains("wrong.toml:3:2: stor: unknown key; did you mean store?"), "{wrong}");
    }
    assert!(!folder.join("data").exists(), "nothing is begun");
    let shown = binary::succeeds(folder, &["config", "check", "--config", "right.toml"]);
    assert!(shown.contains("commit_ms = 5000"), "{shown}");
}
