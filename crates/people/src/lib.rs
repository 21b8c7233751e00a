//! What people do with alerts, and what they may do: triage, saved views, API keys, sessions, sign-ins under way, and
//! the audit log, in SQL.
//!
//! * [`People`]: a database, SQLite (one file, write-ahead log) or PostgreSQL by its URL. Clone it freely.
//! * [`Triage`], [`Command`]: what was decided of an alert; each change names the version it saw, a stale one is refused
//!   with what stands now ([`PeopleError::Stale`]).
//! * [`ApiKey`], [`Session`], [`Login`]: who is let in, with what they may do and see ([`Grant`]).
//! * [`Entry`], [`Verdict`]: the audit log, in which every one of those is written down by the transaction that does it.
//! * [`Change`]: what others changed meanwhile, by a number without gaps, to be polled by every process.
//!
//! One set of queries serves both databases, by sqlx's `Any` driver: rusqlite and tokio-postgres would need each query
//! twice, a pool and a way to reconnect of our own. sqlx costs 42 CPU seconds of a cold debug build, SQLite's C included.
//! Tables hold whole numbers and text alone, so that both databases mean the same by them; a time is milliseconds, a
//! hash is in hexadecimal. Every transaction that writes takes its locks in one order: alerts by id, the number of the
//! last change, the head of the audit log, keys and sessions. So no two wait for each other.
//!
//! Time comes in as an argument. This room must not know HTTP, Kafka, or what an alert says.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod audit;
mod change;
mod database;
mod error;
mod grant;
mod key;
mod limit;
mod location;
mod login;
mod moment;
mod schema;
mod secret;
mod seen;
mod session;
mod triage;
mod view;

pub use audit::{Action, Entry, Fault, Verdict};
pub use change::{Change, ChangeKind, Changes};
pub use database::{By, People};
pub use error::{Denied, PeopleError};
pub use grant::{Grant, Role};
pub use key::ApiKey;
pub use limit::*;
pub use location::Location;
pub use login::Login;
pub use moment::Moment;
pub use seen::Seen;
pub use session::Session;
pub use triage::{Command, Note, Outcome, Reason, State, Transition, Triage};
pub use view::{Filters, View};
