//! Records as they arrived, before anybody looked inside.

use arrow_buffer::Buffer;

use crate::{Offset, Partition};

/// Where one record lies in its batch and where it came from.
#[derive(Clone, Copy, Debug)]
pub struct RawRecord {
    /// First byte in [`RawBatch::data`].
    pub start: u32,
    /// Bytes.
    pub len: u32,
    /// Byte offset in a file, or offset in a Kafka partition.
    pub offset: Offset,
    /// Line in a file, from 1; 0 where there are no lines.
    pub line: u64,
}

/// A record too large to be held in memory: its head lies in the batch, the whole of it in a file of its own.
#[derive(Clone, Debug)]
pub struct SpilledRecord {
    /// Index into [`RawBatch::records`].
    pub record: usize,
    /// The file that holds all its bytes; whoever drops the batch last removes it.
    pub file: std::sync::Arc<std::path::PathBuf>,
    /// Its length in bytes.
    pub whole_len: u64,
}

/// Longest record that is decoded, in bytes. A customs declaration is below 4 KiB; Kafka's own default limit is 1 MiB.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// Longest record that stands in a row of the archive, in bytes, when it is rejected. A longer one lies in the store as
/// an object of its own.
pub const RAW_BYTES_MAX: usize = 512 << 10;

/// A batch of records of one origin (a file, or a partition of a topic).
pub struct RawBatch {
    /// The bytes of all records; text columns of the observations point into it.
    pub data: Buffer,
    /// The records, in order of arrival.
    pub records: Vec<RawRecord>,
    /// File path as named by the user, or topic.
    pub origin: std::sync::Arc<str>,
    /// Partition of the topic; 0 for files.
    pub partition: Partition,
    /// The records over [`RECORD_BYTES_MAX`].
    pub spilled: Vec<SpilledRecord>,
    /// Records (indexes, ascending) whose key belongs into another partition, where the source is held to that.
    pub misrouted: Vec<u32>,
}

impl RawBatch {
    /// The bytes of a record.
    pub fn bytes(&self, record: &RawRecord) -> &[u8] {
        &self.data[record.start as usize..(record.start + record.len) as usize]
    }

    /// Length in bytes of a whole record, by its index; what is spilled counts.
    pub fn whole_len(&self, record: usize) -> u64 {
        let spilled = self.spilled.iter().find(|s| s.record == record).map(|s| s.whole_len);
        spilled.unwrap_or_else(|| u64::from(self.records[record].len))
    }
}
