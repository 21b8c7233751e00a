//! How wide a shift is told: once, at the narrowest scope that carries it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Event, Plan, REPORTERS, Run, SHIFT_WEEK, START, run, run_with, shifted, steady};
use headwater_detect::Config;
use headwater_model::{Alert, AlertStatus, ChangeReason, Scope};

type Mix<'a> = &'a dyn Fn(i32) -> Vec<(&'static str, f64)>;

/// Events of a part of a market: a subdivision, or an office of it, with its own mix.
struct Part<'a> {
    market: &'static str,
    subdivision: Option<&'static str>,
    office: Option<&'static str>,
    mix: Mix<'a>,
    /// Events a week, as a multiple of the reporters' own.
    rate: f64,
    weeks: i32,
}

impl<'a> Part<'a> {
    fn subdivision(name: &'static str, mix: Mix<'a>) -> Part<'a> {
        Part { market: "US", subdivision: Some(name), office: None, mix, rate: 1.0, weeks: 156 }
    }

    fn market(market: &'static str, mix: Mix<'a>, rate: f64) -> Part<'a> {
        Part { market, subdivision: None, office: None, mix, rate, weeks: 200 }
    }

    fn events(&self, seed: u64) -> Vec<Event> {
        let rate = |_: &str, _: i32| self.rate;
        let plan = Plan { seed, weeks: self.weeks, reporters: &REPORTERS, mix: self.mix, rate: &rate };
        let mut events = plan.events();
        for event in &mut events {
            (event.market, event.subdivision, event.office) = (self.market, self.subdivision, self.office);
            event.id = format!("{seed}-{}", event.id);
        }
        events
    }
}

fn world(parts: &[Part<'_>], seed: u64) -> Vec<Event> {
    parts.iter().enumerate().flat_map(|(n, part)| part.events(1_000 * seed + n as u64)).collect()
}

/// The same shift, so many weeks later.
fn later(weeks: i32) -> impl Fn(i32) -> Vec<(&'static str, f64)> {
    move |week| shifted(week - weeks)
}

fn told(run: &Run) -> Vec<(Scope, &str, Option<&str>)> {
    run.raised().iter().map(|a| (a.scope, a.market.as_str(), a.place.as_deref())).collect()
}

fn planted(alert: &Alert) -> bool {
    (alert.falling[0].id.as_str(), alert.rising[0].id.as_str()) == ("heroin", "fentanyl")
}

#[test]
fn what_one_subdivision_carries_is_told_of_it() {
    for seed in 1..4 {
        // It has company that does not move, and that has most of the mass.
        let still = |name| Part { rate: 0.7, ..Part::subdivision(name, &steady) };
        let parts = [Part::subdivision("North", &shifted), still("South"), still("West")];
        let run = run(&world(&parts, seed));
        assert_eq!(told(&run), [(Scope::Subdivision, "US", Some("North"))], "seed {seed}");
        let alert = run.raised()[0];
        assert!(planted(alert) && alert.headline.contains("in North ("), "{}", alert.headline);
        let bar = Config::default().bar + 3f64.ln();
        assert!((alert.statistic.bar - bar).abs() < 1e-9, "three share the false alarms: {}", alert.statistic.bar);
    }
}

#[test]
fn what_lies_in_one_subdivision_alone_is_told_of_it_once() {
    for seed in 1..4 {
        // The same events are the market's: they pass on the same day, and are told once.
        let run = run(&world(&[Part::subdivision("North", &shifted)], seed));
        assert_eq!(told(&run), [(Scope::Subdivision, "US", Some("North"))], "seed {seed}");
    }
}

#[test]
fn what_several_subdivisions_carry_is_told_of_the_market() {
    let mut at_once = 0;
    for seed in 1..6 {
        // Each of them would pass by itself, in time; none of them is needed for the others.
        let parts = ["North", "South", "West"].map(|name| Part::subdivision(name, &shifted));
        let run = run(&world(&parts, seed));
        let raised = run.raised();
        let market = *raised.last().unwrap();
        assert!(market.scope == Scope::Market && planted(market), "{:?}", told(&run));
        assert!((market.statistic.bar - Config::default().bar).abs() < 1e-9);
        // Where one of them was first by chance, it is the market's in the end.
        for narrow in &raised[..raised.len() - 1] {
            let last = run.alerts.iter().rfind(|a| a.alert_id == narrow.alert_id).unwrap();
            assert_eq!((last.status, last.as_of), (AlertStatus::Expired, market.detected_at), "{:?}", told(&run));
        }
        at_once += usize::from(raised.len() == 1);
    }
    assert!(at_once >= 3, "{at_once} of 5");
}

#[test]
fn a_market_that_passes_without_what_was_told_ends_the_narrower_alert() {
    for seed in 1..4 {
        let (south, west) = (later(15), later(15));
        let parts = [
            Part { rate: 0.8, ..Part::subdivision("North", &shifted) },
            Part { rate: 0.8, ..Part::subdivision("South", &south) },
            Part { rate: 0.8, ..Part::subdivision("West", &west) },
        ];
        let run = run(&world(&parts, seed));
        assert_eq!(told(&run), [(Scope::Subdivision, "US", Some("North")), (Scope::Market, "US", None)], "seed {seed}");
        let (north, market) = (run.raised()[0], run.raised()[1]);
        let last = run.alerts.iter().rfind(|a| a.alert_id == north.alert_id).unwrap();
        assert_eq!((last.status, last.as_of), (AlertStatus::Expired, market.detected_at));
        let changes = last.changes.as_ref().unwrap();
        assert_eq!((changes.reason, &*changes.parts.template), (ChangeReason::Expired, "merged"));
        assert_eq!(changes.parts.args["into"], market.alert_id.as_str().into());
        assert_eq!(changes.parts.args["scope"], "market".into());
        assert_eq!(changes.from_revision + 1, last.revision);
        assert!((market.onset.date - (START + SHIFT_WEEK * 7)).abs() < 60 * 7);
    }
}

#[test]
fn a_narrow_cell_is_not_told_beside_the_wide_alert_that_holds_it() {
    // The market is told; North goes on to move further. Its records are the market's.
    let further = |week: i32| {
        let moved = if week >= SHIFT_WEEK + 30 { 0.95 } else { 0.8 };
        if week < SHIFT_WEEK {
            return shifted(week);
        }
        vec![("heroin", 0.6 * (1.0 - moved)), ("fentanyl", 0.2 + 0.6 * moved), ("carfentanil", 0.2)]
    };
    let weeks = 200;
    let parts = [
        Part { weeks, ..Part::subdivision("North", &further) },
        Part { weeks, ..Part::subdivision("South", &shifted) },
        Part { weeks, ..Part::subdivision("West", &shifted) },
    ];
    let run = run(&world(&parts, 5));
    assert_eq!(told(&run), [(Scope::Market, "US", None)]);
}

#[test]
fn an_office_is_told_where_two_reporters_see_it() {
    for seed in 1..4 {
        let office = |name, mix, rate| Part { office: Some(name), rate, ..Part::subdivision("North", mix) };
        let other = |name, rate| Part { office: Some(name), rate, ..Part::subdivision("South", &steady) };
        let parts = [office("Harbour", &shifted, 1.4), office("Airport", &steady, 1.5), other("Bridge", 0.5)];
        let events = world(&parts, seed);
        let run = run(&events);
        assert_eq!(told(&run)[0], (Scope::Office, "US", Some("Harbour")), "{:?}", told(&run));
        assert_eq!(run.raised().len(), 1, "neither its subdivision nor its market: {:?}", told(&run));
        assert!(planted(run.raised()[0]) && run.raised()[0].headline.contains("Harbour"));
        // One desk of one office: whatever is told, it is not told of the office.
        let one: Vec<Event> = events.into_iter().filter(|e| e.source == REPORTERS[0].0).collect();
        let run = self::run(&one);
        assert!(told(&run).iter().all(|(scope, _, _)| *scope != Scope::Office), "{:?}", told(&run));
    }
}

#[test]
fn an_office_waits_for_its_own_history() {
    // The office opens when the shift begins: half a year of it is no ground, whatever its neighbours say.
    let fentanyl = |_: i32| vec![("heroin", 0.1), ("fentanyl", 0.7), ("carfentanil", 0.2)];
    let harbour = Part { office: Some("Harbour"), rate: 3.0, ..Part::subdivision("North", &fentanyl) };
    let airport = Part { office: Some("Airport"), ..Part::subdivision("North", &steady) };
    let mut events = airport.events(1);
    events.extend(harbour.events(2).into_iter().filter(|e| e.day >= START + SHIFT_WEEK * 7));
    assert_eq!(told(&run(&events)), []);
}

const MARKETS: [&str; 9] = ["AU", "BR", "CA", "DE", "JP", "MX", "NL", "PL", "ZA"];

#[test]
fn a_shift_too_thin_for_any_market_is_the_worlds() {
    for seed in 1..4 {
        let parts = MARKETS.map(|market| Part::market(market, &shifted, 0.12));
        let run = run(&world(&parts, seed));
        let all = told(&run);
        assert_eq!(all, [(Scope::World, "world", None)], "seed {seed}");
        let alert = run.raised()[0];
        assert!(planted(alert) && alert.headline.contains("in worldwide seizures"), "{}", alert.headline);
        let sum: u32 = alert.strata.iter().map(|s| s.rising_after).sum();
        assert_eq!(sum, alert.rising[0].records_after);
        // Only the conventions of the United Nations hold everywhere; a country's own law does where routes pass.
        assert!(alert.control_context.iter().any(|c| c.jurisdiction == "UN"));
    }
}

#[test]
fn one_market_is_never_the_worlds() {
    for seed in 1..4 {
        let mut parts = MARKETS.map(|market| Part::market(market, &steady, 0.14));
        parts[3] = Part::market("DE", &shifted, 1.0);
        assert_eq!(told(&run(&world(&parts, seed))), [(Scope::Market, "DE", None)]);
        // Nor where its one reporter's habit is all there is, so that the market itself tells nothing.
        parts[3] = Part::market("DE", &shifted, 0.14);
        let run = run(&world(&parts, seed));
        assert!(told(&run).iter().all(|(scope, _, _)| *scope != Scope::World), "{:?}", told(&run));
    }
}

#[test]
fn mixes_of_different_markets_are_not_compared() {
    // One market of heroin falls silent and one of fentanyl wakes up: the world's pooled shares turn round.
    for seed in 1..4 {
        let heroin = |_: i32| vec![("heroin", 0.7), ("fentanyl", 0.1), ("carfentanil", 0.2)];
        let fentanyl = |_: i32| vec![("heroin", 0.1), ("fentanyl", 0.7), ("carfentanil", 0.2)];
        let mut events = Vec::new();
        for (n, market) in MARKETS.into_iter().enumerate() {
            let falls = n % 2 == 0;
            let part = Part::market(market, if falls { &heroin } else { &fentanyl }, 0.8);
            let change = START + SHIFT_WEEK * 7;
            let thin = |i: usize, e: &Event| (e.day >= change) != falls || i.is_multiple_of(8);
            let all = part.events(100 * seed + n as u64);
            events.extend(all.into_iter().enumerate().filter(|(i, e)| thin(*i, e)).map(|(_, e)| e));
        }
        assert_eq!(told(&run(&events)), [], "seed {seed}");
    }
}

#[test]
fn within_the_refractory_time_nothing_that_shares_a_label_is_told_there() {
    // After the market's shift a second one, of a label of the first, in North alone; and one in another market.
    let second = |week: i32| {
        let back = if week >= SHIFT_WEEK + 130 { 0.85 } else { 0.0 };
        let mut mix = shifted(week);
        (mix[1].1, mix[2].1) = (mix[1].1 * (1.0 - back), mix[2].1 + mix[1].1 * back);
        mix
    };
    let other = later(140);
    let weeks = 320;
    let parts = [
        Part { weeks, ..Part::subdivision("North", &second) },
        Part { weeks, ..Part::subdivision("South", &shifted) },
        Part { weeks, ..Part::subdivision("West", &shifted) },
        Part { weeks, ..Part::market("CA", &other, 1.0) },
    ];
    let events = world(&parts, 7);
    let first = (Scope::Market, "US", None);
    let default = run(&events);
    assert_eq!(told(&default)[0], first);
    assert!(told(&default).contains(&(Scope::Subdivision, "US", Some("North"))), "{:?}", told(&default));
    let long = run_with(&events, Config { refractory_days: 5_000, ..Config::default() }, |_| {});
    assert_eq!(told(&long), [first, (Scope::Market, "CA", None)], "a neighbour is not held back");
}

#[test]
fn what_was_told_of_a_part_is_not_told_of_the_whole_when_it_has_expired() {
    let parts = [
        Part { weeks: 260, ..Part::subdivision("North", &shifted) },
        Part { weeks: 260, rate: 0.7, ..Part::subdivision("South", &steady) },
        Part { weeks: 260, rate: 0.7, ..Part::subdivision("West", &steady) },
    ];
    let run = run(&world(&parts, 3));
    assert_eq!(told(&run), [(Scope::Subdivision, "US", Some("North"))]);
    assert_eq!(run.alerts.last().unwrap().status, AlertStatus::Expired);
}

#[test]
fn many_parts_raise_no_more_than_their_market() {
    // Worlds of eight subdivisions with three offices each: every subdivision's shares waver from week to week and wander
    // from year to year, and nothing moves.
    let mut by_scope = std::collections::BTreeMap::<Scope, usize>::new();
    for seed in 0..30 {
        let mut events = Vec::new();
        for (n, place) in ["A", "B", "C", "D", "E", "F", "G", "H"].into_iter().enumerate() {
            let phase = (8 * seed + n as u64) as f64;
            let waver = move |week: i32| {
                let noise = common::Rng(phase as u64 * 1_000 + week as u64).unit() - 0.5;
                let swing = 0.2 * noise + 0.04 * (f64::from(week) / 17.0 + phase).sin();
                vec![("heroin", 0.5 - swing), ("fentanyl", 0.3 + swing), ("carfentanil", 0.2)]
            };
            let part = Part { weeks: 200, rate: 0.5, ..Part::subdivision(place, &waver) };
            let mut own = part.events(1_000 * seed + n as u64);
            for (i, event) in own.iter_mut().enumerate() {
                event.office = Some(["1", "2", "3"][i % 3]);
            }
            events.extend(own);
        }
        for alert in run(&events).raised() {
            *by_scope.entry(alert.scope).or_default() += 1;
        }
    }
    // 90 market-years are tested. At five in a thousand of them the market may raise one; no other scope more than that.
    assert!(by_scope.values().all(|n| *n <= 1), "{by_scope:?}");
}

#[test]
fn the_wide_alert_holds_the_narrow_back_as_long_as_it_stands() {
    // Half of the heroin moves everywhere, and much later most of what is left in North: after the refractory time, and
    // when the baseline of what was told has its twelve months.
    let twice = |week: i32, more: bool| {
        let moved = match week - SHIFT_WEEK {
            ..0 => 0.0,
            90.. if more => 0.9,
            _ => 0.45,
        };
        vec![("heroin", 0.7 * (1.0 - moved)), ("fentanyl", 0.1 + 0.7 * moved), ("carfentanil", 0.2)]
    };
    let (north, others) = (|week: i32| twice(week, true), |week: i32| twice(week, false));
    let part = |name, mix| Part { weeks: 260, ..Part::subdivision(name, mix) };
    for seed in 2..4 {
        let events = world(&[part("North", &north), part("South", &others), part("West", &others)], seed);
        let (market, place) = ((Scope::Market, "US", None), (Scope::Subdivision, "US", Some("North")));
        let stands = run_with(&events, Config { expire_days: 5_000, ..Config::default() }, |_| {});
        assert_eq!(told(&stands), [market], "seed {seed}: it holds North");
        assert_eq!(told(&run(&events)), [market, place], "seed {seed}: it has expired, and North is told");
    }
}

#[test]
fn what_passes_on_the_day_of_its_market_is_not_told_beside_it() {
    for seed in 1..4 {
        let parts = ["North", "South", "West"].map(|name| Part { rate: 2.0, ..Part::subdivision(name, &shifted) });
        let mut events = world(&parts, seed);
        // Known twice a year: market and parts pass for the first time on one day.
        for event in &mut events {
            event.known = START + ((event.day - START) / 182 + 1) * 182;
        }
        assert_eq!(told(&run(&events)), [(Scope::Market, "US", None)], "seed {seed}");
    }
}

#[test]
fn the_more_parts_a_market_has_the_more_each_must_show() {
    const OTHERS: [&str; 12] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"];
    // The bar alone decides: it is what the parts share.
    let config = || Config { corroboration_bar: 0.0, added_bar: -9.0, ..Config::default() };
    for seed in 1..5 {
        let events = Part { rate: 0.8, ..Part::subdivision("North", &shifted) }.events(seed);
        let mut rest = Part { rate: 4.0, ..Part::subdivision("South", &steady) }.events(100 + seed);
        // The same events twice, the other places named or not: North's own are the same.
        rest.iter_mut().for_each(|event| event.subdivision = None);
        let alone = run_with(&[events.clone(), rest.clone()].concat(), config(), |_| {});
        rest.iter_mut().enumerate().for_each(|(n, event)| event.subdivision = Some(OTHERS[n % OTHERS.len()]));
        let one_of_many = run_with(&[events, rest].concat(), config(), |_| {});
        for run in [&alone, &one_of_many] {
            assert_eq!(told(run), [(Scope::Subdivision, "US", Some("North"))], "seed {seed}");
        }
        let (first, then) = (alone.raised()[0], one_of_many.raised()[0]);
        assert!(first.detected_at < then.detected_at, "seed {seed}: {} {}", first.detected_at, then.detected_at);
        let shared = Config::default().bar + 13f64.ln();
        assert!(first.statistic.value < shared && shared < then.statistic.value, "seed {seed}");
    }
}
