//! Reading the archive: its panes, the events behind them, the alert log.

mod alerts;
mod evidence;
mod holdings;
mod panes;
mod rejects;
mod replay;
mod stored;

#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod stored_tests;
#[cfg(test)]
mod tests;

pub use alerts::{closed_to, told};
pub use evidence::Evidence;
pub use holdings::{EachReject, EachRow, Holdings, Later, Stock, inputs};
pub use panes::{By, overflow, panes, totals};
pub use rejects::write_rejects;
pub use replay::{Span, replay};
pub use stored::Stored;
