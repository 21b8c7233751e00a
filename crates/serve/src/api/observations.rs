//! Drill-down: the records behind an alert or a figure.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use headwater_history::{Observation, ObservationPage, ObservationQuery, Totals, View};
use headwater_model::{Clearance, Day, KnownDay, Marking};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::archive::{Wanted, days, filter, known};
use super::carrying::{Ground, top_events};
use super::openapi::ProblemAnswer;
use super::shown::Answer;
use super::{Api, openapi};
use crate::params::Params;
use crate::{Problem, Reader};

/// Parameters of a question to the archive. Lists are separated by commas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct ArchiveQuery {
    /// Catalog ids, or `unmapped:...`.
    substance: Option<String>,
    /// Routes, written `CN>MX>US`.
    route: Option<String>,
    /// ISO 3166 alpha-2 codes of the first country of a route.
    origin: Option<String>,
    /// Of the last.
    market: Option<String>,
    /// Reporting organisations.
    source: Option<String>,
    /// Ids of events of the one `source` that is given.
    event_id: Option<String>,
    /// Kinds of evidence.
    evidence: Option<String>,
    /// Countries of the place of a seizure.
    place_country: Option<String>,
    /// Subdivisions of it.
    subdivision: Option<String>,
    /// Offices of it.
    office: Option<String>,
    /// Figures whose last day is this or later.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Day>,
    /// Or earlier.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Day>,
    /// `true`: whose amount or substance was derived alone; `false`: those alone where neither was.
    flagged: Option<bool>,
    /// Only what was known by the end of that day.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<Day>,
}

/// Which rows are told, and in what they come.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct RowsQuery {
    /// `in_force` (default): items net of all corrections; `every_change`: also what was taken back, by known day.
    rows: Option<String>,
    /// Of every change, those that became known after that day.
    #[param(value_type = Option<String>, format = Date)]
    since: Option<Day>,
    /// `oldest` (default) or `newest` first.
    sort: Option<String>,
    /// `json` (default), `csv`, `arrow` (IPC stream), `parquet`; or by the header Accept. A file holds all rows.
    format: Option<String>,
    /// Rows of a page of JSON, 1 to 1,000; 100 without it.
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same other parameters.
    cursor: Option<String>,
}

/// What all rows come to, those of other pages included.
#[derive(Serialize, ToSchema)]
pub(crate) struct ObservationTotals {
    rows: u64,
    /// Events that they are of.
    events: u64,
    /// Milligrams, net.
    mass_mg: i64,
    pieces: i64,
    incidents: i64,
}

impl ObservationTotals {
    fn of(Totals { rows, events, mass_mg, pieces, incidents }: Totals) -> ObservationTotals {
        ObservationTotals { rows, events, mass_mg, pieces, incidents }
    }
}

/// Records.
#[derive(Serialize, ToSchema)]
pub(crate) struct ObservationList {
    /// Rows of the archive, whole: `docs/archive.md` says what each column means.
    #[schema(schema_with = openapi::any_objects)]
    observations: Vec<Observation>,
    totals: ObservationTotals,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The narrowest label of all rows; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    marking: Option<&'static str>,
    /// Nothing here was made from more.
    computed_up_to: &'static str,
    /// Up to which day's knowledge; absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    as_of: Option<Day>,
    simulated: bool,
}

/// The records behind a figure, one item of an event a row, exactly those that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/observations", tag = "records", params(ArchiveQuery, RowsQuery),
    responses(
        (status = 200, content(
            (ObservationList = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet")
        )),
        (status = "default", response = ProblemAnswer)
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    reader: Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Answer<Response>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let (filter, as_of) = (filter(&mut params)?, known(&mut params, "as_of")?);
    let (view, newest_first) = rows(&mut params)?;
    let wanted = Wanted::of(&mut params, &headers)?;
    params.finish()?;
    let query = ObservationQuery { filter, as_of, view, newest_first, page: wanted.page.clone() };
    answer(&api, reader.clearance, query, &wanted).await
}

/// Parameters of the records of an alert.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct CarryingQuery {
    /// `falling`, `rising`, or both without it.
    side: Option<String>,
    /// `before`, `after`, or all days from the first of one to the last of the other without it.
    window: Option<String>,
    /// `top`: the events alone that carry most.
    events: Option<String>,
    /// The alert as it stood on that day, and what was known then; without it the alert's last revision, and what was
    /// known on its own day.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<Day>,
}

/// The records that an alert rests on: of its market or place, its reporters and their kinds of evidence, its days, and
/// what fell and rose; of no narrower label than it was computed from.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/observations", tag = "records",
    params(("id" = String, Path, description = "`alert_id`"), CarryingQuery, RowsQuery),
    responses(
        (status = 200, content(
            (ObservationList = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet")
        )),
        (status = "default", response = ProblemAnswer)
    )
)]
pub(crate) async fn of_alert(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Answer<Response>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let as_of = params.day("as_of")?;
    let side = params.word("side", &[("falling", true), ("rising", false)])?;
    let window = params.word("window", &[("before", true), ("after", false)])?;
    let top = params.word("events", &[("top", ())])?;
    let (view, newest_first) = rows(&mut params)?;
    let wanted = Wanted::of(&mut params, &headers)?;
    params.finish()?;
    let Ground { alert, carrying, known, clearance } = Ground::of(&api, &reader, id, as_of).await?;
    let both = [&carrying.falling, &carrying.rising];
    let mut filter = carrying.filter(match side {
        Some(true) => &both[..1],
        Some(false) => &both[1..],
        None => &both,
    });
    if let Some(before) = window {
        let window = if before { alert.windows.before } else { alert.windows.after };
        filter.event_days = days(Some(window.from), Some(window.to));
    }
    if top.is_some() {
        filter.events = top_events(&alert);
    }
    let query = ObservationQuery { filter, as_of: Some(known), view, newest_first, page: wanted.page.clone() };
    answer(&api, clearance, query, &wanted).await
}

/// Net or every change, and in which order.
fn rows(params: &mut Params) -> Result<(View, bool), Problem> {
    let every = params.word("rows", &[("in_force", false), ("every_change", true)])?.unwrap_or_default();
    let since = known(params, "since")?;
    let newest = params.word("sort", &[("oldest", false), ("newest", true)])?.unwrap_or_default();
    let view = match (every, since) {
        (true, since) => View::EveryChange { since },
        (false, None) => View::InForce,
        (false, Some(KnownDay(day))) => {
            return Err(Problem::field("since", &day.to_string(), "with rows=every_change alone"));
        }
    };
    Ok((view, newest))
}

async fn answer(
    api: &Api,
    reader: Arc<Clearance>,
    query: ObservationQuery,
    wanted: &Wanted,
) -> Result<Answer<Response>, Problem> {
    let (computed_up_to, as_of) = (reader.marking().as_str(), query.as_of);
    let asked = api.dig(reader, move |history, reader, bounds| history.observations(reader, bounds, &query));
    let ObservationPage { rows, totals, next, seen } = asked.await?;
    wanted.answer("observations", rows, totals.rows, &seen, |observations| ObservationList {
        observations,
        totals: ObservationTotals::of(totals),
        next_cursor: next,
        marking: seen.marking.map(Marking::as_str),
        computed_up_to,
        as_of: as_of.map(|KnownDay(day)| day),
        simulated: seen.simulated,
    })
}
