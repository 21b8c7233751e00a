//! The files that Headwater leaves behind: `alerts.ndjson`, `volumes.parquet`, `rejects.ndjson` and `summary.json`.
//!
//! A reader never sees half a file: each is written beside its place, brought to the disk and renamed. The same content
//! gives the same bytes: no time, host or random name goes into a file, times of the run go to the summary alone.
//!
//! This crate must not know HTTP or Kafka, nor what an alert means: it is handed finished rows.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod alerts;
mod epoch;
mod error;
mod folder;
mod layout;
mod rejects;
mod sealed;
mod summary;
mod volumes;

pub use alerts::{ALERTS_FILE, write_alerts, write_alerts_to};
pub use epoch::{
    ArchivedReject, Batches, Change, DERIVED, EpochError, EpochFile, EpochRows, EpochWriter, FORMAT, FileHead, FoldHead, Folded, Rejects,
    Wanted, Within, fold, open,
};
pub use error::StoreError;
pub use folder::{OutputFolder, Partial};
pub use rejects::{REJECTS_FILE, RejectsWriter};
pub use sealed::SealedEpoch;
pub use summary::{FileCounts, SUMMARY_FILE, Summary};
pub use volumes::{VOLUMES_FILE, volumes_schema, write_volumes, write_volumes_by};
