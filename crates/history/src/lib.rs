//! Questions to the archive: the observations behind a figure, volumes as they were known on any day, notices that nobody
//! ever referred to, parties on both sides of a shift, how good the data of a source are; and each answer as a file.
//!
//! Every question takes the [`Clearance`](headwater_model::Clearance) of who asks. Rows that the reader may not see are
//! left out before anything is counted, in the one place that reads rows (`scan`), so that an answer's rows, sums and
//! counts are those of an archive that holds nothing else. A question without a reader does not compile.
//!
//! The archive is read by arrow and Parquet themselves: a question is a scan with equality filters on columns of words
//! and sums of integers. Filters are asked once a word and not once a row, sums are checked (a data frame's wrap), and
//! what a data frame would add, joins and expressions, no question needs. That spares the binary some twenty megabytes
//! and each build six minutes.
//!
//! Files and what matches are bounded ([`Bounds`]); the store's files never change, so those that were read may be kept.
//! This crate must not know HTTP, Kafka, nor an async runtime: it blocks the thread that asks.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bounds;
mod bucket;
mod columns;
mod delays;
mod drill;
mod error;
mod export;
mod figures;
mod filter;
mod history;
mod net;
mod notices;
mod observation;
mod page;
mod parties;
mod quality;
mod scan;
mod seen;
mod table;
mod volumes;

pub use bounds::{Bounds, DayRange, Deadline};
pub use bucket::Granularity;
pub use delays::{Delays, MEASURED_DAYS, Reports};
pub use drill::{ObservationPage, ObservationQuery, Totals, View};
pub use error::HistoryError;
pub use export::{Format, export};
pub use filter::Filter;
pub use history::History;
pub use notices::{NoticePage, NoticeQuery, UnansweredNotice};
pub use observation::Observation;
pub use page::Page;
pub use parties::{PartyAnswer, PartyQuery, SharedParty, Side};
pub use quality::{QualityAnswer, QualityQuery, RejectCount, SourceQuality};
pub use seen::Seen;
pub use table::Table;
pub use volumes::{PlaceLevel, RouteLevel, SubstanceLevel, VolumeAnswer, VolumeBucket, VolumeBy, VolumeQuery};
