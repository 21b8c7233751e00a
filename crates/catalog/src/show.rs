//! Readable accounts of the catalog, for the command line.

use std::fmt::Write;

use headwater_model::{ControlFact, Substance};

use crate::error::CatalogError;
use crate::{Catalog, normal};

/// Everything that the catalog holds about one substance, found by id, CAS number or any of its names.
pub fn show(catalog: &Catalog, query: &str) -> Option<String> {
    let ix = catalog.ix(query).or_else(|| catalog.by_cas(query)).or_else(|| catalog.by_name(&normal::normal(query)))?;
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = write_substance(&mut out, catalog, catalog.substance(ix));
    Some(out)
}

/// What `show` may have meant by a query that it did not find.
pub fn did_you_mean<'c>(catalog: &'c Catalog, query: &str) -> Option<&'c Substance> {
    catalog.suggest(&normal::normal(query))
}

/// One line a substance: id, kind, families, main CAS number, name; sorted by id.
pub fn list(catalog: &Catalog) -> String {
    let mut out = String::new();
    for s in catalog.substances() {
        let cas = s.cas.first().map_or("-", |c| c);
        let families = family_ids(catalog, s).join(",");
        let families = if families.is_empty() { "-" } else { &families };
        let _ = writeln!(out, "{:<26} {:<10} {families:<30} {cas:<13} {}", s.id, s.kind.as_str(), s.name);
    }
    out
}

/// Checks a user's file over `catalog` and says what it changes.
///
/// # Errors
/// All that is wrong with the file, in the order of its lines.
pub fn check(catalog: &Catalog, file_name: &str, text: &str) -> Result<String, Vec<CatalogError>> {
    let merged = catalog.with_overlay(file_name, text)?;
    let mut out = String::new();
    let _ = writeln!(out, "{file_name}: good, catalog {}", merged.version());
    for s in merged.substances() {
        match catalog.get(&s.id) {
            None => {
                let _ = writeln!(out, "  adds {}", s.id);
            }
            // Places of families move when a file adds one, so families are compared by id.
            Some(old) if family_ids(catalog, old) != family_ids(&merged, s) || !same_facts(old, s) => {
                let _ = writeln!(out, "  changes {}", s.id);
            }
            Some(_) => {}
        }
    }
    for f in merged.families().iter().filter(|f| catalog.family(&f.id).is_none()) {
        let _ = writeln!(out, "  adds family {}", f.id);
    }
    Ok(out)
}

fn same_facts(a: &Substance, b: &Substance) -> bool {
    let without_places = |s: &Substance| Substance { families: Vec::new(), market_family: None, ..s.clone() };
    without_places(a) == without_places(b)
}

/// The ids of a substance's families, precursor families first.
fn family_ids<'c>(catalog: &'c Catalog, s: &Substance) -> Vec<&'c str> {
    s.families.iter().chain(&s.market_family).map(|f| &*catalog.family_at(*f).id).collect()
}

fn write_substance(out: &mut String, catalog: &Catalog, s: &Substance) -> std::fmt::Result {
    writeln!(out, "{} ({})", s.name, s.id)?;
    field(out, "kind", s.kind.as_str())?;
    field(out, "short name", &s.short_name)?;
    field(out, "families", &family_ids(catalog, s).join(", "))?;
    field(out, "CAS", &s.cas.join(", "))?;
    let hs: Vec<String> =
        s.hs.iter()
            .map(|h| format!("{h} ({}{})", h.scope.as_str(), if h.confirmed { "" } else { ", not confirmed" }))
            .collect();
    field(out, "HS", &hs.join(", "))?;
    field(out, "kept in", s.unit.as_str())?;
    if let Some(density) = s.density_mg_per_l {
        field(out, "density", &format!("{} kg/L", thousandths(density, 6)))?;
    }
    for (key, ug) in [("tablet", s.tablet_ug), ("dose", s.dose_ug)] {
        if let Some(ug) = ug {
            field(out, key, &format!("{} mg", thousandths(ug, 3)))?;
        }
    }
    if let Some(v) = &s.unit_value {
        field(out, "unit value", &format!("{} to {} {} per kg", v.low, v.high, v.currency))?;
    }
    field(out, "licit trade", s.licit_trade.as_deref().unwrap_or_default())?;
    field(out, "notes", s.notes.as_deref().unwrap_or_default())?;
    let lines = |out: &mut String, title: &str, lines: Vec<String>| -> std::fmt::Result {
        if !lines.is_empty() {
            writeln!(out, "  {title}")?;
        }
        lines.iter().try_for_each(|line| writeln!(out, "    {line}"))
    };
    lines(
        out,
        "other names",
        s.synonyms
            .iter()
            .map(|n| match &n.source {
                Some(source) => format!("{} [{}] {source}", n.text, n.lang),
                None => format!("{} [{}]", n.text, n.lang),
            })
            .collect(),
    )?;
    lines(out, "control", s.controls.iter().map(control).collect())?;
    lines(out, "sources", s.sources.iter().map(|s| s.to_string()).collect())
}

fn field(out: &mut String, key: &str, value: &str) -> std::fmt::Result {
    if value.is_empty() { Ok(()) } else { writeln!(out, "  {key:<12}{value}") }
}

fn control(fact: &ControlFact) -> String {
    let mut line = format!("{} {}", fact.jurisdiction, fact.status);
    match fact.date {
        Some(date) if fact.day_confirmed => {
            let _ = write!(line, ", since {date}");
        }
        Some(date) => {
            let _ = write!(line, ", since {date} (day not confirmed)");
        }
        None => line.push_str(", date not known"),
    }
    if let Some(until) = fact.until {
        let _ = write!(line, ", until {until}");
    }
    if let Some(note) = &fact.note {
        let _ = write!(line, "; {note}");
    }
    let _ = write!(line, " [{}]", fact.source);
    line
}

/// A number of 10^-`decimals` as a decimal without needless zeros.
fn thousandths(n: u64, decimals: usize) -> String {
    let unit = 10u64.pow(decimals as u32);
    let text = format!("{}.{:0decimals$}", n / unit, n % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
