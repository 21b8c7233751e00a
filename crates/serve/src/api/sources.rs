//! How good the data are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{RawQuery, State};
use headwater_model::{Counts, Day, Reason, Silence};
use serde::Serialize;
use utoipa::ToSchema;

use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use super::{Api, openapi};
use crate::params::Params;
use crate::{Problem, Reader};

/// Days between event and report.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delay {
    /// By which half of the reports had come.
    median_days: i32,
    /// By which nine tenths had.
    p90_days: i32,
}

/// Days on which a source was silent beyond its habit.
#[derive(Serialize, ToSchema)]
pub(crate) struct SilentDays {
    /// The day after a report.
    #[schema(value_type = String, format = Date)]
    from: Day,
    /// The day before the next one; absent while the silence lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    to: Option<Day>,
}

impl SilentDays {
    fn of(silence: Silence) -> SilentDays {
        SilentDays { from: silence.from, to: silence.to }
    }
}

/// A reporting organisation, from the records that the caller may see.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceQuality {
    source: String,
    /// Kinds of evidence that it sends.
    evidence: Vec<&'static str>,
    /// The day on which its first record was known.
    #[schema(value_type = String, format = Date)]
    first_report: Day,
    /// The day on which its last record was known.
    #[schema(value_type = String, format = Date)]
    last_report: Day,
    /// Observations in force.
    events: i64,
    /// Observations that a later revision or a withdrawal took back.
    taken_back: u64,
    /// Of the last 364 days on which it reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<Delay>,
    /// Up to which day its figures have most likely all arrived.
    #[schema(value_type = Option<String>, format = Date)]
    complete_to: Option<Day>,
    /// Observations by the day on which they became known, corrections and withdrawals taken off: of each of the 92 days
    /// that end with `recent_to`.
    recent: Vec<i64>,
    /// The longest gap between two days with observations that is usual: a silence is longer than 14 days and than twice
    /// that. Of its last 364 days; absent where it reported on fewer than two of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    usual_gap_days: Option<i32>,
    /// When it was silent beyond that, within the 364 days that end with `recent_to`, earliest first. Whether it is silent
    /// now is told of `closed_to`, for of later days not everything may have been read, and of `recent_to` where detection
    /// has closed no day.
    silences: Vec<SilentDays>,
    simulated: bool,
}

/// The account of an input: `read = accepted + duplicate + superseded + rejected`, always.
#[derive(Serialize, ToSchema)]
pub(crate) struct InputAccount {
    /// `source/partition`, the source as configured.
    input: String,
    /// Days before it are closed as far as this input goes.
    #[schema(value_type = Option<String>, format = Date)]
    clock: Option<Day>,
    /// `read`, `accepted`, `duplicate`, `superseded`, `rejected`, `conflict`.
    #[schema(schema_with = openapi::any_object)]
    records: Counts,
    /// Records that were not taken, by reason.
    #[schema(value_type = BTreeMap<String, u64>)]
    rejects: BTreeMap<Reason, u64>,
}

/// Reporters and inputs.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceList {
    /// By name.
    sources: Vec<SourceQuality>,
    /// For a caller who may see everything, for an account counts records of every marking; absent for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<Vec<InputAccount>>,
    /// The earliest of the sources' lines of completeness.
    #[schema(value_type = Option<String>, format = Date)]
    complete_to: Option<Day>,
    /// The source that sets it.
    complete_to_set_by: Option<String>,
    /// The last day that detection closed.
    #[schema(value_type = Option<String>, format = Date)]
    closed_to: Option<Day>,
    /// The last day of `recent`: of what detection closed and of all reports the latest.
    #[schema(value_type = Option<String>, format = Date)]
    recent_to: Option<Day>,
    /// The caller's own: nothing here was made from more.
    computed_up_to: &'static str,
}

/// Reporters: last report, lateness, corrections, completeness; and the accounts of inputs with rejects by reason.
#[utoipa::path(
    get, path = "/api/v1/sources", tag = "quality",
    responses((status = 200, body = SourceList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn sources(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<SourceList>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    let computed_up_to = reader.clearance.marking().as_str();
    let list = api.ask(&reader, move |view, _| {
        let reporters = view.reporters();
        let recent_to = reporters.last_report().max(view.closed_to());
        let told_to = view.closed_to().or(recent_to);
        let sources = reporters.sources.iter().map(|state| SourceQuality {
            simulated: state.is_simulated(),
            source: state.source.clone(),
            evidence: state.evidence.iter().map(|evidence| evidence.as_str()).collect(),
            first_report: state.first_report,
            last_report: state.last_report(),
            events: state.events,
            taken_back: state.taken_back,
            delay: state.delay_days().map(|[median_days, p90_days]| Delay { median_days, p90_days }),
            complete_to: Some(state.complete_to()),
            recent: recent_to.map(|end| state.recent(end)).unwrap_or_default(),
            usual_gap_days: state.usual_gap_days(),
            silences: recent_to
                .zip(told_to)
                .map_or(Vec::new(), |(end, told)| state.silences(end, told).into_iter().map(SilentDays::of).collect()),
        });
        let account = |account: crate::read::Account| InputAccount {
            input: account.input.to_string(),
            clock: account.clock,
            records: account.total,
            rejects: account.rejects,
        };
        Ok(SourceList {
            sources: sources.collect(),
            inputs: view.accounts().map(|accounts| accounts.into_iter().map(account).collect()),
            complete_to: reporters.complete.overall,
            complete_to_set_by: reporters.complete.set_by.clone(),
            closed_to: view.closed_to(),
            recent_to,
            computed_up_to,
        })
    });
    // How good the data of a reporter are is no record of theirs.
    Ok(Answer(Shown::nothing(), Json(list.await?)))
}
