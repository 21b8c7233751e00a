//! Volumes as they were known on a day, in spans of days, rolled up as asked.

use std::collections::{BTreeMap, BTreeSet};

use headwater_catalog::Catalog;
use headwater_model::{Clearance, Day, FamilyKind, KnownDay, PERIOD_SLACK_DAYS, WINDOW_DAYS};
use serde::Serialize;

use crate::delays::Delays;
use crate::figures::{Figure, Figures, Key, Windows};
use crate::scan::{Files, Rows, Scan};
use crate::table::table;
use crate::{Bounds, DayRange, Filter, Granularity, History, HistoryError, Seen};

/// What substances are added up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubstanceLevel {
    /// Each for itself.
    #[default]
    Substance,
    /// By main precursor family; those without one together.
    Family,
    /// By market family; those without one together.
    MarketFamily,
    /// All together: for incidents and events, masses of different chemicals add up to nothing.
    All,
}

/// What routes are added up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RouteLevel {
    /// Each for itself.
    #[default]
    Route,
    /// By origin and destination.
    Ends,
    /// By origin.
    Origin,
    /// By destination market.
    Market,
    /// All together.
    All,
}

/// What places are added up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaceLevel {
    /// By office: with source and kind of event a stratum.
    Office,
    /// By subdivision.
    Subdivision,
    /// All together.
    #[default]
    All,
}

/// What rows of volumes are kept apart by. Kinds of event are always: an export and its mirror import are the same goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeBy {
    /// By substance or family.
    pub substance: SubstanceLevel,
    /// By route or its ends.
    pub route: RouteLevel,
    /// By reporting organisation.
    pub source: bool,
    /// By place.
    pub place: PlaceLevel,
}

impl Default for VolumeBy {
    fn default() -> VolumeBy {
        let (substance, route, place) = (SubstanceLevel::Substance, RouteLevel::Route, PlaceLevel::All);
        VolumeBy { substance, route, source: true, place }
    }
}

/// A question for volumes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeQuery {
    /// Which rows; its days are those of the spans' figures.
    pub filter: Filter,
    /// Only what was known by the end of that day.
    pub as_of: Option<KnownDay>,
    /// What has changed since what was known by the end of that day: the volumes less those as of then.
    pub since: Option<KnownDay>,
    /// How long the spans are.
    pub granularity: Granularity,
    /// What rows are kept apart by.
    pub by: VolumeBy,
    /// Whether the sums of 7, 28, 91 and 364 days that end with each span are told.
    pub windows: bool,
    /// Whether each substance's share of its family is told: by substance only.
    pub shares: Option<FamilyKind>,
    /// Whether it is told what of each span has most likely arrived.
    pub arrival: bool,
}

table! {
    /// What figures in a span of days come to. What rows are not kept apart by is null.
    pub struct VolumeBucket {
        /// First day of the span.
        pub from: Day,
        /// Last day of the span.
        pub to: Day,
        /// Catalog id, or `unmapped:<key>`.
        pub substance: Option<String>,
        /// Main precursor family.
        pub family: Option<String>,
        /// Market family.
        pub market_family: Option<String>,
        /// `CN>MX>US`.
        pub route: Option<String>,
        /// Country in which routes begin.
        pub origin: Option<String>,
        /// Country in which they end.
        pub market: Option<String>,
        /// Reporting organisation.
        pub source: Option<String>,
        /// The kind of event.
        pub evidence: String,
        /// Country of the place.
        pub place_country: Option<String>,
        /// Subdivision of the place.
        pub subdivision: Option<String>,
        /// Office of the place.
        pub office: Option<String>,
        /// Milligrams.
        pub mass_mg: i64,
        /// Pieces.
        pub pieces: i64,
        /// Incidents.
        pub incidents: i64,
        /// Items of events.
        pub events: i64,
        /// Length of the longest period among the figures: one that is longer than the span reaches back before it.
        pub period_days_max: u16,
        /// Milligrams in the 7 days that end with the span, of figures that lie whole in them.
        pub mass_mg_7d: Option<i64>,
        /// In 28 days (31 for periods).
        pub mass_mg_28d: Option<i64>,
        /// In 91 days (94 for periods).
        pub mass_mg_91d: Option<i64>,
        /// In 364 days (367 for periods).
        pub mass_mg_364d: Option<i64>,
        /// Incidents likewise.
        pub incidents_7d: Option<i64>,
        /// Incidents likewise.
        pub incidents_28d: Option<i64>,
        /// Incidents likewise.
        pub incidents_91d: Option<i64>,
        /// Incidents likewise.
        pub incidents_364d: Option<i64>,
        /// Of the mass of its family in the span, kept apart by the same.
        pub share_mass: Option<f64>,
        /// Of the incidents likewise.
        pub share_incidents: Option<f64>,
        /// What of the span has most likely arrived: the least of the sources that ever reported to the row.
        pub arrived_share: Option<f64>,
    }
}

/// Volumes, and how complete they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VolumeAnswer {
    /// Sorted by first day, then by what they are kept apart by. A span without anything has no row.
    pub rows: Vec<VolumeBucket>,
    /// Where arrival is asked for: the day up to which each source's figures are complete.
    pub complete_to: BTreeMap<String, Day>,
    /// What the answer was made of.
    pub seen: Seen,
}

impl History {
    /// The volumes that a reader's rows come to.
    ///
    /// ```compile_fail
    /// # use headwater_history::{Bounds, History, VolumeQuery};
    /// # use headwater_catalog::Catalog;
    /// fn without_saying_for_whom(history: &History) {
    ///     let _ = history.volumes(&Bounds::default(), &Catalog::embedded(), &VolumeQuery::default());
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of the question, of its [`Bounds`], and of the store; [`HistoryError::Overflow`] where a sum leaves 64 bits.
    pub fn volumes(
        &self,
        reader: &Clearance,
        bounds: &Bounds,
        catalog: &Catalog,
        query: &VolumeQuery,
    ) -> Result<VolumeAnswer, HistoryError> {
        query.filter.check(bounds)?;
        if let (Some(since), Some(as_of)) = (query.since, query.as_of)
            && since > as_of
        {
            return Err(HistoryError::DaysReversed { field: "since", from: since.0, to: as_of.0 });
        }
        let files = Files(self.files(bounds)?);
        let filter = wider(query, catalog);
        let (as_of, since, rows) = (query.as_of, query.since, Rows::Items);
        let scan = Scan { reader, bounds, filter: &filter, as_of, since, rows };
        let (figures, seen) = Figures::read(self, &scan, &files, catalog, query.by)?;
        let (mut complete_to, mut delays) = (BTreeMap::new(), BTreeMap::new());
        if query.arrival {
            let (reports, _) = self.reports(reader, bounds, &files, query.as_of, &query.filter.sources)?;
            delays = reports.iter().filter_map(|(s, reports)| Some((s.clone(), Delays::of(reports)?))).collect();
            complete_to = delays.iter().map(|(source, delays)| (source.clone(), delays.complete_to())).collect();
        }
        let rows = told(&figures, catalog, query, &delays, bounds)?;
        Ok(VolumeAnswer { rows, complete_to, seen })
    }
}

/// The filter of all rows that the answer needs: the days before the first that a window reaches back to, and all
/// substances of the families that shares are of.
fn wider(query: &VolumeQuery, catalog: &Catalog) -> Filter {
    let mut filter = query.filter.clone();
    if let (true, Some(days)) = (query.windows, &mut filter.event_days) {
        days.from = days.from - (WINDOW_DAYS[WINDOW_DAYS.len() - 1] + PERIOD_SLACK_DAYS);
        // A window ends with its span, which may end behind the last day asked for.
        days.to = query.granularity.span(days.to).1;
    }
    if let (Some(kind), false) = (query.shares, filter.substances.is_empty()) {
        let families: BTreeSet<String> = filter.substances.iter().filter_map(|s| family(catalog, s, kind)).collect();
        let of_family = |id: &str| family(catalog, id, kind).is_some_and(|family| families.contains(&family));
        let more =
            catalog.substances().iter().filter(|s| of_family(&s.id) && !filter.substances.iter().any(|f| **f == *s.id));
        let more: Vec<String> = more.map(|s| s.id.to_string()).collect();
        filter.substances.extend(more);
    }
    filter
}

/// The family of a substance; none of one that the catalog lacks.
pub(crate) fn family(catalog: &Catalog, id: &str, kind: FamilyKind) -> Option<String> {
    let substance = catalog.get(id)?;
    let family = match kind {
        FamilyKind::Precursor => substance.families.first().copied(),
        FamilyKind::Market => substance.market_family,
    };
    family.map(|family| catalog.family_at(family).id.to_string())
}

/// What shares of one whole have in common: first day, key without the substance, family.
type Kin = (Day, (Key, String));

/// The rows of an answer.
fn told(
    figures: &Figures,
    catalog: &Catalog,
    query: &VolumeQuery,
    delays: &BTreeMap<String, Delays>,
    bounds: &Bounds,
) -> Result<Vec<VolumeBucket>, HistoryError> {
    let asked: BTreeSet<&str> = query.filter.substances.iter().map(String::as_str).collect();
    let in_range = |day: Day| query.filter.event_days.is_none_or(|DayRange { from, to }| (from..=to).contains(&day));
    let mut rows = Vec::new();
    let mut families: BTreeMap<Kin, (i128, i128)> = BTreeMap::new();
    let mut of_family: Vec<Option<Kin>> = Vec::new();
    for (key, list) in figures.by_key() {
        let spoken = figures.spoken(key);
        let windows = query.windows.then(|| Windows::of(&list));
        let share = query.shares.filter(|_| query.by.substance == SubstanceLevel::Substance);
        let family_name = share.and_then(|kind| family(catalog, spoken.substance.unwrap_or(""), kind));
        let span = |figure: &Figure| query.granularity.span(figure.day);
        let figures_in = list.iter().filter(|figure| in_range(figure.day)).collect::<Vec<_>>();
        for same in figures_in.chunk_by(|a, b| span(a) == span(b)) {
            let (from, to) = span(same[0]);
            let mut sums = [0i128; 4];
            same.iter().for_each(|figure| sums.iter_mut().zip(figure.sums).for_each(|(sum, more)| *sum += more));
            if sums == [0; 4] {
                continue;
            }
            let place = family_name.as_ref().map(|name| (from, figures.of_family(key, name)));
            if let Some(place) = &place {
                let total = families.entry(place.clone()).or_default();
                (total.0, total.1) = (total.0 + sums[0], total.1 + sums[2]);
            }
            let substance = spoken.substance;
            if !asked.is_empty() && substance.is_some_and(|s| !asked.contains(s)) {
                continue;
            }
            let over = || HistoryError::Overflow { what: format!("{} on {from}..{to}", spoken.name()) };
            let narrow = |sum: i128| i64::try_from(sum).map_err(|_| over());
            let rolled = windows.as_ref().map(|windows| windows.ending(to));
            let window = |at: usize, which: usize| rolled.map(|r| narrow(r[at][which])).transpose();
            let arrived = || spoken.sources.iter().filter_map(|s| Some(delays.get(*s)?.arrived(from, to)));
            rows.push(VolumeBucket {
                from,
                to,
                substance: substance.map(str::to_owned),
                family: spoken.family.clone(),
                market_family: spoken.market_family.clone(),
                route: spoken.route.clone(),
                origin: spoken.origin.clone(),
                market: spoken.market.clone(),
                source: spoken.source.map(str::to_owned),
                evidence: spoken.evidence.to_owned(),
                place_country: spoken.place[0].map(str::to_owned),
                subdivision: spoken.place[1].map(str::to_owned),
                office: spoken.place[2].map(str::to_owned),
                mass_mg: narrow(sums[0])?,
                pieces: narrow(sums[1])?,
                incidents: narrow(sums[2])?,
                events: narrow(sums[3])?,
                period_days_max: same.iter().map(|figure| figure.period_days).max().unwrap_or(1),
                mass_mg_7d: window(0, 0)?,
                mass_mg_28d: window(1, 0)?,
                mass_mg_91d: window(2, 0)?,
                mass_mg_364d: window(3, 0)?,
                incidents_7d: window(0, 1)?,
                incidents_28d: window(1, 1)?,
                incidents_91d: window(2, 1)?,
                incidents_364d: window(3, 1)?,
                share_mass: None,
                share_incidents: None,
                arrived_share: query.arrival.then(|| arrived().min_by(f64::total_cmp)).flatten(),
            });
            of_family.push(place);
            if rows.len() > bounds.rows_max {
                return Err(HistoryError::TooManyRows { field: "by", limit: bounds.rows_max });
            }
        }
    }
    for (row, place) in rows.iter_mut().zip(&of_family) {
        let Some((mass_mg, incidents)) = place.as_ref().and_then(|place| families.get(place)) else { continue };
        let share = |part: i64, whole: i128| (whole > 0).then(|| part as f64 / whole as f64);
        row.share_mass = share(row.mass_mg, *mass_mg);
        row.share_incidents = share(row.incidents, *incidents);
    }
    rows.sort_by(|a, b| {
        let key = |r: &VolumeBucket| {
            let names = [&r.substance, &r.family, &r.market_family, &r.route, &r.origin, &r.market, &r.source];
            let places = [&r.place_country, &r.subdivision, &r.office];
            (r.from, names.map(Clone::clone), r.evidence.clone(), places.map(Clone::clone))
        };
        key(a).cmp(&key(b))
    });
    Ok(rows)
}
