//! The API under `/api/v1`: its routes, and what every answer goes through.

#![allow(unused_qualifications, reason = "the descriptions of routes are written by a macro that qualifies its words")]

mod alerts;
mod catalog;
mod me;
mod openapi;
mod shares;
mod sources;
mod stream;
mod table;
mod volumes;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use headwater_model::Versions;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::read::View;
use crate::{Gate, Problem, ReadModel, Reader};

pub use openapi::document;

/// Questions that are worked on at a time; more wait for their turn. Each takes a core.
const QUESTIONS: usize = 4;

/// How long a question may wait and work.
const QUESTION_AT_MOST: Duration = Duration::from_secs(10);

/// Live streams at a time.
const STREAMS: usize = 64;

/// Seconds after which a client may ask again that was turned away.
const AGAIN_AFTER_S: u32 = 5;

/// What routes answer from. Clones share it.
#[derive(Clone)]
pub(crate) struct Api {
    model: Arc<ReadModel>,
    gate: Arc<dyn Gate>,
    versions: Arc<Versions>,
    questions: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// The routes of the API, over a read model, for whom the gate lets in.
pub fn api(model: Arc<ReadModel>, gate: Arc<dyn Gate>, versions: Versions) -> Router {
    let api = Api {
        model,
        gate,
        versions: Arc::new(versions),
        questions: Arc::new(Semaphore::new(QUESTIONS)),
        streams: Arc::new(Semaphore::new(STREAMS)),
    };
    let guarded = Router::new()
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/{id}", get(alerts::one))
        .route("/api/v1/alerts/{id}/evidence", get(alerts::evidence))
        .route("/api/v1/volumes", get(volumes::volumes))
        .route("/api/v1/shares", get(shares::shares))
        .route("/api/v1/sources", get(sources::sources))
        .route("/api/v1/catalog/substances", get(catalog::substances))
        .route("/api/v1/catalog/controls", get(catalog::controls))
        .route("/api/v1/me", get(me::me))
        .route("/api/v1/stream", get(stream::stream))
        .layer(middleware::from_fn_with_state(api.clone(), admit));
    Router::new()
        .merge(guarded)
        .route("/openapi.json", get(openapi::json))
        .route("/reference", get(openapi::reference))
        .fallback(|| async { Problem::absent("there is no such path; /openapi.json lists those there are") })
        .method_not_allowed_fallback(|| async { Problem::method("this path takes GET") })
        .layer(middleware::from_fn(guard))
        .with_state(api)
}

/// Lets the reader in before any route looks at the request.
async fn admit(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    match api.gate.admit(&head) {
        Err(problem) => problem.into_response(),
        Ok(reader) => {
            head.extensions.insert(reader);
            next.run(Request::from_parts(head, body)).await
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Reader, Problem> {
        let reader = head.extensions.get::<Reader>().cloned();
        reader.ok_or_else(|| Problem::internal("a route was reached without passing the gate"))
    }
}

/// Headers of every answer: nothing of it is guessed at, framed, run, kept or named elsewhere.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &str); 5] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Tells work that nobody waits for it any more.
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Api {
    /// Works on a question for a reader, off the threads that serve connections, as many at a time as may be.
    async fn ask<R: Send + 'static>(
        &self,
        reader: &Reader,
        question: impl FnOnce(&View<'_>, &AtomicBool) -> Result<R, Problem> + Send + 'static,
    ) -> Result<R, Problem> {
        let given_up = Arc::new(AtomicBool::new(false));
        let _tells = GivenUp(Arc::clone(&given_up));
        let (model, clearance) = (Arc::clone(&self.model), Arc::clone(&reader.clearance));
        let work = async {
            let closed = |_| Problem::busy("the process is stopping", AGAIN_AFTER_S);
            let turn = Arc::clone(&self.questions).acquire_owned().await.map_err(closed)?;
            let work = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                let view = model.view(&clearance);
                let view = view.ok_or_else(|| Problem::busy("the store is being read; ask again", AGAIN_AFTER_S))?;
                question(&view, &given_up)
            });
            work.await.unwrap_or_else(|_| Err(Problem::internal("the question met a fault of the program")))
        };
        timeout(QUESTION_AT_MOST, work).await.unwrap_or_else(|_| {
            let seconds = QUESTION_AT_MOST.as_secs();
            Err(Problem::timed_out(format!("no answer in {seconds} s: ask for less, or ask again")))
        })
    }
}
