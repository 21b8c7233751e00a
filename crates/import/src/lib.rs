//! Published tables turned into events of the contract, one event a row of the table.
//!
//! The table's figures travel as they were written (`8.3799469484296` pounds stay that, with unit `lb`); its dimensions
//! become the event's identity, so that a later edition of the same table names the same events; what an edition changed
//! can be written with the day on which it was published ([`cbp::import_editions`]). What a row cannot say
//! is an error with file, line, column and value; nothing is guessed and nothing is left out in silence.
//!
//! Pure over readers and writers: this crate must not know paths, Kafka, an async runtime or the wall clock, nor how
//! events are read again (names are resolved and units converted elsewhere).
//!
//! ```
//! use headwater_import::cbp::{self, CbpOptions};
//! let table = "FY,Month (abbv),Component,Region,Land Filter,Area of Responsibility,Drug Type,Count of Event,Sum Qty (lbs)\n\
//!              2019,OCT,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Heroin,2,3.50\n";
//! let import = cbp::import([("drugs.csv", table.as_bytes())], &CbpOptions::default()).unwrap();
//! assert_eq!(import.events[0].occurred_on, "2018-10-01");
//! assert_eq!(import.events[0].reported_at, "2018-12-15T00:00:00Z");
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cbp;
mod error;
mod lines;

use std::io::{self, Write};

use headwater_model::SeizureEvent;
use serde::Serialize;

pub use error::{ImportError, RowError, RowProblem};

/// What tables were turned into.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The events, sorted by (`reported_at`, `event_id`), whatever the order of the tables.
    pub events: Vec<SeizureEvent>,
    /// The rows that were skipped, sorted by (file, line); empty unless skipping was asked for.
    pub rejects: Vec<RowError>,
    /// Rows of a further table that repeat a row of an earlier one, figures included: one event stands for both.
    pub repeats: u64,
}

impl Import {
    /// Writes the events as NDJSON: one JSON object a line, fields in the order of the contract.
    pub fn write_events(&self, out: impl Write) -> io::Result<()> {
        write_lines(&self.events, out)
    }

    /// Writes the rejects as NDJSON: `file`, `line`, `column`, `message`, `raw`.
    pub fn write_rejects(&self, out: impl Write) -> io::Result<()> {
        write_lines(&self.rejects, out)
    }
}

fn write_lines<T: Serialize>(values: &[T], mut out: impl Write) -> io::Result<()> {
    for value in values {
        serde_json::to_writer(&mut out, value)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
