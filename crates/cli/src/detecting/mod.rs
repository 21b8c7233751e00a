//! Detection over the archive: following what is committed, closing days, keeping the alert log.

mod clocks;
mod detecting;
mod follower;
mod log;
mod run;
mod walk;

pub use clocks::{Clocks, Closable, Holder};
pub use detecting::{AlertSink, Detecting, Standing};
pub use follower::{Caught, Follower};
pub use log::first_difference;
pub use run::{Surroundings, run_detect};
pub use walk::{Walk, Walked};

#[cfg(test)]
mod tests;
