//! The metrics of a process: a closed catalogue of names, and typed values behind each.
//!
//! Nothing is looked up by a label while records are read: whoever counts holds a handle ([`InputHandle`],
//! [`RejectCounts`], [`Stages`], the fields of [`Metrics`]), and the page is made when it is asked for.

pub mod catalogue;
mod inputs;
mod metric;
mod named;
mod page;
mod process;
mod sheet;
mod stage;

#[cfg(test)]
mod tests;

pub use catalogue::CATALOGUE;
pub use inputs::{INPUTS_MAX, InputFigures, InputHandle, Inputs};
pub use metric::{Kind, Metric};
pub use named::{Clusters, RejectCounts, Rejects, SourceClocks};
pub use page::{Closed, Metrics, Roles, Words};
pub use sheet::{Sheet, Show};
pub use stage::{Laps, Stage, Stages};

/// Seconds since 1970.
pub fn unix_seconds() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
