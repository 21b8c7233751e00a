//! What the API is, as OpenAPI 3.1: made from the handlers' own types.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{OpenApi, ToResponse};

use crate::Problem;

/// The contract of an alert, the same that the topic and the files are held to.
const ALERT: &str = include_str!("../../../../schemas/alert/schema.json");

/// Why a request was not answered.
#[derive(ToResponse)]
#[response(description = "Why the request was not answered (RFC 9457)", content_type = "application/problem+json")]
#[allow(dead_code, reason = "a description")]
pub(crate) struct ProblemAnswer(Problem);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Headwater",
        description = "Alerts, exact volumes and data quality. Every answer holds and counts exactly what the caller may \
                       see. Unknown parameters are refused. Limits: lists have pages, a question works at most 10 s, a \
                       connection lives at most an hour, 1,024 clients may listen to the stream, \
                       300 requests may come at once and 20 a second from one caller.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "The process that serves this document")),
    paths(
        super::alerts::list, super::alerts::one, super::alerts::evidence, super::volumes::volumes, super::shares::shares,
        super::sources::sources, super::catalog::substances, super::catalog::controls, super::me::me, super::stream::stream,
        super::beside::looked, super::notes::list, super::notes::add, super::triage::one, super::triage::change,
        super::triage::change_many, super::triage::transitions, super::observations::list, super::observations::of_alert,
        super::notices::unanswered, super::parties::of_alert, super::quality::quality, super::coverage::coverage,
        super::audit::list, super::keys::list, super::keys::create, super::keys::revoke,
        super::sessions::list, super::sessions::end, super::views::list, super::views::one, super::views::create, super::views::change,
        super::views::forget, super::notice::notice, crate::oidc::routes::sign_in,
        crate::oidc::routes::callback, crate::oidc::routes::sign_out
    ),
    components(schemas(Problem), responses(ProblemAnswer))
)]
struct Description;

/// The document. The same program always writes the same.
pub fn document() -> Value {
    let mut document = serde_json::to_value(Description::openapi()).unwrap_or_default();
    let mut alert: Value = serde_json::from_str(ALERT).unwrap_or_default();
    place(&mut alert);
    document["components"]["schemas"]["Alert"] = alert;
    // Without either the caller is the local reader, where there is one.
    document["components"]["securitySchemes"] = serde_json::json!({
        "key": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of an issuer"},
        "session": {
            "type": "apiKey", "in": "cookie", "name": "__Host-headwater_session",
            "description": "Of somebody who signed in at /auth/sign-in; by http, on this machine alone, without the prefix"
        }
    });
    document["security"] = serde_json::json!([{}, {"key": []}, {"session": []}]);
    document
}

/// Makes a schema of its own a part of the document: without a name of its own, its references lead into the document,
/// where every tool follows them.
fn place(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "$id" && name != "$schema");
            if let Some(Value::String(to)) = fields.get_mut("$ref")
                && let Some(of) = to.strip_prefix("#/")
            {
                *to = format!("#/components/schemas/Alert/{of}");
            }
            fields.values_mut().for_each(place);
        }
        Value::Array(items) => items.iter_mut().for_each(place),
        _ => {}
    }
}

/// `/openapi.json`.
pub(super) async fn json() -> Response {
    ([(CONTENT_TYPE, "application/json")], document().to_string()).into_response()
}

pub(super) fn alert() -> RefOr<Schema> {
    Ref::from_schema_name("Alert").into()
}

pub(super) fn alerts() -> RefOr<Schema> {
    RefOr::T(ArrayBuilder::new().items(alert()).build().into())
}

pub(super) fn any_object() -> RefOr<Schema> {
    RefOr::T(ObjectBuilder::new().build().into())
}

pub(super) fn any_objects() -> RefOr<Schema> {
    RefOr::T(ArrayBuilder::new().items(any_object()).build().into())
}
