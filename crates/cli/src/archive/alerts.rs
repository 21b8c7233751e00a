//! The alert log, read.

use std::collections::BTreeMap;

use headwater_model::{Alert, Day};
use headwater_store::DetectEntry;

use crate::archive::Holdings;

/// Every entry of the alert log, in order.
fn entries(holdings: &impl Holdings, mut each: impl FnMut(DetectEntry) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut number = 0;
    while let Some(entry) = holdings.entry(number)? {
        each(entry)?;
        number += 1;
    }
    Ok(())
}

/// Every revision that was told, in the order in which it was made; as of a day, of each alert the last revision of
/// that day or an earlier one.
pub fn told(holdings: &impl Holdings, as_of: Option<Day>) -> anyhow::Result<Vec<Alert>> {
    let mut alerts: Vec<Alert> = Vec::new();
    entries(holdings, |entry| {
        alerts.extend(entry.alerts);
        Ok(())
    })?;
    let Some(day) = as_of else { return Ok(alerts) };
    alerts.retain(|alert| alert.as_of <= day);
    let last: BTreeMap<String, u32> = alerts.iter().map(|a| (a.alert_id.clone(), a.revision)).collect();
    alerts.retain(|alert| last.get(&alert.alert_id) == Some(&alert.revision));
    Ok(alerts)
}

/// The last closed day.
pub fn closed_to(holdings: &impl Holdings) -> anyhow::Result<Option<Day>> {
    let mut closed_to = None;
    entries(holdings, |entry| {
        closed_to = closed_to.max(Some(entry.closed_to));
        Ok(())
    })?;
    Ok(closed_to)
}
