//! What the tests that cross crates share: the [`examples`] of the contract, the naive [`oracle`] that judges the
//! volumes, the [`product`]'s side of that comparison, senders of [`avro`], the [`detection`] over many worlds, a
//! [`crowd`] of alerts, random [`streams`] and large [`feed`]s, the [`binary`] and the [`process`]es made of it, what
//! they tell at their [`endpoint`], its [`store`] as users see it, a real Kafka as [`broker`] with clients that are not
//! ours, the processes of a [`cluster`] on it, a process that is [`served`] from, a free [`port`], a real
//! [`prometheus`], files of [`yaml`], and parts of a [`page`] that are made and not written.
//!
//! The oracle must not know how the product computes: no decoder, ledger, window or catalog of it, only the nouns of
//! `headwater-model`.
#![allow(clippy::unwrap_used)]

pub mod avro;
pub mod binary;
pub mod broker;
pub mod cluster;
pub mod crowd;
pub mod detection;
pub mod endpoint;
pub mod examples;
pub mod feed;
pub mod oracle;
pub mod page;
pub mod port;
pub mod process;
pub mod product;
pub mod prometheus;
pub mod served;
mod shared;
pub mod store;
pub mod streams;
pub mod yaml;

pub use shared::shared;
