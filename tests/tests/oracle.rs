//! Decoder, ledger, panes and volumes against the naive oracle: equal to the milligram on every as-of day, and the same
//! in any order of arrival. The golden streams hold both to figures that neither computed.

use std::sync::{Arc, LazyLock};

use headwater_catalog::Catalog;
use headwater_model::Day;
use headwater_tests::oracle::{COLUMNS, Oracle, Split, Tally};
use headwater_tests::product;
use headwater_tests::streams::{FIRST, KNOWN, Shape, stream};
use proptest::prelude::*;

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(Catalog::embedded);

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
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn volumes_equal_the_oracles_on_every_day(
        lines in stream(Shape { events: EVENTS, conflicts: true }),
        split in split(),
        batch in 1..9usize,
    ) {
        let oracle = Oracle::of(lines.iter().map(String::as_str), &KNOWN);
        let window = product::window(&CATALOG, &lines, batch);
        prop_assert_eq!(tally(&window), oracle.tally());
        for day in oracle.known_days() {
            prop_assert_eq!(product::volumes(&window, day, split), oracle.volumes(day, split), "as of {}", day);
        }
        prop_assert!(product::volumes(&window, FIRST - 2, split).is_empty(), "before anything was known");
    }

    #[test]
    fn any_order_of_arrival_ends_in_the_same_panes(
        (lines, other) in stream(Shape { events: EVENTS, conflicts: false })
            .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
    ) {
        let (one, two) = (product::window(&CATALOG, &lines, 4), product::window(&CATALOG, &other, 7));
        prop_assert_eq!(tally(&one).conflict, 0);
        let all = Split { place: true, access: true, flagged: true, known_on: true };
        for day in Oracle::of(lines.iter().map(String::as_str), &KNOWN).known_days() {
            prop_assert_eq!(product::volumes(&one, day, all), product::volumes(&two, day, all), "as of {}", day);
        }
    }
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
    assert_eq!(expected.next(), Some(format!("as_of,{COLUMNS}").as_str()));
    let expected: Vec<&str> = expected.collect();
    let days: Vec<Day> = oracle.known_days();
    let told = |volumes: &dyn Fn(Day) -> Vec<String>| -> Vec<String> {
        days.iter().flat_map(|day| volumes(*day).into_iter().map(move |row| format!("{day},{row}"))).collect()
    };
    let all = Split { place: true, access: true, flagged: true, known_on: false };
    assert_eq!(told(&|day| oracle.volumes(day, all)), expected, "the oracle and {name}.csv");
    assert_eq!(told(&|day| product::volumes(&window, day, all)), expected, "the product and {name}.csv");
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
