//! From what was read to the four files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_detect::{Config, Detector};
use headwater_model::{Alert, Counts, Families, KnownDay};
use headwater_store::{OutputFolder, Summary, write_alerts, write_volumes};
use headwater_window::{PaneIndex, VolumeOptions, Volumes, Window, complete_to};

use crate::core::Core;
use crate::memory::peak_rss_bytes;
use crate::versions::versions;

/// Walks the known days, closes each, the last one too, and gives every revision of every alert in the order raised.
///
/// Days without a change are closed like any other, as a live run closes them: an alert expires on its day, not on the
/// next one that happens to bring a report.
pub fn walk(
    window: &Window,
    panes: &PaneIndex,
    catalog: &Arc<Catalog>,
    config: &Config,
    mut each: impl FnMut(KnownDay, &[Alert]) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Alert>> {
    let mut detector = Detector::new(Arc::clone(catalog), config.clone());
    let mut alerts = Vec::new();
    let mut next: Option<KnownDay> = None;
    for (day, changes) in panes.days() {
        let first = next.unwrap_or(day);
        for empty in (first.0.0..day.0.0).map(|d| KnownDay(headwater_model::Day(d))) {
            close(&mut detector, window, empty, &[], &mut alerts, &mut each)?;
        }
        close(&mut detector, window, day, changes, &mut alerts, &mut each)?;
        next = Some(KnownDay(day.0 + 1));
    }
    Ok(alerts)
}

fn close(
    detector: &mut Detector,
    window: &Window,
    day: KnownDay,
    changes: &[headwater_model::Pane],
    alerts: &mut Vec<Alert>,
    each: &mut impl FnMut(KnownDay, &[Alert]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let queries = detector.close(day, changes, &window.names);
    let answers = window.ledger.trace(&queries, &window.names)?;
    let raised = detector.conclude(&answers, &window.names);
    each(day, &raised)?;
    alerts.extend(raised);
    Ok(())
}

/// Computes and writes `alerts.ndjson`, `volumes.parquet` and `summary.json`; the rejects were written as they came.
/// `each` sees every closed day with the alerts raised or revised on it.
pub fn write(
    core: &Core,
    config: &Config,
    folder: &OutputFolder,
    elapsed_s: impl FnOnce() -> f64,
    each: impl FnMut(KnownDay, &[Alert]) -> anyhow::Result<()>,
) -> anyhow::Result<Summary> {
    let window = &core.window;
    let panes = window.panes.sorted(&window.names);
    let alerts = walk(window, &panes, &core.catalog, config, each)?;
    write_alerts(folder, &alerts)?;
    let volumes = Volumes::of(&panes, &window.names, VolumeOptions::default(), |id| families(&core.catalog, id))?;
    write_volumes(folder, volumes.rows())?;
    let complete = complete_to(&panes, &window.names, None);
    let elapsed_s = elapsed_s();
    let mut counts = Counts::default();
    core.inputs.iter().for_each(|input| counts += input.counts);
    let summary = Summary {
        counts,
        files: core.inputs.clone(),
        rejects_by_reason: core.rejects_by_reason.clone(),
        alerts_by_kind: by_kind(&alerts),
        complete_to: complete.overall,
        complete_to_by_source: complete.sources,
        elapsed_s,
        events_per_s: counts.read as f64 / elapsed_s.max(1e-9),
        peak_rss_bytes: peak_rss_bytes(),
        versions: versions(&core.catalog),
    };
    summary.write(folder)?;
    Ok(summary)
}

pub fn families<'c>(catalog: &'c Catalog, id: &str) -> Families<'c> {
    let Some(substance) = catalog.get(id) else { return Families::default() };
    let name = |family| &*catalog.family_at(family).id;
    Families { family: substance.families.first().copied().map(name), market_family: substance.market_family.map(name) }
}

/// Alerts, not revisions, by the word of their kind.
pub fn by_kind(alerts: &[Alert]) -> BTreeMap<String, u64> {
    let distinct: BTreeSet<_> = alerts.iter().map(|a| (a.kind.as_str(), a.alert_id.as_str())).collect();
    let mut kinds = BTreeMap::new();
    for (kind, _) in distinct {
        *kinds.entry(kind.to_owned()).or_default() += 1;
    }
    kinds
}
