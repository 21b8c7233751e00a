//! What breaks, and what is said of it.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::*;

#[test]
fn a_broker_that_comes_back_is_read_on() {
    let cluster = cluster(1);
    let brokers = cluster.bootstrap_servers();
    produce(&brokers, [of("a", 0, 1)]);
    let mut taker = Taker::new(&settings(&brokers, &["a"]));
    taker.catch_up(1);
    cluster.broker_down(1).unwrap();
    taker.during(WHILE);
    taker.at_end.clear();
    taker.during(Duration::from_secs(4));
    assert!(taker.at_end.is_empty(), "nobody knows where the end is");
    cluster.broker_up(1).unwrap();
    produce(&brokers, [of("a", 0, 2)]);
    taker.until("the new record", |taker| taker.records_of("A/0").len() == 2);
    taker.catch_up(1);
    assert_eq!(taker.records_of("A/0"), [(0, 1), (1, 2)]);
}

#[test]
fn an_offset_that_is_refused_while_reading_is_looked_at_again() {
    let cluster = cluster(1);
    let brokers = cluster.bootstrap_servers();
    produce(&brokers, [of("a", 0, 1)]);
    let mut taker = Taker::new(&settings(&brokers, &["a"]));
    taker.catch_up(1);
    cluster.request_errors(RDKafkaApiKey::Fetch, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE]);
    produce(&brokers, [of("a", 0, 2), of("a", 0, 3)]);
    taker.until("read on", |taker| taker.records_of("A/0").len() == 3);
    assert_eq!(taker.records_of("A/0"), [(0, 1), (1, 2), (2, 3)]);
    assert!(taker.stopped.is_empty() && taker.failed.is_none());
}

#[test]
fn what_waiting_does_not_mend_is_told_at_once() {
    let cluster = cluster(1);
    let brokers = cluster.bootstrap_servers();
    cluster.topic_error("b", RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED).unwrap();
    let mut taker = Taker::new(&settings(&brokers, &["b"]));
    taker.until("failed", |taker| taker.failed.is_some());
    let error = taker.failed.unwrap().to_string();
    assert!(error.starts_with("kafka"), "{error}");
}

#[test]
fn a_member_whose_name_another_took_ends_without_a_right() {
    let cluster = cluster(2);
    let mut set = settings(&cluster.bootstrap_servers(), &["a"]);
    set.instance = Some("one".into());
    let mut taker = Taker::new(&set);
    taker.catch_up(2);
    assert_eq!(taker.reader.rights().hold().len(), 2);
    cluster.request_errors(RDKafkaApiKey::Heartbeat, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID]);
    taker.until("failed", |taker| taker.failed.is_some());
    assert!(taker.reader.rights().hold().is_empty());
    assert!(
        taker
            .reader
            .commit(&BTreeMap::from([(input("A/0"), Committed { offset: Offset(1), metadata: String::new() })]), LONG)
            .is_err()
    );
}

#[test]
fn a_topic_that_is_missing_is_waited_for() {
    let cluster = cluster(1);
    let mut taker = Taker::new(&settings(&cluster.bootstrap_servers(), &["a", "late"]));
    taker.catch_up(1);
    cluster.create_topic("late", 2, 1).unwrap();
    taker.catch_up(3);
    assert!(taker.failed.is_none());
}

#[test]
fn settings_that_are_refused_are_named_without_their_values() {
    let mut wrong = settings("127.0.0.1:1", &["a"]);
    wrong.client.push(("fetch.mim.bytes".into(), "secret".into()));
    for error in [KafkaReader::check(&wrong).unwrap_err(), KafkaReader::join(&wrong).err().unwrap()] {
        let error = error.to_string();
        assert!(error.contains("fetch.mim.bytes") && !error.contains("secret"), "{error}");
    }
    assert!(!format!("{wrong:?}").contains("secret"));
    let mut wrong = settings("127.0.0.1:1", &["a"]);
    wrong.client.push(("fetch.min.bytes".into(), "many".into()));
    let error = KafkaReader::check(&wrong).unwrap_err().to_string();
    assert!(error.contains("fetch.min.bytes"), "{error}");
    KafkaReader::check(&settings("127.0.0.1:1", &["a"])).unwrap();
}

#[test]
fn stops_though_no_broker_answers() {
    let mut taker = Taker::new(&settings("127.0.0.1:1", &["a"]));
    taker.during(Duration::from_millis(200));
    assert!(taker.owned.is_empty() && taker.failed.is_none());
    drop(taker);
}
