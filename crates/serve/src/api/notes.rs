//! What people write about alerts.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use headwater_people::{By, Note, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::body::Sent;
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use super::triage::{LogQuery, log};
use crate::params::Params;
use crate::read::Sight;
use crate::{Problem, Reader};

/// A note. It is never changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoteRow {
    /// Its number on the alert, from 1.
    number: u64,
    /// When, in UTC.
    at: String,
    /// Who.
    by: String,
    body: String,
}

impl NoteRow {
    fn of(Note { number, at, by, body }: Note) -> NoteRow {
        NoteRow { number, at: at.to_string(), by, body }
    }
}

/// The notes on an alert.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoteList {
    notes: Vec<NoteRow>,
    /// The narrowest label of the alert: what people write about it counts as that.
    marking: &'static str,
}

/// The notes on an alert. Whoever may not see every revision of it gets their own: others may have written of the rest.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/notes", tag = "people",
    params(("id" = String, Path, description = "`alert_id`"), LogQuery),
    responses((status = 200, body = NoteList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<NoteList>>, Problem> {
    let (after, limit) = log(query.as_deref())?;
    let Sight { marking, whole, .. } = api.sight(&reader, &id).await?;
    let notes = api.people.notes(&id, after, limit).await?.into_iter();
    let notes = notes.filter(|note| whole || *note.by == *reader.handle).map(NoteRow::of).collect();
    Ok(Answer(Shown::of(Some(marking)), Json(NoteList { notes, marking: marking.as_str() })))
}

/// A note to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    /// At most 8,000 bytes; no names of people or firms.
    body: String,
}

/// Adds a note to an alert; takes the role analyst.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/notes", tag = "people", params(("id" = String, Path, description = "`alert_id`")),
    request_body = NewNote,
    responses((status = 200, body = NoteRow), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn add(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Sent(NewNote { body }): Sent<NewNote>,
) -> Result<Answer<Json<NoteRow>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    reader.must_be(Role::Analyst)?;
    api.sight(&reader, &id).await?;
    let note = api.people.note(&id, &body, By { who: &reader.handle, at: api.now() }).await?;
    api.feed.tell(&api.people).await;
    Ok(Answer(Shown::nothing(), Json(NoteRow::of(note))))
}
