//! A file of the archive, opened and proved whole.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use headwater_model::{Checksum, Day};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use parquet::file::statistics::Statistics;

use super::words::words_type;
use super::{BATCH_ROWS, EpochError, FileHead, footer};
use crate::StoreError;

/// A file of the archive in memory. Copies share the bytes.
#[derive(Clone)]
pub struct EpochFile {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
    head: FileHead,
}

/// Only row groups that may hold a day in this range, both ends included, in this column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within<'a> {
    /// `known_on`, `counted_on` or `event_day`.
    pub column: &'a str,
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

/// Proves that the bytes are one whole file of the archive, and reads what it says of itself. Whoever knows the key adds
/// it to the error.
pub fn open(bytes: Bytes) -> Result<EpochFile, StoreError> {
    Ok(opened(bytes)?)
}

fn opened(bytes: Bytes) -> Result<EpochFile, EpochError> {
    footer::prove(&bytes)?;
    let options = parquet::arrow::arrow_reader::ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Skip);
    let metadata = ArrowReaderMetadata::load(&bytes, options).map_err(EpochError::parquet("read the footer of"))?;
    footer::prove_rows(&bytes, metadata.metadata())?;
    let head = if let Some(head) = footer::value(metadata.metadata(), footer::EPOCH_KEY) {
        let head = serde_json::from_str(head).map(FileHead::Epoch);
        head.map_err(|source| EpochError::Head { key: footer::EPOCH_KEY, source })?
    } else {
        let head =
            footer::value(metadata.metadata(), footer::FOLD_KEY).ok_or(EpochError::Foreign(footer::EPOCH_KEY))?;
        let head = serde_json::from_str(head).map(FileHead::Fold);
        head.map_err(|source| EpochError::Head { key: footer::FOLD_KEY, source })?
    };
    let found = metadata.metadata().file_metadata().num_rows() as u64;
    if head.rows() != found {
        return Err(EpochError::Rows { stated: head.rows(), found });
    }
    Ok(EpochFile { bytes, metadata, head })
}

impl EpochFile {
    /// What the file says of itself.
    pub fn head(&self) -> &FileHead {
        &self.head
    }

    /// Its rows.
    pub fn rows(&self) -> u64 {
        self.head.rows()
    }

    /// Its columns.
    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// Its bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Over all its bytes: what a successor and a floor name it by.
    pub fn checksum(&self) -> Checksum {
        Checksum::of(&self.bytes)
    }

    /// The named columns (in the order of the file, whatever that of the names), without the row groups that cannot hold
    /// a row within all the ranges; the rows that come may still lie outside. At most 8,192 rows a batch.
    pub fn batches(&self, columns: &[&str], within: &[Within<'_>]) -> Result<Batches, StoreError> {
        for name in columns.iter().chain(within.iter().map(|w| &w.column)) {
            self.column(name)?;
        }
        let groups = self.metadata.metadata().row_groups().iter().enumerate();
        let groups = groups.filter(|(_, group)| within.iter().all(|w| self.may_hold(group, w))).map(|(i, _)| i);
        Ok(Batches(self.reader(columns, groups.collect(), BATCH_ROWS)?))
    }

    pub(super) fn reader(
        &self,
        columns: &[&str],
        groups: Vec<usize>,
        rows: usize,
    ) -> Result<ParquetRecordBatchReader, EpochError> {
        let mask = ProjectionMask::columns(self.metadata.parquet_schema(), columns.iter().copied());
        ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.metadata.clone())
            .with_projection(mask)
            .with_row_groups(groups)
            .with_batch_size(rows)
            .build()
            .map_err(EpochError::parquet("read"))
    }

    /// The named columns, a row group after the other, without those columns of words of which a row group has none: to
    /// find that out row by row takes the library longer than all that is there.
    pub(super) fn present<'a>(
        &'a self,
        columns: &'a [&str],
        rows: usize,
    ) -> impl Iterator<Item = Result<RecordBatch, EpochError>> + 'a {
        let groups = 0..self.metadata.metadata().num_row_groups();
        groups.flat_map(move |group| {
            let present: Vec<&str> = columns.iter().copied().filter(|name| !self.lacks(group, name)).collect();
            let (batches, error) = match self.reader(&present, vec![group], rows) {
                Ok(batches) => (Some(batches), None),
                Err(error) => (None, Some(Err(error))),
            };
            let batches = batches.into_iter().flatten().map(|batch| batch.map_err(EpochError::Arrow));
            error.into_iter().chain(batches)
        })
    }

    /// Its row groups in which some row may have a word in a column.
    pub(super) fn groups_with(&self, name: &str) -> Vec<usize> {
        (0..self.metadata.metadata().num_row_groups()).filter(|group| !self.lacks(*group, name)).collect()
    }

    /// Whether every row of a row group is null in a column of words.
    fn lacks(&self, group: usize, name: &str) -> bool {
        let group = self.metadata.metadata().row_group(group);
        let at = self.column(name).ok().filter(|at| *self.schema().field(*at).data_type() == words_type());
        let nulls = at.and_then(|at| group.column(at).statistics()).and_then(Statistics::null_count_opt);
        nulls == Some(group.num_rows() as u64)
    }

    fn may_hold(&self, group: &RowGroupMetaData, within: &Within<'_>) -> bool {
        let at = self.column(within.column).ok();
        match at.and_then(|at| group.column(at).statistics()) {
            // Every value may be null, which lies in no range.
            Some(Statistics::Int32(days)) => match (days.min_opt(), days.max_opt()) {
                (Some(min), Some(max)) => *min <= within.to.0 && within.from.0 <= *max,
                _ => days.null_count_opt() != Some(group.num_rows() as u64),
            },
            _ => true,
        }
    }

    /// Where a column stands.
    pub(super) fn column(&self, name: &str) -> Result<usize, EpochError> {
        let found = self.schema().column_with_name(name).map(|(at, _)| at);
        found.ok_or_else(|| EpochError::Absent(name.to_owned()))
    }
}

/// Record batches of a file.
pub struct Batches(ParquetRecordBatchReader);

impl Iterator for Batches {
    type Item = Result<RecordBatch, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|batch| batch.map_err(|source| EpochError::Arrow(source).into()))
    }
}
