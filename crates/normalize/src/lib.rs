//! Bytes turned into typed observations, or a reject with its reason: the hot path.
//!
//! One pass reads a record, JSON or Avro, into stretches of its own bytes ([`RawBatch`] holds them), judges every field by
//! the contract, resolves the chemical, converts the amount and builds the route. What is good becomes a head and its
//! rows in [`Observations`], and rows of the archive's Arrow form; what is not becomes a [`Reject`]. Every record of a
//! batch ends as exactly one of the two, and no bytes panic.
//!
//! This crate must not know tokio, Kafka or the wall clock: the day of arrival is given to it ([`Settings::arrival`]).
//!
//! [`RawBatch`]: headwater_model::RawBatch
//! [`Observations`]: headwater_model::Observations
//! [`Reject`]: headwater_model::Reject

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod avro;
mod columns;
mod content;
mod decimal;
mod decode;
mod error;
mod event;
mod fault;
mod faults;
mod item;
mod json;
mod json_form;
mod judge;
mod key;
pub mod limits;
mod normalizer;
mod place;
mod resolve;
mod settings;
mod texts;
mod time;

pub use avro::{WriterSchema, WriterSchemas};
pub use columns::archive_schema;
pub use error::SchemaError;
pub use normalizer::{Normalizer, decode_alone};
pub use settings::{Settings, UnixSeconds};
