//! Snapshots: names and ledger as of an epoch, in parts, so that a restore need not read every row again.

use std::io::{self, Read, Write};

use bytes::Bytes;
use headwater_model::{Checksum, EpochHead, EpochNumber, Input};
use serde::{Deserialize, Serialize};

use crate::archive::json;
use crate::layout;
use crate::steps::step;
use crate::{Archive, Created, Objects, StoreError};

/// Bytes of a part before it is packed; a writer and a reader hold one part at a time.
pub const PART_BYTES: usize = 32 << 20;
/// Largest part that is read, packed or not: a manifest that speaks of more is not one of ours.
const PART_BYTES_MAX: u64 = 64 << 20;
/// Parts that the four digits of their keys can number.
const PARTS_MAX: usize = 10_000;
/// Fast and still a third of the size: a snapshot is written often and read once.
const ZSTD_LEVEL: i32 = 1;

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPart {
    /// Of the object.
    pub bytes: u64,
    /// Of what is packed in it.
    pub plain_bytes: u64,
    /// Of the object.
    pub checksum: Checksum,
}

/// What makes parts a snapshot: written last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotManifest {
    /// Of what.
    pub input: Input,
    /// The last epoch in it.
    pub epoch: EpochNumber,
    /// That epoch's head, with the complete progress of a folder.
    pub head: EpochHead,
    /// Of that epoch's whole file: what the next epoch names as its `previous`.
    pub checksum: Checksum,
    /// Its parts in order.
    pub parts: Vec<SnapshotPart>,
}

/// Writes a snapshot. Bytes come through [`Write`]; dropped before [`SnapshotWriter::finish`] it is no snapshot.
pub struct SnapshotWriter {
    archive: Archive,
    head: EpochHead,
    checksum: Checksum,
    held: Vec<u8>,
    parts: Vec<SnapshotPart>,
}

impl Archive {
    /// Begins a snapshot as of the end of an epoch: `head` is that epoch's, with the complete progress of a folder, and
    /// `checksum` is of its whole file. Refused where a floor lies above it, or where another has written one.
    pub fn begin_snapshot(&self, head: EpochHead, checksum: Checksum) -> Result<SnapshotWriter, StoreError> {
        step!("store::snapshot::begin");
        self.check_floor(&head.input, head.epoch)?;
        let key = layout::manifest_key(&head.input, head.epoch);
        if self.objects().stat(&key)?.is_some() {
            return Err(StoreError::Taken { key });
        }
        Ok(SnapshotWriter { archive: self.clone(), head, checksum, held: Vec::new(), parts: Vec::new() })
    }

    /// Opens a snapshot. Each part is proved whole before a byte of it is given.
    pub fn open_snapshot(&self, input: &Input, epoch: EpochNumber) -> Result<SnapshotReader, StoreError> {
        let key = layout::manifest_key(input, epoch);
        let manifest: SnapshotManifest =
            self.read_json(&key)?.ok_or_else(|| StoreError::damaged(&key, "it is missing"))?;
        let of = (&manifest.input, manifest.epoch, &manifest.head.input, manifest.head.epoch);
        if of != (input, epoch, input, epoch) {
            return Err(StoreError::damaged(
                key,
                format!("foreign: of epoch {} of {}", manifest.epoch, manifest.input),
            ));
        }
        if manifest.parts.len() > PARTS_MAX
            || manifest.parts.iter().any(|part| part.bytes.max(part.plain_bytes) > PART_BYTES_MAX)
        {
            return Err(StoreError::damaged(key, "it speaks of parts that are too many or too large"));
        }
        Ok(SnapshotReader { objects: self.objects().clone(), manifest, next: 0, part: Vec::new(), read: 0 })
    }
}

impl SnapshotWriter {
    /// Writes the manifest: from here on it is a snapshot.
    pub fn finish(mut self) -> Result<SnapshotManifest, StoreError> {
        if !self.held.is_empty() {
            self.write_part()?;
        }
        step!("store::snapshot::parts");
        let (input, epoch) = (self.head.input.clone(), self.head.epoch);
        self.archive.check_floor(&input, epoch)?;
        let key = layout::manifest_key(&input, epoch);
        let manifest = SnapshotManifest { input, epoch, head: self.head, checksum: self.checksum, parts: self.parts };
        match self.archive.objects().create(&key, json(&key, &manifest)?)? {
            Created::New | Created::Same => {}
            Created::Other => return Err(StoreError::Taken { key }),
        }
        step!("store::snapshot::manifest");
        Ok(manifest)
    }

    fn write_part(&mut self) -> Result<(), StoreError> {
        let (input, epoch) = (&self.head.input, self.head.epoch);
        let number = self.parts.len();
        let key = layout::part_key(input, epoch, number as u32);
        if number >= PARTS_MAX {
            return Err(StoreError::damaged(key, format!("a snapshot has at most {PARTS_MAX} parts")));
        }
        let packed = zstd::bulk::compress(&self.held, ZSTD_LEVEL).map_err(|e| StoreError::damaged(&key, e))?;
        let part = SnapshotPart {
            bytes: packed.len() as u64,
            plain_bytes: self.held.len() as u64,
            checksum: Checksum::of(&packed),
        };
        // Never over what lies there: it may be a part of a snapshot that another has just finished.
        match self.archive.objects().create(&key, packed.into())? {
            Created::New | Created::Same => {}
            Created::Other => return Err(StoreError::Taken { key }),
        }
        step!("store::snapshot::part");
        self.parts.push(part);
        self.held.clear();
        Ok(())
    }
}

impl Write for SnapshotWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART_BYTES - self.held.len());
        self.held.extend_from_slice(&bytes[..taken]);
        if self.held.len() == PART_BYTES {
            self.write_part().map_err(io::Error::other)?;
        }
        Ok(taken)
    }

    /// Does nothing: a part is written when it is full, and the last one by [`SnapshotWriter::finish`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a snapshot, through [`Read`].
pub struct SnapshotReader {
    objects: Objects,
    manifest: SnapshotManifest,
    next: usize,
    part: Vec<u8>,
    read: usize,
}

impl SnapshotReader {
    /// What it says of itself.
    pub fn manifest(&self) -> &SnapshotManifest {
        &self.manifest
    }

    /// The next part, unpacked, or `None` behind the last.
    pub fn next_part(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(part) = self.manifest.parts.get(self.next) else { return Ok(None) };
        let key = layout::part_key(&self.manifest.input, self.manifest.epoch, self.next as u32);
        let bytes = self.objects.get(&key)?.ok_or_else(|| StoreError::damaged(&key, "it is missing"))?;
        self.next += 1;
        unpack(&key, &bytes, part).map(Some)
    }
}

fn unpack(key: &str, bytes: &Bytes, part: &SnapshotPart) -> Result<Vec<u8>, StoreError> {
    if bytes.len() as u64 != part.bytes || Checksum::of(bytes) != part.checksum {
        let problem = format!("torn or foreign: {} bytes, {} stated, or another checksum", bytes.len(), part.bytes);
        return Err(StoreError::damaged(key, problem));
    }
    let plain = zstd::bulk::decompress(bytes, part.plain_bytes as usize).map_err(|e| StoreError::damaged(key, e))?;
    if plain.len() as u64 != part.plain_bytes {
        return Err(StoreError::damaged(key, format!("{} of {} bytes are in it", plain.len(), part.plain_bytes)));
    }
    Ok(plain)
}

impl Read for SnapshotReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.read == self.part.len() {
            // The old part goes before the next is fetched: one is held at a time.
            self.part = Vec::new();
            self.read = 0;
            match self.next_part().map_err(io::Error::other)? {
                Some(part) => self.part = part,
                None => return Ok(0),
            }
        }
        let taken = into.len().min(self.part.len() - self.read);
        into[..taken].copy_from_slice(&self.part[self.read..self.read + taken]);
        self.read += taken;
        Ok(taken)
    }
}
