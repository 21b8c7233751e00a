//! Records as tests write them, and batches made of them.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_buffer::Buffer;
use foldhash::fast::FixedState;
use headwater_model::{
    Access, Cold, ColdError, Country, Counts, Day, Entries, EventDay, Evidence, Flags, Head, Id, Identity, KnownDay,
    Marking, Names, Observations, Offset, Partition, Place, Rank, RawBatch, RawRecord, Route, Row, Series, SignedRow,
    Span, Status, Sums,
};

use crate::{Class, Listener, Panes, Window, WindowError, WindowLoader};

/// One item of a record.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct Line {
    pub substance: &'static str,
    /// Two letters each, `CN>US`.
    pub route: &'static str,
    pub evidence: Evidence,
    pub place: Option<&'static str>,
    pub marking: Marking,
    pub flagged: bool,
    pub event_day: i32,
    pub period_days: u16,
    pub mass_mg: Option<i64>,
    pub pieces: Option<i64>,
    pub incidents: i64,
}

impl Default for Line {
    fn default() -> Line {
        Line {
            substance: "npp",
            route: "CN>US",
            evidence: Evidence::Export,
            place: None,
            marking: Marking::Amber,
            flagged: false,
            event_day: 0,
            period_days: 1,
            mass_mg: None,
            pieces: None,
            incidents: 1,
        }
    }
}

/// An item of the most common kind.
pub(crate) fn mass(event_day: i32, mass_mg: i64) -> Line {
    Line { event_day, mass_mg: Some(mass_mg), ..Line::default() }
}

/// A record.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct Said {
    pub source: &'static str,
    pub event: String,
    pub revision: u32,
    pub withdrawn: bool,
    pub known_on: i32,
    pub lines: Vec<Line>,
}

impl Said {
    pub fn new(event: &str, revision: u32, known_on: i32, lines: &[Line]) -> Said {
        let event = event.to_owned();
        Said { source: "S", event, revision, withdrawn: false, known_on, lines: lines.to_vec() }
    }

    pub fn withdrawn(event: &str, revision: u32, known_on: i32) -> Said {
        Said { withdrawn: true, ..Said::new(event, revision, known_on, &[]) }
    }

    pub fn identity(&self) -> Identity {
        Identity::of(self.source, &self.event)
    }

    pub fn rank(&self) -> Rank {
        let status = if self.withdrawn { Status::Withdrawn } else { Status::Reported };
        Rank { revision: self.revision, status }
    }
}

pub(crate) fn known(day: i32) -> KnownDay {
    KnownDay(Day(day))
}

pub(crate) fn country(letters: &str) -> Country {
    Country::from_letters(letters.as_bytes().try_into().unwrap()).unwrap()
}

pub(crate) fn series(names: &mut Names, source: &str, line: &Line) -> Id<Series> {
    let countries: Vec<Country> = line.route.split('>').map(country).collect();
    let (ends, via) = ((countries[0], countries[countries.len() - 1]), &countries[1..countries.len() - 1]);
    let route = Route::new(ends.0, via.iter().copied(), ends.1);
    let place = line.place.map(|office| Place { country: ends.1, subdivision: None, office: Some(office.into()) });
    let series = Series {
        substance: names.substances.intern(line.substance),
        route: names.routes.intern_with(&route, Clone::clone),
        source: names.sources.intern(source),
        evidence: line.evidence,
        place: place.map(|place| names.places.intern_with(&place, Clone::clone)),
        access: names.accesses.intern_with(&Access::open(line.marking), Clone::clone),
        flagged: line.flagged,
    };
    names.series.intern_with(&series, |series| *series)
}

/// What a reader would make of the records. Event ids lie in turns in the input and in the batch's own text.
pub(crate) fn observe(names: &mut Names, records: &[Said]) -> (RawBatch, Observations) {
    let mut data: Vec<u8> = Vec::new();
    let mut observations = Observations::default();
    let mut raw = Vec::new();
    for (number, said) in records.iter().enumerate() {
        let owned = number % 2 == 1;
        let text = if owned { &mut observations.text } else { &mut data };
        let start = text.len() as u32;
        text.extend_from_slice(said.event.as_bytes());
        let len = said.event.len() as u32;
        raw.push(RawRecord { start: 0, len: 0, offset: Offset(number as i64), line: number as u64 + 1 });
        let first_row = observations.rows.len() as u32;
        for (item, line) in said.lines.iter().enumerate() {
            observations.rows.push(Row {
                series: series(names, said.source, line),
                event_day: EventDay(Day(line.event_day)),
                period_days: line.period_days,
                item: item as u16,
                flags: Flags::default(),
                mass_mg: line.mass_mg,
                pieces: line.pieces,
                incidents: line.incidents,
            });
        }
        observations.heads.push(Head {
            identity: said.identity(),
            rank: said.rank(),
            known_on: known(said.known_on),
            content: FixedState::with_seed(1).hash_one(said),
            source: names.sources.intern(said.source),
            event_id: Span { owned, start, len },
            first_row,
            rows: said.lines.len() as u32,
            input: number as u32,
        });
    }
    let data = Buffer::from(data);
    (
        RawBatch {
            data,
            records: raw,
            origin: Arc::from("a.ndjson"),
            partition: Partition(0),
            spilled: Vec::new(),
            misrouted: Vec::new(),
        },
        observations,
    )
}

/// Feeds records as one batch; returns its counts and every signed row.
pub(crate) fn feed(window: &mut Window, records: &[Said]) -> (Counts, Vec<SignedRow>) {
    let (batch, observations) = observe(&mut window.names, records);
    let mut heard = Heard::default();
    let counts = window.process(&observations, &batch, &mut heard).unwrap();
    assert_eq!(heard.records, counts.read);
    (counts, heard.rows)
}

#[derive(Default)]
struct Heard {
    rows: Vec<SignedRow>,
    records: u64,
}

impl Listener for Heard {
    fn row(&mut self, head: &Head, row: &SignedRow) {
        assert_eq!(head.identity, row.identity);
        self.rows.push(*row);
    }

    fn record(&mut self, _: &Head, _: Class) {
        self.records += 1;
    }
}

/// The window after these records.
pub(crate) fn after(records: &[Said]) -> Window {
    let mut window = Window::default();
    feed(&mut window, records);
    window
}

/// A pane with its names spelt out: equal between windows that met the names in another order.
pub(crate) type Spelt = ((String, i32, u16, i32), Sums);

pub(crate) fn spell(source: &str, line: &Line, known_on: i32) -> (String, i32, u16, i32) {
    let place = line.place.unwrap_or("-");
    let text = format!(
        "{} {} {source} {} {place} {} {}",
        line.substance, line.route, line.evidence, line.marking, line.flagged
    );
    (text, line.event_day, line.period_days, known_on)
}

pub(crate) fn spelt(panes: &Panes, names: &Names) -> Vec<Spelt> {
    let mut spelt: Vec<Spelt> =
        panes.sorted(names).up_to(None).iter().map(|pane| (spell_key(names, pane), pane.sums)).collect();
    spelt.sort();
    spelt
}

pub(crate) fn spell_key(names: &Names, pane: &headwater_model::Pane) -> (String, i32, u16, i32) {
    let key = pane.key;
    let series = names.series.get(key.series);
    let office = series.place.and_then(|place| names.places.get(place).office.as_deref());
    let text = format!(
        "{} {} {} {} {} {} {}",
        names.substances.get(series.substance),
        names.routes.get(series.route),
        names.sources.get(series.source),
        series.evidence,
        office.unwrap_or("-"),
        names.accesses.get(series.access),
        series.flagged
    );
    (text, key.event_day.0.0, key.period_days, key.known_on.0.0)
}

/// A cold store in memory, which can be told to fail.
#[derive(Default)]
pub(crate) struct Shelf {
    pub entries: BTreeMap<u128, Vec<u8>>,
    /// How often it was asked for an identity that it does not hold.
    pub misses: Arc<AtomicUsize>,
    pub broken: bool,
}

impl Shelf {
    fn works(&self) -> Result<(), ColdError> {
        if self.broken { Err(ColdError::Store("no room left".to_owned())) } else { Ok(()) }
    }
}

impl Cold for Shelf {
    fn get(&mut self, identity: Identity, value: &mut Vec<u8>) -> Result<bool, ColdError> {
        self.works()?;
        value.clear();
        match self.entries.get(&identity.0) {
            Some(held) => value.extend_from_slice(held),
            None => {
                self.misses.fetch_add(1, Ordering::Relaxed);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn put_all(&mut self, entries: &mut dyn Entries) -> Result<(), ColdError> {
        self.works()?;
        let mut last = None;
        while let Some((identity, value)) = entries.next() {
            assert!(last < Some(identity), "entries ascend");
            last = Some(identity);
            self.entries.insert(identity.0, value.to_vec());
        }
        Ok(())
    }

    fn for_each(&self, each: &mut dyn FnMut(Identity, &[u8]) -> ControlFlow<()>) -> Result<(), ColdError> {
        self.works()?;
        let _ = self.entries.iter().try_for_each(|(&identity, value)| each(Identity(identity), value));
        Ok(())
    }
}

/// An empty window whose ledger keeps to a limit.
pub(crate) fn limited(bytes: usize) -> Window {
    let mut window = Window::default();
    window.ledger.set_cold(Box::new(Shelf::default()));
    window.ledger.set_limit(bytes);
    window
}

/// The parts of a window's snapshot, cut at this many bytes.
pub(crate) fn parts(window: &Window, body_bytes: usize) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let taken = window.snapshot_by(body_bytes, &mut |part: &[u8]| {
        parts.push(part.to_vec());
        Ok::<(), ColdError>(())
    });
    taken.unwrap();
    parts
}

/// What the parts of a snapshot give, loaded into an empty window.
pub(crate) fn load(window: Window, parts: &[Vec<u8>]) -> Result<Window, WindowError> {
    let mut loader = WindowLoader::into_empty(window);
    parts.iter().try_for_each(|part| loader.part(part))?;
    loader.finish()
}
