//! What a window must not show: whether it was ever short of memory, laid down and taken up again, or built anew from
//! an archive.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use headwater_model::{
    ArchivedItem, ArchivedRow, Checksum, ColdError, Counts, Day, EventTrace, EvidenceQuery, Flags, Head, Id, KnownDay,
    Names, Rank, SignedRow, Status,
};
use proptest::prelude::*;

use crate::fixture::{Said, Shelf, after, feed, known, limited, load, mass, observe, parts, spelt};
use crate::properties::{conflicting, shuffled, stream};
use crate::{Class, Listener, Window, WindowError};

/// Limits from "nothing but the latest" to "nearly all".
fn limit() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![0, 600, 1_500, 3_000, 100_000])
}

/// Feeds one by one, since what has left memory differs from record to record.
fn feed_singly(window: &mut Window, stream: &[Said]) -> Vec<(Counts, Vec<SignedRow>)> {
    stream.iter().map(|said| feed(window, std::slice::from_ref(said))).collect()
}

/// Every question that the series of a window allow, on two days.
fn questions(window: &Window) -> Vec<EvidenceQuery> {
    let all = window.names.series.iter().map(|(id, _)| vec![id]);
    let series = all.chain([window.names.series.iter().map(|(id, _)| id).collect()]);
    let ask = |series: Vec<_>, as_of| EvidenceQuery { series, from: Day(-9), to: Day(60), as_of: known(as_of) };
    series.flat_map(|series| [ask(series.clone(), 3), ask(series, 99)]).collect()
}

fn traces(window: &Window) -> Vec<Vec<EventTrace>> {
    window.ledger.trace(&questions(window), &window.names).unwrap()
}

/// Whether two windows over the same names are the same to everybody who asks, and go on alike. Both are used up.
fn same(mut a: Window, mut b: Window, further: &[Said]) -> Result<(), TestCaseError> {
    prop_assert_eq!(spelt(&a.panes, &a.names), spelt(&b.panes, &b.names));
    prop_assert_eq!((a.counts, a.ledger.len()), (b.counts, b.ledger.len()));
    prop_assert_eq!(traces(&a), traces(&b));
    prop_assert_eq!(feed_singly(&mut a, further), feed_singly(&mut b, further));
    prop_assert_eq!(traces(&a), traces(&b));
    Ok(())
}

/// A row as an archive keeps it.
#[derive(Clone)]
struct Kept {
    sign: i8,
    source: Id<Box<str>>,
    event_id: String,
    rank: Rank,
    item: u16,
    record_hash: Option<u64>,
    known_on: KnownDay,
    of: Option<ArchivedItem>,
}

/// Writes the rows that an archive would.
struct Writer<'a> {
    batch: &'a [Said],
    rows: &'a mut Vec<Kept>,
}

impl Listener for Writer<'_> {
    fn row(&mut self, head: &Head, row: &SignedRow) {
        let own = row.rank == head.rank && row.key.known_on == head.known_on && row.sign as i8 == 1;
        self.rows.push(Kept {
            sign: row.sign as i8,
            source: head.source,
            event_id: self.batch[head.input as usize].event.clone(),
            rank: row.rank,
            item: row.item,
            record_hash: own.then_some(head.content),
            known_on: row.key.known_on,
            of: Some(ArchivedItem {
                series: row.key.series,
                event_day: row.key.event_day,
                period_days: row.key.period_days,
                flags: Flags::default(),
                mass_mg: row.mass_mg,
                pieces: row.pieces,
                incidents: row.incidents,
            }),
        });
    }

    fn record(&mut self, head: &Head, class: Class) {
        if head.rank.status == Status::Withdrawn && !matches!(class, Class::Duplicate { .. }) {
            self.rows.push(Kept {
                sign: 0,
                source: head.source,
                event_id: self.batch[head.input as usize].event.clone(),
                rank: head.rank,
                item: 0,
                record_hash: Some(head.content),
                known_on: head.known_on,
                of: None,
            });
        }
    }
}

fn archived(window: &mut Window, stream: &[Said], batch: usize) -> Vec<Kept> {
    let mut rows = Vec::new();
    for said in stream.chunks(batch) {
        let (input, observations) = observe(&mut window.names, said);
        let mut writer = Writer { batch: said, rows: &mut rows };
        window.process(&observations, &input, &mut writer).unwrap();
    }
    rows
}

fn row(kept: &Kept) -> ArchivedRow<'_> {
    ArchivedRow {
        sign: kept.sign,
        source: Some(kept.source),
        event_id: &kept.event_id,
        revision: kept.rank.revision,
        status: kept.rank.status,
        item: kept.item,
        record_hash: kept.record_hash,
        known_on: Some(kept.known_on),
        counted_on: Some(kept.known_on),
        of: kept.of,
    }
}

/// A window with other numbers for the same names, built from rows.
fn rebuilt(mut window: Window, rows: &[Kept], names: Names, counts: Counts) -> Window {
    (window.names, window.counts) = (names, counts);
    rows.iter().try_for_each(|kept| window.take_archived(&row(kept))).unwrap();
    window.finish_archived().unwrap();
    window
}

/// The names of a window, in the same order.
fn names_of(window: &Window) -> Names {
    load(Window::default(), &parts(window, 1 << 20)).unwrap().names
}

proptest! {
    #[test]
    fn a_ledger_short_of_memory_says_the_same(stream in conflicting(), further in conflicting(), limit in limit()) {
        let (mut free, mut short) = (Window::default(), limited(limit));
        prop_assert_eq!(feed_singly(&mut free, &stream), feed_singly(&mut short, &stream));
        same(free, short, &further)?;
    }

    #[test]
    fn a_snapshot_gives_the_window_back(
        stream in conflicting(),
        further in conflicting(),
        limits in (limit(), limit()),
        body_bytes in 1..3_000usize,
    ) {
        let mut window = limited(limits.0);
        feed_singly(&mut window, &stream);
        let parts = parts(&window, body_bytes);
        prop_assert!(parts.iter().all(|part| part.len() <= body_bytes + 600));
        for again in [Window::default(), limited(limits.1)] {
            let mut window = limited(limits.0);
            feed_singly(&mut window, &stream);
            same(window, load(again, &parts).unwrap(), &further)?;
        }
    }

    #[test]
    fn a_damaged_snapshot_is_an_error(stream in stream(), at in any::<prop::sample::Index>(), flip in 1..=255u8, cut: bool) {
        let parts = parts(&after(&stream), 200);
        let at = at.index(parts.iter().map(Vec::len).sum());
        let mut left = at;
        let mut damaged = parts.clone();
        for part in &mut damaged {
            if left < part.len() {
                if cut { part.truncate(left) } else { part[left] ^= flip }
                break;
            }
            left -= part.len();
        }
        prop_assert!(load(Window::default(), &damaged).is_err());
        let number = at % parts.len();
        let mut missing = parts.clone();
        missing.remove(number);
        prop_assert!(load(Window::default(), &missing).is_err());
        let mut twice = parts.clone();
        twice.insert(number, parts[number].clone());
        prop_assert!(load(Window::default(), &twice).is_err());
    }

    #[test]
    fn bytes_that_no_snapshot_gave_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(load(Window::default(), &[bytes]).is_err());
    }

    /// Under a checksum that fits, so that it is the reader of the body that must say no, or else hold together.
    #[test]
    fn a_body_that_no_snapshot_gave_does_no_harm(
        stream in stream(),
        number in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        change in prop::collection::vec(any::<u8>(), 0..6),
        removed in 0..6usize,
    ) {
        let mut parts = parts(&after(&stream), 200);
        let part = number.get_mut(&mut parts);
        part.truncate(part.len() - 16);
        let at = at.index(part.len());
        let end = (at + removed).min(part.len());
        part.splice(at..end, change);
        let checksum = Checksum::of(part).0;
        part.extend_from_slice(&checksum.to_le_bytes());
        if let Ok(window) = load(Window::default(), &parts) {
            let _ = spelt(&window.panes, &window.names);
            let _ = traces(&window);
            let again = load(Window::default(), &self::parts(&window, 500)).unwrap();
            same(window, again, &stream)?;
        }
    }

    #[test]
    fn rows_of_an_archive_give_the_window_back(
        (stream, further) in shuffled(),
        more in stream(),
        batch in 1..10usize,
        limit in limit(),
    ) {
        let mut window = Window::default();
        let rows = archived(&mut window, &stream, batch);
        let mut sorted = rows.clone();
        sorted.sort_by_key(|kept| {
            let source = window.names.sources.get(kept.source).clone();
            (kept.known_on, source, kept.event_id.clone(), kept.rank, kept.item, kept.sign)
        });
        // What is fed on must not conflict with what is held.
        let more: Vec<Said> = more.into_iter().filter(|said| {
            stream.iter().all(|held| held.identity() != said.identity() || held.rank() != said.rank())
        }).collect();
        for rows in [&rows, &sorted] {
            for (empty, further) in [(Window::default(), &further), (limited(limit), &more)] {
                let mut whole = Window::default();
                archived(&mut whole, &stream, batch);
                let (names, counts) = (names_of(&window), window.counts);
                same(whole, rebuilt(empty, rows, names, counts), further)?;
            }
        }
    }
}

#[test]
fn new_events_hardly_ever_ask_the_cold_store_and_old_ones_come_back() {
    let misses = Arc::new(AtomicUsize::new(0));
    let mut window = Window::default();
    window.ledger.set_cold(Box::new(Shelf { misses: Arc::clone(&misses), ..Shelf::default() }));
    window.ledger.set_limit(1 << 20);
    let event = |n: u32| Said::new(&format!("{n:020}"), 0, 1, &[mass(1, 1)]);
    for n in 0..30 {
        feed(&mut window, &(n * 1_000..(n + 1) * 1_000).map(event).collect::<Vec<_>>());
        assert!(window.ledger.bytes() <= 1 << 20);
    }
    let cold = window.ledger.cold_len();
    assert!((24_000..30_000).contains(&cold), "{cold}");
    assert_eq!(window.ledger.len(), 30_000);
    let asked = misses.load(Ordering::Relaxed);
    assert!(asked < 30, "{asked} of 30,000");
    let (counts, _) = feed(&mut window, &[event(0), event(1), event(29_999), event(0)]);
    assert_eq!((counts.duplicate, counts.conflict), (4, 0));
    assert_eq!((window.ledger.cold_len(), window.ledger.len()), (cold - 2, 30_000));
}

#[test]
fn a_filter_that_would_take_half_the_limit_is_left_out() {
    let mut window = limited(100_000);
    let event = |n: u32| Said::new(&n.to_string(), 0, 1, &[mass(1, 1)]);
    for n in 0..60 {
        feed(&mut window, &(n * 500..(n + 1) * 500).map(event).collect::<Vec<_>>());
        assert!(window.ledger.bytes() <= 100_000);
    }
    let (counts, _) = feed(&mut window, &(0..30_000).step_by(7).map(event).collect::<Vec<_>>());
    assert_eq!(counts.duplicate, counts.read);
    assert_eq!(window.ledger.len(), 30_000);
}

#[test]
fn without_a_cold_store_a_limit_has_no_effect() {
    let mut window = Window::default();
    window.ledger.set_limit(10);
    feed(&mut window, &[Said::new("A", 0, 1, &[mass(1, 1)]), Said::new("B", 0, 1, &[mass(1, 1)])]);
    assert_eq!((window.ledger.len(), window.ledger.cold_len()), (2, 0));
}

#[test]
fn a_cold_store_that_fails_is_named() {
    let mut window = Window::default();
    window.ledger.set_cold(Box::new(Shelf { broken: true, ..Shelf::default() }));
    window.ledger.set_limit(1_000);
    let records: Vec<Said> = (0..50).map(|n| Said::new(&n.to_string(), 0, 1, &[mass(1, 1)])).collect();
    let (batch, observations) = observe(&mut window.names, &records);
    let error = window.process(&observations, &batch, &mut ()).unwrap_err();
    assert_eq!(error, WindowError::Cold(ColdError::Store("no room left".to_owned())));
    assert_eq!(error.to_string(), "the ledger's cache: no room left");
}

#[test]
fn rows_that_no_archive_holds_are_refused_and_rejects_passed_over() {
    let mut window = Window::default();
    let rows = archived(&mut window, &[Said::new("E", 0, 1, &[mass(1, 1)]), Said::withdrawn("F", 3, 1)], 1);
    let [own, withdrawn] = &rows[..] else { panic!() };
    let kept = Kept { record_hash: None, ..withdrawn.clone() };
    let reject = ArchivedRow { source: None, known_on: None, ..row(&kept) };
    assert_eq!(window.take_archived(&reject), Ok(()));
    for wrong in [
        ArchivedRow { source: None, ..row(own) },
        ArchivedRow { of: None, ..row(own) },
        ArchivedRow { sign: 0, ..row(own) },
        ArchivedRow { sign: -1, ..row(own) },
        ArchivedRow { status: Status::Withdrawn, ..row(own) },
        ArchivedRow { status: Status::Reported, ..row(withdrawn) },
    ] {
        let error = window.take_archived(&wrong).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(&format!("the archived row of event {:?}, revision", wrong.event_id)), "{said}");
    }
}
