//! The whole way of one core, from the bytes of NDJSON to exact panes, beside decoding alone: 350-byte events over 1,000
//! substance-by-route series, as `headwater_sim::bench_events` makes them.
//!
//! `whole_way` is everything that a replay does with a record: split lines, decode, resolve, judge, ledger, panes.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use headwater_catalog::Catalog;
use headwater_ingest::FileReader;
use headwater_model::{Names, Observations, RawBatch};
use headwater_normalize::{Normalizer, Settings};
use headwater_window::Window;

const EVENTS: u64 = 500_000;

fn pipeline(c: &mut Criterion) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let bytes = headwater_sim::bench_events(EVENTS, 1, file.as_file_mut()).unwrap();
    file.flush().unwrap();
    let catalog = Catalog::embedded();

    let mut group = c.benchmark_group("pipeline");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    for (name, throughput) in [("events", Throughput::Elements(EVENTS)), ("bytes", Throughput::Bytes(bytes))] {
        group.throughput(throughput);
        group.bench_function(format!("read_lines/{name}"), |b| {
            b.iter(|| {
                let mut reader = FileReader::open(file.path()).unwrap();
                while let Some(batch) = reader.next_batch().unwrap() {
                    black_box(batch.records.len());
                }
            });
        });
        group.bench_function(format!("read_and_normalize/{name}"), |b| {
            b.iter(|| {
                let mut names = Names::default();
                each_batch(file.path(), &catalog, |normalizer, batch, observations| {
                    normalizer.process(batch, &mut names, observations);
                });
            });
        });
        group.bench_function(format!("whole_way/{name}"), |b| {
            b.iter(|| {
                let mut window = Window::default();
                each_batch(file.path(), &catalog, |normalizer, batch, observations| {
                    normalizer.process(batch, &mut window.names, observations);
                    window.process(observations, batch, &mut ()).unwrap();
                });
                assert_eq!(window.counts.accepted, EVENTS);
                window
            });
        });
    }
    group.finish();
}

fn each_batch(
    path: &Path,
    catalog: &Arc<Catalog>,
    mut each: impl FnMut(&mut Normalizer, &RawBatch, &mut Observations),
) {
    let mut normalizer = Normalizer::new(Arc::clone(catalog), Settings::default());
    let mut reader = FileReader::open(path).unwrap();
    let mut observations = Observations::default();
    while let Some(batch) = reader.next_batch().unwrap() {
        each(&mut normalizer, &batch, &mut observations);
    }
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
