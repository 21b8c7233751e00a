//! A rejected record that is too large for a row: it lies in the store as an object of its own.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use headwater_model::{Offset, RawBatch};

/// Where the record came from, and where its bytes are.
pub struct Large {
    /// Topic or file.
    pub topic: Arc<str>,
    /// Offset there.
    pub offset: Offset,
    bytes: Bytes,
}

enum Bytes {
    Held(Vec<u8>),
    /// In a file that lasts as long as this hold of its path.
    Spilled(Arc<PathBuf>),
}

impl Large {
    /// A record of a batch, by its index.
    pub fn of(batch: &RawBatch, record: usize) -> Large {
        let bytes = match batch.spilled.iter().find(|spilled| spilled.record == record) {
            Some(spilled) => Bytes::Spilled(Arc::clone(&spilled.file)),
            None => Bytes::Held(batch.bytes(&batch.records[record]).to_vec()),
        };
        Large { topic: Arc::clone(&batch.origin), offset: batch.records[record].offset, bytes }
    }

    /// All its bytes.
    pub fn read(&self) -> anyhow::Result<Vec<u8>> {
        match &self.bytes {
            Bytes::Held(bytes) => Ok(bytes.clone()),
            Bytes::Spilled(path) => {
                std::fs::read(path.as_path()).with_context(|| format!("cannot read back {}", path.display()))
            }
        }
    }
}
