//! What every process needs around its work: configuration and an orderly stop.
//!
//! * [`Config`]: one TOML file plus environment, checked whole before anything starts; every problem is listed with its
//!   place and the nearest known key.
//! * [`Shutdown`]: the first SIGTERM or Ctrl-C asks everybody to stop, the second one ends the process.
//! * [`Pulses`]: whether the loops still turn.
//! * [`metrics`]: every metric by name, typed, with the bound on the number of series.
//!
//! This crate must not know what is read, counted or raised: no domain words. There are no globals, so that tests can
//! have as many configurations and shutdowns as they like.

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(clippy::disallowed_methods, reason = "one of the rooms that read a clock: it waits for others")]

mod config;
pub mod metrics;
mod pulse;
mod shutdown;

pub use config::{
    AnchorSettings, AuthMode, AuthSettings, BudgetSettings, ClaimSettings, ClientSetting, Cluster, Config, ConfigError,
    ConfigProblem, DetectSettings, JwtSettings, KeyPlace, OidcSettings, OnGap, Partitioner, PeopleDatabase, Place,
    ServeSettings, Source, StoreLocation, StoreSettings,
};
pub use pulse::{Pulse, Pulses, Standstill};
pub use shutdown::{Shutdown, ShutdownToken};
