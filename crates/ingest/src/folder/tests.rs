//! A taker for tests, and files that it is given.

mod changes;
mod growth;
mod left;
mod thread;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use flate2::write::GzEncoder;
use headwater_model::{FileProgress, Progress, RawBatch};
use tempfile::TempDir;

use super::counts::{Counters, FolderCounts};
use super::files::{Files, Looked, Out};
use crate::lines::Limits;

/// Several batches even of a small text.
const SMALL: Limits = Limits { batch_bytes: 16, batch_records: 3, read_bytes: 8, record_bytes: 24, head_bytes: 4 };

/// Name, offset, line, bytes.
type Record = (String, i64, u64, Vec<u8>);

/// Takes what comes, as a store does.
#[derive(Default)]
struct Taker {
    records: Vec<Record>,
    progress: BTreeMap<String, FileProgress>,
    moves: usize,
    /// Batches still wanted; none: all.
    wanted: Option<usize>,
    /// Called before each batch with the number of records so far.
    before: Option<Box<dyn FnMut(usize)>>,
}

impl Taker {
    fn advance(&mut self, to: Progress) -> String {
        let Progress::Files(files) = to else { panic!("not a folder's progress") };
        assert_eq!(files.len(), 1);
        let name = files.keys().next().unwrap().clone();
        self.progress.extend(files);
        name
    }
}

impl Out for Taker {
    fn batch(&mut self, batch: RawBatch, to: Progress) {
        let name = self.advance(to);
        assert!(Path::new(&*batch.origin).ends_with(&name));
        assert!(!batch.records.is_empty());
        for (ix, record) in batch.records.iter().enumerate() {
            let spilled = batch.spilled.iter().find(|spilled| spilled.record == ix);
            let bytes =
                spilled.map_or(batch.bytes(record).to_vec(), |spilled| fs::read(spilled.file.as_path()).unwrap());
            self.records.push((name.clone(), record.offset.0, record.line, bytes));
        }
    }

    fn moved(&mut self, to: Progress) {
        self.moves += 1;
        self.advance(to);
    }

    fn wanted(&mut self) -> bool {
        if let Some(before) = &mut self.before {
            before(self.records.len());
        }
        let wanted = self.wanted != Some(0);
        self.wanted = self.wanted.map(|wanted| wanted.saturating_sub(1));
        wanted
    }
}

/// A folder that is looked at when the test says so.
struct Folder {
    dir: TempDir,
    files: Files,
    counters: Counters,
    taker: Taker,
}

impl Folder {
    fn new(limits: Limits) -> Folder {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::with_limits(dir.path(), limits);
        Folder { dir, files, counters: Counters::default(), taker: Taker::default() }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.dir.path().join(name), bytes).unwrap();
    }

    /// As a writer does who lets a file appear at once: another file under the name.
    fn rename_in(&self, name: &str, bytes: impl AsRef<[u8]>) {
        self.write("new.tmp", bytes);
        fs::rename(self.dir.path().join("new.tmp"), self.dir.path().join(name)).unwrap();
    }

    fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.dir.path().join(name);
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes.as_ref()).unwrap();
    }

    fn cut(&self, name: &str, size: u64) {
        File::options().write(true).open(self.dir.path().join(name)).unwrap().set_len(size).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.dir.path().join(name)).unwrap();
    }

    fn look(&mut self) -> Looked {
        self.files.look(&self.counters, &mut self.taker).unwrap()
    }

    /// Everything that comes in one look, as text.
    fn news(&mut self) -> Vec<String> {
        let before = self.taker.records.len();
        assert_eq!(self.look(), Looked::All);
        self.taker.records[before..].iter().map(|record| String::from_utf8(record.3.clone()).unwrap()).collect()
    }

    /// The process ends and another goes on from what was taken.
    fn restart(&mut self, limits: Limits) {
        self.files = Files::with_limits(self.dir.path(), limits);
        self.files.restart(self.taker.progress.clone());
    }

    fn counts(&self) -> FolderCounts {
        self.counters.now()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Lines `from..to`, each `{"n":…}`.
fn lines(from: usize, to: usize) -> String {
    (from..to).map(|n| format!("{{\"n\":{n}}}\n")).collect()
}
