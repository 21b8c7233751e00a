//! Simulated worlds the whole way: what was planted is found, what was not is not, and what is taken back is withdrawn.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use headwater_model::{Alert, AlertStatus, ChangeReason, Check, Day, Kind, Scope};
use headwater_sim::{PlantedShift, Scenario, ShiftKind, Spec, Truth, World};
use headwater_tests::detection::{Replayed, own_log, replayed, statistic};
use serde_json::{Value, json};

/// Days after the onset in which a planted shift must be told.
const DELAY_MAX: i32 = 365;

struct Simulated {
    truth: Truth,
    lines: Vec<Vec<u8>>,
    replayed: Replayed,
}

fn simulated(scenario: Scenario, seed: u64) -> Simulated {
    let world = World::new(&Spec::new(seed, scenario, Day::parse("2025-12-31").unwrap())).unwrap();
    let (mut trade, mut seizure) = (Vec::new(), Vec::new());
    let truth = world.write(&mut trade, &mut seizure).unwrap();
    let lines: Vec<Vec<u8>> =
        [trade, seizure].concat().split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec).collect();
    let replayed = replayed(&lines);
    Simulated { truth, lines, replayed }
}

static SHIFTED: LazyLock<Simulated> = LazyLock::new(|| simulated(Scenario::Substitution, 1));

fn sides(alert: &Alert) -> (&str, &str) {
    (&alert.falling[0].id, &alert.rising[0].id)
}

/// Whether an alert tells a planted shift, in time: the kind, the market and both sides. Where the moved flow of a
/// substitution takes another route, that route rising is told of it too.
fn tells(alert: &Alert, shift: &PlantedShift) -> bool {
    let here = alert.market == shift.market && (0..=DELAY_MAX).contains(&(alert.detected_at - shift.onset));
    let planted = sides(alert) == (shift.falling.as_str(), shift.rising.as_str());
    here && match (alert.kind, shift.kind) {
        (Kind::Substitution, ShiftKind::Substitution) | (Kind::Displacement, ShiftKind::Displacement) => planted,
        (Kind::Displacement, ShiftKind::Substitution) => shift.displaced_to.as_deref() == Some(sides(alert).1),
        _ => false,
    }
}

/// The planted shifts that an alert of their own kind and family tells, and the alerts that tell of none. A family that
/// shares substances with the planted one sees its shift too.
fn judged(world: &Simulated) -> (BTreeSet<usize>, Vec<String>) {
    let (mut found, mut others) = (BTreeSet::new(), Vec::new());
    for alert in world.replayed.raised() {
        assert!(alert.simulated, "a simulated source speaks in it");
        let shifts = world.truth.shifts.iter().enumerate().filter(|(_, shift)| tells(alert, shift));
        let shifts: Vec<(usize, &PlantedShift)> = shifts.collect();
        if shifts.is_empty() {
            others.push(alert.headline.clone());
        }
        let own = shifts.into_iter().filter(|(_, shift)| alert.family == shift.family);
        found.extend(
            own.filter(|(_, s)| (s.kind == ShiftKind::Displacement) == (alert.kind == Kind::Displacement))
                .map(|(n, _)| n),
        );
    }
    (found, others)
}

#[test]
fn planted_substitutions_are_told_with_the_right_pair() {
    let world = &*SHIFTED;
    assert_eq!(world.truth.shifts.len(), 4);
    let (found, others) = judged(world);
    assert!(found.len() >= 3, "found {found:?} of the four planted");
    assert!(others.len() <= 2, "{others:?}");
}

/// Twelve are planted. A cell has 2 to 6 routes and a world twelve cells: an alert drawn at random would tell a planted
/// one once in about a hundred times.
#[test]
fn planted_displacements_are_told_with_the_right_routes() {
    let (mut planted, mut found, mut others) = (0, 0, Vec::new());
    for seed in 1..=3 {
        let world = simulated(Scenario::Displacement, seed);
        planted += world.truth.shifts.len();
        let (own, none) = judged(&world);
        found += own.len();
        others.extend(none);
        for alert in world.replayed.raised().filter(|a| a.kind == Kind::Displacement) {
            let known: BTreeSet<&str> = world.truth.cells.iter().flat_map(|c| &c.routes).map(String::as_str).collect();
            let (falling, rising) = sides(alert);
            assert!(
                alert.scope == Scope::World || known.contains(falling) && known.contains(rising),
                "{}",
                alert.headline
            );
            assert!(alert.control_context.iter().all(|c| member(&world, alert, &c.substance)), "{}", alert.headline);
        }
    }
    assert_eq!(planted, 12);
    assert!(found >= 8, "found {found} of twelve planted");
    assert!(others.len() <= 3, "{others:?}");
}

/// Whether a substance is one of an alert's family.
fn member(world: &Simulated, alert: &Alert, substance: &str) -> bool {
    let catalog = world.replayed.catalog();
    let record = catalog.get(substance).unwrap();
    record.families.iter().chain(&record.market_family).any(|f| *catalog.family_at(*f).id == *alert.family)
}

#[test]
fn a_quiet_world_is_quiet() {
    let told: Vec<_> = [2, 3, 4]
        .into_iter()
        .flat_map(|seed| {
            let alerts = simulated(Scenario::Quiet, seed).replayed.alerts;
            let raised = alerts.into_iter().filter(|alert| alert.revision == 1);
            raised.map(|a| (a.kind, a.scope, a.headline)).collect::<Vec<_>>()
        })
        .collect();
    // The three have 180 market-years, and their subdivisions, and routes: at the rate that the detector states of itself,
    // about one false alarm at market scope. One a world, all kinds and scopes together, is far beyond it.
    assert!(told.len() <= 3, "{told:?}");
}

#[test]
fn leaving_a_reporter_out_is_a_replay_without_its_records() {
    let world = &*SHIFTED;
    let alert = world.replayed.raised().find(|a| a.strata.iter().any(|s| s.statistic_without.is_some())).unwrap();
    let mut smallest = f64::INFINITY;
    let sources: BTreeSet<&str> = alert.strata.iter().map(|s| s.source.as_str()).collect();
    assert!(sources.len() >= 2, "{sources:?}");
    for source in sources {
        let said = alert.strata.iter().find(|s| s.source == source).unwrap().statistic_without.unwrap();
        let rest: Vec<&Vec<u8>> = world.lines.iter().filter(|line| parsed(line)["source"] != source).collect();
        assert!(rest.len() < world.lines.len());
        let without = statistic(&rest, alert).map_or(f64::NEG_INFINITY, |e| own_log(&e, alert));
        assert!((without - said).abs() < 1e-9, "without {source}: {without} and {said}");
        smallest = smallest.min(said);
    }
    let check = alert.counter_evidence.iter().find(|c| c.check == Check::WithoutAnyOneReporter).unwrap();
    assert!((check.value.unwrap() - smallest).abs() < 1e-9, "{:?} and {smallest}", check.value);
}

#[test]
fn an_alert_is_withdrawn_when_its_evidence_is() {
    let world = &*SHIFTED;
    let alert = world.replayed.raised().next().unwrap();
    let rising = &alert.rising[0];
    let taken_back = alert.detected_at + 20;
    // Every record of what rose since the onset is taken back on one day, by everybody.
    let mut lines = world.lines.clone();
    let names: BTreeSet<&str> = [Some(rising.name.as_str()), rising.cas.as_deref()].into_iter().flatten().collect();
    for line in &world.lines {
        let event = parsed(line);
        let day = event["occurred_on"].as_str().and_then(|text| Day::parse(&text[..10]));
        if day.is_some_and(|d| d >= alert.onset.earliest) && speaks_of(&event, &names) {
            let withdrawal = json!({
                "event_id": event["event_id"], "source": event["source"], "status": "withdrawn", "revision": 1_000,
                "reported_at": format!("{taken_back}T12:00:00Z"),
            });
            lines.push(serde_json::to_vec(&withdrawal).unwrap());
        }
    }
    assert!(lines.len() > world.lines.len() + 10);
    let replayed = replayed(&lines);
    let revisions: Vec<&Alert> = replayed.alerts.iter().filter(|a| a.alert_id == alert.alert_id).collect();
    assert_eq!(revisions[0], alert, "nothing before the correction changes");
    let withdrawn = revisions.iter().find(|a| a.status == AlertStatus::Withdrawn).unwrap();
    assert_eq!(withdrawn.as_of, taken_back);
    assert_eq!(withdrawn.changes.as_ref().unwrap().reason, ChangeReason::EvidenceWithdrawn);
}

fn parsed(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap()
}

fn speaks_of(event: &Value, names: &BTreeSet<&str>) -> bool {
    let items = event["items"].as_array().cloned().unwrap_or_else(|| vec![event["item"].clone()]);
    let said = |item: &Value, field: &str| item[field].as_str().is_some_and(|text| names.contains(text));
    items.iter().any(|item| said(item, "name") || said(item, "cas"))
}
