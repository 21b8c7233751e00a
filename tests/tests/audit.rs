//! `headwater audit verify`: the real binary on a log that is good, and on one that somebody changed.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use headwater_people::{Action, By, Location, Moment, People};
use headwater_tests::binary;

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
