//! The product side of a comparison: lines of JSON through decoder, ledger, panes and volumes.

use std::sync::Arc;

use arrow_buffer::Buffer;
use headwater_catalog::Catalog;
use headwater_model::{Day, Families, KnownDay, Observations, Offset, Partition, RawBatch, RawRecord, SplitBy};
use headwater_normalize::{Normalizer, Settings};
use headwater_window::{PaneIndex, VolumeOptions, Volumes, Window};

use crate::oracle::Split;

/// Records as one batch, as a reader of files makes it.
pub fn batch(records: &[&[u8]]) -> RawBatch {
    let mut data = Vec::new();
    let mut placed = Vec::new();
    for (line, record) in (1..).zip(records) {
        let start = data.len();
        data.extend_from_slice(record);
        data.push(b'\n');
        placed.push(RawRecord { start: start as u32, len: record.len() as u32, offset: Offset(start as i64), line });
    }
    RawBatch {
        data: Buffer::from(data),
        records: placed,
        origin: "stream.ndjson".into(),
        partition: Partition(0),
        spilled: Vec::new(),
        misrouted: Vec::new(),
    }
}

/// Takes records in this order, so many in a batch, as one partition.
pub fn window(catalog: &Arc<Catalog>, lines: &[impl AsRef<[u8]>], batch_records: usize) -> Window {
    let mut normalizer = Normalizer::new(Arc::clone(catalog), Settings::default());
    let mut window = Window::default();
    let mut observations = Observations::default();
    for records in lines.chunks(batch_records) {
        let raw = batch(&records.iter().map(AsRef::as_ref).collect::<Vec<_>>());
        normalizer.process(&raw, &mut window.names, &mut observations);
        window.process(&observations, &raw, &mut ()).unwrap();
    }
    window
}

/// The volumes as they were known on each of some days, as the oracle writes them.
pub fn volumes(window: &Window, as_of: &[Day], split: Split) -> Vec<String> {
    let panes = window.panes.sorted(&window.names);
    let mut lines: Vec<String> = as_of.iter().flat_map(|day| known_by(window, &panes, *day, split)).collect();
    lines.sort();
    lines
}

fn known_by(window: &Window, panes: &PaneIndex, as_of: Day, split: Split) -> Vec<String> {
    let by = SplitBy { place: split.place, access: split.access, flagged: split.flagged, known_on: split.known_on };
    let options = VolumeOptions { as_of: Some(KnownDay(as_of)), by };
    let volumes = Volumes::of(panes, &window.names, options, |_| Families::default()).unwrap();
    volumes
        .rows()
        .map(|row| {
            let place = row.split.place.flatten().map(|p| {
                let part = |t: &Option<Box<str>>| t.as_deref().unwrap_or_default().to_owned();
                format!("{}|{}|{}", p.country, part(&p.subdivision), part(&p.office))
            });
            let mut cells = vec![
                as_of.to_string(),
                row.day.to_string(),
                row.period_days.to_string(),
                row.substance.to_owned(),
                row.route.to_string(),
                row.source.to_owned(),
                row.evidence.to_string(),
                place.unwrap_or_default(),
                row.split.access.map(ToString::to_string).unwrap_or_default(),
                row.split.flagged.map(|f| f.to_string()).unwrap_or_default(),
                row.split.known_on.map(|k| k.0.to_string()).unwrap_or_default(),
            ];
            cells.extend(
                [row.sums.mass_mg, row.sums.pieces, row.sums.incidents, row.sums.events].map(|n| n.to_string()),
            );
            match row.rolling {
                Some(rolling) => {
                    cells.extend(rolling.iter().flat_map(|r| [r.mass_mg.to_string(), r.incidents.to_string()]));
                }
                None => cells.extend(std::iter::repeat_n(String::new(), 8)),
            }
            cells.iter().map(|c| c.replace(',', "+")).collect::<Vec<_>>().join(",")
        })
        .collect()
}
