//! How a source reports: its delays and its silences, so that what has not come yet is never read as a fall.

use std::collections::BTreeMap;

use headwater_model::{Day, HABIT_DAYS, Habit, Pane};

/// Events that became known, by known day and delay; days older than [`HABIT_DAYS`] are dropped when new ones come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reporting {
    days: BTreeMap<(Day, u16), u64>,
}

impl Reporting {
    /// Notes a pane; what takes back is no report.
    pub fn add(&mut self, pane: &Pane) {
        let Ok(events) = u64::try_from(pane.sums.events) else { return };
        if events == 0 {
            return;
        }
        let known = pane.key.known_on.0;
        // A notice of what is to come has no delay.
        let delay = (known - pane.key.period().last()).clamp(0, i32::from(u16::MAX)) as u16;
        *self.days.entry((known, delay)).or_default() += events;
        if let Some(last) = self.last() {
            self.days = self.days.split_off(&(last - HABIT_DAYS, 0));
        }
    }

    /// Takes in what became known elsewhere, of the last days of habit.
    pub fn merge(&mut self, other: &Reporting) {
        for (report, events) in &other.days {
            *self.days.entry(*report).or_default() += events;
        }
        if let Some(last) = self.last() {
            self.days = self.days.split_off(&(last - HABIT_DAYS, 0));
        }
    }

    /// The last day on which something came.
    pub fn last(&self) -> Option<Day> {
        self.days.keys().next_back().map(|(day, _)| *day)
    }

    /// Days by which nine tenths of the reports had come.
    pub fn delay_p90(&self) -> u16 {
        let mut delays: Vec<(u16, u64)> = self.days.iter().map(|((_, delay), n)| (*delay, *n)).collect();
        delays.sort_unstable();
        let total: u64 = delays.iter().map(|(_, n)| n).sum();
        let mut seen = 0;
        for (delay, n) in delays {
            seen += n;
            if seen * 10 >= total * 9 {
                return delay;
            }
        }
        0
    }

    /// Silent days and usual gap when the source is silent beyond its habit on `day`.
    pub fn silent(&self, day: Day) -> Option<(i32, i32)> {
        let habit = Habit::of(self.days.keys().map(|(day, _)| *day))?;
        Some((habit.silent_days(day)?, habit.usual_gap_days()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_model::{EventDay, Id, KnownDay, PaneKey, Sums};

    fn pane(event: i32, known: i32, events: i64) -> Pane {
        let key = PaneKey {
            series: Id::new(0),
            event_day: EventDay(Day(event)),
            period_days: 1,
            known_on: KnownDay(Day(known)),
        };
        Pane { key, sums: Sums { events, ..Sums::default() } }
    }

    #[test]
    fn delay_is_the_ninetieth_percentile_of_the_last_year() {
        let mut reporting = Reporting::default();
        reporting.add(&pane(0, 100, 50)); // forgotten
        for n in 1..=10 {
            reporting.add(&pane(1000 - n, 1000, 1));
        }
        reporting.add(&pane(999, 1000, -5)); // takes back
        assert_eq!((reporting.delay_p90(), reporting.last()), (9, Some(Day(1000))));
    }

    #[test]
    fn silence_is_measured_by_habit() {
        let mut reporting = Reporting::default();
        for day in (0..300).step_by(10) {
            reporting.add(&pane(day, day, 1));
        }
        assert_eq!(reporting.silent(Day(310)), None);
        assert_eq!(reporting.silent(Day(311)), Some((21, 10)));
        // One silence is not the habit that hides the next.
        for day in (390..450).step_by(10) {
            reporting.add(&pane(day, day, 1));
        }
        assert_eq!((reporting.silent(Day(460)), reporting.silent(Day(461))), (None, Some((21, 10))));
        assert_eq!(Reporting::default().silent(Day(461)), None);
    }
}
