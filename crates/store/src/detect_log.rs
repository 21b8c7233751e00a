//! The alert log: every revision in the order in which it was raised, and the record of the days that are closed.

use std::collections::BTreeMap;

use headwater_model::{Alert, Day, EpochNumber, Versions};
use serde::{Deserialize, Serialize};

use crate::archive::{json, read_json};
use crate::layout::{self, last_step, number};
use crate::{Created, Objects, StoreError};

/// One entry: days closed, and the alerts that they raised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectEntry {
    /// Its number, from 0, without gaps.
    pub number: u64,
    /// The last day closed.
    pub closed_to: Day,
    /// The last epoch read of each input (`source/partition`).
    pub epochs: BTreeMap<String, EpochNumber>,
    /// The revisions raised, in order.
    pub alerts: Vec<Alert>,
    /// What made them.
    pub versions: Versions,
    /// What was looked at; absent in entries of versions that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<Cells>,
}

/// Cells: families in a market or a part of it, each with its substances or its routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells {
    /// Those in which a shift was looked for when they last changed.
    pub watched: u64,
    /// Those in which none was: for want of history, or of room.
    pub not_watched: u64,
}

/// The log over a store's objects.
#[derive(Clone)]
pub struct DetectLog {
    objects: Objects,
}

impl DetectLog {
    /// Over a store.
    pub fn new(objects: Objects) -> DetectLog {
        DetectLog { objects }
    }

    /// Appends an entry under its number, if nobody has: one who comes second reads what is there.
    pub fn append(&self, entry: &DetectEntry) -> Result<Created, StoreError> {
        let key = layout::detect_key(entry.number);
        self.objects.create(&key, json(&key, entry)?)
    }

    /// One entry.
    pub fn entry(&self, number: u64) -> Result<Option<DetectEntry>, StoreError> {
        let key = layout::detect_key(number);
        let entry: Option<DetectEntry> = read_json(&self.objects, &key)?;
        match entry {
            Some(entry) if entry.number != number => {
                Err(StoreError::damaged(key, format!("foreign: entry {}", entry.number)))
            }
            entry => Ok(entry),
        }
    }

    /// The numbers of the entries from `from` on. A gap is named: what lies behind one was raised without it.
    pub fn numbers(&self, from: u64) -> Result<Vec<u64>, StoreError> {
        let objects = match from.checked_sub(1) {
            None => self.objects.list(layout::DETECT)?,
            Some(last) => self.objects.list_after(layout::DETECT, &layout::detect_key(last))?,
        };
        let numbers: Vec<u64> = objects.iter().filter_map(|o| number(last_step(&o.key), ".json")).collect();
        match (from..).zip(&numbers).find(|(should, is)| should != *is) {
            Some((missing, _)) => Err(StoreError::damaged(layout::detect_key(missing), "it is missing")),
            None => Ok(numbers),
        }
    }

    /// The entries from `from` on, one read at a time.
    pub fn list(&self, from: u64) -> Result<impl Iterator<Item = Result<DetectEntry, StoreError>>, StoreError> {
        let numbers = self.numbers(from)?;
        Ok(numbers.into_iter().map(|number| {
            let gone = || StoreError::damaged(layout::detect_key(number), "it is missing");
            self.entry(number)?.ok_or_else(gone)
        }))
    }

    /// The last entry.
    pub fn last(&self) -> Result<Option<DetectEntry>, StoreError> {
        match self.numbers(0)?.last() {
            Some(number) => self.entry(*number),
            None => Ok(None),
        }
    }

    /// The last day closed.
    pub fn closed_to(&self) -> Result<Option<Day>, StoreError> {
        Ok(self.last()?.map(|entry| entry.closed_to))
    }
}
