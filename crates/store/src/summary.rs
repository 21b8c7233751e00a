//! `summary.json`: the account of a run. The only file that may hold times of the run.

use std::collections::BTreeMap;
use std::io::Write;

use headwater_model::{Counts, Day, Versions};
use serde::Serialize;

use crate::{OutputFolder, StoreError};

/// Name of the file.
pub const SUMMARY_FILE: &str = "summary.json";

/// The account of one input.
#[derive(Clone, Debug, Serialize)]
pub struct FileCounts {
    /// The file's path, or topic/partition.
    pub file: String,
    /// Its account.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The whole account of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Totals.
    #[serde(flatten)]
    pub counts: Counts,
    /// The same for each input, in the order read.
    pub files: Vec<FileCounts>,
    /// Rejected records by reason.
    pub rejects_by_reason: BTreeMap<&'static str, u64>,
    /// Alerts (not revisions) by kind.
    pub alerts_by_kind: BTreeMap<String, u64>,
    /// The earliest day to which every source's reports are nearly all in.
    pub complete_to: Option<Day>,
    /// The same for each source.
    pub complete_to_by_source: BTreeMap<String, Day>,
    /// Seconds that the run took.
    pub elapsed_s: f64,
    /// Records read a second.
    pub events_per_s: f64,
    /// The most memory that the process held, in bytes.
    pub peak_rss_bytes: u64,
    /// What made the results.
    pub versions: Versions,
}

impl Summary {
    /// Writes the file.
    pub fn write(&self, folder: &OutputFolder) -> Result<(), StoreError> {
        let mut file = folder.begin(SUMMARY_FILE)?;
        serde_json::to_writer_pretty(&mut file, self)
            .map_err(|source| StoreError::Json { path: file.target().to_path_buf(), source })?;
        file.write_all(b"\n").map_err(StoreError::io("cannot write", folder.path().join(SUMMARY_FILE)))?;
        file.publish()
    }
}
