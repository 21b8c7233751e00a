//! `alerts.ndjson`: every revision of every alert, in the order in which it was raised.

use std::io::Write;

use headwater_model::Alert;

use crate::{OutputFolder, Partial, StoreError};

/// Name of the file.
pub const ALERTS_FILE: &str = "alerts.ndjson";

/// Writes one JSON object a line, as [`ALERTS_FILE`].
pub fn write_alerts<'a>(folder: &OutputFolder, alerts: impl IntoIterator<Item = &'a Alert>) -> Result<(), StoreError> {
    write_alerts_to(folder.begin(ALERTS_FILE)?, alerts)
}

/// Writes one JSON object a line and puts the file in its place.
pub fn write_alerts_to<'a>(mut file: Partial, alerts: impl IntoIterator<Item = &'a Alert>) -> Result<(), StoreError> {
    let path = file.target().to_path_buf();
    for alert in alerts {
        serde_json::to_writer(&mut file, alert).map_err(|source| StoreError::Json { path: path.clone(), source })?;
        file.write_all(b"\n").map_err(StoreError::io("cannot write", &path))?;
    }
    file.publish()
}
