//! Events a second of one core through ledger and panes, and what a million events weigh: 1,000 series, two years of
//! days, reports up to 20 days late, one item an event, so that nearly every event is a pane of its own.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::hint::black_box;
use std::sync::Arc;

use arrow_buffer::Buffer;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use headwater_model::{
    Access, Country, Day, EventDay, Evidence, EvidenceQuery, Families, Flags, Head, Identity, KnownDay, Names,
    Observations, Offset, Partition, Rank, RawBatch, RawRecord, Route, Row, Series, SignedRow, Span, Status,
};
use headwater_window::{Listener, VolumeOptions, Volumes, Window};

const EVENTS: u32 = 1_000_000;
const SERIES: u32 = 1_000;
const DAYS: u32 = 730;
/// Events a batch: some 3 MiB of JSON, what a reader hands on at a time.
const BATCH: u32 = 10_000;

fn names() -> Names {
    let mut names = Names::default();
    let letters = |n: u32| Country::from_letters([b'A' + (n % 26) as u8, b'A' + (n / 26 % 26) as u8]).unwrap();
    for n in 0..SERIES {
        let route = Route::new(letters(n), [], letters(n / 10));
        let series = Series {
            substance: names.substances.intern(format!("substance-{}", n % 40).as_str()),
            route: names.routes.intern_with(&route, Clone::clone),
            source: names.sources.intern("SIM-CUSTOMS"),
            evidence: Evidence::Export,
            place: None,
            access: names.accesses.intern_with(&Access::default(), Clone::clone),
            flagged: n % 2 == 0,
        };
        names.series.intern_with(&series, |series| *series);
    }
    names
}

/// SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
fn random(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn batches(names: &Names, revision: u32) -> Vec<(RawBatch, Observations)> {
    let series: Vec<_> = names.series.iter().map(|(id, _)| id).collect();
    let source = names.sources.find("SIM-CUSTOMS").unwrap();
    let batch = |first: u32| {
        let mut data = Vec::new();
        let mut observations = Observations::default();
        let mut records = Vec::new();
        for n in first..first + BATCH {
            let event_id = format!("SIM-{n:012}");
            let chance = random(u64::from(n));
            let day = Day(17_000 + (n / (EVENTS / DAYS)) as i32);
            let span = Span { owned: false, start: data.len() as u32, len: event_id.len() as u32 };
            data.extend_from_slice(event_id.as_bytes());
            records.push(RawRecord { start: span.start, len: span.len, offset: Offset(0), line: 0 });
            observations.rows.push(Row {
                series: series[(chance % u64::from(SERIES)) as usize],
                event_day: EventDay(day - (chance >> 32) as i32 % 20),
                period_days: 1,
                item: 0,
                flags: Flags::default(),
                mass_mg: Some((chance >> 20) as i64 % 1_000_000),
                pieces: None,
                incidents: 1,
            });
            observations.heads.push(Head {
                identity: Identity::of("SIM-CUSTOMS", &event_id),
                rank: Rank { revision, status: Status::Reported },
                known_on: KnownDay(day),
                content: chance,
                source,
                event_id: span,
                first_row: n - first,
                rows: 1,
                input: n - first,
            });
        }
        let (origin, partition) = (Arc::from("bench"), Partition(0));
        (
            RawBatch {
                data: Buffer::from(data),
                records,
                origin,
                partition,
                spilled: Vec::new(),
                misrouted: Vec::new(),
            },
            observations,
        )
    };
    (0..EVENTS).step_by(BATCH as usize).map(batch).collect()
}

/// Sees every row, as an archive would.
struct Seen;

impl Listener for Seen {
    fn row(&mut self, _: &Head, row: &SignedRow) {
        black_box(row);
    }
}

fn feed(window: &mut Window, batches: &[(RawBatch, Observations)]) {
    for (batch, observations) in batches {
        window.process(observations, batch, &mut Seen).unwrap();
    }
}

fn window(c: &mut Criterion) {
    let first = batches(&names(), 0);
    let empty = || {
        let mut window = Window::default();
        window.names = names();
        window
    };
    let mut full = empty();
    feed(&mut full, &first);
    eprintln!(
        "{} events: {} bytes each in the ledger; {} panes: {} bytes each",
        full.ledger.len(),
        full.ledger.bytes() / full.ledger.len(),
        full.panes.len(),
        full.panes.bytes() / full.panes.len()
    );

    let mut group = c.benchmark_group("window");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(EVENTS)));
    group.bench_function("new events", |b| {
        b.iter_batched(
            empty,
            |mut window| {
                feed(&mut window, &first);
                window
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("duplicates", |b| b.iter(|| feed(&mut full, &first)));
    group.bench_function("panes sorted", |b| b.iter(|| full.panes.sorted(&full.names)));
    let index = full.panes.sorted(&full.names);
    group.bench_function("volumes", |b| {
        b.iter(|| Volumes::of(&index, &full.names, VolumeOptions::default(), |_| Families::default()).unwrap().len());
    });
    let series = full.names.series.iter().map(|(id, _)| id).take(10).collect();
    let query = EvidenceQuery { series, from: Day(17_300), to: Day(17_390), as_of: KnownDay(Day(17_390)) };
    group.bench_function("trace", |b| b.iter(|| full.ledger.trace(std::slice::from_ref(&query), &full.names).unwrap()));
    let mut revision = 0;
    group.bench_function("revisions", |b| {
        b.iter_batched(
            || {
                revision += 1;
                batches(&names(), revision)
            },
            |batches| {
                let mut window = std::mem::take(&mut full);
                feed(&mut window, &batches);
                full = window;
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, window);
criterion_main!(benches);
