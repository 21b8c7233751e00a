//! Ten thousand broken records among a hundred thousand good ones, through the real binary.
#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headwater_tests::binary;
use headwater_tests::feed::{Fate, Line, broken, event};
use serde_json::Value;

const GOOD: usize = 100_000;
const BROKEN: usize = 10_000;

/// What a replay of these records may hold at most. A hundred thousand events are some 25 MB of ledger and panes, the
/// catalog and the program's own pages some 40 MB; the rest is room for the allocator. The feed is three times as large,
/// and whoever held a 10 MB record more than once, or the rejects at all, would not stay below.
const PEAK_BYTES_MAX: u64 = 160 << 20;

fn raw(reject: &Value) -> Vec<u8> {
    match (&reject["raw"], &reject["raw_base64"]) {
        (Value::String(text), Value::Null) => text.clone().into_bytes(),
        (Value::Null, Value::String(text)) => STANDARD.decode(text).unwrap(),
        other => panic!("a reject holds its bytes once, as text or as base64, not {other:?}"),
    }
}

#[test]
fn broken_records_are_accounted_for_and_stop_nothing() {
    // A broken one after every ten good ones.
    let mut bad = broken(BROKEN).into_iter();
    let mut lines: Vec<Line> = Vec::new();
    for n in 0..GOOD {
        lines.push(Line { bytes: event(n).into_bytes(), fate: Fate::Read });
        if n % (GOOD / BROKEN) == 0 {
            lines.extend(bad.next());
        }
    }
    assert_eq!(lines.len(), GOOD + BROKEN);
    let folder = tempfile::tempdir().unwrap();
    let feed: Vec<&[u8]> = lines.iter().flat_map(|l| [l.bytes.as_slice(), b"\n"]).collect();
    std::fs::write(folder.path().join("feed.ndjson"), feed.concat()).unwrap();

    let outcome = binary::replay(folder.path(), &["feed.ndjson"], "out");
    let [read, accepted, duplicate, superseded, rejected] =
        ["read", "accepted", "duplicate", "superseded", "rejected"].map(|name| outcome.count(name));
    assert_eq!(read as usize, lines.len());
    assert_eq!(read, accepted + duplicate + superseded + rejected);
    let by_reason = outcome.summary()["rejects_by_reason"].as_object().unwrap().clone();
    assert_eq!(by_reason.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), rejected);

    let mut offsets = vec![0];
    offsets.extend(lines.iter().scan(0, |at, line| {
        *at += line.bytes.len() as u64 + 1;
        Some(*at)
    }));
    let rejects = outcome.rejects();
    assert_eq!(rejects.len() as u64, rejected);
    let mut kept = vec![false; lines.len()];
    for reject in &rejects {
        let line = reject["line"].as_u64().unwrap() as usize - 1;
        let told = |what: &str| format!("line {}: {what}: {} {}", line + 1, reject["reason"], reject["message"]);
        assert!(lines[line].fate != Fate::Read, "{}", told("a good record was rejected"));
        assert!(lines[line].bytes == raw(reject), "{}", told("other bytes than those sent"));
        assert!(!std::mem::replace(&mut kept[line], true), "{}", told("rejected twice"));
        assert_eq!(reject["offset"].as_u64(), Some(offsets[line]), "{}", told("another offset"));
    }
    for (line, kept) in lines.iter().zip(&kept) {
        let text = String::from_utf8_lossy(&line.bytes[..line.bytes.len().min(400)]);
        assert!(*kept || line.fate != Fate::Rejected, "was read as a record: {text}");
    }

    let peak = outcome.count("peak_rss_bytes");
    assert!(peak < PEAK_BYTES_MAX, "the replay held {} MiB at its peak", peak >> 20);
}
