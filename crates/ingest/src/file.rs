//! One file of events.

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_model::RawBatch;

use crate::lines::{Limits, LineError, LineReader};
use crate::packing::{MAGIC_BYTES, packed, promised, unpack};
use crate::spill::Spill;
use crate::{Compression, IngestError};

/// Reads an NDJSON file, plain, gzip (of several members too) or zstd, as batches of about 1 MiB.
///
/// Packing is told by the first bytes; a file whose name promises packing that its first bytes deny is refused, for it
/// is damaged. Memory is bounded whatever the file: see [`FileReader::next_batch`].
pub struct FileReader {
    path: PathBuf,
    compression: Option<Compression>,
    lines: LineReader<Box<dyn Read + Send>>,
    spill: Spill,
    read: Arc<AtomicU64>,
    size: u64,
}

impl FileReader {
    /// Opens a file. The batches' origin is the path as given here.
    ///
    /// # Errors
    /// [`IngestError::NotFound`], [`IngestError::PermissionDenied`], [`IngestError::IsFolder`],
    /// [`IngestError::NotPacked`] or [`IngestError::Read`].
    pub fn open(path: impl AsRef<Path>) -> Result<FileReader, IngestError> {
        FileReader::open_with(path.as_ref(), Limits::default())
    }

    fn open_with(path: &Path, limits: Limits) -> Result<FileReader, IngestError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => IngestError::NotFound { path: path.into() },
            io::ErrorKind::PermissionDenied => IngestError::PermissionDenied { path: path.into() },
            _ => IngestError::Read { path: path.into(), at: 0, source },
        };
        let metadata = fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Err(IngestError::IsFolder { path: path.into() });
        }
        let mut file = File::open(path).map_err(failed)?;
        let mut magic = Vec::with_capacity(MAGIC_BYTES);
        file.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut magic).map_err(failed)?;
        let compression = packed(&magic);
        if let Some(promised) = promised(path)
            && compression != Some(promised)
        {
            return Err(IngestError::NotPacked { path: path.into(), compression: promised });
        }
        let read = Arc::new(AtomicU64::new(0));
        // The first bytes are put back in front instead of seeking, so that a pipe can be read too.
        let counted = Counted { source: Cursor::new(magic).chain(file), read: Arc::clone(&read) };
        let source: Box<dyn Read + Send> = match compression {
            None => Box::new(counted),
            Some(compression) => unpack(counted, compression).map_err(failed)?,
        };
        let origin: Arc<str> = path.to_string_lossy().into();
        let lines = LineReader::new(source, origin, limits);
        let spill = Spill::default();
        Ok(FileReader { path: path.into(), compression, lines, spill, read, size: metadata.len() })
    }

    /// The next records, or `None` at the end of the file.
    ///
    /// Offsets and lines are those of the unpacked text. Blank lines are no records, though they count as lines; a
    /// carriage return before a newline and a byte order mark at the beginning are no part of a record; the last line
    /// needs no newline. A record over [`headwater_model::RECORD_BYTES_MAX`] lies in a file
    /// ([`RawBatch::spilled`]), which is removed some time after the batch's own hold of its path is dropped, and at
    /// the latest with this reader.
    ///
    /// # Errors
    /// [`IngestError::Truncated`], [`IngestError::Damaged`], [`IngestError::Read`] or [`IngestError::Spill`]. The
    /// reader is of no use after one.
    pub fn next_batch(&mut self) -> Result<Option<RawBatch>, IngestError> {
        self.lines.next_batch(&mut self.spill).map_err(|error| match error {
            LineError::Ingest(error) => error,
            LineError::Source(source) => self.failed(source),
        })
    }

    /// Bytes of the file (packed, where it is) read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Size of the file in bytes when it was opened; 0 for a pipe.
    pub fn bytes_total(&self) -> u64 {
        self.size
    }

    fn failed(&self, source: io::Error) -> IngestError {
        let (path, at) = (self.path.clone(), self.bytes_read());
        // An error with a number came from the system, any other from the decoder.
        match self.compression {
            Some(compression) if source.kind() == io::ErrorKind::UnexpectedEof => {
                IngestError::Truncated { path, compression, at }
            }
            Some(compression) if source.raw_os_error().is_none() => {
                IngestError::Damaged { path, compression, at, source }
            }
            _ => IngestError::Read { path, at, source },
        }
    }
}

/// Counts what is read, for a progress bar and for errors.
struct Counted<R> {
    source: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.source.read(buffer)?;
        self.read.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn text(lines: usize) -> Vec<u8> {
        (0..lines).flat_map(|n| format!("{{\"event_id\":\"{n}\",\"x\":{}}}\n", n * 7919).into_bytes()).collect()
    }

    fn records(path: &Path) -> Result<Vec<(i64, u64, Vec<u8>)>, IngestError> {
        let mut reader = FileReader::open(path)?;
        let mut out = Vec::new();
        while let Some(batch) = reader.next_batch()? {
            assert_eq!(&*batch.origin, path.to_str().unwrap());
            out.extend(batch.records.iter().map(|r| (r.offset.0, r.line, batch.bytes(r).to_vec())));
        }
        assert_eq!(reader.bytes_read(), reader.bytes_total());
        Ok(out)
    }

    #[test]
    fn plain_gzip_and_zstd_are_equal() {
        let dir = tempfile::tempdir().unwrap();
        let text = text(100_000);
        let (first, second) = text.split_at(1_234_567);
        let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        let cases = [
            ("plain.ndjson", text.clone()),
            ("one.ndjson.gz", gzip(&text)),
            ("members.ndjson.gz", [gzip(first), gzip(second)].concat()),
            ("frame.ndjson.zst", zstd(&text)),
            ("frames.ndjson.zst", [zstd(first), zstd(second)].concat()),
            ("gzip-without-its-ending", gzip(&text)),
            ("zstd-without-its-ending.ndjson", zstd(&text)),
        ];
        let mut all = Vec::new();
        for (name, bytes) in cases {
            let path = dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            all.push(records(&path).unwrap());
        }
        assert_eq!(all[0].len(), 100_000);
        assert_eq!(all[0][1], (23, 2, b"{\"event_id\":\"1\",\"x\":7919}".to_vec()));
        for other in &all[1..] {
            assert!(*other == all[0]);
        }
    }

    #[test]
    fn refusals_name_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let text = text(100_000);
        let gz = gzip(&text);
        let mut broken = gz.clone();
        let middle = broken.len() / 2;
        broken[middle..middle + 64].fill(0xFF);
        fs::write(at("broken.gz"), broken).unwrap();
        fs::write(at("cut.gz"), &gz[..gz.len() / 2]).unwrap();
        let zst = zstd::encode_all(&text[..], 1).unwrap();
        fs::write(at("cut.zst"), &zst[..zst.len() / 2]).unwrap();
        fs::write(at("plain.gz"), &text).unwrap();
        fs::write(at("empty.zst"), b"").unwrap();
        let cases: [(&str, &str); 7] = [
            ("missing", "no such file"),
            ("", "is a folder"),
            ("broken.gz", "damaged before byte"),
            ("cut.gz", "cut off at byte"),
            ("cut.zst", "cut off at byte"),
            ("plain.gz", "named as gzip"),
            ("empty.zst", "named as zstd"),
        ];
        for (name, part) in cases {
            let error = records(&at(name)).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(name), "{name}: {error}");
        }
        fs::write(at("empty.ndjson"), b"").unwrap();
        assert!(records(&at("empty.ndjson")).unwrap().is_empty());
    }
}
