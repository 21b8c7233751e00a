//! What the detector knows of each series: its families, its way, its stratum, its place, its access, and its net sums.

use std::collections::BTreeMap;

use headwater_catalog::Catalog;
use headwater_model::{Access, Country, Evidence, FamilyIx, Id, Kind, Marking, Names, Pane, Route, Series};

use crate::block::BlockKey;
use crate::labels::Label;

/// Who counts, what kind of evidence, and at which office: labels are compared inside a stratum only.
///
/// The order is that of the names, so that no sum depends on who was met first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StratumKey {
    /// Reporting organisation.
    pub source: Box<str>,
    /// Kind of evidence.
    pub evidence: Evidence,
    /// The source's own office, where it gives one.
    pub office: Option<Box<str>>,
    /// The market, in a cell of the whole world: each is compared with itself alone.
    pub market: Option<Country>,
}

/// The number of a stratum in its registry, in the order of arrival.
pub(crate) type StratumId = u32;

/// What is looked up of a series that belongs to a tested family.
#[derive(Clone, Debug)]
pub(crate) struct SeriesInfo {
    /// The families it is tested in, and its place among their members.
    pub families: Vec<(FamilyIx, Label)>,
    /// Its way, where all its countries are known and are more than one.
    pub way: Option<Label>,
    /// Where its route ends.
    pub market: Country,
    /// The subdivision of the market where it was seized.
    pub subdivision: Option<Box<str>>,
    /// The office in the market where it was seized.
    pub office: Option<Box<str>>,
    /// Its stratum in a cell of one market or of a part of it,
    pub stratum: StratumId,
    /// and in a cell of the whole world.
    pub stratum_of_world: StratumId,
    /// Into the names' sources.
    pub source: Id<Box<str>>,
    /// Kind of evidence.
    pub evidence: Evidence,
    /// Into the names' routes.
    pub route: Id<Route>,
    /// Into the names' access classes.
    pub access: Id<Access>,
    /// The label of that class.
    pub marking: Marking,
    /// Its amount or substance was derived.
    pub flagged: bool,
}

/// What the panes of one series sum to in one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub incidents: i64,
    pub mass_mg: i64,
}

impl Amount {
    /// The amount of a pane.
    pub fn of(pane: &Pane) -> Amount {
        Amount { incidents: pane.sums.incidents, mass_mg: pane.sums.mass_mg }
    }
}

/// A way: the countries of a route, or an origin alone.
struct Way {
    countries: Box<[Country]>,
    origin: Label,
}

/// Infos and sums by series, extended as names are met.
///
/// Sums are kept here once, whatever the number of cells that a series belongs to: 32 bytes for each (series, block) that
/// is not zero. Known days are not kept: what was taken back is gone, as if it had never been.
#[derive(Default)]
pub(crate) struct Registry {
    infos: Vec<Option<SeriesInfo>>,
    /// By series, in the order of the blocks.
    amounts: Vec<Vec<(BlockKey, Amount)>>,
    strata: Vec<StratumKey>,
    /// Into the names' sources, by stratum.
    source_of: Vec<Id<Box<str>>>,
    ways: Vec<Way>,
    way_of: BTreeMap<Box<[Country]>, Label>,
}

impl Registry {
    /// Reads the series that it has not seen yet.
    pub fn extend(&mut self, names: &Names, catalog: &Catalog) {
        for index in self.infos.len()..names.series.len() {
            let info = self.read(names.series.get(Id::new(index as u32)), names, catalog);
            self.infos.push(info);
            self.amounts.push(Vec::new());
        }
    }

    /// The info of a series; none where it belongs to no tested family or its market is unknown.
    pub fn info(&self, series: Id<Series>) -> Option<&SeriesInfo> {
        self.infos.get(series.index())?.as_ref()
    }

    /// The series that have an info.
    pub fn series(&self) -> impl Iterator<Item = (Id<Series>, &SeriesInfo)> {
        self.infos.iter().enumerate().filter_map(|(index, info)| Some((Id::new(index as u32), info.as_ref()?)))
    }

    /// Adds a pane to the sums of its series. Saturating: beyond 92,000 of the largest possible records in one block no
    /// figure means anything.
    pub fn add(&mut self, pane: &Pane) {
        let (block, change) = (BlockKey::of(pane.key), Amount::of(pane));
        let Some(amounts) = self.amounts.get_mut(pane.key.series.index()) else { return };
        match amounts.binary_search_by_key(&block, |(key, _)| *key) {
            Ok(at) => {
                let amount = &mut amounts[at].1;
                amount.incidents = amount.incidents.saturating_add(change.incidents);
                amount.mass_mg = amount.mass_mg.saturating_add(change.mass_mg);
                if *amount == Amount::default() {
                    amounts.remove(at);
                }
            }
            Err(at) if change != Amount::default() => amounts.insert(at, (block, change)),
            Err(_) => {}
        }
    }

    /// The sums of a series, in the order of their blocks.
    pub fn amounts(&self, series: Id<Series>) -> &[(BlockKey, Amount)] {
        self.amounts.get(series.index()).map_or(&[], |amounts| amounts)
    }

    /// A stratum by its number.
    pub fn stratum(&self, id: StratumId) -> &StratumKey {
        &self.strata[id as usize]
    }

    /// Whose a stratum is.
    pub fn source_of(&self, id: StratumId) -> Id<Box<str>> {
        self.source_of[id as usize]
    }

    /// The countries of a way.
    pub fn way(&self, way: Label) -> &[Country] {
        &self.ways[way as usize].countries
    }

    /// The way that keeps a way's origin alone; of an origin itself.
    pub fn origin_of(&self, way: Label) -> Label {
        self.ways[way as usize].origin
    }

    /// Whether a way is an origin alone.
    pub fn is_origin(&self, way: Label) -> bool {
        self.origin_of(way) == way
    }

    /// Whether two labels of cells of a kind speak of the same: a route and its origin do.
    pub fn same(&self, kind: Kind, one: Label, other: Label) -> bool {
        one == other
            || kind == Kind::Displacement
                && (self.is_origin(one) || self.is_origin(other))
                && self.origin_of(one) == self.origin_of(other)
    }

    fn read(&mut self, series: &Series, names: &Names, catalog: &Catalog) -> Option<SeriesInfo> {
        let substance = catalog.ix(names.substances.get(series.substance))?;
        let record = catalog.substance(substance);
        let mut families = Vec::new();
        for &family in record.families.iter().chain(&record.market_family) {
            let members = &catalog.family_at(family).members;
            if catalog.family_at(family).tested
                && let Some(member) = members.iter().position(|m| *m == substance)
            {
                families.push((family, member as Label));
            }
        }
        let market = names.market(series);
        if families.is_empty() || market == Country::UNKNOWN {
            return None;
        }
        let place = series.place.map(|p| names.places.get(p));
        let own = StratumKey {
            source: names.sources.get(series.source).clone(),
            evidence: series.evidence,
            office: place.and_then(|p| p.office.clone()),
            market: None,
        };
        let of_world = StratumKey { market: Some(market), ..own.clone() };
        let here = place.filter(|p| p.country == market);
        Some(SeriesInfo {
            families,
            way: self.way_by(names.routes.get(series.route)),
            market,
            subdivision: here.and_then(|p| p.subdivision.clone()),
            office: here.and_then(|p| p.office.clone()),
            stratum: self.stratum_by(own, series.source),
            stratum_of_world: self.stratum_by(of_world, series.source),
            source: series.source,
            evidence: series.evidence,
            route: series.route,
            access: series.access,
            marking: names.accesses.get(series.access).marking,
            flagged: series.flagged,
        })
    }

    fn stratum_by(&mut self, key: StratumKey, source: Id<Box<str>>) -> StratumId {
        let known = self.strata.iter().position(|s| *s == key).unwrap_or_else(|| {
            self.strata.push(key);
            self.source_of.push(source);
            self.strata.len() - 1
        });
        known as StratumId
    }

    /// The way of a route, with the way of its origin; none where a country is unknown or there is only one.
    fn way_by(&mut self, route: &Route) -> Option<Label> {
        let countries = route.countries();
        if countries.contains(&Country::UNKNOWN) || countries.iter().all(|c| *c == countries[0]) {
            return None;
        }
        if let Some(known) = self.way_of.get(countries) {
            return Some(*known);
        }
        let origin = &countries[..1];
        let origin = match self.way_of.get(origin) {
            Some(known) => *known,
            None => self.add_way(origin, self.ways.len() as Label),
        };
        Some(self.add_way(countries, origin))
    }

    fn add_way(&mut self, countries: &[Country], origin: Label) -> Label {
        let way = self.ways.len() as Label;
        self.ways.push(Way { countries: countries.into(), origin });
        self.way_of.insert(countries.into(), way);
        way
    }
}
