//! `headwater run` as a process against a real Apache Kafka, fed by a client that is not ours.
//!
//! Whatever arrives, in whatever partitions, transactions and order: the results equal a replay of the same events.
#![allow(clippy::unwrap_used)]
#![expect(clippy::disallowed_methods, reason = "it waits for other processes")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use headwater_tests::binary::{self, Outcome, replay};
use headwater_tests::feed::{Fate, broken, event};
use serde_json::Value;

/// How long anything may take before the test gives up: a loaded machine, not a slow product.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the product promises for SIGTERM.
const STOP_AT_MOST: Duration = Duration::from_secs(10);

const TRADE: &str = "trade-events";
const SEIZURE: &str = "seizure-events";
const TOMBSTONES: u64 = 3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Runs one of the repository's programs; what it prints, without the newline.
fn program(program: &Path, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {args:?} ended with {}: {words}", program.display(), output.status);
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A broker of our own, stopped when the test ends however it ends.
struct Kafka {
    folder: PathBuf,
    brokers: String,
    python: PathBuf,
}

impl Kafka {
    fn start(folder: PathBuf) -> Kafka {
        let python = program(&root().join("scripts/python-env"), &[]).into();
        let brokers = program(&root().join("scripts/kafka"), &["start", folder.to_str().unwrap()]);
        Kafka { folder, brokers, python }
    }

    fn again(&self) {
        let brokers = program(&root().join("scripts/kafka"), &["start", self.folder.to_str().unwrap()]);
        assert_eq!(brokers, self.brokers);
    }

    fn stop(&self) {
        program(&root().join("scripts/kafka"), &["stop", self.folder.to_str().unwrap()]);
    }

    /// Runs `tests/foreign/NAME.py BROKERS ARGS...`.
    fn foreign(&self, name: &str, args: &[&str]) -> String {
        let script = root().join("tests/foreign").join(name);
        program(&self.python, &[&[script.to_str().unwrap(), self.brokers.as_str()], args].concat())
    }

    fn topic(&self, topic: &str, partitions: usize) {
        self.foreign("topic.py", &[topic, &partitions.to_string()]);
    }

    fn produce(&self, topic: &str, file: &Path, more: &[&str]) -> u64 {
        self.foreign("produce.py", &[&[topic, file.to_str().unwrap()], more].concat()).parse().unwrap()
    }

    /// Committed and end offset of each partition of the group.
    fn offsets(&self, group: &str) -> Vec<(String, i64, i64, i64)> {
        serde_json::from_str(&self.foreign("lag.py", &[group, TRADE, SEIZURE])).unwrap()
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        let _ = Command::new(root().join("scripts/kafka")).arg("stop").arg(&self.folder).status();
    }
}

/// `headwater run` in a folder, ended when dropped.
struct Run {
    child: Child,
    log: PathBuf,
}

impl Run {
    fn start(folder: &Path, log: &str) -> Run {
        let log = folder.join(log);
        let child = Command::new(binary::path())
            .args(["run", "--config", "headwater.toml"])
            .current_dir(folder)
            .env("HEADWATER__STORE__COMMIT_MS", "200")
            .env("HEADWATER_LOG", "info")
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Run { child, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until something holds, as long as the process lives.
    fn until(&mut self, what: &str, mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?} while waiting: {what}\n{}", self.log());
            assert!(began.elapsed() < PATIENCE, "not in time: {what}\n{}", self.log());
            pause();
        }
    }

    /// How it ends by itself.
    fn end(&mut self, at_most: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < at_most, "still running after {at_most:?}\n{}", self.log());
            pause();
        }
    }

    fn terminate(&mut self) {
        program(Path::new("kill"), &["-TERM", &self.child.id().to_string()]);
        let status = self.end(STOP_AT_MOST);
        assert_eq!(status.code(), Some(0), "{}", self.log());
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

/// Files and what they are produced to; a replay of the files is the judge.
struct World {
    folder: PathBuf,
    files: Vec<String>,
}

impl World {
    fn add(&mut self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, bytes).unwrap();
        self.files.push(name.to_owned());
        path
    }

    /// Replays all files so far and waits until the results of the run equal that.
    fn equals(&self, run: &mut Run, extra_rejects: u64) -> Outcome {
        let files: Vec<&str> = self.files.iter().map(String::as_str).collect();
        let judge = replay(&self.folder, &files, "judge");
        let read = judge.count("read") + extra_rejects;
        let summary = self.folder.join("data/summary.json");
        let count = |name: &str| {
            let text = fs::read(&summary).ok()?;
            serde_json::from_slice::<Value>(&text).unwrap()[name].as_u64()
        };
        run.until(&format!("{read} records in the results"), || count("read") == Some(read));
        // The summary is put in place before the rejects: those come in the same moment.
        let data = Outcome::at(self.folder.join("data"));
        run.until("the rejects", || data.rejects().len() as u64 == judge.count("rejected") + extra_rejects);
        for name in ["accepted", "duplicate", "superseded", "conflict"] {
            assert_eq!(data.count(name), judge.count(name), "{name}");
        }
        assert!(data.bytes("volumes.parquet") == judge.bytes("volumes.parquet"), "volumes differ");
        let ids = |outcome: &Outcome| outcome.alerts().iter().map(|a| a.alert_id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&data), ids(&judge));
        assert!(data.bytes("alerts.ndjson") == judge.bytes("alerts.ndjson"), "alerts differ");
        data
    }
}

/// What was rejected, and how often, without its place.
fn rejected(outcome: &Outcome) -> BTreeMap<String, u64> {
    let mut rejects = BTreeMap::new();
    for line in outcome.rejects() {
        let what = [&line["reason"], &line["field"], &line["raw"], &line["raw_base64"]].map(Value::to_string).join(" ");
        *rejects.entry(what).or_default() += 1;
    }
    rejects
}

fn configure(folder: &Path, brokers: &str) {
    let text = format!(
        "[clusters.main]\nbrokers = \"{brokers}\"\ngroup = \"g\"\n\
         [sources.trade]\ncluster = \"main\"\ntopic = \"{TRADE}\"\n\
         [sources.seizure]\ncluster = \"main\"\ntopic = \"{SEIZURE}\"\n\
         [store]\nurl = \"data\"\n"
    );
    fs::write(folder.join("headwater.toml"), text).unwrap();
}

#[test]
fn a_run_equals_a_replay_of_what_a_foreign_client_produced() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let kafka = Kafka::start(folder.join("kafka"));
    configure(folder, &kafka.brokers);

    // A topic that is not there is named, and nothing is left half begun.
    kafka.topic(TRADE, 4);
    let mut run = Run::start(folder, "missing.log");
    assert_eq!(run.end(PATIENCE).code(), Some(1), "{}", run.log());
    assert!(run.log().contains(&format!("topic {SEIZURE}: there is no such topic")), "{}", run.log());
    kafka.topic(SEIZURE, 2);

    // A world with a shift in it, one topic in a transaction after one that was aborted.
    binary::succeeds(folder, &["sim", "--seed", "7", "--scenario", "substitution", "--out", "."]);
    let mut world = World { folder: folder.to_owned(), files: vec!["trade.ndjson".into(), "seizure.ndjson".into()] };
    assert!(kafka.produce(TRADE, &folder.join("trade.ndjson"), &["--transaction"]) > 1_000);
    assert!(kafka.produce(SEIZURE, &folder.join("seizure.ndjson"), &[]) > 1_000);
    let mut run = Run::start(folder, "first.log");
    let data = world.equals(&mut run, 0);
    assert!(!data.alerts().is_empty() && !data.volumes().is_empty(), "it compares nothing");
    let inputs = data.summary()["files"].as_array().unwrap().len();
    assert_eq!(inputs, 6, "one account a partition");
    run.until("no lag", || kafka.offsets("g").iter().all(|(_, _, committed, end)| committed == end));
    assert!(kafka.offsets("g").iter().any(|(_, _, _, end)| *end > 100));
    assert!(run.log().contains("rebuilding") && run.log().contains("caught up"), "{}", run.log());

    // Broken records, some too large for memory, and messages without a value.
    let mut lines = Vec::new();
    for line in broken(300).iter().filter(|line| line.fate == Fate::Rejected) {
        lines.extend_from_slice(&line.bytes);
        lines.push(b'\n');
    }
    let malformed = world.add("malformed.ndjson", &lines);
    kafka.produce(SEIZURE, &malformed, &["--tombstones", &TOMBSTONES.to_string()]);
    let data = world.equals(&mut run, TOMBSTONES);
    let mut rejects = rejected(&data);
    let tombstones = rejects.remove(r#""bad_json" "" "" null"#);
    assert_eq!(tombstones, Some(TOMBSTONES), "{:?}", rejects.keys().find(|key| key.len() < 60));
    assert!(rejects == rejected(&Outcome::at(folder.join("judge"))), "rejects differ");
    assert!(rejects.keys().any(|key| key.len() > 10_000_000), "the large ones are whole");

    // The broker goes away and comes back, the topic grows, and events go on.
    kafka.stop();
    kafka.again();
    kafka.topic(TRADE, 7);
    let more: String = (0..20_000).map(|n| event(n) + "\n").collect();
    let more = world.add("more.ndjson", more.as_bytes());
    assert_eq!(kafka.produce(TRADE, &more, &[]), 20_000);
    world.equals(&mut run, TOMBSTONES);
    run.until("no lag", || kafka.offsets("g").iter().all(|(_, _, committed, end)| committed == end));
    assert_eq!(kafka.offsets("g").len(), 9);
    run.terminate();

    // A start reads everything again and ends where it was; a repeat adds nothing.
    fs::remove_dir_all(folder.join("data")).unwrap();
    assert_eq!(kafka.produce(TRADE, &more, &[]), 20_000);
    world.files.push("more-again.ndjson".into());
    fs::copy(&more, folder.join("more-again.ndjson")).unwrap();
    let mut run = Run::start(folder, "again.log");
    let data = world.equals(&mut run, TOMBSTONES);
    assert!(data.count("duplicate") >= 20_000);

    // Without its broker it still ends when told to.
    kafka.stop();
    run.terminate();
}

#[test]
fn a_folder_is_read_like_a_topic() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::write(folder.join("headwater.toml"), "[sources.inbox]\npath = \".\"\n").unwrap();
    let mut world = World { folder: folder.to_owned(), files: Vec::new() };
    let lines = |from: usize, to: usize| (from..to).map(|n| event(n) + "\n").collect::<String>() + "{}\n";
    world.add("b.ndjson", lines(0, 500).as_bytes());
    let mut run = Run::start(folder, "log");
    world.equals(&mut run, 0);
    // Written elsewhere and renamed into the folder, under a name that comes before.
    fs::create_dir(folder.join("elsewhere")).unwrap();
    let mut file = File::create(folder.join("elsewhere/a.ndjson")).unwrap();
    file.write_all(lines(400, 900).as_bytes()).unwrap();
    fs::rename(folder.join("elsewhere/a.ndjson"), folder.join("a.ndjson")).unwrap();
    world.files.push("a.ndjson".into());
    let data = world.equals(&mut run, 0);
    assert_eq!((data.count("accepted"), data.count("duplicate"), data.count("rejected")), (900, 100, 2));
    run.terminate();
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
    let nothing = words(&["run"], &[]);
    for key in ["[clusters.main]", "brokers", "[sources.trade]", "topic", "[store]", "url", "commit_ms", "HEADWATER__"]
    {
        assert!(nothing.contains(key), "{key}: {nothing}");
    }
    configure(folder, "127.0.0.1:9");
    let run = ["run", "--config", "headwater.toml"];
    let objects = words(&run, &[("HEADWATER__STORE__URL", "s3://bucket/prefix")]);
    assert!(objects.contains("store.url") && objects.contains("s3://bucket/prefix"), "{objects}");
    let setting = words(&run, &[("HEADWATER__CLUSTERS__MAIN__CLIENT__FETCH_MIM_BYTES", "1")]);
    assert!(setting.contains("clusters.main: client setting fetch.mim.bytes"), "{setting}");

    fs::write(folder.join("wrong.toml"), "[sources.trade]\ntopci = \"t\"\n[stor]\n").unwrap();
    for command in [&["run"][..], &["config", "check"]] {
        let wrong = words(&[command, &["--config", "wrong.toml"]].concat(), &[]);
        assert!(wrong.contains("wrong.toml:2:1: sources.trade.topci: unknown key; did you mean topic?"), "{wrong}");
        assert!(wrong.contains("wrong.toml:3:2: stor: unknown key; did you mean store?"), "{wrong}");
    }
    let shown = binary::succeeds(folder, &["config", "check", "--config", "headwater.toml"]);
    assert!(shown.contains("commit_ms = 5000"), "{shown}");
}
