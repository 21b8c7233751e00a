//! The folder as a source, on its own thread.

use std::path::PathBuf;
use std::time::Duration;

use headwater_model::{Input, Offset, Partition};

use super::*;
use crate::{Assignment, FolderReader, FolderSettings, IngestError, SourceEvent, Term};

const LONG: Duration = Duration::from_secs(60);

fn input() -> Input {
    Input { source: "inbox".into(), partition: Partition(0) }
}

fn open(path: PathBuf) -> Result<FolderReader, IngestError> {
    FolderReader::open(FolderSettings { source: "inbox".into(), path, look_every: Duration::from_millis(10) })
}

/// Records and progress up to the end that is said for a term; what is of another start is dropped.
fn to_end(reader: &FolderReader, now: Term, taker: &mut Taker) {
    loop {
        match reader.next(LONG).unwrap() {
            SourceEvent::Batch { term, batch, to, input: of } if term == now => {
                assert_eq!(of, input());
                taker.batch(batch, to);
            }
            SourceEvent::Moved { term, to, .. } if term == now => taker.moved(to),
            SourceEvent::AtEnd { term, .. } if term == now => return,
            SourceEvent::Batch { .. } | SourceEvent::Moved { .. } | SourceEvent::AtEnd { .. } => {}
            SourceEvent::Failed(error) | SourceEvent::Stopped { error, .. } => panic!("{error}"),
            _ => panic!("not of a folder"),
        }
    }
}

#[test]
fn nothing_comes_before_it_is_started_and_nothing_twice_after() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.ndjson"), lines(0, 10)).unwrap();
    let reader = open(dir.path().into()).unwrap();
    let Some(SourceEvent::Assigned(assigned)) = reader.next(LONG) else { panic!("not assigned") };
    let origin = dir.path().to_str().unwrap().into();
    assert_eq!(assigned, [Assignment { input: input(), origin, partitions: 1 }]);
    assert!(reader.next(Duration::from_millis(50)).is_none());

    let mut taker = Taker::default();
    reader.start(&input(), None, Term(1));
    to_end(&reader, Term(1), &mut taker);
    assert_eq!(taker.records.len(), 10);
    fs::write(dir.path().join("b.ndjson"), lines(10, 20)).unwrap();
    while taker.records.len() < 20 {
        to_end(&reader, Term(1), &mut taker);
    }
    reader.start(&input(), Some(&Progress::Files(taker.progress.clone())), Term(2));
    to_end(&reader, Term(2), &mut taker);
    assert_eq!(taker.records.len(), 20);

    reader.start(&input(), None, Term(3));
    let mut whole = Taker::default();
    to_end(&reader, Term(3), &mut whole);
    assert_eq!(whole.records, taker.records);
    assert_eq!(whole.progress, taker.progress);
    reader.stop(&input());
    reader.release(&[input()]);
    reader.start(&input(), Some(&Progress::Files(taker.progress.clone())), Term(4));
    to_end(&reader, Term(4), &mut taker);
    assert_eq!(taker.records.len(), 20);
    assert_eq!(reader.counts(), FolderCounts::default());
}

#[test]
fn a_second_reader_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path().into()).unwrap();
    assert!(matches!(open(dir.path().into()), Err(IngestError::FolderInUse { .. })));
    drop(first);
    open(dir.path().into()).unwrap();
    assert!(matches!(open(dir.path().join("no")), Err(IngestError::NotFound { .. })));
    fs::write(dir.path().join("file"), "").unwrap();
    assert!(matches!(open(dir.path().join("file")), Err(IngestError::NotFolder { .. })));
}

#[test]
fn a_folder_that_goes_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inbox");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("a.ndjson"), lines(0, 3)).unwrap();
    let reader = open(path.clone()).unwrap();
    assert!(matches!(reader.next(LONG), Some(SourceEvent::Assigned(_))));
    reader.start(&input(), None, Term(1));
    let mut taker = Taker::default();
    to_end(&reader, Term(1), &mut taker);
    fs::rename(&path, dir.path().join("away")).unwrap();
    // What another puts there meanwhile is ours all the same, once it is there.
    fs::create_dir(dir.path().join("next")).unwrap();
    fs::write(dir.path().join("next/b.ndjson"), lines(3, 5)).unwrap();
    fs::rename(dir.path().join("next"), &path).unwrap();
    while taker.records.len() < 5 {
        to_end(&reader, Term(1), &mut taker);
    }
    assert!(matches!(open(path), Err(IngestError::FolderInUse { .. })));
}

#[test]
fn two_that_read_one_folder_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let reader = open(dir.path().into()).unwrap();
    assert!(matches!(reader.next(LONG), Some(SourceEvent::Assigned(_))));
    fs::remove_file(dir.path().join(".headwater.lock")).unwrap();
    let _second = open(dir.path().into()).unwrap();
    reader.start(&input(), None, Term(1));
    let failed = reader.next(LONG);
    assert!(matches!(failed, Some(SourceEvent::Failed(IngestError::FolderInUse { .. }))));
}

#[test]
fn the_progress_of_a_topic_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let reader = open(dir.path().into()).unwrap();
    assert!(matches!(reader.next(LONG), Some(SourceEvent::Assigned(_))));
    reader.start(&input(), Some(&Progress::Offset(Offset(7))), Term(1));
    assert!(matches!(reader.next(LONG), Some(SourceEvent::Stopped { error: IngestError::NotFiles { .. }, .. })));
}

#[test]
fn a_taker_who_takes_nothing_stops_the_reading_and_gets_everything_later() {
    let dir = tempfile::tempdir().unwrap();
    let line = format!("{{\"x\":\"{}\"}}\n", "y".repeat(1_000));
    fs::write(dir.path().join("a.ndjson"), line.repeat(40_000)).unwrap();
    let reader = open(dir.path().into()).unwrap();
    assert!(matches!(reader.next(LONG), Some(SourceEvent::Assigned(_))));
    reader.start(&input(), None, Term(1));
    // Full: what waits is below the file's 40 MiB, so the thread waits in the middle of it when it is stopped.
    let mut taker = Taker::default();
    let Some(SourceEvent::Batch { batch, to, .. }) = reader.next(LONG) else { panic!("no batch") };
    taker.batch(batch, to);
    reader.stop(&input());
    reader.start(&input(), Some(&Progress::Files(taker.progress.clone())), Term(2));
    to_end(&reader, Term(2), &mut taker);
    assert_eq!(taker.records.len(), 40_000);
    let lines: Vec<_> = taker.records.iter().map(|record| record.2).collect();
    assert!(lines.iter().copied().eq(1..=40_000));
}
