//! The order of names where people see it: by text, never by number, for numbers follow the order of arrival.

use std::cmp::Ordering;

use headwater_model::{Access, Names, Series, Table};

/// Place in the order for every value of a table.
fn ranks<T>(table: &Table<T>, order: impl Fn(&T, &T) -> Ordering) -> Vec<u32> {
    let mut values: Vec<(usize, &T)> = table.iter().map(|(id, value)| (id.index(), value)).collect();
    values.sort_unstable_by(|a, b| order(a.1, b.1));
    let mut ranks = vec![0; values.len()];
    for (rank, (index, _)) in values.into_iter().enumerate() {
        ranks[index] = rank as u32;
    }
    ranks
}

/// The places of all names in the order of their texts.
pub(crate) struct Order {
    substances: Vec<u32>,
    routes: Vec<u32>,
    sources: Vec<u32>,
    places: Vec<u32>,
    accesses: Vec<u32>,
}

/// What series are sorted by: substance, route, source, kind, place (none first), access, flag.
pub(crate) type SeriesKey = (u32, u32, u32, &'static str, Option<u32>, u32, bool);

impl Order {
    pub fn new(names: &Names) -> Order {
        Order {
            substances: ranks(&names.substances, Ord::cmp),
            routes: ranks(&names.routes, Ord::cmp), // codes are two letters each, so this is the order of the texts
            sources: ranks(&names.sources, Ord::cmp),
            places: ranks(&names.places, Ord::cmp),
            accesses: ranks(&names.accesses, |a: &Access, b: &Access| a.to_string().cmp(&b.to_string())),
        }
    }

    pub fn key(&self, series: &Series) -> SeriesKey {
        (
            self.substances[series.substance.index()],
            self.routes[series.route.index()],
            self.sources[series.source.index()],
            series.evidence.as_str(),
            series.place.map(|place| self.places[place.index()]),
            self.accesses[series.access.index()],
            series.flagged,
        )
    }
}

/// Place in the order of names for every series.
pub(crate) fn series(names: &Names) -> Vec<u32> {
    let order = Order::new(names);
    ranks(&names.series, |a, b| order.key(a).cmp(&order.key(b)))
}
