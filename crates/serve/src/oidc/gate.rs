//! People who are signed in.

use std::sync::Arc;

use axum::http::request::Parts;
use futures_util::future::BoxFuture;
use headwater_people::{People, PeopleError, Session};

use super::{Oidc, routes};
use crate::api::Clock;
use crate::{Gate, Problem, Reader};

/// Lets in whoever has a session.
pub struct SessionGate {
    people: People,
    clock: Clock,
    oidc: Arc<Oidc>,
}

impl SessionGate {
    /// Of people who sign in at a service.
    pub fn new(people: People, clock: Clock, oidc: Oidc) -> SessionGate {
        SessionGate { people, clock, oidc: Arc::new(oidc) }
    }
}

fn reader(session: Session) -> Reader {
    Reader {
        handle: session.subject.into(),
        roles: session.grant.roles().to_vec(),
        clearance: Arc::new(session.grant.clearance().clone()),
    }
}

impl Gate for SessionGate {
    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Reader, Problem>> {
        Box::pin(async move {
            let sign_in = routes::SIGN_IN;
            let Some(shown) = self.oidc.cookies().session(&head.headers) else {
                let detail = format!("sign in at {sign_in}, or send a key or a token");
                return Err(Problem::unknown_caller(detail));
            };
            match self.people.session(shown, (self.clock)()).await {
                Ok(session) => Ok(reader(session)),
                Err(PeopleError::Denied(_)) => {
                    Err(Problem::unknown_caller(format!("the session has ended: sign in at {sign_in}")))
                }
                Err(other) => Err(other.into()),
            }
        })
    }

    fn mode(&self) -> &'static str {
        "oidc"
    }

    fn sign_in(&self) -> Option<Arc<Oidc>> {
        Some(Arc::clone(&self.oidc))
    }
}
