//! An archive in memory, written by the same decoder and ledger as a real one.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use headwater_catalog::Catalog;
use headwater_model::{
    ArchivedItem, ArchivedRow, Checksum, Day, EpochHead, EpochNumber, Head, Input, KnownDay, Names, Observations,
    Offset, Partition, Progress, RawBatch, RawRecord, Series, SignedRow, Status,
};
use headwater_normalize::{Normalizer, Settings};
use headwater_sim::{Feed, Scenario, Spec, World};
use headwater_store::{ArchiveFile, DetectEntry, DrillOrder, Wanted};
use headwater_window::{Listener, Window};

use crate::archive::{EachReject, EachRow, Holdings, Later, Stock};

/// A week of the world: the lines of trade and of seizures, and the last day of the week.
pub struct Week {
    pub trade: Vec<Vec<u8>>,
    pub seizure: Vec<Vec<u8>>,
    pub last: Day,
}

/// A small world in which something is told.
pub static WEEKS: LazyLock<Vec<Week>> = LazyLock::new(|| {
    let end = Day::parse("2025-12-31").unwrap();
    let spec = Spec { years: 3, history_years: 1, scale: 0.5, ..Spec::new(1, Scenario::Substitution, end) };
    let mut weeks: Vec<Week> = Vec::new();
    for record in World::new(&spec).unwrap().records() {
        let last = Day(record.known_on().0.week() * 7 + 6);
        if weeks.last().is_none_or(|week| week.last != last) {
            weeks.push(Week { trade: Vec::new(), seizure: Vec::new(), last });
        }
        let week = weeks.last_mut().unwrap();
        let mut line = Vec::new();
        record.write(&mut line).unwrap();
        match record.feed {
            Feed::Trade => week.trade.push(line),
            Feed::Seizure => week.seizure.push(line),
        }
    }
    weeks
});

/// Inputs with their epochs, and the alert log.
#[derive(Default)]
pub struct Fake {
    inputs: BTreeMap<Input, Shelf>,
    pub declared: BTreeMap<Arc<str>, u32>,
    pub log: RefCell<Vec<DetectEntry>>,
    pub drills: RefCell<Vec<DrillOrder>>,
    /// Reads that fail from now on: one in so many; 0 = none.
    pub fail_one_in: Cell<u32>,
    reads: Cell<u32>,
}

struct Shelf {
    normalizer: Normalizer,
    window: Window,
    observations: Observations,
    epochs: Vec<(EpochHead, Vec<Row>)>,
    /// Epochs before it are in one folded file.
    floor: usize,
    /// Epochs before it are gone.
    gone: usize,
    highest_known: Option<KnownDay>,
    clock: Option<Day>,
}

#[derive(Clone)]
struct Row {
    signed: SignedRow,
    event_id: String,
    counted_on: KnownDay,
}

#[derive(Default)]
struct Heard(Vec<(Head, SignedRow)>);

impl Listener for Heard {
    fn row(&mut self, head: &Head, row: &SignedRow) {
        self.0.push((*head, *row));
    }
}

pub fn input(text: &str) -> Input {
    Input::parse(text).unwrap()
}

impl Fake {
    /// With these sources and their partitions.
    pub fn with(sources: &[(&str, u32)]) -> Fake {
        let declared = sources.iter().map(|(source, partitions)| (Arc::from(*source), *partitions)).collect();
        Fake { declared, ..Fake::default() }
    }

    /// Commits lines as one epoch. At the end of the input the clock goes to the highest known day, or to `clock`.
    pub fn commit(&mut self, name: &str, lines: &[impl AsRef<[u8]>], at_end: bool, clock: Option<Day>) {
        let shelf = self.inputs.entry(input(name)).or_insert_with(|| Shelf {
            normalizer: Normalizer::new(Catalog::embedded(), Settings::default()),
            window: Window::default(),
            observations: Observations::default(),
            epochs: Vec::new(),
            floor: 0,
            gone: 0,
            highest_known: None,
            clock: None,
        });
        let batch = batch(lines);
        shelf.normalizer.process(&batch, &mut shelf.window.names, &mut shelf.observations);
        let mut heard = Heard::default();
        let counts = shelf.window.process(&shelf.observations, &batch, &mut heard).unwrap();
        let known = shelf.observations.heads.iter().map(|head| head.known_on).max();
        shelf.highest_known = shelf.highest_known.max(known);
        let before = shelf.clock;
        let counted = |known: KnownDay| before.map_or(known, |clock| known.max(KnownDay(clock)));
        let row = |(head, signed): (Head, SignedRow)| {
            let span = head.event_id;
            let text: &[u8] = if span.owned { &shelf.observations.text } else { &batch.data };
            let event_id = &text[span.start as usize..][..span.len as usize];
            let event_id = String::from_utf8(event_id.to_vec()).unwrap();
            Row { signed, event_id, counted_on: counted(signed.key.known_on) }
        };
        let rows: Vec<Row> = heard.0.into_iter().map(row).collect();
        if at_end {
            shelf.clock = before.max(shelf.highest_known.map(|day| day.0)).max(clock);
        }
        let head = EpochHead {
            input: input(name),
            epoch: EpochNumber(shelf.epochs.len() as u64),
            origin: name.to_owned(),
            partitions: 1,
            from: Progress::Offset(Offset(0)),
            to: Progress::Offset(Offset(0)),
            clock_before: before,
            clock: shelf.clock,
            highest_known: shelf.highest_known,
            counts,
            total: shelf.window.counts,
            late_report: 0,
            late_total: 0,
            rows: rows.len() as u64,
            writer: String::new(),
            build: String::new(),
            previous: None,
        };
        shelf.epochs.push((head, rows));
    }

    /// Folds all epochs of an input; the originals go at once where they are not kept.
    pub fn fold(&mut self, name: &str, keep: bool) {
        let shelf = self.inputs.get_mut(&input(name)).unwrap();
        shelf.floor = shelf.epochs.len();
        if !keep {
            shelf.gone = shelf.floor;
        }
    }

    /// The clock of an input.
    pub fn clock(&self, name: &str) -> Option<Day> {
        self.inputs.get(&input(name))?.clock
    }

    /// The ledger of an input, for comparison.
    pub fn window(&self, name: &str) -> &Window {
        &self.inputs[&input(name)].window
    }
}

/// Records as one batch.
pub fn batch(lines: &[impl AsRef<[u8]>]) -> RawBatch {
    let (mut data, mut records) = (Vec::new(), Vec::new());
    for (line, record) in (1..).zip(lines) {
        let (start, record) = (data.len(), record.as_ref());
        data.extend_from_slice(record);
        records.push(RawRecord { start: start as u32, len: record.len() as u32, offset: Offset(start as i64), line });
    }
    RawBatch {
        data: data.into(),
        records,
        origin: "fake".into(),
        partition: Partition(0),
        spilled: Vec::new(),
        misrouted: Vec::new(),
    }
}

/// A series of one table of names in another.
pub fn carry(series: &Series, from: &Names, to: &mut Names) -> Series {
    Series {
        substance: to.substances.intern(&**from.substances.get(series.substance)),
        route: to.routes.intern_with(from.routes.get(series.route), Clone::clone),
        source: to.sources.intern(&**from.sources.get(series.source)),
        place: series.place.map(|place| to.places.intern_with(from.places.get(place), Clone::clone)),
        access: to.accesses.intern_with(from.accesses.get(series.access), Clone::clone),
        ..*series
    }
}

impl Shelf {
    fn each(&self, rows: &[Row], names: &mut Names, each: &mut EachRow<'_>) -> anyhow::Result<()> {
        for Row { signed, event_id, counted_on } in rows {
            let series = carry(self.window.names.series.get(signed.key.series), &self.window.names, names);
            let series_id = names.series.intern_with(&series, |series| *series);
            each(&ArchivedRow {
                sign: signed.sign as i8,
                source: Some(series.source),
                event_id,
                revision: signed.rank.revision,
                status: Status::Reported,
                item: signed.item,
                record_hash: None,
                known_on: Some(signed.key.known_on),
                counted_on: Some(*counted_on),
                of: Some(ArchivedItem {
                    series: series_id,
                    event_day: signed.key.event_day,
                    period_days: signed.key.period_days,
                    flags: headwater_model::Flags::default(),
                    mass_mg: signed.mass_mg,
                    pieces: signed.pieces,
                    incidents: signed.incidents,
                }),
            })?;
        }
        Ok(())
    }

    fn files(&self, from: usize) -> Vec<ArchiveFile> {
        let file = |(head, _): &(EpochHead, Vec<Row>)| ArchiveFile {
            key: format!("epochs/{}/{}", head.input, head.epoch),
            bytes: 0,
            first: head.epoch,
            last: head.epoch,
            checksum: None,
        };
        self.epochs[from.min(self.epochs.len())..].iter().map(file).collect()
    }
}

impl Holdings for Fake {
    fn declared(&self) -> anyhow::Result<BTreeMap<Arc<str>, u32>> {
        Ok(self.declared.clone())
    }

    fn stock(&self, input: &Input) -> anyhow::Result<Stock> {
        let Some(shelf) = self.inputs.get(input) else { return Ok(Stock::default()) };
        let key = format!("folded/{input}/{}", shelf.floor);
        let folded = shelf.floor.checked_sub(1).map(|last| shelf.epochs[last].0.clone());
        let fold = |head: &EpochHead| ArchiveFile {
            key: key.clone(),
            bytes: 0,
            first: EpochNumber(0),
            last: head.epoch,
            checksum: Some(Checksum(0)),
        };
        let mut files: Vec<_> = folded.iter().map(fold).collect();
        files.extend(shelf.files(shelf.floor));
        Ok(Stock { files, folded })
    }

    fn later(&self, input: &Input, from: EpochNumber, _: bool) -> anyhow::Result<Later> {
        let Some(shelf) = self.inputs.get(input) else { return Ok(Later::Epochs(Vec::new())) };
        let from = from.0 as usize;
        Ok(if from < shelf.gone { Later::Folded } else { Later::Epochs(shelf.files(from)) })
    }

    fn last_head(&self, input: &Input) -> anyhow::Result<Option<EpochHead>> {
        Ok(self.inputs.get(input).and_then(|shelf| shelf.epochs.last()).map(|(head, _)| head.clone()))
    }

    fn read(
        &self,
        _: &Input,
        file: &ArchiveFile,
        _: Wanted,
        names: &mut Names,
        each: &mut EachRow<'_>,
    ) -> anyhow::Result<Option<EpochHead>> {
        self.reads.set(self.reads.get() + 1);
        let fails = self.fail_one_in.get();
        let mut steps = file.key.split('/');
        steps.next();
        let shelf = &self.inputs[&input(&format!("{}/{}", steps.next().unwrap(), steps.next().unwrap()))];
        let number: usize = steps.next().unwrap().parse().unwrap();
        if file.is_folded() {
            let mut rows: Vec<Row> = shelf.epochs[..number].iter().flat_map(|(_, rows)| rows.clone()).collect();
            rows.sort_by_key(|row| row.signed.key.known_on);
            shelf.each(&rows, names, each)?;
            return Ok(None);
        }
        assert!(number >= shelf.gone, "{} is gone", file.key);
        let (head, rows) = &shelf.epochs[number];
        if fails > 0 && self.reads.get().is_multiple_of(fails) {
            // Half of it, then nothing: what a reader took must not count.
            shelf.each(&rows[..rows.len() / 2], names, each)?;
            anyhow::bail!("the store is away");
        }
        shelf.each(rows, names, each)?;
        Ok(Some(head.clone()))
    }

    fn rejects(&self, _: &Input, _: &ArchiveFile, _: &mut EachReject<'_>) -> anyhow::Result<()> {
        Ok(())
    }

    fn entry(&self, number: u64) -> anyhow::Result<Option<DetectEntry>> {
        Ok(self.log.borrow().get(number as usize).cloned())
    }

    fn append(&self, entry: &DetectEntry) -> anyhow::Result<bool> {
        let mut log = self.log.borrow_mut();
        let free = log.len() as u64 == entry.number;
        if free {
            log.push(entry.clone());
        }
        Ok(free)
    }

    fn drills(&self) -> anyhow::Result<Vec<DrillOrder>> {
        Ok(self.drills.borrow().clone())
    }

    fn drill_taken(&self, alert_id: &str) -> anyhow::Result<()> {
        self.drills.borrow_mut().retain(|order| order.alert_id != alert_id);
        Ok(())
    }
}
