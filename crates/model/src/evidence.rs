//! What kind of event speaks: kinds are never added to each other.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Day, Id, KnownDay, Pane, Series};

/// The `kind` of an event. An export and its mirror import are the same goods, so no sum runs over kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
#[allow(missing_docs)] // the words of the contract say what each is
pub enum Evidence {
    Import,
    Export,
    Transit,
    PreExportNotice,
    SuspiciousOrder,
    Seizure,
    StoppedShipment,
    Theft,
    Laboratory,
    Identification,
}

impl Evidence {
    /// Every kind, trade before seizures.
    pub const ALL: [Evidence; 10] = [
        Evidence::Import,
        Evidence::Export,
        Evidence::Transit,
        Evidence::PreExportNotice,
        Evidence::SuspiciousOrder,
        Evidence::Seizure,
        Evidence::StoppedShipment,
        Evidence::Theft,
        Evidence::Laboratory,
        Evidence::Identification,
    ];

    /// The word of the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::Import => "import",
            Evidence::Export => "export",
            Evidence::Transit => "transit",
            Evidence::PreExportNotice => "pre_export_notice",
            Evidence::SuspiciousOrder => "suspicious_order",
            Evidence::Seizure => "seizure",
            Evidence::StoppedShipment => "stopped_shipment",
            Evidence::Theft => "theft",
            Evidence::Laboratory => "laboratory",
            Evidence::Identification => "identification",
        }
    }

    /// Reads the word of the wire, letter for letter.
    pub fn parse(text: &str) -> Option<Evidence> {
        Evidence::ALL.into_iter().find(|k| k.as_str() == text)
    }

    /// Whether it is a trade event's kind; the others are a seizure event's.
    pub fn is_trade(self) -> bool {
        self <= Evidence::SuspiciousOrder
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A question to whoever keeps the events behind the panes: which events stand in these series on these days?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceQuery {
    /// Series of the names' table, sorted.
    pub series: Vec<Id<Series>>,
    /// First day asked for. Of a period its last day counts, where the figure lies.
    pub from: Day,
    /// Last day asked for.
    pub to: Day,
    /// Only what was known by then.
    pub as_of: KnownDay,
}

/// One event that answers an [`EvidenceQuery`]: all that its records ever added to panes, up to the day asked for, so
/// that taking these panes away gives the panes as if the event had never been reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTrace {
    /// Reporting organisation.
    pub source: Box<str>,
    /// The event's id within its source.
    pub event_id: Box<str>,
    /// Signed panes of this event alone, by key, in every series (not only those asked for).
    pub panes: Vec<Pane>,
}
