//! Countries and the routes between them.

use std::borrow::Borrow;
use std::fmt;

/// An ISO 3166-1 alpha-2 code, or `XX` where the country is unknown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Not known.
    pub const UNKNOWN: Country = Country(*b"XX");

    /// Two capital ASCII letters; whether such a country exists is the catalog's business.
    pub const fn from_letters(letters: [u8; 2]) -> Option<Country> {
        if letters[0].is_ascii_uppercase() && letters[1].is_ascii_uppercase() { Some(Country(letters)) } else { None }
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XX") // always ASCII: the constructor saw to it
    }

    /// The two letters as bytes.
    pub fn letters(self) -> [u8; 2] {
        self.0
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Most transit places of a route: a longer list is a data error, not a journey.
pub const VIA_MAX: usize = 16;

/// Countries from origin to destination, at least two, written `CN>MX>US`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route(Box<[Country]>);

impl Route {
    /// Builds a route; adjacent repeats collapse except the two ends (`CN>CN` is a route).
    ///
    /// ```
    /// use headwater_model::{Country, Route};
    /// let c = |s: &[u8; 2]| Country::from_letters(*s).unwrap();
    /// assert_eq!(Route::new(c(b"CN"), [c(b"CN"), c(b"MX")], c(b"US")).to_string(), "CN>MX>US");
    /// assert_eq!(Route::new(c(b"CN"), [], c(b"CN")).to_string(), "CN>CN");
    /// ```
    pub fn new(origin: Country, via: impl IntoIterator<Item = Country>, destination: Country) -> Route {
        let mut countries = vec![origin];
        for country in via {
            if countries.last() != Some(&country) {
                countries.push(country);
            }
        }
        if countries.len() > 1 && countries.last() == Some(&destination) {
            countries.pop();
        }
        countries.push(destination);
        Route(countries.into())
    }

    /// Where it starts.
    pub fn origin(&self) -> Country {
        self.0[0]
    }

    /// Where it ends: the market.
    pub fn destination(&self) -> Country {
        self.0[self.0.len() - 1]
    }

    /// All its countries in order.
    pub fn countries(&self) -> &[Country] {
        &self.0
    }
}

impl Borrow<[Country]> for Route {
    fn borrow(&self) -> &[Country] {
        &self.0
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, country) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(">")?;
            }
            f.write_str(country.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
