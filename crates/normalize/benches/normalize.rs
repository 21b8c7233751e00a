//! The whole stage: bytes to heads and rows, with the archive's columns and without, and the record batch made of them.
#![allow(missing_docs)]

mod events;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_catalog::Catalog;
use headwater_model::{Names, Observations};
use headwater_normalize::{Normalizer, Settings};

fn normalize(c: &mut Criterion) {
    let batch = events::batch(20_000);
    let mut group = c.benchmark_group("normalize");
    for throughput in [Throughput::Elements(batch.records.len() as u64), Throughput::Bytes(batch.data.len() as u64)] {
        let unit = if matches!(throughput, Throughput::Elements(_)) { "events" } else { "bytes" };
        group.throughput(throughput);
        let (mut names, mut out) = (Names::default(), Observations::default());
        let mut bare = Normalizer::new(Catalog::embedded(), Settings::default());
        group.bench_function(format!("rows/{unit}"), |b| {
            b.iter(|| {
                bare.process(black_box(&batch), &mut names, &mut out);
                assert_eq!(out.rows.len(), batch.records.len());
            });
        });
        let (mut names, mut out) = (Names::default(), Observations::default());
        let mut full = Normalizer::new(Catalog::embedded(), Settings::default()).with_columns();
        group.bench_function(format!("rows-and-columns/{unit}"), |b| {
            b.iter(|| full.process(black_box(&batch), &mut names, &mut out));
        });
        group.bench_function(format!("record-batch/{unit}"), |b| {
            b.iter(|| {
                full.process(black_box(&batch), &mut names, &mut out);
                black_box(full.record_batch(&batch, &names, &out).expect("columns are kept"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, normalize);
criterion_main!(benches);
