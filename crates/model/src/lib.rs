//! The nouns that every room of Headwater shares: what an event is, a day, a route, a marking, an observation, a pane,
//! a volume, an alert and a reject.
//!
//! Plain values and their arithmetic only. This crate must not know files, sockets, Kafka, an async runtime or the wall
//! clock: a function here gives the same answer for the same arguments, always.

mod access;
mod alert;
mod archived;
mod budget;
mod clearance;
mod cold;
mod counts;
mod day;
mod decimal;
mod epoch;
mod event;
mod evidence;
mod habit;
mod input;
mod names;
mod observation;
mod pane;
mod place;
mod progress;
mod quantity;
mod raw;
mod reject;
mod route;
mod signed;
mod substance;
mod unit;
mod volume;

pub use access::*;
pub use alert::*;
pub use archived::*;
pub use budget::*;
pub use clearance::*;
pub use cold::*;
pub use counts::*;
pub use day::*;
pub use decimal::*;
pub use epoch::*;
pub use event::*;
pub use evidence::*;
pub use habit::*;
pub use input::*;
pub use names::*;
pub use observation::*;
pub use pane::*;
pub use place::*;
pub use progress::*;
pub use quantity::*;
pub use raw::*;
pub use reject::*;
pub use route::*;
pub use signed::*;
pub use substance::*;
pub use unit::*;
pub use volume::*;
