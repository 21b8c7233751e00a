//! What is no shift, and raises nothing.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Event, Plan, REPORTERS, SHIFT_WEEK, START, even, run, run_with, shifted, shifted_world, steady};
use headwater_detect::Config;
use headwater_model::Evidence;

fn assert_quiet(events: &[Event], what: &str) {
    let run = run(events);
    assert!(run.alerts.is_empty(), "{what}: {}", run.alerts[0].headline);
}

/// The seeds below are the world's, not chosen: every one of them must stay quiet.
const SEEDS: std::ops::Range<u64> = 1..6;

#[test]
fn a_steady_mix_is_no_shift() {
    for seed in SEEDS {
        assert_quiet(&Plan { seed, weeks: 200, reporters: &REPORTERS, mix: &steady, rate: &even }.events(), "steady");
    }
}

#[test]
fn a_silent_reporter_is_no_shift() {
    // The two reporters see different mixes: the market's pooled shares jump when one falls silent.
    for seed in SEEDS {
        let one = Plan { seed, weeks: 200, reporters: &REPORTERS[..1], mix: &steady, rate: &even };
        let fentanyl = |_: i32| vec![("heroin", 0.1), ("fentanyl", 0.7), ("carfentanil", 0.2)];
        let silent = |_: &str, week: i32| if week >= SHIFT_WEEK { 0.0 } else { 1.0 };
        let two = Plan { seed: seed + 100, weeks: 200, reporters: &REPORTERS[1..], mix: &fentanyl, rate: &silent };
        let (mut events, mut other) = (one.events(), two.events());
        events.append(&mut other);
        assert_quiet(&events, "the second reporter is silent");
        let first = |_: &str, week: i32| if week >= SHIFT_WEEK { 0.0 } else { 1.0 };
        let mut events = Plan { rate: &first, ..one }.events();
        events.extend(Plan { rate: &even, ..two }.events());
        assert_quiet(&events, "the first reporter is silent");
    }
}

#[test]
fn a_surge_of_the_family_is_no_shift() {
    for seed in SEEDS {
        let surge = |_: &str, week: i32| if week >= SHIFT_WEEK { 5.0 } else { 1.0 };
        assert_quiet(&Plan { seed, weeks: 200, reporters: &REPORTERS, mix: &steady, rate: &surge }.events(), "surge");
        let slump = |_: &str, week: i32| if week >= SHIFT_WEEK { 0.2 } else { 1.0 };
        assert_quiet(&Plan { seed, weeks: 200, reporters: &REPORTERS, mix: &steady, rate: &slump }.events(), "slump");
    }
}

#[test]
fn one_operation_alone_raises_nothing() {
    for (seed, incidents) in SEEDS.flat_map(|seed| [(seed, 1), (seed, 50), (seed, 1_000_000_000)]) {
        let mut events = Plan { seed, weeks: 200, reporters: &REPORTERS, mix: &steady, rate: &even }.events();
        let mut giant = Event::new("giant", "US-POLICE", "fentanyl", START + 150 * 7);
        (giant.incidents, giant.mass_mg) = (incidents, 18_000_000_000);
        events.push(giant.clone());
        assert_quiet(&events, "a giant operation");
        // The same as a batch of laboratory reports of one week.
        events.pop();
        for i in 0..40 {
            events.push(Event { id: format!("lab-{i}"), incidents: 1, known: giant.day + 20, ..giant.clone() });
        }
        assert_quiet(&events, "a batch of reports");
    }
}

#[test]
fn one_operation_in_a_cell_without_other_evidence_raises_nothing() {
    // Years of prior weight and nothing but one block: the cap alone would not hold it down.
    for weeks in [60, 150, 500, 1_000] {
        let mut events = Vec::new();
        for week in (0..weeks).step_by(6) {
            events.push(Event::new(format!("h{week}"), "US-POLICE", "heroin", START + week * 7));
        }
        let mut giant = Event::new("giant", "US-POLICE", "fentanyl", START + (weeks - 2) * 7);
        giant.incidents = 400;
        events.push(giant.clone());
        assert_quiet(&events, "one operation");
        events.pop();
        for i in 0..400 {
            events.push(Event { id: format!("lab-{i}"), incidents: 1, ..giant.clone() });
        }
        assert_quiet(&events, "one batch of laboratory reports");
    }
}

#[test]
fn one_block_alone_raises_nothing_however_low_the_bars() {
    // With bars that a single block can pass, what is left without that block still decides.
    let mut events: Vec<Event> =
        (0..150).map(|week| Event::new(format!("h{week}"), "US-POLICE", "heroin", START + week * 7)).collect();
    let day = START + 160 * 7;
    events.extend((0..40).map(|i| Event::new(format!("lab-{i}"), "US-POLICE", "fentanyl", day)));
    let low = Config { bar: -1.0, corroboration_bar: -100.0, ..Config::default() };
    assert!(run_with(&events, low.clone(), |_| {}).alerts.is_empty());
    let unguarded = Config { one_block_margin: -100.0, ..low };
    assert_eq!(run_with(&events, unguarded, |_| {}).raised().len(), 1);
}

#[test]
fn one_reporters_campaign_is_not_corroborated() {
    // Only the police find more fentanyl: leaving them out leaves nothing.
    for seed in SEEDS {
        let mut events = Plan { seed, weeks: 156, reporters: &REPORTERS[..1], mix: &steady, rate: &even }.events();
        events.extend(
            Plan { seed: seed + 9, weeks: 156, reporters: &REPORTERS[1..], mix: &shifted, rate: &even }.events(),
        );
        assert_quiet(&events, "a campaign");
    }
}

#[test]
fn no_cell_is_tested_before_twelve_months() {
    // The mix turns over in week 30 and again every ten weeks: within a year nothing may be said.
    let mix = |week: i32| {
        if week / 10 % 2 == 0 {
            vec![("heroin", 0.95), ("fentanyl", 0.05)]
        } else {
            vec![("heroin", 0.05), ("fentanyl", 0.95)]
        }
    };
    for seed in SEEDS {
        assert_quiet(&Plan { seed, weeks: 51, reporters: &REPORTERS, mix: &mix, rate: &even }.events(), "first year");
    }
    let world = shifted_world(1);
    let young: Vec<Event> = world.iter().filter(|e| e.day >= START + (SHIFT_WEEK - 20) * 7).cloned().collect();
    assert_quiet(&young, "the shift lies in the first year of the cell's history");
    assert_eq!(run(&world).raised().len(), 1, "with history it is told");
}

#[test]
fn after_a_year_of_silence_the_history_begins_anew() {
    let mix = |week: i32| {
        if week < 120 { vec![("heroin", 0.9), ("fentanyl", 0.1)] } else { vec![("heroin", 0.1), ("fentanyl", 0.9)] }
    };
    let rate = |silent: i32| move |_: &str, week: i32| if (120 - silent..120).contains(&week) { 0.0 } else { 1.0 };
    for seed in SEEDS {
        let plan = Plan { seed, weeks: 170, reporters: &REPORTERS, mix: &mix, rate: &rate(56) };
        assert_quiet(&plan.events(), "anew");
        let plan = Plan { rate: &rate(10), ..plan };
        assert_eq!(run(&plan.events()).raised().len(), 1, "ten weeks are no year");
    }
}

#[test]
fn kinds_are_never_added() {
    // Notices of heroin end as seizures of fentanyl begin: two kinds, two mixes, no shift in either.
    for seed in SEEDS {
        let one = |_: i32| vec![("heroin", 0.9), ("fentanyl", 0.1)];
        let two = |_: i32| vec![("heroin", 0.1), ("fentanyl", 0.9)];
        let ends = |_: &str, week: i32| if week >= SHIFT_WEEK { 0.0 } else { 1.0 };
        let begins = |_: &str, week: i32| if week >= SHIFT_WEEK { 1.0 } else { 0.3 };
        let mut events = Plan { seed, weeks: 200, reporters: &REPORTERS, mix: &one, rate: &ends }.events();
        for event in &mut events {
            event.evidence = Evidence::Import;
        }
        for mut event in
            (Plan { seed: seed + 50, weeks: 200, reporters: &REPORTERS, mix: &two, rate: &begins }).events()
        {
            event.id.push_str("-seized");
            events.push(event);
        }
        assert_quiet(&events, "kinds");
    }
}

#[test]
fn families_that_only_sort_and_unmapped_names_are_never_tested() {
    for (falling, rising) in
        [("xylazine", "medetomidine"), ("unmapped:293339", "unmapped:powder"), ("heroin", "unmapped:x")]
    {
        let mut events = shifted_world(1);
        for event in &mut events {
            event.substance = match event.substance {
                "heroin" => falling,
                "fentanyl" => rising,
                _ => "tableting-machine",
            };
        }
        assert_quiet(&events, falling);
    }
}

#[test]
fn an_unknown_market_is_no_market() {
    let mut events = shifted_world(1);
    for event in &mut events {
        (event.market, event.evidence) = ("XX", Evidence::Export);
    }
    assert_quiet(&events, "XX");
}
