#![allow(clippy::unwrap_used)]
//! Against librdkafka's mock cluster, in this process. What it cannot do (transactions, growth) is tested with a real
//! broker elsewhere.

mod faults;
mod group;
mod reading;
mod taker;

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};

use super::*;
use crate::Partitioner;
use taker::Taker;

/// Longest wait for what must come.
const LONG: Duration = Duration::from_secs(60);

/// How long to look whether something comes that must not.
const WHILE: Duration = Duration::from_millis(1500);

type Cluster = MockCluster<'static, DefaultProducerContext>;

fn cluster(partitions: i32) -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    for topic in ["a", "b"] {
        cluster.create_topic(topic, partitions, 1).unwrap();
    }
    cluster
}

/// A record to produce: topic, partition, key, payload.
type Record = (&'static str, i32, Option<Vec<u8>>, Option<Vec<u8>>);

fn of(topic: &'static str, partition: i32, bytes: usize) -> Record {
    (topic, partition, None, Some(vec![b'x'; bytes]))
}

fn produce(brokers: &str, records: impl IntoIterator<Item = Record>) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("message.max.bytes", "8000000");
    let producer: BaseProducer = config.create().unwrap();
    for (topic, partition, key, payload) in records {
        let mut record = BaseRecord::<Vec<u8>, Vec<u8>>::to(topic).partition(partition);
        if let Some(key) = &key {
            record = record.key(key);
        }
        if let Some(payload) = &payload {
            record = record.payload(payload);
        }
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(LONG).unwrap();
}

/// Sources named as their topics in capitals.
fn settings(brokers: &str, topics: &[&str]) -> KafkaSettings {
    let topic = |topic: &&str| SourceTopic {
        source: topic.to_uppercase().as_str().into(),
        topic: (*topic).into(),
        partitioner: Partitioner::Any,
        partitions: None,
        on_gap_skip: false,
    };
    KafkaSettings {
        brokers: brokers.to_owned(),
        group: "g".to_owned(),
        instance: None,
        client: vec![
            ("session.timeout.ms".into(), "3000".into()),
            ("heartbeat.interval.ms".into(), "200".into()),
            ("topic.metadata.refresh.interval.ms".into(), "500".into()),
        ],
        topics: topics.iter().map(topic).collect(),
    }
}

fn input(text: &str) -> Input {
    Input::parse(text).unwrap()
}

fn at(offset: i64) -> Progress {
    Progress::Offset(Offset(offset))
}
