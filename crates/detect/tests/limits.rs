//! How many places are watched, and what becomes of those for which there is no room.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Event, Plan, REPORTERS, Run, country, even, run_with, steady};
use headwater_catalog::Catalog;
use headwater_detect::{Area, CellKey, Config, Limits, evaluate};
use headwater_model::{Kind, Marking};

/// From the most active to the least.
const PLACES: [&str; 6] = ["North", "South", "West", "East", "Coast", "Hills"];

/// A steady market; its event of a number lies in the place that is named for it, if any.
fn events(market: &'static str, weeks: i32, place: impl Fn(usize, &Event) -> Option<&'static str>) -> Vec<Event> {
    let mut events = Plan { seed: 3, weeks, reporters: &REPORTERS, mix: &steady, rate: &even }.events();
    for (n, event) in events.iter_mut().enumerate() {
        event.id = format!("{market}-{}", event.id);
        (event.market, event.subdivision) = (market, place(n, event));
    }
    events
}

/// Of 21 events six lie in the first place, five in the second, and so on.
fn ranked(n: usize, _: &Event) -> Option<&'static str> {
    let mut at = n % 21;
    PLACES.iter().zip((1..=PLACES.len()).rev()).find_map(|(place, own)| {
        let here = at < own;
        at = at.saturating_sub(own);
        here.then_some(*place)
    })
}

fn limited(places_per_market_max: usize, places_max: usize) -> Config {
    Config { limits: Limits { places_per_market_max, places_max }, ..Config::default() }
}

fn key(market: &str, place: &str) -> CellKey {
    let area = Area::Subdivision(country(market), place.into());
    CellKey { kind: Kind::Substitution, family: "opioids".into(), area }
}

/// The places of a market that are looked at, and those that are not, with their incidents.
fn sides(run: &Run, market: &str) -> (Vec<&'static str>, Vec<(&'static str, i64)>) {
    let day = run.last_day();
    let watched = |place: &&str| run.detector.evaluate(&key(market, place), day, Marking::Red, &run.names).is_some();
    let left = |place: &&'static str| {
        let own = run.detector.unwatched().find(|(left, _)| **left == key(market, place));
        own.map(|(_, incidents)| (*place, incidents))
    };
    (PLACES.into_iter().filter(watched).collect(), PLACES.iter().filter_map(left).collect())
}

#[test]
fn the_least_active_places_of_a_market_are_left_unwatched_and_counted() {
    let events = events("US", 90, ranked);
    let all = run_with(&events, Config::default(), |_| {});
    assert_eq!(sides(&all, "US"), (PLACES.to_vec(), vec![]), "six are far below the limit");
    let some = run_with(&events, limited(2, 1_000), |_| {});
    let (watched, left) = sides(&some, "US");
    assert_eq!((watched.len(), left.len()), (2, 4), "{watched:?} {left:?}");
    let of = |place: &str| events.iter().filter(|e| e.subdivision == Some(place)).count() as i64;
    assert!(left.iter().all(|(place, incidents)| *incidents == of(place)), "{left:?}");
    // None that is left has twice the incidents of one that is watched.
    let least = watched.iter().map(|place| of(place)).min().unwrap();
    assert!(left.iter().all(|(_, incidents)| *incidents <= 2 * least), "{watched:?} {left:?}");
    assert!(left.iter().any(|(place, _)| *place == "Hills"), "{left:?}");
    // Routes have their own cells of the places, and their own room.
    let kinds = [Kind::Substitution, Kind::Displacement].map(|kind| {
        let own = some.detector.unwatched().filter(|(key, _)| key.kind == kind);
        own.count()
    });
    assert_eq!(kinds, [4, 4]);
}

#[test]
fn all_markets_together_have_room_for_so_many_places() {
    let both = |config| {
        let mut all = events("US", 90, ranked);
        all.extend(events("CA", 90, ranked).into_iter().step_by(2));
        run_with(&all, config, |_| {})
    };
    let run = both(limited(1_000, 8));
    let sides = ["US", "CA"].map(|market| sides(&run, market));
    let watched: usize = sides.iter().map(|(watched, _)| watched.len()).sum();
    let left = run.detector.unwatched().count();
    // Of twelve places in two markets, for substances and for routes.
    assert_eq!(left, 24 - 8, "{sides:?}");
    assert!(watched <= 8 && sides.iter().any(|(_, left)| !left.is_empty()), "{sides:?}");
    assert_eq!(both(Config::default()).detector.unwatched().count(), 0);
}

#[test]
fn a_place_that_grows_takes_its_turn_with_all_its_history() {
    // Hills begin small, and later most of the events are theirs.
    let grows = |n: usize, event: &Event| {
        let late = event.day >= common::START + 70 * 7;
        let hills = if late { !n.is_multiple_of(8) } else { n.is_multiple_of(8) };
        Some(if hills { "Hills" } else { ["North", "South"][n % 2] })
    };
    let events = events("US", 140, grows);
    let run = run_with(&events, limited(2, 1_000), |_| {});
    let (watched, left) = sides(&run, "US");
    assert!(watched.len() == 2 && watched.contains(&"Hills") && left.len() == 1, "{watched:?} {left:?}");
    let (day, config) = (run.last_day(), Config::default().statistic);
    let own = run.detector.evaluate(&key("US", "Hills"), day, Marking::Red, &run.names);
    let key = key("US", "Hills");
    let fresh = evaluate(&key, day, Marking::Red, &run.panes, &run.names, &Catalog::embedded(), &config);
    assert!(own.is_some() && own == fresh, "its history is whole");
}

#[test]
fn neither_the_order_of_a_day_nor_that_of_names_says_who_is_watched() {
    let mut events = events("US", 90, ranked);
    let straight = run_with(&events, limited(2, 1_000), |_| {});
    let turned = run_with(&events, limited(2, 1_000), |panes| panes.reverse());
    assert_eq!(sides(&straight, "US"), sides(&turned, "US"));
    events.reverse();
    assert_eq!(sides(&straight, "US"), sides(&run_with(&events, limited(2, 1_000), |_| {}), "US"));
}
