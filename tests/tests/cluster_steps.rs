//! An ingest process that dies at every step of committing and publishing: what was committed goes out, once.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::sync::Arc;

use headwater_tests::binary::volumes;
use headwater_tests::broker::Broker;
use headwater_tests::cluster::World;
use headwater_tests::feed::event;
use headwater_tests::process::{Live, PATIENCE};
use headwater_tests::store::{checkpoints, exported};
use serde_json::Value;

/// Each after its first pass, so that something was published before.
const STEPS: [&str; 5] =
    ["store::epoch::created", "live::sealed", "live::committed", "live::publish::begin", "live::publish::end"];

#[test]
fn dead_at_every_step_of_publishing_everything_goes_out_once() {
    let mut world = World::new(Arc::new(Broker::start()), "steps", "[outputs]\ncluster = \"main\"");
    let trade = world.trade();
    for (number, step) in STEPS.into_iter().enumerate() {
        let armed = format!("{step}=1*off->return(abort)");
        let mut run = world.run("ingest", "dying", &[("HEADWATER_STEPS", armed.as_str())]);
        let mut produced = number * 1_000;
        let status = loop {
            if let Some(status) = run.ended() {
                break status;
            }
            // Every third event comes again with the next lines.
            let lines: Vec<String> = (produced..produced + 30).map(event).collect();
            world.produce(&trade, &lines, &[]);
            produced += 20;
            assert!(produced < number * 1_000 + 900, "{step} was never passed\n{}", run.log());
        };
        assert_eq!(status.code(), None, "{step}: it was to die, and ended with {status}");
    }
    let mut run = world.run("ingest", "living", &[]);
    world.equals();
    // A transaction after an aborted one, and last one that is aborted: partitions that end with what is never read.
    let last: Vec<String> = (8_000..8_060).map(event).collect();
    world.produce(&trade, &last, &["--transaction"]);
    world.equals();
    let aborted = world.folder().join("aborted.ndjson");
    fs::write(&aborted, (9_000..9_060).map(|n| event(n) + "\n").collect::<String>()).unwrap();
    world.kafka.produce(&trade, &aborted, &["--abort"]);
    world.without_lag();
    world.equals();
    world.published_equals();
    assert!(run.ended().is_none(), "{}", run.log());
    run.terminate();
}

#[test]
fn a_folder_is_published_too_and_what_a_kill_left_goes_out_with_the_next_start() {
    let kafka = Broker::start();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    let text = format!(
        "[clusters.main]\nbrokers = \"{}\"\n[sources.inbox]\npath = \"inbox\"\n[outputs]\ncluster = \"main\"\n",
        kafka.brokers()
    );
    fs::write(folder.join("headwater.toml"), text).unwrap();
    let start = |environment: &[(&str, &str)]| {
        Live::start(folder, "log", &["--config", "headwater.toml", "--role", "ingest"], environment)
    };
    for (number, step) in ["live::publish::begin", "live::publish::end"].into_iter().enumerate() {
        let armed = format!("{step}=return(abort)");
        let mut run = start(&[("HEADWATER_STEPS", armed.as_str())]);
        let lines: String = (number * 40..number * 40 + 60).map(|n| event(n) + "\n").collect();
        fs::write(folder.join(format!("inbox/{number}.ndjson")), lines).unwrap();
        assert_eq!(run.end(PATIENCE).code(), None, "{step}");
    }
    let mut run = start(&[]);
    let is_published = || {
        let line = checkpoints(folder).pop().unwrap();
        line["total"]["read"] == 120 && line["published"] == line["epoch"]
    };
    run.until("everything is published", is_published);
    run.terminate();

    let (rows, marks): (Vec<Value>, Vec<Value>) = kafka
        .last_values("headwater.volumes.v1")
        .into_iter()
        .map(|record| serde_json::from_str::<Value>(record["value"].as_str().unwrap()).unwrap())
        .partition(|value| value.get("epoch").is_none());
    assert_eq!((marks.len(), &marks[0]["epoch"]), (1, &checkpoints(folder)[0]["epoch"]));
    exported(folder, &[]);
    let volumes = volumes(&folder.join("exported.parquet"));
    let published: i64 = rows.iter().map(|row| row["mass_mg"].as_i64().unwrap()).sum();
    assert_eq!(rows.len(), volumes.len());
    assert_eq!(published, volumes.iter().map(|row| row.mass_mg).sum::<i64>());
}
