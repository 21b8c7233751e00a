//! The whole stage, of JSON and of Avro: bytes to heads and rows, with the archive's columns and without, and the record batch made of them.
#![allow(missing_docs)]

mod events;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_catalog::Catalog;
use headwater_model::{Names, Observations, RawBatch};
use headwater_normalize::{Normalizer, Settings, WriterSchema, WriterSchemas};

fn normalize(c: &mut Criterion) {
    stage(c, "normalize", &events::batch(20_000));
    stage(c, "normalize-avro", &events::avro(20_000));
}

fn normalizer() -> Normalizer {
    let schema = WriterSchema::parse(events::SCHEMA).expect("the contract's schema");
    let schemas = WriterSchemas::from_iter([(events::SCHEMA_ID, schema)]);
    Normalizer::new(Catalog::embedded(), Settings::default()).with_writer_schemas(Arc::new(schemas))
}

fn stage(c: &mut Criterion, name: &str, batch: &RawBatch) {
    let mut group = c.benchmark_group(name);
    for throughput in [Throughput::Elements(batch.records.len() as u64), Throughput::Bytes(batch.data.len() as u64)] {
        let unit = if matches!(throughput, Throughput::Elements(_)) { "events" } else { "bytes" };
        group.throughput(throughput);
        let (mut names, mut out) = (Names::default(), Observations::default());
        let mut bare = normalizer();
        group.bench_function(format!("rows/{unit}"), |b| {
            b.iter(|| {
                bare.process(black_box(batch), &mut names, &mut out);
                assert_eq!(out.rows.len(), batch.records.len());
            });
        });
        let (mut names, mut out) = (Names::default(), Observations::default());
        let mut full = normalizer().with_columns();
        group.bench_function(format!("rows-and-columns/{unit}"), |b| {
            b.iter(|| full.process(black_box(batch), &mut names, &mut out));
        });
        group.bench_function(format!("record-batch/{unit}"), |b| {
            b.iter(|| {
                full.process(black_box(batch), &mut names, &mut out);
                black_box(full.record_batch(batch, &names, &out).expect("columns are kept"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, normalize);
criterion_main!(benches);
