//! Several readers in one group.

use rdkafka::mocking::MockCoordinator;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::*;

/// Takes what comes to two takers until something holds.
fn until(a: &mut Taker, b: &mut Taker, what: &str, holds: impl Fn(&Taker, &Taker) -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds(a, b) {
        assert!(Instant::now() < deadline, "never: {what}; failed: {:?} {:?}", a.failed, b.failed);
        a.step(Duration::from_millis(20));
        b.step(Duration::from_millis(20));
    }
}

#[test]
fn partitions_move_one_by_one_and_come_back() {
    let cluster = cluster(4);
    let brokers = cluster.bootstrap_servers();
    produce(&brokers, (0..40).map(|n| of("a", n % 4, n as usize)));
    let mut a = Taker::new(&settings(&brokers, &["a"]));
    a.catch_up(4);

    let mut b = Taker::new(&settings(&brokers, &["a"]));
    (a.answers, b.answers) = (false, false);
    until(&mut a, &mut b, "two of a's are revoked", |a, _| a.owned.len() == 2);
    assert!(b.owned.is_empty(), "they are given on once they are released");
    let (gone, lost) = a.revoked.pop().unwrap();
    assert_eq!((gone.len(), lost, a.revoked.len()), (2, false, 0));
    assert_eq!(a.reader.rights().hold().keys().cloned().collect::<Vec<_>>(), Vec::from_iter(a.owned.clone()));
    a.reader.release(&gone);
    until(&mut a, &mut b, "b has them", |_, b| b.owned.len() == 2);
    assert_eq!(Vec::from_iter(b.owned.clone()), gone);

    // What b reads it reads from where a ended; a reads its own without a break.
    for input in &gone {
        b.progress.insert(input.clone(), at(a.to[input]));
        b.start(input);
    }
    a.records.clear();
    produce(&brokers, (0..4).map(|partition| of("a", partition, 99)));
    until(&mut a, &mut b, "all have read what is new", |a, b| a.records.len() == 2 && b.records.len() == 2);
    for (input, records) in a.records.iter().chain(&b.records) {
        assert_eq!(records, &[(10, 99)], "{input}");
    }

    a.answers = true;
    a.records.clear();
    drop(b);
    for input in &gone {
        a.progress.insert(input.clone(), at(11));
    }
    a.until("a has all of them again", |a| a.owned.len() == 4);
    a.catch_up(4);
    assert!(a.records.is_empty() && a.revoked.is_empty());
}

#[test]
fn a_transaction_that_is_open_delays_the_revoke() {
    let cluster = cluster(2);
    let brokers = cluster.bootstrap_servers();
    let mut a = Taker::new(&settings(&brokers, &["a"]));
    a.catch_up(2);
    let rights = a.reader.rights();
    let held = rights.hold();
    assert_eq!(held.len(), 2);
    let mut b = Taker::new(&settings(&brokers, &["a"]));
    // The transaction asks for the group's metadata while the thread that polls waits for it.
    let one = |a: &KafkaReader| assert!(a.membership().group_metadata().is_some());
    for _ in 0..30 {
        assert!(!matches!(a.reader.next(Duration::from_millis(100)), Some(SourceEvent::Revoked { .. })));
        one(&a.reader);
        b.step(Duration::ZERO);
    }
    assert!(b.owned.is_empty());
    drop(held);
    until(&mut a, &mut b, "one of a's goes to b", |a, b| a.owned.len() == 1 && b.owned.len() == 1);
    assert_eq!(a.revoked.len(), 1);
}

#[test]
fn a_taker_that_does_not_answer_delays_the_group_only_so_long() {
    let cluster = cluster(2);
    let brokers = cluster.bootstrap_servers();
    let mut a = Taker::new(&settings(&brokers, &["a"]));
    a.catch_up(2);
    a.answers = false;
    let mut b = Taker::new(&settings(&brokers, &["a"]));
    until(&mut a, &mut b, "b has one", |a, b| a.owned.len() == 1 && b.owned.len() == 1);
    b.catch_up(1);
}

#[test]
fn a_member_that_was_put_out_loses_its_rights_and_is_told_so() {
    let cluster = cluster(2);
    let mut taker = Taker::new(&settings(&cluster.bootstrap_servers(), &["a"]));
    taker.catch_up(2);
    let terms = taker.terms.clone();
    cluster.request_errors(RDKafkaApiKey::Heartbeat, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID]);
    taker.until("lost", |taker| taker.revoked.len() == 1);
    let (inputs, lost) = taker.revoked[0].clone();
    assert_eq!((inputs, lost), (vec![input("A/0"), input("A/1")], true));
    taker.catch_up(2);
    for (input, term) in taker.reader.rights().hold().iter() {
        assert!(*term > terms[input], "a start of the new assignment");
    }
}

#[test]
fn a_full_queue_costs_no_membership_and_no_record() {
    let cluster = cluster(6);
    let brokers = cluster.bootstrap_servers();
    // The mock keeps 5 MiB of a partition: 24 MB in all are more than may wait.
    let records = || (0..6).flat_map(|partition| (0..40).map(move |_| of("a", partition, 100_000)));
    produce(&brokers, records());
    let mut set = settings(&brokers, &["a"]);
    set.client.push(("session.timeout.ms".into(), "4000".into()));
    set.client.push(("max.poll.interval.ms".into(), "4000".into()));
    let mut a = Taker::new(&set);
    a.until("assigned", |a| a.owned.len() == 6);
    // Longer than a member may go without polling.
    thread::sleep(Duration::from_secs(6));
    // It is still a member, and answers a rebalance, though its taker takes nothing: so another gets some of them.
    let mut b = Taker::new(&set);
    b.until("b has half", |b| b.owned.len() == 3);
    b.catch_up(3);
    a.catch_up(3);
    assert_eq!((a.revoked.len(), a.revoked[0].1), (1, false));
    for input in &a.owned {
        assert!(a.records[input].iter().map(|record| record.0).eq(0..40), "{input}");
    }
    for input in &b.owned {
        assert!(b.records[input].iter().map(|record| record.0).eq(0..40), "{input}");
    }
}

#[test]
fn a_member_with_a_name_comes_back_to_its_partitions() {
    let cluster = cluster(2);
    cluster.coordinator(MockCoordinator::Group("g".into()), 1).unwrap();
    let mut set = settings(&cluster.bootstrap_servers(), &["a"]);
    set.instance = Some("one".into());
    let mut taker = Taker::new(&set);
    taker.catch_up(2);
    drop(taker);
    let mut taker = Taker::new(&set);
    taker.catch_up(2);
}
