//! The sentence: what fell and what rose in where since about when. No cause, no adjective, no forecast.

use headwater_catalog::Catalog;
use headwater_model::{Day, Evidence, Kind, Phrase};

use crate::area::Area;
use crate::cell::CellKey;
use crate::label_name::{LabelName, Through};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The sentence in English, and its parts for other languages: the template is the kind's name. Of a displacement
/// `falling` and `rising` are the routes, or the origins, and `family` says of what; its sentence leaves the evidence to
/// the parts, for two ways and a place fill a line; so do those of what was declared.
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
    let (movers, place) = match (key.kind, &key.area) {
        (Kind::Displacement, Area::World) => (ways(falling, rising), place),
        (Kind::Displacement, _) => (ways(falling, rising), format!("into {place}")),
        _ => {
            let movers = [capital(&falling.short), inner(&rising.short)];
            let place = match (undeclared(evidence), &key.area) {
                (Some(evidence), _) => format!("in {place} {evidence}"),
                (None, Area::World) => place,
                (None, _) => format!("in {place}"),
            };
            (movers, place)
        }
    };
    let [first, second] = movers;
    let sentence = format!("{first} fell and {second} rose {place} since about {}", day_words(onset));
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

/// How two ways are told apart in few words: what is the same of both is said once, or not at all where both are direct.
fn ways(falling: &LabelName, rising: &LabelName) -> [String; 2] {
    let whole = |name: &LabelName| match &name.through {
        None => name.short.clone(),
        Some(Through::Direct) => format!("direct {}", name.short),
        Some(Through::Via(via)) => format!("{} via {via}", name.short),
    };
    let [first, second] = match (&falling.through, &rising.through) {
        (Some(_), Some(Through::Direct)) if falling.short == rising.short => [whole(falling), "direct".to_owned()],
        (Some(_), Some(Through::Via(via))) if falling.short == rising.short => [whole(falling), format!("via {via}")],
        (Some(Through::Direct), Some(Through::Direct)) => [falling.short.clone(), rising.short.clone()],
        _ => [whole(falling), whole(rising)],
    };
    [capital(&first), second]
}

/// `15 Oct 2020`.
pub(crate) fn day_words(day: Day) -> String {
    let (year, month, day) = day.ymd();
    format!("{day} {} {year}", MONTHS[month as usize - 1])
}

/// How it came to be known; none of what was declared, the common case, which the parts alone say.
fn undeclared(evidence: Evidence) -> Option<&'static str> {
    Some(match evidence {
        Evidence::Import | Evidence::Export | Evidence::Transit | Evidence::PreExportNotice => return None,
        Evidence::SuspiciousOrder => "suspicious orders",
        Evidence::Seizure => "seizures",
        Evidence::StoppedShipment => "stopped shipments",
        Evidence::Theft => "thefts",
        Evidence::Laboratory => "laboratories",
        Evidence::Identification => "identifications",
    })
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
        LabelName { id: short.to_lowercase(), name: short.into(), short: short.into(), through: None, cas: None }
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
        assert_eq!(sentence, format!("1-boc-4-AP fell and MDMA rose in North ({name}) since about 15 Oct 2020"));
        let world = key(Kind::Substitution, Area::World);
        let (sentence, parts) = said(&world, &substance("Heroin"), &substance("Fentanyl"), Evidence::Seizure);
        assert_eq!(sentence, "Heroin fell and fentanyl rose in worldwide seizures since about 15 Oct 2020");
        assert_eq!(parts.args["market"], "world".into());
        let (sentence, parts) = said(&world, &substance("Heroin"), &substance("Fentanyl"), Evidence::PreExportNotice);
        assert_eq!(sentence, "Heroin fell and fentanyl rose worldwide since about 15 Oct 2020");
        assert_eq!(parts.args["evidence"], "pre_export_notice".into());
    }

    fn way(countries: &str) -> LabelName {
        let countries: Vec<Country> = countries.split('>').map(|c| country(c.as_bytes().try_into().unwrap())).collect();
        LabelName::of_way(&countries, &Catalog::embedded())
    }

    #[test]
    fn a_displacement_says_which_way_and_nothing_twice() {
        let into = |market: &[u8; 2]| key(Kind::Displacement, Area::Market(country(market)));
        let world = key(Kind::Displacement, Area::World);
        let office = key(Kind::Displacement, Area::Office(country(b"NL"), "NL-ZH".into()));
        let turkey = Catalog::embedded().country_name(country(b"TR")).unwrap().to_owned();
        for (key, falling, rising, expected) in [
            (into(b"NL"), "CN>NL", "CN>PL>NL", "Direct from China fell and via Poland rose into Netherlands"),
            (into(b"NL"), "CN>PL>NL", "CN>NL", "From China via Poland fell and direct rose into Netherlands"),
            (
                into(b"NL"),
                "CN>PL>NL",
                "CN>PL>DE>NL",
                "From China via Poland fell and via Poland and Germany rose into Netherlands",
            ),
            (into(b"DE"), "CN>DE", "IN>DE", "From China fell and from India rose into Germany"),
            (into(b"DE"), "CN", "IN", "From China fell and from India rose into Germany"),
            (into(b"DE"), "CN>DE", "IN>TR>DE", "Direct from China fell and from India via TURKEY rose into Germany"),
            (into(b"DE"), "IN>TR>DE", "CN>DE", "From India via TURKEY fell and direct from China rose into Germany"),
            (
                into(b"DE"),
                "CN>TR>DE",
                "IN>TR>DE",
                "From China via TURKEY fell and from India via TURKEY rose into Germany",
            ),
            (office, "CN>NL", "CN>PL>NL", "Direct from China fell and via Poland rose into NL-ZH (Netherlands)"),
            (world, "CN", "IN", "From China fell and from India rose worldwide"),
        ] {
            let (sentence, parts) = said(&key, &way(falling), &way(rising), Evidence::Import);
            let expected = expected.replace("TURKEY", &turkey);
            assert_eq!(sentence, format!("{expected} since about 15 Oct 2020"), "{falling} to {rising}");
            assert_eq!((&*parts.template, &parts.args["family"]), ("displacement", &"opioids".into()));
            assert_eq!((&parts.args["falling"], &parts.args["rising"]), (&falling.into(), &rising.into()));
            assert_eq!(parts.args["evidence"], "import".into(), "the second line says it");
        }
    }

    #[test]
    fn a_way_has_a_name_in_full() {
        assert_eq!(way("CN>PL>NL").name, "China via Poland to Netherlands");
        assert_eq!(way("CN>NL").name, "China to Netherlands");
        assert_eq!(way("CN").name, "China");
    }
}
