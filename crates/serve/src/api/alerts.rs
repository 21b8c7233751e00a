//! Alerts: the list, one with its revisions, and what one stands on.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use headwater_model::{Alert, AlertStatus, Band, Day, Kind, Marking};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::beside::{Beside, Desk};
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown, viewing};
use super::{Api, openapi};
use crate::params::{Params, words};
use crate::read::{AlertFilter, Sort};
use crate::{Problem, Reader};

/// Alerts of one page.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 200;

/// Words of what people decided.
const STATES: [&str; 5] = ["new", "acknowledged", "assigned", "closed", "reopened"];

/// Bytes of an id.
pub(super) const ID_BYTES_MAX: usize = 128;

/// Parameters of the list. Lists are separated by commas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct AlertsQuery {
    /// Kinds: substitution, displacement, emergence, surge, unmapped_growth, reporting_gap.
    #[param(example = "substitution")]
    kind: Option<String>,
    /// Ids of families.
    family: Option<String>,
    /// Catalog ids; of a displacement a route (`CN>MX>US`) or an origin. Alerts that name one as falling or rising.
    substance: Option<String>,
    /// ISO 3166 alpha-2 codes, or `world`.
    market: Option<String>,
    /// Of the last revision: raised, updated, withdrawn, expired.
    status: Option<String>,
    /// Bands of priority: critical, high, normal, low.
    priority: Option<String>,
    /// Whose last revision is of that day or later.
    #[param(value_type = Option<String>, format = Date)]
    since: Option<Day>,
    /// As they stood on that day.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<Day>,
    /// What people decided: new, acknowledged, assigned, closed, reopened.
    triage: Option<String>,
    /// Handles of those who have them.
    assignee: Option<String>,
    /// `true`: that have a revision which the caller has not looked at; `false`: that have none.
    unseen: Option<bool>,
    /// `true`: exercises alone (`headwater drill`); `false`: without them.
    exercise: Option<bool>,
    /// `priority` (default) or `newest`.
    sort: Option<String>,
    /// Alerts of a page, 1 to 200; 50 without it.
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same other parameters.
    cursor: Option<String>,
}

/// How many alerts there are, as far as the caller sees them, without exercises.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertCounts {
    /// That match.
    matching: u64,
    /// In all, as of the day asked for.
    without_filter: u64,
    /// Of those that match.
    by_status: BTreeMap<&'static str, u64>,
    by_kind: BTreeMap<&'static str, u64>,
    by_priority: BTreeMap<&'static str, u64>,
    by_family: BTreeMap<String, u64>,
    by_market: BTreeMap<String, u64>,
    by_triage: BTreeMap<&'static str, u64>,
    /// Of those that match, with a revision that the caller has not looked at.
    unseen: u64,
    /// Exercises that match: they stand in the list and in no other count.
    exercises: u64,
    /// First raised in the seven days up to `closed_to`, or to the day asked for, whatever the filter.
    raised_in_week: u64,
    /// How many a week people can work through, of those that fall to no budget of their own.
    weekly_budget: u32,
    /// The last day on which any alert was first raised.
    #[schema(value_type = Option<String>, format = Date)]
    last_raised: Option<Day>,
}

/// Cells: families in a market or a part of it, each with its substances or its routes.
#[derive(Serialize, ToSchema)]
pub(crate) struct CellCounts {
    /// In which a shift was looked for when they last changed.
    watched: u64,
    /// In which none was: for want of twelve months of history, or of room.
    not_watched: u64,
}

/// A page of alerts.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertList {
    /// Each as its last revision that the caller may see gives it; ranks are among what the caller may see.
    #[schema(schema_with = openapi::alerts)]
    alerts: Vec<Arc<Alert>>,
    /// What people and the caller have of each of these alerts, in their order.
    beside: Vec<Beside>,
    counts: AlertCounts,
    /// What is looked at, whatever the filter, for a caller who may see everything; absent for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    cells: Option<CellCounts>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The narrowest label of these alerts; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    marking: Option<&'static str>,
    /// The caller's own: nothing here was made from more.
    computed_up_to: &'static str,
    /// The last day that detection closed.
    #[schema(value_type = Option<String>, format = Date)]
    closed_to: Option<Day>,
    /// Whether one of these alerts rests on simulated data.
    simulated: bool,
}

/// The alerts that the caller may see, by filter, page by page.
#[utoipa::path(
    get, path = "/api/v1/alerts", tag = "alerts", params(AlertsQuery),
    responses((status = 200, body = AlertList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<AlertList>>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let filter = AlertFilter {
        kinds: params.words("kind", words!(Kind))?,
        families: params.texts("family")?,
        substances: params.texts("substance")?,
        markets: params.texts("market")?,
        statuses: params.words("status", words!(AlertStatus))?,
        bands: params.words("priority", words!(Band))?,
        exercise: params.word("exercise", &[("true", true), ("false", false)])?,
        since: params.day("since")?,
        as_of: params.day("as_of")?,
    };
    let states = STATES.map(|state| (state, state));
    let (triages, assignees) = (params.words("triage", &states)?, params.texts("assignee")?);
    let unseen = params.word("unseen", &[("true", true), ("false", false)])?;
    let sorts = [Sort::Priority, Sort::Newest].map(|sort| (sort.as_str(), sort));
    let sort = params.word("sort", &sorts)?.unwrap_or_default();
    let limit = params.limit(LIMIT, LIMIT_MAX)?;
    let prefix = format!("{}.", sort.as_str());
    let cursor = params.one("cursor", "`next_cursor` of an answer in the same order", |cursor| {
        let place = cursor.strip_prefix(&prefix)?;
        place.bytes().all(|byte| byte.is_ascii_graphic()).then(|| place.to_owned())
    })?;
    params.finish()?;
    let computed_up_to = reader.clearance.marking().as_str();
    let desk = Desk::of(&api, &reader).await?;
    let list = api.ask(&reader, move |view, _| {
        let (mut by_triage, mut not_seen) = (BTreeMap::new(), 0);
        let mut also = |alert: &Alert| {
            let (state, is_unseen) = (desk.state(&alert.alert_id), desk.is_unseen(alert));
            let has = |who: &String| desk.assignee(&alert.alert_id) == Some(who);
            let takes = (triages.is_empty() || triages.contains(&state))
                && (assignees.is_empty() || assignees.iter().any(has))
                && unseen.is_none_or(|unseen| unseen == is_unseen);
            if takes && !alert.exercise {
                *by_triage.entry(state).or_default() += 1;
                not_seen += u64::from(is_unseen);
            }
            takes
        };
        let page = view.alerts(&filter, &mut also, sort, cursor.as_deref(), limit);
        let (counted, marking) = (page.counted, page.alerts.iter().map(|alert| alert.marking).max());
        let which = page.alerts.iter().filter(|alert| viewing(Some(alert.marking)).is_some());
        let which: Vec<String> = which.map(|alert| format!("{}.{}", alert.alert_id, alert.revision)).collect();
        let shown = Shown { which: which.join(" "), ..Shown::of(marking) };
        let list = AlertList {
            marking: marking.map(Marking::as_str),
            beside: page.alerts.iter().map(|alert| desk.beside(&alert.alert_id)).collect(),
            simulated: page.alerts.iter().any(|alert| alert.simulated),
            alerts: page.alerts,
            counts: AlertCounts {
                matching: counted.matching,
                without_filter: counted.without_filter,
                by_status: counted.by_status,
                by_kind: counted.by_kind,
                by_priority: counted.by_priority,
                by_family: counted.by_family,
                by_market: counted.by_market,
                by_triage,
                unseen: not_seen,
                exercises: counted.exercises,
                raised_in_week: counted.raised_in_week,
                weekly_budget: view.weekly_budget(),
                last_raised: counted.last_raised,
            },
            cells: view.cells().map(|(watched, not_watched)| CellCounts { watched, not_watched }),
            next_cursor: page.next.map(|place| format!("{prefix}{place}")),
            computed_up_to,
            closed_to: view.closed_to(),
        };
        Ok(Answer(shown, Json(list)))
    });
    list.await
}

/// Parameters of one alert.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct AsOfQuery {
    /// As it stood on that day.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<Day>,
}

/// An alert, and how it came to be so.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertDetail {
    /// The last revision that the caller may see.
    #[schema(schema_with = openapi::alert)]
    alert: Arc<Alert>,
    /// Every revision that the caller may see, the first one first.
    #[schema(schema_with = openapi::alerts)]
    revisions: Vec<Arc<Alert>>,
    /// What people and the caller have of it.
    beside: Beside,
}

/// One alert with its evidence and its revisions.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}", tag = "alerts", params(("id" = String, Path, description = "`alert_id`"), AsOfQuery),
    responses((status = 200, body = AlertDetail), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<AlertDetail>>, Problem> {
    let revisions = revisions(&api, &reader, id, as_of(query.as_deref())?).await?;
    let alert = revisions.last().cloned().ok_or_else(nothing)?;
    let beside = Desk::of(&api, &reader).await?.beside(&alert.alert_id);
    let shown = Shown::of(revisions.iter().map(|alert| alert.marking).max());
    Ok(Answer(shown, Json(AlertDetail { alert, revisions, beside })))
}

/// What an alert stands on, and what speaks against it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertGround {
    alert_id: String,
    revision: u32,
    /// The events that carry most, and how many there are.
    #[schema(schema_with = openapi::any_object)]
    evidence: headwater_model::AlertEvidence,
    /// The statistic, its bar and its course.
    #[schema(schema_with = openapi::any_object)]
    statistic: headwater_model::Statistic,
    /// Who reports it.
    #[schema(schema_with = openapi::any_objects)]
    strata: Vec<headwater_model::StratumFigures>,
    /// What speaks against it, computed.
    #[schema(schema_with = openapi::any_objects)]
    counter_evidence: Vec<headwater_model::CounterEvidence>,
    marking: &'static str,
    releasable_to: Vec<String>,
}

/// What one alert stands on: events, reporters, the statistic, and what speaks against it.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/evidence", tag = "alerts",
    params(("id" = String, Path, description = "`alert_id`"), AsOfQuery),
    responses((status = 200, body = AlertGround), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn evidence(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<AlertGround>>, Problem> {
    let alert = revisions(&api, &reader, id, as_of(query.as_deref())?).await?.pop().ok_or_else(nothing)?;
    let alert = Alert::clone(&alert);
    let ground = AlertGround {
        alert_id: alert.alert_id,
        revision: alert.revision,
        evidence: alert.evidence,
        statistic: alert.statistic,
        strata: alert.strata,
        counter_evidence: alert.counter_evidence,
        marking: alert.marking.as_str(),
        releasable_to: alert.releasable_to,
    };
    Ok(Answer(Shown::of(Some(alert.marking)), Json(ground)))
}

fn as_of(query: Option<&str>) -> Result<Option<Day>, Problem> {
    let mut params = Params::new(query)?;
    let as_of = params.day("as_of")?;
    params.finish()?;
    Ok(as_of)
}

/// The revisions of an alert that a reader sees, up to a day, the first one first.
pub(super) async fn revisions(
    api: &Api,
    reader: &Reader,
    id: String,
    as_of: Option<Day>,
) -> Result<Vec<Arc<Alert>>, Problem> {
    if id.len() > ID_BYTES_MAX {
        return Err(nothing());
    }
    api.ask(reader, move |view, _| Ok(view.alert(&id, as_of))).await
}

pub(super) fn nothing() -> Problem {
    Problem::absent("no alert with this id that you may see")
}
