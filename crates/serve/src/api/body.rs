//! Bodies of requests, and who may send one.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use headwater_people::Moment;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::Problem;

/// Bytes of a body: 200 alerts with ids of 128 bytes, and a note of 8,000.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 10;

/// How long a body may take to come.
const BODY_AT_MOST: Duration = Duration::from_secs(10);

/// The body of a request, as JSON of the shape `T` and nothing beside it.
pub(crate) struct Sent<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Sent<T>, Problem> {
        let (head, body) = request.into_parts();
        let media = text(&head.headers, CONTENT_TYPE.as_str()).unwrap_or_default();
        if media.split(';').next().unwrap_or_default().trim() != "application/json" {
            return Err(Problem::media(format!("{media:?}: a body must be application/json")));
        }
        let bytes = whole(body).await?;
        let read = serde_json::from_slice(&bytes);
        read.map(Sent).map_err(|error| Problem::field("body", "", format!("what the document describes: {error}")))
    }
}

/// A time that a field of a body says.
pub(super) fn moment(field: &'static str, value: &str) -> Result<Moment, Problem> {
    Moment::parse(value).ok_or_else(|| Problem::field(field, value, "a time in UTC, as in 2026-12-04T00:00:00Z"))
}

async fn whole(body: Body) -> Result<Vec<u8>, Problem> {
    let read = timeout(BODY_AT_MOST, to_bytes(body, BODY_BYTES_MAX)).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes.to_vec()),
        Ok(Err(_)) => Err(Problem::body(format!("a body has at most {BODY_BYTES_MAX} bytes, and comes whole"))),
        Err(_) => Err(Problem::timed_out(format!("the body did not come within {} s", BODY_AT_MOST.as_secs()))),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// Refuses what a page of another site makes a browser send. Browsers say where a request comes from; programs say
/// nothing. That a body must be JSON keeps a form of another site out as well.
pub(crate) fn same_site(head: &Parts) -> Result<(), Problem> {
    if matches!(head.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let own = match (text(&head.headers, "sec-fetch-site"), text(&head.headers, ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin",
        (None, None) => true,
        (None, Some(origin)) => {
            let host = text(&head.headers, HOST.as_str());
            host.is_some() && origin.split_once("://").map(|(_, host)| host) == host
        }
    };
    if own { Ok(()) } else { Err(Problem::forbidden("a page of another site may not change anything here")) }
}
