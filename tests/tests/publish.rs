//! The publisher, the ownership and the topics on a real Apache Kafka, seen by a reader that is not ours.
#![allow(clippy::unwrap_used)]
#![expect(clippy::disallowed_methods, reason = "it waits for other processes")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_ingest::{
    Admin, Committed, GroupOffset, GroupOffsets, IngestError, KafkaReader, KafkaSettings, OutRecord, Ownership,
    OwnershipSettings, Partitioner, PublishError, Publisher, PublisherSettings, SourceEvent, SourceTopic, Term,
    TopicWish,
};
use headwater_model::{Input, Offset, Partition};
use headwater_tests::broker::Broker;
use serde_json::{Value, json};

/// How long anything may take before the test gives up: a loaded machine, not a slow product.
const PATIENCE: Duration = Duration::from_secs(120);

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn named(id: &str, brokers: &str, client: Vec<(String, String)>) -> PublisherSettings {
    PublisherSettings { brokers: brokers.to_owned(), client, transactional_id: id.to_owned() }
}

fn publisher(kafka: &Broker, id: &str) -> Publisher {
    Publisher::start(&named(id, kafka.brokers(), Vec::new()), PATIENCE).unwrap()
}

fn record(topic: &str, partition: i32, key: &str, value: Option<&str>) -> OutRecord {
    OutRecord {
        topic: topic.into(),
        partition: Some(Partition(partition)),
        key: key.into(),
        value: value.map(Into::into),
        headers: Vec::new(),
    }
}

/// Key and value of each row.
fn pairs(rows: &[Value]) -> Vec<(&str, &str)> {
    rows.iter().map(|row| (row["key"].as_str().unwrap(), row["value"].as_str().unwrap())).collect()
}

fn wish(name: &str, partitions: u32, compacted: bool) -> TopicWish {
    TopicWish { name: name.into(), partitions, compacted }
}

#[test]
fn topics_are_made_when_missing_and_left_alone_when_there() {
    let kafka = Broker::shared();
    let admin = Admin::start(kafka.brokers(), &[]).unwrap();
    kafka.topic("t-there", 5, &["cleanup.policy=delete"]);
    let wishes = [wish("t-there", 2, true), wish("t-volumes", 3, true), wish("t-rejects", 2, false)];
    admin.ensure_topics(&wishes, PATIENCE).unwrap();
    admin.ensure_topics(&wishes, PATIENCE).unwrap();
    let found = wishes.map(|wish| admin.partitions(&wish.name, PATIENCE).unwrap());
    assert_eq!(found, [Some(5), Some(3), Some(2)]);
    assert_eq!(admin.partitions("t-nowhere", PATIENCE).unwrap(), None);
    let policies = ["t-there", "t-volumes", "t-rejects"].map(|topic| kafka.foreign("policy.py", &[topic]));
    assert_eq!(policies, ["delete", "compact", "delete"]);
}

#[test]
fn a_transaction_is_seen_whole_or_not_at_all() {
    let kafka = Broker::shared();
    kafka.topic("t-all", 3, &["cleanup.policy=compact"]);
    kafka.topic("t-small", 1, &["max.message.bytes=1000"]);
    let mut publisher = publisher(&kafka, "all");

    publisher.publish::<OutRecord>(&[], None).unwrap();
    let mut with_headers = record("t-all", 2, "b", Some("2"));
    with_headers.headers = vec![("reason", b"bad_date".to_vec()), ("field", Vec::new())];
    let mut placed_by_key = record("t-all", 0, "c", Some("3"));
    placed_by_key.partition = None;
    let first = [record("t-all", 1, "a", Some("1")), with_headers, placed_by_key];
    publisher.publish(&first, None).unwrap();
    let rows = kafka.last_values("t-all");
    let mut seen = pairs(&rows);
    seen.sort_unstable();
    assert_eq!(seen, [("a", "1"), ("b", "2"), ("c", "3")]);
    let b = rows.iter().find(|row| row["key"] == "b").unwrap();
    assert_eq!((&b["partition"], &b["headers"]), (&json!(2), &json!({"reason": "bad_date", "field": ""})));
    // Where the Java client's murmur2 places the key among 3 partitions; librdkafka's own crc32 says 0.
    assert_eq!(rows.iter().find(|row| row["key"] == "c").unwrap()["partition"], 1);

    // A record that the client refuses, and one that the broker refuses: nothing of either transaction is seen.
    let huge = "x".repeat(2_000_000);
    let refused = [record("t-all", 1, "a", Some("never")), record("t-all", 1, "d", Some(&huge))];
    assert!(matches!(publisher.publish(&refused, None), Err(PublishError::Fatal { .. })));
    // So that no compression makes it small.
    let large: String = (0..2_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let refused = [record("t-all", 1, "a", Some("never")), record("t-small", 0, "d", Some(&large))];
    let error = publisher.publish(&refused, None).unwrap_err();
    assert!(matches!(&error, PublishError::Fatal { message } if message.contains("t-small")), "{error}");
    assert_eq!(kafka.last_values("t-all"), rows);
    assert!(publisher.usable());

    // It goes on, with tombstones, and many at once.
    let many: Vec<OutRecord> =
        (0..10_000).map(|n| record("t-all", n % 3, &format!("many-{n}"), Some(&"y".repeat(300)))).collect();
    publisher.publish(&many, None).unwrap();
    let gone: Vec<OutRecord> = (0..10_000).map(|n| record("t-all", n % 3, &format!("many-{n}"), None)).collect();
    publisher.publish(&gone[1..], None).unwrap();
    publisher.publish(&[record("t-all", 1, "a", Some("4")), record("t-all", 2, "b", None)], None).unwrap();
    let rows = kafka.last_values("t-all");
    let mut seen: Vec<&str> = pairs(&rows).into_iter().map(|(key, _)| key).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["a", "c", "many-0"]);
    assert_eq!(kafka.records("t-all").iter().filter(|row| row["value"] == "never").count(), 0);
}

#[test]
fn a_newer_producer_of_the_same_id_fences_the_older() {
    let kafka = Broker::shared();
    kafka.topic("t-fixed", 1, &["cleanup.policy=compact"]);
    let mut older = publisher(&kafka, "fixed");
    older.publish(&[record("t-fixed", 0, "k", Some("older"))], None).unwrap();
    let mut newer = publisher(&kafka, "fixed");
    newer.publish(&[record("t-fixed", 0, "k", Some("newer"))], None).unwrap();

    let zombie = older.publish(&[record("t-fixed", 0, "k", Some("zombie"))], None);
    assert!(matches!(zombie, Err(PublishError::Fenced { .. })), "{zombie:?}");
    assert!(!older.usable());
    assert!(older.publish(&[record("t-fixed", 0, "k", Some("zombie"))], None).is_err());
    assert_eq!(pairs(&kafka.last_values("t-fixed")), [("k", "newer")]);
    newer.publish(&[record("t-fixed", 0, "k", Some("newest"))], None).unwrap();
    assert_eq!(pairs(&kafka.records("t-fixed")), [("k", "older"), ("k", "newer"), ("k", "newest")]);
}

/// A member of a group that starts what it is given and releases what it must.
struct Worker {
    reader: KafkaReader,
    owned: BTreeMap<Input, Term>,
    terms: u64,
}

impl Worker {
    fn join(kafka: &Broker, group: &str, topic: &str) -> Worker {
        let topics = vec![SourceTopic {
            source: "trade".into(),
            topic: topic.into(),
            partitioner: Partitioner::Any,
            partitions: None,
            on_gap_skip: false,
        }];
        let client = vec![("session.timeout.ms".to_owned(), "6000".to_owned())];
        let settings =
            KafkaSettings { brokers: kafka.brokers().into(), group: group.into(), instance: None, client, topics };
        Worker { reader: KafkaReader::join(&settings).unwrap(), owned: BTreeMap::new(), terms: 0 }
    }

    fn turn(&mut self) {
        match self.reader.next(Duration::from_millis(20)) {
            Some(SourceEvent::Assigned(given)) => {
                for assignment in given {
                    self.terms += 1;
                    self.reader.start(&assignment.input, None, Term(self.terms));
                    self.owned.insert(assignment.input, Term(self.terms));
                }
            }
            Some(SourceEvent::Revoked { inputs, .. }) => {
                self.owned.retain(|input, _| !inputs.contains(input));
                self.reader.release(&inputs);
            }
            Some(SourceEvent::Failed(error) | SourceEvent::Stopped { error, .. }) => panic!("{error}"),
            _ => {}
        }
    }

    fn offsets(&self, topic: &str, positions: &[(i32, i64, &str)]) -> GroupOffsets {
        let positions = positions
            .iter()
            .map(|(partition, next, metadata)| GroupOffset {
                topic: topic.into(),
                partition: Partition(*partition),
                next: Offset(*next),
                metadata: (*metadata).to_owned(),
            })
            .collect();
        GroupOffsets { metadata: self.reader.membership().group_metadata().unwrap(), positions }
    }

    fn committed(&self) -> Vec<(i64, String)> {
        let inputs = [0, 1].map(|n| Input { source: "trade".into(), partition: Partition(n) });
        let found = self.reader.committed(&inputs, PATIENCE).unwrap();
        found.into_values().map(|Committed { offset, metadata }| (offset.0, metadata)).collect()
    }
}

#[test]
fn a_zombie_of_an_earlier_generation_publishes_nothing() {
    let kafka = Broker::shared();
    let (input, out) = ("t-input", "t-out");
    kafka.topic(input, 2, &[]);
    kafka.topic(out, 2, &["cleanup.policy=compact"]);
    let (mut producer_a, mut producer_b) = (publisher(&kafka, "a"), publisher(&kafka, "b"));
    let mut a = Worker::join(&kafka, "zombies", input);
    until("A owns both", || {
        a.turn();
        a.owned.len() == 2
    });
    let first = [record(out, 0, "0", Some("a1")), record(out, 1, "1", Some("a1"))];
    producer_a.publish(&first, Some(&a.offsets(input, &[(0, 5, "epoch=17"), (1, 7, "epoch=4")]))).unwrap();
    assert_eq!(a.committed(), [(5, "epoch=17".to_owned()), (7, "epoch=4".to_owned())]);
    // Offsets alone are a transaction too.
    producer_a.publish::<OutRecord>(&[], Some(&a.offsets(input, &[(0, 6, "epoch=18")]))).unwrap();

    // A has read the group's metadata and sleeps; B comes, takes one over and publishes the next epoch of it.
    let asleep = a.offsets(input, &[(0, 9, "epoch=19"), (1, 9, "epoch=5")]);
    let mut b = Worker::join(&kafka, "zombies", input);
    until("each owns one", || {
        a.turn();
        b.turn();
        a.owned.len() == 1 && b.owned.len() == 1
    });
    let given = b.owned.keys().next().unwrap().partition.0;
    let kept = 1 - given;
    let next = [record(out, given, &given.to_string(), Some("b2"))];
    producer_b.publish(&next, Some(&b.offsets(input, &[(given, 8, "epoch=20")]))).unwrap();

    let late = [record(out, 0, "0", Some("zombie")), record(out, 1, "1", Some("zombie"))];
    let zombie = producer_a.publish(&late, Some(&asleep));
    assert!(matches!(zombie, Err(PublishError::Generation { .. })), "{zombie:?}");
    let rows = kafka.last_values(out);
    assert_eq!(rows.iter().filter(|row| row["value"] == "zombie").count(), 0, "{rows:?}");
    let value = |rows: &[Value], n: i32| rows.iter().find(|row| row["partition"] == n).unwrap()["value"].clone();
    assert_eq!((value(&rows, given), value(&rows, kept)), (json!("b2"), json!("a1")));
    assert_eq!(b.committed()[usize::try_from(given).unwrap()], (8, "epoch=20".to_owned()));

    // What is still its own it publishes by the same producer, with metadata read anew.
    let again = [record(out, kept, &kept.to_string(), Some("a2"))];
    producer_a.publish(&again, Some(&a.offsets(input, &[(kept, 9, "epoch=21")]))).unwrap();
    let rows = kafka.last_values(out);
    assert_eq!((value(&rows, given), value(&rows, kept)), (json!("b2"), json!("a2")));

    // A member that left is nobody.
    let left = a.offsets(input, &[(kept, 10, "epoch=22")]);
    drop(a.reader);
    let zombie = producer_a.publish(&again, Some(&left));
    assert!(matches!(zombie, Err(PublishError::Generation { .. })), "{zombie:?}");
    assert_eq!(b.committed()[usize::try_from(kept).unwrap()], (9, "epoch=21".to_owned()));
}

fn ownership(kafka: &Broker, group: &str) -> Ownership {
    let client = vec![("session.timeout.ms".to_owned(), "6000".to_owned())];
    let topic = "t-owned".to_owned();
    Ownership::start(&OwnershipSettings { brokers: kafka.brokers().into(), client, group: group.into(), topic })
        .unwrap()
}

#[test]
fn an_ownership_moves_when_its_owner_leaves_or_dies() {
    let kafka = Broker::shared();
    let admin = Admin::start(kafka.brokers(), &[]).unwrap();
    admin.ensure_topics(&[wish("t-owned", 1, false)], PATIENCE).unwrap();

    // A foreign owner, that it may be killed.
    let mut foreign = kafka.foreign_process("member.py", &["owners", "t-owned"]);
    assert_eq!(foreign.line(), "0");
    let standby = ownership(&kafka, "owners");
    until("the members are two", || kafka.foreign("members.py", &["owners"]) == "2");
    assert!(!standby.owned());
    drop(foreign);
    until("the standby owns", || standby.owned());
    assert_eq!(standby.tenure(), Some(1));

    // One that joins does not move it; one that leaves does.
    let next = ownership(&kafka, "owners");
    let third = ownership(&kafka, "owners");
    until("the members are three", || kafka.foreign("members.py", &["owners"]) == "3");
    assert!(standby.owned() && !next.owned() && !third.owned());
    drop(standby);
    until("another owns", || next.owned() || third.owned());
    assert!(next.owned() != third.owned());
}

#[test]
fn a_broker_that_goes_away_costs_nothing_and_doubles_nothing() {
    let kafka = Broker::start();
    kafka.topic("t-broker", 1, &["cleanup.policy=compact"]);
    let mut producer = publisher(&kafka, "broker");
    producer.publish(&[record("t-broker", 0, "k", Some("1"))], None).unwrap();
    kafka.stop();
    let error = producer.publish(&[record("t-broker", 0, "k", Some("2"))], None).unwrap_err();
    assert!(matches!(error, PublishError::Retriable { .. } | PublishError::Undecided { .. }), "{error}");
    let nobody = Publisher::start(&named("broker", kafka.brokers(), Vec::new()), Duration::from_secs(1));
    assert!(matches!(nobody, Err(PublishError::Retriable { .. })), "{:?}", nobody.err());
    let admin = Admin::start(kafka.brokers(), &[]).unwrap();
    let nobody = admin.ensure_topics(&[wish("t-other", 1, true)], Duration::from_secs(1)).unwrap_err();
    assert!(matches!(nobody, IngestError::Unreachable { .. }), "{nobody}");
    kafka.again();
    until("it is published", || {
        if !producer.usable() {
            producer = publisher(&kafka, "broker");
        }
        producer.publish(&[record("t-broker", 0, "k", Some("3"))], None).is_ok()
    });
    let rows = kafka.records("t-broker");
    assert_eq!(pairs(&rows), [("k", "1"), ("k", "3")]);
}

#[cfg(feature = "tls")]
#[test]
fn by_tls_and_sasl_it_is_published_read_and_refused() {
    let kafka = Broker::shared();
    let plain = kafka.secure("PLAIN", "plain", "plain-secret");
    let admin = Admin::start(&plain.brokers, &plain.client).unwrap();
    admin.ensure_topics(&[wish("t-secure", 1, true), wish("t-owned", 1, false)], PATIENCE).unwrap();
    for (mechanism, user) in [("PLAIN", "plain"), ("SCRAM-SHA-256", "scram"), ("SCRAM-SHA-512", "scram")] {
        let way = kafka.secure(mechanism, user, &format!("{user}-secret"));
        let settings = named(mechanism, &way.brokers, way.client.clone());
        let mut publisher = Publisher::start(&settings, PATIENCE).unwrap();
        publisher.publish(&[record("t-secure", 0, "k", Some(mechanism))], None).unwrap();
        assert_eq!(kafka.records_by(&way, "t-secure").last().unwrap()["value"], mechanism);
        let (brokers, client) = (way.brokers.clone(), way.client.clone());
        let (group, topic) = (format!("secure-{mechanism}"), "t-owned".to_owned());
        let ownership = Ownership::start(&OwnershipSettings { brokers, client, group, topic }).unwrap();
        until("it is owned by TLS", || ownership.owned());

        let way = kafka.secure(mechanism, user, "wrong");
        let refused = Publisher::start(&named("wrong", &way.brokers, way.client), Duration::from_secs(3));
        let words = refused.err().unwrap().to_string();
        assert!(words.contains("uthentication"), "{words}");
        assert!(!words.contains("wrong-secret"), "{words}");
    }

    // Another's certificate.
    let mut stranger = plain.clone();
    stranger.client.retain(|(name, _)| name != "ssl.ca.location");
    let refused = Publisher::start(&named("wrong", &stranger.brokers, stranger.client), Duration::from_secs(3));
    let words = refused.err().unwrap().to_string();
    assert!(words.contains("certificate"), "{words}");

    // One who may nothing is told what is missing.
    let guest = kafka.secure("PLAIN", "guest", "guest-secret");
    let refused = Publisher::start(&named("guest", &guest.brokers, guest.client.clone()), PATIENCE);
    assert!(matches!(refused, Err(PublishError::Fatal { .. })), "{:?}", refused.err());
    let admin = Admin::start(&guest.brokers, &guest.client).unwrap();
    let words = admin.ensure_topics(&[wish("t-guest", 4, true)], PATIENCE).unwrap_err().to_string();
    assert!(words.contains("t-guest") && words.contains("4 partitions"), "{words}");
}
