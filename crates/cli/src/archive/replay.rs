//! `replay --from-archive`: the archive's days walked again.

use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_detect::Config;
use headwater_model::{Alert, Counts, Day, KnownDay};
use headwater_store::{FileCounts, OutputFolder, Summary, write_alerts, write_volumes};
use headwater_window::{VolumeOptions, Volumes, complete_to};

use crate::archive::{By, Holdings, closed_to, panes, told, totals, write_rejects};
use crate::detecting::{Walk, first_difference};
use crate::memory::peak_rss_bytes;
use crate::results;
use crate::versions::versions;

/// The days that are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Alerts told on this day or later.
    pub from: Day,
    /// And on this day or earlier; volumes as they were known then.
    pub to: Day,
}

/// What a replay of the archive gave.
pub struct Replayed {
    /// As written.
    pub summary: Summary,
    /// The first alert in which it differs from what was told on those days, if it does.
    pub differs: Option<Alert>,
}

/// Walks the counted days of the archive from its first to `span.to` and writes the four files: `alerts.ndjson` with the
/// revisions told in the span, `volumes.parquet` as known on its last day, every reject, and the account of all that
/// was committed.
pub fn replay(
    holdings: &impl Holdings,
    catalog: &Arc<Catalog>,
    config: &Config,
    span: Span,
    folder: &OutputFolder,
    elapsed_s: impl FnOnce() -> f64,
) -> anyhow::Result<Replayed> {
    let alerts = walk(holdings, catalog, config, span)?;
    write_alerts(folder, &alerts)?;
    let (names, known) = panes(holdings, By::Known, Some(KnownDay(span.to)))?;
    let index = known.sorted(&names);
    let volumes = Volumes::of(&index, &names, VolumeOptions::default(), |id| results::families(catalog, id))?;
    write_volumes(folder, volumes.rows())?;
    let complete = complete_to(&index, &names, None);
    let files: Vec<FileCounts> =
        totals(holdings)?.into_iter().map(|(input, counts)| FileCounts { file: input.to_string(), counts }).collect();
    let rejects_by_reason = write_rejects(holdings, folder)?;
    let mut counts = Counts::default();
    files.iter().for_each(|file| counts += file.counts);
    let elapsed_s = elapsed_s();
    let summary = Summary {
        counts,
        files,
        rejects_by_reason,
        alerts_by_kind: results::by_kind(&alerts),
        complete_to: complete.overall,
        complete_to_by_source: complete.sources,
        elapsed_s,
        events_per_s: counts.read as f64 / elapsed_s.max(1e-9),
        peak_rss_bytes: peak_rss_bytes(),
        versions: versions(catalog),
    };
    summary.write(folder)?;
    let in_span = |alert: &Alert| (span.from..=span.to).contains(&alert.as_of);
    let told: Vec<Alert> = told(holdings, None)?.into_iter().filter(in_span).collect();
    let closed_to = closed_to(holdings)?;
    let again: Vec<Alert> = alerts.into_iter().filter(|alert| Some(alert.as_of) <= closed_to).collect();
    Ok(Replayed { summary, differs: first_difference(&told, &again).cloned() })
}

/// The revisions of the span, in the order in which they are made.
fn walk(holdings: &impl Holdings, catalog: &Arc<Catalog>, config: &Config, span: Span) -> anyhow::Result<Vec<Alert>> {
    let (mut names, counted) = panes(holdings, By::Counted, Some(KnownDay(span.to)))?;
    let index = counted.sorted(&names);
    let Some((mut day, _)) = index.days().next() else { return Ok(Vec::new()) };
    let mut walk = Walk::new(catalog, config);
    let mut alerts = Vec::new();
    walk.hand_in(index, KnownDay(span.to));
    while let Some(walked) = walk.next(holdings, day, &mut names)? {
        if span.from <= walked.day.0 {
            alerts.extend(walked.alerts);
        }
        day = KnownDay(walked.day.0 + 1);
    }
    Ok(alerts)
}
