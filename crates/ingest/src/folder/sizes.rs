//! How large the files of a folder are, for those who watch how much of them is still to be taken.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The files of a folder as they were last seen; nothing before the first look.
#[derive(Debug, Default)]
pub struct FolderSizes(Mutex<Option<BTreeMap<String, Seen>>>);

/// A file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    bytes: u64,
    /// Positions are those of the unpacked text, whose length nobody knows: where it ended when all of it was read.
    packed: Option<Option<u64>>,
}

impl FolderSizes {
    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<String, Seen>>> {
        // Nobody panics while holding it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that are not taken where each file is taken up to a position; a packed file counts whole until all of it
    /// is. Not known before the first look.
    pub fn left(&self, taken: impl Fn(&str) -> Option<u64>) -> Option<u64> {
        let left = |(name, seen): (&String, &Seen)| match (taken(name), seen.packed) {
            (None, _) => seen.bytes,
            (Some(taken), None) => seen.bytes.saturating_sub(taken),
            (Some(taken), Some(Some(end))) if taken >= end => 0,
            (Some(_), Some(_)) => seen.bytes,
        };
        Some(self.lock().as_ref()?.iter().map(left).sum())
    }

    /// Files are so large, beside those seen before.
    pub(super) fn sees<'a>(&self, files: impl Iterator<Item = (&'a str, u64)>) {
        let mut seen = self.lock();
        let seen = seen.get_or_insert_default();
        for (name, bytes) in files {
            match seen.get_mut(name) {
                Some(seen) => seen.bytes = bytes,
                None => drop(seen.insert(name.to_owned(), Seen { bytes, packed: None })),
            }
        }
    }

    /// A packed file was read, to where its text ended for now; none where there is more of it.
    pub(super) fn reads_packed(&self, name: &str, end: Option<u64>) {
        if let Some(seen) = self.lock().as_mut().and_then(|seen| seen.get_mut(name)) {
            seen.packed = Some(end);
        }
    }

    /// Nothing is known of any file.
    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    /// A file is gone.
    pub(super) fn misses(&self, name: &str) {
        self.lock().as_mut().and_then(|seen| seen.remove(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_lies_behind_what_is_taken() {
        let sizes = FolderSizes::default();
        assert_eq!(sizes.left(|_| None), None, "nobody has looked yet");
        sizes.sees(["a", "b", "c.gz"].into_iter().map(|name| (name, 100)));
        assert_eq!(sizes.left(|_| None), Some(300));
        sizes.reads_packed("c.gz", None);
        let taken = |name: &str| match name {
            "a" => Some(40),
            "c.gz" => Some(700),
            _ => None,
        };
        assert_eq!(sizes.left(taken), Some(60 + 100 + 100), "there is more of the packed file");
        sizes.reads_packed("c.gz", Some(700));
        assert_eq!(sizes.left(taken), Some(60 + 100));
        sizes.reads_packed("c.gz", Some(701));
        assert_eq!(sizes.left(taken), Some(60 + 100 + 100), "it was read to its end, and not all of that is taken");
        sizes.sees([("a", 30)].into_iter());
        sizes.misses("b");
        assert_eq!(sizes.left(taken), Some(100), "a was cut: nothing is left of it");
    }
}
