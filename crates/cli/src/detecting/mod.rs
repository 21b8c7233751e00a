//! Detection over the archive: following what is committed, closing days, keeping the alert log.

mod clocks;
pub mod exercise;
mod follower;
mod heard;
mod log;
mod run;
mod stage;
mod walk;

pub use clocks::{Clocks, Closable, Holder};
pub use exercise::ORDER_MS;
pub use follower::{Caught, Follower};
pub use heard::Heard;
pub use log::first_difference;
pub use run::{Surroundings, Told, run_detect};
pub use stage::{AlertSink, Detecting, Standing};
pub use walk::{Walk, Walked};

#[cfg(test)]
mod tests;
