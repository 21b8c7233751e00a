//! Notices of exports that no declaration ever referred to.

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use headwater_history::{NoticePage, NoticeQuery, UnansweredNotice};
use headwater_model::Marking;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::archive::{Wanted, filter, known};
use super::observations::ArchiveQuery;
use super::openapi::ProblemAnswer;
use super::shown::Answer;
use super::{Api, openapi};
use crate::params::Params;
use crate::{Problem, Reader};

/// Parameters of notices beside those that narrow.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct NoticesQuery {
    /// Whose announced day lies at least so many days before `as_of`, or before the last known day.
    age_days_min: Option<i32>,
    /// `json` (default), `csv`, `arrow` (IPC stream), `parquet`; or by the header Accept. A file holds all rows.
    format: Option<String>,
    /// Rows of a page of JSON, 1 to 1,000; 100 without it.
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same other parameters.
    cursor: Option<String>,
}

/// Notices.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoticeList {
    /// By announced day, source and event.
    #[schema(schema_with = openapi::any_objects)]
    notices: Vec<UnansweredNotice>,
    /// Unanswered ones on all pages.
    unanswered: u64,
    /// Notices in force, answered ones included, whatever their age.
    in_force: u64,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The narrowest label of what was looked at; absent where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    marking: Option<&'static str>,
    /// The caller's own: nothing here was made from more.
    computed_up_to: &'static str,
    simulated: bool,
}

/// Notices of exports in force that no record which the caller may see ever referred to.
#[utoipa::path(
    get, path = "/api/v1/notices", tag = "records", params(ArchiveQuery, NoticesQuery),
    responses(
        (status = 200, content(
            (NoticeList = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet")
        )),
        (status = "default", response = ProblemAnswer)
    )
)]
pub(crate) async fn unanswered(
    State(api): State<Api>,
    reader: Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Answer<Response>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let (filter, as_of) = (filter(&mut params)?, known(&mut params, "as_of")?);
    let days = |value: &str| value.parse().ok().filter(|days| (0..=40_000).contains(days));
    let age_days_min = params.one("age_days_min", "a whole number from 0 to 40,000", days)?;
    let wanted = Wanted::of(&mut params, &headers)?;
    params.finish()?;
    let query = NoticeQuery { filter, as_of, age_days_min, page: wanted.page.clone() };
    let computed_up_to = reader.clearance.marking().as_str();
    let asked =
        api.dig(reader.clearance, move |history, reader, bounds| history.unanswered_notices(reader, bounds, &query));
    let NoticePage { rows, unanswered, notices, next, seen } = asked.await?;
    wanted.answer("notices", rows, unanswered, &seen, |rows| NoticeList {
        notices: rows,
        unanswered,
        in_force: notices,
        next_cursor: next,
        marking: seen.marking.map(Marking::as_str),
        computed_up_to,
        simulated: seen.simulated,
    })
}
