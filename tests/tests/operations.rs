//! What a process tells while it runs: metrics, health and readiness, of the real binary on a real Apache Kafka that goes
//! and comes.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headwater_model::Counts;
use headwater_tests::binary;
use headwater_tests::broker::{Broker, root};
use headwater_tests::cluster::{CONFIG, World};
use headwater_tests::endpoint::{Endpoint, Scrape};
use headwater_tests::feed::{broken, event};
use headwater_tests::process::{Live, eventually, pause};
use headwater_tests::store::{checkpoints, committed};
use serde_json::Value;

const OUTPUTS: &str = "[outputs]\ncluster = \"main\"";
const SOON_IDLE: (&str, &str) = ("HEADWATER__DETECT__IDLE_MS", "1000");

/// Tells a thread to stop when it is dropped, by a failure too.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn events(from: usize, to: usize) -> Vec<String> {
    (from..to).map(event).collect()
}

fn text(from: usize, to: usize) -> String {
    events(from, to).iter().map(|line| line.clone() + "\n").collect()
}

/// What `headwater metrics list` says: each metric's kind, and whether a process may be without it.
fn listed() -> BTreeMap<String, (String, bool)> {
    let text = binary::succeeds(Path::new("."), &["metrics", "list"]);
    let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let name = |signature: &str| signature.split('{').next().unwrap().to_owned();
    rows.map(|row| (name(row[0]), (row[1].to_owned(), row[3] != "every one"))).collect()
}

/// Whether everything that was read has been sorted into one outcome, in one scrape.
fn is_balanced(scrape: &Scrape) -> bool {
    scrape.sum("headwater_input_records_read_total") == scrape.sum("headwater_input_records_total")
}

/// No lag of any input, and there is one.
fn has_no_lag(scrape: &Scrape) -> bool {
    scrape.sum("headwater_input_lag_records") == Some(0.0)
}

#[test]
fn the_list_names_what_a_scrape_shows_and_the_page_holds_the_list() {
    let page = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    let table = binary::succeeds(Path::new("."), &["metrics", "list", "--markdown"]);
    assert!(
        page.ends_with(&table),
        "docs/metrics.md does not end with what `headwater metrics list --markdown` prints"
    );
    let listed = listed();
    let kinds: BTreeMap<String, String> = listed.iter().map(|(name, (kind, _))| (name.clone(), kind.clone())).collect();
    assert!(kinds.len() > 40);

    // A process that has everything: topics, a folder, outputs, both roles, and a day that was closed.
    let mut world = World::new(Broker::shared(), "listed", &format!("{OUTPUTS}\n[sources.inbox]\npath = \"inbox\""));
    fs::create_dir(world.folder().join("inbox")).unwrap();
    fs::write(world.folder().join("inbox/a.ndjson"), text(0, 300)).unwrap();
    let (trade, seizure) = (world.trade(), world.seizure());
    world.produce(&trade, &events(0, 2_000), &[]);
    world.produce(&seizure, &events(5_000, 6_000), &[]);
    let mut run = world.run("all", "run", &[SOON_IDLE]);
    let endpoint = Endpoint::of(&mut run);
    let mut missing: BTreeSet<String> = BTreeSet::new();
    run.until("every metric is shown", || {
        let scrape = endpoint.scrape();
        assert!(scrape.families.iter().all(|family| kinds.get(family.0) == Some(family.1)), "{:?}", scrape.families);
        missing = kinds.keys().filter(|name| !scrape.families.contains_key(*name)).cloned().collect();
        missing.is_empty()
    });
    run.terminate();

    // One that has little lacks nothing that every process has.
    let folder = tempfile::tempdir().unwrap();
    let mut run = Live::start(folder.path(), "log", &["--role", "detect"], &[]);
    let scrape = Endpoint::of(&mut run).scrape();
    for (name, (_, conditional)) in &listed {
        assert!(*conditional || scrape.families.contains_key(name), "{name}");
    }
    assert!(scrape.names().len() < listed.len() - 10);
    run.terminate();
}

#[test]
fn the_figures_of_a_run_are_the_account_of_its_archive() {
    let mut world = World::new(Broker::shared(), "account", "");
    let (trade, seizure) = (world.trade(), world.seizure());
    let mut run = world.run("ingest", "run", &[]);
    let endpoint = Endpoint::of(&mut run);
    let broken: Vec<Vec<u8>> = broken(60).into_iter().map(|line| line.bytes).collect();
    for round in 0..4 {
        world.produce(&trade, &events(round * 1_500, (round + 1) * 1_500 + 200), &[]);
        assert!(is_balanced(&endpoint.scrape()));
    }
    world.produce(&seizure, &broken, &[]);
    // Its mark is the last that lies in the log.
    world.produce(&seizure, &events(20_000, 20_100), &["--transaction"]);
    world.equals();
    run.until("no lag", || has_no_lag(&endpoint.scrape()));

    let scrape = endpoint.scrape();
    let mut rejected = 0;
    for line in checkpoints(world.folder()) {
        let (source, partition) = line["input"].as_str().unwrap().split_once('/').unwrap();
        let get = |name: &str| scrape.get(name, &[("partition", partition), ("source", source)]).map(|n| n as u64);
        let outcome = |outcome: &str| {
            let labels = [("outcome", outcome), ("partition", partition), ("source", source)];
            scrape.get("headwater_input_records_total", &labels).unwrap() as u64
        };
        let shown = Counts {
            read: get("headwater_input_records_read_total").unwrap(),
            accepted: outcome("accepted"),
            duplicate: outcome("duplicate"),
            superseded: outcome("superseded"),
            rejected: outcome("rejected"),
            conflict: get("headwater_input_conflicts_total").unwrap(),
        };
        assert_eq!(shown, serde_json::from_value::<Counts>(line["total"].clone()).unwrap(), "{line}");
        assert_eq!(get("headwater_input_late_reports_total"), line["late_report"].as_u64(), "{line}");
        assert_eq!(get("headwater_input_epoch"), line["epoch"].as_u64(), "{line}");
        let clock = line["clock"].as_str().map(|day| headwater_model::Day::parse(day).unwrap().0 as u64 * 86_400);
        assert_eq!(get("headwater_input_clock_timestamp_seconds"), clock, "{line}");
        rejected += shown.rejected;
    }
    assert!(rejected > 30, "it compares too little");
    assert_eq!(scrape.sum("headwater_rejects_total"), Some(rejected as f64));
    assert!(scrape.sum("headwater_epoch_rows_total").unwrap() > 6_000.0);
    let busy = |stage| scrape.get("headwater_stage_busy_seconds_total", &[("stage", stage)]).unwrap();
    assert!(["normalize", "ledger", "archive", "commit", "restore"].iter().all(|stage| busy(stage) > 0.0));
    assert_eq!(busy("detect"), 0.0);
    run.terminate();
}

#[test]
fn a_folder_that_is_taken_has_no_bytes_left() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    fs::write(folder.join("inbox/a.ndjson"), text(0, 500) + "a line without its end").unwrap();
    // Nothing is committed for a while.
    let slow = ("HEADWATER__STORE__COMMIT_MS", "2500");
    let mut run = Live::start(folder, "log", &["--role", "ingest"], &[slow]);
    let endpoint = Endpoint::of(&mut run);
    let mut seen: Vec<f64> = Vec::new();
    run.until("only the last line is left", || {
        seen.extend(endpoint.scrape().sum("headwater_input_lag_bytes"));
        seen.last() == Some(&22.0)
    });
    assert!(seen.windows(2).all(|pair| pair[1] <= pair[0]), "{seen:?}");
    assert_eq!(committed(folder).read, 500);
    let (status, ready) = endpoint.readiness();
    assert_eq!((status, &ready["inputs"]["inbox/0"]["lag_bytes"]), (200, &22.into()), "{ready}");
    run.terminate();
}

#[test]
fn a_broker_that_is_away_is_told_and_neither_dead_nor_a_lie() {
    let mut world = World::new(Arc::new(Broker::start()), "away", OUTPUTS);
    let trade = world.trade();
    world.produce(&trade, &events(0, 2_000), &[]);
    world.kafka.stop();
    let mut run = world.run("all", "run", &[]);
    let endpoint = Endpoint::of(&mut run);
    let unreachable = |ready: &Value| ready["clusters_unreachable"]["main"]["since"].as_str().map(str::to_owned);
    let reachable = || endpoint.scrape().get("headwater_cluster_reachable", &[("cluster", "main")]);

    // Not ready before it has its share; what it waits for is named, and it is alive.
    for _ in 0..20 {
        let (status, ready) = endpoint.readiness();
        assert_eq!((status, &ready["ready"]), (503, &false.into()), "{ready}");
        assert!(!ready["waiting_for"].as_array().unwrap().is_empty(), "{ready}");
        assert_eq!(endpoint.health().0, 200);
        pause(Duration::from_millis(100));
    }
    assert!(unreachable(&endpoint.readiness().1).is_some());
    assert_eq!(reachable(), Some(0.0));

    world.kafka.again();
    run.until("ready", || endpoint.readiness().0 == 200);
    world.equals();
    run.until("no lag, and every input restored", || {
        let scrape = endpoint.scrape();
        has_no_lag(&scrape) && scrape.sum("headwater_input_restored") == Some(6.0)
    });
    run.until("reached", || reachable() == Some(1.0));
    let (_, ready) = endpoint.readiness();
    assert_eq!((ready["inputs"].as_object().unwrap().len(), unreachable(&ready)), (6, None), "{ready}");

    // It goes: the process stays alive and ready, and says which cluster is away, since when.
    world.kafka.stop();
    let mut since = None;
    run.until("the outage is told", || {
        let (health, (status, ready)) = (endpoint.health().0, endpoint.readiness());
        assert_eq!((health, status), (200, 200), "{ready}");
        since = unreachable(&ready);
        since.is_some()
    });
    let since = since.unwrap();
    assert!(since.starts_with("20") && since.ends_with('Z') && since.len() == 20, "{since}");
    // Longer than the session: by now the group has given its partitions up.
    for _ in 0..80 {
        let (health, (status, ready)) = (endpoint.health().0, endpoint.readiness());
        assert_eq!((health, status, unreachable(&ready).as_ref()), (200, 200, Some(&since)), "{ready}");
        pause(Duration::from_millis(100));
    }
    assert_eq!(reachable(), Some(0.0));

    world.kafka.again();
    world.produce(&trade, &events(1_500, 3_000), &[]);
    run.until("reached again", || {
        assert_eq!(endpoint.health().0, 200);
        reachable() == Some(1.0)
    });
    world.equals();
    run.until("ready, and no lag", || {
        let scrape = endpoint.scrape();
        has_no_lag(&scrape) && scrape.sum("headwater_input_restored") == Some(6.0) && endpoint.readiness().0 == 200
    });
    assert!(unreachable(&endpoint.readiness().1).is_none());
    world.without_lag();
    run.until("everything is published", || endpoint.scrape().sum("headwater_outputs_waiting_records") == Some(0.0));
    let scrape = endpoint.scrape();
    let published = scrape.get("headwater_published_records_total", &[("topic", "headwater.volumes.v1")]);
    assert!(published.unwrap() > 1_000.0);
    assert_eq!(scrape.sum("headwater_outputs_failing"), Some(0.0));
    run.terminate();
}

#[test]
fn members_that_come_kill_nobody_and_one_without_a_share_is_ready() {
    let world = World::new(Broker::shared(), "members", "");
    let solo = "members-solo";
    world.kafka.topic(solo, 1, &[]);
    let config = fs::read_to_string(world.folder().join(CONFIG)).unwrap();
    let config = config.split("[sources.seizure]").next().unwrap().to_owned();
    fs::write(world.folder().join(CONFIG), format!("{config}[sources.solo]\ncluster = \"main\"\ntopic = \"{solo}\"\n"))
        .unwrap();
    let file = world.folder().join("solo.ndjson");
    fs::write(&file, text(0, 1_000)).unwrap();
    world.kafka.produce(solo, &file, &[]);

    let mut first = world.run("ingest", "first", &[]);
    let at_first = Endpoint::of(&mut first);
    first.until("the first is ready", || at_first.readiness().0 == 200);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stopping = Stop(&stop);
        let watched = scope.spawn(|| {
            let mut asked = 0;
            while !stop.load(Ordering::SeqCst) {
                let (status, health) = at_first.health();
                assert_eq!(status, 200, "{health}");
                asked += 1;
                pause(Duration::from_millis(20));
            }
            asked
        });
        let mut second = world.run("ingest", "second", &[]);
        let at_second = Endpoint::of(&mut second);
        second.until("the second is ready", || at_second.readiness().0 == 200);
        let owned = |endpoint: &Endpoint| endpoint.readiness().1["inputs"].as_object().unwrap().len();
        // Which of them has the one partition is the group's affair.
        eventually("one has it, the other stands by", || owned(&at_first) + owned(&at_second) == 1);
        let standby = if owned(&at_first) == 0 { &at_first } else { &at_second };
        assert_eq!(standby.readiness().0, 200);
        assert_eq!(standby.scrape().sum("headwater_input_records_read_total"), None);
        eventually("what was produced is committed", || committed(world.folder()).read == 1_000);
        // One that leaves gives its share away, and its series go with it.
        first.until("the second takes it over", || {
            if owned(&at_second) == 0 {
                return true;
            }
            owned(&at_first) + owned(&at_second) == 1
        });
        second.terminate();
        first.until("the first has it", || owned(&at_first) == 1 && at_first.readiness().0 == 200);
        drop(stopping);
        assert!(watched.join().unwrap() > 10);
    });
    first.terminate();
}

#[test]
fn a_pipeline_that_hangs_is_dead_and_says_so() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    let steps = ("HEADWATER_STEPS", "live::taken=sleep(600000)");
    let soon = ("HEADWATER_FAULTS_STALL_MS", "3000");
    let mut run = Live::start(folder, "log", &["--role", "ingest"], &[steps, soon]);
    let endpoint = Endpoint::of(&mut run);
    run.until("ready", || endpoint.readiness().0 == 200);
    let (status, health) = endpoint.health();
    assert_eq!((status, &health["live"]), (200, &true.into()), "{health}");
    fs::write(folder.join("inbox/a.ndjson"), text(0, 10)).unwrap();
    let mut health = Value::Null;
    run.until("it is dead", || {
        let (status, body) = endpoint.health();
        health = body;
        status == 503
    });
    assert_eq!(health["live"], false, "{health}");
    let words = health["words"][0].as_str().unwrap();
    assert!(words.starts_with("the loop ingest has not turned for "), "{words}");
    let scrape = endpoint.scrape();
    let turned = scrape.get("headwater_loop_turned_timestamp_seconds", &[]).unwrap();
    let began = scrape.get("process_start_time_seconds", &[]).unwrap();
    assert!(turned > began, "{turned} {began}");
    assert!(health["loops"]["ingest"]["turned_ms_ago"].as_u64().unwrap() >= 3_000, "{health}");
    run.kill();
}

#[test]
fn a_store_without_room_is_told_and_waited_for() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    let faults = ("HEADWATER_FAULTS", "seed=3,full_after=6,full_for=6,tries=1");
    let mut run = Live::start(folder, "log", &["--role", "ingest"], &[faults]);
    let endpoint = Endpoint::of(&mut run);
    run.until("ready", || endpoint.readiness().0 == 200);
    let (mut failing, mut files) = (false, 0);
    run.until("it failed, and goes on", || {
        assert_eq!(endpoint.health().0, 200);
        let scrape = endpoint.scrape();
        let now = scrape.sum("headwater_store_failing") == Some(1.0);
        if now && !failing {
            let (status, ready) = endpoint.readiness();
            // It may have gone on between the two questions.
            assert_eq!(status, 200, "{ready}");
        }
        failing |= now;
        if !now {
            fs::write(folder.join(format!("inbox/{files:03}.ndjson")), text(files * 10, files * 10 + 10)).unwrap();
            files += 1;
        }
        failing && !now
    });
    assert!(endpoint.scrape().sum("headwater_store_failures_total").unwrap() >= 1.0);
    assert!(endpoint.readiness().1["store_failing"].is_null());
    run.until("all is committed", || committed(folder).read == files as u64 * 10);
    run.terminate();
}

#[test]
fn an_address_that_is_taken_is_named() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut run = Live::start(first.path(), "log", &["--role", "detect"], &[]);
    let address = Endpoint::of(&mut run).address().to_string();
    let output = binary::headwater(second.path(), &["run"], &[("HEADWATER__METRICS__LISTEN", &address)]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains(&format!("metrics.listen: another process listens on {address}")), "{words}");
    assert!(words.contains("HEADWATER__METRICS__LISTEN=127.0.0.1:"), "{words}");
    run.terminate();
}
