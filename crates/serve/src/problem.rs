//! Errors as clients get them: RFC 9457 problem documents.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The media type.
pub const PROBLEM_JSON: &str = "application/problem+json";

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
    pub detail: String,
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
    #[serde(skip)]
    retry_after_s: Option<u32>,
}

impl Problem {
    fn new(kind: &'static str, title: &'static str, status: StatusCode, detail: impl Into<String>) -> Problem {
        let (status, detail) = (status.as_u16(), detail.into());
        Problem { kind, title, status, detail, field: None, value: None, allowed: None, retry_after_s: None }
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

    /// There is nothing there that the caller may see: unknown and forbidden are not told apart.
    pub fn absent(detail: impl Into<String>) -> Problem {
        Problem::new("urn:headwater:not-found", "Not found", StatusCode::NOT_FOUND, detail)
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
        Problem { retry_after_s: Some(retry_after_s), ..busy }
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

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = retry {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
