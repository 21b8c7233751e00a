//! Published figures of US Customs and Border Protection, fiscal years 2019 to 2022, the whole way. The table is not part
//! of this project: its place is given by `HEADWATER_SHARED`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::LazyLock;

use headwater_import::cbp::{self, CbpOptions};
use headwater_model::{Alert, Check, CheckResult, Day, EventPlace, Kind, Scope, SeizureEvent};
use headwater_tests::binary::{self, Outcome, standing};
use headwater_tests::detection::{Replayed, own_log, replayed, statistic};
use headwater_tests::feed::Dice;
use headwater_tests::shared;

/// Milligrams of a pound.
const POUND_MG: f64 = 453_592.37;

fn table() -> PathBuf {
    shared("data/cbp/nationwide-drugs-fy19-fy22.csv")
}

static EVENTS: LazyLock<Vec<SeizureEvent>> = LazyLock::new(|| {
    let import = cbp::import([("table", File::open(table()).unwrap())], &CbpOptions::default()).unwrap();
    assert_eq!(import.events.len(), 10_092);
    import.events
});

fn lines(events: &[SeizureEvent]) -> Vec<Vec<u8>> {
    events.iter().map(|event| serde_json::to_vec(event).unwrap()).collect()
}

static PLAIN: LazyLock<Replayed> = LazyLock::new(|| replayed(&lines(&EVENTS)));

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// What an alert tells, less its figures.
fn told(alert: &Alert) -> (Scope, Option<&str>, &str, Vec<&str>, Vec<&str>) {
    (
        alert.scope,
        alert.place.as_deref(),
        alert.family.as_str(),
        alert.falling.iter().map(|m| m.id.as_str()).collect(),
        alert.rising.iter().map(|m| m.id.as_str()).collect(),
    )
}

#[test]
fn heroin_gives_way_to_fentanyl() {
    let folder = tempfile::tempdir().unwrap();
    let table = table();
    binary::succeeds(folder.path(), &["import", "cbp", table.to_str().unwrap(), "-o", "cbp.ndjson"]);
    let outcome = binary::replay(folder.path(), &["cbp.ndjson"], "out");
    assert_eq!((outcome.count("read"), outcome.count("accepted")), (10_092, 10_092));

    let alerts = outcome.alerts();
    assert!(standing(&alerts).len() <= 20, "{} alerts", standing(&alerts).len());
    let first: Vec<&Alert> = alerts.iter().filter(|a| a.revision == 1).collect();
    let [alert, ..] = first[..] else { panic!("nothing is raised") };
    assert_eq!((alert.kind, alert.market.as_str()), (Kind::Substitution, "US"));
    // The border with Mexico carries the shift: the country as a whole says less, through its other offices.
    let border = (Scope::Subdivision, Some("Southwest Border"), "opioids", vec!["heroin"], vec!["fentanyl"]);
    assert_eq!(told(alert), border);
    let onset = alert.onset.date;
    assert!(day("2019-11-01") < onset && onset < day("2020-09-01"), "onset {onset}");
    assert!(alert.detected_at < day("2021-06-01"), "detected {}", alert.detected_at);
    assert!(!alert.simulated);
    // The largest single seizure of the table, 39,957 lb of cocaine in Philadelphia in June 2019, is one operation. What is
    // told of cocaine is told three years later, of all the country: its share against MDMA doubles from 2019 to 2022, and
    // does so without any one office.
    for told_of in alerts.iter().filter(|a| Replayed::names(a, "cocaine")) {
        assert_eq!(
            (told_of.scope, &*told_of.falling[0].id, &*told_of.rising[0].id),
            (Scope::Market, "mdma", "cocaine")
        );
        assert!(told_of.detected_at > day("2022-09-01"), "{}", told_of.detected_at);
    }

    // The same in process, so that the tests below speak of the same alerts.
    assert_eq!(alerts, PLAIN.alerts);
    volumes_are_the_published_ones(&outcome);
}

/// Totals by fiscal year, which begins in October.
fn volumes_are_the_published_ones(outcome: &Outcome) {
    let mut pounds: BTreeMap<(i32, String), i64> = BTreeMap::new();
    for row in outcome.volumes() {
        let (year, month, _) = row.day.ymd();
        *pounds.entry((year + i32::from(month >= 10), row.substance)).or_default() += row.mass_mg;
    }
    let published =
        [(2020, "heroin", 5_763), (2020, "fentanyl", 4_791), (2021, "heroin", 5_400), (2021, "fentanyl", 11_201)];
    for (year, substance, expected) in published {
        let mass_mg = pounds[&(year, substance.to_owned())];
        assert_eq!((mass_mg as f64 / POUND_MG).round() as i64, expected, "{substance} in {year}");
    }
}

#[test]
fn a_permutation_of_the_months_raises_next_to_nothing() {
    let months: Vec<(String, u16, String)> = {
        let distinct: BTreeMap<_, _> =
            EVENTS.iter().map(|e| (e.occurred_on.clone(), (e.period_days, e.reported_at.clone()))).collect();
        distinct.into_iter().map(|(first, (days, reported))| (first, days.unwrap_or(1), reported)).collect()
    };
    assert_eq!(months.len(), 48);
    let place: BTreeMap<&str, usize> = months.iter().enumerate().map(|(i, m)| (m.0.as_str(), i)).collect();
    let mut raised = Vec::new();
    for seed in 0..100 {
        let mut dice = Dice::new(seed);
        let mut moved: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let events: Vec<SeizureEvent> = EVENTS
            .iter()
            .map(|event| {
                let to = moved.entry(office(event)).or_insert_with(|| shuffled(months.len(), &mut dice));
                let (first, days, reported) = &months[to[place[event.occurred_on.as_str()]]];
                let (occurred_on, period_days, reported_at) = (first.clone(), Some(*days), reported.clone());
                SeizureEvent { occurred_on, period_days, reported_at, ..event.clone() }
            })
            .collect();
        let replayed = replayed(&lines(&events));
        assert_eq!(replayed.identities(), EVENTS.len());
        let opioid = |a: &&Alert| Replayed::names(a, "heroin") || Replayed::names(a, "fentanyl");
        raised.extend(replayed.raised().filter(opioid).map(|a| (seed, a.detected_at, a.headline.clone())));
    }
    assert!(raised.len() <= 5, "{raised:?}");
}

fn office(event: &SeizureEvent) -> String {
    match &event.place {
        EventPlace::Parts { office, .. } => office.clone().unwrap_or_default(),
        EventPlace::Code(code) => code.clone(),
    }
}

/// Fisher and Yates.
fn shuffled(n: usize, dice: &mut Dice) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, dice.below(i + 1));
    }
    order
}

#[test]
fn with_the_labels_swapped_the_alert_is_swapped() {
    let swapped: Vec<SeizureEvent> = EVENTS
        .iter()
        .map(|event| {
            let mut event = event.clone();
            for item in &mut event.items {
                let name = item.name.as_deref().map(|name| match name {
                    "Heroin" => "Fentanyl",
                    "Fentanyl" => "Heroin",
                    other => other,
                });
                item.name = name.map(str::to_owned);
            }
            event
        })
        .collect();
    let swapped = replayed(&lines(&swapped));
    let one: Vec<_> = PLAIN.raised().map(|a| (a.detected_at, a.onset.date, told(a))).collect();
    let other: Vec<_> = swapped.raised().map(|a| (a.detected_at, a.onset.date, told(a))).collect();
    assert!(!one.is_empty());
    let turned: Vec<_> = other
        .into_iter()
        .map(|(detected, onset, (scope, place, family, falling, rising))| {
            let [falling, rising] = if family == "opioids" { [rising, falling] } else { [falling, rising] };
            (detected, onset, (scope, place, family, falling, rising))
        })
        .collect();
    assert_eq!(one, turned);
}

#[test]
fn counter_evidence_is_what_a_replay_without_it_says() {
    let alert = PLAIN.raised().next().unwrap();
    let whole = statistic(&lines(&EVENTS), alert).unwrap();
    assert!((whole.log - alert.statistic.value).abs() < 1e-9, "{} and {}", whole.log, alert.statistic.value);

    let top = &alert.evidence.top_events[0];
    let rest: Vec<SeizureEvent> = EVENTS.iter().filter(|e| e.event_id != top.event_id).cloned().collect();
    assert_eq!(rest.len(), EVENTS.len() - 1);
    let without = statistic(&lines(&rest), alert).unwrap();
    let check = alert.counter_evidence.iter().find(|c| c.check == Check::WithoutLargestOperation).unwrap();
    let own_log = own_log(&without, alert);
    assert!((own_log - check.value.unwrap()).abs() < 1e-9, "{own_log} and {:?}", check.value);
    assert!((whole.log - without.log).abs() > 1e-6, "the top event moves nothing");

    // One reporter: there is nobody to leave out, and the alert says so.
    let check = alert.counter_evidence.iter().find(|c| c.check == Check::WithoutAnyOneReporter).unwrap();
    assert_eq!((check.result, check.value), (CheckResult::NotChecked, None));
}
