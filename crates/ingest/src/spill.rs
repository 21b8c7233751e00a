//! Records too large for memory, each in a temporary file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use crate::IngestError;

/// Bytes of a spilled record that stay in the batch: enough for a person to recognise it in a message.
pub(crate) const HEAD_BYTES: usize = 4096;

/// The temporary folder of one reader. A file is removed once nobody but this folder holds its path any more, so the
/// disk space is bounded by the batches alive; the folder goes with its reader.
#[derive(Default)]
pub(crate) struct Spill {
    folder: Option<TempDir>,
    alive: Vec<Arc<PathBuf>>,
    made: u64,
}

impl Spill {
    /// Removes the files that no batch holds any more.
    pub fn sweep(&mut self) {
        self.alive.retain(|path| {
            let held = Arc::strong_count(path) > 1;
            if !held {
                // The folder's own removal is the second chance.
                let _ = fs::remove_file(path.as_path());
            }
            held
        });
    }

    /// A new empty file.
    pub fn create(&mut self) -> Result<SpillWriter, IngestError> {
        let made = self.made;
        self.made += 1;
        let open = || -> io::Result<(Option<TempDir>, SpillWriter)> {
            let fresh = match self.folder {
                Some(_) => None,
                None => Some(tempfile::Builder::new().prefix("headwater-").tempdir()?),
            };
            let folder = fresh.as_ref().or(self.folder.as_ref()).map(TempDir::path).unwrap_or_else(|| "".as_ref());
            let path = folder.join(format!("record-{made}"));
            let file = BufWriter::new(File::create_new(&path)?);
            Ok((fresh, SpillWriter { path, file, len: 0 }))
        };
        let (fresh, writer) = open().map_err(failed)?;
        self.folder = fresh.or(self.folder.take());
        Ok(writer)
    }

    /// Keeps a finished file for as long as a batch holds its path. Returns the path and the bytes in it.
    pub fn keep(&mut self, mut writer: SpillWriter) -> Result<(Arc<PathBuf>, u64), IngestError> {
        writer.file.flush().map_err(failed)?;
        let path = Arc::new(writer.path);
        self.alive.push(Arc::clone(&path));
        Ok((path, writer.len))
    }

    /// Removes a file that turned out not to be needed.
    pub fn discard(&mut self, writer: SpillWriter) {
        let _ = fs::remove_file(&writer.path);
    }
}

/// One spilled record being written.
pub(crate) struct SpillWriter {
    path: PathBuf,
    file: BufWriter<File>,
    len: u64,
}

impl SpillWriter {
    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), IngestError> {
        self.file.write_all(bytes).map_err(failed)?;
        self.len += bytes.len() as u64;
        Ok(())
    }
}

fn failed(source: io::Error) -> IngestError {
    IngestError::Spill { folder: std::env::temp_dir(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lives_as_long_as_a_batch_holds_it() {
        let mut spill = Spill::default();
        let mut writer = spill.create().unwrap();
        writer.write(b"ab").unwrap();
        writer.write(b"c").unwrap();
        let (path, len) = spill.keep(writer).unwrap();
        assert_eq!((fs::read(path.as_path()).unwrap(), len), (b"abc".to_vec(), 3));
        spill.sweep();
        assert!(path.exists());
        let name = path.as_path().to_path_buf();
        drop(path);
        spill.sweep();
        assert!(!name.exists());
        let folder = name.parent().unwrap().to_path_buf();
        assert!(folder.exists());
        drop(spill);
        assert!(!folder.exists());
    }
}
