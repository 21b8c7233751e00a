//! How good the data are, from the records themselves, as of any day.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use headwater_history::{QualityAnswer, QualityQuery, RejectCount, SourceQuality};
use headwater_model::{Day, Marking};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::archive::{Wanted, known};
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use super::{Api, openapi};
use crate::params::Params;
use crate::{Problem, Reader};

/// Parameters of quality.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct QualityParams {
    /// Reporting organisations, separated by commas.
    source: Option<String>,
    /// Only what was known by the end of that day.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<Day>,
    /// `json` (default), `csv`, `arrow` (IPC stream), `parquet`; or by the header Accept. A file holds the sources.
    format: Option<String>,
}

/// How good the data are.
#[derive(Serialize, ToSchema)]
pub(crate) struct QualityList {
    /// By name: records, revisions, withdrawals, items without a substance or with one that was derived, lateness.
    #[schema(schema_with = openapi::any_objects)]
    sources: Vec<SourceQuality>,
    /// All records that were not taken, by input and reason, for a caller who may see everything; absent for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = openapi::any_objects)]
    rejects: Option<Vec<RejectCount>>,
    /// The narrowest label of the records that were counted; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    marking: Option<&'static str>,
    /// The caller's own: nothing here was made from more.
    computed_up_to: &'static str,
    simulated: bool,
}

/// What each source sent and how late, from the records that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/quality", tag = "quality", params(QualityParams),
    responses(
        (status = 200, content(
            (QualityList = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet")
        )),
        (status = "default", response = ProblemAnswer)
    )
)]
pub(crate) async fn quality(
    State(api): State<Api>,
    reader: Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Answer<Response>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let query = QualityQuery { sources: params.texts("source")?, as_of: known(&mut params, "as_of")? };
    let wanted = Wanted::all(&mut params, &headers)?;
    params.finish()?;
    let computed_up_to = reader.clearance.marking().as_str();
    let asked = api.dig(reader.clearance, move |history, reader, bounds| history.quality(reader, bounds, &query));
    let QualityAnswer { sources, rejects, seen } = asked.await?;
    if let Some(file) = wanted.file("quality", &sources, sources.len() as u64, &seen)? {
        return Ok(file);
    }
    let marking = seen.marking.map(Marking::as_str);
    let list = QualityList { sources, rejects, marking, computed_up_to, simulated: seen.simulated };
    // Counts of a reporter's records are no record of theirs.
    Ok(Answer(Shown::nothing(), Json(list).into_response()))
}
