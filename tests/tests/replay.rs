//! `headwater replay` as a process: the same bytes from the same files however they are named, memory that follows what is
//! known and not what is read, and exit statuses.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;

use headwater_tests::binary::{self, Outcome, headwater, replay};
use headwater_tests::feed::{broken, event};

/// The files that hold no times of the run.
const RESULTS: [&str; 3] = ["alerts.ndjson", "volumes.parquet", "rejects.ndjson"];

/// A simulated world with a shift in it, and some broken records in the smaller of its files.
fn world(folder: &Path) {
    binary::succeeds(folder, &["sim", "--seed", "7", "--scenario", "substitution", "--out", "."]);
    let mut seizures = std::fs::OpenOptions::new().append(true).open(folder.join("seizure.ndjson")).unwrap();
    for line in broken(100).iter().filter(|line| line.bytes.len() < 10_000) {
        seizures.write_all(&line.bytes).unwrap();
        seizures.write_all(b"\n").unwrap();
    }
}

fn equal(one: &Outcome, other: &Outcome, names: &[&str]) {
    for name in names {
        let (one, other) = (one.bytes(name), other.bytes(name));
        assert!(!one.is_empty(), "{name} is empty: it compares nothing");
        assert!(one == other, "{name} differs");
    }
}

#[test]
fn the_order_and_the_surroundings_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path());
    let one = replay(folder.path(), &["trade.ndjson", "seizure.ndjson"], "one");
    let args = ["replay", "--events", "seizure.ndjson", "trade.ndjson", "--out", "other"];
    let surroundings = [("TZ", "Asia/Tokyo"), ("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")];
    assert!(headwater(folder.path(), &args, &surroundings).status.success());
    equal(&one, &Outcome::at(folder.path().join("other")), &RESULTS);
    assert!(one.count("rejected") > 50);
    assert!(!one.alerts().is_empty());
}

#[test]
fn packed_files_hold_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let lines: Vec<u8> = (0..3_000).flat_map(|n| format!("{}\n", event(n)).into_bytes()).chain(*b"{}\n").collect();
    std::fs::write(path("plain.ndjson"), &lines).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&lines).unwrap();
    std::fs::write(path("packed.ndjson.gz"), gzip.finish().unwrap()).unwrap();
    std::fs::write(path("packed.ndjson.zst"), zstd::encode_all(lines.as_slice(), 1).unwrap()).unwrap();

    let plain = replay(folder.path(), &["plain.ndjson"], "plain");
    assert_eq!((plain.count("accepted"), plain.count("rejected")), (3_000, 1));
    for packed in ["packed.ndjson.gz", "packed.ndjson.zst"] {
        let outcome = replay(folder.path(), &[packed], packed.rsplit_once('.').unwrap().1);
        equal(&plain, &outcome, &["volumes.parquet"]);
        let (one, other) = (&plain.rejects()[0], &outcome.rejects()[0]);
        assert_eq!(other["file"], packed);
        for field in ["line", "offset", "reason", "raw"] {
            assert_eq!(one[field], other[field], "{field} in {packed}");
        }
    }
}

/// What is held are identities and panes. Reading the same records again adds buffers at most.
#[test]
fn memory_follows_what_is_known_not_what_is_read() {
    const RECORDS: usize = 100_000;
    const TIMES: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..RECORDS).map(|n| event(n) + "\n").collect();
    std::fs::write(folder.path().join("0.ndjson"), lines.concat()).unwrap();
    let names: Vec<String> = (0..TIMES).map(|n| format!("{n}.ndjson")).collect();
    for name in &names[1..] {
        std::fs::hard_link(folder.path().join("0.ndjson"), folder.path().join(name)).unwrap();
    }
    let once = replay(folder.path(), &["0.ndjson"], "once");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let often = replay(folder.path(), &names, "often");

    equal(&once, &often, &["volumes.parquet"]);
    assert_eq!(often.count("read"), (RECORDS * TIMES) as u64);
    assert_eq!((often.count("accepted"), often.count("duplicate")), (RECORDS as u64, (RECORDS * (TIMES - 1)) as u64));
    assert_eq!(often.count("conflict"), 0);
    let (small, large) = (once.count("peak_rss_bytes"), often.count("peak_rss_bytes"));
    assert!(small > 1 << 20, "{small} bytes are no program's peak");
    assert!(large as f64 <= 1.2 * small as f64, "{small} bytes once, {large} bytes {TIMES} times");
}

#[test]
fn what_cannot_be_done_is_said_with_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = headwater(folder.path(), args, &[]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, words) = run(&["replay", "--events", "no-such-file.ndjson", "--out", "out"]);
    assert_eq!(status, Some(1), "{words}");
    assert!(words.contains("no-such-file.ndjson"), "{words}");
    assert!(!folder.path().join("out/summary.json").exists());

    for usage in
        [&["replay", "--events", "a.ndjson"][..], &["replay", "--out", "out"], &["repaly"], &["replay", "--evnts", "x"]]
    {
        let (status, words) = run(usage);
        assert_eq!(status, Some(2), "{usage:?}: {words}");
        assert!(!words.is_empty());
    }

    std::fs::write(folder.path().join("bad.ndjson"), "no record\n{}\n").unwrap();
    let (status, words) = run(&["replay", "--events", "bad.ndjson", "--out", "out"]);
    assert_eq!(status, Some(0), "rejects are no failure: {words}");
    assert_eq!(Outcome::at(folder.path().join("out")).count("rejected"), 2);
}
