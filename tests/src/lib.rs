//! What the tests that cross crates share: the [`examples`] of the contract, and the naive [`oracle`] that judges the
//! volumes.
//!
//! The oracle must not know how the product computes: no decoder, ledger, window or catalog of it, only the nouns of
//! `headwater-model`.
#![allow(clippy::unwrap_used)]

pub mod examples;
pub mod oracle;
pub mod streams;
