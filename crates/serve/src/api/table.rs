//! Tables in the formats of other programs.

use std::sync::Arc;

use arrow_array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use headwater_model::{Day, Marking, Versions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::Problem;
use crate::params::Params;

/// In what an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
    Arrow,
    Parquet,
}

impl Format {
    const ALL: [(&'static str, Format); 4] =
        [("json", Format::Json), ("csv", Format::Csv), ("arrow", Format::Arrow), ("parquet", Format::Parquet)];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        Format::ALL.iter().find(|(_, format)| *format == self).map_or("", |(word, _)| word)
    }

    fn media(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv",
            Format::Arrow => "application/vnd.apache.arrow.stream",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// As `format` says, or the first of Accept that there is; JSON where neither says anything.
    pub fn of(params: &mut Params, headers: &HeaderMap) -> Result<Format, Problem> {
        if let Some(format) = params.word("format", &Format::ALL)? {
            return Ok(format);
        }
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let medias = accept.split(',').map(|media| media.split(';').next().unwrap_or_default().trim());
        let named = |media: &str| Format::ALL.iter().map(|(_, format)| *format).find(|format| format.media() == media);
        Ok(medias.filter_map(named).next().unwrap_or(Format::Json))
    }
}

/// A column; what is absent is empty.
pub(crate) enum Column {
    Day(Vec<Day>),
    DayOrNone(Vec<Option<Day>>),
    Number(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
}

/// Columns of one length, in their order.
pub(crate) struct Table {
    pub columns: Vec<(&'static str, Column)>,
    pub marking: Marking,
    pub versions: Versions,
}

impl Table {
    /// The table as a file of that name.
    pub fn answer(&self, format: Format, name: &str) -> Result<Response, Problem> {
        let fault = |error: String| Problem::internal(format!("the table cannot be written: {error}"));
        let (body, ending) = match format {
            Format::Json | Format::Csv => (self.csv(), "csv"),
            Format::Arrow => (self.arrow().map_err(|error| fault(error.to_string()))?, "arrows"),
            Format::Parquet => (self.parquet().map_err(|error| fault(error.to_string()))?, "parquet"),
        };
        let media = if format == Format::Csv { "text/csv; charset=utf-8" } else { format.media() };
        let headers = [
            (CONTENT_TYPE, media.to_owned()),
            (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{ending}\"")),
        ];
        Ok((headers, body).into_response())
    }

    fn lines(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| match column {
            Column::Day(days) => days.len(),
            Column::DayOrNone(days) => days.len(),
            Column::Number(numbers) => numbers.len(),
            Column::Text(texts) => texts.len(),
        })
    }

    /// RFC 4180. A text that a spreadsheet would take for a formula begins with an apostrophe.
    fn csv(&self) -> Vec<u8> {
        let mut out = self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
        out.push_str("\r\n");
        for line in 0..self.lines() {
            for (at, (_, column)) in self.columns.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                match column {
                    Column::Day(days) => out.push_str(&days[line].to_string()),
                    Column::DayOrNone(days) => {
                        if let Some(day) = days[line] {
                            out.push_str(&day.to_string());
                        }
                    }
                    Column::Number(numbers) => {
                        if let Some(number) = numbers[line] {
                            out.push_str(&number.to_string());
                        }
                    }
                    Column::Text(texts) => quote(texts[line].as_deref().unwrap_or_default(), &mut out),
                }
            }
            out.push_str("\r\n");
        }
        out.into_bytes()
    }

    fn batch(&self) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let (mut fields, mut arrays): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
        for (name, column) in &self.columns {
            let (data, null, array): (_, _, ArrayRef) = match column {
                Column::Day(days) => {
                    (DataType::Date32, false, Arc::new(Date32Array::from_iter_values(days.iter().map(|day| day.0))))
                }
                Column::DayOrNone(days) => {
                    let days = days.iter().map(|day| day.map(|day| day.0));
                    (DataType::Date32, true, Arc::new(Date32Array::from_iter(days)))
                }
                Column::Number(numbers) => {
                    (DataType::Int64, true, Arc::new(Int64Array::from_iter(numbers.iter().copied())))
                }
                Column::Text(texts) => (DataType::Utf8, true, Arc::new(StringArray::from_iter(texts.iter()))),
            };
            fields.push(Field::new(*name, data, null));
            arrays.push(array);
        }
        let metadata =
            [("marking", self.marking.as_str()), ("build", &self.versions.build), ("catalog", &self.versions.catalog)];
        let metadata = metadata.map(|(name, value)| (format!("headwater.{name}"), value.to_owned()));
        RecordBatch::try_new(Arc::new(Schema::new_with_metadata(fields, metadata)), arrays)
    }

    fn arrow(&self) -> Result<Vec<u8>, arrow_schema::ArrowError> {
        let batch = self.batch()?;
        let mut writer = StreamWriter::try_new(Vec::new(), batch.schema_ref())?;
        writer.write(&batch)?;
        writer.finish()?;
        writer.into_inner()
    }

    fn parquet(&self) -> Result<Vec<u8>, parquet::errors::ParquetError> {
        let batch = self.batch()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by("headwater".to_owned())
            .build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
        writer.write(&batch)?;
        writer.into_inner()
    }
}

fn quote(text: &str, out: &mut String) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !text.contains([',', '"', '\r', '\n']) {
        return out.push_str(text);
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_where_it_must_be_and_never_a_formula() {
        for (text, expected) in
            [("CN>US", "CN>US"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("=1+1", "\"'=1+1\""), ("", "")]
        {
            let mut out = String::new();
            quote(text, &mut out);
            assert_eq!(out, expected);
        }
    }
}
