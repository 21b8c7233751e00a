//! Weeks of counting, for methods that look once a week.

use crate::method::{Reading, Trace};
use crate::view::{View, WEEK_DAYS};

/// Net counts of each week in which incidents were counted.
pub struct Weekly {
    labels: usize,
    strata: usize,
    /// `[week][stratum][label]`.
    counts: Vec<f64>,
}

impl Weekly {
    /// Of a cell. What a week takes back beyond what it counts is left out: counts are never below 0.
    pub fn new(view: &View) -> Weekly {
        let (labels, strata) = (view.labels, view.strata.len());
        let mut weekly = Weekly { labels, strata, counts: vec![0.0; view.weeks() * strata * labels] };
        for event in &view.events {
            let week = (event.counted / WEEK_DAYS) as usize;
            weekly.counts[(week * strata + event.stratum) * labels + event.label] += f64::from(event.delta);
        }
        weekly.counts.iter_mut().for_each(|count| *count = count.max(0.0));
        weekly
    }

    /// Incidents of a label by one reporter.
    pub fn at(&self, week: usize, stratum: usize, label: usize) -> f64 {
        self.counts[(week * self.strata + stratum) * self.labels + label]
    }

    /// Incidents of a label by all reporters.
    pub fn pooled(&self, week: usize, label: usize) -> f64 {
        (0..self.strata).map(|stratum| self.at(week, stratum, label)).sum()
    }

    /// Incidents of a label by all reporters, week by week.
    pub fn series(&self, label: usize) -> Vec<f64> {
        let weeks = self.counts.len() / (self.strata * self.labels);
        (0..weeks).map(|week| self.pooled(week, label)).collect()
    }
}

/// The trace of a method that is asked at the end of each week, from the last of the history on: what it says stands
/// until the next week ends.
pub fn trace(view: &View, mut ask: impl FnMut(usize) -> Reading) -> Trace {
    let mut trace = Trace::default();
    let mut said = match view.history_weeks().checked_sub(1) {
        Some(last) => ask(last),
        None => Reading::NOTHING,
    };
    for day in view.history_days..view.days {
        if day % WEEK_DAYS == WEEK_DAYS - 1 {
            said = ask((day / WEEK_DAYS) as usize);
        }
        trace.push(said);
    }
    trace
}

/// The reading of a method that looks at each label by itself for a rise: the label with the greatest statistic.
pub fn greatest(statistics: impl IntoIterator<Item = f64>) -> Reading {
    let mut greatest = Reading::NOTHING;
    for (label, statistic) in statistics.into_iter().enumerate() {
        if statistic > greatest.statistic {
            greatest = Reading { statistic, rising: Some(label), ..greatest };
        }
    }
    greatest
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::view::Event;
    use headwater_model::Evidence;

    /// Three years of history and one more of three labels that two reporters count, 2, 2 and 1 a week each; from week
    /// `onset` on the first falls by half and the second takes it over.
    pub fn cell(onset: i32) -> View {
        let mut events = Vec::new();
        for week in 0..208 {
            for i in 0..10 {
                let label = match i / 2 {
                    0 => 0,
                    1 => usize::from(week >= onset),
                    2 | 3 => 1,
                    _ => 2,
                };
                let day = week * WEEK_DAYS + i / 2;
                events.push(Event { counted: day, day, stratum: i as usize % 2, label, delta: 1 });
            }
        }
        View {
            labels: 3,
            strata: vec![Evidence::Import, Evidence::Seizure],
            days: 208 * WEEK_DAYS,
            history_days: 156 * WEEK_DAYS,
            control: None,
            events,
            secret: None,
        }
    }

    /// That a method names a shift on such a cell, above all that it says before it.
    pub fn names_the_shift(method: &dyn crate::Method, names: [Option<usize>; 2]) {
        let trace = method.run(&cell(170));
        assert_eq!(trace.len(), 52 * 7);
        let highest = |days: std::ops::Range<usize>| {
            let day = days.max_by(|a, b| trace.statistic()[*a].total_cmp(&trace.statistic()[*b])).unwrap();
            (trace.statistic()[day], trace.named(day))
        };
        let (before, (after, named)) = (highest(0..14 * 7 - 1), highest(14 * 7..52 * 7));
        assert!(after > before.0, "{}: {after} after {}", method.settings(), before.0);
        assert_eq!(named, names, "{}", method.settings());
        let quiet = method.run(&cell(1_000));
        assert!(quiet.statistic().iter().all(|statistic| *statistic < after), "{}", method.settings());
    }

    #[test]
    fn weeks_hold_net_counts_and_readings_stand_until_the_next_week_ends() {
        let mut view = cell(1_000);
        let taken_back = Event { delta: -1, ..view.events[0] };
        view.events.push(taken_back);
        view.events.push(Event { counted: 8, label: 2, ..taken_back });
        view.events.push(Event { counted: 8, label: 2, ..taken_back });
        let weekly = Weekly::new(&view);
        assert_eq!((weekly.at(0, 0, 0), weekly.at(0, 1, 0), weekly.pooled(0, 0)), (1.0, 2.0, 3.0));
        assert_eq!(
            (weekly.at(1, 0, 2), weekly.at(1, 1, 2), weekly.series(2)[..3].to_vec()),
            (0.0, 1.0, vec![2.0, 1.0, 2.0])
        );
        let trace = trace(&view, |week| Reading { statistic: week as f64, ..Reading::NOTHING });
        assert_eq!(trace.statistic()[..8], [155.0, 155.0, 155.0, 155.0, 155.0, 155.0, 156.0, 156.0]);
        assert_eq!(trace.statistic().last(), Some(&207.0));
    }

    #[test]
    fn the_greatest_is_named() {
        assert_eq!(greatest([1.0, 3.0, 2.0]), Reading { statistic: 3.0, rising: Some(1), ..Reading::NOTHING });
        assert_eq!(greatest([f64::NEG_INFINITY]), Reading::NOTHING);
    }
}
