//! Which rows of the archive a question is about.

use headwater_model::{Country, EventRef, Evidence};

use crate::{Bounds, DayRange, HistoryError};

/// Which rows are meant: those that every field agrees to. An empty list and `None` agree to all.
///
/// All fields are of what a correction repeats when it takes a row back, so that a filter holds a row and what takes it
/// back together, and sums over what is left are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Catalog ids, or `unmapped:<key>`.
    pub substances: Vec<String>,
    /// Routes as written: `CN>MX>US`.
    pub routes: Vec<String>,
    /// Countries in which the route begins.
    pub origins: Vec<Country>,
    /// Countries in which it ends.
    pub markets: Vec<Country>,
    /// Reporting organisations.
    pub sources: Vec<String>,
    /// Kinds of event.
    pub evidence: Vec<Evidence>,
    /// Countries of the place of a seizure.
    pub place_countries: Vec<Country>,
    /// Subdivisions of the place.
    pub subdivisions: Vec<String>,
    /// Offices of the place.
    pub offices: Vec<String>,
    /// Days on which the figure lies: the event day, or the last day of the period.
    pub event_days: Option<DayRange>,
    /// Only rows whose amount or substance was derived (`true`) or was not.
    pub flagged: Option<bool>,
    /// Only these events.
    pub events: Vec<EventRef>,
}

impl Filter {
    pub(crate) fn check(&self, bounds: &Bounds) -> Result<(), HistoryError> {
        bounds.list("substances", self.substances.len())?;
        bounds.list("routes", self.routes.len())?;
        bounds.list("origins", self.origins.len())?;
        bounds.list("markets", self.markets.len())?;
        bounds.list("sources", self.sources.len())?;
        bounds.list("evidence", self.evidence.len())?;
        bounds.list("place_countries", self.place_countries.len())?;
        bounds.list("subdivisions", self.subdivisions.len())?;
        bounds.list("offices", self.offices.len())?;
        bounds.list("events", self.events.len())?;
        bounds.days("event_days", self.event_days)
    }
}
