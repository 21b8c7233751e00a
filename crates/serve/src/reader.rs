//! Who asks.

use std::sync::Arc;

use axum::http::request::Parts;
use headwater_model::Clearance;
use serde::Serialize;

use crate::Problem;

/// What a reader may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads, and says what becomes of alerts.
    Analyst,
    /// Says who may read.
    Admin,
    /// A program.
    Service,
}

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// A handle, no person's name.
    pub handle: Arc<str>,
    /// What they may do.
    pub roles: Vec<Role>,
    /// What they may see.
    pub clearance: Arc<Clearance>,
}

/// Lets readers in: the one place that knows how they show who they are. Every request passes it before any route does.
pub trait Gate: Send + Sync + 'static {
    /// The reader whose request begins so.
    ///
    /// # Errors
    /// The answer to somebody who is not let in.
    fn admit(&self, head: &Parts) -> Result<Reader, Problem>;

    /// The word of `serve.auth.mode`.
    fn mode(&self) -> &'static str;
}

/// Without sign-in: whoever reaches the address is the one local reader. Only for an address that no other machine
/// reaches.
pub struct OpenGate(Reader);

impl OpenGate {
    /// Everybody is let in with that clearance.
    pub fn new(clearance: Clearance) -> OpenGate {
        let roles = vec![Role::Viewer, Role::Analyst, Role::Admin];
        OpenGate(Reader { handle: "local".into(), roles, clearance: Arc::new(clearance) })
    }
}

impl Gate for OpenGate {
    fn admit(&self, _: &Parts) -> Result<Reader, Problem> {
        Ok(self.0.clone())
    }

    fn mode(&self) -> &'static str {
        "none"
    }
}
