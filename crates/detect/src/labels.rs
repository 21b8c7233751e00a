//! Labels: what falls and rises in a cell. For a substitution the substances of its family, for a displacement the ways
//! by which the family comes into the market.
//!
//! A way is a whole route with its transit countries (`CN>MX>US`) as long as the [`NAMED_MAX`] routes that count most
//! carry nine tenths of the incidents: then what moves from one border to another can be told. Where routes are more
//! scattered than that (declarations of a large market name hundreds) each of them is too thin to be seen, and their
//! origins are told apart instead; at world scope always, for no two markets share a route. The [`NAMED_MAX`] that count
//! most are named. Everything else is [`OTHER`]: it stands in the alert's totals, and neither falls nor rises.
//!
//! "Count most" means incidents over all time, as known by the day: a baseline would be lagged, and a way that is new
//! could not be named before half a year of it. A way that an alert spoke of keeps its name.
//!
//! What says nothing of a way does not count: an unknown country anywhere on the route, or a route inside one country.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{Kind, Marking};

use crate::area::Area;
use crate::cell::Cell;
use crate::registry::Registry;
use crate::told::Told;

/// A substance as its place among the family's members, or a way as its number in the registry.
pub(crate) type Label = u32;
/// All ways that are not named.
pub(crate) const OTHER: Label = Label::MAX;
/// Ways named in a cell: 132 ordered pairs. Simulated markets have up to six, and what is beyond twelve carries too
/// little each.
pub(crate) const NAMED_MAX: usize = 12;
/// Routes are named one by one while the largest carry this share of the incidents.
const ROUTES_SHARE_MIN: f64 = 0.9;

/// How a cell's series are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Labels {
    /// By substance.
    Members,
    /// By route, or by origin; the named ones in the order of their names.
    Ways {
        /// By origin alone.
        by_origin: bool,
        /// Those that may fall or rise.
        named: Vec<Label>,
    },
}

impl Labels {
    /// The labels of a cell, from the records up to a marking; what was told stays named, and so does the pair given,
    /// which also says whether routes or origins are meant.
    pub fn choose(
        cell: &Cell,
        registry: &Registry,
        up_to: Marking,
        told: &[Told],
        pair: Option<(Label, Label)>,
    ) -> Labels {
        if cell.key.kind != Kind::Displacement {
            return Labels::Members;
        }
        let routes = cell.counts(registry, up_to);
        let by_origin = match pair {
            Some((falling, _)) => registry.is_origin(falling),
            None => cell.key.area == Area::World || scattered(&routes),
        };
        let counts = if by_origin {
            let mut origins: BTreeMap<Label, i64> = BTreeMap::new();
            for (route, n) in &routes {
                *origins.entry(registry.origin_of(*route)).or_default() += n;
            }
            origins
        } else {
            routes
        };
        let kept = told.iter().flat_map(|t| [t.falling, t.rising]).chain(pair.into_iter().flat_map(|(a, b)| [a, b]));
        let mut named: BTreeSet<Label> = if by_origin {
            kept.map(|label| registry.origin_of(label)).collect()
        } else {
            kept.filter(|label| !registry.is_origin(*label)).collect()
        };
        let mut ranked: Vec<Label> = counts.iter().filter(|(_, n)| **n > 0).map(|(label, _)| *label).collect();
        // Of equal counts the first name leads: numbers follow the order of arrival.
        ranked.sort_by_key(|label| (Reverse(counts[label]), registry.way(*label)));
        for label in ranked {
            if named.len() >= NAMED_MAX {
                break;
            }
            named.insert(label);
        }
        let mut named: Vec<Label> = named.into_iter().collect();
        named.sort_by_key(|label| registry.way(*label));
        Labels::Ways { by_origin, named }
    }

    /// What a series counts as that its cell knows by the label `own`.
    pub fn of(&self, own: Label, registry: &Registry) -> Label {
        match self {
            Labels::Members => own,
            Labels::Ways { by_origin, named } => {
                let way = if *by_origin { registry.origin_of(own) } else { own };
                if named.contains(&way) { way } else { OTHER }
            }
        }
    }

    /// Puts labels into the order of their names, so that no sum depends on which was met first.
    pub fn sort(&self, labels: &mut [Label], registry: &Registry) {
        match self {
            Labels::Members => labels.sort_unstable(),
            Labels::Ways { .. } => labels.sort_by_key(|label| registry.way(*label)),
        }
    }
}

/// Whether the routes that count most carry too little for routes to be told apart.
fn scattered(routes: &BTreeMap<Label, i64>) -> bool {
    let mut counts: Vec<i64> = routes.values().copied().filter(|n| *n > 0).collect();
    counts.sort_unstable_by_key(|n| Reverse(*n));
    let all: i64 = counts.iter().sum();
    let largest: i64 = counts.iter().take(NAMED_MAX).sum();
    (largest as f64) < ROUTES_SHARE_MIN * all as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::CellKey;
    use headwater_catalog::Catalog;
    use headwater_model::{
        Access, Country, Day, EventDay, Evidence, Id, KnownDay, Names, Pane, PaneKey, Route, Series, Sums,
    };

    /// A cell of displacements into the US, or of the world, with incidents by route and marking.
    fn cell(area: Area, routes: &[(&str, i64, Marking)]) -> (Cell, Registry) {
        let (catalog, mut names) = (Catalog::embedded(), Names::default());
        let country = |code: &str| Country::from_letters(code.as_bytes().try_into().unwrap()).unwrap();
        let mut panes = Vec::new();
        for (route, incidents, marking) in routes {
            let stops: Vec<Country> = route.split('>').map(country).collect();
            let [origin, via @ .., destination] = &stops[..] else { panic!("{route} is no route") };
            let route = Route::new(*origin, via.iter().copied(), *destination);
            let access = Access { marking: *marking, ..Access::default() };
            let series = Series {
                substance: names.substances.intern("heroin"),
                route: names.routes.intern_with(&route, Clone::clone),
                source: names.sources.intern("A"),
                evidence: Evidence::Import,
                place: None,
                access: names.accesses.intern_with(&access, Clone::clone),
                flagged: false,
            };
            let key = PaneKey {
                series: names.series.intern_with(&series, |s| *s),
                event_day: EventDay(Day(0)),
                period_days: 1,
                known_on: KnownDay(Day(0)),
            };
            panes.push(Pane { key, sums: Sums { incidents: *incidents, events: 1, ..Sums::default() } });
        }
        let mut registry = Registry::default();
        registry.extend(&names, &catalog);
        let family = catalog.families().iter().position(|f| &*f.id == "opioids").unwrap();
        let key = CellKey { kind: Kind::Displacement, family: "opioids".into(), area };
        let mut cell = Cell::new(key, Id::new(family as u32));
        for pane in &panes {
            registry.add(pane);
            let info = registry.info(pane.key.series).unwrap();
            assert!(cell.takes(info), "{info:?}");
            cell.add(pane, info, &registry);
        }
        (cell, registry)
    }

    fn us() -> Area {
        Area::Market(Country::from_letters(*b"US").unwrap())
    }

    fn named(labels: &Labels, registry: &Registry) -> Vec<String> {
        let Labels::Ways { named, .. } = labels else { panic!("{labels:?}") };
        let text = |way: &Label| registry.way(*way).iter().map(|c| c.as_str()).collect::<Vec<_>>().join(">");
        named.iter().map(text).collect()
    }

    fn label(cell: &Cell, registry: &Registry, route: &str) -> Label {
        let text = |id| registry.way(id).iter().map(|c| c.as_str()).collect::<Vec<_>>().join(">");
        cell.counts(registry, Marking::Red).into_keys().find(|id| text(*id) == route).unwrap()
    }

    /// Thirteen origins, direct and by way of Panama.
    fn many() -> Vec<(String, i64, Marking)> {
        let origins = ["AE", "BR", "CN", "DE", "EG", "FR", "GT", "HK", "IN", "JP", "KR", "LA", "MA"];
        let both = |(n, origin): (usize, &str)| {
            let n = 100 - n as i64;
            [(format!("{origin}>US"), n, Marking::Green), (format!("{origin}>PA>US"), n, Marking::Green)]
        };
        origins.into_iter().enumerate().flat_map(both).collect()
    }

    fn borrowed(routes: &[(String, i64, Marking)]) -> Vec<(&str, i64, Marking)> {
        routes.iter().map(|(route, n, marking)| (route.as_str(), *n, *marking)).collect()
    }

    #[test]
    fn few_routes_are_named_by_their_names_and_the_thin_end_is_not() {
        let mut routes = many();
        routes.truncate(NAMED_MAX);
        routes.reverse(); // the order of arrival does not show
        routes.push(("TH>US".into(), 20, Marking::Green));
        let (cell, registry) = cell(us(), &borrowed(&routes));
        let labels = Labels::choose(&cell, &registry, Marking::Red, &[], None);
        let all = named(&labels, &registry);
        assert_eq!((all.len(), all.is_sorted(), all[0].as_str()), (NAMED_MAX, true, "AE>PA>US"));
        assert_eq!(labels.of(label(&cell, &registry, "TH>US"), &registry), OTHER);
        let own = label(&cell, &registry, "CN>US");
        assert_eq!(labels.of(own, &registry), own);
    }

    #[test]
    fn scattered_routes_and_the_world_are_told_apart_by_origin() {
        let routes = many();
        let (cell_us, registry) = cell(us(), &borrowed(&routes));
        let labels = Labels::choose(&cell_us, &registry, Marking::Red, &[], None);
        let all = named(&labels, &registry);
        assert_eq!((all.len(), all[0].as_str(), all.contains(&"MA".to_owned())), (NAMED_MAX, "AE", false));
        let (direct, via) = (label(&cell_us, &registry, "CN>US"), label(&cell_us, &registry, "CN>PA>US"));
        assert_eq!(labels.of(direct, &registry), labels.of(via, &registry));
        assert_eq!(labels.of(label(&cell_us, &registry, "MA>US"), &registry), OTHER);
        let (world, registry) = cell(Area::World, &[("CN>US", 9, Marking::Green), ("CN>NL", 9, Marking::Green)]);
        assert_eq!(named(&Labels::choose(&world, &registry, Marking::Red, &[], None), &registry), ["CN"]);
    }

    #[test]
    fn what_was_told_and_what_is_asked_for_keep_their_names() {
        let mut routes = many();
        routes.push(("TH>US".into(), 1, Marking::Green));
        let (cell, registry) = cell(us(), &borrowed(&routes));
        let (thin, large) = (label(&cell, &registry, "TH>US"), label(&cell, &registry, "AE>US"));
        // A pair of routes is looked at by route, whatever the cell would be told apart by today.
        let labels = Labels::choose(&cell, &registry, Marking::Red, &[], Some((thin, large)));
        let all = named(&labels, &registry);
        assert!(all.len() == NAMED_MAX && all.contains(&"TH>US".to_owned()), "{all:?}");
        // What was told of a route stays told of its origin.
        let told = Told {
            alert_id: String::new(),
            raised_on: Day(0),
            falling: thin,
            rising: large,
            area: us(),
            after_week: 0,
        };
        let labels = Labels::choose(&cell, &registry, Marking::Red, std::slice::from_ref(&told), None);
        assert!(named(&labels, &registry).contains(&"TH".to_owned()));
        let (origin, other) = (registry.origin_of(thin), label(&cell, &registry, "CN>US"));
        let elsewhere = registry.origin_of(other);
        assert!(told.shares(Kind::Displacement, (origin, elsewhere), &registry));
        assert!(!told.shares(Kind::Displacement, (other, elsewhere), &registry));
        assert!(!told.shares(Kind::Displacement, (label(&cell, &registry, "AE>PA>US"), other), &registry));
    }

    #[test]
    fn records_above_a_marking_name_nothing_below_it() {
        let routes = [("CN>US", 5, Marking::Green), ("IN>US", 5, Marking::Green), ("TH>US", 50, Marking::Red)];
        let (cell, registry) = cell(us(), &routes);
        assert_eq!(named(&Labels::choose(&cell, &registry, Marking::Green, &[], None), &registry), ["CN>US", "IN>US"]);
        assert_eq!(named(&Labels::choose(&cell, &registry, Marking::Red, &[], None), &registry).len(), 3);
    }
}
