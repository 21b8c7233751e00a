//! Where a seizure was made.

use crate::Country;

/// The place of a seizure: a country, and where the source gives them a subdivision and an office.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The country.
    pub country: Country,
    /// ISO 3166-2 code, or the source's own region.
    pub subdivision: Option<Box<str>>,
    /// The source's own office.
    pub office: Option<Box<str>>,
}
