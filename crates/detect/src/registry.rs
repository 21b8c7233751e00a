//! What the detector knows of each series: its cells' families, its stratum, its place and its access.

use headwater_catalog::Catalog;
use headwater_model::{Access, Country, Evidence, FamilyIx, Id, Marking, Names, Route, Series};

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
}

/// The number of a stratum in its registry, in the order of arrival.
pub(crate) type StratumId = u32;

/// What is looked up of a series that belongs to a tested family.
#[derive(Clone, Debug)]
pub(crate) struct SeriesInfo {
    /// The families it is tested in, and its place among their members.
    pub families: Vec<(FamilyIx, u16)>,
    /// Where its route ends.
    pub market: Country,
    /// The subdivision of the market where it was seized.
    pub subdivision: Option<Box<str>>,
    /// Its stratum.
    pub stratum: StratumId,
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

/// Infos by series, extended as names are met.
#[derive(Default)]
pub(crate) struct Registry {
    infos: Vec<Option<SeriesInfo>>,
    strata: Vec<StratumKey>,
}

impl Registry {
    /// Reads the series that it has not seen yet.
    pub fn extend(&mut self, names: &Names, catalog: &Catalog) {
        for index in self.infos.len()..names.series.len() {
            let info = self.read(names.series.get(Id::new(index as u32)), names, catalog);
            self.infos.push(info);
        }
    }

    /// The info of a series; none where it belongs to no tested family or its market is unknown.
    pub fn info(&self, series: Id<Series>) -> Option<&SeriesInfo> {
        self.infos.get(series.index())?.as_ref()
    }

    /// A stratum by its number.
    pub fn stratum(&self, id: StratumId) -> &StratumKey {
        &self.strata[id as usize]
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
                families.push((family, member as u16));
            }
        }
        let market = names.market(series);
        if families.is_empty() || market == Country::UNKNOWN {
            return None;
        }
        let place = series.place.map(|p| names.places.get(p));
        let stratum = StratumKey {
            source: names.sources.get(series.source).clone(),
            evidence: series.evidence,
            office: place.and_then(|p| p.office.clone()),
        };
        let stratum = match self.strata.iter().position(|s| *s == stratum) {
            Some(known) => known,
            None => {
                self.strata.push(stratum);
                self.strata.len() - 1
            }
        };
        Some(SeriesInfo {
            families,
            market,
            subdivision: place.filter(|p| p.country == market).and_then(|p| p.subdivision.clone()),
            stratum: stratum as StratumId,
            source: series.source,
            evidence: series.evidence,
            route: series.route,
            access: series.access,
            marking: names.accesses.get(series.access).marking,
            flagged: series.flagged,
        })
    }
}
