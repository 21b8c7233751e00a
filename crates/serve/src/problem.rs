//! Errors as clients get them: RFC 9457 problem documents.

use std::num::NonZeroU16;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use headwater_people::PeopleError;
use serde::Serialize;

use crate::api::{TriageState, ViewRow};

/// The media type.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Seconds after which a client may ask again when a database did not answer.
const BUSY_S: u32 = 5;

/// Bytes of a client's own value that are given back.
const VALUE_BYTES_MAX: usize = 200;

/// Why a request was not answered (RFC 9457). Where a field is at fault it is named, with its value and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// What kind of problem it is; stays as it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, and what to do.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub field: Option<Box<str>>,
    /// Its value, cut to 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub value: Option<Box<str>>,
    /// What is allowed there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub allowed: Option<Box<str>>,
    /// What stands now, where somebody else was faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TriageState>)]
    pub current: Option<Box<TriageState>>,
    /// The view as it stands now, where it was saved otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ViewRow>)]
    pub current_view: Option<Box<ViewRow>>,
    #[serde(skip)]
    retry_after_s: Option<NonZeroU16>,
}

impl Problem {
    fn new(kind: &'static str, title: &'static str, status: StatusCode, detail: impl Into<String>) -> Problem {
        let (status, detail) = (status.as_u16(), detail.into().into());
        Problem {
            kind,
            title,
            status,
            detail,
            field: None,
            value: None,
            allowed: None,
            current: None,
            current_view: None,
            retry_after_s: None,
        }
    }

    /// A parameter has a value that it cannot have.
    pub fn field(field: &str, value: &str, allowed: impl Into<String>) -> Problem {
        let allowed = allowed.into();
        let end = (0..=value.len().min(VALUE_BYTES_MAX)).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
        let value = value[..end].to_owned();
        let detail = format!("{field}: {value:?} is not allowed here; allowed is {allowed}");
        Problem {
            field: Some(field.into()),
            value: Some(value.into()),
            allowed: Some(allowed.into()),
            ..Problem::new(
                "urn:headwater:bad-field",
                "A field has a value that it cannot have",
                StatusCode::BAD_REQUEST,
                detail,
            )
        }
    }

    /// The same, told in other words.
    pub(crate) fn saying(self, detail: String) -> Problem {
        Problem { detail: detail.into(), ..self }
    }

    /// There is nothing there that the caller may see: unknown and forbidden are not told apart.
    pub fn absent(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:not-found", "Not found", StatusCode::NOT_FOUND, detail)
    }

    /// The caller does not say who they are, or nobody knows them.
    pub fn unknown_caller(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:sign-in", "Say who you are", StatusCode::UNAUTHORIZED, detail)
    }

    /// The caller is known, and may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:forbidden", "You may not do this", StatusCode::FORBIDDEN, detail)
    }

    /// It makes no sense as things stand.
    pub fn refused(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:refused", "Not as things stand", StatusCode::CONFLICT, detail)
    }

    /// The body is no JSON.
    pub fn media(detail: impl Into<String>) -> Problem {
        let title = "The body has another media type";
        Problem::new("urn:headwater:media", title, StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// The body is too large.
    pub fn body(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:body", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// The caller asks too often.
    pub fn too_often(detail: impl Into<String>, retry_after_s: u32) -> Problem {
        let often = Problem::new("urn:headwater:too-often", "Too often", StatusCode::TOO_MANY_REQUESTS, detail);
        Problem { retry_after_s: wait(retry_after_s), ..often }
    }

    /// The path takes another method.
    pub fn method(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:method", "The path takes another method", StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// The question is answered only when it is narrower.
    pub fn too_much(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:too-much", "The question is too wide", StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// Not now.
    pub fn busy(detail: impl Into<String>, retry_after_s: u32) -> Problem {
        let busy = Problem::new("urn:headwater:busy", "Not now", StatusCode::SERVICE_UNAVAILABLE, detail);
        Problem { retry_after_s: wait(retry_after_s), ..busy }
    }

    /// The answer took too long.
    pub fn timed_out(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:timed-out", "The answer took too long", StatusCode::GATEWAY_TIMEOUT, detail)
    }

    /// A fault of the program.
    pub fn internal(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:internal", "A fault of the program", StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

/// Seconds to wait, one at least; of more than eighteen hours nobody waits.
fn wait(seconds: u32) -> Option<NonZeroU16> {
    NonZeroU16::new(u16::try_from(seconds).unwrap_or(u16::MAX).max(1))
}

impl From<PeopleError> for Problem {
    /// Nothing of the database itself is told: it may name the place where it is.
    fn from(error: PeopleError) -> Problem {
        let said = error.to_string();
        match error {
            PeopleError::Empty { field }
            | PeopleError::Control { field, .. }
            | PeopleError::NotAnObject { field, .. } => {
                Problem::field(field, "", "a text without control characters").saying(said)
            }
            PeopleError::TooLong { field, begins, max, .. } => {
                Problem::field(field, &begins, format!("at most {max} bytes")).saying(said)
            }
            PeopleError::OutOfRange { field, value, min, max } => {
                let allowed = format!("{min} to {max}");
                Problem::field(field, &value.to_string(), allowed).saying(said)
            }
            PeopleError::TooMany { .. } | PeopleError::Refused { .. } | PeopleError::NameTaken { .. } => {
                Problem::refused(said)
            }
            PeopleError::Stale { current, .. } => Problem {
                current: Some(Box::new(TriageState::of(&current))),
                ..Problem::new("urn:headwater:stale", "Somebody else was faster", StatusCode::CONFLICT, said)
            },
            PeopleError::StaleView { current, .. } => Problem {
                current_view: Some(Box::new(ViewRow::of(*current))),
                ..Problem::new("urn:headwater:stale", "Somebody else was faster", StatusCode::CONFLICT, said)
            },
            PeopleError::Denied(_) => Problem::unknown_caller("no such key or session that is good"),
            PeopleError::Sql(_) | PeopleError::Open { .. } => {
                Problem::busy("the database of triage, keys and the audit log does not answer", BUSY_S)
            }
            _ => Problem::internal("the database of triage, keys and the audit log cannot be used"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = retry {
            response.headers_mut().insert(RETRY_AFTER, seconds.get().into());
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
