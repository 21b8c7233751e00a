//! A load: trade events by the million, made faster than a broker takes them, with the sums that they must give.
//!
//! Every event is a function of the seed and its number alone, so that a repeat or a revision is made again instead of
//! being remembered, and the sums of a load that lies in a topic already are found by running it once more.

use headwater_catalog::Catalog;
use headwater_model::{Country, Route};

use crate::SimError;
use crate::bench::{COUNTRIES, FIRST, ITEMS, KINDS, MARKINGS, MODES};
use crate::math::{exp, ln};
use crate::rng::splitmix;

/// The one source of a load.
pub const LOAD_SOURCE: &str = "SIM-LOAD";

/// An event's number takes 32 bits of its id.
const EVENTS_MAX: u64 = u32::MAX as u64;
/// What 20 substances and the routes between all countries give, rounded down.
const SERIES_MAX: u64 = 1_000_000;
/// From 2024-01-01 on, so that no event lies in the future of a clock that is right.
const DAYS_MAX: u64 = 600;
/// More repeats than this are no feed that anybody has, and the search for what to repeat takes long.
const SHARE_MAX: u64 = 50;
/// How far back a repeat reaches: what one producer holds back for some seconds.
const REACH: u64 = 50_000;
/// Days between an event and its report are 0 to this, log-uniform.
const DELAY_DAYS: f64 = 45.0;
/// Bytes of an event's id.
const KEY_BYTES: usize = 24;

/// What a load is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadSpec {
    /// The same seed gives the same events.
    pub seed: u64,
    /// Records in all, repeats and revisions among them.
    pub events: u64,
    /// Substances times routes.
    pub series: u64,
    /// Days that the reports are spread over. With one day there is one pane a series: no delays, and kind and marking
    /// belong to the series, which are all equally frequent.
    pub days: u64,
    /// Percent of the records that are sent again as they were.
    pub duplicates: u64,
    /// Percent of the records that correct an earlier one's amount.
    pub revisions: u64,
}

impl LoadSpec {
    /// Whether every figure is in range.
    ///
    /// # Errors
    /// [`SimError::Load`] names the one that is not.
    pub fn check(&self) -> Result<(), SimError> {
        let ranges = [
            ("events", self.events, 1, EVENTS_MAX),
            ("series", self.series, 1, SERIES_MAX),
            ("days", self.days, 1, DAYS_MAX),
            ("duplicates and revisions, in percent", self.duplicates + self.revisions, 0, SHARE_MAX),
        ];
        match ranges.into_iter().find(|(_, value, low, high)| !(*low..=*high).contains(value)) {
            Some((what, value, low, high)) => Err(SimError::Load { what, value, low, high }),
            None => Ok(()),
        }
    }
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    New,
    Repeat,
    Revision,
}

/// What a reader of the records must end with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadSums {
    /// All records.
    pub read: u64,
    /// New ones, and corrections.
    pub accepted: u64,
    /// Those that say what was said.
    pub duplicate: u64,
    /// Milligrams by series; those that did not occur have 0.
    masses: Vec<i64>,
    routes: Vec<Country>,
}

impl LoadSums {
    /// Milligrams of each series that has any: CAS number, route.
    pub fn masses(&self) -> impl Iterator<Item = (&'static str, Route, i64)> {
        self.masses.iter().enumerate().filter(|(_, mass)| **mass != 0).map(|(series, mass)| {
            let (from, to) = ends(series as u64, &self.routes);
            (ITEMS[series % ITEMS.len()].1, Route::new(from, [], to), *mass)
        })
    }
}

/// The records of a load, one by one.
pub struct Load {
    spec: LoadSpec,
    next: u64,
    days: Vec<String>,
    items: Vec<String>,
    countries: Vec<Country>,
    delays: Vec<i32>,
    /// ln of the span of the weights: a rank of weight 1 / (rank + 20) is drawn by one power of e.
    span: f64,
    /// Bit by event: whether it was corrected.
    revised: Vec<u64>,
    sums: LoadSums,
}

impl Load {
    /// Begins.
    ///
    /// # Errors
    /// [`SimError::Load`].
    pub fn new(spec: &LoadSpec) -> Result<Load, SimError> {
        spec.check()?;
        let few: Vec<Country> = COUNTRIES.iter().filter_map(|code| country(code)).collect();
        let fits = |countries: usize| spec.series <= (ITEMS.len() * countries * (countries - 1)) as u64;
        let countries = if fits(few.len()) { few } else { all_countries() };
        debug_assert!(fits(countries.len()));
        let (series, words) = (spec.series as usize, if spec.revisions > 0 { spec.events.div_ceil(64) } else { 0 });
        Ok(Load {
            next: 0,
            days: (0..=spec.days as i32).map(|day| (FIRST + day).to_string()).collect(),
            items: ITEMS.iter().map(|(name, cas)| format!(r#"{{"name":"{name}","cas":"{cas}"}}"#)).collect(),
            delays: (0..256).map(|i| (exp(f64::from(i) / 256.0 * ln(DELAY_DAYS + 1.0)) - 1.0).round() as i32).collect(),
            span: ln((spec.series + 20) as f64 / 20.0),
            revised: vec![0; words as usize],
            sums: LoadSums { masses: vec![0; series], routes: countries.clone(), ..LoadSums::default() },
            countries,
            spec: spec.clone(),
        })
    }

    /// Writes the next record into `value`, instead of what it holds; gives its event id, or none at the end.
    pub fn next(&mut self, value: &mut Vec<u8>) -> Option<[u8; KEY_BYTES]> {
        let number = self.next;
        if number >= self.spec.events {
            return None;
        }
        self.next += 1;
        let kind = self.kind(number);
        let of = if kind == Kind::New { number } else { self.earlier(number) };
        let draw = Draw::of(self.spec.seed, of);
        let (series, grams) = (self.series(&draw), draw.grams(kind == Kind::Revision));
        self.tally(kind, of, series, grams, &draw);
        value.clear();
        Some(self.write(&draw, of, kind == Kind::Revision, series, grams, value))
    }

    /// What all records written so far add up to.
    pub fn sums(self) -> LoadSums {
        self.sums
    }

    fn kind(&self, number: u64) -> Kind {
        let mut state = self.spec.seed ^ number.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        match below(splitmix(&mut state), 100) {
            _ if number == 0 => Kind::New,
            p if p < self.spec.duplicates => Kind::Repeat,
            p if p < self.spec.duplicates + self.spec.revisions => Kind::Revision,
            _ => Kind::New,
        }
    }

    /// A new event before a record; the first one is new.
    fn earlier(&self, number: u64) -> u64 {
        let mut state = self.spec.seed.rotate_left(32) ^ number;
        let back = below(splitmix(&mut state), number.min(REACH));
        (0..number - back).rev().find(|number| self.kind(*number) == Kind::New).unwrap_or(0)
    }

    fn tally(&mut self, kind: Kind, of: u64, series: u64, grams: u64, draw: &Draw) {
        self.sums.read += 1;
        let mass = &mut self.sums.masses[series as usize];
        let is_news = match kind {
            Kind::New => {
                *mass += milligrams(grams);
                true
            }
            Kind::Repeat => false,
            Kind::Revision => {
                let (word, bit) = (&mut self.revised[(of / 64) as usize], 1 << (of % 64));
                let first = *word & bit == 0;
                *word |= bit;
                if first {
                    *mass += milligrams(grams) - milligrams(draw.grams(false));
                }
                first
            }
        };
        let count = if is_news { &mut self.sums.accepted } else { &mut self.sums.duplicate };
        *count += 1;
    }

    fn series(&self, draw: &Draw) -> u64 {
        let unit = draw.unit(draw.series);
        let series = match self.spec.days {
            1 => (unit * self.spec.series as f64) as u64,
            _ => (20.0 * (exp(unit * self.span) - 1.0)) as u64,
        };
        series.min(self.spec.series - 1)
    }

    fn write(
        &self,
        draw: &Draw,
        number: u64,
        revised: bool,
        series: u64,
        grams: u64,
        out: &mut Vec<u8>,
    ) -> [u8; KEY_BYTES] {
        let (spec, bits) = (&self.spec, draw.bits);
        let second = (u128::from(number) * u128::from(spec.days) * 86_400 / u128::from(spec.events)) as u64;
        let today = (second / 86_400) as usize;
        let (occurred, words) = match spec.days {
            1 => (0, series * 7),
            _ => (today.saturating_sub(self.delays[(bits & 0xff) as usize] as usize), bits >> 8 & 0xff),
        };
        // Known on a later day than what it corrects, so that both are held.
        let reported = today + usize::from(revised);
        let (from, to) = ends(series, &self.countries);
        let key = key(draw, number);

        out.extend_from_slice(br#"{"event_id":""#);
        out.extend_from_slice(&key);
        out.extend_from_slice(br#"","kind":""#);
        out.extend_from_slice(KINDS[words as usize % KINDS.len()].as_bytes());
        if revised {
            out.extend_from_slice(br#"","revision":1,"occurred_on":""#);
        } else {
            out.extend_from_slice(br#"","occurred_on":""#);
        }
        out.extend_from_slice(self.days[occurred].as_bytes());
        out.extend_from_slice(br#"","reported_at":""#);
        out.extend_from_slice(self.days[reported].as_bytes());
        out.push(b'T');
        digits::<2>(second / 3_600 % 24, out);
        out.push(b':');
        digits::<2>(second / 60 % 60, out);
        out.push(b':');
        digits::<2>(second % 60, out);
        out.extend_from_slice(br#"Z","source":""#);
        out.extend_from_slice(LOAD_SOURCE.as_bytes());
        out.extend_from_slice(br#"","origin":""#);
        out.extend_from_slice(&from.letters());
        out.extend_from_slice(br#"","destination":""#);
        out.extend_from_slice(&to.letters());
        out.extend_from_slice(br#"","item":"#);
        out.extend_from_slice(self.items[series as usize % ITEMS.len()].as_bytes());
        out.extend_from_slice(br#","quantity":{"value":"#);
        plain(grams / 1_000, out);
        out.push(b'.');
        digits::<3>(grams % 1_000, out);
        out.extend_from_slice(br#","unit":"kg"},"mode":""#);
        out.extend_from_slice(MODES[(bits >> 16 & 3) as usize].as_bytes());
        out.extend_from_slice(br#"","consignor":"P-"#);
        digits::<6>(bits >> 20 & 0xfff, out);
        out.extend_from_slice(br#"","consignee":"P-"#);
        digits::<6>(bits >> 32 & 0x3fff, out);
        out.extend_from_slice(br#"","marking":""#);
        let marking = if spec.days == 1 { series } else { bits >> 48 };
        out.extend_from_slice(MARKINGS[marking as usize % MARKINGS.len()].as_bytes());
        out.extend_from_slice(br#""}"#);
        key
    }
}

/// The random numbers of one event.
struct Draw {
    bits: u64,
    series: u64,
    amount: u64,
    id: u64,
}

impl Draw {
    fn of(seed: u64, number: u64) -> Draw {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number.rotate_left(17);
        let mut next = || splitmix(&mut state);
        Draw { bits: next(), series: next(), amount: next(), id: next() }
    }

    /// Uniform in [0, 1).
    fn unit(&self, bits: u64) -> f64 {
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Log-uniform from a gram to 20 tonnes; a correction is another draw.
    fn grams(&self, revised: bool) -> u64 {
        let amount = if revised { self.amount.rotate_left(32) } else { self.amount };
        exp(self.unit(amount) * ln(2e7)) as u64
    }
}

fn milligrams(grams: u64) -> i64 {
    grams as i64 * 1_000
}

/// A random number as one in 0..n.
fn below(bits: u64, n: u64) -> u64 {
    ((u128::from(bits) * u128::from(n)) >> 64) as u64
}

/// The ends of a series' route.
fn ends(series: u64, countries: &[Country]) -> (Country, Country) {
    let (route, count) = (series as usize / ITEMS.len(), countries.len());
    let from = route % count;
    (countries[from], countries[(from + 1 + route / count) % count])
}

fn country(code: &str) -> Option<Country> {
    Country::from_letters(code.as_bytes().try_into().ok()?)
}

/// All countries of the catalog, by code.
fn all_countries() -> Vec<Country> {
    let catalog = Catalog::embedded();
    let letters = || b'A'..=b'Z';
    let codes = letters().flat_map(|a| letters().map(move |b| [a, b]));
    codes.filter_map(Country::from_letters).filter(|country| catalog.is_country(*country)).collect()
}

/// The id of an event: its number, behind what spreads ids over partitions.
fn key(draw: &Draw, number: u64) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    let nibbles = u128::from(draw.id) << 32 | u128::from(number as u32);
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = b"0123456789abcdef"[(nibbles >> (4 * (KEY_BYTES - 1 - at)) & 15) as usize];
    }
    key
}

/// A number of so many digits.
fn digits<const N: usize>(mut value: u64, out: &mut Vec<u8>) {
    let mut text = [b'0'; N];
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&text);
}

/// A number without leading zeros.
fn plain(value: u64, out: &mut Vec<u8>) {
    let mut text = [0; 20];
    let (mut at, mut left) = (text.len(), value);
    loop {
        at -= 1;
        text[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use headwater_model::TradeEvent;

    use super::*;

    fn spec(events: u64) -> LoadSpec {
        LoadSpec { seed: 3, events, series: 1_000, days: 400, duplicates: 0, revisions: 0 }
    }

    fn records(spec: &LoadSpec) -> (Vec<TradeEvent>, LoadSums) {
        let (mut load, mut value, mut events) = (Load::new(spec).unwrap(), Vec::new(), Vec::new());
        while let Some(key) = load.next(&mut value) {
            let event: TradeEvent = serde_json::from_slice(&value).unwrap();
            assert_eq!(event.event_id.as_bytes(), key);
            events.push(event);
        }
        (events, load.sums())
    }

    /// Milligrams by CAS number and ends, counted from the text of the records: the highest revision of each event.
    fn counted(events: &[TradeEvent]) -> BTreeMap<(String, String), i64> {
        let mut last: BTreeMap<&str, &TradeEvent> = BTreeMap::new();
        for event in events {
            let held = last.entry(&event.event_id).or_insert(event);
            if event.revision > held.revision {
                *held = event;
            }
        }
        let mut sums = BTreeMap::new();
        for event in last.values() {
            let value = event.quantity.as_ref().unwrap().value.to_string();
            let (whole, part) = value.split_once('.').unwrap_or((&value, "0"));
            let part = format!("{part:0<6}");
            let mass = whole.parse::<i64>().unwrap() * 1_000_000 + part.parse::<i64>().unwrap();
            let route = format!("{}>{}", event.origin, event.destination);
            *sums.entry((event.item.cas.clone().unwrap(), route)).or_default() += mass;
        }
        sums
    }

    fn stated(sums: &LoadSums) -> BTreeMap<(String, String), i64> {
        sums.masses().map(|(cas, route, mass)| ((cas.to_owned(), route.to_string()), mass)).collect()
    }

    #[test]
    fn the_sums_are_those_of_the_records() {
        let (events, sums) = records(&spec(20_000));
        assert_eq!((sums.read, sums.accepted, sums.duplicate), (20_000, 20_000, 0));
        assert_eq!(stated(&sums), counted(&events));
        assert!(events.is_sorted_by(|a, b| a.reported_at <= b.reported_at));
        assert!(events.iter().all(|event| event.occurred_on[..] <= event.reported_at[..10]));
        assert!(events.iter().all(|event| event.source == LOAD_SOURCE));
        assert!(stated(&sums).len() > 950);
    }

    #[test]
    fn repeats_and_revisions_are_counted_as_a_ledger_does() {
        let (events, sums) = records(&LoadSpec { duplicates: 10, revisions: 5, ..spec(20_000) });
        let ids: BTreeSet<&str> = events.iter().map(|event| &*event.event_id).collect();
        let states: BTreeSet<(&str, Option<u32>)> =
            events.iter().map(|event| (&*event.event_id, event.revision)).collect();
        assert_eq!((sums.read, sums.accepted), (20_000, states.len() as u64));
        assert_eq!(sums.duplicate, 20_000 - sums.accepted);
        assert!((16_500..17_500).contains(&ids.len()), "{}", ids.len());
        assert!((17_500..18_500).contains(&states.len()), "{}", states.len());
        assert_eq!(stated(&sums), counted(&events));
        // The same id and revision are the same bytes, or a repeat would be a conflict.
        let mut first: BTreeMap<(&str, Option<u32>), &TradeEvent> = BTreeMap::new();
        for event in &events {
            assert_eq!(*first.entry((&*event.event_id, event.revision)).or_insert(event), event);
        }
    }

    #[test]
    fn with_one_day_a_series_is_a_pane() {
        let (events, _) = records(&LoadSpec { days: 1, series: 2_000, ..spec(30_000) });
        let panes: BTreeSet<_> = events
            .iter()
            .map(|e| (&e.item.cas, &e.origin, &e.destination, format!("{:?}", e.kind), &e.marking, &e.occurred_on))
            .collect();
        assert_eq!(panes.len(), 2_000);
    }

    #[test]
    fn the_most_series_are_all_different() {
        let countries = all_countries();
        let routes: BTreeSet<_> = (0..SERIES_MAX).step_by(ITEMS.len()).map(|series| ends(series, &countries)).collect();
        assert_eq!(routes.len() as u64, SERIES_MAX / ITEMS.len() as u64);
        assert!(routes.iter().all(|(from, to)| from != to));
    }

    #[test]
    fn a_seed_is_its_bytes_and_a_figure_out_of_range_is_named() {
        assert_eq!(records(&spec(100)), records(&spec(100)));
        assert_ne!(records(&spec(100)), records(&LoadSpec { seed: 4, ..spec(100) }));
        let error = LoadSpec { series: 2_000_000, ..spec(1) }.check().unwrap_err().to_string();
        assert_eq!(error, "series: 2000000 is out of range, 1 to 1000000 are allowed");
        assert!(LoadSpec { duplicates: 30, revisions: 30, ..spec(1) }.check().is_err());
    }
}
