//! One reader: where it begins, where it ends, what it says of the records.

use super::*;

#[test]
fn nothing_comes_before_it_is_started_and_then_all_of_it() {
    let cluster = cluster(2);
    let brokers = cluster.bootstrap_servers();
    let big = 2_000_000;
    produce(&brokers, [of("a", 0, 3), ("a", 1, None, None), of("a", 0, 0), of("b", 1, big)]);
    produce(&brokers, (0..30_000).map(|n| of("b", 0, n % 100)));

    let mut taker = Taker::new(&settings(&brokers, &["a", "b"]));
    taker.answers = false;
    taker.until("assigned", |taker| taker.owned.len() == 4);
    assert!(taker.partitions.values().all(|partitions| *partitions == 2));
    taker.during(WHILE);
    assert!(taker.records.is_empty() && taker.at_end.is_empty());

    taker.progress.insert(input("B/0"), at(10_000));
    for text in ["A/0", "A/1", "B/0", "B/1"] {
        taker.start(&input(text));
    }
    taker.catch_up(4);
    assert_eq!(taker.records_of("A/0"), [(0, 3), (1, 0)]);
    assert_eq!(taker.records_of("A/1"), [(0, 0)]);
    assert_eq!(taker.records_of("B/1"), [(0, big)]);
    assert!(taker.records_of("B/0") == (10_000..30_000).map(|n| (n, n as usize % 100)).collect::<Vec<_>>());
    assert_eq!(taker.to.values().copied().collect::<Vec<_>>(), [2, 1, 30_000, 1]);
    assert_eq!(taker.reader.rights().hold().len(), 4);

    // Something new comes, and that alone.
    taker.records.clear();
    produce(&brokers, [of("a", 1, 7)]);
    taker.until("the new record", |taker| !taker.records.is_empty());
    taker.catch_up(4);
    assert_eq!(taker.records, BTreeMap::from([(input("A/1"), vec![(1, 7)])]));
}

#[test]
fn an_empty_partition_is_at_its_end_and_says_so_again() {
    let cluster = cluster(1);
    let mut taker = Taker::new(&settings(&cluster.bootstrap_servers(), &["a"]));
    taker.until("thrice at its end", |taker| taker.at_end.get(&input("A/0")).is_some_and(|said| *said >= 3));
    assert!(taker.records.is_empty());
}

#[test]
fn a_stopped_input_lies_still_and_starts_anew_where_it_is_told() {
    let cluster = cluster(1);
    let brokers = cluster.bootstrap_servers();
    produce(&brokers, (0..5).map(|n| of("a", 0, n)));
    let mut taker = Taker::new(&settings(&brokers, &["a"]));
    taker.catch_up(1);
    let input = input("A/0");
    taker.reader.stop(&input);
    taker.until("no more said", |taker| taker.at_end.contains_key(&input));
    produce(&brokers, [of("a", 0, 9)]);
    taker.during(WHILE);
    assert_eq!(taker.records_of("A/0").len(), 5);
    assert!(taker.reader.rights().hold().contains_key(&input), "it is still its own");

    taker.records.clear();
    taker.progress.insert(input.clone(), at(3));
    taker.start(&input);
    taker.catch_up(1);
    assert_eq!(taker.records_of("A/0"), [(3, 3), (4, 4), (5, 9)]);
    // Anew while it is read.
    taker.records.clear();
    taker.progress.insert(input.clone(), at(1));
    taker.start(&input);
    taker.catch_up(1);
    assert_eq!(taker.records_of("A/0"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 9)]);
}

#[test]
fn a_log_that_lacks_what_comes_next_stops_that_input_alone() {
    let cluster = cluster(3);
    let brokers = cluster.bootstrap_servers();
    // The mock keeps at most 5 MiB of a partition.
    for partition in [0, 1] {
        produce(&brokers, (0..80).map(|_| of("a", partition, 100_000)));
    }
    produce(&brokers, [of("a", 2, 1)]);
    let mut set = settings(&brokers, &["a"]);
    let mut taker = Taker::new(&set);
    taker.progress = BTreeMap::from([(input("A/0"), at(0)), (input("A/2"), at(2))]);
    taker.until("both stopped", |taker| taker.stopped.len() == 2 && taker.at_end.contains_key(&input("A/1")));
    taker.stopped.sort_by(|a, b| a.0.cmp(&b.0));
    let (first, second) = (&taker.stopped[0], &taker.stopped[1]);
    assert_eq!((&first.0, &second.0), (&input("A/0"), &input("A/2")));
    let IngestError::LogStart { wanted: 0, low, .. } = first.1 else { panic!("{}", first.1) };
    assert!(low > 0 && matches!(second.1, IngestError::LogEnd { wanted: 2, high: 1, .. }));
    // From the beginning means from what is left.
    let left = taker.records_of("A/1");
    let first = left[0].0;
    assert!(first > 0, "the mock kept everything");
    assert_eq!(left.len() as i64, 80 - first);
    assert_eq!(taker.to[&input("A/1")], 80);
    assert!(taker.records_of("A/0").is_empty() && taker.records_of("A/2").is_empty());
    drop(taker);

    set.topics[0].on_gap_skip = true;
    let mut taker = Taker::new(&set);
    taker.progress = BTreeMap::from([(input("A/0"), at(0))]);
    taker.catch_up(3);
    assert_eq!(taker.records_of("A/0").first().map(|record| record.0), Some(low));
}

#[test]
fn placement_is_counted_and_where_it_is_enforced_listed() {
    let cluster = cluster(2);
    let brokers = cluster.bootstrap_servers();
    // Of two partitions, murmur2 puts "21" (-973932308) into 0, and CRC-32 "abc" (0x352441c2) into 0 but murmur2 into 1.
    let key = |key: &str| Some(key.as_bytes().to_vec());
    let payload = || Some(b"{}".to_vec());
    produce(
        &brokers,
        [("a", 0, key("abc"), payload()), ("a", 0, None, payload()), ("a", 0, key("21"), payload()), of("b", 0, 2)],
    );
    let mut set = settings(&brokers, &["a", "b"]);
    set.topics[0].partitioner = Partitioner::Murmur2;
    let mut taker = Taker::new(&set);
    taker.catch_up(4);
    assert_eq!(taker.misrouted[&input("A/0")], [0, 1]);
    assert_eq!(taker.misrouted[&input("B/0")], [0_i64; 0]);
    let placements = taker.reader.placements();
    let a = placements["a"];
    assert_eq!((a.crc32, a.murmur2 + a.both, a.no_key, a.other), (1, 1, 1, 0));
    assert_eq!(placements["b"], Placements { no_key: 1, ..Placements::default() });
}

#[test]
fn another_number_of_partitions_than_the_store_holds_stops_that_topic_alone() {
    let cluster = cluster(2);
    let brokers = cluster.bootstrap_servers();
    produce(&brokers, [of("a", 0, 1), of("b", 0, 1)]);
    let mut set = settings(&brokers, &["a", "b"]);
    set.topics[0].partitions = Some(1);
    set.topics[1].partitions = Some(2);
    let mut taker = Taker::new(&set);
    taker.until("told", |taker| !taker.grown.is_empty());
    taker.catch_up(2);
    taker.during(WHILE);
    assert_eq!(taker.grown, [("A".to_owned(), 1, 2)]);
    assert_eq!(taker.owned.iter().map(Input::to_string).collect::<Vec<_>>(), ["B/0", "B/1"]);
    assert_eq!(taker.records_of("B/0"), [(0, 1)]);
}

#[test]
fn offsets_are_committed_with_what_is_noted_beside_them() {
    let cluster = cluster(2);
    let mut taker = Taker::new(&settings(&cluster.bootstrap_servers(), &["a"]));
    taker.catch_up(2);
    let inputs = [input("A/0"), input("A/1")];
    assert_eq!(taker.reader.committed(&inputs, LONG).unwrap(), BTreeMap::new());
    let positions = BTreeMap::from([(input("A/1"), Committed { offset: Offset(7), metadata: "epoch 3".to_owned() })]);
    taker.reader.commit(&positions, LONG).unwrap();
    assert_eq!(taker.reader.committed(&inputs, LONG).unwrap(), positions);
    assert!(taker.reader.membership().group_metadata().is_some());
    assert!(taker.reader.commit(&BTreeMap::new(), Duration::ZERO).is_ok());
    let foreign = [(input("C/0"), positions[&inputs[1]].clone())];
    assert!(taker.reader.commit(&BTreeMap::from(foreign), LONG).unwrap_err().to_string().contains("C/0"));
}
