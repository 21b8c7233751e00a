//! Countries of ISO 3166-1.

use headwater_model::Country;

/// Codes and English short names, one country a line, sorted by code.
pub(crate) const TEXT: &str = include_str!("../data/countries.txt");

/// The countries by their two letters: a square of 26 by 26, so that the hot path asks with one look.
/// The embedded list, read once.
pub(crate) fn embedded() -> &'static Countries {
    static COUNTRIES: std::sync::LazyLock<Countries> = std::sync::LazyLock::new(Countries::read);
    &COUNTRIES
}

pub(crate) struct Countries {
    names: Box<[Option<&'static str>; 26 * 26]>,
}

impl Countries {
    /// Reads the list.
    fn read() -> Countries {
        let mut names = Box::new([None; 26 * 26]);
        for line in TEXT.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let (code, name) = line.split_once(' ').expect("a line of countries.txt is a code, a space and a name");
            names[slot(country(code).expect("a code of countries.txt is two capital letters"))] = Some(name);
        }
        Countries { names }
    }

    /// The English short name.
    pub(crate) fn name(&self, country: Country) -> Option<&'static str> {
        self.names[slot(country)]
    }
}

fn slot(country: Country) -> usize {
    let [a, b] = country.letters();
    usize::from(a - b'A') * 26 + usize::from(b - b'A')
}

fn country(code: &str) -> Option<Country> {
    Country::from_letters(code.as_bytes().try_into().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_sorted() {
        let codes: Vec<&str> = TEXT.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(|l| &l[..2]).collect();
        assert_eq!(codes.len(), 249);
        assert!(codes.windows(2).all(|w| w[0] < w[1]));
        let countries = embedded();
        for code in ["CN", "MX", "NA", "NL", "US", "ZA"] {
            assert!(country(code).is_some_and(|c| countries.name(c).is_some()), "{code}");
        }
        for code in ["XX", "EU", "UN", "UK", "AA", "ZZ"] {
            assert!(country(code).is_some_and(|c| countries.name(c).is_none()), "{code}");
        }
    }

    #[test]
    fn members_of_the_union_are_countries() {
        let countries = embedded();
        for code in headwater_model::EU_MEMBERS {
            assert!(country(code).is_some_and(|c| countries.name(c).is_some()), "{code}");
        }
    }
}
