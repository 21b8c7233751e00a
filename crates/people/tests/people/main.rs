//! The people's state on SQLite and on a real PostgreSQL: the same tests on both.
#![allow(clippy::unwrap_used)]

mod access;
mod audit;
mod bed;
mod triage;
