//! An ingest process that dies at every step of committing and publishing: what was committed goes out, once.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use headwater_tests::broker::Broker;
use headwater_tests::cluster::World;
use headwater_tests::feed::event;

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
    world.without_lag();
    world.published_equals();
    assert!(run.ended().is_none(), "{}", run.log());
    run.terminate();
}
