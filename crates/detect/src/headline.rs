//! The sentence: what fell and what rose in where since about when. No cause, no adjective, no forecast.

use headwater_catalog::Catalog;
use headwater_model::{Country, Day, Evidence, Phrase};

/// Template of a substitution's sentence.
pub(crate) const SUBSTITUTION: &str = "substitution";
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The sentence in English, and its parts for other languages.
pub(crate) fn substitution(
    falling: &str,
    rising: &str,
    market: Country,
    place: Option<&str>,
    evidence: Evidence,
    onset: Day,
    catalog: &Catalog,
) -> (String, Phrase) {
    let country = catalog.country_name(market).unwrap_or(market.as_str());
    let place_words = place.map_or_else(|| country.to_owned(), |place| format!("{place} ({country})"));
    let sentence = format!(
        "{} fell and {} rose in {place_words} {} since about {}",
        capital(falling),
        inner(rising),
        plural(evidence),
        day_words(onset)
    );
    let mut parts = Phrase::new(SUBSTITUTION)
        .with("falling", falling)
        .with("rising", rising)
        .with("market", market.as_str())
        .with("evidence", evidence.as_str())
        .with("since", onset);
    if let Some(place) = place {
        parts = parts.with("place", place);
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

    #[test]
    fn the_sentence_names_no_more_than_was_seen() {
        let us = Country::from_letters(*b"US").unwrap();
        let day = Day::parse("2020-10-15").unwrap();
        let catalog = Catalog::embedded();
        let (sentence, parts) = substitution("Heroin", "Fentanyl", us, None, Evidence::Seizure, day, &catalog);
        let country = catalog.country_name(us).unwrap();
        assert_eq!(sentence, format!("Heroin fell and fentanyl rose in {country} seizures since about 15 Oct 2020"));
        assert_eq!(parts.args["since"], "2020-10-15".into());
        let (sentence, _) = substitution("1-boc-4-AP", "MDMA", us, Some("North"), Evidence::Import, day, &catalog);
        assert!(sentence.starts_with("1-boc-4-AP fell and MDMA rose in North ("), "{sentence}");
    }
}
