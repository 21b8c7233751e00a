#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use headwater_catalog::Catalog;
use headwater_detect::{Config, Limits};
use headwater_model::{Alert, AlertStatus, Day, Marking};
use headwater_store::DrillOrder;
use proptest::prelude::*;

use crate::archive::fake::{Fake, WEEKS, Week};
use crate::detecting::log::ENTRY_DAYS_MAX;
use crate::detecting::{AlertSink, Detecting, Holder, Standing};

const SOURCES: [(&str, u32); 2] = [("trade", 1), ("seizure", 1)];

/// The log of a process that was never stopped and looked after each week.
static STRAIGHT: LazyLock<Vec<Alert>> = LazyLock::new(|| {
    let mut archive = Fake::with(&SOURCES);
    let mut detecting = detecting();
    for week in WEEKS.iter() {
        commit(&mut archive, week);
        step_all(&mut detecting, &archive);
    }
    let cells = archive.log.borrow().last().unwrap().cells.unwrap();
    assert!(cells.watched > 0, "{cells:?}");
    let alerts = told(&archive);
    assert!(alerts.iter().filter(|alert| alert.status == AlertStatus::Raised).count() >= 2, "{}", alerts.len());
    assert!(alerts.iter().any(|alert| alert.status != AlertStatus::Raised));
    alerts
});

fn detecting() -> Detecting {
    let sources: BTreeSet<Arc<str>> = SOURCES.iter().map(|(source, _)| (*source).into()).collect();
    Detecting::new(Catalog::embedded(), Config::default(), sources)
}

/// Each input reached its end; the clock of a week ends on its last day.
fn commit(archive: &mut Fake, week: &Week) {
    archive.commit("trade/0", &week.trade, true, Some(week.last));
    archive.commit("seizure/0", &week.seizure, true, Some(week.last));
}

fn step(detecting: &mut Detecting, archive: &Fake, active: bool) -> anyhow::Result<Standing> {
    detecting.step(archive, active, &mut (), &|| false)
}

/// Until nothing is left to do.
fn step_all(detecting: &mut Detecting, archive: &Fake) -> Standing {
    loop {
        let standing = step(detecting, archive, true).unwrap();
        if !standing.busy {
            return standing;
        }
    }
}

fn told(archive: &Fake) -> Vec<Alert> {
    archive.log.borrow().iter().flat_map(|entry| entry.alerts.clone()).collect()
}

fn closed_days(archive: &Fake) -> Vec<Day> {
    archive.log.borrow().iter().map(|entry| entry.closed_to).collect()
}

#[test]
fn days_are_closed_up_to_the_slowest_clock_and_one_entry_tells_of_them() {
    let mut archive = Fake::with(&SOURCES);
    let mut detecting = detecting();
    let week = &WEEKS[0];
    assert_eq!(step_all(&mut detecting, &archive).closed_to, None);
    archive.commit("trade/0", &week.trade, true, Some(week.last));
    let standing = step_all(&mut detecting, &archive);
    assert_eq!((standing.closed_to, &*standing.held_by.to_string()), (None, "seizure/0 was not read to its end yet"));
    archive.commit("seizure/0", &week.seizure, true, Some(week.last - 2));
    let clock = archive.clock("seizure/0").unwrap();
    let standing = step_all(&mut detecting, &archive);
    assert_eq!(standing.closed_to, Some(clock - 1));
    let Holder::Behind { input, .. } = standing.held_by else { panic!() };
    assert_eq!(input.to_string(), "seizure/0");
    step_all(&mut detecting, &archive);
    assert_eq!(closed_days(&archive).len(), 1, "nothing moved: no entry");
    let cells = archive.log.borrow()[0].cells.unwrap();
    assert!(cells.watched == 0 && cells.not_watched > 0, "a week is no history: {cells:?}");
    assert!(archive.log.borrow()[0].epochs.len() == 2);
}

#[test]
fn a_backfill_is_told_in_entries_of_bounded_length_and_alike() {
    let mut archive = Fake::with(&SOURCES);
    for week in WEEKS.iter() {
        archive.commit("trade/0", &week.trade, false, None);
        archive.commit("seizure/0", &week.seizure, false, None);
    }
    let mut detecting = detecting();
    assert_eq!(step_all(&mut detecting, &archive).closed_to, None, "neither was at its end");
    let last = WEEKS.last().unwrap().last;
    let none: [&[u8]; 0] = [];
    archive.commit("trade/0", &none, true, Some(last));
    archive.commit("seizure/0", &none, true, Some(last));
    assert_eq!(step_all(&mut detecting, &archive).closed_to, Some(last - 1));
    assert_eq!(told(&archive), *STRAIGHT);
    let days = closed_days(&archive);
    assert!(days.windows(2).all(|pair| (1..=ENTRY_DAYS_MAX as i32).contains(&(pair[1] - pair[0]))), "{days:?}");
    assert!(days.len() > 5);
}

#[test]
fn places_for_which_there_is_no_room_are_counted() {
    let sources: BTreeSet<Arc<str>> = SOURCES.iter().map(|(source, _)| (*source).into()).collect();
    let unwatched = |limits: Limits| {
        let config = Config { limits, ..Config::default() };
        let mut detecting = Detecting::new(Catalog::embedded(), config, sources.clone());
        let mut archive = Fake::with(&SOURCES);
        for week in &WEEKS[..20] {
            commit(&mut archive, week);
        }
        let unwatched = step_all(&mut detecting, &archive).unwatched;
        let cells = archive.log.borrow().last().unwrap().cells.unwrap();
        assert!(cells.not_watched >= unwatched, "{cells:?}");
        unwatched
    };
    let [none, some] = [Limits::default(), Limits { places_max: 2, ..Limits::default() }].map(unwatched);
    assert!(none == 0 && some > 0, "{none} and {some}");
}

#[test]
fn folding_changes_nothing_and_who_was_overtaken_begins_afresh() {
    let mut archive = Fake::with(&SOURCES);
    let (mut active, mut standby) = (detecting(), detecting());
    for (number, week) in WEEKS.iter().enumerate() {
        commit(&mut archive, week);
        step_all(&mut active, &archive);
        if number % 40 == 20 {
            step(&mut standby, &archive, false).unwrap();
        }
        if number % 40 == 30 {
            archive.fold("trade/0", true);
            archive.fold("seizure/0", false);
        }
    }
    assert_eq!(told(&archive), *STRAIGHT);
    while step(&mut standby, &archive, false).unwrap().busy {}
    assert!(!standby.differs());
    assert_eq!(standby.closed_to(), active.closed_to());
}

#[test]
fn a_store_that_fails_now_and_then_loses_and_doubles_nothing() {
    let mut archive = Fake::with(&SOURCES);
    let (mut detecting, mut failed) = (detecting(), 0);
    for week in WEEKS.iter() {
        commit(&mut archive, week);
        archive.fail_one_in.set(3);
        while step(&mut detecting, &archive, true).map_or(true, |standing| standing.busy) {
            failed += 1;
        }
    }
    archive.fail_one_in.set(0);
    step_all(&mut detecting, &archive);
    assert!(failed > 100, "{failed}");
    assert_eq!(told(&archive), *STRAIGHT);
}

/// Late reports: known long before they arrive.
#[test]
fn late_rows_never_land_on_a_closed_day() {
    let mut archive = Fake::with(&SOURCES);
    let mut active = detecting();
    let (early, late): (Vec<_>, Vec<_>) = (0..WEEKS.len()).partition(|number| number % 5 != 4);
    for number in &early {
        commit(&mut archive, &WEEKS[*number]);
        step_all(&mut active, &archive);
        if number % 5 == 3 && number > &5 {
            // A week that was left out comes now, under a clock that is past it.
            commit(&mut archive, &WEEKS[number - 4]);
            let before = active.closed_to();
            step_all(&mut active, &archive);
            assert!(active.closed_to() >= before);
        }
    }
    assert!(late.len() > 10);
    assert_eq!(step_all(&mut active, &archive).late, 0);
    let mut rebuilt = detecting();
    while step(&mut rebuilt, &archive, false).unwrap().busy {}
    assert!(!rebuilt.differs());
    let standing = step(&mut rebuilt, &archive, false).unwrap();
    assert_eq!((standing.closed_to, standing.late), (active.closed_to(), 0));
}

#[derive(Default)]
struct Heard {
    alerts: Vec<Alert>,
    away: bool,
}

impl AlertSink for &mut Heard {
    fn publish(&mut self, alerts: &[Alert]) -> anyhow::Result<()> {
        anyhow::ensure!(!self.away, "the broker is away");
        self.alerts.extend_from_slice(alerts);
        Ok(())
    }
}

impl Heard {
    /// What somebody holds who keeps the last of each id.
    fn last(&self) -> Vec<&Alert> {
        last(&self.alerts)
    }
}

fn last(alerts: &[Alert]) -> Vec<&Alert> {
    let by_id: std::collections::BTreeMap<&str, &Alert> = alerts.iter().map(|a| (a.alert_id.as_str(), a)).collect();
    by_id.into_values().collect()
}

#[test]
fn what_was_not_published_is_published_by_whoever_takes_over() {
    let mut archive = Fake::with(&SOURCES);
    let (mut first, mut second) = (detecting(), detecting());
    let (mut heard_first, mut heard_second) = (Heard { away: true, ..Heard::default() }, Heard::default());
    let half = WEEKS.len() * 4 / 5;
    for week in &WEEKS[..half] {
        commit(&mut archive, week);
        while first.step(&archive, true, &mut &mut heard_first, &|| false).is_ok_and(|standing| standing.busy) {}
        assert!(!second.step(&archive, false, &mut &mut heard_second, &|| false).unwrap().active);
    }
    let alerts = told(&archive);
    assert!(!alerts.is_empty() && heard_first.alerts.is_empty() && heard_second.alerts.is_empty());
    while second.step(&archive, true, &mut &mut heard_second, &|| false).unwrap().busy {}
    assert_eq!(heard_second.last(), last(&alerts));
    for week in &WEEKS[half..] {
        commit(&mut archive, week);
        while second.step(&archive, true, &mut &mut heard_second, &|| false).unwrap().busy {}
    }
    assert_eq!(told(&archive), *STRAIGHT);
    assert_eq!(heard_second.last(), last(&STRAIGHT));
    heard_first.away = false;
    first.step(&archive, true, &mut &mut heard_first, &|| false).unwrap();
    assert!(last(&alerts).into_iter().all(|alert| heard_first.last().contains(&alert)), "once its broker is back");
}

#[test]
fn a_drill_is_told_as_every_alert_and_changes_none() {
    let mut archive = Fake::with(&SOURCES);
    let (mut active, mut standby, mut heard) = (detecting(), detecting(), Heard::default());
    let order = |id: &str, asked_ms: i64, ends_ms: i64| DrillOrder {
        alert_id: id.into(),
        family: "opioids".into(),
        market: "US".into(),
        marking: Marking::Green,
        asked_ms,
        ends_ms,
    };
    let now = crate::clock::unix_ms();
    archive.drills.borrow_mut().push(order("early", now, now + 3_600_000));
    while active.step(&archive, true, &mut &mut heard, &|| false).unwrap().busy {}
    assert_eq!(archive.drills.borrow().len(), 1, "no day is closed: it waits");
    let half = WEEKS.len() / 2;
    for (number, week) in WEEKS.iter().enumerate() {
        commit(&mut archive, week);
        if number == half {
            archive.drills.borrow_mut().extend([
                order("late", now - 3_600_000, now + 3_600_000),
                order("over", now, now - 1),
                DrillOrder { family: "none".into(), ..order("unknown", now, now + 3_600_000) },
            ]);
        }
        while active.step(&archive, true, &mut &mut heard, &|| false).unwrap().busy {}
        step(&mut standby, &archive, false).unwrap();
    }
    while active.step(&archive, true, &mut &mut heard, &|| false).unwrap().busy {}
    assert!(archive.drills.borrow().is_empty());
    let (exercises, others): (Vec<Alert>, Vec<Alert>) = told(&archive).into_iter().partition(|alert| alert.exercise);
    assert_eq!(others, *STRAIGHT);
    assert!(!active.differs() && !standby.differs());
    let said: Vec<(&str, u32, AlertStatus)> =
        exercises.iter().map(|alert| (alert.alert_id.as_str(), alert.revision, alert.status)).collect();
    let (raised, expired) = (AlertStatus::Raised, AlertStatus::Expired);
    assert_eq!(said, [("early", 1, raised), ("over", 1, raised), ("over", 2, expired)]);
    assert_eq!(heard.last(), last(&told(&archive)));
    // Who takes over tells them too, and one whose order is still there is told once.
    archive.drills.borrow_mut().push(order("early", now, now + 3_600_000));
    let mut heard = Heard::default();
    while standby.step(&archive, true, &mut &mut heard, &|| false).unwrap().busy {}
    assert_eq!((heard.last(), archive.drills.borrow().len()), (last(&told(&archive)), 0));
    assert_eq!(told(&archive).len(), exercises.len() + others.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn stopped_at_any_point_and_rebuilt_it_tells_the_same(stops in prop::collection::btree_set(0..WEEKS.len(), 1..4)) {
        let mut archive = Fake::with(&SOURCES);
        let mut detecting = detecting();
        for (number, week) in WEEKS.iter().enumerate() {
            commit(&mut archive, week);
            if stops.contains(&number) {
                detecting = self::detecting();
            }
            step_all(&mut detecting, &archive);
        }
        prop_assert_eq!(&told(&archive), &*STRAIGHT);
        prop_assert!(!detecting.differs());
    }

    #[test]
    fn two_that_close_days_at_once_write_one_log(turns in prop::collection::vec(any::<[bool; 2]>(), 20..60)) {
        let mut archive = Fake::with(&SOURCES);
        let mut both = [detecting(), detecting()];
        for (number, week) in WEEKS.iter().enumerate() {
            commit(&mut archive, week);
            for (detecting, turn) in both.iter_mut().zip(turns[number % turns.len()]) {
                if turn {
                    // Walked before the other's entry is seen: what a slow writer does.
                    detecting.walk_ahead(&archive).unwrap();
                }
            }
            for (detecting, turn) in both.iter_mut().zip(turns[(number + 1) % turns.len()]) {
                if turn {
                    step(detecting, &archive, true).unwrap();
                }
            }
        }
        for detecting in &mut both {
            step_all(detecting, &archive);
            prop_assert!(!detecting.differs());
        }
        prop_assert_eq!(&told(&archive), &*STRAIGHT);
        let days = closed_days(&archive);
        prop_assert!(days.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", days);
    }
}
