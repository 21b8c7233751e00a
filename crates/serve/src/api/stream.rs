//! The live stream: revisions of alerts as they are told, and what people do with them, as server-sent events.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::future::{Either, select};
use futures_util::stream::unfold;
use headwater_model::{Alert, Marking};
use headwater_people::{By, ChangeKind, Moment, PAGE_MAX};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown, viewing};
use super::triage::TriageState;
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

/// So much earlier than the time that a client heard of last, what people did is told again: clocks of processes differ,
/// and a change carries the time at which it was asked for, not that of its end. What is told twice is the same.
const OVERLAP_MS: i64 = 60_000;

/// The name of the header by which a client says where it was.
const LAST_EVENT_ID: &str = "last-event-id";

/// What a stream stands at.
struct Listening {
    api: Api,
    reader: Reader,
    changes: watch::Receiver<u64>,
    people: watch::Receiver<u64>,
    /// Where in the log of alerts to go on.
    next: usize,
    /// The last change of people's that was looked at: a number that no client gets, for it counts what they may not see.
    sequence: u64,
    /// The last revision that was told.
    last: String,
    /// Up to when what people did was told.
    heard: Moment,
    /// What is to be sent, the last one first.
    waiting: Vec<Waiting>,
    _place: OwnedSemaphorePermit,
}

/// What is to be sent.
enum Waiting {
    Alert(Arc<Alert>),
    People { name: &'static str, data: String },
    Reset,
}

/// That something is written about an alert.
#[derive(Serialize)]
struct Noted<'a> {
    alert_id: &'a str,
}

/// Where a client was: the last revision that it has, and up to when it heard what people did.
struct Was {
    revision: Option<(String, u32)>,
    heard: Option<Moment>,
}

impl Was {
    fn read(id: &str) -> Was {
        let (alert, heard) = match id.rsplit_once('~') {
            Some((alert, heard)) => (alert, heard.parse().ok().map(Moment)),
            None => (id, None),
        };
        let revision = alert.rsplit_once('.').and_then(|(id, revision)| Some((id.to_owned(), revision.parse().ok()?)));
        Was { revision, heard }
    }
}

/// What is told of alerts that the caller may see, as it is told. Revisions: the event is named by the status (`raised`,
/// `updated`, `withdrawn`, `expired`), its data is the alert. What people do, in this process or in another on the same
/// database: `triage` with what stands now, `note` with the `alert_id` to read the notes of. A client that comes back with
/// the header `Last-Event-ID` misses nothing, and may get what people did in the last minute before it left once more.
/// `reset` says that more was told than is made up for: read the list again.
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
) -> Result<Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    let full = |_| Problem::busy(format!("{STREAMS} clients listen already"), AGAIN_AFTER_S);
    let place = Arc::clone(&api.streams).try_acquire_owned().map_err(full)?;
    // Before the places in the logs are looked up, so that nothing told between the two is missed.
    let (mut changes, mut people) = (api.model.changes(), api.feed.changes());
    changes.mark_changed();
    people.mark_changed();
    let was = headers.get(LAST_EVENT_ID).map(|id| Was::read(id.to_str().unwrap_or_default()));
    let heard = api.now();
    let since = was.as_ref().and_then(|was| was.heard);
    let heard_before = since.is_some();
    let (sequence, forgotten) = match since {
        Some(since) => api.people.change_before(since.after(-OVERLAP_MS)).await?,
        None => (api.people.last_change().await?, false),
    };
    let resumed = was.map(|was| was.revision);
    let (next, last, known) = api
        .ask(&reader, move |view, _| {
            Ok(match resumed {
                None => (view.end_of_log(), view.last_told(), true),
                // They had none when they came first: whatever there is now was told since.
                Some(None) if heard_before => (0, None, true),
                Some(revision) => {
                    let behind = revision.as_ref().and_then(|(id, revision)| view.behind(id, *revision));
                    (behind.unwrap_or_else(|| view.end_of_log()), revision, behind.is_some())
                }
            })
        })
        .await?;
    let last = last.map(|(id, revision)| format!("{id}.{revision}")).unwrap_or_default();
    let lost = !known || forgotten;
    let waiting = if lost { vec![Waiting::Reset] } else { Vec::new() };
    let listening = Listening { api, reader, changes, people, next, sequence, last, heard, waiting, _place: place };
    let events = unfold(listening, |mut listening| async move {
        let event = listening.event().await?;
        Some((Ok(event), listening))
    });
    // What it shows it writes down event by event.
    Ok(Answer(Shown::nothing(), Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

impl Listening {
    /// The next event; none when the process stops, or cannot write down what it would show.
    async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(waiting) = self.waiting.pop() {
                return self.told(waiting).await;
            }
            self.woken().await?;
            // What could not be asked now is asked at the next change.
            let _ = self.alerts().await;
            let _ = self.people().await;
        }
    }

    /// Waits until something is told; none when the process stops.
    async fn woken(&mut self) -> Option<()> {
        let (alerts, people) = (pin!(self.changes.changed()), pin!(self.people.changed()));
        match select(alerts, people).await {
            Either::Left((changed, _)) | Either::Right((changed, _)) => changed.ok(),
        }
    }

    /// Takes in what was told of alerts.
    async fn alerts(&mut self) -> Result<(), Problem> {
        let from = self.next;
        let told = self.api.ask(&self.reader, move |view, _| Ok(view.told(from, RESUME_MAX)));
        let Told { alerts, next, skipped } = told.await?;
        self.next = next;
        self.wait_for(skipped.then_some(Waiting::Reset).into_iter().chain(alerts.into_iter().map(Waiting::Alert)));
        Ok(())
    }

    /// Takes in what people did.
    async fn people(&mut self) -> Result<(), Problem> {
        let now = self.api.now();
        loop {
            let found = self.api.people.changes(self.sequence, PAGE_MAX).await?;
            let Some(last) = found.changes.last() else { break };
            let (last, full) = (last.sequence, found.changes.len() == PAGE_MAX as usize);
            let mut events = Vec::new();
            if found.missed {
                events.push(Waiting::Reset);
            }
            let told: BTreeSet<(ChangeKind, String)> =
                found.changes.into_iter().map(|change| (change.kind, change.object)).collect();
            for (kind, alert) in told {
                events.extend(self.change(kind, &alert, now).await?);
            }
            self.wait_for(events.into_iter());
            self.sequence = last;
            if !full {
                break;
            }
        }
        self.heard = now;
        Ok(())
    }

    /// What is told of a change: nothing where the reader may not see the alert.
    async fn change(&self, kind: ChangeKind, alert: &str, now: Moment) -> Result<Option<Waiting>, Problem> {
        let id = alert.to_owned();
        let Some(sight) = self.api.ask(&self.reader, move |view, _| Ok(view.sight(&id))).await? else {
            return Ok(None);
        };
        let data = match kind {
            ChangeKind::Triage => serde_json::to_string(&TriageState::of(&self.api.people.triage(alert, now).await?)),
            ChangeKind::Note if sight.whole => serde_json::to_string(&Noted { alert_id: alert }),
            ChangeKind::Note => return Ok(None),
        };
        Ok(data.ok().map(|data| Waiting::People { name: kind.as_str(), data }))
    }

    /// Puts events behind those that are waiting.
    fn wait_for(&mut self, events: impl Iterator<Item = Waiting>) {
        let mut all: Vec<Waiting> = events.collect();
        all.reverse();
        all.append(&mut self.waiting);
        self.waiting = all;
    }

    /// The event, once it is written down where it has to be.
    async fn told(&mut self, waiting: Waiting) -> Option<Event> {
        let event = match waiting {
            Waiting::Reset => return Some(Event::default().event("reset").data("{}")),
            Waiting::People { name, data } => Event::default().event(name).data(data),
            Waiting::Alert(alert) => {
                self.last = format!("{}.{}", alert.alert_id, alert.revision);
                self.write_down(alert.marking).await?;
                Event::default().event(alert.status.as_str()).json_data(&*alert).ok()?
            }
        };
        Some(event.id(format!("{}~{}", self.last, self.heard.0)).retry(AGAIN))
    }

    async fn write_down(&self, marking: Marking) -> Option<()> {
        let Some(action) = viewing(Some(marking)) else { return Some(()) };
        let by = By { who: &self.reader.handle, at: self.api.now() };
        self.api.people.record(action, "/api/v1/stream", &self.last, by).await.ok()
    }
}
