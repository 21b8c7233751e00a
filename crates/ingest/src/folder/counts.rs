//! What happened to the files of a folder, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Files of a folder that did not just grow, since reading was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FolderCounts {
    /// Another file under a known name: read from its beginning.
    pub replaced: u64,
    /// Shorter than what was read of it: read again from its beginning.
    pub truncated: u64,
    /// Removed while it was being read, or before all of it was read.
    pub removed: u64,
    /// Packed files that cannot be unpacked further, until they change.
    pub damaged: u64,
    /// Files that the system would not let us read; tried again.
    pub failed: u64,
}

/// The same, shared between two threads.
#[derive(Default)]
pub(super) struct Counters {
    pub replaced: Counter,
    pub truncated: Counter,
    pub removed: Counter,
    pub damaged: Counter,
    pub failed: Counter,
}

#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Counters {
    pub fn now(&self) -> FolderCounts {
        let of = |counter: &Counter| counter.0.load(Ordering::Relaxed);
        FolderCounts {
            replaced: of(&self.replaced),
            truncated: of(&self.truncated),
            removed: of(&self.removed),
            damaged: of(&self.damaged),
            failed: of(&self.failed),
        }
    }
}
