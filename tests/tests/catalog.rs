//! The embedded catalog against the list it was typed from: the same substances, numbers and codes.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use headwater_catalog::{Catalog, normal_name};
use headwater_model::{HsScope, SubstanceKind};
use headwater_tests::shared;

/// The rows of the list by column name.
fn rows() -> Vec<BTreeMap<String, String>> {
    let path = shared("catalog/substances.csv");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut records = parse(&text).into_iter();
    let header = records.next().expect("a header");
    let rows: Vec<_> = records.map(|r| header.iter().cloned().zip(r).collect()).collect();
    assert!(!rows.is_empty());
    rows
}

/// CSV with quoted fields, as RFC 4180 has it.
fn parse(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => field.extend(chars.next()),
            (_, '"') => quoted = !quoted,
            (false, ',') => record.push(std::mem::take(&mut field)),
            (false, '\n') => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            (false, '\r') => {}
            _ => field.push(c),
        }
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    records
}

/// The parts of a column with several values.
fn parts(text: &str) -> Vec<&str> {
    text.split(';').map(str::trim).filter(|p| !p.is_empty()).collect()
}

#[test]
fn every_row_is_present_with_its_id_numbers_and_codes() {
    let catalog = Catalog::embedded();
    for row in rows() {
        let id = row["id"].as_str();
        let substance = catalog.get(id).unwrap_or_else(|| panic!("{id} is missing"));
        let kind = match row["kind"].as_str() {
            "drug" => SubstanceKind::Drug,
            "adulterant" => SubstanceKind::Adulterant,
            "equipment" => SubstanceKind::Equipment,
            _ => SubstanceKind::Precursor,
        };
        assert_eq!(substance.kind, kind, "{id}");
        let cas: Vec<&str> = substance.cas.iter().map(|c| &**c).collect();
        assert_eq!(cas, parts(&row["cas"]), "{id}");

        let codes: Vec<String> = substance.hs.iter().map(|h| format!("{:06}", h.code6)).collect();
        let wanted = parts(&row["hs2022"]);
        assert_eq!(codes[..wanted.len()], wanted, "{id}");
        let older = &substance.hs[wanted.len()..];
        assert!(older.iter().all(|h| h.scope == HsScope::Basket), "{id}: codes of older editions are baskets");
        let said = row["hs_scope"].as_str();
        let dedicated = said.starts_with("dedicated") && said != "dedicated group";
        for code in &substance.hs[..wanted.len()] {
            assert_eq!(code.scope == HsScope::Dedicated, dedicated, "{id}: {said}");
            assert!(!(code.confirmed && said.contains("confirmed")), "{id}: {said}");
        }
    }
}

#[test]
fn every_row_is_in_its_families() {
    let catalog = Catalog::embedded();
    for row in rows() {
        let id = row["id"].as_str();
        let substance = catalog.get(id).unwrap();
        let families: Vec<&str> = substance.families.iter().map(|f| &*catalog.family_at(*f).id).collect();
        let wanted: Vec<&str> = match substance.kind {
            SubstanceKind::Drug => Vec::new(),
            SubstanceKind::Equipment => vec!["equipment"],
            _ => parts(&row["drug_family"]).into_iter().map(|f| if f == "MDMA" { "mdma" } else { f }).collect(),
        };
        assert_eq!(families, wanted, "{id}");
        let in_market = substance.kind == SubstanceKind::Drug;
        assert_eq!(substance.market_family.is_some(), in_market, "{id}");
    }
}

#[test]
fn every_name_of_the_list_finds_its_substance() {
    let catalog = Catalog::embedded();
    let mut normal = String::new();
    for row in rows() {
        let id = row["id"].as_str();
        // The page from which this row was taken did not show the name, and this one's name lists its members.
        if matches!(id, "depapd" | "nitazenes") {
            continue;
        }
        normal_name(&row["name"], &mut normal);
        assert_eq!(catalog.by_name(&normal), catalog.ix(id), "{}", row["name"]);
    }
}

/// Only what the list gives as a day may stand as a confirmed one.
#[test]
fn confirmed_days_stand_in_the_list() {
    const COLUMNS: [(&str, &str); 6] =
        [("UN", "un_in_force"), ("US", "us"), ("CN", "china"), ("EU", "eu"), ("MX", "mexico"), ("CA", "canada")];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // Rows whose day stands in another row: "as above", or a regulation that is dated where it is named first.
    const REFERRING: [&str; 3] = ["bmk-glycidic-acid", "bmk-glycidate-esters", "encapsulating-machine"];
    let catalog = Catalog::embedded();
    let rows = rows();
    let mut days = 0;
    for row in &rows {
        let id = row["id"].as_str();
        for fact in &catalog.get(id).unwrap().controls {
            let Some(date) = fact.date.filter(|_| fact.day_confirmed) else { continue };
            let (year, month, day) = date.ymd();
            let written = format!("{day} {} {year}", MONTHS[month as usize - 1]);
            let jurisdiction = fact.jurisdiction.to_string();
            let column = COLUMNS.iter().find(|(j, _)| *j == jurisdiction).unwrap().1;
            let found = if REFERRING.contains(&id) {
                rows.iter().any(|r| r[column].contains(&written))
            } else {
                row[column].contains(&written)
            };
            assert!(found, "{id}: {written} in {column}: {}", row[column]);
            days += 1;
        }
    }
    assert!(days > 50, "{days}");
}
