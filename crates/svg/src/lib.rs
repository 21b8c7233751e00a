//! Line charts as SVG.
//!
//! A [`Chart`] is two axes and lines with names; written out, it is a picture of its own. Everyone can read it: text is
//! text and not outlines, colours are told apart by people with any sight, and each line bears a dash and a mark besides.
//! The same chart gives the same bytes.
//!
//! This crate must not know what is drawn: neither detection nor a scoreboard, nor files.
//!
//! ```
//! use headwater_svg::{Axis, Chart, Line};
//!
//! let axis = |title, to: f64| Axis { title, from: 0.0, to, logarithmic: false, ticks: vec![0.0, to] };
//! let points = (0..=10).map(|week| (f64::from(week), f64::from(week * week))).collect();
//! let chart = Chart {
//!     title: "A statistic, week by week".into(),
//!     x: axis("weeks", 10.0),
//!     y: axis("nats", 100.0),
//!     lines: vec![Line { name: "all pairs".into(), points, marked_every: 5 }],
//! };
//! let svg = chart.to_string();
//! assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
//! assert!(svg.contains(">all pairs</text>"));
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chart;

pub use chart::{Axis, Chart, Line};
