//! An epoch's file: rows written and rows read, of real output of the normaliser.
#![allow(missing_docs, clippy::print_stdout)]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_catalog::Catalog;
use headwater_model::{
    Counts, EpochHead, EpochNumber, Input, Names, Observations, Offset, Partition, Progress, RawBatch, RawRecord,
};
use headwater_normalize::{Normalizer, Settings, archive_schema};
use headwater_store::{EpochRows, EpochWriter, SealedEpoch, StoreError, Wanted, fold, open};

const BATCHES: usize = 16;
const RECORDS: usize = 8_192;
const ITEMS: [&str; 8] = [
    "acetone",
    "toluene",
    "ephedrine",
    "acetic anhydride",
    "safrole",
    "piperidine",
    "sulphuric acid",
    "gamma-butyrolactone",
];
const LANDS: [&str; 12] = ["DE", "NL", "BE", "FR", "CN", "IN", "US", "MX", "BR", "TR", "ZA", "SG"];
const SOURCES: [&str; 4] = ["customs-nl", "customs-de", "carrier-edi", "port-authority"];
const MODES: [&str; 4] = ["sea", "road", "rail", "air"];

/// SplitMix64 (Steele, Lea, Flood 2014).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Seeded trade events of about 350 bytes, one row each, over 400 days and some thousand series.
fn batch(state: &mut u64, number: usize) -> RawBatch {
    let (mut data, mut records) = (Vec::new(), Vec::new());
    for i in 0..RECORDS {
        let r = random(state);
        let pick = |shift: u32, of: usize| (r >> shift) as usize % of;
        let (month, day) = (1 + pick(0, 12), 1 + pick(4, 28));
        let line = format!(
            "{{\"event_id\":\"{:016x}{:08x}\",\"kind\":\"export\",\"occurred_on\":\"2024-{month:02}-{day:02}\",\
             \"reported_at\":\"2025-01-{:02}T08:00:00Z\",\"source\":\"{}\",\"item\":{{\"name\":\"{}\"}},\
             \"quantity\":{{\"value\":{}.{:03},\"unit\":\"kg\"}},\"origin\":\"{}\",\"destination\":\"{}\",\"mode\":\"{}\",\
             \"consignor\":\"C-{:06}\",\"consignee\":\"C-{:06}\",\"marking\":\"TLP:GREEN\"}}",
            random(state),
            random(state) as u32,
            1 + number,
            SOURCES[pick(10, 4)],
            ITEMS[pick(12, 8)],
            random(state) % 20_000,
            random(state) % 1_000,
            LANDS[pick(20, 12)],
            LANDS[pick(24, 12)],
            MODES[pick(28, 4)],
            random(state) % 5_000,
            random(state) % 20_000,
        );
        let start = data.len() as u32;
        data.extend_from_slice(line.as_bytes());
        let offset = Offset((number * RECORDS + i) as i64);
        records.push(RawRecord { start, len: line.len() as u32, offset, line: 0 });
    }
    RawBatch {
        data: data.into(),
        records,
        origin: "trade-events".into(),
        partition: Partition(0),
        spilled: Vec::new(),
        misrouted: Vec::new(),
    }
}

fn head(epoch: u64) -> EpochHead {
    EpochHead {
        input: Input { source: "trade".into(), partition: Partition(0) },
        epoch: EpochNumber(epoch),
        origin: "trade-events".into(),
        partitions: 1,
        from: Progress::Offset(Offset(0)),
        to: Progress::Offset(Offset(0)),
        clock_before: None,
        clock: None,
        highest_known: None,
        counts: Counts::default(),
        total: Counts::default(),
        late_report: 0,
        late_total: 0,
        rows: 0,
        writer: String::new(),
        build: String::new(),
        previous: None,
    }
}

fn epoch(c: &mut Criterion) {
    let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default()).with_columns();
    let (mut names, mut out, mut state) = (Names::default(), Observations::default(), 1);
    let batches: Vec<_> = (0..BATCHES)
        .map(|number| {
            let raw = batch(&mut state, number);
            normalizer.process(&raw, &mut names, &mut out);
            assert_eq!(out.rows.len(), RECORDS);
            normalizer.record_batch(&raw, &names, &out).expect("columns are kept")
        })
        .collect();
    let all = EpochRows { kept: (0..RECORDS as u32).collect(), changes: Vec::new() };
    let write = |batches: &[arrow_array::RecordBatch], number| -> SealedEpoch {
        let mut writer = EpochWriter::new(archive_schema(), None).expect("the archive's schema");
        for batch in batches {
            writer.write(batch, &all, &names).expect("rows of that schema");
        }
        writer.seal(head(number)).expect("into memory")
    };
    let rows = BATCHES * RECORDS;
    let sealed = write(&batches, 0);
    println!("{} bytes, {:.1} a row", sealed.bytes.len(), sealed.bytes.len() as f64 / rows as f64);

    let mut group = c.benchmark_group("epoch");
    group.sample_size(10).throughput(Throughput::Elements(rows as u64));
    group.bench_function("write", |b| b.iter(|| black_box(write(&batches, 0))));
    group.bench_function("open", |b| b.iter(|| black_box(open(sealed.bytes.clone()).expect("whole"))));
    let file = open(sealed.bytes.clone()).expect("whole");
    for (wanted, name) in [(Wanted::Sums, "read/sums"), (Wanted::Ledger, "read/ledger")] {
        group.bench_function(name, |b| {
            let mut names = Names::default();
            b.iter(|| {
                let mut mass = 0;
                let read = file.read::<StoreError>(wanted, &mut names, &mut |row| {
                    mass += row.of.map_or(0, |of| of.sums(row.sign).mass_mg) + row.event_id.len() as i64;
                    Ok(())
                });
                read.expect("whole");
                black_box(mass)
            });
        });
    }
    let files: Vec<Bytes> = (0..BATCHES).map(|i| write(&batches[i..=i], i as u64).bytes).collect();
    group.bench_function("fold", |b| b.iter(|| black_box(fold(&files).expect("one run"))));
    group.finish();
}

criterion_group!(benches, epoch);
criterion_main!(benches);
