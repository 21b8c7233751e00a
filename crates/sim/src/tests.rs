//! Whole worlds.

use std::collections::{BTreeMap, BTreeSet};

use headwater_catalog::{Catalog, normal_name};
use headwater_model::{Day, EventPlace, Evidence, SeizureEvent, TradeEvent, Withdrawal};
use serde_json::Value;

use crate::{Body, DecoyKind, Record, Scenario, ShiftKind, Spec, Truth, World};

fn spec(seed: u64, scenario: Scenario) -> Spec {
    Spec::new(seed, scenario, Day::parse("2025-12-31").unwrap())
}

fn written(spec: &Spec) -> (Vec<u8>, Vec<u8>, Truth) {
    let (mut trade, mut seizure) = (Vec::new(), Vec::new());
    let truth = World::new(spec).unwrap().write(&mut trade, &mut seizure).unwrap();
    (trade, seizure, truth)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|b| *b == b'\n')
}

/// A first report: substance ids, route (`None` where unknown), market and day.
struct Seen {
    substances: Vec<String>,
    route: Option<String>,
    market: String,
    day: Day,
}

fn id_of(catalog: &Catalog, name: &Option<String>, cas: &Option<String>) -> String {
    let by_name = || {
        let mut normal = String::new();
        normal_name(name.as_deref()?, &mut normal);
        catalog.by_name(&normal)
    };
    let ix = cas.as_deref().and_then(|c| catalog.by_cas(c)).or_else(by_name).expect("a known substance");
    catalog.substance(ix).id.to_string()
}

fn seen(catalog: &Catalog, record: &Record) -> Option<Seen> {
    let routed = |origin: &Option<String>, via: &[String], market: &str| {
        let origin = origin.as_ref()?;
        Some([std::slice::from_ref(origin), via, &[market.to_owned()]].concat().join(">"))
    };
    match &record.body {
        Body::Trade(e) if e.revision.is_none() => Some(Seen {
            substances: vec![id_of(catalog, &e.item.name, &e.item.cas)],
            route: routed(&Some(e.origin.clone()), &e.via, &e.destination),
            market: e.destination.clone(),
            day: Day::parse(&e.occurred_on[..10]).unwrap(),
        }),
        Body::Seizure(e) if e.revision.is_none() => {
            let market = match &e.place {
                EventPlace::Code(code) => code.clone(),
                EventPlace::Parts { country, .. } => country.clone(),
            };
            Some(Seen {
                substances: e.items.iter().map(|i| id_of(catalog, &i.name, &i.cas)).collect(),
                route: routed(&e.origin, &e.via, &market),
                market,
                day: Day::parse(&e.occurred_on[..10]).unwrap(),
            })
        }
        _ => None,
    }
}

#[test]
fn a_wish_is_its_bytes() {
    let one = Spec { years: 2, history_years: 1, ..spec(9, Scenario::Messy) };
    let (trade, seizure, truth) = written(&one);
    assert_eq!((trade.clone(), seizure.clone(), truth.clone()), written(&one));
    let (other, _, _) = written(&Spec { seed: 10, ..one });
    assert_ne!(trade, other);
    // Written down once, so that a machine on which the random numbers or functions differ is found.
    let sum = |text: &[u8]| {
        text.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
    };
    let bench = {
        let mut out = Vec::new();
        crate::bench_events(1_000, 1, &mut out).unwrap();
        out
    };
    assert_eq!(format!("{:016x}", sum(&bench)), "5b68812144af25e8");
}

#[test]
fn every_line_is_of_the_contract_and_in_the_order_of_sending() {
    let spec = Spec { years: 2, history_years: 1, ..spec(3, Scenario::Messy) };
    let end = spec.end;
    let (trade, seizure, _) = written(&spec);
    for text in [trade, seizure] {
        for line in lines(&text) {
            assert!(line.len() < 2_000);
            let value: Value = serde_json::from_slice(line).unwrap();
            assert!(value["source"].as_str().unwrap().starts_with("SIM-"));
            if value["status"] == "withdrawn" {
                let back: Withdrawal = serde_json::from_slice(line).unwrap();
                assert!(back.event_id.len() < 128);
                continue;
            }
            let (day, quantities) = match serde_json::from_slice::<TradeEvent>(line) {
                Ok(e) => {
                    assert!(e.kind.is_trade() && e.origin.len() == 2 && e.destination.len() == 2);
                    assert!(e.item.name.is_some() || e.item.cas.is_some());
                    (e.occurred_on, vec![e.quantity.unwrap()])
                }
                Err(_) => {
                    let e: SeizureEvent = serde_json::from_slice(line).unwrap();
                    assert!(!e.kind.is_trade() && !e.items.is_empty());
                    assert!(e.items.iter().all(|i| i.name.is_some() || i.cas.is_some()));
                    (e.occurred_on, e.items.into_iter().map(|i| i.quantity.unwrap()).collect())
                }
            };
            for q in quantities {
                let value: f64 = q.value.as_str().parse().unwrap();
                assert!((0.0..1e8).contains(&value), "{value}");
            }
            let day = Day::parse(&day[..10]).unwrap();
            assert!(day <= end, "{day}");
        }
        assert!(text.ends_with(b"\n"));
    }
}

#[test]
fn records_come_in_the_order_of_sending_and_end_with_the_last_day() {
    let spec = spec(5, Scenario::Mixed);
    let world = World::new(&spec).unwrap();
    let mut last = i64::MIN;
    let mut count = 0;
    for record in world.records() {
        assert!(record.reported_at_s() >= last);
        last = record.reported_at_s();
        assert!(record.known_on().0 <= spec.end);
        let lead = match &record.body {
            Body::Trade(e) => Day::parse(&e.occurred_on[..10]).unwrap() - record.known_on().0,
            Body::Seizure(e) => Day::parse(&e.occurred_on[..10]).unwrap() - record.known_on().0,
            Body::Withdrawal(_) => 0,
        };
        let notice = matches!(&record.body, Body::Trade(e) if e.kind == Evidence::PreExportNotice);
        assert!(lead <= if notice { 28 } else { 1 }, "known {lead} days ahead");
        count += 1;
    }
    assert!((20_000..400_000).contains(&count), "{count} records");
    assert!(spec.end - crate::stamp::day_of(last) < 3, "the world ends on its last day");
}

#[test]
fn a_messy_world_has_every_fault_and_counts_it() {
    let spec = spec(2, Scenario::Messy);
    let world = World::new(&spec).unwrap();
    let mut records = world.records();
    let mut same: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    let (mut revisions, mut withdrawals, mut identities) = (0, 0, BTreeSet::new());
    for record in records.by_ref() {
        let mut line = Vec::new();
        record.write(&mut line).unwrap();
        let value: Value = serde_json::from_slice(&line).unwrap();
        identities.insert(format!("{} {}", value["source"], value["event_id"]));
        let first = same.entry(line).or_default();
        *first += 1;
        if *first == 1 {
            withdrawals += u64::from(value["status"] == "withdrawn");
            revisions += u64::from(value["status"] != "withdrawn" && value["revision"].as_u64().is_some());
        }
    }
    let tally = records.tally();
    let all = tally.trade + tally.seizure;
    assert_eq!(all, same.values().sum::<u64>());
    assert_eq!(tally.duplicates, same.values().map(|n| n - 1).sum::<u64>());
    assert_eq!((tally.revisions, tally.withdrawals), (revisions, withdrawals));
    assert_eq!(tally.identities, identities.len() as u64);
    assert_eq!(all, tally.identities + tally.duplicates + tally.revisions + tally.withdrawals);
    let part = |n: u64| n as f64 / tally.identities as f64;
    assert!((0.06..0.12).contains(&part(tally.duplicates)), "{tally:?}");
    assert!((0.12..0.25).contains(&part(tally.revisions)), "{tally:?}");
    assert!((0.03..0.06).contains(&part(tally.withdrawals)), "{tally:?}");
    assert!((0.01..0.04).contains(&part(tally.unit_errors)), "{tally:?}");
    assert!(tally.lost > 0);
}

#[test]
fn an_identity_never_says_two_things_under_one_number() {
    let world = World::new(&spec(4, Scenario::Messy)).unwrap();
    let mut held = BTreeMap::new();
    for record in world.records() {
        let mut line = Vec::new();
        record.write(&mut line).unwrap();
        let value: Value = serde_json::from_slice(&line).unwrap();
        let key = [&value["source"], &value["event_id"], &value["revision"], &value["status"]].map(Value::to_string);
        let first = held.entry(key).or_insert_with(|| line.clone());
        assert_eq!(*first, line);
    }
}

/// Counts of the falling and the rising label: two years before the onset, half a year before it, half a year after the
/// ramp, two years after it.
fn around(truth: &Truth, records: &[Seen], shift: &crate::PlantedShift) -> [[f64; 2]; 4] {
    let cell = truth.cells.iter().find(|c| c.family == shift.family && c.market == shift.market).unwrap();
    let settled = shift.onset + i32::from(shift.ramp_weeks) * 7;
    let spans = [
        (shift.onset - 728, shift.onset),
        (shift.onset - 182, shift.onset),
        (settled, settled + 182),
        (settled, settled + 728),
    ];
    spans.map(|(from, to)| {
        let here = records.iter().filter(|s| s.market == shift.market && cell.substances.contains(&s.substances[0]));
        let mut counts = [0.0; 2];
        for seen in here.filter(|s| (from..to).contains(&s.day)) {
            let labels: Vec<&String> = match shift.kind {
                ShiftKind::Substitution => seen.substances.iter().collect(),
                ShiftKind::Displacement => seen.route.iter().collect(),
            };
            counts[0] += labels.iter().filter(|l| ***l == shift.falling).count() as f64;
            counts[1] += labels.iter().filter(|l| ***l == shift.rising).count() as f64;
        }
        counts
    })
}

/// Single cells scatter by season, drift and chance; over many the odds must be those that were planted, and the day of
/// the onset must part them.
#[test]
fn planted_shifts_are_there_in_the_raw_counts() {
    let catalog = Catalog::embedded();
    for scenario in [Scenario::Substitution, Scenario::Displacement] {
        let mut ratios = Vec::new();
        let (mut just_before, mut just_after) = ([0.0; 2], [0.0; 2]);
        for seed in 0..4 {
            let world = World::new(&spec(seed, scenario)).unwrap();
            let mut records = world.records();
            let seen: Vec<Seen> = records.by_ref().filter_map(|r| seen(&catalog, &r)).collect();
            let truth = world.truth(records.tally());
            assert_eq!(truth.shifts.len(), 4);
            for shift in &truth.shifts {
                let [[a0, b0], [a1, b1], [a2, b2], [a3, b3]] = around(&truth, &seen, shift);
                // A fraction f moved: odds (o + f v) / (1 - f).
                let odds = b0 / a0.max(1.0);
                let moved = (odds + shift.fraction * shift.volume_ratio) / (1.0 - shift.fraction);
                ratios.push(b3 / a3.max(1.0) / moved);
                just_before = [just_before[0] + a1 * odds, just_before[1] + b1];
                just_after = [just_after[0] + a2 * moved, just_after[1] + b2];
                // First reports that name the wrong substance are the one way to see a new label early.
                assert!(!shift.rising_is_new || b0 < 0.02 * a0 + 3.0, "{shift:?}: {b0} before");
            }
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        assert!((0.75..1.35).contains(&median), "{scenario}: {ratios:?}");
        for [expected, found] in [just_before, just_after] {
            assert!((0.7..1.4).contains(&(found / expected)), "{scenario}: {found}, not {expected}");
        }
    }
}

#[test]
fn a_quiet_world_has_nothing_planted_and_a_stress_world_only_decoys() {
    let truth = |scenario| World::new(&spec(1, scenario)).unwrap().truth(Default::default());
    let kinds = |t: &Truth| t.decoys.iter().map(|d| format!("{:?}", d.kind)).collect::<BTreeSet<_>>();
    let quiet = truth(Scenario::Quiet);
    assert!(quiet.shifts.is_empty());
    assert!(kinds(&quiet).iter().all(|k| k == "Outage" || k == "Joining"));
    for (scenario, kind) in [
        (Scenario::StressCampaign, DecoyKind::Campaign),
        (Scenario::StressLaboratory, DecoyKind::Laboratory),
        (Scenario::StressDelay, DecoyKind::Delay),
        (Scenario::StressOperation, DecoyKind::Operation),
    ] {
        let truth = truth(scenario);
        assert!(truth.shifts.is_empty());
        let count = truth.decoys.iter().filter(|d| d.kind == kind).count();
        assert!(count >= truth.cells.len().min(7), "{scenario}: {count}");
    }
    let mixed = truth(Scenario::Mixed);
    assert_eq!(mixed.shifts.iter().filter(|s| s.kind == ShiftKind::Displacement).count(), 3);
    assert!(mixed.shifts.iter().all(|s| s.onset > mixed.history_until && s.onset < mixed.end));
    for cell in &mixed.cells {
        assert!((3..=7).contains(&cell.substances.len()) && (2..=6).contains(&cell.routes.len()), "{cell:?}");
    }
}

#[test]
fn a_silent_source_is_silent() {
    let world = World::new(&spec(6, Scenario::Messy)).unwrap();
    let truth = world.truth(Default::default());
    let outages: Vec<_> = truth.decoys.iter().filter(|d| d.kind == DecoyKind::Outage).collect();
    assert!(!outages.is_empty());
    for record in world.records() {
        let source = match &record.body {
            Body::Trade(e) => &e.source,
            Body::Seizure(e) => &e.source,
            Body::Withdrawal(e) => &e.source,
        };
        let day = record.known_on().0;
        let silent = outages.iter().any(|o| o.source.as_ref() == Some(source) && (o.from..=o.to).contains(&day));
        assert!(!silent, "{source} speaks on {day}");
    }
}
