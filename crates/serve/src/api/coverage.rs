//! Where little or nothing is seen: a desk that is quiet must be able to show that it looked.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use headwater_model::{Day, Marking};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use super::table::{Column, Format, Table};
use super::volumes::refused;
use crate::params::Params;
use crate::read::{Coverage, LittleSeen};
use crate::{Problem, Reader};

/// Cells of one answer of JSON: there may be as many as families by markets, and nobody reads more than the gravest.
const LITTLE_MAX: usize = 1_000;

/// Parameters of coverage.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct CoverageParams {
    /// `json` (default), `csv`, `arrow` (IPC stream), `parquet`; or by the header Accept. A file holds all of `little`.
    format: Option<String>,
}

/// A family in a market where a shift could hardly be seen.
#[derive(Serialize, ToSchema)]
pub(crate) struct LittleCell {
    /// Id of a family that is tested for shifts.
    family: String,
    /// ISO 3166 alpha-2 code of the last country of a route.
    market: String,
    /// Why, the gravest first. `source_silent`: one of its sources is silent beyond its habit. `too_few_records`: no source
    /// reported enough incidents of one kind of evidence in the year for a baseline. `short_history`: less than the 52
    /// weeks that are needed before anything is tested. `one_reporter`: nobody else confirms it.
    #[schema(value_type = Vec<String>)]
    reasons: Vec<&'static str>,
    /// Who reported of it in the year, by name.
    sources: Vec<String>,
    /// Who of them is silent now.
    silent: Vec<String>,
    /// Observations that became known in the year, corrections and withdrawals taken off.
    records: i64,
    /// The first day of the silence, the longest where there are more; else the first day of a history that is short; null
    /// where the reasons are others.
    #[schema(value_type = Option<String>, format = Date)]
    since: Option<Day>,
}

impl LittleCell {
    fn of(cell: &LittleSeen) -> LittleCell {
        LittleCell {
            family: cell.family.clone(),
            market: cell.market.to_string(),
            reasons: cell.lacks.iter().map(|lack| lack.as_str()).collect(),
            sources: cell.sources.clone(),
            silent: cell.silent.clone(),
            records: cell.records,
            since: cell.since,
        }
    }
}

/// Where a shift could hardly be seen.
#[derive(Serialize, ToSchema)]
pub(crate) struct CoverageList {
    /// Families by markets of which the caller sees something that became known in the 364 days up to `closed_to`, or up
    /// to the latest report where detection has closed no day: those of `little`, and those that lack nothing.
    cells: u64,
    /// How many lack something.
    little_total: u64,
    /// By the gravest reason, family and market: the first 1,000.
    little: Vec<LittleCell>,
    /// The last day that detection closed.
    #[schema(value_type = Option<String>, format = Date)]
    closed_to: Option<Day>,
    /// The narrowest label of the records that were counted; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    marking: Option<&'static str>,
    /// The caller's own: nothing here was made from more.
    computed_up_to: &'static str,
    simulated: bool,
}

/// Where little or nothing is seen, and why, from the records that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/coverage", tag = "quality", params(CoverageParams),
    responses(
        (status = 200, content(
            (CoverageList = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet")
        )),
        (status = "default", response = ProblemAnswer)
    )
)]
pub(crate) async fn coverage(
    State(api): State<Api>,
    reader: Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Answer<Response>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let format = Format::of(&mut params, &headers)?;
    params.finish()?;
    let computed_up_to = reader.clearance.marking().as_str();
    let asked = api.ask(&reader, |view, given_up| Ok((view.coverage(given_up).map_err(refused)?, view.closed_to())));
    let (coverage, closed_to) = asked.await?;
    if format != Format::Json {
        let file = table(&coverage, &api).answer(format, "coverage")?;
        return Ok(Answer(Shown { file: Some(format), ..Shown::of(coverage.marking) }, file));
    }
    let list = CoverageList {
        cells: coverage.cells,
        little_total: coverage.little.len() as u64,
        little: coverage.little.iter().take(LITTLE_MAX).map(LittleCell::of).collect(),
        closed_to,
        marking: coverage.marking.map(Marking::as_str),
        computed_up_to,
        simulated: coverage.simulated,
    };
    // Counts of a reporter's records are no record of theirs.
    Ok(Answer(Shown::nothing(), Json(list).into_response()))
}

fn table(coverage: &Coverage, api: &Api) -> Table {
    let text = |get: fn(&LittleSeen) -> String| Column::Text(coverage.little.iter().map(get).map(Some).collect());
    let columns = vec![
        ("family", text(|cell| cell.family.clone())),
        ("market", text(|cell| cell.market.to_string())),
        ("reasons", text(|cell| cell.lacks.iter().map(|lack| lack.as_str()).collect::<Vec<_>>().join(","))),
        ("sources", text(|cell| cell.sources.join(","))),
        ("silent", text(|cell| cell.silent.join(","))),
        ("records", Column::Number(coverage.little.iter().map(|cell| Some(cell.records)).collect())),
        ("since", Column::DayOrNone(coverage.little.iter().map(|cell| cell.since).collect())),
    ];
    let marking = coverage.marking.unwrap_or(Marking::Clear);
    Table { columns, marking, versions: (*api.versions).clone() }
}
