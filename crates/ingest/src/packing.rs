//! How files are packed, and their unpacking.

use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::Compression;

/// Longest magic number looked for.
pub(crate) const MAGIC_BYTES: usize = 4;

/// Bytes of a packed file read at once.
const PACKED_READ_BYTES: usize = 128 << 10;

/// What the first bytes of a file tell.
pub(crate) fn packed(magic: &[u8]) -> Option<Compression> {
    match magic {
        [0x1F, 0x8B, ..] => Some(Compression::Gzip),
        // A frame, or a skippable frame before it (RFC 8878, section 3.1).
        [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Compression::Zstd),
        _ => None,
    }
}

/// What a file's name promises.
pub(crate) fn promised(path: &Path) -> Option<Compression> {
    match path.extension()?.to_str()? {
        "gz" => Some(Compression::Gzip),
        "zst" => Some(Compression::Zstd),
        _ => None,
    }
}

/// Whether more bytes may turn these into a magic number.
pub(crate) fn unclear(magic: &[u8]) -> bool {
    let begins = |whole: [u8; MAGIC_BYTES]| magic.len() < whole.len() && whole.starts_with(magic);
    magic == [0x1F] || begins([0x28, 0xB5, 0x2F, 0xFD]) || (0x50..=0x5F).any(|n| begins([n, 0x2A, 0x4D, 0x18]))
}

/// Unpacks: all members of a gzip file, all frames of a zstd file.
pub(crate) fn unpack<'a>(
    source: impl Read + Send + 'a,
    compression: Compression,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let buffered = BufReader::with_capacity(PACKED_READ_BYTES, source);
    Ok(match compression {
        Compression::Gzip => Box::new(MultiGzDecoder::new(buffered)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(buffered)?),
    })
}
