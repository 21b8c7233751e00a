//! Where in the input something stands.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A partition of a topic. A newtype, so that it can never stand where an offset belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partition(pub i32);

/// A position in a partition or, in bytes, in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub i64);

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far an input was read: everything below counts, nothing above does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Of a topic's partition: the next offset to read.
    Offset(Offset),
    /// Of a folder: its files by name (without the folder).
    Files(BTreeMap<String, FileProgress>),
}

/// How far a file was read. A file is known by its name and its first bytes: another beginning is another file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProgress {
    /// XXH3-128 of the first `head_bytes` bytes as they lie on disk, 32 hexadecimal digits.
    pub head: String,
    /// How many first bytes count: the smaller of 64 KiB and the file's size when it was first seen.
    pub head_bytes: u32,
    /// Bytes of the unpacked text below which every line was taken.
    pub next: Offset,
    /// Lines below `next`.
    pub lines: u64,
}

impl Progress {
    /// The same, moved on by what an epoch read: the later offset, or the files that moved laid over those known.
    pub fn advance(&mut self, by: &Progress) {
        match (self, by) {
            (Progress::Files(files), Progress::Files(moved)) => {
                files.extend(moved.iter().map(|(name, file)| (name.clone(), file.clone())));
            }
            (to, by) => *to = by.clone(),
        }
    }
}
