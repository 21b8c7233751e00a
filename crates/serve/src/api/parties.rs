//! Parties, as opaque ids, that are seen on both sides of a shift.

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use headwater_history::{PartyAnswer, PartyQuery, SharedParty};
use headwater_model::{Day, Marking};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::archive::Wanted;
use super::carrying::{Carrying, Ground};
use super::openapi::ProblemAnswer;
use super::shown::Answer;
use super::{Api, openapi};
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
    let Ground { carrying, known, clearance, .. } = Ground::of(&api, &reader, id, as_of).await?;
    let Carrying { common: filter, falling, rising } = carrying;
    let query = PartyQuery { filter, falling, rising, as_of: Some(known), limit: wanted.page.size };
    let computed_up_to = clearance.marking().as_str();
    let asked = api.dig(clearance, move |history, reader, bounds| history.shared_parties(reader, bounds, &query));
    let PartyAnswer { rows, shared, falling, rising, seen } = asked.await?;
    wanted.answer("parties", rows, shared, &seen, |parties| PartyList {
        parties,
        shared,
        falling,
        rising,
        marking: seen.marking.map(Marking::as_str),
        computed_up_to,
        simulated: seen.simulated,
    })
}
