//! What can be known of a folder without reading it as an input.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::list::folder_files;
use super::lock::{self, LockState};
use crate::IngestError;

/// What is known of a folder.
#[derive(Debug)]
pub struct FolderFacts {
    /// Number of its files that would be read.
    pub files: Result<usize, IngestError>,
    /// Who reads it.
    pub lock: Result<LockState, io::Error>,
    /// Whether rejects can be given back as a file in it.
    pub writable: Result<(), io::Error>,
}

/// Looks at a folder. A file is made in it for a moment, under a name that is never read.
pub fn probe_folder(folder: &Path) -> FolderFacts {
    FolderFacts {
        files: folder_files(folder).map(|files| files.len()),
        lock: lock::state(folder),
        writable: tempfile::Builder::new().prefix(".headwater-doctor-").tempfile_in(folder).map(drop),
    }
}

/// The process that holds a lock on a file, by Linux's own list of locks.
pub(super) fn holder(locked: &Path) -> Option<(u32, String)> {
    let inode = fs::metadata(locked).ok()?.ino();
    let pid = holder_in(&fs::read_to_string("/proc/locks").ok()?, inode)?;
    let name = fs::read_to_string(PathBuf::from(format!("/proc/{pid}/comm"))).unwrap_or_default();
    Some((pid, name.trim_end().to_owned()))
}

/// A line reads `1: FLOCK  ADVISORY  WRITE 1234 08:02:131131 0 EOF`.
fn holder_in(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        if words.next()? != "FLOCK" {
            return None;
        }
        let (pid, place) = (words.nth(2)?, words.next()?);
        (place.rsplit(':').next()? == inode.to_string()).then(|| pid.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_stands_in_the_list_of_locks() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 08:02:7 0 EOF\n2: FLOCK  ADVISORY  WRITE 1234 08:02:131131 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 77 08:02:9 0 EOF\n3: FLOCK  ADVISORY  READ  12 00:1f:7 0 EOF\n";
        assert_eq!(holder_in(locks, 131_131), Some(1234));
        assert_eq!(holder_in(locks, 7), Some(12), "one of another kind is not it");
        assert_eq!(holder_in(locks, 9), None, "it waits");
        assert_eq!(holder_in("", 7), None);
    }

    #[test]
    fn a_folder_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.ndjson"), "{}\n").unwrap();
        let facts = probe_folder(folder.path());
        assert_eq!(facts.files.unwrap(), 1);
        assert!(facts.writable.is_ok());
        assert!(matches!(facts.lock, Ok(LockState::Free)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let lock = lock::Lock::take(folder.path()).unwrap();
        let held = probe_folder(folder.path()).lock.unwrap();
        assert_eq!(held.pid(), Some(std::process::id()), "{held:?}");
        drop(lock);
        assert!(matches!(probe_folder(folder.path()).lock, Ok(LockState::Free)));
        let none = probe_folder(&folder.path().join("no"));
        assert!(none.files.is_err() && none.lock.is_err() && none.writable.is_err());
    }
}
