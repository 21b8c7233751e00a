//! `alerts.ndjson`: every revision of every alert, in the order in which it was raised.

use std::io::Write;

use headwater_model::Alert;

use crate::{OutputFolder, StoreError};

/// Name of the file.
pub const ALERTS_FILE: &str = "alerts.ndjson";

/// Writes one JSON object a line.
pub fn write_alerts<'a>(folder: &OutputFolder, alerts: impl IntoIterator<Item = &'a Alert>) -> Result<(), StoreError> {
    let mut file = folder.begin(ALERTS_FILE)?;
    for alert in alerts {
        serde_json::to_writer(&mut file, alert)
            .map_err(|source| StoreError::Json { path: file.target().to_path_buf(), source })?;
        file.write_all(b"\n").map_err(StoreError::io("cannot write", folder.path().join(ALERTS_FILE)))?;
    }
    file.publish()
}
