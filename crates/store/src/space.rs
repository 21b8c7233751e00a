//! Folders that are to be written, and the room on their disks.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

/// What is known of a folder that is to be written, be it there or not.
#[derive(Debug)]
pub struct FolderRoom {
    /// Itself, or the nearest folder above it that is there, in which it would be made.
    pub at: PathBuf,
    /// Whether it is itself.
    pub exists: bool,
    /// Whether something can be written there. What is written for it is removed.
    pub writable: io::Result<()>,
    /// The room on its disk.
    pub room: io::Result<Room>,
}

/// The room on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that this user may still write.
    pub free_bytes: u64,
    /// Bytes in all.
    pub all_bytes: u64,
    /// Files that may still be made; none where the filesystem counts none.
    pub free_files: Option<u64>,
}

impl FolderRoom {
    /// Of a folder.
    pub fn of(folder: &Path) -> FolderRoom {
        let above = folder.ancestors().find(|folder| folder.as_os_str().is_empty() || folder.exists());
        let at = match above {
            Some(above) if !above.as_os_str().is_empty() => above.to_path_buf(),
            _ => PathBuf::from("."),
        };
        FolderRoom { exists: at == folder, writable: write(&at), room: room(&at), at }
    }
}

fn room(at: &Path) -> io::Result<Room> {
    let found = statvfs(at)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    let free_files = (found.f_files > 0).then_some(found.f_favail);
    Ok(Room { free_bytes: bytes(found.f_bavail), all_bytes: bytes(found.f_blocks), free_files })
}

fn write(at: &Path) -> io::Result<()> {
    if !at.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory));
    }
    let word = getrandom::u64().map_err(io::Error::other)?;
    let path = at.join(format!(".{word:016x}.probe"));
    let written = File::create_new(&path).and_then(|file| {
        io::Write::write_all(&mut &file, b"probe")?;
        file.sync_all()
    });
    if written.is_err() && !path.exists() {
        return written;
    }
    written.and(fs::remove_file(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_judged_by_the_one_above() {
        let dir = tempfile::tempdir().unwrap();
        let there = FolderRoom::of(dir.path());
        assert!(there.exists && there.writable.is_ok());
        let room = there.room.unwrap();
        assert!(room.free_bytes <= room.all_bytes && room.all_bytes > 0);
        let absent = FolderRoom::of(&dir.path().join("a/b"));
        assert_eq!((absent.exists, absent.at.as_path()), (false, dir.path()));
        assert!(absent.writable.is_ok());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        fs::write(dir.path().join("file"), "").unwrap();
        let file = FolderRoom::of(&dir.path().join("file"));
        assert_eq!(file.writable.unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert_eq!(FolderRoom::of(Path::new("no-such-folder/a")).at, Path::new("."));
    }
}
