//! A writer that is stopped between any two of its steps leaves nothing half, and goes on to the same end.
#![allow(clippy::unwrap_used)]

mod protocol_support;

use headwater_store::*;
use protocol_support::{Place, Story, check, live, places, story};

/// Epochs of the story: enough for two folds, of which one merges, for a snapshot to go, and for a sweep of each kind.
const EPOCHS: u64 = 6;

fn fresh(place: &Place) -> Objects {
    if let Place::Folder(folder) = place {
        let data = folder.path().join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data).unwrap();
        }
    }
    place.open()
}

/// Lives until `dying` stops the writer, looks as a fresh reader, and lives on to the end.
fn stopped_and_resumed(objects: &Objects, story: &Story, dying: &Archive) -> bool {
    let mut acknowledged = 0;
    let stopped = live(dying, story, &mut acknowledged).is_err();
    let seen = if acknowledged == 0 { acknowledged } else { check(objects, story) };
    assert!((acknowledged..=acknowledged + 1).contains(&seen), "{acknowledged} acknowledged, {seen} seen");
    disarm();
    live(&Archive::new(objects.clone()), story, &mut acknowledged).unwrap();
    assert_eq!(check(objects, story), EPOCHS);
    stopped
}

/// One test, since the named steps are of the whole process.
#[test]
fn a_writer_may_stop_between_any_two_steps() {
    let story = story(EPOCHS, "a");
    for place in places() {
        // Between any two writes or deletions of objects.
        let mut writes = 0;
        loop {
            let objects = fresh(&place);
            let dying = objects.faulty(&format!("dies_after={writes}")).unwrap();
            if !stopped_and_resumed(&objects, &story, &Archive::new(dying)) {
                break;
            }
            writes += 1;
        }
        assert!(writes > 3 * EPOCHS, "only {writes} writes");

        // At every named step, each time that it is passed; they are the same on every backend.
        for step in STEPS.iter().filter(|_| matches!(place, Place::Memory)) {
            let mut passed = 0;
            loop {
                let objects = fresh(&place);
                arm(&format!("{step}={passed}*off->return")).unwrap();
                if !stopped_and_resumed(&objects, &story, &Archive::new(objects.clone())) {
                    break;
                }
                passed += 1;
            }
            assert!(passed > 0, "{step} was never passed");
        }
    }
}
