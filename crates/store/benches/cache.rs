//! A ledger that keeps to 64 MiB while it meets two million events: how fast it takes new ones in and finds old ones
//! again, against one with room for all, and what an event weighs in memory and on disk.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use headwater_model::{Day, EventDay, Flags, Head, Id, Identity, KnownDay, Rank, Row, Span, Status};
use headwater_store::LedgerCache;
use headwater_window::Ledger;

const EVENTS: u32 = 2_000_000;
const LIMIT_BYTES: usize = 64 << 20;
/// Old events asked for at a time, spread over all.
const OLD: u32 = 20_000;

/// Records as a source sends them: ids of 20 characters, one item, known on its day or some later.
fn records() -> Vec<(Head, Row, String)> {
    let record = |n: u32| {
        let event_id = format!("SIM-{n:016}");
        let identity = Identity::of("SIM-CUSTOMS", &event_id);
        let chance = identity.0 as u64;
        let day = Day(17_000 + (n / 3_000) as i32);
        let head = Head {
            identity,
            rank: Rank { revision: 0, status: Status::Reported },
            known_on: KnownDay(day),
            content: chance,
            source: Id::new(0),
            event_id: Span { owned: false, start: 0, len: 20 },
            first_row: 0,
            rows: 1,
            input: 0,
        };
        let row = Row {
            series: Id::new(chance as u32 % 1_000),
            event_day: EventDay(day - (chance >> 32) as i32 % 20),
            period_days: 1,
            item: 0,
            flags: Flags::default(),
            mass_mg: Some((chance >> 40) as i64 % 10_000_000),
            pieces: None,
            incidents: 1,
        };
        (head, row, event_id)
    };
    (0..EVENTS).map(record).collect()
}

fn feed<'a>(ledger: &mut Ledger, records: impl Iterator<Item = &'a (Head, Row, String)>) {
    for (head, row, event_id) in records {
        let class = ledger.insert(head, std::slice::from_ref(row), event_id.as_bytes(), |row| {
            black_box(row);
            Ok::<(), ()>(())
        });
        black_box(class.unwrap());
    }
}

fn cache(c: &mut Criterion) {
    let records = records();
    let place = tempfile::tempdir().unwrap();
    let cache = LedgerCache::open(place.path()).unwrap();
    let short = || {
        let mut ledger = Ledger::default();
        ledger.set_cold(Box::new(cache.ledger().unwrap()));
        ledger.set_limit(LIMIT_BYTES);
        ledger
    };
    let mut group = c.benchmark_group("ledger");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(EVENTS)));
    let take = |mut ledger: Ledger| {
        feed(&mut ledger, records.iter());
        ledger
    };
    group.bench_function("new events, room for all", |b| {
        b.iter_batched(Ledger::default, take, BatchSize::PerIteration);
    });
    group.bench_function("new events, 64 MiB", |b| b.iter_batched(short, take, BatchSize::PerIteration));

    let mut ledger = short();
    feed(&mut ledger, records.iter());
    let cold = ledger.cold_len();
    let hot = ledger.len() - cold;
    eprintln!(
        "{hot} events hot and {cold} cold in {} bytes of memory; {} bytes on disk a cold event",
        ledger.bytes(),
        bytes_below(cache.folder()) / cold as u64
    );
    group.throughput(Throughput::Elements(u64::from(OLD)));
    let mut turn = 0;
    group.bench_function("old events, 64 MiB", |b| {
        b.iter(|| {
            turn += 1;
            feed(&mut ledger, records.iter().skip(turn % 100).step_by((EVENTS / OLD) as usize));
        });
    });
    group.finish();
}

/// Bytes of the tables below a folder; the journal, which is set out at 64 MiB and never written, is none.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let bytes = |entry: fs::DirEntry| match entry.metadata().unwrap() {
        metadata if metadata.is_dir() => bytes_below(&entry.path()),
        metadata if entry.path().extension().is_none() => metadata.len(),
        _ => 0,
    };
    entries.map(bytes).sum()
}

criterion_group!(benches, cache);
criterion_main!(benches);
