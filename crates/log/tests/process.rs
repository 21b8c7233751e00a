//! What a whole process writes: the limit on an event, and panics. Each deed is done by this file run again, for logging
//! and the hook of panics are the process's.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::env;
use std::process::Command;

use headwater_log::{LINES_MAX, SnapshotFailed, init_logging, log_panics};
use headwater_model::Partition;
use serde_json::Value;

/// Names the deed of the process that is started.
const DEED: &str = "HEADWATER_TEST_DEED";

#[test]
fn deed() {
    let deed = env::var(DEED).unwrap_or_default();
    if deed.is_empty() {
        return;
    }
    init_logging().unwrap();
    if deed == "panic" {
        log_panics();
        let read = "zx-what-was-read-7431";
        let thread = std::thread::Builder::new().name("worker".into());
        assert!(thread.spawn(move || panic!("it holds {read}")).unwrap().join().is_err());
        let thread = std::thread::Builder::new().name("other".into());
        assert!(thread.spawn(|| panic!("of the program's own text")).unwrap().join().is_err());
    } else {
        for _ in 0..LINES_MAX + 5 {
            SnapshotFailed { source: "trade", partition: Partition(3), error: &"again" }.log();
        }
    }
}

/// The lines of a process that does a deed.
fn lines(deed: &str) -> Vec<Value> {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "deed", "--nocapture"])
        .env(DEED, deed)
        .env("HEADWATER_LOG", "info")
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn an_event_that_is_said_too_often_is_cut_and_the_cut_is_told_once() {
    let lines = lines("limit");
    let of = |name: &str| lines.iter().filter(|line| line["event"] == name).count() as u64;
    assert_eq!((of("snapshot_failed"), of("log_limited")), (LINES_MAX, 1));
    let told = lines.last().unwrap();
    assert_eq!((&told["limited"], &told["times"]), (&"snapshot_failed".into(), &0.into()));
}

#[test]
fn a_panic_is_a_line_with_its_place_and_without_what_was_read() {
    let lines = lines("panic");
    assert_eq!(lines.len(), 2, "{lines:?}");
    let [made, plain] = [&lines[0], &lines[1]];
    assert_eq!(
        (&made["event"], &made["thread"], &made["level"]),
        (&"panicked".into(), &"worker".into(), &"ERROR".into())
    );
    assert!(made["place"].as_str().unwrap().contains("process.rs:"), "{made}");
    assert_eq!(made["error"], "see the place");
    assert_eq!((&plain["thread"], &plain["error"]), (&"other".into(), &"of the program's own text".into()));
}
