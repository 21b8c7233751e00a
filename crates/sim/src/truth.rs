//! What was planted, for whoever checks what was found.

use std::io::{self, Write};

use headwater_model::Day;
use serde::{Deserialize, Serialize};

use crate::Scenario;

/// The content of `truth.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Seed of the world.
    pub seed: u64,
    /// Its scenario.
    pub scenario: Scenario,
    /// Its first day.
    pub start: Day,
    /// The last day on which nothing is planted yet.
    pub history_until: Day,
    /// Its last day: nothing is known after it.
    pub end: Day,
    /// Multiplier of the events per week.
    pub scale: f64,
    /// The cells, each a family and a market.
    pub cells: Vec<TrueCell>,
    /// What a detector should find.
    pub shifts: Vec<PlantedShift>,
    /// What looks like a shift and is none.
    pub decoys: Vec<Decoy>,
    /// What was written.
    pub records: Tally,
}

impl Truth {
    /// Writes it as JSON for people: indented, with a line end.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

/// A family in a market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrueCell {
    /// Catalog id of the family.
    pub family: String,
    /// ISO 3166-1 alpha-2.
    pub market: String,
    /// Catalog ids, in the order of the cell.
    pub substances: Vec<String>,
    /// `CN>MX>US`, in the order of the cell.
    pub routes: Vec<String>,
    /// Events a week that all reporters together see, on average, in a week like any other.
    pub events_per_week: f64,
}

/// The kinds of shift; the words are those of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShiftKind {
    /// From one substance of a family to another.
    Substitution,
    /// From one route of a family to another.
    Displacement,
}

/// A planted shift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlantedShift {
    /// Which kind.
    pub kind: ShiftKind,
    /// Catalog id of the family.
    pub family: String,
    /// ISO 3166-1 alpha-2.
    pub market: String,
    /// Catalog id of the substance, or the route, that falls.
    pub falling: String,
    /// Catalog id of the substance, or the route, that rises.
    pub rising: String,
    /// The first day of the first week in which flow moves (event time).
    pub onset: Day,
    /// Weeks over which the moved fraction grows evenly to `fraction`; 0 = at once.
    pub ramp_weeks: u16,
    /// The part of the falling flow that has moved in the end, 0 to 1.
    pub fraction: f64,
    /// Events of the rising flow for each moved event of the falling one.
    pub volume_ratio: f64,
    /// Whether nothing of the rising label was there before.
    pub rising_is_new: bool,
    /// The route that the moved flow of a substitution takes, where it is not the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub displaced_to: Option<String>,
}

/// The kinds of decoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecoyKind {
    /// The whole family grows for a time.
    Surge,
    /// The police look for one substance for a time.
    Campaign,
    /// One reporter begins to call one substance another.
    Laboratory,
    /// One large operation makes dozens of seizures of one substance.
    Operation,
    /// A source is silent for a time.
    Outage,
    /// A source begins to report after the start.
    Joining,
    /// A source begins to report four times as late.
    Delay,
}

/// Something that moves figures without a producer's choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decoy {
    /// Which kind.
    pub kind: DecoyKind,
    /// Catalog id of the family; absent where all are concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// ISO 3166-1 alpha-2; absent where all are concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
    /// The source; absent where all are concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Catalog id of the substance that is looked for, or no longer named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substance: Option<String>,
    /// Catalog id of the substance that is named in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_as: Option<String>,
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// What rates are multiplied by, or the part that is named otherwise; 0 for silence. Of an operation the seizures that
    /// it makes in a week.
    pub factor: f64,
}

/// Counts of what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Lines of the trade file.
    pub trade: u64,
    /// Lines of the seizure file.
    pub seizure: u64,
    /// Events of which at least one line was written.
    pub identities: u64,
    /// Lines that repeat another byte for byte.
    pub duplicates: u64,
    /// Lines with a higher revision than 0 that report an event.
    pub revisions: u64,
    /// Lines that take an event back.
    pub withdrawals: u64,
    /// First lines of events whose figure stands beside the wrong unit.
    pub unit_errors: u64,
    /// Events that a silent source never reported.
    pub lost: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Spec, World};

    #[test]
    fn truth_is_read_back_as_it_was_written() {
        for scenario in Scenario::ALL {
            let world = World::new(&Spec::new(3, scenario, Day::parse("2025-12-31").unwrap())).unwrap();
            let truth = world.truth(Tally { trade: 7, ..Tally::default() });
            let mut text = Vec::new();
            truth.write(&mut text).unwrap();
            assert_eq!(serde_json::from_slice::<Truth>(&text).unwrap(), truth);
            assert_eq!(text.iter().filter(|b| **b == b'\n').count() > 20, text.ends_with(b"}\n"));
        }
    }
}
