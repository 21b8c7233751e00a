//! HTTP: what operators and their tools ask of a process, and the API for people and programs.
//!
//! * [`Server`]: an address, routes and [`Limits`], on a thread of its own, so that no other work can stall it.
//! * [`operations`]: the routes of the operations endpoint, over whatever answers as [`Operations`].
//! * [`api`]: the routes under `/api/v1`, over its [`Grounds`], for the [`Reader`]s that a [`Gate`] lets in. No question
//!   to the read model can be put without a reader's clearance, and what is shown of the two narrowest labels, or taken
//!   away as a file, is written down before it leaves.
//! * Beside it the pages of the analysts' desk, held in the binary.
//!
//! This is the only room that names axum. It must not know Kafka, nor where what it answers from was read.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod desk;
mod error;
mod key_gate;
mod limits;
mod oidc;
mod operations;
mod params;
mod peer;
mod problem;
mod rate;
mod read;
mod reader;
mod refusals;
mod server;
mod token;

#[cfg(test)]
mod tests;

pub use api::{Clock, Grounds, SignInNotice, TriageState, ViewRow, api, document};
pub use error::ServeError;
pub use key_gate::KeyGate;
pub use limits::Limits;
pub use oidc::{Oidc, OidcRules, SessionGate};
pub use operations::{Operations, Report, operations};
pub use peer::behind;
pub use problem::{PROBLEM_JSON, Problem};
pub use rate::Rate;
pub use read::{Held, Needs, ReadModel, Taken};
pub use reader::{Gate, OpenGate, Reader};
pub use server::Server;
pub use token::{ClaimRules, Http, KeySource, TokenRules, Tokens};
