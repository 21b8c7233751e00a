//! Over a real store in memory: the same epochs as in the fake one, written as an ingest process writes them.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_model::{
    Day, EpochHead, EpochNumber, Head, Input, KnownDay, Names, Observations, Offset, Progress, RawBatch, Sign,
    SignedRow, Status,
};
use headwater_normalize::{Normalizer, Settings, archive_schema};
use headwater_store::{
    Archive, Change, Committed, EpochRows, EpochWriter, FoldPolicy, Objects, OutputFolder, SourceDeclaration,
    SourceKind, layout,
};
use headwater_window::{Listener, Window};

use crate::archive::fake::{Fake, WEEKS, batch, input};
use crate::archive::{By, Holdings, Later, Stored, panes, told, totals, write_rejects};
use crate::detecting::Detecting;

/// One input's writer.
struct Writer {
    archive: Archive,
    normalizer: Normalizer,
    window: Window,
    observations: Observations,
    last: Option<(EpochHead, headwater_model::Checksum)>,
    input: Input,
}

#[derive(Default)]
struct Heard(Vec<(Head, SignedRow)>);

impl Listener for Heard {
    fn row(&mut self, head: &Head, row: &SignedRow) {
        self.0.push((*head, *row));
    }
}

impl Writer {
    fn new(archive: &Archive, source: &str) -> Writer {
        let (name, origin) = (source.to_owned(), source.to_owned());
        let declared = SourceDeclaration { source: name, kind: SourceKind::Topic, origin, partitions: 1 };
        archive.declare(&declared).unwrap();
        Writer {
            archive: archive.clone(),
            normalizer: Normalizer::new(Catalog::embedded(), Settings::default()).with_columns(),
            window: Window::default(),
            observations: Observations::default(),
            last: None,
            input: input(&format!("{source}/0")),
        }
    }

    fn commit(&mut self, lines: &[impl AsRef<[u8]>], clock: Option<Day>) {
        let batch = batch(lines);
        self.normalizer.process(&batch, &mut self.window.names, &mut self.observations);
        let rows = self.normalizer.record_batch(&batch, &self.window.names, &self.observations).unwrap();
        let mut heard = Heard::default();
        let counts = self.window.process(&self.observations, &batch, &mut heard).unwrap();
        let before = self.last.as_ref().map(|(head, _)| head.clone());
        let clock_before = before.as_ref().and_then(|head| head.clock);
        let mut writer = EpochWriter::new(archive_schema(), clock_before).unwrap();
        writer.write(&rows, &self.kept(&heard.0, &batch), &self.window.names).unwrap();
        let known = self.observations.heads.iter().map(|head| head.known_on).max();
        let highest_known = before.as_ref().and_then(|head| head.highest_known).max(known);
        let from = before.as_ref().map_or(Progress::Offset(Offset(0)), |head| head.to.clone());
        let epoch = before.as_ref().map_or(EpochNumber(0), |head| head.epoch.next());
        let sealed = writer
            .seal(EpochHead {
                input: self.input.clone(),
                epoch,
                origin: "topic".to_owned(),
                partitions: 1,
                from: from.clone(),
                to: from,
                clock_before,
                clock: clock_before.max(highest_known.map(|day| day.0)).max(clock),
                highest_known,
                counts,
                total: self.window.counts,
                late_report: 0,
                late_total: 0,
                rows: 0,
                writer: "test".to_owned(),
                build: "test".to_owned(),
                previous: self.last.as_ref().map(|(_, checksum)| *checksum),
            })
            .unwrap();
        let committed = self.archive.commit(std::slice::from_ref(&sealed)).remove(0).unwrap();
        assert_eq!(committed, Committed::Ours);
        self.last = Some((sealed.head, sealed.checksum));
    }

    fn kept(&self, heard: &[(Head, SignedRow)], batch: &RawBatch) -> EpochRows {
        let (mut kept, mut changes) = (Vec::new(), Vec::new());
        for (head, row) in heard {
            if row.sign == Sign::Plus && row.rank == head.rank && row.key.known_on == head.known_on {
                kept.push(head.first_row + u32::from(row.item));
                continue;
            }
            let span = head.event_id;
            let text: &[u8] = if span.owned { &self.observations.text } else { &batch.data };
            let event_id = String::from_utf8(text[span.start as usize..][..span.len as usize].to_vec()).unwrap();
            changes.push(Change {
                row: *row,
                source: head.source,
                event_id: event_id.into(),
                topic: Arc::clone(&batch.origin),
                partition: batch.partition,
                offset: batch.records[head.input as usize].offset,
            });
        }
        let withdrawn = self.observations.heads.iter().filter(|head| head.rank.status == Status::Withdrawn).count();
        let first = self.observations.rows.len() as u32;
        kept.extend(first..first + (withdrawn + self.observations.rejects.len()) as u32);
        EpochRows { kept, changes }
    }
}

const FOLD: FoldPolicy = FoldPolicy { epochs_min: 2, keep: 2, before: None, file_bytes_max: 1 << 30 };

#[test]
fn a_store_tells_what_the_same_epochs_tell_in_memory_folded_or_not() {
    let archive = Archive::new(Objects::memory().unwrap());
    let stored = Stored::new(archive.clone());
    let mut fake = Fake::with(&[("trade", 1), ("seizure", 1)]);
    let (mut trade, mut seizure) = (Writer::new(&archive, "trade"), Writer::new(&archive, "seizure"));
    let config = headwater_detect::Config::default();
    let sources = || ["trade".into(), "seizure".into()].into();
    let detecting = || Detecting::new(Catalog::embedded(), config.clone(), sources());
    let (mut real, mut faked) = (detecting(), detecting());
    // Four weeks an epoch, of which each brings one line that is no record.
    for (number, weeks) in WEEKS.chunks(4).enumerate() {
        let bad = [format!("{{\"event_id\": {number}").into_bytes()];
        let lines = |of: fn(&crate::archive::fake::Week) -> &Vec<Vec<u8>>| -> Vec<Vec<u8>> {
            weeks.iter().flat_map(of).chain(&bad).cloned().collect()
        };
        let (trades, seizures, last) = (lines(|w| &w.trade), lines(|w| &w.seizure), weeks.last().unwrap().last);
        trade.commit(&trades, Some(last));
        seizure.commit(&seizures, Some(last));
        fake.commit("trade/0", &trades, true, Some(last));
        fake.commit("seizure/0", &seizures, true, Some(last));
        while real.step(&stored, true, &mut (), &|| false).unwrap().busy {}
        while faked.step(&fake, true, &mut (), &|| false).unwrap().busy {}
        if number % 16 == 15 {
            assert!(archive.fold(&input("trade/0"), &FOLD).unwrap().is_some());
        }
    }
    assert!(!told(&fake, None).unwrap().is_empty());
    assert_eq!(told(&stored, None).unwrap(), told(&fake, None).unwrap());
    let mut rebuilt = detecting();
    while rebuilt.step(&stored, false, &mut (), &|| false).unwrap().busy {}
    assert!(!rebuilt.differs() && rebuilt.closed_to() == real.closed_to());
    assert_eq!(totals(&stored).unwrap(), totals(&fake).unwrap());
    for up_to in [None, Some(KnownDay(WEEKS[90].last))] {
        assert_eq!(summed(&stored, up_to), summed(&fake, up_to));
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = OutputFolder::create(dir.path()).unwrap();
    let epochs = WEEKS.chunks(4).len() as u64;
    assert_eq!(write_rejects(&stored, &folder).unwrap(), [("bad_json", 2 * epochs)].into());
    let rejects = std::fs::read_to_string(dir.path().join("rejects.ndjson")).unwrap();
    let raw = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["raw"].as_str().unwrap().to_owned();
    let mut raw: Vec<String> = rejects.lines().map(raw).collect();
    raw.sort();
    let mut expected: Vec<String> =
        (0..epochs).flat_map(|n| [format!("{{\"event_id\": {n}"), format!("{{\"event_id\": {n}")]).collect();
    expected.sort();
    assert_eq!(raw, expected);
}

/// The panes by texts.
fn summed(holdings: &impl Holdings, up_to: Option<KnownDay>) -> Vec<String> {
    let (names, panes) = panes(holdings, By::Known, up_to).unwrap();
    let spell = |names: &Names, pane: &headwater_model::Pane| {
        let series = names.series.get(pane.key.series);
        let (substance, route) = (names.substances.get(series.substance), names.routes.get(series.route));
        let place = series.place.map(|place| names.places.get(place));
        let (source, access) = (names.sources.get(series.source), names.accesses.get(series.access));
        let (key, sums) = (pane.key, pane.sums);
        let days = (key.known_on.0, key.event_day.0, key.period_days);
        format!(
            "{substance} {route} {source} {} {place:?} {access} {} {days:?} {sums:?}",
            series.evidence, series.flagged
        )
    };
    panes.sorted(&names).up_to(None).iter().map(|pane| spell(&names, pane)).collect()
}

#[test]
fn a_reader_finds_later_epochs_one_by_one_until_they_are_swept() {
    let archive = Archive::new(Objects::memory().unwrap());
    let stored = Stored::new(archive.clone());
    let name = input("trade/0");
    let mut trade = Writer::new(&archive, "trade");
    let later = |from: u64, thorough: bool| stored.later(&name, EpochNumber(from), thorough).unwrap();
    let count = |later: Later| match later {
        Later::Epochs(files) => Some(files.len()),
        Later::Folded => None,
    };
    assert_eq!(count(later(0, true)), Some(0));
    assert_eq!(stored.last_head(&name).unwrap(), None);
    for week in &WEEKS[..6] {
        trade.commit(&week.trade, None);
    }
    assert_eq!((count(later(0, false)), count(later(4, false)), count(later(6, true))), (Some(6), Some(2), Some(0)));
    archive.fold(&name, &FOLD).unwrap().unwrap();
    assert_eq!(count(later(0, true)), Some(6), "the originals are still there");
    let stock = stored.stock(&name).unwrap();
    assert_eq!((stock.files.len(), stock.folded.unwrap().epoch), (3, EpochNumber(3)));
    for epoch in 0..4 {
        archive.objects().delete(&layout::epoch_key(&name, EpochNumber(epoch))).unwrap();
    }
    assert_eq!((count(later(2, false)), count(later(4, false))), (None, Some(2)));
    assert_eq!(stored.last_head(&name).unwrap().unwrap().epoch, EpochNumber(5));
    archive.fold(&name, &FoldPolicy { keep: 1, epochs_min: 1, ..FOLD }).unwrap().unwrap();
    for epoch in 4..6 {
        archive.objects().delete(&layout::epoch_key(&name, EpochNumber(epoch))).unwrap();
    }
    assert_eq!((count(later(4, false)), count(later(4, true)), count(later(5, true))), (Some(0), None, Some(0)));
    assert_eq!(stored.last_head(&name).unwrap().unwrap().epoch, EpochNumber(4));
}

#[test]
fn a_damaged_or_foreign_file_is_named() {
    let archive = Archive::new(Objects::memory().unwrap());
    let stored = Stored::new(archive.clone());
    let name = input("trade/0");
    let mut trade = Writer::new(&archive, "trade");
    trade.commit(&WEEKS[0].trade, None);
    trade.commit(&WEEKS[1].trade, None);
    let (first, second) = (layout::epoch_key(&name, EpochNumber(0)), layout::epoch_key(&name, EpochNumber(1)));
    let bytes = archive.objects().get(&first).unwrap().unwrap();
    archive.objects().replace(&second, bytes.clone()).unwrap();
    let error = format!("{:#}", panes(&stored, By::Known, None).err().unwrap());
    assert!(error.contains(&second) && error.contains("foreign"), "{error}");
    let mut torn = bytes.to_vec();
    torn[100] ^= 1;
    archive.objects().replace(&first, torn.into()).unwrap();
    let error = format!("{:#}", panes(&stored, By::Known, None).err().unwrap());
    assert!(error.contains(&first), "{error}");
}
