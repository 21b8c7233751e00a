//! The records that were not taken, read back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, BinaryArray, RecordBatch, StringViewArray};
use headwater_model::{Offset, Partition, Reason};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::read::Column;
use super::words::Words;
use super::{EpochError, EpochFile};
use crate::StoreError;

/// Rows laid out at a time: with the longest bytes in each they take 64 MiB.
const ROWS: usize = 128;

const COLUMNS: [&str; 7] = ["topic", "partition", "offset", "reason", "field", "message", "raw"];

/// A record that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedReject {
    /// Topic or file.
    pub topic: Arc<str>,
    /// Partition of the topic; 0 for files.
    pub partition: Partition,
    /// Offset in the partition, or byte offset in the file.
    pub offset: Offset,
    /// Why.
    pub reason: Reason,
    /// The field at fault; empty where it is the record as a whole.
    pub field: String,
    /// A sentence for people.
    pub message: String,
    /// Its bytes; none where they lie in the store as an object of their own.
    pub raw: Option<Vec<u8>>,
}

/// Rejects of a file, in its order.
pub struct Rejects {
    reader: ParquetRecordBatchReader,
    batch: Option<RecordBatch>,
    row: usize,
    reason: Words<Reason>,
    topic: Words<u32>,
    topics: Vec<Arc<str>>,
}

impl EpochFile {
    /// Its rejects, in the order of the file.
    pub fn rejects(&self) -> Result<Rejects, StoreError> {
        for name in COLUMNS {
            self.column(name)?;
        }
        Ok(Rejects {
            reader: self.reader(&COLUMNS, self.groups_with("reason"), ROWS)?,
            batch: None,
            row: 0,
            reason: Words::new("reason"),
            topic: Words::new("topic"),
            topics: Vec::new(),
        })
    }
}

impl Rejects {
    fn advance(&mut self) -> Result<Option<ArchivedReject>, EpochError> {
        loop {
            if let Some(batch) = &self.batch {
                while self.row < batch.num_rows() {
                    let row = self.row;
                    self.row += 1;
                    if let Some(reason) = self.reason.get(row) {
                        return self.reject(batch, row, reason).map(Some);
                    }
                }
            }
            let Some(batch) = self.reader.next() else { return Ok(None) };
            let batch = batch?;
            let column = |name: &str| batch.column_by_name(name).ok_or_else(|| EpochError::Absent(name.to_owned()));
            self.reason
                .set(column("reason")?, |word| Reason::ALL.into_iter().find(|reason| reason.as_str() == word))?;
            let mut first = true;
            let topics = &mut self.topics;
            self.topic.set(column("topic")?, |word| {
                if std::mem::take(&mut first) {
                    topics.clear();
                }
                topics.push(word.into());
                Some(topics.len() as u32 - 1)
            })?;
            (self.batch, self.row) = (Some(batch), 0);
        }
    }

    fn reject(&self, batch: &RecordBatch, row: usize, reason: Reason) -> Result<ArchivedReject, EpochError> {
        let text = |name: &str| -> Result<String, EpochError> {
            let column: Option<&StringViewArray> = batch.column_by_name(name).and_then(|c| c.as_string_view_opt());
            Ok(column.ok_or_else(|| EpochError::Absent(name.to_owned()))?.value(row).to_owned())
        };
        let raw: Option<&BinaryArray> = batch.column_by_name("raw").and_then(|c| c.as_binary_opt());
        let raw = raw.ok_or_else(|| EpochError::Absent("raw".to_owned()))?;
        Ok(ArchivedReject {
            topic: self.topics[self.topic.must(row)? as usize].clone(),
            partition: Partition(Column::<Int32Type>::of(batch, "partition")?.must(row)?),
            offset: Offset(Column::<Int64Type>::of(batch, "offset")?.must(row)?),
            reason,
            field: text("field")?,
            message: text("message")?,
            raw: raw.is_valid(row).then(|| raw.value(row).to_vec()),
        })
    }
}

impl Iterator for Rejects {
    type Item = Result<ArchivedReject, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().map_err(StoreError::from).transpose()
    }
}
