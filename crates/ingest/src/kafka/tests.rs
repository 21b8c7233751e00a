//! Against librdkafka's mock cluster, in this process. What it cannot do (transactions, growth) is tested with a real
//! broker elsewhere.

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::types::RDKafkaRespErr;

use super::*;

const LONG: Duration = Duration::from_secs(20);

fn cluster(partitions: i32) -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(1).unwrap();
    for topic in ["a", "b"] {
        cluster.create_topic(topic, partitions, 1).unwrap();
    }
    cluster
}

fn produce(brokers: &str, messages: impl IntoIterator<Item = (&'static str, i32, Option<Vec<u8>>)>) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("message.max.bytes", "8000000");
    let producer: BaseProducer = config.create().unwrap();
    for (topic, partition, payload) in messages {
        let mut record = BaseRecord::<(), Vec<u8>>::to(topic).partition(partition);
        if let Some(payload) = &payload {
            record = record.payload(payload);
        }
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(LONG).unwrap();
}

fn settings(brokers: &str, topics: &[&str]) -> KafkaSettings {
    KafkaSettings {
        brokers: brokers.to_owned(),
        group: "g".to_owned(),
        instance: None,
        client: Vec::new(),
        topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
    }
}

type Records = BTreeMap<(String, i32), Vec<(i64, usize)>>;

/// Takes events until caught up: offset and whole length of each record.
fn take(reader: &KafkaReader, records: &mut Records) -> Positions {
    loop {
        match reader.next(LONG).expect("an event") {
            KafkaEvent::Started { .. } => {}
            KafkaEvent::Batch(batch) => {
                let list = records.entry((batch.origin.to_string(), batch.partition.0)).or_default();
                for (ix, record) in batch.records.iter().enumerate() {
                    let spilled = batch.spilled.iter().find(|spilled| spilled.record == ix);
                    let len = match spilled {
                        Some(spilled) => std::fs::read(spilled.file.as_path()).unwrap().len(),
                        None => batch.bytes(record).len(),
                    };
                    list.push((record.offset.0, len));
                }
            }
            KafkaEvent::CaughtUp(positions) => return positions,
            KafkaEvent::Failed(error) => panic!("{error}"),
        }
    }
}

fn failure(reader: &KafkaReader) -> IngestError {
    match reader.next(LONG).expect("an event") {
        KafkaEvent::Failed(error) => error,
        _ => panic!("not a failure"),
    }
}

#[test]
fn reads_all_of_it_says_so_and_commits() {
    let cluster = cluster(2);
    let brokers = cluster.bootstrap_servers();
    let big = 2_000_000;
    produce(
        &brokers,
        [("a", 0, Some(vec![b'x'; 3])), ("a", 1, None), ("a", 0, Some(Vec::new())), ("b", 1, Some(vec![b'y'; big]))],
    );
    produce(&brokers, (0..30_000).map(|n| ("b", 0, Some(vec![b'z'; n % 100]))));

    let reader = KafkaReader::start(settings(&brokers, &["a", "b"])).unwrap();
    match reader.next(LONG).unwrap() {
        KafkaEvent::Started { partitions, records } => assert_eq!((partitions, records), (4, 30_004)),
        _ => panic!("not started"),
    }
    let mut records = Records::new();
    let positions = take(&reader, &mut records);
    let key = |topic: &str, partition| (topic.to_owned(), partition);
    assert_eq!(records[&key("a", 0)], [(0, 3), (1, 0)]);
    assert_eq!(records[&key("a", 1)], [(0, 0)]);
    assert_eq!(records[&key("b", 1)], [(0, big)]);
    let expected: Vec<_> = (0..30_000).map(|n| (n, n as usize % 100)).collect();
    assert!(records[&key("b", 0)] == expected);
    let next: Vec<_> = positions.0.iter().map(|((topic, p), next)| (topic.to_string(), p.0, next.0)).collect();
    let next: Vec<_> = next.iter().map(|(topic, p, next)| (topic.as_str(), *p, *next)).collect();
    assert_eq!(next, [("a", 0, 2), ("a", 1, 1), ("b", 0, 30_000), ("b", 1, 1)]);
    reader.commit(&positions, LONG).unwrap();

    // Nothing new: silence. Something new: that alone.
    assert!(reader.next(Duration::from_millis(1500)).is_none());
    produce(&brokers, [("a", 1, Some(vec![b'n'; 7]))]);
    let mut more = Records::new();
    let positions = take(&reader, &mut more);
    assert_eq!(more.into_iter().collect::<Vec<_>>(), [(key("a", 1), vec![(1, 7)])]);
    reader.commit(&positions, LONG).unwrap();
    drop(reader);

    // A new start reads from the beginning, whatever was committed.
    let reader = KafkaReader::start(settings(&brokers, &["a"])).unwrap();
    let mut again = Records::new();
    take(&reader, &mut again);
    assert_eq!(again[&key("a", 1)], [(0, 0), (1, 7)]);
}

#[test]
fn an_empty_topic_is_caught_up_at_once() {
    let cluster = cluster(3);
    let reader = KafkaReader::start(settings(&cluster.bootstrap_servers(), &["a"])).unwrap();
    let mut records = Records::new();
    let positions = take(&reader, &mut records);
    assert!(records.is_empty());
    assert_eq!(positions.0.values().map(|next| next.0).collect::<Vec<_>>(), [0, 0, 0]);
}

#[test]
fn a_slow_taker_bounds_what_waits() {
    let cluster = cluster(1);
    let brokers = cluster.bootstrap_servers();
    // The mock keeps at most 5 MiB of a partition: as many are kept as fit.
    produce(&brokers, (0..40).map(|_| ("a", 0, Some(vec![b'x'; 100_000]))));
    let reader = KafkaReader::start(settings(&brokers, &["a"])).unwrap();
    thread::sleep(Duration::from_millis(500));
    let mut records = Records::new();
    take(&reader, &mut records);
    assert_eq!(records[&("a".to_owned(), 0)].len(), 40);
}

#[test]
fn a_broker_that_comes_back_is_read_on() {
    let cluster = cluster(1);
    let brokers = cluster.bootstrap_servers();
    produce(&brokers, [("a", 0, Some(vec![1]))]);
    let reader = KafkaReader::start(settings(&brokers, &["a"])).unwrap();
    let mut records = Records::new();
    take(&reader, &mut records);
    cluster.broker_down(1).unwrap();
    assert!(reader.next(Duration::from_millis(800)).is_none());
    cluster.broker_up(1).unwrap();
    produce(&brokers, [("a", 0, Some(vec![2, 2]))]);
    take(&reader, &mut records);
    assert_eq!(records[&("a".to_owned(), 0)], [(0, 1), (1, 2)]);
}

#[test]
fn failures_name_what_is_wrong() {
    let cluster = cluster(1);
    let brokers = cluster.bootstrap_servers();
    cluster.topic_error("b", RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED).unwrap();
    let reader = KafkaReader::start(settings(&brokers, &["a", "b"])).unwrap();
    let error = failure(&reader).to_string();
    assert!(error.starts_with("kafka topic b: "), "{error}");

    let mut wrong = settings(&brokers, &["a"]);
    wrong.client.push(("fetch.mim.bytes".into(), "secret".into()));
    for error in [KafkaReader::check(&wrong).unwrap_err(), KafkaReader::start(wrong).err().unwrap()] {
        let error = error.to_string();
        assert!(error.contains("fetch.mim.bytes") && !error.contains("secret"), "{error}");
    }
    let mut wrong = settings(&brokers, &["a"]);
    wrong.client.push(("fetch.min.bytes".into(), "many".into()));
    let error = KafkaReader::check(&wrong).unwrap_err().to_string();
    assert!(error.contains("fetch.min.bytes"), "{error}");
    KafkaReader::check(&settings(&brokers, &["a"])).unwrap();
}

#[test]
fn stops_soon_though_no_broker_answers() {
    let reader = KafkaReader::start(settings("127.0.0.1:1", &["a"])).unwrap();
    assert!(reader.next(Duration::from_millis(200)).is_none());
    let began = Instant::now();
    drop(reader);
    assert!(began.elapsed() < STOP_MS_MAX);
}
