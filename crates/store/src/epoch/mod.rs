//! The Parquet file of an epoch, and of a run of epochs folded into one: written and read.
//!
//! The columns are those of the schema that the writer is handed (the archive's). Three values in the footer say what
//! the file is: `headwater.format`, and `headwater.epoch` ([`EpochHead`](headwater_model::EpochHead)) or
//! `headwater.fold` ([`FoldHead`]) as JSON. Two more prove that it is whole:
//!
//! * `headwater.footer`: XXH3-128 over everything behind the column chunks (the Parquet footer, its length and the last
//!   four letters), with the digits of both checksums as zeros;
//! * `headwater.checksum`: XXH3-128 over the column chunks as they lie in the file, then over the other `headwater.*`
//!   values in the order of their names.
//!
//! The same rows and head give the same bytes. No file is larger than what one epoch or one fold was given: memory is
//! bounded by the caller's choice of both.

mod changes;
mod error;
mod file;
mod fold;
mod footer;
mod head;
mod order;
mod properties;
mod read;
mod rejects;
mod words;
mod writer;

pub use changes::{Change, DERIVED};
pub use error::EpochError;
pub use file::{Batches, EpochFile, Within, open};
pub use fold::{Folded, fold};
pub use head::{FileHead, FoldHead};
pub use read::{TakeRows, Wanted};
pub use rejects::{ArchivedReject, Rejects};
pub use writer::{EpochRows, EpochWriter};

/// Version of the files that are written.
pub const FORMAT: u32 = 1;
/// Oldest version that is read: one before the current, and never one that no program wrote.
const FORMAT_OLDEST: u32 = if FORMAT > 1 { FORMAT - 1 } else { FORMAT };

/// Rows of a row group at most: what a reader must take to see one column of one row.
const GROUP_ROWS: usize = 1 << 17;
/// Rows that a reader lays out at a time. A row group is a multiple of it, so that no batch lies in two row groups, whose
/// words differ.
const BATCH_ROWS: usize = 1 << 13;
