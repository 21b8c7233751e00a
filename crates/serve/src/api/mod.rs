//! The API under `/api/v1`: its routes, and what every answer goes through.

#![allow(unused_qualifications, reason = "the descriptions of routes are written by a macro that qualifies its words")]

mod alerts;
mod archive;
mod audit;
mod beside;
mod body;
mod carrying;
mod catalog;
mod coverage;
mod feed;
mod keys;
mod me;
mod notes;
mod notice;
mod notices;
mod observations;
mod openapi;
mod page;
mod parties;
mod quality;
mod reference;
mod sessions;
mod shares;
mod shown;
mod sources;
mod stream;
mod table;
mod triage;
mod views;
mod volumes;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use headwater_history::History;
use headwater_model::Versions;
use headwater_people::{Moment, People, PeopleError};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::peer::Peer;
use crate::rate::Rates;
use crate::read::{Sight, View};
use crate::refusals::Refusals;
use crate::{Gate, Problem, Rate, ReadModel, Reader, oidc};
use feed::Feed;

pub(crate) use body::{BODY_BYTES_MAX, same_site};
pub use notice::SignInNotice;
pub(crate) use openapi::ProblemAnswer;
pub use openapi::document;
pub use triage::TriageState;
pub use views::ViewRow;

/// What says which time it is.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// Questions that are worked on at a time; more wait for their turn. Each takes a core.
const QUESTIONS: usize = 4;

/// Questions to the archive at a time, of these: each reads files and may hold half a gigabyte.
const DIGS: usize = 2;

/// How long a question may wait and work.
const QUESTION_AT_MOST: Duration = Duration::from_secs(10);

/// Live streams at a time: every desk of a large service, at some 50 KB each. Of the connections that there may be
/// ([`crate::Limits::API`]) others are left for questions.
const STREAMS: usize = 1_024;

/// Seconds after which a client may ask again that was turned away.
const AGAIN_AFTER_S: u32 = 5;

/// What the API answers from.
pub struct Grounds {
    /// What is committed, laid out for questions.
    pub model: Arc<ReadModel>,
    /// The archive, for the records themselves.
    pub history: History,
    /// What people have done with it, in a database that other processes may share.
    pub people: People,
    /// Who is let in.
    pub gate: Arc<dyn Gate>,
    /// What answers.
    pub versions: Versions,
    /// The time at which people do something.
    pub clock: Clock,
    /// How often each of them may ask.
    pub rate: Rate,
    /// What the page of the sign-in tells.
    pub notice: SignInNotice,
}

/// What routes answer from. Clones share it.
#[derive(Clone)]
pub(crate) struct Api {
    model: Arc<ReadModel>,
    history: History,
    people: People,
    feed: Arc<Feed>,
    gate: Arc<dyn Gate>,
    versions: Arc<Versions>,
    clock: Clock,
    rates: Arc<Rates>,
    refusals: Arc<Refusals>,
    failures: Arc<Rates>,
    sign_ins: Arc<Rates>,
    notices: Arc<Rates>,
    notice: Arc<SignInNotice>,
    questions: Arc<Semaphore>,
    digs: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// The routes of the API. Must be called within the runtime that serves them: what other processes do is listened to
/// there.
pub fn api(grounds: Grounds) -> Router {
    let Grounds { model, history, people, gate, versions, clock, rate, notice } = grounds;
    let api = Api {
        model,
        history,
        feed: Arc::new(Feed::of(people.clone(), Arc::clone(&clock))),
        refusals: Arc::new(Refusals::new(people.clone())),
        failures: Arc::new(Rates::new(Rate::FAILURES)),
        sign_ins: Arc::new(Rates::new(Rate::SIGN_INS)),
        notices: Arc::new(Rates::new(Rate::SIGN_INS)),
        notice: Arc::new(notice),
        people,
        gate,
        versions: Arc::new(versions),
        clock,
        rates: Arc::new(Rates::new(rate)),
        questions: Arc::new(Semaphore::new(QUESTIONS)),
        digs: Arc::new(Semaphore::new(DIGS)),
        streams: Arc::new(Semaphore::new(STREAMS)),
    };
    let guarded = Router::new()
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/{id}", get(alerts::one))
        .route("/api/v1/alerts/{id}/evidence", get(alerts::evidence))
        .route("/api/v1/alerts/{id}/looked", post(beside::looked))
        .route("/api/v1/alerts/{id}/notes", get(notes::list).post(notes::add))
        .route("/api/v1/alerts/{id}/observations", get(observations::of_alert))
        .route("/api/v1/alerts/{id}/parties", get(parties::of_alert))
        .route("/api/v1/alerts/{id}/transitions", get(triage::transitions))
        .route("/api/v1/alerts/{id}/triage", get(triage::one).post(triage::change))
        .route("/api/v1/triage", post(triage::change_many))
        .route("/api/v1/volumes", get(volumes::volumes))
        .route("/api/v1/shares", get(shares::shares))
        .route("/api/v1/sources", get(sources::sources))
        .route("/api/v1/coverage", get(coverage::coverage))
        .route("/api/v1/observations", get(observations::list))
        .route("/api/v1/notices", get(notices::unanswered))
        .route("/api/v1/quality", get(quality::quality))
        .route("/api/v1/catalog/substances", get(catalog::substances))
        .route("/api/v1/catalog/controls", get(catalog::controls))
        .route("/api/v1/me", get(me::me))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/keys", get(keys::list).post(keys::create))
        .route("/api/v1/keys/{id}", delete(keys::revoke))
        .route("/api/v1/sessions", get(sessions::list))
        .route("/api/v1/sessions/{id}", delete(sessions::end))
        .route("/api/v1/views", get(views::list).post(views::create))
        .route("/api/v1/views/{id}", get(views::one).put(views::change).delete(views::forget))
        .route("/api/v1/stream", get(stream::stream))
        .layer(middleware::from_fn_with_state(api.clone(), shown::write_down))
        .layer(middleware::from_fn_with_state(api.clone(), admit));
    Router::new()
        .merge(guarded)
        .merge(oidc::routes())
        .route(notice::PATH, get(notice::notice))
        .merge(crate::desk::desk())
        .route("/openapi.json", get(openapi::json))
        .route("/reference", get(reference::reference))
        .fallback(|| async { Problem::absent("there is no such path; /openapi.json lists those there are") })
        .method_not_allowed_fallback(|| async { Problem::method("/openapi.json lists what this path takes") })
        .layer(middleware::from_fn(guard))
        .with_state(api)
}

/// Lets the reader in before any route looks at the request.
async fn admit(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    if let Err(problem) = body::same_site(&head) {
        return problem.into_response();
    }
    // Only who shows something may guess.
    let from = head.extensions.get::<Peer>().map(|peer| peer.key());
    let guessing = from.filter(|_| head.headers.contains_key(AUTHORIZATION) || head.headers.contains_key(COOKIE));
    if let Some(Err(seconds)) = guessing.as_ref().map(|from| api.failures.may(from, api.now())) {
        return too_often("too much was shown from your address that is not good", seconds).into_response();
    }
    match api.gate.admit(&head).await {
        Err(problem) => {
            if let Some(from) = guessing.filter(|_| problem.status == 401) {
                // One too many is refused next time.
                let _ = api.failures.take(&from, api.now());
            }
            problem.into_response()
        }
        Ok(reader) => {
            if let Err(seconds) = api.rates.take(&reader.handle, api.now()) {
                return too_often("you ask too often", seconds).into_response();
            }
            head.extensions.insert(reader);
            next.run(Request::from_parts(head, body)).await
        }
    }
}

fn too_often(what: &str, seconds: u32) -> Problem {
    Problem::too_often(format!("{what}: again in {seconds} s"), seconds)
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
    /// The time.
    pub(crate) fn now(&self) -> Moment {
        (self.clock)()
    }

    pub(crate) fn people(&self) -> &People {
        &self.people
    }

    pub(crate) fn gate(&self) -> &dyn Gate {
        &*self.gate
    }

    /// Counts a step of a sign-in from an address.
    pub(crate) fn step(&self, extensions: &Extensions) -> Result<(), Problem> {
        self.one_address(&self.sign_ins, extensions, "too many sign in from your address")
    }

    /// Counts a request of an address that needs to show nothing.
    fn one_address(&self, rates: &Rates, extensions: &Extensions, what: &str) -> Result<(), Problem> {
        let Some(from) = extensions.get::<Peer>() else { return Ok(()) };
        rates.take(&from.key(), self.now()).map_err(|seconds| too_often(what, seconds))
    }

    /// Whether anything that a reader may see is simulated; nothing is, as long as the store is being read. It waits for
    /// nobody's turn: a page asks it before anything else.
    async fn sees_simulated(&self, reader: &Reader) -> Result<bool, Problem> {
        let (model, clearance) = (Arc::clone(&self.model), Arc::clone(&reader.clearance));
        let look = move || model.view(&clearance).is_some_and(|view| view.sees_simulated());
        let looked = tokio::task::spawn_blocking(look).await;
        looked.map_err(|_| Problem::internal("the question met a fault of the program"))
    }

    /// Writes down that somebody (empty: nobody knows who) was not let in.
    pub(crate) async fn refused(&self, who: &str, detail: &str) -> Result<(), PeopleError> {
        self.refusals.write(who, detail, self.now()).await
    }

    /// How a reader sees an alert.
    ///
    /// # Errors
    /// The one answer where there is none that they may see.
    async fn sight(&self, reader: &Reader, id: &str) -> Result<Sight, Problem> {
        if id.len() > alerts::ID_BYTES_MAX {
            return Err(alerts::nothing());
        }
        let id = id.to_owned();
        self.ask(reader, move |view, _| view.sight(&id).ok_or_else(alerts::nothing)).await
    }

    /// Works on a question for a reader, off the threads that serve connections, as many at a time as may be.
    async fn ask<R: Send + 'static>(
        &self,
        reader: &Reader,
        question: impl FnOnce(&View<'_>, &AtomicBool) -> Result<R, Problem> + Send + 'static,
    ) -> Result<R, Problem> {
        let (model, clearance) = (Arc::clone(&self.model), Arc::clone(&reader.clearance));
        let work = move |given_up: Arc<AtomicBool>| {
            let view = model.view(&clearance);
            let view = view.ok_or_else(|| Problem::busy("the store is being read; ask again", AGAIN_AFTER_S))?;
            question(&view, &given_up)
        };
        self.work(&self.questions, work).await
    }

    /// Does work when its turn comes, and not for longer than a question may take. It is told when nobody waits any more.
    async fn work<R: Send + 'static>(
        &self,
        turns: &Arc<Semaphore>,
        work: impl FnOnce(Arc<AtomicBool>) -> Result<R, Problem> + Send + 'static,
    ) -> Result<R, Problem> {
        let given_up = Arc::new(AtomicBool::new(false));
        let _tells = GivenUp(Arc::clone(&given_up));
        let work = async {
            let closed = |_| Problem::busy("the process is stopping", AGAIN_AFTER_S);
            let turn = Arc::clone(turns).acquire_owned().await.map_err(closed)?;
            let work = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                work(given_up)
            });
            work.await.unwrap_or_else(|_| Err(Problem::internal("the question met a fault of the program")))
        };
        timeout(QUESTION_AT_MOST, work).await.unwrap_or_else(|_| {
            let seconds = QUESTION_AT_MOST.as_secs();
            Err(Problem::timed_out(format!("no answer in {seconds} s: ask for less, or ask again")))
        })
    }
}
