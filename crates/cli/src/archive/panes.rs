//! What the archive adds up to.

use std::collections::BTreeMap;

use anyhow::anyhow;
use headwater_model::{ArchivedRow, Counts, Input, KnownDay, Names, PaneKey};
use headwater_store::Wanted;
use headwater_window::Panes;

use crate::archive::Holdings;

/// By which day rows are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// When the change was known: as-of questions.
    Known,
    /// When it counted for detection.
    Counted,
}

/// The panes of everything committed, up to a day of that kind.
pub fn panes(holdings: &impl Holdings, by: By, up_to: Option<KnownDay>) -> anyhow::Result<(Names, Panes)> {
    let (mut names, mut panes) = (Names::default(), Panes::default());
    let mut over = None;
    for input in holdings.inputs()? {
        for file in holdings.stock(&input)?.files {
            holdings.read(&input, &file, Wanted::Sums, &mut names, &mut |row: &ArchivedRow<'_>| {
                let day = match by {
                    By::Known => row.known_on,
                    By::Counted => row.counted_on,
                };
                if let (Some(of), Some(day)) = (row.of, day)
                    && up_to.is_none_or(|last| day <= last)
                    && let Err(key) = panes.add(of.key(day), of.sums(row.sign))
                {
                    over.get_or_insert(key);
                }
                Ok(())
            })?;
            if let Some(key) = over {
                return Err(overflow(&names, key));
            }
        }
    }
    Ok((names, panes))
}

/// The account of each input that has an epoch, as its last one gives it.
pub fn totals(holdings: &impl Holdings) -> anyhow::Result<BTreeMap<Input, Counts>> {
    let mut totals = BTreeMap::new();
    for input in holdings.inputs()? {
        if let Some(head) = holdings.last_head(&input)? {
            totals.insert(input, head.total);
        }
    }
    Ok(totals)
}

/// A sum of panes that leaves 64 bits.
pub fn overflow(names: &Names, key: PaneKey) -> anyhow::Error {
    let series = names.series.get(key.series);
    let (substance, route) = (names.substances.get(series.substance), names.routes.get(series.route));
    let (source, day) = (names.sources.get(series.source), key.period().last());
    anyhow!("the sum of {substance} {route} {source} {} on {day} leaves 64 bits", series.evidence)
}
