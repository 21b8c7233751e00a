//! `headwater run` as processes of one configuration file on a real Apache Kafka, fed and read by clients that are not
//! ours.
//!
//! Whatever is killed, stopped, added or taken away: the results equal a replay of the same lines, and what a foreign
//! reader holds equals the store.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use headwater_model::Day;
use headwater_tests::binary::{self, Outcome, standing};
use headwater_tests::broker::Broker;
use headwater_tests::cluster::{CONFIG, World, bytes_of};
use headwater_tests::examples;
use headwater_tests::feed::{Fate, broken, event, known_on};
use headwater_tests::process::{Live, PATIENCE, eventually, pause};
use headwater_tests::store::{checkpoints, committed};
use serde_json::Value;

const OUTPUTS: &str = "[outputs]\ncluster = \"main\"";
/// No input becomes idle: days close by what was heard of them.
const NEVER_IDLE: (&str, &str) = ("HEADWATER__DETECT__IDLE_MS", "86400000");
const SOON_IDLE: (&str, &str) = ("HEADWATER__DETECT__IDLE_MS", "1000");

fn events(from: usize, to: usize) -> Vec<String> {
    (from..to).map(event).collect()
}

fn known_of(line: &str) -> Day {
    let record: Value = serde_json::from_str(line).unwrap();
    known_on(record["reported_at"].as_str().unwrap())
}

/// The lines of a file of the simulated world in the order of their known days: none comes late.
fn by_known_day(world: &World, name: &str) -> Vec<String> {
    let text = fs::read_to_string(world.folder().join("sim").join(name)).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_by_cached_key(|line| known_of(line));
    lines
}

fn is_owner(detect: &Live) -> bool {
    detect.said("ownership_taken") > 0
}

#[test]
fn processes_that_are_killed_in_turn_count_and_publish_everything_once() {
    const ROUNDS: usize = 6;
    const TOMBSTONES: u64 = 3;
    let mut world = World::new(Broker::shared(), "killed", OUTPUTS);
    binary::succeeds(world.folder(), &["sim", "--seed", "7", "--scenario", "substitution", "--out", "sim"]);
    let (trade, seizure) = (by_known_day(&world, "trade.ndjson"), by_known_day(&world, "seizure.ndjson"));
    let last_known = trade.iter().chain(&seizure).map(|line| known_of(line)).max().unwrap();
    let (trade_topic, seizure_topic) = (world.trade(), world.seizure());
    fn some(lines: &[String], round: usize) -> &[String] {
        &lines[lines.len() * round / ROUNDS..lines.len() * (round + 1) / ROUNDS]
    }

    // Before anybody reads, so that no partition is empty when it is first looked at.
    world.produce(&trade_topic, some(&trade, 0), &[]);
    world.produce(&seizure_topic, some(&seizure, 0), &[]);
    let mut workers = ["a", "b"].map(|log| world.run("ingest", log, &[NEVER_IDLE]));
    let mut detects = ["c", "d"].map(|log| world.run("detect", log, &[NEVER_IDLE]));
    for round in 1..ROUNDS {
        world.produce(&trade_topic, some(&trade, round), &[]);
        workers[round % 2].kill();
        // Its abort, and the marks that end transactions, are no records.
        let transaction: &[&str] = if round == 2 { &["--transaction"] } else { &[] };
        world.produce(&seizure_topic, some(&seizure, round), transaction);
        workers[round % 2] = world.run("ingest", ["a", "b"][round % 2], &[NEVER_IDLE]);
        if round == 3 {
            eventually("a detect is active", || detects.iter().any(is_owner));
            let active = usize::from(!is_owner(&detects[0]));
            detects[active].until("days are closed", || world.folder().join("data/detect").is_dir());
            detects[active].kill();
            let standby = &detects[1 - active];
            eventually("the standby takes over", || is_owner(standby));
            assert!(!world.exported().is_empty(), "volumes are exported while it runs");
        }
    }
    let rejected = broken(150).into_iter().skip(3).filter(|line| line.fate == Fate::Rejected);
    let rejected: Vec<Vec<u8>> = rejected.map(|line| line.bytes).collect();
    world.produce_with_tombstones(&seizure_topic, &rejected, TOMBSTONES);
    world.produce(&trade_topic, some(&trade, 0), &[]);
    workers[0].kill();
    workers[0] = world.run("ingest", "a", &[NEVER_IDLE]);
    let judge = world.equals();
    assert!(judge.count("duplicate") > 5_000 && judge.count("rejected") > 100, "it compares too little");
    world.without_lag();

    // Once the inputs are idle the standby closes every day: its log is that of a straight run.
    workers.iter_mut().for_each(Live::terminate);
    let judged = judge.alerts();
    assert!(!judged.is_empty(), "it compares nothing");
    let mut last = world.run("ingest", "e", &[SOON_IDLE]);
    last.until("the alerts of a replay", || {
        let mut alerts = world.alerts();
        alerts.retain(|alert| alert.as_of <= last_known);
        alerts == judged
    });
    last.terminate();
    eventually("the alerts are published", || alerts_are_published(&world));
    // An exercise goes the same way.
    let drill = ["drill", "--config", CONFIG, "--family", "opioids", "--market", "MX"];
    let exercise = binary::succeeds(world.folder(), &drill).trim_end().to_owned();
    eventually("the exercise is published", || {
        let published = world.kafka.last_values("headwater.alerts.v1");
        let told = published.iter().find(|row| row["key"] == exercise.as_str());
        told.is_some_and(|row| row["value"].as_str().unwrap().contains("\"exercise\":true"))
    });
    drop(detects);

    world.equals();
    binary::succeeds(world.folder(), &["archive", "verify", "--config", CONFIG]);
    let published = world.published_equals();
    let valid = validator("volume", "");
    published.iter().for_each(|value| assert!(valid.is_valid(value), "{value}"));
    rejects_are_published(&world, &judge, TOMBSTONES);
}

fn validator(kind: &str, pointer: &str) -> jsonschema::Validator {
    let text = fs::read_to_string(examples::schemas().join(kind).join("schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::draft202012::new(schema.pointer(pointer).unwrap()).unwrap()
}

/// Whether the last value of each alert is its last revision in the log.
fn alerts_are_published(world: &World) -> bool {
    let log = world.alerts();
    let published = world.kafka.last_values("headwater.alerts.v1");
    let value = |row: &Value| serde_json::from_str::<Value>(row["value"].as_str().unwrap()).unwrap();
    let published: BTreeMap<&str, Value> =
        published.iter().map(|row| (row["key"].as_str().unwrap(), value(row))).collect();
    standing(&log).iter().all(|(id, alert)| published.get(id) == Some(&serde_json::to_value(alert).unwrap()))
}

/// Every reject is published under its place, with its own bytes and what was wrong with it.
fn rejects_are_published(world: &World, judge: &Outcome, tombstones: u64) {
    let rows = world.published("headwater.rejects.v1");
    let valid = validator("reject", "/$defs/headers");
    let (mut published, mut judged, mut stored) = (BTreeMap::new(), BTreeMap::new(), 0);
    for row in &rows {
        let headers = &row["headers"];
        assert!(valid.is_valid(headers), "{headers}");
        let text = |name: &str| headers[name].as_str().unwrap();
        assert_eq!(row["key"], format!("{}/{}/{}", text("topic"), text("partition"), text("offset")));
        let mut bytes = bytes_of(row, "value");
        if let Some(object) = headers["stored_as"].as_str() {
            assert!(bytes.is_empty());
            bytes = fs::read(world.folder().join("data").join(object)).unwrap();
            stored += 1;
        }
        *published.entry((text("reason").to_owned(), text("field").to_owned(), bytes)).or_insert(0) += 1;
    }
    for reject in judge.rejects() {
        let text = |name: &str| reject[name].as_str().unwrap().to_owned();
        *judged.entry((text("reason"), text("field"), bytes_of(&reject, "raw"))).or_insert(0) += 1;
    }
    *judged.entry(("bad_json".to_owned(), String::new(), Vec::new())).or_insert(0) += tombstones;
    assert_eq!(stored, 1, "one is too large for a record");
    let shown = |map: &BTreeMap<(String, String, Vec<u8>), u64>| -> Vec<(String, String, usize, u64)> {
        map.iter().map(|((reason, field, raw), times)| (reason.clone(), field.clone(), raw.len(), *times)).collect()
    };
    assert_eq!(shown(&published), shown(&judged));
    assert!(published == judged, "the bytes of rejects differ");
}

#[test]
fn two_workers_become_three_and_one_while_records_come() {
    const ROUND: usize = 3_000;
    let mut world = World::new(Broker::shared(), "rescaled", OUTPUTS);
    let (trade, seizure) = (world.trade(), world.seizure());
    let mut files = Vec::new();
    for round in 0..6 {
        for (topic, first) in [(&trade, 0), (&seizure, 1_000_000)] {
            // Some come again, after their partition has another owner.
            let begin = first + (round * ROUND).saturating_sub(700);
            files.push((topic, world.file(&events(begin, first + (round + 1) * ROUND))));
        }
    }
    let kafka = Arc::clone(&world.kafka);
    let run = |log: &str| world.run("ingest", log, &[NEVER_IDLE]);
    let (mut first, mut second) = (run("first"), run("second"));
    let restored = |run: &Live| run.said("input_restored");
    eventually("both own something", || restored(&first) > 0 && restored(&second) > 0);
    let mut third = thread::scope(|scope| {
        let feeding = scope.spawn(|| {
            for (topic, file) in &files {
                kafka.produce(topic, file, &[]);
            }
        });
        first.until("records are read", || committed(world.folder()).read > 0);
        let mut third = run("third");
        eventually("the third owns something", || restored(&third) > 0);
        assert!(first.said("input_revoked") + second.said("input_revoked") > 0);
        let read = committed(world.folder()).read;
        third.until("more is read", || committed(world.folder()).read > read);
        feeding.join().unwrap();
        third
    });
    let before = restored(&first);
    second.terminate();
    third.terminate();
    eventually("the first takes over", || restored(&first) > before);
    world.equals();
    world.without_lag();
    first.terminate();
    world.published_equals();
}

#[test]
fn a_process_that_sleeps_past_its_session_counts_and_publishes_nothing_of_others() {
    const ROUND: usize = 3_000;
    let mut world = World::new(Broker::shared(), "asleep", OUTPUTS);
    let (trade, seizure) = (world.trade(), world.seizure());
    let produce = |world: &mut World, round: usize| {
        for (topic, first) in [(&trade, 0), (&seizure, 1_000_000)] {
            world.produce(topic, &events(first + round * ROUND, first + (round + 1) * ROUND), &[]);
        }
    };
    // It wakes with an epoch that is due.
    let mut zombie = world.run("ingest", "zombie", &[NEVER_IDLE, ("HEADWATER__STORE__COMMIT_MS", "5000")]);
    let mut other = world.run("ingest", "other", &[NEVER_IDLE]);
    produce(&mut world, 0);
    eventually("both own something", || zombie.said("input_restored") > 0 && other.said("input_restored") > 0);
    world.equals();
    produce(&mut world, 1);
    pause(Duration::from_millis(1_000));
    zombie.signal("STOP");
    // The other takes over, reads what the zombie holds, commits and publishes it, and goes on.
    world.equals();
    produce(&mut world, 2);
    world.equals();
    world.without_lag();
    world.published_equals();
    zombie.signal("CONT");
    eventually("the zombie notices", || zombie.said("epoch_taken") + zombie.said("input_lost") > 0);
    produce(&mut world, 3);
    world.equals();
    world.without_lag();
    zombie.terminate();
    other.terminate();
    world.published_equals();
}

#[test]
fn a_broker_may_go_and_come_and_a_topic_that_grows_stops_alone() {
    let mut world = World::new(Arc::new(Broker::start()), "grown", OUTPUTS);
    let (trade, seizure) = (world.trade(), world.seizure());
    let mut run = world.run("all", "run", &[]);
    world.produce(&trade, &events(0, 2_000), &[]);
    world.equals();
    world.kafka.stop();
    world.kafka.again();
    world.produce(&trade, &events(1_500, 4_000), &[]);
    world.equals();
    world.without_lag();

    world.kafka.topic(&trade, 7, &[]);
    run.until("the growth is noticed", || says_in(&world, "partitions_grown"));
    world.produce(&seizure, &events(1_000_000, 1_002_000), &[]);
    world.equals();
    run.terminate();
    // A process that starts afterwards knows it too.
    fs::remove_file(world.folder().join("run.log")).unwrap();
    let mut run = world.run("all", "run", &[]);
    run.until("the growth is noticed", || says_in(&world, "partitions_grown"));
    world.produce(&seizure, &events(1_001_000, 1_003_000), &[]);
    world.equals();

    // Without its broker it still ends when told to.
    world.kafka.stop();
    run.terminate();
}

#[test]
fn what_was_committed_and_not_published_goes_out_once_though_its_writer_wakes_late() {
    let mut world = World::new(Arc::new(Broker::start()), "unpublished", OUTPUTS);
    let (trade, seizure) = (world.trade(), world.seizure());
    let mut late = world.run("ingest", "late", &[NEVER_IDLE]);
    world.produce(&trade, &events(0, 2_000), &[]);
    world.equals();
    world.without_lag();
    late.terminate();

    // It reads, loses its broker, commits to the store, and cannot publish.
    // Its session outlasts that, for what is open of an input that may have another owner is dropped.
    let session = ("HEADWATER__CLUSTERS__MAIN__CLIENT__SESSION_TIMEOUT_MS", "12000");
    let mut late = world.run("ingest", "late", &[NEVER_IDLE, session, ("HEADWATER__STORE__COMMIT_MS", "6000")]);
    eventually("it owns all", || late.said("input_restored") >= 12);
    world.produce(&trade, &events(1_000, 4_000), &[]);
    pause(Duration::from_millis(1_500));
    world.kafka.stop();
    eventually("it fails to publish", || late.said("outputs_failing") > 0);
    late.signal("STOP");
    let behind = checkpoints(world.folder());
    assert!(committed(world.folder()).read > 2_000, "{behind:?}");
    world.kafka.again();
    let mut next = world.run("ingest", "next", &[NEVER_IDLE]);
    world.equals();
    // Other rows of the same keys: what the sleeper would say of them is out of date.
    world.produce(&trade, &events(4_000, 8_000), &[]);
    world.produce(&seizure, &events(1_000_000, 1_002_000), &[]);
    world.equals();
    world.without_lag();
    world.published_equals();
    late.signal("CONT");
    eventually("it hears what it lost", || late.said("input_revoked") + late.said("input_lost") > 0);
    world.produce(&trade, &events(7_000, 9_000), &[]);
    world.equals();
    world.without_lag();
    late.terminate();
    next.terminate();
    world.published_equals();
}

#[test]
fn a_stop_keeps_its_time_though_a_transaction_waits_for_its_broker() {
    let mut world = World::new(Arc::new(Broker::start()), "waiting", OUTPUTS);
    let trade = world.trade();
    let mut run = world.run("ingest", "run", &[NEVER_IDLE, ("HEADWATER__STORE__COMMIT_MS", "6000")]);
    world.produce(&trade, &events(0, 2_000), &[]);
    world.equals();
    world.without_lag();
    // What it read it commits to the store, and begins a transaction that its broker does not answer.
    world.produce(&trade, &events(2_000, 4_000), &[]);
    pause(Duration::from_millis(1_500));
    world.kafka.signal("STOP");
    eventually("it commits to the store", || committed(world.folder()).read > 2_000);
    assert_eq!(run.said("outputs_failing"), 0, "{}", run.log());
    run.terminate();
    assert_eq!(run.said("stop_cut_short"), 1, "{}", run.log());
    world.kafka.signal("CONT");
    let mut next = world.run("ingest", "next", &[NEVER_IDLE]);
    world.equals();
    world.without_lag();
    next.terminate();
    world.published_equals();
}

fn says_in(world: &World, words: &str) -> bool {
    fs::read_to_string(world.folder().join("run.log")).unwrap().contains(words)
}

#[test]
fn records_that_were_deleted_before_they_were_read_are_a_choice() {
    let mut world = World::new(Broker::shared(), "gap", "");
    let trade = world.trade();
    let mut run = world.run("all", "run", &[]);
    world.produce(&trade, &events(0, 2_000), &[]);
    world.equals();
    world.without_lag();
    run.terminate();
    let later = world.folder().join("later.ndjson");
    fs::write(&later, events(2_000, 4_000).join("\n")).unwrap();
    world.kafka.produce(&trade, &later, &[]);
    let left: u64 = world.kafka.foreign("delete.py", &[&trade, "5"]).parse().unwrap();
    assert_eq!(left, 20);

    let mut run = world.run("all", "run", &[]);
    assert_eq!(run.end(PATIENCE).code(), Some(1));
    let lines = run.events();
    for event in ["input_stopped", "process_failed"] {
        let line = lines.iter().find(|line| line["event"] == event).unwrap();
        let error = line["error"].as_str().unwrap();
        for words in [&*trade, "log now begins at", "on_gap = \"skip\"", "new store"] {
            assert!(error.contains(words), "{words} is not in {line}");
        }
    }
    assert_eq!(committed(world.folder()).read, 2_000);
    world.configure(world.kafka.brokers(), "", "on_gap = \"skip\"");
    let mut run = world.run("all", "run", &[]);
    run.until("what is left is read", || committed(world.folder()).read == 2_000 + left);
    world.without_lag();
    assert_eq!(committed(world.folder()).accepted, 2_000 + left);
    run.terminate();
}

#[test]
fn records_in_the_wrong_partition_are_rejected_and_given_back_to_the_right_one() {
    const RECORDS: u64 = 2_000;
    let mut world = World::new(Broker::shared(), "misrouted", "partitioner = \"murmur2\"");
    let trade = world.trade();
    let mut run = world.run("all", "run", &[]);
    // librdkafka's own way is crc32.
    world.produce(&trade, &events(0, 2_000), &[]);
    run.until("all are read", || committed(world.folder()).read == RECORDS);
    let misrouted = committed(world.folder()).rejected;
    assert!(misrouted > RECORDS / 2 && misrouted < RECORDS, "{misrouted}");
    assert_eq!(committed(world.folder()).accepted, RECORDS - misrouted);

    let give_back = || {
        let args = ["rejects", "replay", "--config", CONFIG, "--reason", "misrouted"];
        binary::succeeds(world.folder(), &args);
    };
    give_back();
    run.until("they are read again", || committed(world.folder()).read == RECORDS + misrouted);
    let total = committed(world.folder());
    assert_eq!((total.accepted, total.rejected, total.duplicate), (RECORDS, misrouted, 0));
    give_back();
    run.until("they are read once more", || committed(world.folder()).read == RECORDS + 2 * misrouted);
    assert_eq!(committed(world.folder()).duplicate, misrouted);
    assert!(world.exported() == world.judge().bytes("volumes.parquet"), "volumes differ");
    world.without_lag();
    run.terminate();
}

#[cfg(feature = "tls")]
#[test]
fn by_tls_and_sasl_it_reads_and_publishes() {
    let mut world = World::new(Broker::shared(), "secure", "");
    let (trade, seizure) = (world.trade(), world.seizure());
    for (round, (mechanism, user)) in [("PLAIN", "plain"), ("SCRAM-SHA-512", "scram")].into_iter().enumerate() {
        let secret = format!("{user}-secret");
        let way = world.kafka.secure(mechanism, user, &secret);
        fs::write(world.folder().join("secret"), format!("{secret}\n")).unwrap();
        let settings = way.client.iter().map(|(name, value)| match &**name {
            "sasl.password" => "\"sasl.password_file\" = \"secret\"\n".to_owned(),
            _ => format!("{name:?} = {value:?}\n"),
        });
        world.configure(&way.brokers, &settings.collect::<String>(), OUTPUTS);
        let shown = binary::succeeds(world.folder(), &["config", "check", "--config", CONFIG]);
        assert!(shown.contains(&way.brokers) && !shown.contains(&secret), "{shown}");
        let mut run = world.run("all", "run", &[]);
        world.produce(&trade, &events(round * 1_000, (round + 1) * 1_500), &[]);
        world.produce(&seizure, &events(1_000_000 + round, 1_001_000), &[]);
        world.equals();
        world.without_lag();
        assert!(!run.log().contains(&secret), "a log holds no secret");
        run.terminate();
        world.published_equals();
    }
}
