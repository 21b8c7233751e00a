//! Whether a store holds exactly what a load adds up to.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow};
use headwater_catalog::Catalog;
use headwater_model::{Counts, Names};
use headwater_sim::LoadSums;
use headwater_window::Panes;

use super::build;
use crate::archive::{By, Stored, panes, totals};

/// Differences that are told, at most.
const TOLD_MAX: usize = 3;

/// What a store holds.
#[derive(Clone, Debug)]
pub struct Holding {
    /// Epochs of all inputs.
    pub epochs: u64,
    /// Bytes of the archive's files.
    pub archive_bytes: u64,
    /// Panes that are not zero.
    pub panes: u64,
    /// Its account.
    pub counts: Counts,
    /// What of it was held against what is known.
    pub checked: &'static str,
}

/// Reads a store and holds it against the number of records in the topic and, where they are known, the load's sums.
///
/// # Errors
/// What differs.
pub fn check(store: &Path, records: u64, sums: Option<&LoadSums>) -> anyhow::Result<Holding> {
    let archive = build::archive(store)?;
    let stored = Stored::new(archive.clone());
    let mut counts = Counts::default();
    totals(&stored)?.into_values().for_each(|of| counts += of);
    let (mut epochs, mut archive_bytes) = (0, 0);
    for input in archive.inputs()? {
        let files = archive.files(&input)?;
        epochs += files.last().map_or(0, |file| file.last.0 + 1);
        archive_bytes += files.iter().map(|file| file.bytes).sum::<u64>();
    }
    let (names, panes) = panes(&stored, By::Known, None).context("the store's panes")?;
    let mut wrong = Vec::new();
    let mut same = |what: &str, found: u64, wanted: u64| {
        if found != wanted {
            wrong.push(format!("{found} {what}, not {wanted}"));
        }
    };
    same("records read", counts.read, records);
    same("records accounted for", counts.accepted + counts.duplicate + counts.superseded + counts.rejected, records);
    if let Some(sums) = sums {
        same("accepted", counts.accepted, sums.accepted);
        same("duplicates", counts.duplicate, sums.duplicate);
        same("conflicts", counts.conflict, 0);
        wrong.extend(masses(sums, &names, &panes)?);
    }
    if !wrong.is_empty() {
        return Err(anyhow!("the store is not exact: {}", wrong.join("; ")));
    }
    let checked = match sums {
        Some(_) => "sums of masses by substance and route, and the account",
        None => "the number of records",
    };
    Ok(Holding { epochs, archive_bytes, panes: panes.len() as u64, counts, checked })
}

/// Milligrams by substance and route that differ.
fn masses(sums: &LoadSums, names: &Names, panes: &Panes) -> anyhow::Result<Vec<String>> {
    let catalog = Catalog::embedded();
    let mut left: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (cas, route, mass) in sums.masses() {
        let substance = catalog.by_cas(cas).ok_or_else(|| anyhow!("the catalog has no {cas}"))?;
        *left.entry((catalog.substance(substance).id.to_string(), route.to_string())).or_default() += mass;
    }
    let mut found = vec![0i64; names.series.len()];
    for pane in panes.sorted(names).up_to(None) {
        found[pane.key.series.index()] += pane.sums.mass_mg;
    }
    for (id, series) in names.series.iter() {
        let (substance, route) = (names.substances.get(series.substance), names.routes.get(series.route));
        *left.entry((substance.to_string(), route.to_string())).or_default() -= found[id.index()];
    }
    let differing: Vec<_> = left.into_iter().filter(|(_, mass)| *mass != 0).collect();
    let mut told: Vec<String> = differing
        .iter()
        .take(TOLD_MAX)
        .map(|((substance, route), mass)| format!("{substance} {route} lacks {mass} mg"))
        .collect();
    if differing.len() > TOLD_MAX {
        told.push(format!("and {} more", differing.len() - TOLD_MAX));
    }
    Ok(told)
}
