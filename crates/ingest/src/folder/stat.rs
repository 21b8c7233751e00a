//! What the system says of a file without opening it.

use std::fs::Metadata;
use std::time::SystemTime;

/// A file is looked into again only when one of these changed. What is rewritten in place with the same size within one
/// tick of the file system's clock is not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub size: u64,
    modified: Option<SystemTime>,
    /// Device and number on it; none where the system has no such thing.
    file: Option<(u64, u64)>,
    /// Whether no name leads to the file any more.
    pub nameless: bool,
}

impl Stat {
    pub fn of(metadata: &Metadata) -> Stat {
        #[cfg(unix)]
        let (file, nameless) = {
            use std::os::unix::fs::MetadataExt;
            (Some((metadata.dev(), metadata.ino())), metadata.nlink() == 0)
        };
        #[cfg(not(unix))]
        let (file, nameless) = (None, false);
        Stat { size: metadata.len(), modified: metadata.modified().ok(), file, nameless }
    }

    /// Whether both are of one file, where that can be told.
    pub fn same_file(&self, other: &Stat) -> bool {
        self.file == other.file
    }
}
