//! Late, corrected and withdrawn records, and the order in which things come.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Event, Plan, REPORTERS, Rng, SHIFT_WEEK, START, even, run, run_with, shifted, shifted_world};
use headwater_catalog::Catalog;
use headwater_detect::{Area, CellKey, Config, Evaluation, evaluate};
use headwater_model::{Alert, AlertStatus, Arg, ChangeReason, Kind, KnownDay, Marking, Names, Pane, Sums};
use proptest::prelude::*;

fn opioids() -> CellKey {
    let area = Area::Market(common::country("US"));
    CellKey { kind: Kind::Substitution, family: "opioids".into(), area }
}

fn at(day: KnownDay, panes: &[Pane], names: &Names) -> Option<Evaluation> {
    evaluate(&opioids(), day, Marking::Red, panes, names, &Catalog::embedded(), &Config::default().statistic)
}

/// Shuffles, and cuts sums into parts that add up to them.
fn mangle(panes: &mut Vec<Pane>, rng: &mut Rng) {
    let mut parts = Vec::new();
    for pane in panes.drain(..) {
        let some = |n: i64, rng: &mut Rng| (rng.next() % 7) as i64 * n / 3;
        let part = Sums {
            mass_mg: some(pane.sums.mass_mg, rng),
            incidents: some(pane.sums.incidents, rng),
            ..Sums::default()
        };
        let rest = pane.sums.checked_add(part.negated()).unwrap();
        parts.push(Pane { sums: part, ..pane });
        parts.push(Pane { sums: rest, ..pane });
    }
    for i in (1..parts.len()).rev() {
        parts.swap(i, (rng.next() % (i as u64 + 1)) as usize);
    }
    *panes = parts;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Neither the order inside a day nor how sums are split shows anywhere in what is raised.
    #[test]
    fn order_and_splits_inside_a_day_change_no_bit(seed in 1u64..1000) {
        let mut events = shifted_world(seed);
        for (i, event) in events.iter_mut().enumerate() {
            event.withdrawn = (i % 17 == 0).then_some(event.known + 40);
        }
        let straight = run(&events);
        let mut rng = Rng(seed);
        let mangled = run_with(&events, Config::default(), |panes| mangle(panes, &mut rng));
        prop_assert_eq!(&straight.alerts, &mangled.alerts);
        // Nor does the order in which names were first met.
        events.reverse();
        let reversed = run(&events);
        prop_assert_eq!(&straight.alerts, &reversed.alerts);
    }

    /// The statistic after a withdrawal is that of a world in which the event was never reported.
    #[test]
    fn a_withdrawn_event_leaves_no_trace(seed in 1u64..1000, every in 2usize..9) {
        let mut events = shifted_world(seed);
        let kept: Vec<Event> =
            events.iter().enumerate().filter(|(i, _)| i % every != 0).map(|(_, e)| e.clone()).collect();
        for (i, event) in events.iter_mut().enumerate() {
            event.withdrawn = (i % every == 0).then_some(event.known + 30);
        }
        let (mut names, mut other) = (Names::default(), Names::default());
        let with: Vec<Pane> = events.iter().flat_map(|e| e.panes(&mut names)).collect();
        let without: Vec<Pane> = kept.iter().flat_map(|e| e.panes(&mut other)).collect();
        let last = with.iter().map(|p| p.key.known_on).max().unwrap();
        prop_assert_eq!(at(last, &with, &names), at(last, &without, &other));
        prop_assert!(at(last, &with, &names).is_some());
    }

    /// What was reported late counts in its own week: the statistic is the same, whenever it came.
    #[test]
    fn a_late_record_counts_in_its_own_week(seed in 1u64..1000) {
        let events = shifted_world(seed);
        let late: Vec<Event> = events.iter().cloned().map(|mut e| {
            e.known = e.known + (e.mass_mg % 200) as i32;
            e
        }).collect();
        let (mut names, mut other) = (Names::default(), Names::default());
        let early: Vec<Pane> = events.iter().flat_map(|e| e.panes(&mut names)).collect();
        let late: Vec<Pane> = late.iter().flat_map(|e| e.panes(&mut other)).collect();
        let last = late.iter().map(|p| p.key.known_on).max().unwrap();
        prop_assert_eq!(at(last, &early, &names), at(last, &late, &other));
    }

    /// Days without panes may be closed or skipped.
    #[test]
    fn empty_days_change_nothing(seed in 1u64..100) {
        let run = run(&shifted_world(seed));
        let mut panes = run.panes.clone();
        panes.sort_by_key(|p| p.key);
        let mut detector = headwater_detect::Detector::new(Catalog::embedded(), Config::default());
        let mut skipping = headwater_detect::Detector::new(Catalog::embedded(), Config::default());
        let (mut every, mut some) = (Vec::new(), Vec::new());
        let days: std::collections::BTreeSet<i32> = panes.iter().map(|p| p.key.known_on.0.0).collect();
        for day in *days.first().unwrap()..=*days.last().unwrap() {
            let today: Vec<Pane> = panes.iter().filter(|p| p.key.known_on.0.0 == day).copied().collect();
            let day = KnownDay(headwater_model::Day(day));
            detector.close(day, &today, &run.names);
            every.extend(detector.conclude(&[], &run.names));
            if !today.is_empty() {
                skipping.close(day, &today, &run.names);
                some.extend(skipping.conclude(&[], &run.names));
            }
        }
        prop_assert!(!every.is_empty());
        prop_assert_eq!(every, some);
    }
}

#[test]
fn an_alert_whose_evidence_is_taken_back_is_withdrawn() {
    let mut events = shifted_world(1);
    let raised = run(&events).raised()[0].clone();
    // Two months after the raise the laboratory corrects itself: what it called fentanyl since the shift was heroin, but
    // for a fifth; from then on it says so at once.
    let on = raised.as_of + 60;
    let mut corrected = Vec::new();
    for (i, event) in events.iter_mut().enumerate() {
        if event.substance == "fentanyl" && event.day >= START + SHIFT_WEEK * 7 && i % 4 != 0 {
            let id = format!("{}-corrected", event.id);
            corrected.push(Event { id, substance: "heroin", known: event.known.max(on), ..event.clone() });
            event.withdrawn = Some(event.known.max(on));
        }
    }
    events.extend(corrected);
    let run = run(&events);
    let last = run.alerts.last().unwrap();
    assert_eq!(last.alert_id, raised.alert_id);
    assert_eq!((last.status, last.as_of), (AlertStatus::Withdrawn, raised.as_of + 60));
    let changes = last.changes.as_ref().unwrap();
    assert_eq!((changes.reason, changes.from_revision + 1), (ChangeReason::EvidenceWithdrawn, last.revision));
    assert!(last.statistic.value < Config::default().corroboration_bar && last.likelihood.probability < 0.5);
    assert_eq!(run.raised().len(), 1, "what was withdrawn is not raised again");
}

#[test]
fn new_data_update_and_corrections_say_so() {
    let mut updates = 0;
    for seed in 1..11 {
        for alert in run(&shifted_world(seed)).alerts.iter().filter(|a| a.status == AlertStatus::Updated) {
            let changes = alert.changes.as_ref().unwrap();
            assert_eq!(changes.reason, ChangeReason::NewData);
            assert!(!changes.parts.args.is_empty() && alert.as_of > alert.detected_at);
            updates += 1;
        }
    }
    assert!(updates > 0);
    // A correction that moves much, without taking the evidence away, is told on its day as what it is.
    let mut events = shifted_world(2);
    let raised = run(&events).raised()[0].clone();
    let on = raised.as_of + 3;
    for (i, event) in events.iter_mut().enumerate() {
        let late = event.day >= START + SHIFT_WEEK * 7 && event.known < on;
        if event.substance == "fentanyl" && late && i % 2 == 0 {
            event.withdrawn = Some(on);
        }
    }
    let corrected = run(&events);
    let update = corrected.alerts.iter().find(|a| a.as_of == on).unwrap();
    assert_ne!(update.status, AlertStatus::Raised);
    let reason = update.changes.as_ref().unwrap().reason;
    assert!(matches!(reason, ChangeReason::Correction | ChangeReason::EvidenceWithdrawn), "{reason}");
}

/// What an update says has moved: the parts that moved by the stated amounts, with their values, and no others.
#[test]
fn an_update_says_what_moved_by_a_stated_amount() {
    let config = Config::default();
    let mut updates = 0;
    for seed in 1..11 {
        let alerts = run(&shifted_world(seed)).alerts;
        for next in alerts.iter().filter(|alert| alert.status == AlertStatus::Updated) {
            let is_last = |a: &&Alert| a.alert_id == next.alert_id && a.revision + 1 == next.revision;
            let last = alerts.iter().find(is_last).unwrap();
            let mut expected: Vec<(&str, Arg, Arg)> = Vec::new();
            let numbers = [
                ("probability", last.likelihood.probability, next.likelihood.probability, config.update_probability),
                ("moved_fraction", last.moved_fraction.median, next.moved_fraction.median, config.update_share),
                (
                    "rising_share",
                    last.rising[0].share_after.value,
                    next.rising[0].share_after.value,
                    config.update_share,
                ),
            ];
            for (name, from, to, least) in numbers {
                if (to - from).abs() >= least {
                    expected.push((name, from.into(), to.into()));
                }
            }
            if (next.onset.date - last.onset.date).abs() >= config.update_onset_days {
                expected.push(("onset", last.onset.date.into(), next.onset.date.into()));
            }
            let parts = &next.changes.as_ref().unwrap().parts;
            assert!(!expected.is_empty() && parts.args.len() == 2 * expected.len(), "{expected:?} {parts:?}");
            for (name, from, to) in expected {
                assert_eq!([&parts.args[&format!("{name}_from")], &parts.args[&format!("{name}_to")]], [&from, &to]);
            }
            updates += 1;
        }
        let still = Config { update_probability: 1.1, update_onset_days: 5_000, update_share: 1.1, ..config.clone() };
        let alerts = run_with(&shifted_world(seed), still, |_| {}).alerts;
        assert!(alerts.iter().all(|alert| alert.status != AlertStatus::Updated));
    }
    assert!(updates > 3, "{updates}");
}

#[test]
fn a_change_and_its_negation_on_one_day_is_no_correction() {
    let events = shifted_world(3);
    let plain = run(&events);
    let doubled = run_with(&events, Config::default(), |panes| {
        let twice: Vec<Pane> = panes.iter().flat_map(|p| [*p, *p, Pane { sums: p.sums.negated(), ..*p }]).collect();
        *panes = twice;
    });
    assert_eq!(plain.alerts, doubled.alerts);
}

#[test]
fn monthly_tables_work_on_the_ends_of_their_periods() {
    let mut events = Vec::new();
    for (i, mut event) in (Plan { seed: 4, weeks: 200, reporters: &REPORTERS, mix: &shifted, rate: &even })
        .events()
        .into_iter()
        .enumerate()
    {
        let (year, month, _) = event.day.ymd();
        let days = headwater_model::days_in_month(year, month);
        event.day = headwater_model::Day::from_ymd(year, month, 1).unwrap();
        event.period_days = days as u16;
        event.known = event.day + days as i32 + 44;
        event.id = format!("{i}");
        events.push(event);
    }
    let run = run(&events);
    assert_eq!(run.raised().len(), 1);
    let alert = run.raised()[0];
    let planted = START + SHIFT_WEEK * 7;
    assert!((alert.onset.date - planted).abs() <= 62, "{} for {planted}", alert.onset.date);
    assert!(alert.detected_at - planted < 365);
    assert_eq!(alert.strata[0].delay_p90_days, 45);
}
