//! Countries and codes of places, and the route through them.

use std::array;

use headwater_catalog::Catalog;
use headwater_model::{Country, Id, Reason, Route, Table, VIA_MAX};

use crate::fault::{Fault, Judged, Path, shown};

/// The country of an ISO 3166 alpha-2 code or of a UN/LOCODE (two letters of the country, three of `A` to `Z` and `2`
/// to `9`).
#[inline]
pub(crate) fn country(catalog: &Catalog, text: &str, path: Path) -> Judged<Country> {
    let country = match text.as_bytes() {
        [a, b] => Country::from_letters([*a, *b]),
        [a, b, rest @ ..] if rest.len() == 3 && rest.iter().all(|c| matches!(c, b'A'..=b'Z' | b'2'..=b'9')) => {
            Country::from_letters([*a, *b])
        }
        _ => None,
    };
    match country {
        Some(country) if country == Country::UNKNOWN || catalog.is_country(country) => Ok(country),
        Some(country) => {
            let message = format!("{path} {}: there is no country {country}", shown(text));
            Err(Fault::new(Reason::BadPlace, path, message))
        }
        None => {
            let message = format!("{path} {} is neither a country code (CN) nor a UN/LOCODE (CNSHA)", shown(text));
            Err(Fault::new(Reason::BadPlace, path, message))
        }
    }
}

/// Countries of a route while it is made: the same form as [`Route::new`] gives, without its allocation.
pub(crate) struct Stops {
    countries: [Country; VIA_MAX + 2],
    len: usize,
}

impl Stops {
    pub fn new(origin: Country) -> Stops {
        let mut countries = array::from_fn(|_| Country::UNKNOWN);
        countries[0] = origin;
        Stops { countries, len: 1 }
    }

    /// A transit place; at most [`VIA_MAX`] of them.
    pub fn via(&mut self, country: Country) {
        if self.countries[self.len - 1] != country {
            self.countries[self.len] = country;
            self.len += 1;
        }
    }

    /// The route that ends in `destination`.
    pub fn to(mut self, destination: Country, routes: &mut Table<Route>) -> Id<Route> {
        if self.len > 1 && self.countries[self.len - 1] == destination {
            self.len -= 1;
        }
        self.countries[self.len] = destination;
        let [origin, via @ .., destination] = &self.countries[..=self.len] else {
            unreachable!("a route has two ends")
        };
        routes.intern_with(&self.countries[..=self.len], |_| Route::new(*origin, via.iter().copied(), *destination))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stops_have_the_form_of_a_route(codes in prop::collection::vec(0..3u8, 2..=VIA_MAX + 2)) {
            let codes: Vec<Country> = codes.iter().map(|c| Country::from_letters([b'A', b'A' + c]).unwrap()).collect();
            let (origin, via, destination) = (codes[0], &codes[1..codes.len() - 1], codes[codes.len() - 1]);
            let mut stops = Stops::new(origin);
            via.iter().for_each(|c| stops.via(*c));
            let mut routes = Table::default();
            let whole = Route::new(origin, via.iter().copied(), destination);
            let id = stops.to(destination, &mut routes);
            prop_assert_eq!(routes.get(id), &whole);
            prop_assert_eq!(routes.find(whole.countries()), Some(id));
        }
    }

    #[test]
    fn codes_are_strict() {
        let catalog = Catalog::embedded();
        let read = |text: &str| country(&catalog, text, Path::of(Key::Origin)).map_err(|f| f.message);
        assert_eq!(read("CNSHA"), read("CN"));
        assert_eq!(read("XX").unwrap(), Country::UNKNOWN);
        assert!(read("USNY2").is_ok());
        for text in ["cn", "CHN", "CN SHA", "CNSH1", "CNsha", "C", "", "ÇN", "ÇNS", "CNSHAN"] {
            assert!(read(text).unwrap_err().contains("neither"), "{text}");
        }
        assert_eq!(read("ZZ").unwrap_err(), "origin \"ZZ\": there is no country ZZ");
    }
}
