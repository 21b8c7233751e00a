//! The text of an open file, up to the size that it had when it was opened.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::Compression;
use crate::packing::unpack;

/// Bytes passed over between two questions whether to go on.
const PASS_BYTES: usize = 128 << 10;

/// Ends where the file ends, or where it cannot be read or unpacked further: then it remembers why.
pub(super) struct Text<'a> {
    reader: Box<dyn Read + Send + 'a>,
    packed: bool,
    failure: Option<io::Error>,
}

/// Text that was passed over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    /// How much there was of what was asked for.
    pub bytes: u64,
    /// The last byte of it.
    pub last: Option<u8>,
}

impl<'a> Text<'a> {
    /// Of a plain file, from where reading stands.
    pub fn plain(mut file: &'a File, from: u64, size: u64) -> io::Result<Text<'a>> {
        file.seek(SeekFrom::Start(from))?;
        let reader = Box::new(file.take(size.saturating_sub(from)));
        Ok(Text { reader, packed: false, failure: None })
    }

    /// Of a packed one, from its beginning.
    pub fn packed(mut file: &'a File, size: u64, compression: Compression) -> io::Result<Text<'a>> {
        file.rewind()?;
        Ok(Text { reader: unpack(file.take(size), compression)?, packed: true, failure: None })
    }

    /// Passes over so many bytes, or as many as there are; `None` when nobody wants them any more.
    pub fn pass(&mut self, at_most: u64, mut wanted: impl FnMut() -> bool) -> Option<Passed> {
        let mut buffer = vec![0; PASS_BYTES];
        let mut passed = Passed::default();
        while passed.bytes < at_most {
            if !wanted() {
                return None;
            }
            let most = buffer.len().min(usize::try_from(at_most - passed.bytes).unwrap_or(usize::MAX));
            match self.read(&mut buffer[..most]) {
                Ok(0) => break,
                Ok(got) => {
                    passed.bytes += got as u64;
                    passed.last = Some(buffer[got - 1]);
                }
                // Only interruptions come through.
                Err(_) => {}
            }
        }
        Some(passed)
    }

    /// Packed data that came to their good end: nothing of the last line is missing.
    pub fn is_whole(&self) -> bool {
        self.packed && self.failure.is_none()
    }

    /// Why it ended before the file.
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Ok(0);
        }
        match self.reader.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.failure = Some(error);
                Ok(0)
            }
            read => read,
        }
    }
}
