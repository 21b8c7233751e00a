//! The sentence: what fell and what rose in where since about when. No cause, no adjective, no forecast.

use headwater_catalog::Catalog;
use headwater_model::{Day, Evidence, Kind, Phrase};

use crate::area::Area;
use crate::cell::CellKey;
use crate::label_name::LabelName;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The sentence in English, and its parts for other languages: the template is the kind's name. Of a displacement
/// `falling` and `rising` are the routes, or the origins, and `family` says of what.
pub(crate) fn sentence(
    key: &CellKey,
    falling: &LabelName,
    rising: &LabelName,
    evidence: Evidence,
    onset: Day,
    catalog: &Catalog,
) -> (String, Phrase) {
    let country = key.area.market().map(|market| catalog.country_name(market).unwrap_or(market.as_str()).to_owned());
    let place = match (country, key.area.place()) {
        (None, _) => "worldwide".to_owned(),
        (Some(country), None) => country,
        (Some(country), Some(place)) => format!("{place} ({country})"),
    };
    let into = if key.kind == Kind::Displacement && key.area != Area::World { "into" } else { "in" };
    let sentence = format!(
        "{} fell and {} rose {into} {place} {} since about {}",
        capital(&falling.short),
        inner(&rising.short),
        plural(evidence),
        day_words(onset)
    );
    let (falling, rising) = match key.kind {
        Kind::Displacement => (&falling.id, &rising.id),
        _ => (&falling.short, &rising.short),
    };
    let mut parts = Phrase::new(key.kind.as_str())
        .with("falling", falling.as_str())
        .with("rising", rising.as_str())
        .with("market", key.area.market_word())
        .with("evidence", evidence.as_str())
        .with("since", onset);
    if let Some(place) = key.area.place() {
        parts = parts.with("place", place);
    }
    if key.kind == Kind::Displacement {
        parts = parts.with("family", &*key.family);
    }
    (sentence, parts)
}

/// `15 Oct 2020`.
pub(crate) fn day_words(day: Day) -> String {
    let (year, month, day) = day.ymd();
    format!("{day} {} {year}", MONTHS[month as usize - 1])
}

fn plural(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Import => "imports",
        Evidence::Export => "exports",
        Evidence::Transit => "transit",
        Evidence::PreExportNotice => "pre-export notices",
        Evidence::SuspiciousOrder => "suspicious orders",
        Evidence::Seizure => "seizures",
        Evidence::StoppedShipment => "stopped shipments",
        Evidence::Theft => "thefts",
        Evidence::Laboratory => "laboratories",
        Evidence::Identification => "identifications",
    }
}

/// A name at the start of a sentence.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A name inside a sentence: a plain word begins small, an abbreviation (`MDMA`, `P-2-P`) stays as it is.
fn inner(name: &str) -> String {
    let word = name.split([' ', '-']).next().unwrap_or_default();
    let plain = word.chars().count() > 1 && word.chars().skip(1).all(|c| c.is_lowercase());
    if !plain {
        return name.to_owned();
    }
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_model::Country;

    fn substance(short: &str) -> LabelName {
        LabelName { id: short.to_lowercase(), name: short.into(), short: short.into(), cas: None }
    }

    fn key(kind: Kind, area: Area) -> CellKey {
        CellKey { kind, family: "opioids".into(), area }
    }

    fn said(key: &CellKey, falling: &LabelName, rising: &LabelName, evidence: Evidence) -> (String, Phrase) {
        sentence(key, falling, rising, evidence, Day::parse("2020-10-15").unwrap(), &Catalog::embedded())
    }

    fn country(letters: &[u8; 2]) -> Country {
        Country::from_letters(*letters).unwrap()
    }

    #[test]
    fn the_sentence_names_no_more_than_was_seen() {
        let us = country(b"US");
        let whole = key(Kind::Substitution, Area::Market(us));
        let (sentence, parts) = said(&whole, &substance("Heroin"), &substance("Fentanyl"), Evidence::Seizure);
        let catalog = Catalog::embedded();
        let name = catalog.country_name(us).unwrap();
        assert_eq!(sentence, format!("Heroin fell and fentanyl rose in {name} seizures since about 15 Oct 2020"));
        assert_eq!((&*parts.template, &parts.args["since"]), ("substitution", &"2020-10-15".into()));
        let north = key(Kind::Substitution, Area::Office(us, "North".into()));
        let (sentence, _) = said(&north, &substance("1-boc-4-AP"), &substance("MDMA"), Evidence::Import);
        assert!(sentence.starts_with("1-boc-4-AP fell and MDMA rose in North ("), "{sentence}");
        let world = key(Kind::Substitution, Area::World);
        let (sentence, parts) = said(&world, &substance("Heroin"), &substance("Fentanyl"), Evidence::Seizure);
        assert_eq!(sentence, "Heroin fell and fentanyl rose in worldwide seizures since about 15 Oct 2020");
        assert_eq!(parts.args["market"], "world".into());
    }

    #[test]
    fn a_displacement_says_which_way() {
        let way = |countries: &[&[u8; 2]]| {
            let countries: Vec<Country> = countries.iter().map(|c| country(c)).collect();
            LabelName::of_way(&countries, &Catalog::embedded())
        };
        let market = key(Kind::Displacement, Area::Market(country(b"NL")));
        let (direct, poland) = (way(&[b"CN", b"NL"]), way(&[b"CN", b"PL", b"NL"]));
        let (sentence, parts) = said(&market, &direct, &poland, Evidence::Import);
        assert_eq!(
            sentence,
            "Direct from China fell and from China via Poland rose into Netherlands imports since about 15 Oct 2020"
        );
        assert_eq!((&*parts.template, &parts.args["rising"]), ("displacement", &"CN>PL>NL".into()));
        assert_eq!(parts.args["family"], "opioids".into());
        assert_eq!(poland.name, "China via Poland to Netherlands");
        let world = key(Kind::Displacement, Area::World);
        let (sentence, parts) = said(&world, &way(&[b"CN"]), &way(&[b"IN"]), Evidence::Import);
        assert_eq!(sentence, "From China fell and from India rose in worldwide imports since about 15 Oct 2020");
        assert_eq!(parts.args["falling"], "CN".into());
    }
}
