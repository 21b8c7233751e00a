//! HTTP. So far what operators and their tools ask of a process: `/metrics`, `/healthz`, `/readyz`.
//!
//! * [`Server`]: an address, routes and [`Limits`], on a thread of its own, so that no other work can stall it.
//! * [`operations`]: the routes of the operations endpoint, over whatever answers as [`Operations`].
//!
//! This is the only room that names axum. It must not know Kafka, nor what the answers mean.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod limits;
mod operations;
mod server;

#[cfg(test)]
mod tests;

pub use error::ServeError;
pub use limits::Limits;
pub use operations::{Operations, Report, operations};
pub use server::Server;
