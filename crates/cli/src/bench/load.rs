//! The topic that is read: filled here, or there already.

use headwater_ingest::Filler;
use headwater_sim::{LOAD_SOURCE, Load, LoadSpec, LoadSums};
use serde::Serialize;

use super::workplace::Workplace;
use crate::args::BenchLoad;
use crate::clock::Stopwatch;
use crate::failure::Failure;

/// Records between two looks at whether to go on.
const LOOK_EVERY: u64 = 1 << 16;

/// A topic with a load.
pub struct LoadTopic {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: u32,
    /// How it was filled, where this did it.
    pub filled: Option<Filled>,
    /// What its records add up to, where that is known.
    pub sums: Option<LoadSums>,
}

/// How a topic was filled.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Filled {
    /// Records.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Seconds until the brokers had them all.
    pub seconds: f64,
}

/// Days that the reports of a load are spread over where nobody says so: those of the peers that it is compared with.
pub const DAYS: u64 = 400;

/// The load that arguments ask for; so many events over so many days where they do not say.
///
/// # Errors
/// When a figure is out of range.
pub fn spec(load: &BenchLoad, events: u64, days: u64) -> Result<LoadSpec, Failure> {
    let BenchLoad { series, duplicates, revisions, seed, .. } = *load;
    let (events, days) = (load.events.unwrap_or(events), load.days.unwrap_or(days));
    let spec = LoadSpec { seed, events, series, days, duplicates, revisions };
    spec.check().map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(spec)
}

impl LoadTopic {
    /// Makes a topic and fills it; one that is there is left as it is.
    pub fn prepare(
        place: &mut Workplace,
        name: &str,
        partitions: u32,
        keep: bool,
        spec: &LoadSpec,
    ) -> Result<LoadTopic, Failure> {
        if let Some(partitions) = place.partitions(name)? {
            eprintln!("topic {name} is there, with {partitions} partitions: reading what it holds");
            return Ok(LoadTopic { name: name.to_owned(), partitions, filled: None, sums: None });
        }
        eprintln!("filling topic {name}, {partitions} partitions, with {} simulated events", spec.events);
        place.make_topic(name, partitions, keep)?;
        let (filled, sums) = fill(place, name, spec)?;
        let rate = filled.records as f64 / filled.seconds;
        eprintln!("filled in {:.1} s, {rate:.0} events/s", filled.seconds);
        Ok(LoadTopic { name: name.to_owned(), partitions, filled: Some(filled), sums: Some(sums) })
    }

    /// Learns from a first reading what a topic that was there holds: its sums are known where it was filled by a load of
    /// the same figures.
    ///
    /// # Errors
    /// Where it was filled by a load of other figures, and sums would be held against the wrong ones.
    pub fn recognise(&mut self, records: u64, first: &str, spec: &LoadSpec) -> Result<(), Failure> {
        if self.filled.is_some() || self.sums.is_some() {
            return Ok(());
        }
        if !first.contains(&format!(r#""source":"{LOAD_SOURCE}""#)) {
            eprintln!("topic {} was filled by others: only the number of its records is checked", self.name);
            return Ok(());
        }
        if records != spec.events {
            let (name, wanted) = (&self.name, spec.events);
            let words = format!(
                "topic {name} holds {records} events, not {wanted}: give --events, --series, --days, --duplicates, \
                 --revisions and --seed as when it was filled"
            );
            return Err(Failure::Usage(words));
        }
        let (mut load, mut value) = (load(spec)?, Vec::new());
        while load.next(&mut value).is_some() {}
        self.sums = Some(load.sums());
        Ok(())
    }
}

fn load(spec: &LoadSpec) -> Result<Load, Failure> {
    Load::new(spec).map_err(|error| Failure::Usage(error.to_string()))
}

fn fill(place: &Workplace, topic: &str, spec: &LoadSpec) -> Result<(Filled, LoadSums), Failure> {
    let cluster = place.cluster();
    let mut load = load(spec)?;
    let clock = Stopwatch::start();
    let mut filler = Filler::start(&cluster.brokers, &cluster.client, topic)?;
    let (mut value, mut records, mut bytes) = (Vec::new(), 0u64, 0);
    while let Some(key) = load.next(&mut value) {
        filler.send(&key, &value)?;
        records += 1;
        bytes += value.len() as u64;
        if records.is_multiple_of(LOOK_EVERY) {
            place.go_on()?;
        }
    }
    filler.finish()?;
    let filled = Filled { records, bytes, seconds: clock.seconds() };
    Ok((filled, load.sums()))
}
