//! Many files made one.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, RecordBatch, StringArray, new_null_array};
use arrow_schema::{DataType, Schema, SchemaRef};
use arrow_select::interleave::interleave;
use bytes::Bytes;
use headwater_model::{Checksum, Counts, Table};

use super::file::EpochFile;
use super::order::{At, Order, ranks};
use super::words::{Words, words_type};
use super::{BATCH_ROWS, EpochError, FileHead, FoldHead, footer, open, properties};
use crate::StoreError;

/// Rows laid out at a time while files are read: with the longest bytes of a reject in each they stay below the 2 GiB
/// that a column can hold.
const READ_ROWS: usize = 1 << 11;
/// Bytes of rejects that are laid out at a time while the file is written.
const RAW_BYTES: usize = 64 << 20;

/// A folded file, made and not yet written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// What the file says of itself.
    pub head: FoldHead,
    /// The file.
    pub bytes: Bytes,
    /// Rows in the file.
    pub rows: u64,
    /// Over all bytes of the file.
    pub checksum: Checksum,
}

/// Makes one file of the files of a run of epochs (or of folds), which come in the order of their epochs. Every row stays
/// with all its columns; the order is (known_on, source, event_id, revision, status, item, sign), rejects last by (topic,
/// partition, offset), and rows alike in all these stay in the order in which they came. All rows are in memory at once.
pub fn fold(files: &[Bytes]) -> Result<Folded, StoreError> {
    let files = files.iter().map(|bytes| open(bytes.clone())).collect::<Result<Vec<_>, _>>()?;
    Ok(folded(&files)?)
}

fn folded(files: &[EpochFile]) -> Result<Folded, EpochError> {
    let (schema, head) = (schema(files)?, head(files)?);
    let mut rows = Rows::new(&schema);
    for file in files {
        rows.take(file)?;
    }
    let mut writer = properties::begin(schema.clone()).map_err(EpochError::parquet("begin"))?;
    rows.each_batch(&schema, |batch| writer.write(&batch).map_err(EpochError::parquet("write")))?;
    let json = serde_json::to_string(&head).map_err(|source| EpochError::Head { key: footer::FOLD_KEY, source })?;
    let bytes = Bytes::from(footer::close(writer, footer::FOLD_KEY, json)?);
    Ok(Folded { rows: head.rows, checksum: Checksum::of(&bytes), head, bytes })
}

/// The columns that all files have.
fn schema(files: &[EpochFile]) -> Result<SchemaRef, EpochError> {
    let schema = files.first().ok_or(EpochError::NothingToFold)?.schema();
    for file in &files[1..] {
        for field in schema.fields() {
            let found = &file.schema().fields()[file.column(field.name())?];
            if found.data_type() != field.data_type() {
                return Err(EpochError::Column {
                    name: field.name().clone(),
                    expected: field.data_type().clone(),
                    found: found.data_type().to_string(),
                });
            }
        }
        if let Some(more) = file.schema().fields().iter().find(|f| schema.column_with_name(f.name()).is_none()) {
            return Err(EpochError::Absent(more.name().clone()));
        }
    }
    // Without the metadata, which is the values of the first file's footer.
    Ok(Arc::new(Schema::new(schema.fields().clone())))
}

/// The head of all files, which are one run of epochs.
fn head(files: &[EpochFile]) -> Result<FoldHead, EpochError> {
    let heads = || files.iter().map(EpochFile::head);
    let (Some(first), Some(last)) = (heads().next(), heads().last()) else { return Err(EpochError::NothingToFold) };
    let pairs = heads().zip(heads().skip(1));
    if let Some((before, after)) =
        pairs.into_iter().find(|(a, b)| a.input() != b.input() || a.last().next() != b.first())
    {
        return Err(EpochError::Gap {
            of: before.input().clone(),
            last: before.last(),
            found_of: after.input().clone(),
            found: after.first(),
        });
    }
    let mut counts = Counts::default();
    heads().for_each(|head| counts += head.counts());
    Ok(FoldHead {
        input: first.input().clone(),
        first: first.first(),
        last: last.last(),
        rows: heads().map(FileHead::rows).sum(),
        counts,
    })
}

/// The rows of all files. A column of words holds the numbers of the words of all files.
struct Rows {
    names: Vec<String>,
    batches: Vec<Vec<ArrayRef>>,
    /// Of each column: its words, if it is a column of words.
    words: Vec<Option<Table<Box<str>>>>,
}

impl Rows {
    fn new(schema: &SchemaRef) -> Rows {
        let names = schema.fields().iter().map(|f| f.name().clone());
        let words = schema.fields().iter().map(|f| (*f.data_type() == words_type()).then(Table::default));
        Rows { names: names.collect(), batches: Vec::new(), words: words.collect() }
    }

    fn take(&mut self, file: &EpochFile) -> Result<(), EpochError> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let mut met: Vec<Words<u32>> = self.words.iter().map(|_| Words::new("of words")).collect();
        for batch in file.present(&names, READ_ROWS) {
            let batch = batch?;
            let mut columns = Vec::with_capacity(names.len());
            for ((name, met), words) in names.iter().zip(&mut met).zip(&mut self.words) {
                columns.push(match (batch.column_by_name(name), words) {
                    (Some(column), Some(words)) => {
                        met.set(column, |word| Some(words.intern(word).raw()))?;
                        Arc::new(met.numbers())
                    }
                    (Some(column), None) => column.clone(),
                    (None, _) => new_null_array(&DataType::UInt32, batch.num_rows()),
                });
            }
            self.batches.push(columns);
        }
        Ok(())
    }

    /// Gives the rows in their order, some at a time.
    fn each_batch(
        self,
        schema: &SchemaRef,
        mut each: impl FnMut(RecordBatch) -> Result<(), EpochError>,
    ) -> Result<(), EpochError> {
        let column = |name: &str| schema.index_of(name).map_err(|_| EpochError::Absent(name.to_owned()));
        let list = |column: usize| self.words[column].iter().flat_map(Table::iter).map(|(_, word)| &**word);
        let order = Order::new(column, |column| ranks(&list(column).collect::<Vec<&str>>()))?;
        let lists: Vec<Option<ArrayRef>> = (0..self.words.len())
            .map(|i| self.words[i].is_some().then(|| Arc::new(StringArray::from_iter_values(list(i))) as ArrayRef))
            .collect();
        let raw = column("raw")?;
        let mut rest = &order.sort(&self.batches)?[..];
        while !rest.is_empty() {
            let (some, more) = rest.split_at(self.fitting(raw, rest));
            rest = more;
            let mut columns = Vec::with_capacity(lists.len());
            for (i, list) in lists.iter().enumerate() {
                let from: Vec<&dyn Array> = self.batches.iter().map(|batch| &*batch[i]).collect();
                let laid = interleave(&from, some)?;
                columns.push(match list {
                    Some(list) => word_column(laid, list)?,
                    None => laid,
                });
            }
            each(RecordBatch::try_new(schema.clone(), columns)?)?;
        }
        Ok(())
    }

    /// How many of the next rows are laid out at a time.
    fn fitting(&self, raw: usize, rows: &[At]) -> usize {
        let mut bytes = 0;
        let fits = rows.iter().take(BATCH_ROWS).take_while(|(batch, row)| {
            let column = self.batches[*batch][raw].as_binary_opt::<i32>();
            bytes += column.map_or(0, |column| column.value_length(*row) as usize);
            bytes <= RAW_BYTES
        });
        fits.count().max(1)
    }
}

/// The column of words made of their numbers.
fn word_column(numbers: ArrayRef, list: &ArrayRef) -> Result<ArrayRef, EpochError> {
    let numbers = numbers.as_primitive::<UInt32Type>().clone();
    if list.is_empty() {
        return Ok(new_null_array(&words_type(), numbers.len()));
    }
    Ok(Arc::new(DictionaryArray::try_new(numbers, list.clone())?))
}
