//! How a cell is written on the command line: `[KIND/]FAMILY/MARKET[/PLACE]`.

use headwater_catalog::Catalog;
use headwater_detect::{Area, CellKey};
use headwater_model::{Country, Kind};

/// Digits of an alert's id.
const ID_DIGITS: usize = 32;

/// Whether a word has the form of an alert's id.
pub fn is_alert_id(word: &str) -> bool {
    word.len() == ID_DIGITS && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Reads a cell's name.
pub fn parse(word: &str, catalog: &Catalog) -> Result<CellKey, String> {
    let (kind, rest) = match word.split_once('/') {
        Some(("substitution", rest)) => (Kind::Substitution, rest),
        Some(("displacement", rest)) => (Kind::Displacement, rest),
        _ => (Kind::Substitution, word),
    };
    let (family, area) =
        rest.split_once('/').ok_or_else(|| format!("{word:?} is no alert's id and no cell: FAMILY/MARKET[/PLACE]"))?;
    if !catalog.families().iter().any(|f| &*f.id == family && f.tested) {
        let tested: Vec<&str> = catalog.families().iter().filter(|f| f.tested).map(|f| &*f.id).collect();
        return Err(format!("{family:?} is no family that is tested; there are {}", tested.join(", ")));
    }
    let (market, place) = area.split_once('/').map_or((area, None), |(market, place)| (market, Some(place)));
    if market == "world" && place.is_none() {
        return Ok(CellKey { kind, family: family.into(), area: Area::World });
    }
    let code = <[u8; 2]>::try_from(market.as_bytes()).ok().and_then(Country::from_letters);
    let country = code.ok_or_else(|| format!("{market:?} is no market: two capital letters, or world"))?;
    let area = match place {
        None => Area::Market(country),
        Some(place) => match place.strip_prefix("office/") {
            Some(office) => Area::Office(country, office.into()),
            None => Area::Subdivision(country, place.into()),
        },
    };
    Ok(CellKey { kind, family: family.into(), area })
}

/// The name that is read back as the same cell.
pub fn of(key: &CellKey) -> String {
    let area = match &key.area {
        Area::World => "world".to_owned(),
        Area::Market(market) => market.to_string(),
        Area::Subdivision(market, place) => format!("{market}/{place}"),
        Area::Office(market, place) => format!("{market}/office/{place}"),
    };
    format!("{}/{}/{area}", key.kind.as_str(), key.family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let catalog = Catalog::embedded();
        for name in [
            "substitution/opioids/US",
            "substitution/opioids/US/Southwest Border",
            "substitution/opioids/US/office/Miami",
            "displacement/opioids/world",
        ] {
            assert_eq!(of(&parse(name, &catalog).unwrap()), name);
        }
        assert_eq!(of(&parse("opioids/US", &catalog).unwrap()), "substitution/opioids/US");
    }

    #[test]
    fn what_is_no_cell_says_why() {
        let catalog = Catalog::embedded();
        let error = |word: &str| parse(word, &catalog).unwrap_err();
        assert!(error("opioids").contains("FAMILY/MARKET"));
        assert!(error("tea/US").contains("\"tea\" is no family") && error("tea/US").contains("opioids"));
        assert!(error("opioids/usa").contains("\"usa\" is no market"));
        assert!(error("opioids/world/North").contains("\"world\" is no market"));
    }

    #[test]
    fn an_id_is_thirty_two_hexadecimal_digits() {
        assert!(is_alert_id("0123456789abcdef0123456789abcdef"));
        assert!(!is_alert_id("0123456789abcdef0123456789abcde") && !is_alert_id("0123456789abcdef0123456789abcdeg"));
    }
}
