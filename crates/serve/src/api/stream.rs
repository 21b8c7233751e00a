//! The live stream: revisions of alerts as they are told, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use headwater_model::Alert;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::openapi::ProblemAnswer;
use super::{AGAIN_AFTER_S, Api, STREAMS};
use crate::params::Params;
use crate::read::Told;
use crate::{Problem, Reader};

/// A comment is sent when nothing was for so long: half of what proxies allow as a rule, and less than the 30 s after
/// which a client should say that it is not live.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Milliseconds after which a client comes again.
const AGAIN: Duration = Duration::from_secs(3);

/// Revisions that a client is sent that was away: beyond it `reset` says that it has to read the list again.
const RESUME_MAX: usize = 1_000;

/// The name of the header by which a client says where it was.
const LAST_EVENT_ID: &str = "last-event-id";

/// What a stream stands at.
struct Listening {
    api: Api,
    reader: Reader,
    changes: watch::Receiver<u64>,
    /// Where in the log to go on.
    next: usize,
    /// What is to be sent, the last one first.
    waiting: Vec<Event>,
    _place: OwnedSemaphorePermit,
}

/// Revisions of alerts that the caller may see, as they are told. The event is named by the status (`raised`, `updated`,
/// `withdrawn`, `expired`), its data is the alert, its id `alert_id.revision`; a client that comes back with the header
/// `Last-Event-ID` misses nothing. `reset` says that more was told than is made up for: read the list again.
#[utoipa::path(
    get, path = "/api/v1/stream", tag = "alerts",
    params(("Last-Event-ID" = Option<String>, Header, description = "Id of the last event that the client has")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = "default", response = ProblemAnswer)
    )
)]
pub(crate) async fn stream(
    State(api): State<Api>,
    reader: Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    let full = |_| Problem::busy(format!("{STREAMS} clients listen already"), AGAIN_AFTER_S);
    let place = Arc::clone(&api.streams).try_acquire_owned().map_err(full)?;
    // Before the place in the log is looked up, so that nothing told between the two is missed.
    let changes = api.model.changes();
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).and_then(|id| {
        let (id, revision) = id.rsplit_once('.')?;
        Some((id.to_owned(), revision.parse().ok()?))
    });
    let asked_to_resume = headers.contains_key(LAST_EVENT_ID);
    let (next, known) = api
        .ask(&reader, move |view, _| {
            let behind = last.and_then(|(id, revision): (String, u32)| view.behind(&id, revision));
            Ok((behind.unwrap_or_else(|| view.end_of_log()), behind.is_some()))
        })
        .await?;
    let waiting = if asked_to_resume && !known { vec![reset()] } else { Vec::new() };
    let mut listening = Listening { api, reader, changes, next, waiting, _place: place };
    listening.changes.mark_changed();
    Ok(Sse::new(unfold(listening, |mut listening| async move {
        let event = listening.event().await?;
        Some((Ok(event), listening))
    }))
    .keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Listening {
    /// The next event; none when the process stops.
    async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(event);
            }
            self.changes.changed().await.ok()?;
            let from = self.next;
            let told = self.api.ask(&self.reader, move |view, _| Ok(view.told(from, RESUME_MAX)));
            // What could not be asked now is asked at the next change.
            let Ok(Told { alerts, next, skipped }) = told.await else { continue };
            self.next = next;
            self.waiting = alerts.iter().rev().filter_map(|alert| event(alert)).collect();
            if skipped {
                self.waiting.push(reset());
            }
        }
    }
}

fn event(alert: &Alert) -> Option<Event> {
    let id = format!("{}.{}", alert.alert_id, alert.revision);
    Event::default().event(alert.status.as_str()).id(id).retry(AGAIN).json_data(alert).ok()
}

fn reset() -> Event {
    Event::default().event("reset").data("{}")
}
