//! Shifts from one route to another.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::{Event, Plan, REPORTERS, Rng, Run, SHIFT_WEEK, START, even, run, run_with, shifted_world, steady};
use headwater_catalog::Catalog;
use headwater_detect::{CellKey, Config, evaluate};
use headwater_model::{Alert, AlertStatus, Kind, KnownDay, Scope};

type Way = &'static [&'static str];
const DIRECT: Way = &["CN"];
const VIA_MX: Way = &["CN", "MX"];
const INDIA: Way = &["IN"];

/// Gives the events of a steady mix ways drawn from a week's shares.
fn routed(seed: u64, weeks: i32, shares: impl Fn(i32) -> Vec<(Way, f64)>) -> Vec<Event> {
    let mut events = Plan { seed, weeks, reporters: &REPORTERS, mix: &steady, rate: &even }.events();
    let mut rng = Rng(seed + 77);
    for event in &mut events {
        let shares = shares((event.day - START) / 7);
        let mut at = rng.unit() * shares.iter().map(|(_, share)| share).sum::<f64>();
        let way = shares.iter().find(|(_, share)| {
            at -= share;
            at < 0.0
        });
        event.way = way.unwrap_or(&shares[0]).0;
    }
    events
}

/// Direct from China moves to by way of Mexico.
fn moved(week: i32) -> Vec<(Way, f64)> {
    let moved = if week >= SHIFT_WEEK { 0.8 } else { 0.0 };
    vec![(DIRECT, 0.6 * (1.0 - moved)), (VIA_MX, 0.1 + 0.6 * moved), (INDIA, 0.3)]
}

fn only(run: &Run) -> &Alert {
    assert_eq!(run.raised().len(), 1, "{:?}", run.raised().iter().map(|a| &a.headline).collect::<Vec<_>>());
    run.raised()[0]
}

fn sides(alert: &Alert) -> (&str, &str) {
    (&alert.falling[0].id, &alert.rising[0].id)
}

#[test]
fn a_planted_displacement_is_told_once_with_everything_said() {
    for seed in 1..6 {
        let run = run(&routed(seed, 156, moved));
        let alert = only(&run);
        assert_eq!((alert.kind, alert.scope, alert.market.as_str()), (Kind::Displacement, Scope::Market, "US"));
        assert_eq!(sides(alert), ("CN>US", "CN>MX>US"));
        assert_eq!((alert.rising[0].name.as_str(), &alert.rising[0].cas), ("China via Mexico to United States", &None));
        assert!(alert.headline.starts_with("Direct from China fell and via Mexico rose into United States since"));
        assert_eq!(alert.headline_parts.template, "displacement");
        let planted = START + SHIFT_WEEK * 7;
        assert!(alert.detected_at > planted && alert.detected_at - planted < 180, "{}", alert.detected_at);
        assert!((alert.onset.date - planted).abs() <= 42, "{} for {planted}", alert.onset.date);
        let (falling, rising) = (&alert.falling[0], &alert.rising[0]);
        assert!(falling.share_after.value < falling.share_before.value - 0.2);
        assert!(rising.share_after.value > rising.share_before.value + 0.2);
        // The routes of the alert are the labels' own, and add up to the whole.
        let of = |id: &str| alert.routes.iter().find(|r| r.route == id).unwrap();
        assert_eq!(of("CN>MX>US").mass_mg_after, rising.mass_mg_after);
        let sum: i64 = alert.routes.iter().map(|r| r.mass_mg_after).sum();
        assert_eq!(sum + alert.routes_other.mass_mg_after, alert.family_total.mass_mg_after);
        // What a route brings is any member of the family.
        let substances: BTreeSet<&str> = alert.control_context.iter().map(|c| c.substance.as_str()).collect();
        assert!(substances.contains("heroin") && substances.contains("carfentanil"), "{substances:?}");
        assert!(!alert.evidence.top_events.is_empty() && alert.strata.len() == 2);
    }
}

#[test]
fn its_figures_are_what_a_run_from_its_panes_says_and_its_labels_make_its_id() {
    let events = routed(2, 156, moved);
    let run = run(&events);
    let alert = only(&run);
    let (cell, day) = (CellKey::of(alert).unwrap(), KnownDay(alert.as_of));
    let config = Config::default().statistic;
    let value =
        evaluate(&cell, day, alert.computed_up_to, &run.panes, &run.names, &Catalog::embedded(), &config).unwrap();
    assert!((value.log - alert.statistic.value).abs() < 1e-9);
    assert_eq!((value.pairs[0].falling.as_str(), value.pairs[0].rising.as_str()), sides(alert));
    // The same history with the two routes exchanged.
    let mut turned = events;
    for event in &mut turned {
        event.way = match event.way {
            way if way == DIRECT => VIA_MX,
            way if way == VIA_MX => DIRECT,
            way => way,
        };
    }
    let turned = self::run(&turned);
    let other = only(&turned);
    assert_eq!(sides(other), ("CN>MX>US", "CN>US"));
    assert_eq!(other.detected_at, alert.detected_at);
    assert_ne!(other.alert_id, alert.alert_id);
}

#[test]
fn neither_the_order_of_names_nor_of_a_day_shows() {
    let mut events = routed(3, 156, moved);
    for (i, event) in events.iter_mut().enumerate() {
        event.withdrawn = i.is_multiple_of(17).then_some(event.known + 40);
    }
    let straight = run(&events);
    assert!(!straight.alerts.is_empty());
    let backwards = run_with(&events, Config::default(), |panes| panes.reverse());
    assert_eq!(straight.alerts, backwards.alerts);
    events.reverse();
    assert_eq!(straight.alerts, run(&events).alerts);
}

#[test]
fn a_route_that_says_nothing_does_not_count() {
    // All of China moves to what says nothing of a way: there is nothing left to rise.
    let unknown: [Way; 3] = [&["XX"], &["US"], &["CN", "XX"]];
    for to in unknown {
        let shares = |week: i32| {
            let moved = if week >= SHIFT_WEEK { 0.8 } else { 0.0 };
            vec![(DIRECT, 0.9 * (1.0 - moved)), (to, 0.1 + 0.9 * moved)]
        };
        assert_eq!(run(&routed(1, 156, shares)).raised().len(), 0, "{to:?} is no route to rise");
    }
    // Beside routes that are known they change nothing that is told.
    let events = routed(1, 156, moved);
    let mut more = events.clone();
    for event in events.iter().filter(|e| e.day >= START + SHIFT_WEEK * 7) {
        more.push(Event { id: format!("{}-u", event.id), way: &["XX"], ..event.clone() });
    }
    let (one, other) = (run(&events), run(&more));
    assert_eq!((only(&one).falling.clone(), &only(&one).strata), (only(&other).falling.clone(), &only(&other).strata));
}

#[test]
fn a_shift_of_substances_alone_is_no_displacement_and_the_other_way_round() {
    let run = run(&shifted_world(1));
    assert!(run.raised().iter().all(|a| a.kind == Kind::Substitution));
    for seed in 1..6 {
        let quiet = routed(seed, 200, |_| vec![(DIRECT, 0.6), (VIA_MX, 0.1), (INDIA, 0.3)]);
        assert_eq!(self::run(&quiet).raised().len(), 0, "seed {seed}");
    }
}

/// Thirty-six routes: six origins, each direct and by five transit countries.
const SCATTERED: [[Way; 6]; 6] = [
    [&["CN"], &["CN", "AE"], &["CN", "EG"], &["CN", "GT"], &["CN", "PA"], &["CN", "VN"]],
    [&["IN"], &["IN", "AE"], &["IN", "EG"], &["IN", "GT"], &["IN", "PA"], &["IN", "VN"]],
    [&["TR"], &["TR", "AE"], &["TR", "EG"], &["TR", "GT"], &["TR", "PA"], &["TR", "VN"]],
    [&["KR"], &["KR", "AE"], &["KR", "EG"], &["KR", "GT"], &["KR", "PA"], &["KR", "VN"]],
    [&["TH"], &["TH", "AE"], &["TH", "EG"], &["TH", "GT"], &["TH", "PA"], &["TH", "VN"]],
    [&["CO"], &["CO", "AE"], &["CO", "EG"], &["CO", "GT"], &["CO", "PA"], &["CO", "VN"]],
];

fn scattered(week: i32) -> Vec<(Way, f64)> {
    let moved = if week >= SHIFT_WEEK { 0.8 } else { 0.0 };
    let origin = [0.5 * (1.0 - moved), 0.1 + 0.5 * moved, 0.1, 0.1, 0.1, 0.1];
    SCATTERED.iter().zip(origin).flat_map(|(ways, share)| ways.map(|way| (way, share / 6.0))).collect()
}

#[test]
fn where_routes_are_scattered_origins_are_told_apart() {
    for seed in 1..4 {
        let run = run(&routed(seed, 156, scattered));
        let alert = only(&run);
        assert_eq!(sides(alert), ("CN", "IN"));
        assert_eq!((alert.falling[0].name.as_str(), alert.falling[0].cas.as_ref()), ("China", None));
        assert!(alert.headline.starts_with("From China fell and from India rose into United States since"));
        // Its routes are still routes: here more than are named one by one.
        assert!(alert.routes.iter().all(|r| r.route.ends_with(">US")) && alert.routes_other.count > 20);
    }
}

/// Twelve origins that count much, and some that count little.
const LARGE: [Way; 12] =
    [&["AE"], &["BR"], &["CN"], &["DE"], &["EG"], &["FR"], &["GT"], &["HK"], &["IN"], &["JP"], &["KR"], &["LA"]];
const SMALL: [Way; 8] = [&["MA"], &["NG"], &["OM"], &["PA"], &["QA"], &["RO"], &["SG"], &["TH"]];

#[test]
fn what_is_not_among_the_largest_is_neither_named_nor_lost() {
    // A small origin grows twelvefold at the cost of a large one, and stays smaller than any of the twelve.
    let shares = |week: i32| {
        let moved = if week >= SHIFT_WEEK { 0.03 } else { 0.0 };
        let mut shares: Vec<(Way, f64)> = LARGE.iter().map(|way| (*way, 0.078)).collect();
        shares[0].1 -= moved;
        shares.extend(SMALL.iter().map(|way| (*way, 0.008)));
        shares[12].1 += moved;
        shares
    };
    let quiet = run(&routed(4, 156, shares));
    assert_eq!(quiet.raised().len(), 0, "{:?}", quiet.raised().iter().map(|a| sides(a)).collect::<Vec<_>>());
    // Of two large ones the shift is told; the small ones stand in its totals.
    let shares = |week: i32| {
        let moved = if week >= SHIFT_WEEK { 0.9 } else { 0.0 };
        let mut shares: Vec<(Way, f64)> = LARGE.iter().map(|way| (*way, 0.04)).collect();
        (shares[2].1, shares[8].1) = (0.4 * (1.0 - moved), 0.1 + 0.4 * moved);
        shares.extend(SMALL.iter().map(|way| (*way, 0.03)));
        shares
    };
    let run = run(&routed(4, 156, shares));
    let alert = only(&run);
    assert_eq!(sides(alert), ("CN", "IN"), "twelve of twenty routes carry too little: origins");
    let named = alert.falling[0].share_after.value + alert.rising[0].share_after.value;
    assert!(named < 0.7, "the rest has its share: {named}");
}

#[test]
fn what_was_told_is_not_told_again_and_ends_under_its_own_day() {
    let run = run(&routed(5, 300, moved));
    let alert = only(&run);
    let last = run.alerts.last().unwrap();
    assert_eq!((last.status, last.as_of), (AlertStatus::Expired, alert.detected_at + Config::default().expire_days));
}

#[test]
fn a_displacement_too_thin_for_any_market_is_the_worlds_and_by_origin() {
    let markets = ["AU", "BR", "CA", "DE", "JP", "MX", "NL", "PL", "ZA"];
    for seed in 1..4 {
        let shares = |week: i32| {
            let moved = if week >= SHIFT_WEEK { 0.8 } else { 0.0 };
            vec![(DIRECT, 0.6 * (1.0 - moved)), (INDIA, 0.1 + 0.6 * moved), (&["TR"] as Way, 0.3)]
        };
        let mut events = routed(seed, 200, shares);
        for (i, event) in events.iter_mut().enumerate() {
            event.market = markets[i % markets.len()];
        }
        let run = run(&events);
        let alert = only(&run);
        assert_eq!((alert.scope, alert.market.as_str(), sides(alert)), (Scope::World, "world", ("CN", "IN")));
    }
}
