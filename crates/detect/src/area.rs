//! Where a cell looks: at every market, at one market, or at one subdivision or one office of it.

use headwater_model::{Alert, Country, Scope};

use crate::registry::SeriesInfo;

/// What a cell is as wide as. Areas order from wide to narrow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Every market, each compared with itself alone.
    World,
    /// Where routes end.
    Market(Country),
    /// A subdivision of a market, as its sources name it.
    Subdivision(Country, Box<str>),
    /// An office in a market, as its sources name it; one that two sources name alike is one.
    Office(Country, Box<str>),
}

impl Area {
    /// The area that an alert speaks of; none where its scope is an origin or its market is no country.
    pub fn of(alert: &Alert) -> Option<Area> {
        let market = || Country::from_letters(alert.market.as_bytes().try_into().ok()?);
        let place = || alert.place.as_deref().map(Box::from);
        match alert.scope {
            Scope::World => Some(Area::World),
            Scope::Market => Some(Area::Market(market()?)),
            Scope::Subdivision => Some(Area::Subdivision(market()?, place()?)),
            Scope::Office => Some(Area::Office(market()?, place()?)),
            Scope::Origin => None,
        }
    }

    /// How wide it is.
    pub fn scope(&self) -> Scope {
        match self {
            Area::World => Scope::World,
            Area::Market(_) => Scope::Market,
            Area::Subdivision(..) => Scope::Subdivision,
            Area::Office(..) => Scope::Office,
        }
    }

    /// The market it lies in; none of the world.
    pub fn market(&self) -> Option<Country> {
        match self {
            Area::World => None,
            Area::Market(market) | Area::Subdivision(market, _) | Area::Office(market, _) => Some(*market),
        }
    }

    /// The market's code, or `world`.
    pub fn market_word(&self) -> String {
        self.market().map_or_else(|| "world".to_owned(), |market| market.to_string())
    }

    /// The subdivision or the office, where it is one.
    pub fn place(&self) -> Option<&str> {
        match self {
            Area::World | Area::Market(_) => None,
            Area::Subdivision(_, place) | Area::Office(_, place) => Some(place),
        }
    }

    /// Whether a series of this info lies in it.
    pub(crate) fn holds(&self, info: &SeriesInfo) -> bool {
        match self {
            Area::World => true,
            Area::Market(market) => info.market == *market,
            Area::Subdivision(market, place) => info.market == *market && info.subdivision.as_ref() == Some(place),
            Area::Office(market, place) => info.market == *market && info.office.as_ref() == Some(place),
        }
    }
}
