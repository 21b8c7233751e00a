//! Blocks: the spans of event time inside which labels are exchangeable.

use headwater_model::{Day, PaneKey};

/// Days of an event week.
pub(crate) const WEEK_DAYS: i32 = 7;

/// A block of a stratum: an event week, or the period of a published table. It lies on its last day, as every period
/// figure does. Blocks order by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlockKey {
    /// Event week of its last day.
    pub week: i32,
    /// First day.
    pub first: Day,
    /// Length in days.
    pub days: u16,
}

impl BlockKey {
    /// The block that a pane's figure belongs to.
    pub fn of(key: PaneKey) -> BlockKey {
        if key.period_days <= 1 {
            BlockKey::of_week(key.event_day.0.week())
        } else {
            BlockKey { week: key.period().last().week(), first: key.event_day.0, days: key.period_days }
        }
    }

    /// The block of an event week.
    pub fn of_week(week: i32) -> BlockKey {
        BlockKey { week, first: week_first(week), days: WEEK_DAYS as u16 }
    }

    /// The least key of a week: where a range over it begins.
    pub fn least(week: i32) -> BlockKey {
        BlockKey { week, first: Day(i32::MIN), days: 0 }
    }

    /// Last day.
    pub fn last(self) -> Day {
        self.first + i32::from(self.days) - 1
    }
}

/// First day of an event week.
pub(crate) fn week_first(week: i32) -> Day {
    Day(week * WEEK_DAYS)
}

/// Last day of an event week.
pub(crate) fn week_last(week: i32) -> Day {
    Day(week * WEEK_DAYS + WEEK_DAYS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_model::{EventDay, Id, KnownDay};

    fn key(day: &str, period_days: u16) -> PaneKey {
        let day = Day::parse(day).unwrap();
        PaneKey { series: Id::new(0), event_day: EventDay(day), period_days, known_on: KnownDay(day) }
    }

    #[test]
    fn days_share_their_week_and_a_month_lies_on_its_last_day() {
        let week = BlockKey::of(key("2020-01-02", 1));
        assert_eq!(week, BlockKey::of(key("2020-01-08", 1)));
        assert_ne!(week, BlockKey::of(key("2020-01-09", 1)));
        assert_eq!((week_first(week.week), week_last(week.week)), (Day::parse("2020-01-02").unwrap(), week.last()));
        let month = BlockKey::of(key("2020-01-01", 31));
        assert_eq!(month.last(), Day::parse("2020-01-31").unwrap());
        assert_eq!(month.week, month.last().week());
        assert!(month > week && BlockKey::least(month.week) < month && BlockKey::least(month.week) > week);
    }
}
