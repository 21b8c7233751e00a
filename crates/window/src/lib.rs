//! From observations to exact sums: the ledger judges each record (new, duplicate, superseded) and turns the set of an
//! event's records into signed rows; panes add the rows up; volumes, roll-ups, the line of completeness and the events
//! behind a figure are read from panes and ledger.
//!
//! Rows are a function of the *set* of an event's records: any order of arrival ends in the same panes, as of every
//! day. All sums are integers and checked.
//!
//! Pure, and the hot loop: no allocation per record beyond what is kept. This crate must not know tokio, Kafka, files,
//! wall clocks or the catalog.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod archived;
mod class;
mod coding;
mod complete;
mod error;
mod filter;
mod hot;
mod ledger;
mod loader;
mod net;
mod order;
mod panes;
mod record;
mod rolling;
mod rollup;
mod snapshot;
mod staircase;
mod trace;
mod volumes;
mod wide;
mod window;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod restored;

pub use class::Class;
pub use complete::{COMPLETE_DAYS, COMPLETE_PERCENT, CompleteTo, complete_to};
pub use error::WindowError;
pub use headwater_model::{Cold, ColdError, Entries};
pub use ledger::{InsertError, Ledger};
pub use loader::WindowLoader;
pub use net::{NetVolume, NetVolumes};
pub use panes::{PaneIndex, Panes};
pub use volumes::{VolumeOptions, Volumes};
pub use window::{Listener, Window};
