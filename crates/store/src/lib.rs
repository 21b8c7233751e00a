//! What Headwater keeps: the store, and the files that a replay leaves behind.
//!
//! The store is made of objects that are created once, in a local folder or an object store ([`Objects`]). On them stands
//! the [`Archive`]: epochs of every input in one chain each, floors and folded files that stand for old epochs, snapshots
//! that shorten a restore, the alert log ([`DetectLog`]), and the drills that wait ([`DrillBox`]). What to do is decided by pure functions ([`plan`],
//! [`Chain`]); the rest reads facts and carries decisions out. A crash between any two steps leaves objects that
//! nothing refers to, never half of something.
//!
//! The files (`alerts.ndjson`, `volumes.parquet`, `rejects.ndjson`, `summary.json`) are written beside their place,
//! brought to the disk and renamed. The same content gives the same bytes: no time, host or random name goes into a
//! file, times of the run go to the summary alone.
//!
//! This crate must not know HTTP or Kafka, nor what an alert means: it is handed finished rows.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod alerts;
mod archive;
mod cache;
mod chain;
mod detect_log;
mod drill;
mod epoch;
mod error;
mod floor;
mod fold_plan;
mod folder;
mod folding;
pub mod layout;
mod listing;
mod objects;
mod rejects;
mod sealed;
mod snapshot;
mod source;
mod space;
mod steps;
mod summary;
mod sweep;
mod verify;
mod volumes;

pub use alerts::{ALERTS_FILE, write_alerts, write_alerts_to};
pub use archive::Archive;
pub use cache::{ColdLedger, LedgerCache};
pub use chain::Chain;
pub use detect_log::{Cells, DetectEntry, DetectLog};
pub use drill::{DrillBox, DrillOrder};
pub use epoch::{
    ArchivedReject, Batches, Change, DERIVED, EpochError, EpochFile, EpochRows, EpochWriter, FORMAT, FileHead,
    FoldHead, Folded, Rejects, TakeRows, Wanted, Within, fold, open,
};
pub use error::StoreError;
pub use floor::{Floor, FoldedFile};
pub use fold_plan::{FoldPlan, FoldPolicy, choose_fold};
pub use folder::{OutputFolder, Partial};
pub use layout::raw_key;
pub use listing::{ArchiveFile, Listing, RestorePlan, plan};
pub use objects::{Created, Limits, Listed, Objects, STORE_FORMAT, StoreFacts, StoreUrl};
pub use rejects::{REJECTS_FILE, RejectsWriter};
pub use sealed::{Committed, SealedEpoch};
pub use snapshot::{PART_BYTES, SnapshotManifest, SnapshotPart, SnapshotReader, SnapshotWriter};
pub use source::{SourceDeclaration, SourceKind};
pub use space::{FolderRoom, Room};
pub use steps::STEPS;
#[cfg(feature = "faults")]
pub use steps::{arm, disarm};
pub use summary::{FileCounts, SUMMARY_FILE, Summary};
pub use sweep::{SWEEP_KEEP, Swept};
pub use verify::Finding;
pub use volumes::{VOLUMES_FILE, volumes_schema, write_volumes, write_volumes_by};
