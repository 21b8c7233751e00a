//! Who asks.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header::HOST;
use axum::http::request::Parts;
use futures_util::future::{BoxFuture, ready};
use headwater_model::Clearance;
use headwater_people::Role;

use crate::Problem;
use crate::oidc::Oidc;

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

impl Reader {
    /// Refuses whoever does not have a role.
    ///
    /// # Errors
    /// A [`Problem`] of status 403 that names it.
    pub fn must_be(&self, role: Role) -> Result<(), Problem> {
        if self.roles.contains(&role) {
            return Ok(());
        }
        Err(Problem::forbidden(format!("this takes the role {}: ask an admin for it", role.as_str())))
    }
}

/// Lets readers in: the one place that knows how they show who they are. Every request passes it before any route does.
pub trait Gate: Send + Sync + 'static {
    /// The reader whose request begins so.
    ///
    /// # Errors
    /// The answer to somebody who is not let in.
    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Reader, Problem>>;

    /// The word of `serve.auth.mode`.
    fn mode(&self) -> &'static str;

    /// Where people sign in, where they do.
    fn sign_in(&self) -> Option<Arc<Oidc>> {
        None
    }
}

/// Without sign-in: whoever reaches the address is the one local reader. Only for an address that no other machine
/// reaches. A request must name this machine as its host: else a page from elsewhere, whose name was made to lead here,
/// could read on a person's behalf.
pub struct OpenGate(Reader);

impl OpenGate {
    /// Everybody is let in with that clearance.
    pub fn new(clearance: Clearance) -> OpenGate {
        let roles = vec![Role::Viewer, Role::Analyst, Role::Admin];
        OpenGate(Reader { handle: "local".into(), roles, clearance: Arc::new(clearance) })
    }
}

impl Gate for OpenGate {
    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Reader, Problem>> {
        let host = head.headers.get(HOST).map(|host| host.to_str().unwrap_or_default());
        Box::pin(ready(match host {
            Some(host) if !is_this_machine(host) => {
                Err(Problem::forbidden("without sign-in the host must be localhost or an address of this machine"))
            }
            _ => Ok(self.0.clone()),
        }))
    }

    fn mode(&self) -> &'static str {
        "none"
    }
}

/// Whether a host, with or without its port, is this machine by a name that leads nowhere else.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_this_machine() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:8080"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["", "example.org:8080", "localhost.example.org", "10.0.0.1", "[::2]", "127.0.0.1.example.org"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
