//! Methods side by side on simulated cells, and their judge.
//!
//! A [`Method`] gets a cell (a [`View`]: the same events for all, in the order in which they are counted) and gives one
//! number a day. The [`Board`] lets it choose its constants and sets its threshold on cells of calibration, to the same
//! budget of false alarms for everybody, and judges it on other cells. Time is counted in market-years: one is a year of
//! 364 days of one cell after its history.
//!
//! This crate must not know files, sockets, Kafka, an async runtime or the wall clock (whoever runs it lends it one), nor
//! how cells are made beyond what their maker tells of them.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod board;
mod judge;
mod lagged;
mod limit;
mod method;
mod page;
mod parallel;
mod peers;
mod plan;
mod product;
mod raised;
mod rate;
mod reference;
mod report;
mod rows;
mod score;
mod view;
mod weekly;
mod words;
mod worth;

pub use board::{Board, Seconds};
pub use judge::{Bar, Detection, REFRACTORY_DAYS, Rule, detection, median, threshold};
pub use method::{Method, Reading, Row, Trace};
pub use page::{File, page};
pub use plan::{CELLS_MAX, Plan, Use};
pub use product::PRODUCT;
pub use raised::{Raised, raised};
pub use rate::{Part, Rate, binomial_interval, poisson_interval};
pub use reference::Reference;
pub use report::Report;
pub use rows::rows;
pub use score::{CORROBORATED, Found, Own, Point, RATES, Score, Side, Stress, WITHIN_DAYS};
pub use view::{Event, Labels, Secret, View, WEEK_DAYS};
pub use words::{Calibration, Lot, Word};
pub use worth::{Difference, Worth, worth};
