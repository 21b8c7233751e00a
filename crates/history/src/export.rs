//! Answers as files.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Schema};
use headwater_model::Day;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::{HistoryError, Seen, Table};

/// What an answer can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, RFC 4180, UTF-8, with a line of names; null is nothing between the commas. A text that a
    /// spreadsheet would take for a formula gets an apostrophe before it.
    Csv,
    /// Parquet, zstd.
    Parquet,
    /// Arrow's IPC stream.
    Arrow,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 3] = [Format::Csv, Format::Parquet, Format::Arrow];

    /// Its name, which is what a file's name ends in.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
        }
    }

    /// Reads its name.
    pub fn parse(text: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Parquet => "application/vnd.apache.parquet",
            Format::Arrow => "application/vnd.apache.arrow.stream",
        }
    }
}

/// Rows of an answer as the bytes of a file. Parquet and Arrow carry the answer's marking and whether it is simulated in
/// the metadata of their schema (`headwater.marking`, `headwater.simulated`); a CSV has no place for them: say them
/// beside it. The same rows give the same bytes.
///
/// # Errors
/// [`HistoryError::Format`] where the format cannot hold the rows.
pub fn export<T: Table>(rows: &[T], seen: &Seen, format: Format) -> Result<Vec<u8>, HistoryError> {
    let batch = T::batch(rows);
    let marked = marked(batch.schema().as_ref(), seen);
    let batch = batch.with_schema(marked.into()).map_err(|error| failed(format, &error))?;
    match format {
        Format::Csv => csv(&batch),
        Format::Parquet => parquet(&batch),
        Format::Arrow => arrow(&batch),
    }
}

fn failed(format: Format, error: &dyn std::error::Error) -> HistoryError {
    HistoryError::Format { format: format.as_str(), reason: error.to_string() }
}

fn marked(schema: &Schema, seen: &Seen) -> Schema {
    let marking = seen.marking.map(|marking| ("headwater.marking".to_owned(), marking.as_str().to_owned()));
    let simulated = ("headwater.simulated".to_owned(), seen.simulated.to_string());
    schema.clone().with_metadata(marking.into_iter().chain([simulated]).collect::<arrow_schema::Metadata>())
}

fn parquet(batch: &RecordBatch) -> Result<Vec<u8>, HistoryError> {
    let write = || {
        let compression = Compression::ZSTD(ZstdLevel::try_new(3)?);
        // The library's own version would change the bytes with every upgrade.
        let properties = WriterProperties::builder().set_compression(compression);
        let properties = properties.set_created_by("headwater".to_owned()).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
        writer.write(batch)?;
        writer.into_inner()
    };
    write().map_err(|error| failed(Format::Parquet, &error))
}

fn arrow(batch: &RecordBatch) -> Result<Vec<u8>, HistoryError> {
    let write = || {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
        writer.write(batch)?;
        writer.finish()?;
        writer.into_inner()
    };
    write().map_err(|error| failed(Format::Arrow, &error))
}

fn csv(batch: &RecordBatch) -> Result<Vec<u8>, HistoryError> {
    let write = || -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(batch.schema().fields().iter().map(|field| field.name()))?;
        for row in 0..batch.num_rows() {
            batch.columns().iter().try_for_each(|column| writer.write_field(cell(column, row)))?;
            writer.write_record(None::<&[u8]>)?;
        }
        Ok(writer.into_inner().map_err(|error| error.to_string())?)
    };
    write().map_err(|error| failed(Format::Csv, &*error))
}

/// A cell as text.
fn cell(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return String::new();
    }
    match column.data_type() {
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Date32 => Day(column.as_primitive::<Date32Type>().value(row)).to_string(),
        _ => harmless(column.as_string::<i32>().value(row)),
    }
}

/// A text that no spreadsheet takes for a formula: an event's texts are written by whoever sends events.
fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{text}") } else { text.to_owned() }
}
