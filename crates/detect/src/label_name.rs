//! What a label is called: a substance as the catalog names it, a way by its countries.

use headwater_catalog::Catalog;
use headwater_model::{Country, Kind};

use crate::cell::Cell;
use crate::labels::Label;
use crate::registry::Registry;

/// What a way passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    /// Nothing between its ends.
    Direct,
    /// These countries: `Poland and Germany`.
    Via(String),
}

/// The names of a label.
pub(crate) struct LabelName {
    /// Catalog id; of a way `CN>MX>US`, of an origin `CN`.
    pub id: String,
    /// In full: `China via Mexico to United States`.
    pub name: String,
    /// As it stands in a sentence; of a way its origin alone: `from China`.
    pub short: String,
    /// How a way comes from its origin; none of a substance, and of an origin by whatever way.
    pub through: Option<Through>,
    /// CAS number of a substance that has one.
    pub cas: Option<String>,
}

impl LabelName {
    /// The names of a label of a cell.
    pub fn of(label: Label, cell: &Cell, registry: &Registry, catalog: &Catalog) -> LabelName {
        if cell.key.kind == Kind::Displacement {
            return LabelName::of_way(registry.way(label), catalog);
        }
        let substance = catalog.substance(catalog.family_at(cell.family).members[label as usize]);
        LabelName {
            id: substance.id.to_string(),
            name: substance.name.to_string(),
            short: substance.short_name.to_string(),
            through: None,
            cas: substance.cas.first().map(ToString::to_string),
        }
    }

    /// The names of a way.
    pub fn of_way(countries: &[Country], catalog: &Catalog) -> LabelName {
        let name = |country: &Country| catalog.country_name(*country).map_or(country.to_string(), str::to_owned);
        let id = countries.iter().map(Country::as_str).collect::<Vec<_>>().join(">");
        let (origin, full, through) = match countries {
            [origin, via @ .., destination] => {
                let (origin, destination) = (name(origin), name(destination));
                match via.iter().map(name).collect::<Vec<_>>().join(" and ") {
                    via if via.is_empty() => {
                        let full = format!("{origin} to {destination}");
                        (origin, full, Some(Through::Direct))
                    }
                    via => {
                        let full = format!("{origin} via {via} to {destination}");
                        (origin, full, Some(Through::Via(via)))
                    }
                }
            }
            origin => {
                let origin = origin.iter().map(name).collect::<String>();
                (origin.clone(), origin, None)
            }
        };
        LabelName { id, name: full, short: format!("from {origin}"), through, cas: None }
    }
}
