//! Panes turned into shifts, and shifts into alerts.
//!
//! The detector is told, day by day, which panes became known; it keeps net sums by cell (a family in the world, a market,
//! or a subdivision or office of it, its substances or its routes), runs a sequential test on the *mix* inside each
//! stratum, and says what it found as alerts that are revised, withdrawn and expired by id. What it cannot see in sums, the
//! events behind them, it asks for by returning queries.
//!
//! Memory: 32 bytes for each (series, block) that is not zero, once; in each of the up to seven cells of a family that a
//! series belongs to, 48 for each (block, stratum, label), the tally made of them, and the sweep's kept states. What a cell
//! holds at most stands as a formula in [`Detector`]'s file ("What is held"): 1.95 MB for seven substances in six strata
//! after six years without a gap. How many cells there are is bounded ([`Limits`]).
//!
//! Pure: the same panes on the same days give the same alerts. This crate must not know files, sockets, Kafka, an async
//! runtime or the wall clock; nor how records are decoded, or that a ledger exists.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod alert_id;
mod analysis;
mod area;
mod baseline;
mod block;
mod cell;
mod compose;
mod confidence;
mod config;
mod control;
mod counter_evidence;
mod detector;
mod edition;
mod evaluate;
mod explain;
mod factors;
mod fdr;
mod figures;
mod found;
mod headline;
mod label_name;
mod labels;
mod likelihood;
mod limits;
mod mix;
mod movement;
mod onset;
mod priority;
mod record;
mod registry;
mod reporters;
mod reporting;
mod revise;
mod round;
mod season;
mod statistic;
mod sums;
mod sweep;
mod tally;
mod telling;
mod told;
mod trail;
mod watch;
mod wealth;
mod week;
mod weighed;

pub use area::Area;
pub use cell::CellKey;
pub use config::{Config, FRACTIONS, MODEL, StatisticConfig};
pub use detector::Detector;
pub use evaluate::{Evaluation, PairValue, evaluate};
pub use explain::{BlockWeight, Explanation, PairCourse, StratumCourse, StratumName, explain};
pub use likelihood::{STRESSED_YEARS, likelihood};
pub use limits::Limits;
pub use mix::{Corroboration, Mix, MixValue};
