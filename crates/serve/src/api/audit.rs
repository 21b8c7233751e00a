//! The audit log: what was done, by whom, when.

use axum::Json;
use axum::extract::{RawQuery, State};
use headwater_model::Marking;
use headwater_people::{Entry, Role};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::openapi::ProblemAnswer;
use super::page::{Page, PageQuery};
use super::shown::{Answer, Shown};
use crate::{Problem, Reader};

/// An entry.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditRow {
    /// Its number, from 1, without gaps.
    sequence: u64,
    /// When, in UTC.
    at: String,
    /// Who: a handle, no person's name; `gate` where nobody was known.
    actor: String,
    /// viewed_red, viewed_amber_strict, exported, triaged, noted, key_created, key_revoked, session_started,
    /// session_ended, sign_in_failed, drill_ordered; later programs may write others.
    action: String,
    /// To what: a path, or the id of an alert, a key, a session; may be empty.
    object: String,
    /// What else there is to say; may be empty.
    detail: String,
    /// Of this entry and all before it: SHA-256 in hexadecimal.
    hash: String,
}

impl AuditRow {
    fn of(entry: Entry) -> AuditRow {
        let Entry { sequence, at, actor, action, object, detail, hash } = entry;
        AuditRow { sequence, at: at.to_string(), actor, action, object, detail, hash }
    }
}

/// Entries of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditList {
    /// The newest first.
    entries: Vec<AuditRow>,
    /// Where the next, older page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The audit log; takes the role admin, and TLP:RED for every organisation, for an entry may say what was shown of
/// anything. Reading it is itself written down. `headwater audit verify` tells whether it is as it was written.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "access", params(PageQuery),
    responses((status = 200, body = AuditList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<AuditList>>, Problem> {
    let page = Page::read(query.as_deref(), |cursor| cursor.parse::<u64>().ok().filter(|before| *before > 0))?;
    reader.must_be(Role::Admin)?;
    if !reader.clearance.sees_everything() {
        let detail = "an entry may say what was shown of anything: this takes TLP:RED for every organisation";
        return Err(Problem::forbidden(detail));
    }
    let entries = api.people.entries(page.after.unwrap_or(u64::MAX), page.rows).await?;
    let next_cursor = page.next(&entries, |entry| entry.sequence.to_string()).filter(|last| last != "1");
    let list = AuditList { entries: entries.into_iter().map(AuditRow::of).collect(), next_cursor };
    Ok(Answer(Shown::of(Some(Marking::Red)), Json(list)))
}
