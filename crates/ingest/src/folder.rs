//! A folder as an input: its files, what is known of them, and reading them on.

mod counts;
mod files;
mod judge;
mod list;
mod lock;
mod open;
mod probe;
mod reader;
mod sizes;
mod stat;
mod text;

use std::io;
use std::path::Path;

use crate::IngestError;

pub use counts::FolderCounts;
pub use list::folder_files;
pub use lock::LockState;
pub use probe::{FolderFacts, probe_folder};
pub use reader::{FolderReader, FolderSettings};
pub use sizes::FolderSizes;

/// The error for a folder that the system refuses.
fn failed(folder: &Path, source: io::Error) -> IngestError {
    match source.kind() {
        io::ErrorKind::NotFound => IngestError::NotFound { path: folder.into() },
        io::ErrorKind::NotADirectory => IngestError::NotFolder { path: folder.into() },
        io::ErrorKind::PermissionDenied => IngestError::PermissionDenied { path: folder.into() },
        _ => IngestError::Read { path: folder.into(), at: 0, source },
    }
}

#[cfg(test)]
mod tests;
