//! Many files made one.

use bytes::Bytes;
use headwater_model::Checksum;

use super::{EpochError, FoldHead};
use crate::StoreError;

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

/// Makes one file of the files of a run of epochs.
pub fn fold(files: &[Bytes]) -> Result<Folded, StoreError> {
    let _ = files;
    Err(EpochError::NothingToFold.into())
}
