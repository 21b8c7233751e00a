//! The rows of an epoch, encoded as they come.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Date32Type;
use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, SchemaRef};
use arrow_select::take::take_record_batch;
use headwater_model::{Day, EpochHead, Names};
use parquet::arrow::ArrowWriter;

use super::changes::{Change, changed};
use super::{EpochError, footer, properties};
use crate::{SealedEpoch, StoreError};

/// What of a batch goes into the epoch.
#[derive(Clone, Debug, Default)]
pub struct EpochRows {
    /// Rows of the batch in the order in which their records arrived: those of records that were new, and the rejects.
    /// Whoever reads the file back takes the records in this order, and of two that disagree the first holds.
    pub kept: Vec<u32>,
    /// What older records' items are taken back or put back in force.
    pub changes: Vec<Change>,
}

/// Writes the file of one epoch into memory.
pub struct EpochWriter {
    writer: ArrowWriter<Vec<u8>>,
    schema: SchemaRef,
    columns: Columns,
    clock_before: Option<Day>,
    rows: u64,
    late: u64,
}

/// Where the columns stand that the writer itself looks into.
struct Columns {
    known_on: usize,
    counted_on: usize,
}

impl EpochWriter {
    /// An epoch of rows of this schema, begun when the input's clock stood at this day.
    pub fn new(schema: SchemaRef, clock_before: Option<Day>) -> Result<EpochWriter, StoreError> {
        let column = |name: &str, expected: DataType| {
            let found = schema.column_with_name(name);
            let at = found.filter(|(_, field)| *field.data_type() == expected).map(|(at, _)| at);
            at.ok_or_else(|| EpochError::Column {
                name: name.to_owned(),
                expected,
                found: found.map_or("absent".to_owned(), |(_, field)| field.data_type().to_string()),
            })
        };
        let columns = Columns {
            known_on: column("known_on", DataType::Date32)?,
            counted_on: column("counted_on", DataType::Date32)?,
        };
        let writer = properties::begin(schema.clone()).map_err(EpochError::parquet("begin"))?;
        Ok(EpochWriter { writer, schema, columns, clock_before, rows: 0, late: 0 })
    }

    /// Takes rows of a batch, which is of the writer's schema, and then the changes.
    pub fn write(&mut self, batch: &RecordBatch, rows: &EpochRows, names: &Names) -> Result<(), StoreError> {
        let ascending = check(&rows.kept, batch.num_rows())?;
        if !rows.kept.is_empty() {
            if ascending && rows.kept.len() == batch.num_rows() {
                self.append(batch.clone())?;
            } else {
                let kept = UInt32Array::from(rows.kept.clone());
                self.append(take_record_batch(batch, &kept).map_err(EpochError::Arrow)?)?;
            }
        }
        if !rows.changes.is_empty() {
            self.append(changed(&self.schema, &rows.changes, names)?)?;
        }
        Ok(())
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows so far whose counted day is later than their known day.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// About how many bytes the file would have if it were sealed now.
    pub fn bytes(&self) -> usize {
        self.writer.bytes_written() + self.writer.in_progress_size()
    }

    /// Ends the file. The number of rows, that of late ones and the clock before are the writer's, whatever the head
    /// says.
    pub fn seal(self, head: EpochHead) -> Result<SealedEpoch, StoreError> {
        let head = EpochHead { rows: self.rows, late_report: self.late, clock_before: self.clock_before, ..head };
        let json =
            serde_json::to_string(&head).map_err(|source| EpochError::Head { key: footer::EPOCH_KEY, source })?;
        let bytes = footer::close(self.writer, footer::EPOCH_KEY, json)?;
        Ok(SealedEpoch::new(head, bytes.into()))
    }

    fn append(&mut self, batch: RecordBatch) -> Result<(), EpochError> {
        let batch = self.counted(batch)?;
        self.rows += batch.num_rows() as u64;
        self.writer.write(&batch).map_err(EpochError::parquet("write"))
    }

    /// The batch with the counted day of each row: its known day, or the clock where that is later.
    fn counted(&mut self, batch: RecordBatch) -> Result<RecordBatch, EpochError> {
        let known = batch.column(self.columns.known_on).as_primitive::<Date32Type>();
        let counted: ArrayRef = match self.clock_before {
            None => Arc::new(known.clone()),
            Some(clock) => {
                let late = known.iter().flatten().filter(|day| *day < clock.0).count();
                self.late += late as u64;
                Arc::new(if late == 0 { known.clone() } else { known.unary(|day| day.max(clock.0)) })
            }
        };
        replaced(batch, self.columns.counted_on, counted)
    }
}

fn replaced(batch: RecordBatch, at: usize, column: ArrayRef) -> Result<RecordBatch, EpochError> {
    let (schema, mut columns, _) = batch.into_parts();
    columns[at] = column;
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Indexes lie in the batch, and none comes twice. Says whether they ascend, as they do unless there are withdrawals.
fn check(indexes: &[u32], rows: usize) -> Result<bool, EpochError> {
    let fault = |row: u32| Err(EpochError::Index { row, rows });
    if let Some(outside) = indexes.iter().find(|row| **row as usize >= rows) {
        return fault(*outside);
    }
    if indexes.is_sorted_by(|a, b| a < b) {
        return Ok(true);
    }
    let mut sorted = indexes.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twice) => fault(twice[0]),
        None => Ok(false),
    }
}
