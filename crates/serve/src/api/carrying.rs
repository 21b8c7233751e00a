//! What an alert rests on, as a question to the archive.

use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_history::{DayRange, Filter, Side};
use headwater_model::{Alert, Clearance, Country, Day, EventRef, Kind, KnownDay, Mover, Scope};

use super::{Api, alerts};
use crate::{Problem, Reader};

/// An alert as a reader asks for what it rests on.
pub(super) struct Ground {
    pub alert: Arc<Alert>,
    pub carrying: Carrying,
    /// Up to which day's knowledge its records are told.
    pub known: KnownDay,
    /// On whose behalf the archive is asked.
    pub clearance: Arc<Clearance>,
}

impl Ground {
    /// Of the alert as it stood on a day, or of its last revision.
    ///
    /// # Errors
    /// The one answer where there is none that the reader may see.
    pub async fn of(api: &Api, reader: &Reader, id: String, as_of: Option<Day>) -> Result<Ground, Problem> {
        let alert = alerts::revisions(api, reader, id, as_of).await?.pop().ok_or_else(alerts::nothing)?;
        Ok(Ground {
            carrying: Carrying::of(&alert, api.model.catalog()),
            known: KnownDay(as_of.unwrap_or(alert.as_of)),
            clearance: Arc::new(clearance(&alert, &reader.clearance)),
            alert,
        })
    }
}

/// What an alert rests on: the records of its cell, its reporters and its days, and of these what fell and what rose.
pub(super) struct Carrying {
    /// What both sides have in common.
    pub common: Filter,
    pub falling: Side,
    pub rising: Side,
}

impl Carrying {
    fn of(alert: &Alert, catalog: &Catalog) -> Carrying {
        let country = |text: &str| Country::from_letters(text.as_bytes().try_into().ok()?);
        let place: Vec<String> = alert.place.iter().cloned().collect();
        let (subdivisions, offices) = match alert.scope {
            Scope::Subdivision => (place, Vec::new()),
            Scope::Office => (Vec::new(), place),
            _ => (Vec::new(), Vec::new()),
        };
        let (mut sources, mut evidence): (Vec<String>, Vec<_>) =
            alert.strata.iter().map(|stratum| (stratum.source.clone(), stratum.evidence)).unzip();
        sources.sort();
        evidence.sort();
        sources.dedup();
        evidence.dedup();
        let common = Filter {
            markets: country(&alert.market).into_iter().collect(),
            sources,
            evidence,
            subdivisions,
            offices,
            event_days: Some(DayRange { from: alert.windows.before.from, to: alert.windows.after.to }),
            ..Filter::default()
        };
        let side = |movers: &[Mover]| {
            let ids = || movers.iter().map(|mover| mover.id.clone());
            match alert.kind {
                Kind::Displacement => Side {
                    substances: members(&alert.family, catalog),
                    routes: ids().filter(|id| id.contains('>')).collect(),
                    origins: ids().filter_map(|id| country(&id)).collect(),
                },
                _ => Side { substances: ids().collect(), ..Side::default() },
            }
        };
        Carrying { falling: side(&alert.falling), rising: side(&alert.rising), common }
    }

    /// The rows of one side, or of both.
    pub fn filter(&self, sides: &[&Side]) -> Filter {
        fn all<T: Clone + Ord>(sides: &[&Side], of: impl Fn(&Side) -> &Vec<T>) -> Vec<T> {
            let mut all: Vec<T> = sides.iter().flat_map(|side| of(side).iter().cloned()).collect();
            all.sort();
            all.dedup();
            all
        }
        Filter {
            substances: all(sides, |side| &side.substances),
            routes: all(sides, |side| &side.routes),
            origins: all(sides, |side| &side.origins),
            ..self.common.clone()
        }
    }
}

/// The events that carry most.
pub(super) fn top_events(alert: &Alert) -> Vec<EventRef> {
    let events = alert.evidence.top_events.iter();
    events.map(|event| EventRef { source: event.source.clone(), event_id: event.event_id.clone() }).collect()
}

/// The ids of a family's members.
fn members(family: &str, catalog: &Catalog) -> Vec<String> {
    let own = |substance: &&headwater_model::Substance| {
        let mut families = substance.families.iter().copied().chain(substance.market_family);
        families.any(|of| *catalog.family_at(of).id == *family)
    };
    catalog.substances().iter().filter(own).map(|substance| substance.id.to_string()).collect()
}

/// What a reader may see of what an alert was computed from, and nothing of a narrower label: so that the rows are those
/// that its figures were made of.
fn clearance(alert: &Alert, reader: &Clearance) -> Clearance {
    let marking = reader.marking().min(alert.computed_up_to);
    Clearance::new(marking, reader.organisations().iter().cloned())
}
