//! What can be wrong with a table, and where.

use std::io;

use headwater_model::Day;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// Why a table, or the whole import, was given up.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The reader failed.
    #[error("{file}: cannot be read: {source}")]
    Read {
        /// The table.
        file: String,
        /// What the reader said.
        source: io::Error,
    },
    /// More bytes than any edition of the table could have.
    #[error("{file}: more than {limit} bytes: not a table of this kind")]
    TooLarge {
        /// The table.
        file: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The header lacks a column.
    #[error("{file}, line {line}: the header has no column {column:?}; it reads {header:?}")]
    MissingColumn {
        /// The table.
        file: String,
        /// The header's line.
        line: u64,
        /// The column that is missing.
        column: &'static str,
        /// The header as written.
        header: String,
    },
    /// The header has a column that the table is not known to have, or has one twice: it might be a further dimension.
    #[error("{file}, line {line}: the header's column {number} is {column:?}, not one of {known}, each once")]
    UnknownColumn {
        /// The table.
        file: String,
        /// The header's line.
        line: u64,
        /// Its place, from 1.
        number: usize,
        /// Its name as written.
        column: String,
        /// The names of the columns.
        known: String,
    },
    /// The delay given for the whole import is out of range.
    #[error("a reporting lag of {days} days is out of range: at most {limit}")]
    LagDays {
        /// Days given.
        days: u32,
        /// Days allowed.
        limit: u32,
    },
    /// An edition from before its revisions begin.
    #[error("{file}: an edition of {date}: revisions of editions are days since {first}, and there are none before")]
    EditionTooEarly {
        /// The table.
        file: String,
        /// Its day.
        date: Day,
        /// The first day that an edition can have.
        first: Day,
    },
    /// Which of two editions of one day is the later one cannot be told.
    #[error("{first} and {second} are both editions of {date}: give the one that was published last")]
    EditionTwice {
        /// The day.
        date: Day,
        /// One table.
        first: String,
        /// The other.
        second: String,
    },
    /// More rows than any history of the table could have.
    #[error("{file}: more than {limit} rows and changes of rows in all: not editions of one table")]
    TooManyChanges {
        /// The edition at which it became too much.
        file: String,
        /// The limit.
        limit: usize,
    },
    /// A row, where skipping was not asked for.
    #[error(transparent)]
    Row(#[from] Box<RowError>),
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}, column {column:?}: {problem}")]
pub struct RowError {
    /// The table as its caller named it.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The column at fault; empty where it is the row as a whole.
    pub column: &'static str,
    /// What is wrong.
    pub problem: RowProblem,
    /// The row as written, without its line end (bytes that are not UTF-8 are replaced).
    pub raw: String,
}

/// `file`, `line`, `column`, `message`, `raw`: a line of the rejects file.
impl Serialize for RowError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_struct("RowError", 5)?;
        line.serialize_field("file", &self.file)?;
        line.serialize_field("line", &self.line)?;
        line.serialize_field("column", self.column)?;
        line.serialize_field("message", &self.problem.to_string())?;
        line.serialize_field("raw", &self.raw)?;
        line.end()
    }
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// Too few or too many fields.
    #[error("the row has {found} fields, the header {expected}")]
    Fields {
        /// Fields of the row.
        found: usize,
        /// Columns of the header.
        expected: usize,
    },
    /// The field's bytes are not UTF-8.
    #[error("not UTF-8: {0:?}")]
    Utf8(String),
    /// Nothing stands in the field.
    #[error("empty")]
    Empty,
    /// Not a value of a closed list.
    #[error("unknown {what} {value:?}: one of {known}")]
    Unknown {
        /// What the column names.
        what: &'static str,
        /// The value.
        value: String,
        /// The closed list.
        known: String,
    },
    /// Not an office of the editions that this build knows.
    #[error(
        "unknown office {value:?}{}: allow it by name (--office) where a new edition brings a new office, or skip its rows (--keep-going)",
        nearest_of(nearest)
    )]
    UnknownOffice {
        /// The value.
        value: String,
        /// The known office whose name it equals but for case and blanks.
        nearest: Option<&'static str>,
    },
    /// Not a number of the form that the column has.
    #[error("not {what}: {value:?}")]
    NotANumber {
        /// What the column holds.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// A number outside its range.
    #[error("{value} is out of range: {range}")]
    OutOfRange {
        /// The value as written.
        value: String,
        /// The range in words.
        range: String,
    },
    /// Two rows of one table are equal in every dimension: a sum of both and a typing error look the same.
    #[error("equal to line {line} in every dimension: one of the two is wrong")]
    Repeated {
        /// The line of the first.
        line: u64,
    },
    /// A month that had not begun when the edition was published.
    #[error("the month of {first} had not begun on {edition}, the day given for this edition")]
    AfterEdition {
        /// First day of the month.
        first: Day,
        /// Day of the edition.
        edition: Day,
    },
    /// A further table has other figures for a row.
    #[error(
        "{file}, line {line} gives other figures for the same row ({other}): import one edition of a table, or each with its day (--edition)"
    )]
    OtherEdition {
        /// The table of the row that was taken.
        file: String,
        /// Its line.
        line: u64,
        /// Its figures.
        other: String,
    },
}

fn nearest_of(nearest: &Option<&'static str>) -> String {
    nearest.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}
