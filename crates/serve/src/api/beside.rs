//! What people and one reader have of alerts, beside what the alerts themselves say.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use headwater_model::Alert;
use headwater_people::{By, PAGE_MAX, Seen, Triage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::body::Sent;
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use super::triage::TriageState;
use crate::params::Params;
use crate::{Problem, Reader};

/// Alerts of which people's state is read for one list: as many as are kept of one reader.
const PAGES_MAX: usize = 20;

/// What people and the caller have of one alert.
#[derive(Serialize, ToSchema)]
pub(crate) struct Beside {
    triage: TriageState,
    /// The highest revision that the caller has looked at; absent where they have looked at none.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_revision: Option<u32>,
    /// When they last did, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_looked: Option<String>,
}

/// What people and one reader have of all alerts.
pub(super) struct Desk {
    triages: BTreeMap<String, Triage>,
    seen: BTreeMap<String, Seen>,
}

impl Desk {
    /// As it stands now.
    pub async fn of(api: &Api, reader: &Reader) -> Result<Desk, Problem> {
        let (mut triages, mut seen) = (BTreeMap::new(), BTreeMap::new());
        let (now, full) = (api.now(), PAGE_MAX as usize);
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let page = api.people.triages(&after, PAGE_MAX, now).await?;
            let more = page.len() == full;
            triages.extend(page.into_iter().map(|triage| (triage.alert.clone(), triage)));
            let Some((last, _)) = triages.last_key_value().filter(|_| more) else { break };
            after.clone_from(last);
        }
        after.clear();
        for _ in 0..PAGES_MAX {
            let page = api.people.seen(&reader.handle, &after, PAGE_MAX).await?;
            let more = page.len() == full;
            seen.extend(page.into_iter().map(|seen| (seen.alert.clone(), seen)));
            let Some((last, _)) = seen.last_key_value().filter(|_| more) else { break };
            after.clone_from(last);
        }
        Ok(Desk { triages, seen })
    }

    /// The word of an alert's state.
    pub fn state(&self, id: &str) -> &'static str {
        self.triages.get(id).map_or("new", |triage| triage.state.word())
    }

    /// Who has an alert.
    pub fn assignee(&self, id: &str) -> Option<&str> {
        self.triages.get(id)?.assignee.as_deref()
    }

    /// Whether an alert has a revision that the reader has not looked at.
    pub fn is_unseen(&self, alert: &Alert) -> bool {
        self.seen.get(&alert.alert_id).is_none_or(|seen| seen.revision < alert.revision)
    }

    /// What there is of one alert.
    pub fn beside(&self, id: &str) -> Beside {
        let (triage, seen) = (self.triages.get(id), self.seen.get(id));
        let triage = triage.map_or_else(|| TriageState::of(&Triage::new(id)), TriageState::of);
        let last_looked = seen.map(|seen| seen.last_looked.to_string());
        Beside { triage, seen_revision: seen.map(|seen| seen.revision), last_looked }
    }
}

/// What the caller has looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Looked {
    /// A revision that the caller may see.
    revision: u32,
}

/// Keeps that the caller looked at a revision of an alert. What was seen never becomes less.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/looked", tag = "people", params(("id" = String, Path, description = "`alert_id`")),
    request_body = Looked,
    responses((status = 200, body = Beside), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn looked(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Sent(Looked { revision }): Sent<Looked>,
) -> Result<Answer<Json<Beside>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    let sight = api.sight(&reader, &id).await?;
    if !(1..=sight.revision).contains(&revision) {
        let allowed = format!("1 to {}, the last that you may see", sight.revision);
        return Err(Problem::field("revision", &revision.to_string(), allowed));
    }
    api.people.looked(By { who: &reader.handle, at: api.now() }, &id, revision).await?;
    Ok(Answer(Shown::nothing(), Json(Desk::of(&api, &reader).await?.beside(&id))))
}
