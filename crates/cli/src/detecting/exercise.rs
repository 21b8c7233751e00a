//! Exercise alerts: made on order, told on the way of every other alert, and at an end when their time is over. No row of
//! the archive stands behind one, and the detector does not know of it.

use headwater_catalog::Catalog;
use headwater_model::{Alert, AlertStatus, Arg, ChangeReason, Changes, Day, Phrase, Scope, StatisticPoint, Window};
use headwater_people::Moment;
use headwater_store::DrillOrder;

use crate::versions::versions;

/// So long an order counts: whoever gave it has waited for it no longer, and must not be surprised by it later.
pub const ORDER_MS: i64 = 60_000;

/// What every exercise alert looks like: figures that are made up, of one reporter that does not exist. Days, names and
/// access come with the order.
const PATTERN: &str = include_str!("exercise.json");

/// Argument of the headline: when the exercise ends.
const ENDS: &str = "ends";

/// Weeks of the statistic's course that are drawn.
const COURSE_WEEKS: i32 = 12;

/// Days from the onset to the day on which the alert is raised.
const ONSET_DAYS: i32 = 56;
/// Either side of the onset's interval.
const ONSET_WIDTH_DAYS: i32 = 14;
/// Days of the window before.
const BEFORE_DAYS: i32 = 364;
/// Days that reports are late.
const LATE_DAYS: i32 = 10;

/// The first revision; none where the reference data of this process has no such family with two members.
pub fn raised(order: &DrillOrder, day: Day, catalog: &Catalog) -> Option<Alert> {
    let family = catalog.family(&order.family).filter(|family| family.tested)?;
    let [falling, rising, ..] = family.members.as_slice() else { return None };
    let (falling, rising) = (catalog.substance(*falling), catalog.substance(*rising));
    let mut alert: Alert = serde_json::from_str(PATTERN).ok()?;
    for (movers, substance) in [(&mut alert.falling, falling), (&mut alert.rising, rising)] {
        for mover in movers {
            mover.id = substance.id.to_string();
            mover.name = substance.name.to_string();
            mover.cas = substance.cas.first().map(ToString::to_string);
        }
    }
    let world = order.market == Scope::World.as_str();
    let country = || headwater_model::Country::from_letters(order.market.as_bytes().try_into().ok()?);
    let place = match world {
        true => "worldwide".to_owned(),
        false => format!("in {}", catalog.country_name(country()?)?),
    };
    let onset = day - ONSET_DAYS;
    alert.headline =
        format!("Exercise: {} fell and {} rose {place} since about {onset}", falling.short_name, rising.short_name);
    alert.headline_parts = Phrase::new("exercise")
        .with("falling", &*falling.short_name)
        .with("rising", &*rising.short_name)
        .with("market", order.market.as_str())
        .with("since", onset)
        .with(ENDS, Moment(order.ends_ms).to_string());
    alert.alert_id.clone_from(&order.alert_id);
    alert.family.clone_from(&order.family);
    alert.market.clone_from(&order.market);
    alert.scope = if world { Scope::World } else { Scope::Market };
    (alert.onset.date, alert.onset.earliest, alert.onset.latest) =
        (onset, onset - ONSET_WIDTH_DAYS, onset + ONSET_WIDTH_DAYS);
    let before = alert.onset.earliest - 1;
    alert.windows.before = Window { from: before - (BEFORE_DAYS - 1), to: before };
    alert.windows.after = Window { from: onset, to: day };
    (alert.detected_at, alert.as_of, alert.complete_to) = (day, day, day - LATE_DAYS);
    let week = Day(day.week() * 7 - 1);
    let step = alert.statistic.value / f64::from(COURSE_WEEKS);
    let point = |ago: i32| StatisticPoint { day: week - 7 * ago, value: step * f64::from(COURSE_WEEKS - ago) };
    alert.statistic.series = (0..COURSE_WEEKS).rev().map(point).collect();
    (alert.marking, alert.computed_up_to) = (order.marking, order.marking);
    alert.versions = versions(catalog);
    Some(alert)
}

/// The revision that ends an exercise; none as long as its time is not over, and of what is no exercise.
pub fn ended(alert: &Alert, day: Day, now_ms: i64) -> Option<Alert> {
    if !alert.exercise || alert.status == AlertStatus::Expired {
        return None;
    }
    let ends = match alert.headline_parts.args.get(ENDS) {
        Some(Arg::Text(ends)) => Moment::parse(ends),
        _ => None,
    };
    // One that does not say when would never end.
    if ends.is_some_and(|ends| ends.0 > now_ms) {
        return None;
    }
    let parts = Phrase::new("exercise_over");
    let changes = Changes { from_revision: alert.revision, reason: ChangeReason::Expired, parts };
    let (revision, status) = (alert.revision + 1, AlertStatus::Expired);
    Some(Alert { revision, status, changes: Some(changes), as_of: day.max(alert.as_of), ..alert.clone() })
}

#[cfg(test)]
mod tests {
    use headwater_model::Marking;

    use super::*;

    fn order(family: &str, market: &str) -> DrillOrder {
        DrillOrder {
            alert_id: "e".into(),
            family: family.into(),
            market: market.into(),
            marking: Marking::Green,
            asked_ms: 0,
            ends_ms: 1_000,
        }
    }

    #[test]
    fn it_says_that_it_is_one_and_ends_by_itself() {
        let (catalog, day) = (Catalog::embedded(), Day(20_000));
        let tested = catalog.families().iter().filter(|family| family.tested && family.members.len() > 1);
        for family in tested {
            let alert = raised(&order(&family.id, "US"), day, &catalog).unwrap();
            assert!(alert.exercise && alert.simulated && alert.headline.starts_with("Exercise: "), "{alert:?}");
            assert!(alert.headline.contains("in United States"), "{}", alert.headline);
            assert!(alert.windows.before.to < alert.onset.earliest && alert.falling[0].id != alert.rising[0].id);
            assert_eq!((alert.marking, alert.detected_at), (Marking::Green, day));
        }
        let alert = raised(&order("opioids", "world"), day, &catalog).unwrap();
        assert_eq!((alert.scope, alert.statistic.series.len()), (Scope::World, 12));
        assert!(alert.statistic.series.windows(2).all(|pair| pair[1].day == pair[0].day + 7));
        assert_eq!(ended(&alert, day, 999), None);
        let end = ended(&alert, day + 1, 1_000).unwrap();
        assert_eq!((end.revision, end.status, end.as_of), (2, AlertStatus::Expired, day + 1));
        assert_eq!(ended(&end, day, 1_000), None);
        assert_eq!(ended(&Alert { exercise: false, ..alert }, day, 1_000), None);
        assert!(raised(&order("equipment", "US"), day, &catalog).is_none());
        assert!(raised(&order("opioids", "QQ"), day, &catalog).is_none());
    }
}
