//! `headwater demo` goes on where it was stopped, and tells what a replay of its files tells.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use headwater_tests::binary::{self, Outcome, replay};
use headwater_tests::process::{eventually, pause, program};

#[test]
fn a_demo_that_is_stopped_and_killed_ends_where_an_undisturbed_one_does() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let weeks = || fs::read_dir(folder.join("headwater-demo/inbox")).map_or(0, Iterator::count);
    for signal in ["INT", "KILL"] {
        let before = weeks();
        let mut demo = Command::new(binary::path())
            .args(["demo", "--listen", "127.0.0.1:0"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("some weeks", || weeks() > before + 20);
        pause(Duration::from_millis(700));
        program("kill".as_ref(), &[&format!("-{signal}"), &demo.id().to_string()]);
        let status = demo.wait().unwrap();
        assert_eq!(status.success(), signal == "INT", "{signal}: {status}");
        assert!(weeks() < 300, "it had ended before it was stopped");
    }
    let told = binary::succeeds(folder, &["demo", "--once"]);
    let mut files: Vec<String> = fs::read_dir(folder.join("headwater-demo/inbox"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .filter(|name| name.ends_with(".ndjson"))
        .map(|name| format!("headwater-demo/inbox/{name}"))
        .collect();
    files.sort();
    assert!(files.len() > 300);
    let judge = replay(folder, &files.iter().map(String::as_str).collect::<Vec<_>>(), "judge");
    let results = Outcome::at(folder.join("headwater-demo/results"));
    assert!(results.bytes("volumes.parquet") == judge.bytes("volumes.parquet"), "volumes differ");
    assert_eq!(results.count("read"), judge.count("read"));
    assert!(results.bytes("alerts.ndjson") == judge.bytes("alerts.ndjson"), "alerts differ");
    let last = judge.alerts().pop().unwrap();
    assert!(told.contains(&last.alert_id[..8]), "{told}");
}
