//! `headwater audit verify`: the real binary on a log that is good, and on one that somebody changed.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use headwater_people::{Action, By, Location, Moment, People};
use headwater_tests::binary;
use headwater_tests::process::{Live, program};

const NOW: By<'static> = By { who: "ana", at: Moment(1_790_000_000_000) };

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A log of three entries beside the store `folder/store`.
fn fill(folder: &Path) {
    block_on(async {
        let people = People::open(&Location::File(folder.join("people.sqlite"))).await.unwrap();
        for object in ["AN-1", "AN-2", "AN-3"] {
            people.record(Action::ViewedRed, object, "", NOW).await.unwrap();
        }
        people.close().await;
    });
}

/// Status and both outputs.
fn verify(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = binary::headwater(folder, &[&["audit", "verify"], args].concat(), &[]);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_log_that_is_good_gives_an_anchor_and_one_that_is_not_names_its_first_bad_entry() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (status, _, said) = verify(folder, &["--data", "store"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("people.sqlite: no such file"), "{said}");
    assert!(!folder.join("people.sqlite").exists(), "looking makes nothing");

    fill(folder);
    let (status, anchor, said) = verify(folder, &["--data", "store"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(anchor.starts_with("3 ") && anchor.trim_end().len() == 66, "{anchor}");
    fs::write(folder.join("anchor"), &anchor).unwrap();
    fs::write(folder.join("f.toml"), "[sources.inbox]\npath = \"inbox\"\n[people]\nurl = \"people.sqlite\"\n").unwrap();
    assert_eq!(verify(folder, &["--config", "f.toml", "--anchor", "anchor"]).0, Some(0));

    // A byte of the file, by no way of the program.
    let file = folder.join("people.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(4).position(|window| window == b"AN-2").unwrap();
    bytes[at + 3] = b'7';
    fs::write(&file, bytes).unwrap();
    let (status, printed, said) = verify(folder, &["--data", "store"]);
    assert_eq!((status, printed.as_str()), (Some(1), ""));
    assert!(said.contains("entry 2 is not what was written; 1 before it are good"), "{said}");
}

#[test]
fn an_anchor_is_held_against_a_log_that_was_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fill(folder);
    fs::write(folder.join("anchor"), format!("3 {}\n", "ab".repeat(32))).unwrap();
    let (status, _, said) = verify(folder, &["--data", "store", "--anchor", "anchor"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("entry 3 is not the one that the anchor was made of"), "{said}");
    let (status, _, said) = verify(folder, &["--data", "store", "--anchor", "nowhere"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("nowhere"), "{said}");
    fs::write(folder.join("f.toml"), "[sources.inbox]\npath = \"inbox\"\n[people]\nurl_file = \"absent\"\n").unwrap();
    assert_eq!(verify(folder, &["--config", "f.toml"]).0, Some(2));
}

#[test]
fn a_tail_that_is_cut_off_shows_against_the_anchor_that_the_process_keeps() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    let text = "[sources.inbox]\npath = \"inbox\"\n[people]\nanchor = \"kept/anchor\"\nanchor_s = 1\n";
    fs::write(folder.join("f.toml"), text).unwrap();
    let mut run = Live::start(folder, "log", &["--config", "f.toml", "--role", "serve"], &[]);
    // It is not where it can be kept: said, and tried again.
    run.until("it says that nothing is kept", || folder.join("log").exists() && run_said(folder, "anchor_failing"));
    fs::create_dir(folder.join("kept")).unwrap();
    fill(folder);
    let anchor = folder.join("kept/anchor");
    run.until("the head is kept", || fs::read_to_string(&anchor).is_ok_and(|kept| kept.starts_with("3 ")));
    assert!(run_said(folder, "anchor_recovered"));
    run.terminate();
    let (status, _, said) = verify(folder, &["--config", "f.toml"]);
    assert_eq!(status, Some(0), "{said}");

    // By whoever may write to the database: the last entry, and the head with it, so that the rest is whole.
    let sql = "DELETE FROM audit WHERE sequence = 3; \
               UPDATE audit_head SET entries = 2, hash = (SELECT hash FROM audit WHERE sequence = 2)";
    cut(folder, sql);
    assert_eq!(verify(folder, &["--data", "data"]).0, Some(0), "the database alone does not show it");
    let (status, _, said) = verify(folder, &["--config", "f.toml"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("entry 3 is missing"), "{said}");
    // Nor does a process write over the proof.
    let before = fs::read(&anchor).unwrap();
    let mut run = Live::start(folder, "log2", &["--config", "f.toml", "--role", "serve"], &[]);
    run.until("it says so", || {
        let log = fs::read_to_string(folder.join("log2")).unwrap_or_default();
        log.contains("entry 3 is not the one that the anchor was made of")
    });
    run.terminate();
    assert_eq!(fs::read(&anchor).unwrap(), before);
    // And an anchor that is gone is no good one.
    fs::remove_file(&anchor).unwrap();
    assert_eq!(verify(folder, &["--config", "f.toml"]).0, Some(1));
}

fn run_said(folder: &Path, event: &str) -> bool {
    fs::read_to_string(folder.join("log")).unwrap().contains(&format!("\"{event}\""))
}

/// Changes the database by another program.
fn cut(folder: &Path, sql: &str) {
    let code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.close()";
    let file = folder.join("people.sqlite");
    program(Path::new("python3"), &["-c", code, file.to_str().unwrap(), sql]);
}
