//! What can go wrong while files are written.

use std::io;
use std::path::PathBuf;

/// A failure, with the file at fault.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own word.
        source: io::Error,
    },
    /// The Parquet writer refused.
    #[error("cannot write {}: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The writer's own word.
        source: parquet::errors::ParquetError,
    },
    /// A row could not be put into its columns.
    #[error("cannot lay out the rows of {}: {source}", path.display())]
    Arrow {
        /// The file.
        path: PathBuf,
        /// The library's own word.
        source: arrow_schema::ArrowError,
    },
    /// A value could not be written as JSON.
    #[error("cannot write {} as JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The serialiser's own word.
        source: serde_json::Error,
    },
}

impl StoreError {
    /// Names the file and the deed of an I/O error.
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> StoreError {
        let path = path.into();
        move |source| StoreError::Io { what, path, source }
    }
}
