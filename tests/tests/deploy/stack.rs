//! The parts of the stack together: a real Kafka, the real binary, a real Prometheus with the configuration of the
//! repository. Every query of the dashboard has an answer, lag and clocks move, and a broker that is gone raises the
//! right alert.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use headwater_model::Day;
use headwater_tests::binary;
use headwater_tests::broker::{Broker, root};
use headwater_tests::cluster::World;
use headwater_tests::endpoint::Endpoint;
use headwater_tests::feed::{Fate, broken, event, known_on};
use headwater_tests::process::{Live, pause};
use headwater_tests::prometheus::{Prometheus, expressions};
use headwater_tests::store::committed;
use serde_json::Value;

use crate::alerts::{catalogue, metrics_of};

const DASHBOARD: &str = "deploy/grafana/dashboards/headwater.json";
/// Each takes a second or more: no query waits for longer than a few scrapes.
const ROUNDS_MAX: usize = 60;
const MORE: &str = "[sources.inbox]\npath = \"inbox\"\n[outputs]\ncluster = \"main\"";

fn known_of(line: &str) -> Day {
    let record: Value = serde_json::from_str(line).unwrap();
    known_on(record["reported_at"].as_str().unwrap())
}

/// The lines of a file of the simulated world in the order of their known days.
fn by_known_day(folder: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder.join("sim").join(name)).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_by_cached_key(|line| known_of(line));
    lines
}

#[test]
fn every_query_of_the_dashboard_is_answered_and_a_broker_that_is_gone_is_told() {
    let mut world = World::new(Arc::new(Broker::start()), "stack", MORE);
    binary::succeeds(world.folder(), &["sim", "--seed", "7", "--scenario", "substitution", "--out", "sim"]);
    let (trade, seizure) =
        (by_known_day(world.folder(), "trade.ndjson"), by_known_day(world.folder(), "seizure.ndjson"));
    let (trade_topic, seizure_topic) = (world.trade(), world.seizure());
    fs::create_dir(world.folder().join("inbox")).unwrap();
    // Known as late as anything, so that the folder holds no day back.
    let inbox: String = trade[trade.len() - 300..].iter().map(|line| line.clone() + "\n").collect();
    fs::write(world.folder().join("inbox/first.ndjson"), inbox).unwrap();
    world.produce(&trade_topic, &trade[..trade.len() / 2], &[]);
    world.produce(&seizure_topic, &seizure[..seizure.len() / 2], &[]);

    // No input becomes idle: clocks stand where the records leave them.
    let environment = [("HEADWATER__DETECT__IDLE_MS", "86400000")];
    let mut run = world.run("all", "run", &environment);
    let prometheus = Prometheus::start(&[Endpoint::of(&mut run).address()]);
    let value = |expression: &str| prometheus.value(expression).unwrap_or(f64::NAN);
    let lag = "sum(headwater_input_lag_records)";
    run.until("there is no lag, by Prometheus", || value(lag) == 0.0);
    let clock = || value("min(headwater_input_clock_timestamp_seconds{source=\"trade\"})");
    run.until("the source has a clock", || clock() > 0.0);
    let before = clock();

    // The rest, with rejects, with what came already, and with what is known too late.
    world.produce(&trade_topic, &trade[trade.len() / 2..], &[]);
    world.produce(&seizure_topic, &seizure[seizure.len() / 2 - 200..], &[]);
    let rejects = broken(150).into_iter().skip(3).filter(|line| line.fate == Fate::Rejected);
    let rejects: Vec<Vec<u8>> = rejects.map(|line| line.bytes).collect();
    world.produce(&seizure_topic, &rejects, &[]);
    let late: Vec<String> = (0..3_000).map(event).collect();
    world.produce(&trade_topic, &late, &[]);
    run.until("clocks move, by Prometheus", || {
        clock() > before
            && value("sum(headwater_input_records_read_total{source=\"trade\"})") == (trade.len() + 3_000) as f64
    });
    it_tells_the_account_of_the_store(&world, &mut run, &prometheus);
    every_query_is_answered(&mut world, &mut run, &prometheus);

    // The broker goes.
    let broker = Arc::clone(&world.kafka);
    let told = || prometheus.alerts("HeadwaterBrokerUnreachable");
    assert!(told().is_empty(), "{:?}", told());
    broker.stop();
    run.until("the broker that is gone is told", || told().iter().any(|alert| alert["state"] == "firing"));
    let alert = &told()[0];
    assert_eq!(alert["labels"]["cluster"], "main");
    let runbook = alert["annotations"]["runbook_url"].as_str().unwrap();
    let remedy = fs::read_to_string(root().join("deploy/README.md")).unwrap();
    assert!(runbook.ends_with("#headwaterbrokerunreachable") && remedy.contains("\n### HeadwaterBrokerUnreachable\n"));
    for silent in ["HeadwaterDown", "HeadwaterLoopStandsStill", "HeadwaterStoreFailing", "HeadwaterInputStopped"] {
        assert!(prometheus.alerts(silent).is_empty(), "{silent}, as if that were wrong too");
    }

    // And comes back.
    broker.again();
    let read = committed(world.folder()).read;
    world.produce(&trade_topic, &(10_000..10_500).map(event).collect::<Vec<_>>(), &[]);
    run.until("it goes on where it was", || committed(world.folder()).read == read + 500);
    run.until("the alert is over", || told().is_empty());
    run.until("there is no lag again", || value(lag) == 0.0);
    run.terminate();
}

/// What Prometheus adds up is what `checkpoint list` says.
fn it_tells_the_account_of_the_store(world: &World, run: &mut Live, prometheus: &Prometheus) {
    let account = |outcome: &str| {
        let sum = format!("sum(headwater_input_records_total{{outcome=\"{outcome}\"}})");
        prometheus.value(&sum).map(|value| value as u64)
    };
    run.until("the account of the store, by Prometheus", || {
        let total = committed(world.folder());
        let shown = ["accepted", "duplicate", "superseded", "rejected"].map(account);
        shown == [total.accepted, total.duplicate, total.superseded, total.rejected].map(Some)
    });
    let total = committed(world.folder());
    assert!(total.rejected > 100 && total.duplicate >= 200, "{total:?}");
    run.until("what came late, by Prometheus", || {
        prometheus.value("sum(headwater_input_late_reports_total)") == Some(3_000.0)
    });
    run.until("rejects by reason add up, by Prometheus", || {
        prometheus.value("sum(headwater_rejects_total)") == Some(total.rejected as f64)
    });
}

/// Each expression gives at least one sample, and each sample is a number.
fn every_query_is_answered(world: &mut World, run: &mut Live, prometheus: &Prometheus) {
    let expressions = expressions(DASHBOARD);
    assert!(expressions.len() > 40, "{expressions:?}");
    let catalogue = catalogue();
    let asked: BTreeSet<String> = expressions.iter().flat_map(|(_, expression)| metrics_of(expression)).collect();
    let unknown: Vec<_> = asked.difference(&catalogue).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let topic = world.trade();
    let (mut number, mut open) = (500_000, Vec::new());
    let answered = |expression: &str| {
        let samples = prometheus.query(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
        !samples.is_empty() && samples.iter().all(|sample| sample.value.is_finite())
    };
    run.until("alerts are raised", || !world.alerts().is_empty());
    for _ in 0..ROUNDS_MAX {
        // A rate is of what happens while one looks.
        let lines: Vec<String> = (number..number + 50).map(event).collect();
        number += 50;
        world.produce(&topic, &lines, &[]);
        open = expressions.iter().filter(|(_, expression)| !answered(expression)).cloned().collect();
        if open.is_empty() {
            return;
        }
        pause(Duration::from_secs(1));
    }
    panic!("not answered: {open:#?}\n{}", prometheus.log());
}

#[test]
fn the_dashboard_is_one_that_grafana_takes() {
    let text = fs::read_to_string(root().join(DASHBOARD)).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let variables: BTreeSet<&str> =
        dashboard["templating"]["list"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(variables, BTreeSet::from(["datasource", "instance", "source"]));
    let number = |value: &Value| value.as_u64().unwrap();
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(number(&panel["id"])), "{title}: its id is another's");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| number(&panel["gridPos"][side]));
        assert!(x + w <= 24, "{title}");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{title} lies over another");
        }
        let mut references = BTreeSet::new();
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            assert!(references.insert(target["refId"].as_str().unwrap()), "{title}");
            let expression = target["expr"].as_str().unwrap();
            let named = expression
                .split('$')
                .skip(1)
                .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap());
            named.for_each(|name| assert!(name == "__rate_interval" || variables.contains(name), "{title}: {name}"));
        }
        assert_eq!(panel["type"] == "row", references.is_empty(), "{title}");
    }
}
