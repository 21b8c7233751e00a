//! `rejects.ndjson`: every record that was not taken, byte for byte, with its place and its reason.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headwater_model::{RawBatch, Reject};
use serde::Serialize;

use crate::{OutputFolder, Partial, StoreError};

/// Name of the file.
pub const REJECTS_FILE: &str = "rejects.ndjson";

/// Bytes read at a time from a record that was too large for memory. A multiple of 3, so that the base64 of the pieces
/// is the base64 of the whole.
const PIECE_BYTES: usize = 3 * (1 << 16);

/// Writes rejects as they come, so that memory does not grow with their number or size.
pub struct RejectsWriter {
    file: Partial,
}

/// The line's fields before `raw`, in the order of the contract.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u64,
    offset: i64,
    reason: &'static str,
    field: &'a str,
    message: &'a str,
}

impl RejectsWriter {
    /// Begins the file anew.
    pub fn create(folder: &OutputFolder) -> Result<RejectsWriter, StoreError> {
        Ok(RejectsWriter { file: folder.begin(REJECTS_FILE)? })
    }

    /// Appends one reject of `batch`, named `origin` (a file's path, or topic/partition).
    pub fn write(&mut self, origin: &str, batch: &RawBatch, reject: &Reject) -> Result<(), StoreError> {
        let target = self.file.target().to_path_buf();
        self.write_line(origin, batch, reject).map_err(StoreError::io("cannot write", target))
    }

    /// Puts what was written so far in place and goes on.
    pub fn publish_copy(&mut self) -> Result<(), StoreError> {
        self.file.publish_copy()
    }

    /// Puts the file in place.
    pub fn publish(self) -> Result<(), StoreError> {
        self.file.publish()
    }

    fn write_line(&mut self, origin: &str, batch: &RawBatch, reject: &Reject) -> io::Result<()> {
        let record = &batch.records[reject.input as usize];
        let place = Place {
            file: origin,
            line: record.line,
            offset: record.offset.0,
            reason: reject.reason.as_str(),
            field: &reject.field,
            message: &reject.message,
        };
        let head = serde_json::to_vec(&place)?;
        self.file.write_all(&head[..head.len() - 1])?;
        match batch.spilled.iter().find(|s| s.record == reject.input as usize) {
            None => write_raw(&mut self.file, batch.bytes(record))?,
            Some(spilled) => write_spilled(&mut self.file, &spilled.file)?,
        }
        self.file.write_all(b"}\n")
    }
}

fn write_raw(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            out.write_all(b",\"raw\":")?;
            serde_json::to_writer(out, text).map_err(io::Error::from)
        }
        Err(_) => {
            out.write_all(b",\"raw_base64\":\"")?;
            out.write_all(STANDARD.encode(bytes).as_bytes())?;
            out.write_all(b"\"")
        }
    }
}

fn write_spilled(out: &mut impl Write, path: &Path) -> io::Result<()> {
    if is_utf8(path)? {
        out.write_all(b",\"raw\":\"")?;
        let mut held = Vec::new();
        each_piece(path, |piece| {
            held.extend_from_slice(piece);
            let whole = match std::str::from_utf8(&held) {
                Ok(text) => text.len(),
                Err(error) => error.valid_up_to(), // the rest of a character comes with the next piece
            };
            let text = std::str::from_utf8(&held[..whole]).map_err(io::Error::other)?;
            let quoted = serde_json::to_vec(text)?;
            out.write_all(&quoted[1..quoted.len() - 1])?;
            held.drain(..whole);
            Ok(())
        })?;
    } else {
        out.write_all(b",\"raw_base64\":\"")?;
        each_piece(path, |piece| out.write_all(STANDARD.encode(piece).as_bytes()))?;
    }
    out.write_all(b"\"")
}

fn is_utf8(path: &Path) -> io::Result<bool> {
    let mut held = Vec::new();
    let mut good = true;
    each_piece(path, |piece| {
        held.extend_from_slice(piece);
        let whole = match std::str::from_utf8(&held) {
            Ok(text) => text.len(),
            Err(error) => {
                good &= error.error_len().is_none();
                error.valid_up_to()
            }
        };
        if good {
            held.drain(..whole);
        } else {
            held.clear();
        }
        Ok(())
    })?;
    Ok(good && held.is_empty())
}

/// Calls `each` with the file's bytes in pieces of [`PIECE_BYTES`], the last one shorter.
fn each_piece(path: &Path, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    loop {
        piece.clear();
        if file.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece)? == 0 {
            return Ok(());
        }
        each(&piece)?;
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::sync::Arc;

    use headwater_model::{Offset, Partition, RawRecord, Reason, SpilledRecord};

    use super::*;

    /// Writes one reject and reads its raw bytes back from the line.
    fn round_trip(bytes: &[u8], spill: bool) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let folder = OutputFolder::create(dir.path()).unwrap();
        let whole = dir.path().join("whole");
        std::fs::write(&whole, bytes).unwrap();
        let held = if spill { &bytes[..bytes.len().min(10)] } else { bytes };
        let batch = RawBatch {
            data: held.to_vec().into(),
            records: vec![RawRecord { start: 0, len: held.len() as u32, offset: Offset(7), line: 3 }],
            origin: "a.ndjson".into(),
            partition: Partition(0),
            spilled: if spill {
                vec![SpilledRecord { record: 0, file: Arc::new(whole), whole_len: bytes.len() as u64 }]
            } else {
                Vec::new()
            },
            misrouted: Vec::new(),
        };
        let reject =
            Reject { input: 0, reason: Reason::BadJson, field: Cow::Borrowed(""), message: "not \"JSON\"".to_owned() };
        let mut writer = RejectsWriter::create(&folder).unwrap();
        writer.write("a.ndjson", &batch, &reject).unwrap();
        writer.publish().unwrap();
        let text = std::fs::read_to_string(dir.path().join(REJECTS_FILE)).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(line["file"], "a.ndjson");
        assert_eq!((line["line"].as_u64(), line["offset"].as_i64()), (Some(3), Some(7)));
        assert_eq!(line["reason"], "bad_json");
        match line.get("raw") {
            Some(raw) => raw.as_str().unwrap().as_bytes().to_vec(),
            None => STANDARD.decode(line["raw_base64"].as_str().unwrap()).unwrap(),
        }
    }

    #[test]
    fn every_record_is_kept_byte_for_byte() {
        let long = "é\"\\\u{1}😀x".repeat(100_000);
        let mut torn = long.clone().into_bytes();
        torn.pop();
        torn.pop(); // ends within a character
        let cases: [&[u8]; 6] = [b"", b"{", b"\xff\xfe", "\u{0}\"x\\".as_bytes(), long.as_bytes(), &torn];
        for bytes in cases {
            assert!(round_trip(bytes, false) == bytes);
            assert!(round_trip(bytes, true) == bytes);
        }
    }
}
