//! What was decided of alerts, and deciding it.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use headwater_people::{BULK_MAX, By, Command, PAGE_MAX, Reason, Role, State as Standing, Transition, Triage};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::body::{Sent, moment};
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use crate::params::Params;
use crate::{Problem, Reader};

/// What stands of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TriageState {
    /// The alert.
    pub alert_id: String,
    /// How many transitions led here; a change names it.
    pub version: u64,
    /// new, acknowledged, assigned, closed, reopened.
    pub state: &'static str,
    /// When an acknowledgement ends, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why it was closed: confirmed, referred, licit_trade, reporting_change, data_error, duplicate, other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Who made the last transition; `headwater` where an acknowledgement ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// When, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
}

impl TriageState {
    pub(crate) fn of(triage: &Triage) -> TriageState {
        let (until, reason) = more(triage.state);
        let (changed_by, changed_at) = triage.changed.clone().map(|(who, at)| (who, at.to_string())).unzip();
        TriageState {
            alert_id: triage.alert.clone(),
            version: triage.version,
            state: triage.state.word(),
            until,
            reason,
            assignee: triage.assignee.clone(),
            changed_by,
            changed_at,
        }
    }
}

/// What a state says beside its word.
fn more(state: Standing) -> (Option<String>, Option<&'static str>) {
    match state {
        Standing::Acknowledged { until } => (Some(until.to_string()), None),
        Standing::Closed { reason } => (None, Some(reason.as_str())),
        Standing::New | Standing::Assigned | Standing::Reopened => (None, None),
    }
}

/// A decision: one of the commands, each with what it needs.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Decision {
    /// Put it aside until a time in UTC, at most 366 days from now.
    Acknowledge {
        /// As in `2026-12-04T00:00:00Z`.
        until: String,
    },
    /// Give it to somebody.
    Assign {
        /// A handle.
        assignee: String,
    },
    /// Take it from whoever has it.
    Unassign,
    /// Be done with it.
    Close {
        /// confirmed, referred, licit_trade, reporting_change, data_error, duplicate, other.
        reason: String,
    },
    /// Be not done with it after all.
    Reopen,
}

impl Decision {
    fn command(self) -> Result<Command, Problem> {
        Ok(match self {
            Decision::Acknowledge { until } => Command::Acknowledge { until: moment("until", &until)? },
            Decision::Assign { assignee } => Command::Assign { to: assignee },
            Decision::Unassign => Command::Unassign,
            Decision::Close { reason } => {
                let words = Reason::ALL.map(Reason::as_str).join(", ");
                let read = Reason::parse(&reason);
                let reason = read.ok_or_else(|| Problem::field("reason", &reason, format!("one of {words}")))?;
                Command::Close { reason }
            }
            Decision::Reopen => Command::Reopen,
        })
    }
}

/// A decision of one alert.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Change {
    /// The version that the caller saw; where another stands by now, nothing is changed and the answer is 409 with it.
    version: u64,
    /// What to do.
    #[serde(flatten)]
    decision: Decision,
    /// Kept with the decision, or not at all.
    note: Option<String>,
}

/// What stands of an alert.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/triage", tag = "people", params(("id" = String, Path, description = "`alert_id`")),
    responses((status = 200, body = TriageState), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<TriageState>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    let sight = api.sight(&reader, &id).await?;
    let triage = api.people.triage(&id, api.now()).await?;
    Ok(Answer(Shown::of(Some(sight.marking)), Json(TriageState::of(&triage))))
}

/// Decides of an alert; takes the role analyst. A stale `version` is answered by 409 with what stands now in `current`.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/triage", tag = "people", params(("id" = String, Path, description = "`alert_id`")),
    request_body = Change,
    responses((status = 200, body = TriageState), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Sent(Change { version, decision, note }): Sent<Change>,
) -> Result<Answer<Json<TriageState>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    reader.must_be(Role::Analyst)?;
    api.sight(&reader, &id).await?;
    let by = By { who: &reader.handle, at: api.now() };
    let changed = api.people.change_noted(&id, version, &decision.command()?, note.as_deref(), by).await?;
    api.feed.tell(&api.people).await;
    Ok(Answer(Shown::nothing(), Json(TriageState::of(&changed))))
}

/// An alert of a decision of many, and the version that the caller saw.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenAlert {
    alert_id: String,
    version: u64,
}

/// One decision of many alerts.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ManyChanges {
    /// At most 200.
    alerts: Vec<SeenAlert>,
    /// What to do with each.
    #[serde(flatten)]
    decision: Decision,
}

/// What became of one alert: one of the two.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeOutcome {
    alert_id: String,
    /// What stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    triage: Option<TriageState>,
    /// Why it was not changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// What became of each.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeOutcomes {
    /// By id.
    outcomes: Vec<ChangeOutcome>,
}

/// Decides of many alerts at once, each on its own account; takes the role analyst.
#[utoipa::path(
    post, path = "/api/v1/triage", tag = "people", request_body = ManyChanges,
    responses((status = 200, body = ChangeOutcomes), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn change_many(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
    Sent(ManyChanges { alerts, decision }): Sent<ManyChanges>,
) -> Result<Answer<Json<ChangeOutcomes>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    reader.must_be(Role::Analyst)?;
    if !(1..=BULK_MAX).contains(&alerts.len()) {
        return Err(Problem::field("alerts", &alerts.len().to_string(), format!("1 to {BULK_MAX} alerts")));
    }
    let command = decision.command()?;
    let (mut outcomes, mut seen) = (Vec::new(), Vec::new());
    for SeenAlert { alert_id, version } in alerts {
        match api.sight(&reader, &alert_id).await {
            Ok(_) => seen.push((alert_id, version)),
            Err(problem) => outcomes.push(ChangeOutcome { alert_id, triage: None, problem: Some(problem) }),
        }
    }
    if !seen.is_empty() {
        let by = By { who: &reader.handle, at: api.now() };
        for (alert_id, outcome) in api.people.change_many(&seen, &command, by).await? {
            let (triage, problem) = match outcome {
                Ok(triage) => (Some(TriageState::of(&triage)), None),
                Err(error) => (None, Some(error.into())),
            };
            outcomes.push(ChangeOutcome { alert_id, triage, problem });
        }
        api.feed.tell(&api.people).await;
    }
    outcomes.sort_by(|a, b| a.alert_id.cmp(&b.alert_id));
    Ok(Answer(Shown::nothing(), Json(ChangeOutcomes { outcomes })))
}

/// Parameters of a log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct LogQuery {
    /// The `version`, or the `number`, of the last one that the caller has.
    after: Option<u64>,
    /// 1 to 1,000; 100 without it.
    limit: Option<u32>,
}

/// Reads the parameters of a log.
pub(super) fn log(query: Option<&str>) -> Result<(u64, u32), Problem> {
    let mut params = Params::new(query)?;
    let after = params.one("after", "a whole number", |value| value.parse().ok())?.unwrap_or(0);
    let limit = params.limit(100, PAGE_MAX as usize)?;
    params.finish()?;
    Ok((after, u32::try_from(limit).unwrap_or(PAGE_MAX)))
}

/// Where an alert stood.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stand {
    /// new, acknowledged, assigned, closed, reopened.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
}

/// One step of an alert.
#[derive(Serialize, ToSchema)]
pub(crate) struct TransitionRow {
    /// The version that it led to.
    version: u64,
    /// When, in UTC.
    at: String,
    /// Who.
    by: String,
    from: Stand,
    to: Stand,
}

/// How an alert came to stand as it does.
#[derive(Serialize, ToSchema)]
pub(crate) struct TransitionList {
    transitions: Vec<TransitionRow>,
    marking: &'static str,
}

fn stand((state, assignee): (Standing, Option<String>)) -> Stand {
    let (until, reason) = more(state);
    Stand { state: state.word(), until, reason, assignee }
}

/// Every transition of an alert, with who made it and when.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/transitions", tag = "people",
    params(("id" = String, Path, description = "`alert_id`"), LogQuery),
    responses((status = 200, body = TransitionList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn transitions(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<TransitionList>>, Problem> {
    let (after, limit) = log(query.as_deref())?;
    let marking = api.sight(&reader, &id).await?.marking;
    let log = api.people.transitions(&id, after, limit).await?;
    let row = |Transition { version, at, by, from, to }: Transition| {
        let (from, to) = (stand(from), stand(to));
        TransitionRow { version, at: at.to_string(), by, from, to }
    };
    let transitions = log.into_iter().map(row).collect();
    Ok(Answer(Shown::of(Some(marking)), Json(TransitionList { transitions, marking: marking.as_str() })))
}
