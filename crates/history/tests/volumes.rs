//! Volumes by what they are kept apart by, their windows, shares and how much of them has arrived.
#![allow(clippy::unwrap_used)]

mod support;

use headwater_catalog::Catalog;
use headwater_history::*;
use headwater_model::*;
use serde_json::{Value, json};
use support::*;

fn ask(store: &Store, query: &VolumeQuery) -> VolumeAnswer {
    store.history().volumes(&everyone(), &bounds(), &Catalog::embedded(), query).unwrap()
}

fn on(event_id: &str, occurred_on: &str, more: Value) -> Value {
    with(
        with(trade(event_id), json!({"occurred_on": occurred_on, "reported_at": format!("{occurred_on}T10:00:00Z")})),
        more,
    )
}

fn text(of: &Option<String>) -> &str {
    of.as_deref().unwrap_or("-")
}

#[test]
fn rows_are_kept_apart_by_what_is_asked() {
    let mut store = Store::new(1);
    let named = |name: &str| json!({"item": {"name": name}});
    store.epoch(
        0,
        &[
            on("1", "2024-03-01", json!({})),
            on("2", "2024-03-01", json!({"via": ["TR"]})),
            on("3", "2024-03-01", with(named("ephedrine"), json!({"origin": "IN", "source": "customs-de"}))),
            seizure("4"),
            with(seizure("5"), json!({"place": {"country": "BE", "office": "GHENT"}})),
        ],
    );
    let rows = |by: VolumeBy, tell: fn(&VolumeBucket) -> String| -> Vec<String> {
        let granularity = Granularity::Month;
        ask(&store, &VolumeQuery { by, granularity, ..VolumeQuery::default() }).rows.iter().map(tell).collect()
    };
    let by = VolumeBy { route: RouteLevel::All, source: false, place: PlaceLevel::All, substance: SubstanceLevel::All };
    let events = |r: &VolumeBucket| format!("{} {}", r.evidence, r.events);
    assert_eq!(rows(by, events), ["import 3", "seizure 4"]);
    let route = |r: &VolumeBucket| format!("{} {}>{} {}", text(&r.route), text(&r.origin), text(&r.market), r.events);
    let of_routes = |level| rows(VolumeBy { route: level, ..by }, route);
    assert_eq!(of_routes(RouteLevel::Route), ["CN>NL CN>NL 1", "CN>TR>NL CN>NL 1", "IN>NL IN>NL 1", "XX>BE XX>BE 4"]);
    assert_eq!(of_routes(RouteLevel::Ends), ["- CN>NL 2", "- IN>NL 1", "- XX>BE 4"]);
    assert_eq!(of_routes(RouteLevel::Market), ["- ->BE 4", "- ->NL 3"]);
    assert_eq!(of_routes(RouteLevel::Origin), ["- CN>- 2", "- IN>- 1", "- XX>- 4"]);
    let office = |r: &VolumeBucket| {
        format!("{}/{}/{} {}", text(&r.place_country), text(&r.subdivision), text(&r.office), r.events)
    };
    let of_places = |level| rows(VolumeBy { place: level, ..by }, office);
    assert_eq!(of_places(PlaceLevel::Office), ["-/-/- 3", "BE/-/GHENT 2", "BE/BE-VAN/ANTWERP 2"]);
    assert_eq!(of_places(PlaceLevel::Subdivision), ["-/-/- 3", "BE/-/- 2", "BE/BE-VAN/- 2"]);
    let source = |r: &VolumeBucket| format!("{} {}", text(&r.source), r.events);
    assert_eq!(rows(VolumeBy { source: true, ..by }, source), ["customs-de 1", "customs-nl 2", "police-be 4"]);
    let family = |r: &VolumeBucket| {
        format!("{}/{}/{} {}", text(&r.substance), text(&r.family), text(&r.market_family), r.events)
    };
    let of_substances = |level| rows(VolumeBy { substance: level, ..by }, family);
    let of = |id: &str, kind| {
        let catalog = Catalog::embedded();
        let substance = catalog.get(id).unwrap();
        let family = match kind {
            FamilyKind::Precursor => substance.families.first().copied(),
            FamilyKind::Market => substance.market_family,
        };
        family.map_or("-".to_owned(), |f| catalog.family_at(f).id.to_string())
    };
    let acetic = of("acetic-anhydride", FamilyKind::Precursor);
    assert!(of_substances(SubstanceLevel::Substance).contains(&format!("acetic-anhydride/{acetic}/- 2")));
    assert!(of_substances(SubstanceLevel::Family).contains(&format!("-/{acetic}/- 2")));
    let heroin = of("heroin", FamilyKind::Market);
    assert!(of_substances(SubstanceLevel::MarketFamily).contains(&format!("-/-/{heroin} 2")));
}

#[test]
fn windows_end_with_their_span_and_reach_back_before_the_days_asked_for() {
    let mut store = Store::new(1);
    let month = json!({"period_days": 31, "reported_at": "2024-02-05T00:00:00Z"});
    store.epoch(
        0,
        &[
            on("1", "2023-03-05", json!({})),
            on("2", "2024-01-01", month),
            on("3", "2024-01-28", json!({})),
            on("4", "2024-01-31", json!({})),
        ],
    );
    let days = Some(DayRange { from: day("2024-01-29"), to: day("2024-01-31") });
    let filter = Filter { event_days: days, ..Filter::default() };
    let answer =
        ask(&store, &VolumeQuery { filter, granularity: Granularity::Day, windows: true, ..VolumeQuery::default() });
    let kg = |mg: Option<i64>| mg.unwrap() / 1_000_000;
    let rows: Vec<_> = answer
        .rows
        .iter()
        .map(|r| {
            let of = [kg(r.mass_mg_7d), kg(r.mass_mg_28d), kg(r.mass_mg_91d), kg(r.mass_mg_364d)];
            (r.to, r.mass_mg / 1_000_000, r.period_days_max, of, r.incidents_364d)
        })
        .collect();
    // The month fits its 28 days and no week; what lies 332 days back is in the year.
    assert_eq!(rows, [(day("2024-01-31"), 2, 31, [2, 3, 3, 4], Some(4))]);
}

#[test]
fn shares_are_of_the_whole_family_whatever_is_asked_for() {
    let mut store = Store::new(1);
    let drug = |id: &str, name: &str, kg: i64| {
        let items = json!([{"name": name, "quantity": {"value": kg, "unit": "kg"}}]);
        with(seizure(id), json!({"items": items, "incidents": 1}))
    };
    store
        .epoch(0, &[drug("1", "heroin", 3), drug("2", "fentanyl", 1), drug("3", "cocaine", 5), drug("4", "heroin", 4)]);
    let ask_for = |substances: &[&str], shares| {
        let filter = Filter { substances: substances.iter().map(|s| (*s).to_owned()).collect(), ..Filter::default() };
        let answer = ask(&store, &VolumeQuery { filter, shares, ..VolumeQuery::default() });
        let row = |r: &VolumeBucket| (r.substance.clone().unwrap(), r.share_mass, r.share_incidents);
        answer.rows.iter().map(row).collect::<Vec<_>>()
    };
    let opioids =
        [("fentanyl".to_owned(), Some(0.125), Some(1.0 / 3.0)), ("heroin".to_owned(), Some(0.875), Some(2.0 / 3.0))];
    assert_eq!(ask_for(&["heroin", "fentanyl"], Some(FamilyKind::Market)), opioids);
    assert_eq!(ask_for(&["fentanyl"], Some(FamilyKind::Market)), opioids[..1]);
    assert_eq!(ask_for(&["fentanyl"], None)[0].1, None);
}

#[test]
fn what_has_arrived_goes_by_the_delays_of_each_source() {
    let mut store = Store::new(1);
    let mut records = Vec::new();
    for n in 0..40 {
        let known = day("2024-01-01") + n;
        let occurred_on = known - if n % 2 == 0 { 0 } else { 10 };
        records.push(with(
            trade(&format!("{n}")),
            json!({"occurred_on": occurred_on.to_string(), "reported_at": format!("{known}T00:00:00Z")}),
        ));
    }
    store.epoch(0, &records);
    let answer = ask(&store, &VolumeQuery { granularity: Granularity::Day, arrival: true, ..VolumeQuery::default() });
    let last = day("2024-02-09");
    assert_eq!(answer.complete_to["customs-nl"], last - 10);
    let of = |day: Day| answer.rows.iter().find(|r| r.from == day).unwrap().arrived_share;
    assert_eq!(of(day("2024-01-30")), Some(1.0));
    assert_eq!(of(day("2024-02-08")), Some(0.5));
    let before = ask(
        &store,
        &VolumeQuery {
            granularity: Granularity::Day,
            as_of: Some(known("2024-01-20")),
            arrival: true,
            ..VolumeQuery::default()
        },
    );
    assert_eq!(before.complete_to["customs-nl"], day("2024-01-20") - 10);
}

#[test]
fn complete_to_is_that_of_the_volumes() {
    let mut store = Store::new(1);
    let records: Vec<Value> = (0..60)
        .map(|n: i32| {
            let known = day("2023-06-01") + (n * n) % 500;
            let occurred_on = known - (n * 7) % 45;
            with(
                trade(&format!("{}", n % 50)),
                json!({"revision": n / 50, "source": (["a", "b", "c"][n as usize % 3]),
            "occurred_on": occurred_on.to_string(), "reported_at": format!("{known}T00:00:00Z")}),
            )
        })
        .collect();
    store.epoch(0, &records);
    let answer = ask(&store, &VolumeQuery { arrival: true, ..VolumeQuery::default() });
    let window = store.window(0);
    let expected = headwater_window::complete_to(&window.panes.sorted(&window.names), &window.names, None);
    assert_eq!(answer.complete_to, expected.sources);
    assert_eq!(answer.complete_to.len(), 3);
}

#[test]
fn a_sum_beyond_64_bits_and_a_reversed_since_are_named() {
    // Each partition's own sum holds; that of both does not.
    let mut store = Store::new(2);
    let most = json!({"quantity": {"value": 100_000_000, "unit": "kg"}});
    let many: Vec<Value> = (0..93_000).map(|n| with(trade(&n.to_string()), most.clone())).collect();
    for (number, some) in many.chunks(24_000).enumerate() {
        store.epoch(number % 2, some);
    }
    let ask =
        |query: &VolumeQuery| store.history().volumes(&everyone(), &bounds(), &Catalog::embedded(), query).unwrap_err();
    let over = ask(&VolumeQuery::default()).to_string();
    assert!(over.contains("acetic-anhydride") && over.ends_with("leaves 64 bits"), "{over}");
    let query =
        VolumeQuery { since: Some(known("2024-03-02")), as_of: Some(known("2024-03-01")), ..VolumeQuery::default() };
    assert_eq!(ask(&query).field(), Some("since"));
}
