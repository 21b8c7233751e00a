//! Seeded worlds of simulated events: for the demo, for tests, for benches.
//!
//! A world has cells, each a family of the catalog in a market, seen by three reporters with a mix of their own. Its
//! weeks have seasons, frailty and noise; its sources report late, go silent, join, repeat, correct and take back; into
//! some cells a shift is planted, into others what merely looks like one. [`Truth`] tells which. The same [`Spec`] gives
//! the same bytes on every machine: random numbers and functions are this crate's own.
//!
//! Every source begins with `SIM-`. Families, markets and routes are drawn at random, so a shift in a simulated world
//! says nothing about the real one.
//!
//! This crate must not know how the product computes: it shares the nouns and the catalog's names with it, no more. It
//! has no clock and opens no files.
//!
//! ```
//! use headwater_model::Day;
//! use headwater_sim::{Scenario, Spec, World};
//! let end = Day::parse("2025-12-31").unwrap();
//! let world = World::new(&Spec { years: 2, history_years: 1, ..Spec::new(7, Scenario::Mixed, end) }).unwrap();
//! let (mut trade, mut seizure) = (Vec::new(), Vec::new());
//! let truth = world.write(&mut trade, &mut seizure).unwrap();
//! assert_eq!(truth.shifts.len(), 7);
//! assert!(trade.starts_with(b"{\"event_id\":"));
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bench;
mod counted;
mod draft;
mod error;
mod known;
mod load;
mod math;
mod palette;
mod plan;
mod rates;
mod record;
mod records;
mod rng;
mod scenario;
mod source;
mod spec;
mod stamp;
mod story;
mod truth;
mod world;

pub use bench::{BENCH_DAYS, BENCH_SERIES, bench_events};
pub use counted::{CellKind, Cells, CountedCell, CountedEvent, PlantedMove};
pub use error::SimError;
pub use known::Known;
pub use load::{LOAD_SOURCE, Load, LoadSpec, LoadSums};
pub use record::{Body, Feed, Record};
pub use records::Records;
pub use scenario::Scenario;
pub use spec::{SCALE_MAX, Spec, YEAR_DAYS, YEARS_MAX};
pub use truth::{Decoy, DecoyKind, PlantedShift, ShiftKind, Tally, TrueCell, Truth};
pub use world::World;

#[cfg(test)]
mod tests;
