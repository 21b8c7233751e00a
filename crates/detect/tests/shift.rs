//! What is raised, and what it says.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Event, Plan, REPORTERS, SHIFT_WEEK, START, even, run, shifted, shifted_world};
use headwater_detect::{CellKey, Config, Evaluation, evaluate, explain};
use headwater_model::{
    Alert, AlertStatus, Check, CheckResult, ConfidenceLevel, Day, KnownDay, LikelihoodWords, Marking, Role, Scope,
};

fn only(alerts: Vec<&Alert>) -> &Alert {
    assert_eq!(alerts.len(), 1, "{:?}", alerts.iter().map(|a| &a.headline).collect::<Vec<_>>());
    alerts[0]
}

fn check(alert: &Alert, check: Check) -> &headwater_model::CounterEvidence {
    alert.counter_evidence.iter().find(|c| c.check == check).unwrap()
}

#[test]
fn a_planted_shift_is_told_once_with_everything_said() {
    for seed in 1..6 {
        let run = run(&shifted_world(seed));
        let alert = only(run.raised());
        let planted = START + SHIFT_WEEK * 7;
        assert_eq!((alert.family.as_str(), alert.market.as_str(), alert.scope), ("opioids", "US", Scope::Market));
        assert_eq!((alert.falling[0].id.as_str(), alert.rising[0].id.as_str()), ("heroin", "fentanyl"));
        assert!(alert.detected_at > planted && alert.detected_at - planted < 180, "{}", alert.detected_at);
        assert!((alert.onset.date - planted).abs() <= 42, "{} for {planted}", alert.onset.date);
        assert!(alert.onset.earliest <= alert.onset.date && alert.onset.date <= alert.onset.latest);
        assert!(alert.windows.before.to < alert.onset.earliest && alert.windows.after.from == alert.onset.date);

        assert!(alert.statistic.value > alert.statistic.bar);
        assert_eq!(alert.likelihood.words, LikelihoodWords::of(alert.likelihood.probability));
        assert_eq!(alert.counter_evidence.len(), Check::ALL.len());
        let last = alert.statistic.series.last().unwrap();
        assert!((last.value - alert.statistic.value).abs() < 1e-9 && last.day == alert.as_of);
        assert!(alert.fdr > 0.0 && alert.fdr < 1.0);
        assert_eq!((alert.priority.rank, alert.priority.within_budget), (1, true));
        assert_eq!(alert.computed_up_to, Marking::Green);
        assert!(!alert.simulated && !alert.exercise);

        let (falling, rising) = (&alert.falling[0], &alert.rising[0]);
        assert!(falling.share_after.value < falling.share_before.value - 0.2);
        assert!(rising.share_after.value > rising.share_before.value + 0.2);
        for share in [falling.share_before, falling.share_after, rising.share_before, rising.share_after] {
            assert!(0.0 <= share.low && share.low <= share.value && share.value <= share.high && share.high <= 1.0);
        }
        assert!(alert.moved_fraction.low <= 0.8 && alert.moved_fraction.high >= 0.6, "{:?}", alert.moved_fraction);
        let sum = |of: fn(&headwater_model::StratumFigures) -> u32| alert.strata.iter().map(of).sum::<u32>();
        assert_eq!(sum(|s| s.falling_before), falling.records_before);
        assert_eq!(sum(|s| s.rising_after), rising.records_after);
        for row in &alert.strata {
            let counts = [(row.falling_before, row.rising_before), (row.falling_after, row.rising_after)];
            for (share, (falling, rising)) in [row.share_before, row.share_after].into_iter().zip(counts) {
                let share = share.unwrap();
                assert!((share.value - f64::from(rising) / f64::from(falling + rising)).abs() < 1e-6, "{row:?}");
                assert!(share.low <= share.value && share.value <= share.high && share.low < share.high, "{row:?}");
            }
            assert!(row.share_after.unwrap().low > row.share_before.unwrap().high, "{row:?}");
        }
        let routes: i64 = alert.routes.iter().map(|r| r.mass_mg_after).sum();
        assert_eq!(routes + alert.routes_other.mass_mg_after, alert.family_total.mass_mg_after);

        assert!(alert.evidence.count > 50 && !alert.evidence.top_events.is_empty());
        assert!(alert.evidence.top_events.iter().any(|e| e.role == Role::Rising));
        assert!(alert.evidence.top_events.is_sorted_by(|x, y| x.weight >= y.weight));
        assert!(alert.control_context.iter().any(|c| c.substance == "fentanyl" && c.jurisdiction == "UN"));
        // Three reporters see it: each can be left out, though what is left says less.
        assert_ne!(check(alert, Check::WithoutAnyOneReporter).result, CheckResult::Fails);
        assert_eq!(check(alert, Check::FallingAlone).result, CheckResult::Holds);
        assert_ne!(alert.confidence.level, ConfidenceLevel::Low);
        let text = serde_json::to_string(alert).unwrap();
        assert_eq!(&serde_json::from_str::<Alert>(&text).unwrap(), alert);
    }
}

#[test]
fn labels_swapped_swap_the_alert() {
    let events = shifted_world(2);
    let mut swapped = events.clone();
    for event in &mut swapped {
        event.substance = match event.substance {
            "heroin" => "fentanyl",
            "fentanyl" => "heroin",
            other => other,
        };
    }
    let (one, two) = (run(&events), run(&swapped));
    let (one, two) = (only(one.raised()).clone(), only(two.raised()).clone());
    assert_eq!((one.falling[0].id.as_str(), one.rising[0].id.as_str()), ("heroin", "fentanyl"));
    assert_eq!((two.falling[0].id.as_str(), two.rising[0].id.as_str()), ("fentanyl", "heroin"));
    assert_ne!(one.alert_id, two.alert_id);
    // The statistic differs by the weight of control dates only, which the labels carry with them.
    assert!((one.onset.date - two.onset.date).abs() <= 7);
    assert_eq!(one.falling[0].records_before, two.falling[0].records_before);
}

#[test]
fn without_the_largest_operation_is_what_a_run_without_it_says() {
    let events = shifted_world(3);
    let whole = run(&events);
    let alert = only(whole.raised());
    let top = &alert.evidence.top_events[0];
    let rest: Vec<Event> = events.iter().filter(|e| e.source != top.source || e.id != top.event_id).cloned().collect();
    assert_eq!(rest.len() + 1, events.len());
    let said = check(alert, Check::WithoutLargestOperation).value.unwrap();
    assert!((own_log(&rest, alert) - said).abs() < 1e-9);
    assert!((own_log(&events, alert) - said - top.weight).abs() < 1e-9);
    assert!((statistic(&events, alert).log - alert.statistic.value).abs() < 1e-9);
}

#[test]
fn without_each_reporter_is_what_a_run_without_it_says() {
    let events = shifted_world(4);
    let whole = run(&events);
    let alert = only(whole.raised());
    let mut least = f64::INFINITY;
    for row in &alert.strata {
        let rest: Vec<Event> = events.iter().filter(|e| e.source != row.source).cloned().collect();
        let said = row.statistic_without.unwrap();
        assert!((own_log(&rest, alert) - said).abs() < 1e-9);
        least = least.min(said);
    }
    assert!((check(alert, Check::WithoutAnyOneReporter).value.unwrap() - least).abs() < 1e-9);
}

/// The statistic of the alert's cell on the alert's day, from other events.
fn statistic(events: &[Event], alert: &Alert) -> Evaluation {
    let mut names = headwater_model::Names::default();
    let panes: Vec<_> = events.iter().flat_map(|e| e.panes(&mut names)).collect();
    let catalog = headwater_catalog::Catalog::embedded();
    let (cell, day) = (CellKey::of(alert).unwrap(), KnownDay(alert.as_of));
    let config = Config::default().statistic;
    evaluate(&cell, day, alert.computed_up_to, &panes, &names, &catalog, &config).unwrap()
}

/// What the alert's pair says for itself.
fn own_log(events: &[Event], alert: &Alert) -> f64 {
    let value = statistic(events, alert);
    let pair = |p: &&headwater_detect::PairValue| p.falling == alert.falling[0].id && p.rising == alert.rising[0].id;
    value.pairs.iter().find(pair).unwrap().own_log
}

#[test]
fn one_reporter_is_said() {
    let events: Vec<Event> = shifted_world(1).into_iter().filter(|e| e.source == "US-CUSTOMS").collect();
    let run = run(&events);
    let alert = only(run.raised());
    assert_eq!(alert.confidence.level, ConfidenceLevel::Low);
    assert_eq!(alert.confidence.reasons[0], "one reporter");
    assert_eq!(check(alert, Check::WithoutAnyOneReporter).result, CheckResult::NotChecked);
    assert_eq!(alert.strata[0].statistic_without, None);
}

#[test]
fn precursor_families_are_watched_and_simulated_sources_are_said() {
    let mix = |week: i32| {
        let moved = if week >= SHIFT_WEEK { 0.8 } else { 0.0 };
        vec![("npp", 0.7 * (1.0 - moved)), ("4-ap", 0.3 + 0.7 * moved)]
    };
    let reporters = [("SIM-CUSTOMS-MX", 6.0), ("SIM-NOTICES", 6.0)];
    let mut events = Plan { seed: 5, weeks: 156, reporters: &reporters, mix: &mix, rate: &even }.events();
    for event in &mut events {
        event.evidence = headwater_model::Evidence::Import;
        event.market = "MX";
    }
    let run = run(&events);
    let alert = only(run.raised());
    assert_eq!((alert.family.as_str(), alert.market.as_str()), ("fentanyl", "MX"));
    assert_eq!((alert.falling[0].id.as_str(), alert.rising[0].id.as_str()), ("npp", "4-ap"));
    assert!(alert.simulated);
    assert_eq!(alert.headline_parts.args["evidence"], "import".into());
    assert!(alert.control_context.iter().any(|c| c.jurisdiction == "CN"), "the route's origin counts");
}

#[test]
fn an_alert_has_the_lowest_marking_that_carries_it() {
    let mut events = shifted_world(6);
    let green = run(&events);
    assert_eq!(only(green.raised()).marking, Marking::Green);
    // Most of what rose is for AMBER: up to GREEN nothing passes, at the day on which AMBER does.
    for (i, event) in events.iter_mut().enumerate() {
        if event.substance == "fentanyl" && event.day >= START + SHIFT_WEEK * 7 && i % 10 != 0 {
            event.marking = Marking::Amber;
            event.releasable_to = vec!["ORG-A"];
        }
    }
    let amber = run(&events);
    let alert = only(amber.raised());
    assert_eq!((alert.marking, alert.computed_up_to), (Marking::Amber, Marking::Amber));
    assert_eq!(alert.releasable_to, ["ORG-A"]);
    // A few RED records change no figure of an alert that stands without them.
    let mut red = shifted_world(6);
    let mut extra = red[10].clone();
    (extra.id, extra.marking, extra.mass_mg) = ("secret".into(), Marking::Red, 900_000_000);
    red.push(extra);
    let red = run(&red);
    assert_eq!(only(red.raised()), only(green.raised()));
}

#[test]
fn what_was_told_is_not_told_again_and_ends_under_its_own_day() {
    // Five years: the change stays. It is told once, though the statistic would stay above its bar for good.
    let events = Plan { seed: 7, weeks: 300, reporters: &REPORTERS, mix: &shifted, rate: &even }.events();
    let run = run(&events);
    let alert = only(run.raised());
    let last = run.alerts.iter().rfind(|a| a.alert_id == alert.alert_id).unwrap();
    assert_eq!(last.status, AlertStatus::Expired);
    assert_eq!(last.as_of, alert.detected_at + Config::default().expire_days);
    let mut revision = 0;
    for revised in &run.alerts {
        assert_eq!(revised.revision, revision + 1);
        assert_eq!(revised.changes.as_ref().map_or(0, |c| c.from_revision), revision);
        revision = revised.revision;
    }
    let day: Day = alert.detected_at;
    assert!(run.alerts.iter().all(|a| a.detected_at == day));
}

#[test]
fn an_explanation_adds_up_to_the_statistic() {
    let events = shifted_world(4);
    let whole = run(&events);
    let alert = only(whole.raised());
    let value = statistic(&events, alert);
    let mut names = headwater_model::Names::default();
    let panes: Vec<_> = events.iter().flat_map(|e| e.panes(&mut names)).collect();
    let catalog = headwater_catalog::Catalog::embedded();
    let (cell, day) = (CellKey::of(alert).unwrap(), KnownDay(alert.as_of));
    let config = Config::default();
    let why = explain(&cell, None, day, alert.computed_up_to, &panes, &names, &catalog, &config).unwrap();
    let its = explain(&cell, Some(alert), day, alert.computed_up_to, &panes, &names, &catalog, &config).unwrap();
    assert_eq!(why, its);
    assert_eq!(why.log, value.log);
    assert!((why.course.last().unwrap().1 - value.log).abs() < 1e-9);
    for (pair, of) in why.pairs.iter().zip(&value.pairs) {
        assert_eq!((&pair.falling, &pair.rising), (&of.falling, &of.rising));
        assert!((pair.own_log - of.own_log).abs() < 1e-9 && (pair.course.last().unwrap().1 - of.log).abs() < 1e-9);
    }
    assert_eq!(why.onset, (alert.onset.earliest, alert.onset.latest));
    assert_eq!(why.strata.len(), alert.strata.len());
    assert!(why.blocks.iter().all(|b| b.first >= why.onset.0 - 6));
    assert!(why.blocks.windows(2).all(|w| w[0].nats.abs() >= w[1].nats.abs()));
}
