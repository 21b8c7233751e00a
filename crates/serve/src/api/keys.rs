//! Keys of programs: made, listed and taken back by admins.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use headwater_model::{Clearance, Marking};
use headwater_people::{ApiKey, By, Grant, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::body::{Sent, moment};
use super::openapi::ProblemAnswer;
use super::page::{Page, PageQuery};
use super::shown::{Answer, Shown};
use crate::params::{Params, is_id};
use crate::{Problem, Reader};

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyRow {
    /// A part of the token; no secret.
    id: String,
    /// What it is for.
    name: String,
    /// viewer, analyst, admin, service.
    roles: Vec<&'static str>,
    /// The narrowest label that it may see.
    marking: &'static str,
    /// The organisations for which it reads; `*` = every one.
    organisations: Vec<String>,
    created_by: String,
    /// When, in UTC.
    created_at: String,
    /// When it ends, in UTC.
    expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<String>,
    /// When, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// When, in UTC and to the minute; absent where it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
}

impl KeyRow {
    fn of(key: ApiKey) -> KeyRow {
        let (revoked_by, revoked_at) = key.revoked.map(|(who, at)| (who, at.to_string())).unzip();
        let clearance = key.grant.clearance();
        KeyRow {
            roles: key.grant.roles().iter().map(|role| role.as_str()).collect(),
            marking: clearance.marking().as_str(),
            organisations: clearance.organisations().iter().map(ToString::to_string).collect(),
            id: key.id,
            name: key.name,
            created_by: key.created.0,
            created_at: key.created.1.to_string(),
            expires: key.expires.to_string(),
            revoked_by,
            revoked_at,
            last_used: key.last_used.map(|at| at.to_string()),
        }
    }
}

/// Keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// By id, those included that have ended or were taken back.
    keys: Vec<KeyRow>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The keys of programs; takes the role admin.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "access", params(PageQuery),
    responses((status = 200, body = KeyList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<KeyList>>, Problem> {
    let page = Page::by_id(query.as_deref())?;
    reader.must_be(Role::Admin)?;
    let keys = api.people.keys(page.after_id(), page.rows).await?;
    let next_cursor = page.next(&keys, |key| key.id.clone());
    let list = KeyList { keys: keys.into_iter().map(KeyRow::of).collect(), next_cursor };
    Ok(Answer(Shown::nothing(), Json(list)))
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is for.
    name: String,
    /// viewer, analyst, admin, service.
    roles: Vec<String>,
    /// The narrowest label that it may see: none that the caller may not.
    marking: String,
    /// The organisations for which it reads, `*` = every one: none for which the caller does not.
    #[serde(default)]
    organisations: Vec<String>,
    /// When it ends, in UTC: within 400 days.
    expires: String,
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeKey {
    /// What the program sends as `Authorization: Bearer TOKEN`. It is said this once; only its hash is kept.
    token: String,
    key: KeyRow,
}

/// Makes a key; takes the role admin. It may see nothing that its maker may not.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "access", request_body = NewKey,
    responses((status = 200, body = MadeKey), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
    Sent(new): Sent<NewKey>,
) -> Result<Answer<Json<MadeKey>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    reader.must_be(Role::Admin)?;
    let role = |word: &String| {
        let words = Role::ALL.map(Role::as_str).join(", ");
        Role::parse(word).ok_or_else(|| Problem::field("roles", word, format!("some of {words}")))
    };
    let roles = new.roles.iter().map(role).collect::<Result<Vec<Role>, Problem>>()?;
    if roles.is_empty() {
        return Err(Problem::field("roles", "", "at least one role"));
    }
    let labels = Marking::ALL.map(Marking::as_str).join(", ");
    let marking = Marking::parse(&new.marking);
    let marking = marking.ok_or_else(|| Problem::field("marking", &new.marking, format!("one of {labels}")))?;
    let clearance = Clearance::new(marking, new.organisations);
    if !reader.clearance.covers(&clearance) {
        return Err(Problem::forbidden("a key may see no more than whoever makes it: lower its marking or its list"));
    }
    let expires = moment("expires", &new.expires)?;
    let by = By { who: &reader.handle, at: api.now() };
    let (key, token) = api.people.create_key(&new.name, &Grant::new(roles, clearance), expires, by).await?;
    Ok(Answer(Shown::nothing(), Json(MadeKey { token, key: KeyRow::of(key) })))
}

/// That a key was taken back.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedKey {
    id: String,
}

/// Takes a key back, from the next request on; takes the role admin.
#[utoipa::path(
    delete, path = "/api/v1/keys/{id}", tag = "access", params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, body = RevokedKey), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn revoke(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<RevokedKey>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    reader.must_be(Role::Admin)?;
    let by = By { who: &reader.handle, at: api.now() };
    if !is_id(&id) || !api.people.revoke_key(&id, by).await? {
        return Err(Problem::absent("no key with this id that is good"));
    }
    Ok(Answer(Shown::nothing(), Json(RevokedKey { id })))
}
