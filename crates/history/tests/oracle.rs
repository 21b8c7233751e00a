//! Random records with random markings, in random order and cut into random epochs, against sums made naively from the
//! records themselves: for every reader and as of any day.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use headwater_catalog::Catalog;
use headwater_history::{
    DayRange, Filter, Granularity, ObservationQuery, Page, PlaceLevel, RouteLevel, SubstanceLevel, View, VolumeBy,
    VolumeQuery,
};
use headwater_model::*;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use support::*;

const SUBSTANCES: [(&str, &str); 3] =
    [("ephedrine", "ephedrine"), ("acetone", "acetone"), ("unheard of", "unmapped:unheardof")];
const SOURCES: [&str; 2] = ["customs-nl", "SIM-police"];
const LABELS: [&str; 5] = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"];
const LISTS: [&[&str]; 5] = [&[], &[], &["A"], &["B"], &["A", "B"]];
/// The first known day.
const BASE: &str = "2024-01-01";

/// What a record says; one an event, revision and status, so that no two disagree.
#[derive(Clone, Debug)]
struct Said {
    known: i32,
    delay: i32,
    period: usize,
    substance: usize,
    kind: usize,
    from: usize,
    grams: i64,
    label: usize,
    list: usize,
}

/// Event, revision, withdrawn.
type Name = (usize, u32, bool);

fn said() -> impl Strategy<Value = Said> {
    (0..40i32, 0..50i32, 0..3usize, 0..3usize, 0..3usize, 0..2usize, 1..9_000i64, 0..5usize, 0..5usize).prop_map(
        |(known, delay, period, substance, kind, from, grams, label, list)| Said {
            known,
            delay,
            period,
            substance,
            kind,
            from,
            grams,
            label,
            list,
        },
    )
}

fn world() -> impl Strategy<Value = BTreeMap<Name, Said>> {
    let name = (0..7usize, 0..3u32, prop::bool::weighted(0.15));
    prop::collection::btree_map(name, said(), 1..22)
}

/// A reader: a label and organisations.
#[derive(Clone, Debug)]
struct Who {
    label: usize,
    organisations: Vec<&'static str>,
}

fn who() -> impl Strategy<Value = Who> {
    let organisations = prop::sample::subsequence(vec!["A", "B"], 0..=2);
    (0..5usize, organisations).prop_map(|(label, organisations)| Who { label, organisations })
}

impl Who {
    fn sees(&self, said: &Said) -> bool {
        let list = LISTS[said.list];
        said.label <= self.label && (list.is_empty() || list.iter().any(|o| self.organisations.contains(o)))
    }

    fn clearance(&self) -> Clearance {
        Clearance::new(Marking::ALL[self.label], self.organisations.iter().copied())
    }
}

fn base() -> Day {
    day(BASE)
}

fn source(event: usize) -> &'static str {
    SOURCES[event % 2]
}

fn period(said: &Said) -> i32 {
    [1, 7, 31][said.period]
}

/// The day on which its figure lies.
fn figure(said: &Said) -> Day {
    base() + said.known - said.delay
}

fn record(&(event, revision, withdrawn): &Name, said: &Said) -> Value {
    let head = json!({
        "event_id": format!("E{event}"), "revision": revision, "source": source(event),
        "reported_at": format!("{}T10:00:00Z", base() + said.known),
    });
    if withdrawn {
        return with(head, json!({"status": "withdrawn"}));
    }
    let body = json!({
        "occurred_on": (figure(said) - (period(said) - 1)).to_string(), "period_days": period(said),
        "marking": LABELS[said.label], "releasable_to": LISTS[said.list], "origin": (["CN", "IN"][said.from]),
    });
    let amount = json!({"value": said.grams, "unit": "g"});
    let name = SUBSTANCES[said.substance].0;
    let goods = match said.kind {
        2 => json!({"kind": "seizure", "place": {"country": "NL", "office": "PORT"}, "incidents": 2,
            "items": [{"name": name, "quantity": amount}, {"name": "cocaine", "quantity": amount}]}),
        kind => json!({"kind": (["import", "pre_export_notice"][kind]), "destination": "NL",
            "item": {"name": name}, "quantity": amount}),
    };
    with(with(head, body), goods)
}

/// What is seen of one item: event, revision, item, day of its figure, length, substance, kind, milligrams, incidents.
type Item = (String, u32, u16, Day, u16, String, String, i64, i64);

/// The items in force on a day that a reader sees, from the records alone.
fn oracle(world: &BTreeMap<Name, Said>, who: &Who, as_of: i32) -> Vec<Item> {
    let mut highest: BTreeMap<usize, (Name, &Said)> = BTreeMap::new();
    for (name, said) in world.iter().filter(|(_, said)| said.known <= as_of) {
        let held = highest.entry(name.0).or_insert((*name, said));
        if (name.1, name.2) > (held.0.1, held.0.2) {
            *held = (*name, said);
        }
    }
    let mut items = Vec::new();
    for ((event, revision, withdrawn), said) in highest.into_values() {
        if withdrawn || !who.sees(said) {
            continue;
        }
        let substance = SUBSTANCES[said.substance].1;
        let kind = ["import", "pre_export_notice", "seizure"][said.kind];
        let (named, incidents) = if said.kind == 2 { (vec![substance, "cocaine"], 2) } else { (vec![substance], 1) };
        for (item, substance) in named.into_iter().enumerate() {
            let key = (format!("E{event}"), revision, item as u16, figure(said), period(said) as u16);
            items.push((
                key.0,
                key.1,
                key.2,
                key.3,
                key.4,
                substance.into(),
                kind.into(),
                said.grams * 1_000,
                incidents,
            ));
        }
    }
    items.sort();
    items
}

/// A store of these records in some order, some of them twice, cut into epochs of two partitions.
fn store(world: &BTreeMap<Name, Said>, order: &[Index], cut: usize) -> Store {
    let mut records: Vec<(&Name, &Said)> = world.iter().collect();
    records.extend(world.iter().take(order.len() % 3));
    for (i, index) in order.iter().enumerate() {
        let (a, b) = (i % records.len(), index.index(records.len()));
        records.swap(a, b);
    }
    let mut store = Store::in_memory(2);
    for chunk in records.chunks(cut) {
        for partition in 0..2 {
            let own = chunk.iter().filter(|(name, _)| name.0 % 2 == partition);
            let own: Vec<Value> = own.map(|(name, said)| record(name, said)).collect();
            if !own.is_empty() {
                store.epoch(partition, &own);
            }
        }
    }
    store
}

/// All items of all pages.
fn items(store: &Store, who: &Who, as_of: Option<i32>, size: usize) -> Vec<Item> {
    let as_of = as_of.map(|day| KnownDay(base() + day));
    let (mut after, mut items) = (None, Vec::new());
    loop {
        let query = ObservationQuery { as_of, page: Page { size, after }, ..ObservationQuery::default() };
        let page = store.history().observations(&who.clearance(), &bounds(), &query).unwrap();
        for row in &page.rows {
            let day = row.event_day.unwrap() + i32::from(row.period_days.unwrap()) - 1;
            let key = (row.event_id.clone(), row.revision, row.item.unwrap(), day, row.period_days.unwrap());
            let (substance, kind) = (row.substance.clone().unwrap(), row.evidence.clone().unwrap());
            items.push((
                key.0,
                key.1,
                key.2,
                key.3,
                key.4,
                substance,
                kind,
                row.mass_mg.unwrap(),
                row.incidents.unwrap(),
            ));
            let label = LABELS.iter().position(|l| Some(*l) == row.marking.as_deref()).unwrap();
            let released = row.releasable_to.is_empty()
                || row.releasable_to.iter().any(|o| who.organisations.contains(&o.as_str()));
            assert!(label <= who.label && released, "{row:?} is above {who:?}");
        }
        after = page.next;
        if after.is_none() {
            let events: BTreeSet<&String> = items.iter().map(|item| &item.0).collect();
            assert_eq!((page.totals.rows, page.totals.events), (items.len() as u64, events.len() as u64));
            assert_eq!(page.totals.mass_mg, items.iter().map(|item| item.7).sum::<i64>());
            assert_eq!(page.totals.incidents, items.iter().map(|item| item.8).sum::<i64>());
            items.sort();
            return items;
        }
    }
}

/// Mass, incidents and events by first day of the span, substance and kind.
type Sums = BTreeMap<(Day, String, String), (i64, i64, i64)>;

fn sums(items: &[Item], granularity: Granularity) -> Sums {
    let mut sums = Sums::new();
    for item in items {
        let key = (granularity.span(item.3).0, item.5.clone(), item.6.clone());
        let held = sums.entry(key).or_default();
        *held = (held.0 + item.7, held.1 + item.8, held.2 + 1);
    }
    sums
}

fn by_kind() -> VolumeBy {
    let (substance, route, place) = (SubstanceLevel::Substance, RouteLevel::All, PlaceLevel::All);
    VolumeBy { substance, route, source: false, place }
}

fn volumes(store: &Store, who: &Who, query: &VolumeQuery) -> Sums {
    let answer = store.history().volumes(&who.clearance(), &bounds(), &Catalog::embedded(), query).unwrap();
    let row = |row: &headwater_history::VolumeBucket| {
        let key = (row.from, row.substance.clone().unwrap(), row.evidence.clone());
        (key, (row.mass_mg, row.incidents, row.events))
    };
    let count = answer.rows.len();
    let sums: Sums = answer.rows.iter().map(row).collect();
    assert_eq!(sums.len(), count);
    sums
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_the_records_that_the_reader_may_see(
        world in world(), who in who(), order in prop::collection::vec(any::<Index>(), 0..30), cut in 1..9usize,
        as_of in -1..42i32, since in -1..42i32, size in 1..6usize,
    ) {
        let mut store = store(&world, &order, cut);
        let expected = oracle(&world, &who, as_of);
        prop_assert_eq!(items(&store, &who, Some(as_of), size), expected.clone());
        prop_assert_eq!(items(&store, &who, None, 100), oracle(&world, &who, i32::MAX));

        let known = |day: i32| Some(KnownDay(base() + day));
        for granularity in [Granularity::Day, Granularity::Week, Granularity::Month] {
            let query = VolumeQuery { as_of: known(as_of), granularity, by: by_kind(), ..VolumeQuery::default() };
            prop_assert_eq!(volumes(&store, &who, &query), sums(&expected, granularity));
            let query = VolumeQuery { since: known(since.min(as_of)), ..query };
            let mut changed = sums(&expected, granularity);
            for (key, before) in sums(&oracle(&world, &who, since.min(as_of)), granularity) {
                let held = changed.entry(key).or_default();
                *held = (held.0 - before.0, held.1 - before.1, held.2 - before.2);
            }
            changed.retain(|_, held| *held != (0, 0, 0));
            prop_assert_eq!(volumes(&store, &who, &query), changed);
        }

        // Folded, the same.
        let last = json!({"event_id": "Z", "source": "customs-nl", "reported_at": "2030-01-01T00:00:00Z",
            "revision": 0, "status": "withdrawn"});
        (0..2).for_each(|partition| store.epoch(partition, std::slice::from_ref(&last)));
        store.fold();
        prop_assert_eq!(items(&store, &who, Some(as_of), size), expected);
    }

    #[test]
    fn order_and_cut_change_nothing_that_is_told(
        world in world(), who in who(), a in prop::collection::vec(any::<Index>(), 0..30),
        b in prop::collection::vec(any::<Index>(), 0..30), cut in 1..9usize, other in 1..9usize,
    ) {
        let (a, b) = (store(&world, &a, cut), store(&world, &b, other));
        // How it came to what is in force depends on the order; what is in force, and the changes net, do not.
        prop_assert_eq!(items(&a, &who, None, 3), items(&b, &who, None, 100));
        let query = VolumeQuery { windows: true, arrival: true, granularity: Granularity::Week, ..VolumeQuery::default() };
        let ask = |store: &Store| {
            store.history().volumes(&who.clearance(), &bounds(), &Catalog::embedded(), &query).unwrap()
        };
        let (a_volumes, b_volumes) = (ask(&a), ask(&b));
        prop_assert_eq!(a_volumes.rows, b_volumes.rows);
        prop_assert_eq!(a_volumes.complete_to, b_volumes.complete_to);
        let changes = |store: &Store| {
            let query = ObservationQuery { view: View::EveryChange { since: None }, ..ObservationQuery::default() };
            let page = store.history().observations(&who.clearance(), &bounds(), &query).unwrap();
            (page.totals.mass_mg, page.totals.incidents)
        };
        prop_assert_eq!(changes(&a), changes(&b));
    }

    #[test]
    fn a_narrower_filter_tells_a_part_of_the_whole(world in world(), who in who(), substance in 0..3usize, from in -40..40i32) {
        let store = store(&world, &[], 5);
        let days = DayRange { from: base() + from, to: base() + from + 20 };
        let filter = Filter {
            substances: vec![SUBSTANCES[substance].1.to_owned()],
            event_days: Some(days),
            evidence: vec![Evidence::Seizure, Evidence::Import],
            ..Filter::default()
        };
        let query = ObservationQuery { filter, page: Page { size: 1_000, after: None }, ..ObservationQuery::default() };
        let page = store.history().observations(&who.clearance(), &bounds(), &query).unwrap();
        let mut expected = oracle(&world, &who, i32::MAX);
        expected.retain(|item| {
            (days.from..=days.to).contains(&item.3) && item.5 == SUBSTANCES[substance].1 && item.6 != "pre_export_notice"
        });
        prop_assert_eq!(page.rows.len(), expected.len());
        prop_assert_eq!(page.totals.mass_mg, expected.iter().map(|item| item.7).sum::<i64>());
        let volumes_of = VolumeQuery { filter: query.filter, by: by_kind(), ..VolumeQuery::default() };
        prop_assert_eq!(volumes(&store, &who, &volumes_of), sums(&expected, Granularity::Week));
    }
}
