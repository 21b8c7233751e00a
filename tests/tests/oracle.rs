//! Decoder, ledger, panes and volumes against the naive oracle: equal to the milligram on every as-of day, and the same
//! in any order of arrival. The golden streams hold both to figures that neither computed.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, LazyLock};

use headwater_catalog::Catalog;
use headwater_tests::oracle::{COLUMNS, Oracle, Split, Tally};
use headwater_tests::product;
use headwater_tests::streams::{FIRST, KNOWN, OVERLAY, Shape, stream};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

static CATALOG: LazyLock<Arc<Catalog>> =
    LazyLock::new(|| Arc::new(Catalog::embedded().with_overlay("overlay.toml", OVERLAY).unwrap()));

/// A stream names at most this many events. Few, so that revisions, repeats and windows meet.
const EVENTS: usize = 10;

fn tally(window: &headwater_window::Window) -> Tally {
    let c = window.counts;
    Tally {
        read: c.read,
        accepted: c.accepted,
        duplicate: c.duplicate,
        superseded: c.superseded,
        rejected: c.rejected,
        conflict: c.conflict,
    }
}

fn split() -> impl Strategy<Value = Split> {
    (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.3))
        .prop_map(|(place, access, flagged, known_on)| Split { place, access, flagged, known_on })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn volumes_equal_the_oracles_on_every_day(
        lines in stream(Shape { events: EVENTS, conflicts: true }),
        split in split(),
        batch in 1..9usize,
    ) {
        let oracle = Oracle::of(lines.iter().map(String::as_str), &KNOWN);
        let window = product::window(&CATALOG, &lines, batch);
        prop_assert_eq!(tally(&window), oracle.tally());
        let days = oracle.known_days();
        prop_assert_eq!(product::volumes(&window, &days, split), oracle.volumes(&days, split));
        prop_assert!(product::volumes(&window, &[FIRST - 2], split).is_empty(), "before anything was known");
    }

    #[test]
    fn any_order_of_arrival_ends_in_the_same_panes(
        (lines, other) in stream(Shape { events: EVENTS, conflicts: false })
            .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
    ) {
        let (one, two) = (product::window(&CATALOG, &lines, 4), product::window(&CATALOG, &other, 7));
        prop_assert_eq!(tally(&one).conflict, 0);
        let all = Split { place: true, access: true, flagged: true, known_on: true };
        let days = Oracle::of(lines.iter().map(String::as_str), &KNOWN).known_days();
        prop_assert_eq!(product::volumes(&one, &days, all), product::volumes(&two, &days, all));
    }
}

/// The streams hold what the comparison is about.
#[test]
fn streams_hold_every_class_of_record() {
    let mut runner = TestRunner::deterministic();
    let streams = stream(Shape { events: EVENTS, conflicts: true });
    let mut sum = Tally::default();
    let mut flagged = 0;
    for _ in 0..50 {
        let lines = streams.new_tree(&mut runner).unwrap().current();
        let oracle = Oracle::of(lines.iter().map(String::as_str), &KNOWN);
        let t = oracle.tally();
        assert_eq!(t.read, t.accepted + t.duplicate + t.superseded + t.rejected);
        sum = Tally {
            read: sum.read + t.read,
            accepted: sum.accepted + t.accepted,
            duplicate: sum.duplicate + t.duplicate,
            superseded: sum.superseded + t.superseded,
            rejected: sum.rejected + t.rejected,
            conflict: sum.conflict + t.conflict,
        };
        let split = Split { flagged: true, ..Split::default() };
        let rows = oracle.volumes(&oracle.known_days(), split);
        flagged += rows.iter().filter(|row| row.contains(",true,")).count();
    }
    let least = sum.read / 100;
    assert!([sum.duplicate, sum.superseded, sum.rejected, sum.conflict].iter().all(|n| *n > least), "{sum:?}");
    assert!(sum.accepted > sum.read / 4 && flagged > 100, "{sum:?}, {flagged} flagged rows");
}

/// `golden/NAME.ndjson` with the volumes that its records mean, worked out by hand, on the days that the file names.
fn golden(name: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    let read = |extension: &str| std::fs::read_to_string(format!("{folder}/{name}.{extension}")).unwrap();
    let (records, expected) = (read("ndjson"), read("csv"));
    let lines: Vec<&str> = records.lines().collect();
    let oracle = Oracle::of(lines.iter().copied(), &KNOWN);
    let window = product::window(&CATALOG, &lines, 3);
    let mut expected = expected.lines();
    assert_eq!(expected.next(), Some(COLUMNS));
    let expected: Vec<&str> = expected.collect();
    let days = oracle.known_days();
    let all = Split { place: true, access: true, flagged: true, known_on: false };
    assert_eq!(oracle.volumes(&days, all), expected, "the oracle and {name}.csv");
    assert_eq!(product::volumes(&window, &days, all), expected, "the product and {name}.csv");
}

#[test]
fn corrections_count_under_their_own_days() {
    golden("corrections");
}

#[test]
fn units_are_exact_to_the_milligram() {
    golden("units");
}

#[test]
fn periods_and_windows_meet() {
    golden("periods");
}
