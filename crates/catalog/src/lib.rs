//! Reference data: what the chemicals are called, how they are numbered and controlled, which families they form, and
//! the units and countries of the wire contract.
//!
//! The facts lie in `data/`, one record a substance, each with its sources; [`Catalog::embedded`] reads them once, and
//! [`Catalog::with_overlay`] lays a user's own file over them (`README.md` beside this crate shows the form). Identity
//! and control facts only. This crate must not know events, files on disk, the network or the clock: text in, values
//! out. The lookups that the hot path uses do not allocate.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cas;
mod catalog;
mod country;
mod draft;
mod embedded;
mod error;
pub mod hs;
mod load;
mod normal;
mod read;
mod show;
mod suggest;
mod unit;

pub use catalog::Catalog;
pub use error::{CatalogError, Problem};
pub use headwater_model::Unit;
pub use normal::normal_name;
pub use show::{check, did_you_mean, list, show};
pub use unit::{DENSITY_MG_PER_L_DEFAULT, Measure, Ratio};
