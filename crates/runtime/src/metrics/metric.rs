//! One name of the catalogue.

use std::fmt;

/// How a metric's values are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only ever grows while its series lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size, with sum and count.
    Histogram,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        })
    }
}

/// A metric as the catalogue describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, the unit last.
    pub name: &'static str,
    /// How to read it.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What its values count.
    pub unit: &'static str,
    /// Which processes have it, and from when on; empty: every one, always.
    pub when: &'static str,
    /// A sentence for people.
    pub help: &'static str,
}

impl Metric {
    /// Whether a process may be without it.
    pub fn is_conditional(&self) -> bool {
        !self.when.is_empty()
    }

    /// The name with the names of its labels: `name{a,b}`.
    pub fn signature(&self) -> String {
        match self.labels {
            [] => self.name.to_owned(),
            labels => format!("{}{{{}}}", self.name, labels.join(",")),
        }
    }
}
