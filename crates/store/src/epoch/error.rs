//! What can be wrong with a file of the archive. The caller adds the key under which it lies.

use arrow_schema::{ArrowError, DataType};
use headwater_model::{Checksum, EpochNumber, Input};
use parquet::errors::ParquetError;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum EpochError {
    /// The bytes do not begin or end as a Parquet file does.
    #[error("torn: {bytes} bytes that do not {what}")]
    Torn {
        /// How many bytes there are.
        bytes: usize,
        /// What they do not do.
        what: &'static str,
    },
    /// Its footer says nothing of us.
    #[error("a Parquet file, but none of Headwater's: its footer has no {0}")]
    Foreign(&'static str),
    /// Written by another version of the program.
    #[error("its format is {found:?}; this program reads {oldest} to {newest}")]
    Format {
        /// What the file says.
        found: String,
        /// The oldest that is read.
        oldest: u32,
        /// The newest that is read.
        newest: u32,
    },
    /// It is not what was written.
    #[error("damaged: the checksum of its {part} is {found}, it should be {stated}")]
    Checksum {
        /// Which part.
        part: &'static str,
        /// What the file says.
        stated: String,
        /// What it is.
        found: Checksum,
    },
    /// A value of the footer cannot be read or made.
    #[error("the value {key} of its footer: {source}")]
    Head {
        /// Which value.
        key: &'static str,
        /// The reader's own word.
        source: serde_json::Error,
    },
    /// The head and the file tell of different numbers of rows.
    #[error("its head speaks of {stated} rows, there are {found}")]
    Rows {
        /// What the head says.
        stated: u64,
        /// How many there are.
        found: u64,
    },
    /// A column is of another type than it should be, or absent.
    #[error("column {name} should be {expected} and is {found}")]
    Column {
        /// Which.
        name: String,
        /// The type that it should have.
        expected: DataType,
        /// `absent`, or its type.
        found: String,
    },
    /// A column is absent.
    #[error("it has no column {0}")]
    Absent(String),
    /// A word or a number that its column cannot have.
    #[error("column {column} holds {value:?}")]
    Value {
        /// Which.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// An index into a batch is not below its rows, or not above the one before it.
    #[error("row {row} of a batch of {rows} was to be kept: out of range or out of order")]
    Index {
        /// The index.
        row: u32,
        /// Rows of the batch.
        rows: usize,
    },
    /// Nothing was given to be folded.
    #[error("no file was given to be folded")]
    NothingToFold,
    /// The files to be folded are not one run of epochs.
    #[error("cannot fold epoch {found} of {found_of} behind epoch {last} of {of}")]
    Gap {
        /// The input of the files before.
        of: Input,
        /// The last epoch before.
        last: EpochNumber,
        /// The input of the file at fault.
        found_of: Input,
        /// Its first epoch.
        found: EpochNumber,
    },
    /// The library's own word.
    #[error("cannot {what} its columns: {source}")]
    Parquet {
        /// What was tried, as a verb.
        what: &'static str,
        /// The library's own word.
        source: ParquetError,
    },
    /// The library's own word.
    #[error("cannot lay out its rows: {0}")]
    Arrow(#[from] ArrowError),
}

impl EpochError {
    /// Names what was tried.
    pub(super) fn parquet(what: &'static str) -> impl FnOnce(ParquetError) -> EpochError {
        move |source| EpochError::Parquet { what, source }
    }
}
