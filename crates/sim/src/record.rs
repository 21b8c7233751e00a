//! Lines of the two files.

use std::io::{self, Write};

use headwater_model::{KnownDay, SeizureEvent, TradeEvent, Withdrawal};
use serde::Serialize;

use crate::stamp::day_of;

/// Which of the two files a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// `trade.ndjson`, topic `trade-events`.
    Trade,
    /// `seizure.ndjson`, topic `seizure-events`.
    Seizure,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// A trade event.
    Trade(Box<TradeEvent>),
    /// A seizure event.
    Seizure(Box<SeizureEvent>),
    /// An event of either kind is taken back.
    Withdrawal(Withdrawal),
}

/// What a record is in the story of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    First { unit_error: bool },
    Revision,
    Withdrawal,
    Duplicate,
}

/// One line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it belongs.
    pub feed: Feed,
    /// What it says.
    pub body: Body,
    pub(crate) at: i64,
    pub(crate) part: Part,
}

impl Record {
    /// The UTC day on which it is sent.
    pub fn known_on(&self) -> KnownDay {
        KnownDay(day_of(self.at))
    }

    /// The second since 1970 at which it is sent.
    pub fn reported_at_s(&self) -> i64 {
        self.at
    }

    /// The id of its event, unique within its source: the key of its message.
    pub fn event_id(&self) -> &str {
        match &self.body {
            Body::Trade(event) => &event.event_id,
            Body::Seizure(event) => &event.event_id,
            Body::Withdrawal(event) => &event.event_id,
        }
    }

    /// Writes it as one line of NDJSON, fields in the order of the contract.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, &self.body)?;
        out.write_all(b"\n")
    }
}
