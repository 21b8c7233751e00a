//! What can go wrong in the store.

use std::io;
use std::path::PathBuf;

use headwater_model::{EpochNumber, Input};

use crate::EpochError;

/// A failure, with the file or object at fault.
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
    /// The place of a store cannot be understood or reached.
    #[error("store {url}: {reason}")]
    Url {
        /// As given.
        url: String,
        /// Why.
        reason: String,
    },
    /// There is no store where one is to be read.
    #[error("there is no store at {url}: it has no {}", crate::layout::STORE_KEY)]
    NoStore {
        /// Where.
        url: String,
    },
    /// The store was written by another version of the program.
    #[error("store {url} has format {found}; this program reads formats {oldest} to {newest}")]
    Format {
        /// Where.
        url: String,
        /// What it has.
        found: u32,
        /// The oldest that is read.
        oldest: u32,
        /// The newest that is read.
        newest: u32,
    },
    /// The filesystem cannot create a file only if it is absent and whole at once.
    #[error(
        "the filesystem of {} has no hard links ({source}): a file could be created twice or seen half written. Put the \
         store on another filesystem or into an object store",
        path.display()
    )]
    NoHardLinks {
        /// The store's folder.
        path: PathBuf,
        /// The system's own word.
        source: io::Error,
    },
    /// The object store took a second create of one key.
    #[error(
        "store {url} ignores the condition create-if-absent: two owners of a partition would overwrite each other's \
         epochs. Use an object store that honours If-None-Match on a put"
    )]
    NoCondition {
        /// Where.
        url: String,
    },
    /// The store did not answer, or answered with errors, after all tries.
    #[error("cannot {what} {key} in {url} after {tries} tries: {cause}")]
    Unavailable {
        /// What was tried, as a verb.
        what: &'static str,
        /// The object.
        key: String,
        /// The store.
        url: String,
        /// How often.
        tries: u32,
        /// The last answer.
        cause: String,
    },
    /// There is no room on the disk.
    #[error("the disk of {url} is full: cannot write {key} ({cause})")]
    DiskFull {
        /// The object.
        key: String,
        /// The store.
        url: String,
        /// The system's own word.
        cause: String,
    },
    /// An object is not what its key says: torn, changed, or of another.
    #[error("object {key} cannot be used: {problem}")]
    Damaged {
        /// The object.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// Epochs are missing between others.
    #[error("epoch {missing} of {input} is missing (object {key}), though later ones are there")]
    Gap {
        /// Of what.
        input: Input,
        /// The first one missing.
        missing: EpochNumber,
        /// Where it should lie.
        key: String,
    },
    /// Another has written there first.
    #[error("object {key} was written by another")]
    Taken {
        /// The object.
        key: String,
    },
    /// A floor above this epoch says that another owns the input.
    #[error("epoch {epoch} of {input} lies below the floor {floor}: another process has taken over")]
    Fenced {
        /// Of what.
        input: Input,
        /// The epoch of this process.
        epoch: EpochNumber,
        /// The highest floor.
        floor: EpochNumber,
    },
    /// The rows or the bytes of an epoch's file; whoever knows the object names it.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// A test stopped the program here.
    #[error("stopped at {at}")]
    Stopped {
        /// The name of the step.
        at: &'static str,
    },
}

impl StoreError {
    /// Names the file and the deed of an I/O error.
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> StoreError {
        let path = path.into();
        move |source| StoreError::Io { what, path, source }
    }

    /// Names the object that is not what its key says.
    pub(crate) fn damaged(key: impl Into<String>, problem: impl ToString) -> StoreError {
        StoreError::Damaged { key: key.into(), problem: problem.to_string() }
    }

    /// Whether the same call may succeed later: the store was not reached, or its disk is full.
    pub fn is_passing(&self) -> bool {
        matches!(self, StoreError::Unavailable { .. } | StoreError::DiskFull { .. })
    }
}
