//! The naive oracle: what the volumes must be, computed a second time and another way.
//!
//! It starts from the JSON text of the records, keeps every one of them, and answers each question from the beginning:
//! which record of each event is in force on that day, what do its items weigh, what do they sum to. It shares nothing
//! with the product but `headwater-model`'s calendar, and leaves the sums to Polars. It reads valid records and the few
//! kinds of bad ones that the streams plant; what is a reject and why is the contract tests' business.

mod mass;
mod record;
mod sums;

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::Day;

pub use mass::rounded;
pub use record::{Item, Record, Refused, read};
use sums::Signed;
pub use sums::{COLUMNS, Split};

/// What the oracle knows of substances: the table that a test gives it, not the catalog.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// CAS number to id.
    pub cas: &'static [(&'static str, &'static str)],
    /// Name in lower case to id.
    pub names: &'static [(&'static str, &'static str)],
    /// Dedicated HS6 to id.
    pub hs: &'static [(&'static str, &'static str)],
    /// Kilograms a litre by id, as decimal text; 1 where absent.
    pub density: &'static [(&'static str, &'static str)],
    /// Milligrams a tablet by id, as decimal text.
    pub tablet_mg: &'static [(&'static str, &'static str)],
    /// Milligrams a dose by id.
    pub dose_mg: &'static [(&'static str, &'static str)],
}

/// How the records of a stream were classed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines.
    pub read: u64,
    /// Taken.
    pub accepted: u64,
    /// Revision and status that were there before.
    pub duplicate: u64,
    /// Below one that was there before.
    pub superseded: u64,
    /// Not taken.
    pub rejected: u64,
    /// Duplicates with another content.
    pub conflict: u64,
}

/// Every record of a stream that can still count, by event and then by revision and status; the first arrival of each
/// holds.
#[derive(Default)]
pub struct Oracle {
    events: BTreeMap<(String, String), BTreeMap<(u64, bool), Record>>,
    tally: Tally,
}

impl Oracle {
    /// Reads a stream, one record a line.
    pub fn of<'l>(lines: impl IntoIterator<Item = &'l str>, known: &Known) -> Oracle {
        let mut oracle = Oracle::default();
        for line in lines {
            oracle.tally.read += 1;
            let Ok(record) = read(line, known) else {
                oracle.tally.rejected += 1;
                continue;
            };
            let event = oracle.events.entry((record.source.clone(), record.event_id.clone())).or_default();
            let rank = (record.revision, record.withdrawn);
            if let Some(first) = event.get(&rank) {
                oracle.tally.duplicate += 1;
                oracle.tally.conflict += u64::from(*first != record);
                continue;
            }
            let lower = event.keys().any(|other| *other > rank);
            oracle.tally.superseded += u64::from(lower);
            oracle.tally.accepted += u64::from(!lower);
            event.insert(rank, record);
            // What a higher record known no later covers for ever is not held, and a copy of it is no duplicate.
            let covers: Vec<((u64, bool), Day)> = event.iter().map(|(rank, r)| (*rank, r.known_on)).collect();
            event.retain(|rank, r| !covers.iter().any(|(other, known_on)| other > rank && *known_on <= r.known_on));
        }
        oracle
    }

    /// How the records were classed.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Every day on which something became known, ascending.
    pub fn known_days(&self) -> Vec<Day> {
        let mut days: Vec<Day> = self.events.values().flat_map(|e| e.values().map(|r| r.known_on)).collect();
        days.sort();
        days.dedup();
        days
    }

    /// The volumes as they were known on each of some days, one line of text a row, sorted; see [`COLUMNS`].
    pub fn volumes(&self, as_of: &[Day], split: Split) -> Vec<String> {
        let mut rows: Vec<Signed<'_>> = Vec::new();
        for (event, as_of) in self.events.values().flat_map(|e| as_of.iter().map(move |day| (e, *day))) {
            let signed = |sign, known_on, day| {
                in_force(event, day).iter().map(move |item| Signed { as_of, sign, known_on, item })
            };
            if !split.known_on {
                rows.extend(signed(1, as_of, as_of));
                continue;
            }
            // The change of each day is what is in force at its end less what was in force the day before.
            let days: BTreeSet<Day> = event.values().map(|r| r.known_on).filter(|d| *d <= as_of).collect();
            for day in days {
                rows.extend(signed(-1, day, day - 1).chain(signed(1, day, day)));
            }
        }
        sums::sum(&rows, split)
    }
}

/// The items that an event counts with on a day: those of the highest record known by then, none if that is a withdrawal.
fn in_force(event: &BTreeMap<(u64, bool), Record>, day: Day) -> &[Item] {
    event.values().rev().find(|r| r.known_on <= day).map(|r| r.items.as_slice()).unwrap_or_default()
}
