//! Decoding alone: the crate's own reader beside serde_json and sonic-rs, all on borrowed fields, and of Avro beside
//! arrow-avro.
//!
//! The others are given less to do: they neither tell which field is at fault and why, nor see a name that stands
//! twice, nor how deep a field is that they pass over; arrow-avro's columns would still have to be read.
#![allow(missing_docs)]

mod events;

use std::borrow::Cow;
use std::fmt;
use std::hint::black_box;
use std::sync::Arc;

use arrow_avro::reader::ReaderBuilder;
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_normalize::{WriterSchema, WriterSchemas, decode_alone};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// A text that is borrowed where it can be: serde's own `Option<Cow<str>>` never is.
#[derive(Default)]
#[allow(dead_code)] // what is decoded is thrown away
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

/// The fields of a trade event; `N` is the decoder's own form of a number as written.
#[derive(Deserialize)]
#[allow(dead_code)]
struct Trade<'a, N> {
    #[serde(borrow)]
    event_id: Text<'a>,
    revision: Option<u32>,
    status: Option<Text<'a>>,
    kind: Text<'a>,
    occurred_on: Text<'a>,
    period_days: Option<u16>,
    reported_at: Text<'a>,
    source: Text<'a>,
    item: Item<'a>,
    quantity: Option<Quantity<'a, N>>,
    origin: Text<'a>,
    destination: Text<'a>,
    #[serde(default)]
    via: Vec<Text<'a>>,
    mode: Option<Text<'a>>,
    consignor: Option<Text<'a>>,
    consignee: Option<Text<'a>>,
    permit: Option<Text<'a>>,
    marking: Option<Text<'a>>,
    #[serde(default)]
    releasable_to: Vec<Text<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Item<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    cas: Option<Text<'a>>,
    hs: Option<Text<'a>>,
    description: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Quantity<'a, N> {
    value: N,
    #[serde(borrow)]
    unit: Text<'a>,
    basis: Option<Text<'a>>,
    qualifier: Option<Text<'a>>,
}

fn decode(c: &mut Criterion) {
    let schema = WriterSchema::parse(events::SCHEMA).expect("the contract's schema");
    let schemas = Arc::new(WriterSchemas::from_iter([(events::SCHEMA_ID, schema)]));
    let batch = events::batch(20_000);
    let mut group = c.benchmark_group("decode");
    for throughput in [Throughput::Elements(batch.records.len() as u64), Throughput::Bytes(batch.data.len() as u64)] {
        let unit = if matches!(throughput, Throughput::Elements(_)) { "events" } else { "bytes" };
        group.throughput(throughput);
        group.bench_function(format!("serde_json/{unit}"), |b| {
            b.iter(|| {
                for record in &batch.records {
                    let trade: Trade<&serde_json::value::RawValue> =
                        serde_json::from_slice(batch.bytes(record)).expect("a good event");
                    black_box(&trade);
                }
            });
        });
        group.bench_function(format!("sonic-rs/{unit}"), |b| {
            b.iter(|| {
                for record in &batch.records {
                    let trade: Trade<sonic_rs::LazyValue> =
                        sonic_rs::from_slice(batch.bytes(record)).expect("a good event");
                    black_box(&trade);
                }
            });
        });
        group.bench_function(format!("own/{unit}"), |b| {
            b.iter(|| assert_eq!(decode_alone(black_box(&batch), &schemas), batch.records.len()));
        });
    }
    group.finish();

    let batch = events::avro(20_000);
    let mut group = c.benchmark_group("decode-avro");
    group.throughput(Throughput::Elements(batch.records.len() as u64));
    group.bench_function("arrow-avro/events", |b| {
        let mut decoder = arrow_avro(batch.records.len());
        b.iter(|| {
            for record in &batch.records {
                assert_eq!(decoder.decode(batch.bytes(record)).expect("a good event"), record.len as usize);
            }
            let columns = decoder.flush().expect("good events").expect("events");
            assert_eq!(columns.num_rows(), batch.records.len());
        });
    });
    group.bench_function("own/events", |b| {
        b.iter(|| assert_eq!(decode_alone(black_box(&batch), &schemas), batch.records.len()));
    });
    group.finish();
}

/// Gives columns, from which each text would still be taken one by one.
fn arrow_avro(records: usize) -> arrow_avro::reader::Decoder {
    let mut store = SchemaStore::new_with_type(FingerprintAlgorithm::Id);
    let schema = AvroSchema::new(events::SCHEMA.to_owned());
    store.set(Fingerprint::Id(events::SCHEMA_ID), schema).expect("the contract's schema");
    let builder = ReaderBuilder::new().with_writer_schema_store(store).with_batch_size(records);
    builder.build_decoder().expect("the contract's schema")
}

criterion_group!(benches, decode);
criterion_main!(benches);
