//! Parties, as opaque ids, that are seen on both sides of a shift.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use headwater_history::{PartyAnswer, PartyQuery, SharedParty};
use headwater_model::{Day, KnownDay, Marking};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::archive::Wanted;
use super::carrying::{Carrying, clearance};
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use super::{Api, alerts, openapi};
use crate::params::Params;
use crate::{Problem, Reader};

/// Parameters of the parties of an alert.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct PartiesQuery {
    /// The alert as it stood on that day, and what was known then; without it the alert's last revision, and what was
    /// known on its own day.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<Day>,
    /// `json` (default), `csv`, `arrow` (IPC stream), `parquet`; or by the header Accept.
    format: Option<String>,
    /// Parties told at most, 1 to 1,000; 100 without it.
    limit: Option<u32>,
}

/// Parties.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartyList {
    /// Those with the most events first. That one stands here is no evidence against anybody.
    #[schema(schema_with = openapi::any_objects)]
    parties: Vec<SharedParty>,
    /// On both sides, those beyond the limit included.
    shared: u64,
    /// Parties of what falls.
    falling: u64,
    /// Parties of what rises.
    rising: u64,
    /// The narrowest label of what was looked at; absent where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    marking: Option<&'static str>,
    /// Nothing here was made from more.
    computed_up_to: &'static str,
    simulated: bool,
}

/// Parties with events in force of what fell and of what rose, among the records that the alert rests on.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/parties", tag = "records",
    params(("id" = String, Path, description = "`alert_id`"), PartiesQuery),
    responses(
        (status = 200, content(
            (PartyList = "application/json"), (String = "text/csv"),
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
    let wanted = Wanted::whole(&mut params, &headers)?;
    params.finish()?;
    let alert = alerts::revisions(&api, &reader, id, as_of).await?.pop().ok_or_else(alerts::nothing)?;
    let Carrying { common: filter, falling, rising } = Carrying::of(&alert, api.model.catalog());
    let as_of = Some(KnownDay(as_of.unwrap_or(alert.as_of)));
    let query = PartyQuery { filter, falling, rising, as_of, limit: wanted.page.size };
    let reader = Arc::new(clearance(&alert, &reader.clearance));
    let computed_up_to = reader.marking().as_str();
    let asked = api.dig(reader, move |history, reader, bounds| history.shared_parties(reader, bounds, &query));
    let PartyAnswer { rows, shared, falling, rising, seen } = asked.await?;
    if let Some(file) = wanted.file("parties", &rows, shared, &seen)? {
        return Ok(file);
    }
    let list = PartyList {
        parties: rows,
        shared,
        falling,
        rising,
        marking: seen.marking.map(Marking::as_str),
        computed_up_to,
        simulated: seen.simulated,
    };
    Ok(Answer(Shown::of(seen.marking), Json(list).into_response()))
}
