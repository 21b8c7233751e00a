//! Snapshots: names and ledger as they are behind an epoch, so that a restore reads only the epochs after it.
//!
//! The window's parts follow each other in the snapshot's bytes, each behind its length in 4 bytes, little-endian.

use std::io::{Read, Write};

use headwater_log::SnapshotWritten;
use headwater_model::{Checksum, EpochHead, EpochNumber, Input};
use headwater_store::{Archive, SnapshotReader, StoreError};
use headwater_window::{Window, WindowLoader};

use super::input::LiveInput;
use super::restore::RestoreError;
use crate::clock::Stopwatch;
use crate::watch::Watch;

/// Longest part that is read back: no window writes a longer one.
const PART_BYTES_MAX: usize = 256 << 20;

/// Whether the rows since the last one exceed half the ledger and so many, and nothing is open that is not committed. So all
/// snapshots together write about what the last one does, and a restore reads no more rows than it reads of a snapshot.
pub fn is_due(live: &LiveInput, rows_min: u64) -> bool {
    live.is_between_epochs()
        && live.rows_since_snapshot >= rows_min
        && live.rows_since_snapshot > live.window.ledger.len() as u64 / 2
}

/// Writes a snapshot of an input whose open epoch is empty. One that is there already, by whomever, does as well.
pub fn write(archive: &Archive, live: &mut LiveInput, watch: &Watch) -> Result<(), RestoreError> {
    let (Some(head), Some(checksum)) = (&live.committed.head, live.committed.checksum) else { return Ok(()) };
    // The head in a snapshot holds a folder's complete progress.
    let (epoch, timer) = (head.epoch, Stopwatch::start());
    let head = EpochHead { to: live.committed.progress.clone(), ..head.clone() };
    let mut writer = match archive.begin_snapshot(head, checksum) {
        Err(StoreError::Taken { .. }) => {
            live.rows_since_snapshot = 0;
            return Ok(());
        }
        other => other?,
    };
    live.window.snapshot(&mut |part| {
        watch.ingest_turns();
        let len = u32::try_from(part.len()).map_err(std::io::Error::other)?;
        writer.write_all(&len.to_le_bytes())?;
        writer.write_all(part)?;
        Ok::<(), RestoreError>(())
    })?;
    writer.finish()?;
    live.rows_since_snapshot = 0;
    let (Input { source, partition }, ledger) = (&live.assignment.input, live.window.ledger.len() as u64);
    SnapshotWritten { source, partition: *partition, epoch, ledger, ms: timer.ms() }.log();
    Ok(())
}

/// Reads a snapshot into an empty window; gives with it the head and the checksum of the last epoch in it.
pub fn read(
    archive: &Archive,
    input: &Input,
    epoch: EpochNumber,
    empty: Window,
    watch: &Watch,
) -> Result<(Window, EpochHead, Checksum), RestoreError> {
    let mut reader = archive.open_snapshot(input, epoch)?;
    let mut loader = WindowLoader::into_empty(empty);
    let mut part = Vec::new();
    while next_part(&mut reader, &mut part)? {
        watch.ingest_turns();
        loader.part(&part)?;
    }
    let manifest = reader.manifest();
    Ok((loader.finish()?, manifest.head.clone(), manifest.checksum))
}

fn next_part(reader: &mut SnapshotReader, part: &mut Vec<u8>) -> Result<bool, RestoreError> {
    let mut len = [0; 4];
    let mut got = 0;
    while got < len.len() {
        match reader.read(&mut len[got..])? {
            0 if got == 0 => return Ok(false),
            0 => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
            more => got += more,
        }
    }
    let len = u32::from_le_bytes(len) as usize;
    if len > PART_BYTES_MAX {
        return Err(std::io::Error::other(format!("a part of {len} bytes, {PART_BYTES_MAX} are allowed")).into());
    }
    part.resize(len, 0);
    reader.read_exact(part)?;
    Ok(true)
}
