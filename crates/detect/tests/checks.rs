//! Counter-evidence of trade: what an edition of the Harmonized System, or a season, would explain.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Event, Plan, Run, SHIFT_WEEK, START, even, run, run_with, shifted};
use headwater_detect::{Config, StatisticConfig, evaluate};
use headwater_model::{Alert, Arg, Check, CheckResult, CounterEvidence, Evidence, KnownDay};

/// Weeks of a year, near enough for three of them.
const YEAR: i32 = 52;

fn first(run: &Run) -> &Alert {
    run.raised().first().unwrap_or_else(|| panic!("nothing is raised"))
}

fn check(alert: &Alert, check: Check) -> &CounterEvidence {
    alert.counter_evidence.iter().find(|c| c.check == check).unwrap()
}

/// Two customs declare; of what they declare some is told by a code alone, all along. A police force seizes little.
fn traded(shift_week: i32, coded: bool) -> Vec<Event> {
    let mix = move |week: i32| shifted(week - shift_week + SHIFT_WEEK);
    let declared =
        Plan { seed: 3, weeks: 156, reporters: &[("CUSTOMS-A", 6.0), ("CUSTOMS-B", 6.0)], mix: &mix, rate: &even };
    let seized = Plan { seed: 4, weeks: 156, reporters: &[("POLICE", 0.8)], mix: &mix, rate: &even };
    let declared =
        declared.events().into_iter().map(|event| Event { evidence: Evidence::Import, flagged: coded, ..event });
    declared.chain(seized.events()).collect()
}

fn list(check: &CounterEvidence, name: &str) -> Vec<String> {
    match &check.parts.args[name] {
        Arg::List(list) => list.clone(),
        other => panic!("{other:?} is no list"),
    }
}

#[test]
fn an_edition_near_the_onset_asks_what_stands_without_what_codes_tell() {
    // The shift begins in April 2022: HS 2022 is in force since January.
    let coded = traded(SHIFT_WEEK, true);
    let (by_code, by_name) = (run(&coded), run(&traded(SHIFT_WEEK, false)));
    let (alert, other) = (first(&by_code), first(&by_name));
    let weak = check(alert, Check::CodeChangeNearOnset);
    assert_eq!(list(weak, "editions"), ["HS 2022"]);
    assert!(list(weak, "codes").contains(&"2933.33".to_owned()), "{:?}", weak.parts);
    assert!(matches!(weak.result, CheckResult::Weakens | CheckResult::Fails), "{weak:?}");
    // It is what a run without those records says.
    let rest: Vec<Event> = coded.into_iter().filter(|event| !event.flagged).collect();
    assert!((own_log(&rest, alert) - weak.value.unwrap()).abs() < 1e-9);
    assert!(alert.confidence.reasons.iter().any(|reason| reason.starts_with("code change near onset ")));

    let holds = check(other, Check::CodeChangeNearOnset);
    assert_eq!((holds.result, list(holds, "editions")), (CheckResult::Holds, vec!["HS 2022".to_owned()]));
    assert!(holds.value.unwrap() > holds.bar.unwrap());
}

#[test]
fn amounts_that_were_converted_at_seizures_are_nothing_that_codes_tell() {
    let mut events = common::shifted_world(3);
    events.iter_mut().for_each(|event| event.flagged = true);
    let run = run(&events);
    let alert = first(&run);
    assert_eq!(check(alert, Check::CodeChangeNearOnset).result, CheckResult::Holds);
    assert_eq!(check(alert, Check::WithoutFlagged).result, CheckResult::Fails);
}

#[test]
fn without_an_edition_near_there_is_nothing_to_leave_out() {
    // The shift begins in February 2021.
    let run = run(&traded(60, true));
    let found = check(first(&run), Check::CodeChangeNearOnset);
    assert_eq!((found.result, found.value, found.bar), (CheckResult::Holds, None, None));
    assert!(list(found, "editions").is_empty());
}

#[test]
fn every_check_is_computed_where_there_is_something_to_compute() {
    let run = run(&traded(SHIFT_WEEK, false));
    let alert = first(&run);
    let asked: Vec<Check> = alert.counter_evidence.iter().map(|found| found.check).collect();
    assert_eq!(asked, Check::ALL);
    for found in &alert.counter_evidence {
        assert_ne!(found.result, CheckResult::NotChecked, "{found:?}");
        // Nobody is silent here: there is no gap to measure.
        assert!(found.value.is_some() || found.check == Check::ReportingGap, "{found:?}");
        assert_eq!(found.parts.template, found.check.as_str());
    }
}

/// Declarations whose volume grows eightfold in the third year. In the last months of every year, or of the third alone,
/// the mix is another one.
fn seasonal(every_year: bool) -> Vec<Event> {
    let moved = move |week: i32| week % YEAR >= 26 && (every_year || week >= 2 * YEAR);
    let mix = move |week: i32| shifted(if moved(week) { SHIFT_WEEK } else { 0 });
    let grows = |_: &str, week: i32| if week >= 2 * YEAR + 20 { 8.0 } else { 1.0 };
    let plan = Plan {
        seed: 5,
        weeks: 3 * YEAR,
        reporters: &[("CUSTOMS-A", 1.5), ("CUSTOMS-B", 1.5)],
        mix: &mix,
        rate: &grows,
    };
    plan.events().into_iter().map(|event| Event { evidence: Evidence::Import, ..event }).collect()
}

#[test]
fn a_mix_that_comes_every_year_is_a_season_and_a_new_one_is_not() {
    // Shares that went up and down before are discounted, and no season of this size is raised; here they are by less. Two weeks
    // after its onset a season explains a shift too; a higher bar waits for more.
    let blunt = StatisticConfig { overdispersion: 0.7, ..StatisticConfig::default() };
    let run =
        |events: &[Event]| run_with(events, Config { statistic: blunt.clone(), bar: 5.0, ..Config::default() }, |_| {});
    let (season, shift) = (run(&seasonal(true)), run(&seasonal(false)));
    for (run, expected) in [(&season, CheckResult::Weakens), (&shift, CheckResult::Holds)] {
        let alert = first(run);
        assert!(alert.onset.date >= START + (2 * YEAR + 20) * 7, "{}", alert.onset.date);
        let found = check(alert, Check::LicitTradeSeason);
        assert_eq!(found.result, expected, "{found:?} {}", alert.headline);
        assert_eq!(found.value.unwrap() >= found.bar.unwrap(), expected == CheckResult::Holds);
    }
}

#[test]
fn a_season_needs_trade_and_two_years_of_it() {
    let why = |run: &Run| {
        let found = check(first(run), Check::LicitTradeSeason).clone();
        assert_eq!(found.result, CheckResult::NotChecked);
        found.parts.args["why"].clone()
    };
    assert_eq!(why(&run(&common::shifted_world(3))), Arg::Text("no_trade".into()));
    assert_eq!(why(&run(&traded(70, false))), Arg::Text("under_two_years".into()));
}

/// What the alert's pair says for itself on the alert's day, from other events.
fn own_log(events: &[Event], alert: &Alert) -> f64 {
    let rest = run(events);
    let key = headwater_detect::CellKey::of(alert).unwrap();
    let day = KnownDay(alert.detected_at);
    let panes: Vec<_> = rest.panes.iter().filter(|pane| pane.key.known_on <= day).copied().collect();
    let catalog = headwater_catalog::Catalog::embedded();
    let config = Config::default().statistic;
    let value = evaluate(&key, day, alert.computed_up_to, &panes, &rest.names, &catalog, &config).unwrap();
    let pair = |p: &&headwater_detect::PairValue| p.falling == alert.falling[0].id && p.rising == alert.rising[0].id;
    value.pairs.iter().find(pair).unwrap().own_log
}
