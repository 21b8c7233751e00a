//! `headwater catalog`, and the reference data of every other command.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use headwater_catalog::{Catalog, CatalogError};

use crate::args::Overlay;
use crate::failure::Failure;

/// The built-in catalog with the user's files merged over it, in the order given.
pub fn load(overlay: &Overlay) -> Result<Arc<Catalog>, Failure> {
    let mut catalog = Catalog::embedded();
    for path in &overlay.files {
        let text = read(path)?;
        catalog = Arc::new(catalog.with_overlay(&path.to_string_lossy(), &text).map_err(refusal)?);
    }
    Ok(catalog)
}

/// `headwater catalog check`.
pub fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let mut catalog = Catalog::embedded();
    let mut out = std::io::stdout().lock();
    if files.is_empty() {
        let (substances, families) = (catalog.substances().len(), catalog.families().len());
        writeln!(out, "built-in catalog {}: good, {substances} substances, {families} families", catalog.version())?;
    }
    for path in files {
        let (name, text) = (path.to_string_lossy(), read(path)?);
        let report = headwater_catalog::check(&catalog, &name, &text).map_err(refusal)?;
        out.write_all(report.as_bytes())?;
        catalog = Arc::new(catalog.with_overlay(&name, &text).map_err(refusal)?);
    }
    Ok(())
}

/// `headwater catalog show`.
pub fn show(substance: Option<&str>, overlay: &Overlay) -> Result<(), Failure> {
    let catalog = load(overlay)?;
    let text = match substance {
        None => headwater_catalog::list(&catalog),
        Some(query) => headwater_catalog::show(&catalog, query).ok_or_else(|| {
            let hint = headwater_catalog::did_you_mean(&catalog, query);
            let hint = hint.map(|s| format!("; did you mean `{}`?", s.id)).unwrap_or_default();
            Failure::Usage(format!("no substance `{query}` in the catalog{hint}"))
        })?,
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A bad file of the user's is a configuration error: every fault, a line each.
fn refusal(errors: Vec<CatalogError>) -> Failure {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    Failure::Usage(lines.join("\n"))
}
