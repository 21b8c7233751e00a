//! A folder whose files are replaced whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// The folder of one replay's or run's results.
#[derive(Clone, Debug)]
pub struct OutputFolder {
    path: PathBuf,
}

impl OutputFolder {
    /// Makes the folder where it is missing.
    pub fn create(path: impl Into<PathBuf>) -> Result<OutputFolder, StoreError> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(StoreError::io("cannot create folder", &path))?;
        Ok(OutputFolder { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the file `name`; what stood there stays until [`Partial::publish`].
    pub fn begin(&self, name: &str) -> Result<Partial, StoreError> {
        let target = self.path.join(name);
        let partial = self.path.join(format!(".{name}.partial"));
        let file = File::create(&partial).map_err(StoreError::io("cannot create", &partial))?;
        Ok(Partial { writer: BufWriter::with_capacity(1 << 18, file), partial, target, published: false })
    }
}

/// A file that is being written beside its place. Dropped without [`Partial::publish`], it is removed.
pub struct Partial {
    writer: BufWriter<File>,
    partial: PathBuf,
    target: PathBuf,
    published: bool,
}

impl Partial {
    /// The path that the file will have.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// As [`Partial::publish`], under a name that was not known before the file was whole.
    pub fn publish_as(mut self, name: &str) -> Result<(), StoreError> {
        self.target.set_file_name(name);
        self.publish()
    }

    /// Brings the bytes to the disk and puts the file in its place in one step.
    pub fn publish(mut self) -> Result<(), StoreError> {
        self.writer.flush().map_err(StoreError::io("cannot write", &self.target))?;
        self.writer.get_ref().sync_all().map_err(StoreError::io("cannot sync", &self.target))?;
        rename(&self.partial, &self.target)?;
        self.published = true;
        Ok(())
    }

    /// Puts a copy of what was written so far in the file's place and goes on writing.
    pub fn publish_copy(&mut self) -> Result<(), StoreError> {
        self.writer.flush().map_err(StoreError::io("cannot write", &self.target))?;
        let mut name = self.partial.clone().into_os_string();
        name.push(".copy");
        let copy = PathBuf::from(name);
        fs::copy(&self.partial, &copy).map_err(StoreError::io("cannot copy to", &copy))?;
        let synced = File::open(&copy).and_then(|file| file.sync_all());
        synced.map_err(StoreError::io("cannot sync", &copy))?;
        rename(&copy, &self.target)
    }
}

/// Renames and syncs the folder, so that the new name outlives a power cut.
fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::io("cannot put in place", to))?;
    let folder = to.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).map_err(StoreError::io("cannot sync folder", folder))
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            // Best effort: the file is hidden and the next run begins it anew.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_stands_until_the_new_one_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let folder = OutputFolder::create(dir.path().join("a/b")).unwrap();
        let target = folder.path().join("x");
        fs::write(&target, "old").unwrap();
        let mut partial = folder.begin("x").unwrap();
        partial.write_all(b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"old");
        partial.publish_copy().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        partial.write_all(b"er").unwrap();
        partial.publish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"newer");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn an_abandoned_file_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = OutputFolder::create(dir.path()).unwrap();
        drop(folder.begin("x").unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("f"), "").unwrap();
        let error = OutputFolder::create(dir.path().join("f/g")).unwrap_err().to_string();
        assert!(error.contains("f/g"), "{error}");
    }
}
