//! What the program says of itself while it runs: every event that is logged, its name, its level and its fields.
//!
//! An event is a struct; its fields are the fields of the line, by names of one list ([`FIELDS`]), so that neither names
//! nor meanings drift. `docs/logs.md` is written from [`EVENTS`] and held to it by a test.
//!
//! ```
//! use headwater_log::SnapshotFailed;
//! use headwater_model::Input;
//! let input = Input::parse("trade/3").unwrap();
//! SnapshotFailed { source: &input.source, partition: input.partition, error: &"the disk is full" }.log();
//! ```
//!
//! What may repeat is bounded twice: a [`Trouble`] says that it begins, then at most every 30 s that it lasts, and that
//! it is over; and no event is written more often than [`LINES_MAX`] times a minute.
//!
//! This is the only room that names tracing. It must not know what it is told: no record, no setting of a client, no
//! secret ever is a field.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod catalogue;
mod events;
mod field;
mod limit;
mod logging;
mod trouble;

pub use catalogue::{EVENTS, Event, FIELDS, Field, MARKDOWN_HEAD, markdown};
pub use events::*;
pub use limit::LINES_MAX;
pub use logging::{LoggingError, init_logging, log_panics};
pub use trouble::{Lasting, SAY_EVERY, Trouble};
