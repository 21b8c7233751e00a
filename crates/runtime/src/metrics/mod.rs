//! The metrics of a process: a closed catalogue of names, and typed values behind each.

pub mod catalogue;
mod metric;

pub use catalogue::CATALOGUE;
pub use metric::{Kind, Metric};
