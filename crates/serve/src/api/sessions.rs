//! Sessions of people: listed and ended by admins.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use headwater_people::{By, Role, Session};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::openapi::ProblemAnswer;
use super::page::{Page, PageQuery};
use super::shown::{Answer, Shown};
use crate::params::{Params, is_id};
use crate::{Problem, Reader};

/// A session, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionRow {
    /// Its id; no secret.
    id: String,
    /// Who it is: a handle, no person's name.
    handle: String,
    /// viewer, analyst, admin, service.
    roles: Vec<&'static str>,
    /// The narrowest label that it may see.
    marking: &'static str,
    /// The organisations for which it reads; `*` = every one.
    organisations: Vec<String>,
    /// When they signed in, in UTC.
    created_at: String,
    /// When it ends in any case, in UTC.
    expires: String,
    /// When they last did something, in UTC and to the minute.
    last_used: String,
}

impl SessionRow {
    fn of(session: Session) -> SessionRow {
        let clearance = session.grant.clearance();
        SessionRow {
            roles: session.grant.roles().iter().map(|role| role.as_str()).collect(),
            marking: clearance.marking().as_str(),
            organisations: clearance.organisations().iter().map(ToString::to_string).collect(),
            id: session.id,
            handle: session.subject,
            created_at: session.created.to_string(),
            expires: session.expires.to_string(),
            last_used: session.last_used.to_string(),
        }
    }
}

/// Sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// Those that are good, by id.
    sessions: Vec<SessionRow>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The sessions of people who are signed in; takes the role admin.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "access", params(PageQuery),
    responses((status = 200, body = SessionList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<SessionList>>, Problem> {
    let page = Page::by_id(query.as_deref())?;
    reader.must_be(Role::Admin)?;
    let sessions = api.people.sessions(page.after_id(), page.rows, api.now()).await?;
    let next_cursor = page.next(&sessions, |session| session.id.clone());
    let list = SessionList { sessions: sessions.into_iter().map(SessionRow::of).collect(), next_cursor };
    Ok(Answer(Shown::nothing(), Json(list)))
}

/// That a session was ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedSession {
    id: String,
}

/// Ends somebody's session, from the next request on; takes the role admin.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "access",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = EndedSession), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn end(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<EndedSession>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    reader.must_be(Role::Admin)?;
    let by = By { who: &reader.handle, at: api.now() };
    if !is_id(&id) || !api.people.end_session(&id, by).await? {
        return Err(Problem::absent("no session with this id that is good"));
    }
    Ok(Answer(Shown::nothing(), Json(EndedSession { id })))
}
