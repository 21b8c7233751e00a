//! One folder is read by one process.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::stat::Stat;
use crate::IngestError;

/// Name of the file in the folder that is locked. It is hidden, so it is never read as events; it stays behind, empty.
const LOCK_FILE: &str = ".headwater.lock";

/// The exclusive right to read a folder. The system takes it back when the process ends, however it ends.
pub(super) struct Lock {
    folder: PathBuf,
    locked: PathBuf,
    file: File,
}

impl Lock {
    /// Takes it, or says who stands in the way. Of a folder that may not be written the folder itself is locked.
    pub fn take(folder: &Path) -> Result<Lock, IngestError> {
        let failed = |source: io::Error| super::failed(folder, source);
        if !folder.metadata().map_err(failed)?.is_dir() {
            return Err(IngestError::NotFolder { path: folder.into() });
        }
        let hidden = folder.join(LOCK_FILE);
        let (locked, file) = match File::options().create(true).append(true).open(&hidden) {
            Ok(file) => (hidden, file),
            Err(error)
                if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) =>
            {
                (folder.to_path_buf(), File::open(folder).map_err(failed)?)
            }
            Err(error) => return Err(failed(error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Lock { folder: folder.into(), locked, file }),
            Err(TryLockError::WouldBlock) => Err(IngestError::FolderInUse { path: folder.into() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Holds on: takes the lock again where its file was removed, with the folder or alone.
    pub fn hold(&mut self) -> Result<(), IngestError> {
        let ours = self.file.metadata().map(|metadata| Stat::of(&metadata));
        let there = self.locked.metadata().map(|metadata| Stat::of(&metadata));
        if let (Ok(ours), Ok(there)) = (ours, there)
            && ours.same_file(&there)
        {
            return Ok(());
        }
        *self = Lock::take(&self.folder)?;
        Ok(())
    }
}

/// Who reads a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockState {
    /// Nobody.
    Free,
    /// A process: its number and name, where the system tells.
    Held {
        /// Which.
        by: Option<(u32, String)>,
    },
}

impl LockState {
    /// Number of the process.
    pub fn pid(&self) -> Option<u32> {
        match self {
            LockState::Held { by: Some((pid, _)) } => Some(*pid),
            _ => None,
        }
    }
}

/// Who reads a folder, without standing in the way of who is about to; nothing is made.
pub(super) fn state(folder: &Path) -> io::Result<LockState> {
    let hidden = folder.join(LOCK_FILE);
    let locked = if hidden.exists() { hidden } else { folder.to_path_buf() };
    let file = File::open(&locked)?;
    // Shared and for a moment: an owner holds it alone.
    match file.try_lock_shared() {
        Ok(()) => Ok(LockState::Free),
        Err(TryLockError::WouldBlock) => Ok(LockState::Held { by: super::probe::holder(&locked) }),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_second_is_refused_until_the_first_lets_go() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let refused = Lock::take(dir.path()).err().unwrap();
        assert!(matches!(&refused, IngestError::FolderInUse { path } if path == dir.path()), "{refused}");
        assert!(refused.to_string().contains("another process reads this folder"), "{refused}");
        drop(first);
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_lock_whose_file_went_is_taken_again_or_lost() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = Lock::take(dir.path()).unwrap();
        first.hold().unwrap();
        fs::remove_file(dir.path().join(LOCK_FILE)).unwrap();
        first.hold().unwrap();
        assert!(matches!(Lock::take(dir.path()), Err(IngestError::FolderInUse { .. })));
        fs::remove_file(dir.path().join(LOCK_FILE)).unwrap();
        let second = Lock::take(dir.path()).unwrap();
        assert!(matches!(first.hold(), Err(IngestError::FolderInUse { .. })));
        drop(second);
        assert!(matches!(Lock::take(&dir.path().join("no")), Err(IngestError::NotFound { .. })));
    }
}
