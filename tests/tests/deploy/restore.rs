//! Backup and restore as `deploy/README.md` tells it: a store that is being written to is copied, and a process that
//! starts from the copy comes to the same sums.

use std::fs;
use std::path::Path;

use headwater_tests::binary::{self, replay};
use headwater_tests::broker::root;
use headwater_tests::feed::event;
use headwater_tests::process::{Live, program};
use headwater_tests::store::{committed, exported};

const FILES: usize = 30;
const EVENTS: usize = 200;
/// Folding and snapshots on the way, so that they are in the store that is copied.
const OFTEN: [(&str, &str); 2] = [("HEADWATER__STORE__FOLD_EPOCHS", "4"), ("HEADWATER__STORE__SNAPSHOT_ROWS", "500")];

fn put(folder: &Path, file: usize) -> String {
    // Some events come twice, a line is no record.
    let lines = ((file * EVENTS).saturating_sub(20)..(file + 1) * EVENTS).map(|n| event(n) + "\n");
    let name = format!("inbox/{file:03}.ndjson");
    fs::write(folder.join(&name), lines.collect::<String>() + "{}\n").unwrap();
    name
}

fn backup(folder: &Path) {
    let [store, to] = ["data", "backup"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    program(&root().join("deploy/backup"), &[&store, &to]);
}

#[test]
fn a_store_that_is_copied_while_it_is_written_to_restores_to_the_same_sums() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    let mut run = Live::start(folder, "log", &[], &OFTEN);
    let mut names = Vec::new();
    for file in 0..FILES {
        names.push(put(folder, file));
        let has_begun = || committed(folder).read > 0;
        if file == 0 {
            run.until("the store is begun", has_begun);
        }
        // Again and again: what is there already is left, what has come since is added.
        if file % 3 == 0 {
            backup(folder);
            binary::succeeds(folder, &["archive", "verify", "--data", "backup"]);
        }
    }
    let read = |folder: &Path| committed(folder).read;
    run.until("more is committed than was copied", || read(folder) > 0);
    backup(folder);
    let missing = ["snapshots", "cache", "published"].map(|name| folder.join("backup").join(name).exists());
    assert_eq!(missing, [false; 3], "what is made again is not copied");
    names.push(put(folder, FILES));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let judge = replay(folder, &names, "judge");
    run.until("all is committed", || read(folder) == judge.count("read"));
    run.terminate();
    assert!(exported(folder, &[]) == judge.bytes("volumes.parquet"), "volumes differ before anything was lost");

    // The machine is lost: another, with the copy as its store and the same inbox.
    let other = tempfile::tempdir().unwrap();
    let other = other.path();
    fs::rename(folder.join("inbox"), other.join("inbox")).unwrap();
    fs::rename(folder.join("backup"), other.join("data")).unwrap();
    binary::succeeds(other, &["archive", "verify", "--data", "data"]);
    binary::succeeds(other, &["checkpoint", "verify", "--data", "data"]);
    let held = read(other);
    assert!(held > 0 && held < judge.count("read"), "{held} records: it restores nothing, or has nothing to catch up");
    let mut run = Live::start(other, "log", &[], &OFTEN);
    run.until("what the copy lacked is read again", || read(other) == judge.count("read"));
    run.terminate();
    let total = committed(other);
    assert_eq!((total.accepted, total.duplicate, total.rejected), {
        (judge.count("accepted"), judge.count("duplicate"), judge.count("rejected"))
    });
    assert!(exported(other, &[]) == judge.bytes("volumes.parquet"), "volumes differ after the restore");
    binary::succeeds(other, &["archive", "verify", "--data", "data"]);
}

#[test]
fn a_backup_of_what_is_no_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let output = std::process::Command::new(root().join("deploy/backup")).args([path, "to"]).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(words.trim(), format!("deploy/backup: {path} is no store: it has no headwater.json"));
}
