//! Programs that show a key.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use futures_util::future::BoxFuture;
use headwater_people::{Action, ApiKey, By, Denied, People, PeopleError};
use std::sync::Arc;

use crate::api::Clock;
use crate::rate::Rates;
use crate::{Gate, OpenGate, Problem, Rate, Reader};

/// By whom it is written down that somebody was not let in.
const GATE: &str = "gate";

/// Keys that were not taken and are written down: ten at once, then one in ten seconds. Whoever tries many fills no log.
const REFUSED: Rate = Rate { burst: 10, per_minute: 6 };

/// Lets in whoever shows a key that is good, as `Authorization: Bearer TOKEN`; others as the gate behind it says, where
/// there is one.
pub struct KeyGate {
    people: People,
    clock: Clock,
    otherwise: Option<OpenGate>,
    refused: Rates,
}

impl KeyGate {
    /// Only who shows a key is let in.
    pub fn new(people: People, clock: Clock) -> KeyGate {
        KeyGate { people, clock, otherwise: None, refused: Rates::new(REFUSED) }
    }

    /// Who shows none is the one local reader.
    pub fn or_open(self, open: OpenGate) -> KeyGate {
        KeyGate { otherwise: Some(open), ..self }
    }

    async fn with_key(&self, token: Option<&str>) -> Result<Reader, Problem> {
        let now = (self.clock)();
        let unknown = || Problem::unknown_caller("the key is none that is good: ask an admin for another");
        let denied = match token {
            None => Denied::Unknown,
            Some(token) => match self.people.key(token, now).await {
                Ok(key) => return Ok(reader(key)),
                Err(PeopleError::Denied(denied)) => denied,
                Err(other) => return Err(other.into()),
            },
        };
        if self.refused.take(GATE, now).is_ok() {
            // Nothing of the token: it may be another's good one, mistyped.
            let detail = format!("a key: {}", denied.as_str());
            self.people.record(Action::SignInFailed, "", &detail, By { who: GATE, at: now }).await?;
        }
        Err(unknown())
    }
}

fn reader(key: ApiKey) -> Reader {
    Reader {
        handle: format!("key:{}", key.id).into(),
        roles: key.grant.roles().to_vec(),
        clearance: Arc::new(key.grant.clearance().clone()),
    }
}

impl Gate for KeyGate {
    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Reader, Problem>> {
        Box::pin(async move {
            match (head.headers.get(AUTHORIZATION), &self.otherwise) {
                (Some(shown), _) => {
                    self.with_key(shown.to_str().ok().and_then(|text| text.strip_prefix("Bearer "))).await
                }
                (None, Some(open)) => open.admit(head).await,
                (None, None) => Err(Problem::unknown_caller("send a key, as `Authorization: Bearer TOKEN`")),
            }
        })
    }

    fn mode(&self) -> &'static str {
        self.otherwise.as_ref().map_or("keys", Gate::mode)
    }
}
