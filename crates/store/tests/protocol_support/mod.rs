//! What the tests of the store's protocol share: a chain of real epochs, a life of a writer, and what a reader must see.
#![allow(dead_code)] // each test takes what it needs

#[path = "../epoch_support/mod.rs"]
pub mod epoch_support;

use std::io::{Read, Write};
use std::time::Duration;

use epoch_support::{World, all, file_texts, head, trade, with, writer};
use headwater_model::*;
use headwater_store::*;
use serde_json::json;

/// A chain of epochs with the rows of each.
pub struct Story {
    pub input: Input,
    pub epochs: Vec<SealedEpoch>,
    pub rows: Vec<Vec<String>>,
}

/// Epochs that follow one from the other, by a writer whose word goes into the bytes.
pub fn story(length: u64, word: &str) -> Story {
    let mut world = World::default();
    let mut epochs: Vec<SealedEpoch> = Vec::new();
    let mut total = Counts::default();
    for number in 0..length {
        let record = |i: u64| {
            let id = json!({"event_id": format!("{word}-{}", (number * 7 + i) % 10), "revision": number});
            with(trade(), id).to_string()
        };
        let batch = world.rows(&(0..=number % 3).map(record).collect::<Vec<_>>());
        let counts = Counts { read: number % 3 + 1, accepted: number % 3 + 1, ..Counts::default() };
        total += counts;
        let mut open = writer(epochs.last().and_then(|before| before.head.clock));
        open.write(&batch, &all(&batch), &world.names).unwrap();
        let late: u64 = epochs.iter().map(|epoch| epoch.head.late_report).sum::<u64>() + open.late();
        let previous = epochs.last().map(|before| before.checksum);
        let head = EpochHead { counts, total, late_total: late, writer: word.into(), previous, ..head(number) };
        epochs.push(open.seal(head).unwrap());
    }
    let rows = epochs.iter().map(|epoch| file_texts(&epoch.bytes)).collect();
    Story { input: epochs[0].head.input.clone(), epochs, rows }
}

impl Story {
    /// All rows of the first epochs, sorted.
    pub fn rows_before(&self, epoch: u64) -> Vec<String> {
        let mut rows: Vec<String> = self.rows[..epoch as usize].concat();
        rows.sort();
        rows
    }
}

/// A folder that lives as long as the test, or memory.
pub enum Place {
    Folder(tempfile::TempDir),
    Memory,
}

pub fn places() -> [Place; 2] {
    [Place::Memory, Place::Folder(tempfile::tempdir().unwrap())]
}

impl Place {
    pub fn open(&self) -> Objects {
        match self {
            Place::Folder(folder) => Objects::open(&StoreUrl::Folder(folder.path().join("data"))).unwrap(),
            Place::Memory => Objects::memory().unwrap(),
        }
    }
}

/// Small numbers, so that a short story is folded more than once and folded files are merged.
pub fn policy() -> FoldPolicy {
    FoldPolicy { epochs_min: 2, keep: 1, before: None, file_bytes_max: 1 << 20 }
}

/// Everything that is replaced goes at once.
pub fn sweep(archive: &Archive, input: &Input) -> Result<Swept, StoreError> {
    archive.sweep(input, Duration::ZERO, i64::MAX)
}

pub fn declaration() -> SourceDeclaration {
    SourceDeclaration { source: "trade".into(), kind: SourceKind::Topic, origin: "trade-events".into(), partitions: 4 }
}

/// Writes a snapshot whose bytes are the rows that it stands for.
pub fn snapshot(archive: &Archive, story: &Story, epoch: u64) -> Result<(), StoreError> {
    let sealed = &story.epochs[epoch as usize];
    let mut writer = match archive.begin_snapshot(sealed.head.clone(), sealed.checksum) {
        Err(StoreError::Taken { .. }) => return Ok(()),
        begun => begun?,
    };
    writer.write_all(story.rows_before(epoch + 1).join("\n").as_bytes()).unwrap();
    match writer.finish() {
        Ok(_) | Err(StoreError::Taken { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The life of a writer: goes on where the store stands, up to the story's end. `acknowledged` is told every epoch that
/// was committed.
pub fn live(archive: &Archive, story: &Story, acknowledged: &mut u64) -> Result<(), StoreError> {
    archive.declare(&declaration())?;
    let mut at = archive.listing(&story.input)?.next().0;
    while at < story.epochs.len() as u64 {
        match archive.commit(&story.epochs[at as usize..][..1]).remove(0)? {
            Committed::Ours => *acknowledged = at + 1,
            other => panic!("epoch {at} of the only writer: {other:?}"),
        }
        if at % 2 == 1 {
            snapshot(archive, story, at)?;
        }
        archive.fold(&story.input, &policy())?;
        sweep(archive, &story.input)?;
        at += 1;
    }
    Ok(())
}

/// What a fresh reader sees is whole: the rows of the first epochs and of no others, by the files and by a restore, and
/// nothing to complain of. Gives the number of epochs.
pub fn check(objects: &Objects, story: &Story) -> u64 {
    let archive = Archive::new(objects.clone());
    let listing = archive.listing(&story.input).unwrap();
    let plan = plan(&listing).unwrap();
    let epochs = listing.next().0;
    let expected = story.rows_before(epochs);
    let mut rows: Vec<String> = Vec::new();
    for file in archive.files(&story.input).unwrap() {
        rows.extend(file_texts(&archive.fetch(&file).unwrap()));
    }
    rows.sort();
    assert_eq!(rows, expected);
    assert_eq!(restore(&archive, &plan), expected);
    assert_eq!(archive.verify().unwrap(), []);
    epochs
}

/// The rows that a restore by a plan gives, each epoch chained to the one before.
pub fn restore(archive: &Archive, plan: &RestorePlan) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let snapshot = plan.snapshots.iter().find_map(|epoch| {
        let mut reader = archive.open_snapshot(&plan.input, *epoch).ok()?;
        let mut text = String::new();
        reader.read_to_string(&mut text).ok()?;
        Some((reader.manifest().clone(), text))
    });
    let (mut chain, epochs) = match &snapshot {
        Some((manifest, text)) => {
            rows.extend(text.lines().map(str::to_owned));
            (Chain::behind(manifest.head.clone(), manifest.checksum), plan.after(manifest.epoch))
        }
        None => {
            for file in plan.floor.iter().flat_map(Floor::archive_files) {
                rows.extend(file_texts(&archive.fetch(&file).unwrap()));
            }
            let begin = || Chain::begin(plan.input.clone());
            (plan.floor.as_ref().map_or_else(begin, Chain::behind_floor), &plan.epochs[..])
        }
    };
    for file in epochs {
        let bytes = archive.fetch(file).unwrap();
        let opened = open(bytes.clone()).unwrap();
        let FileHead::Epoch(head) = opened.head() else { panic!("{} is no epoch", file.key) };
        chain.follow(&file.key, head, opened.checksum()).unwrap();
        rows.extend(file_texts(&bytes));
    }
    rows.sort();
    rows
}
