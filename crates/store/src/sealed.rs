//! An epoch whose file is made and not yet committed.

use bytes::Bytes;
use headwater_model::{Checksum, EpochHead};

/// The bytes of an epoch with what they say. A retry of the commit sends the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEpoch {
    /// What the file says of itself.
    pub head: EpochHead,
    /// The file.
    pub bytes: Bytes,
    /// Over all bytes of the file: the `previous` of the epoch after it.
    pub checksum: Checksum,
}

impl SealedEpoch {
    /// The file of an epoch with its checksum.
    pub fn new(head: EpochHead, bytes: Bytes) -> SealedEpoch {
        let checksum = Checksum::of(&bytes);
        SealedEpoch { head, bytes, checksum }
    }
}
