//! The judge: when a trace raises an alarm, where the threshold stands, and what a planted shift's alarm is worth.

use crate::method::Trace;

/// After an alarm a cell raises none for so many days.
pub const REFRACTORY_DAYS: usize = 182;

/// What the second statistic must lie above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// It is not asked.
    None,
    /// This, wherever the threshold stands.
    At(f32),
    /// `bar` at the method's own threshold, and as much more or less as the threshold is more or less than that: who allows
    /// more false alarms asks less of both.
    Along {
        /// The method's own threshold,
        own: f32,
        /// and what is asked beside it.
        bar: f32,
    },
}

/// When a reading is an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The statistic lies above it,
    pub threshold: f32,
    /// and the second statistic above this.
    pub bar: Bar,
}

impl Rule {
    /// The days of the alarms of a cell, counted from the end of its history.
    pub fn alarms(self, trace: &Trace) -> Vec<usize> {
        let mut alarms = Vec::new();
        let mut day = 0;
        while let Some(next) = (day..trace.len()).find(|day| self.holds(trace, *day)) {
            alarms.push(next);
            day = next + REFRACTORY_DAYS;
        }
        alarms
    }

    fn holds(self, trace: &Trace, day: usize) -> bool {
        let bar = match self.bar {
            Bar::None => None,
            Bar::At(bar) => Some(bar),
            Bar::Along { own, bar } => Some(bar + (self.threshold - own)),
        };
        trace.statistic()[day] > self.threshold
            && bar.is_none_or(|bar| trace.second().get(day).is_some_and(|second| *second > bar))
    }
}

/// The lowest threshold with at most so many alarms in all these cells.
///
/// The rule is exact: a lower threshold never has fewer alarms (the first day above it comes no later, and so does every
/// next one), so the threshold is found by bisection over all numbers of single precision.
pub fn threshold(traces: &[Trace], bar: Bar, allowed: u64) -> f32 {
    let highest: Vec<f32> =
        traces.iter().map(|trace| trace.statistic().iter().copied().fold(f32::NEG_INFINITY, f32::max)).collect();
    let alarms = |threshold: f32| -> u64 {
        let rule = Rule { threshold, bar };
        let above = traces.iter().zip(&highest).filter(|(_, highest)| **highest > threshold);
        above.map(|(trace, _)| rule.alarms(trace).len() as u64).sum()
    };
    let (mut low, mut high) = (key(f32::NEG_INFINITY), key(f32::INFINITY));
    if alarms(value(low)) <= allowed {
        return value(low);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if alarms(value(middle)) <= allowed { high = middle } else { low = middle }
    }
    value(high)
}

/// Numbers of single precision as integers in the same order.
fn key(value: f32) -> i64 {
    let bits = i64::from(value.to_bits());
    let sign = 1 << 31;
    if bits < sign { bits } else { sign - bits }
}

fn value(key: i64) -> f32 {
    let bits = if key >= 0 { key } else { (1 << 31) - key };
    f32::from_bits(u32::try_from(bits).unwrap_or_default())
}

/// The first alarm after a planted onset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detection {
    /// Days since the onset.
    pub delay: usize,
    /// The falling and the rising label that the method named that day.
    pub named: [Option<usize>; 2],
}

/// The detection of a shift that began on a day, counted from the end of the history, and the alarms before it, which are
/// false.
pub fn detection(trace: &Trace, rule: Rule, onset: usize) -> (Option<Detection>, u64) {
    let alarms = rule.alarms(trace);
    let before = alarms.iter().take_while(|day| **day < onset).count();
    let first = alarms.get(before).map(|day| Detection { delay: day - onset, named: trace.named(*day) });
    (first, before as u64)
}

/// The median, the lower of two in the middle.
pub fn median(mut delays: Vec<usize>) -> Option<usize> {
    delays.sort_unstable();
    delays.get(delays.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Reading;

    /// A trace that is 0 but on some days.
    fn trace(days: usize, peaks: &[(usize, f64)]) -> Trace {
        let mut trace = Trace::default();
        for day in 0..days {
            let statistic = peaks.iter().find(|(on, _)| *on == day).map_or(0.0, |(_, height)| *height);
            trace.push(Reading { statistic, second: None, falling: Some(day % 7), rising: Some(6) });
        }
        trace
    }

    #[test]
    fn alarms_are_days_above_with_a_refractory_time() {
        let rule = Rule { threshold: 2.0, bar: Bar::None };
        let peaks = [(10, 2.0), (20, 2.5), (201, 9.0), (202, 3.0), (383, 3.0), (500, 3.0)];
        assert_eq!(rule.alarms(&trace(600, &peaks)), [20, 202, 500]);
        assert!(rule.alarms(&trace(600, &[])).is_empty());
        assert_eq!(Rule { threshold: -1.0, bar: Bar::None }.alarms(&trace(400, &[])), [0, 182, 364]);
    }

    #[test]
    fn a_day_below_the_bar_is_no_alarm() {
        let mut with_second = Trace::default();
        for second in [1.0, 2.0, 3.0] {
            with_second.push(Reading { statistic: 5.0, second: Some(second), ..Reading::NOTHING });
        }
        assert_eq!(Rule { threshold: 4.0, bar: Bar::At(2.0) }.alarms(&with_second), [2]);
        assert_eq!(Rule { threshold: 4.0, bar: Bar::None }.alarms(&with_second), [0]);
        assert!(Rule { threshold: 4.0, bar: Bar::At(2.0) }.alarms(&trace(3, &[(1, 5.0)])).is_empty());
    }

    #[test]
    fn who_allows_more_asks_less_of_both() {
        let mut with_second = Trace::default();
        for (statistic, second) in [(1.0, 9.0), (3.0, 0.5), (3.0, 1.5), (9.0, 2.5)] {
            with_second.push(Reading { statistic, second: Some(second), ..Reading::NOTHING });
        }
        let alarms = |threshold| Rule { threshold, bar: Bar::Along { own: 2.0, bar: 1.0 } }.alarms(&with_second);
        assert_eq!((alarms(0.5), alarms(1.0), alarms(2.0)), (vec![0], vec![1], vec![2]));
        assert_eq!((alarms(3.0), alarms(4.0)), (vec![3], vec![]));
    }

    #[test]
    fn the_threshold_is_the_lowest_that_allows_so_many_alarms() {
        let cells =
            [trace(600, &[(3, 5.0), (100, 6.0)]), trace(600, &[(9, 4.0), (400, 3.0)]), trace(600, &[(7, -1.0)])];
        // Alarms above 0: 5 and 4 and 3; the 6 lies in the refractory time of the 5.
        for (allowed, expected) in [(0, 6.0), (1, 4.0), (2, 3.0), (3, 0.0)] {
            assert_eq!(threshold(&cells, Bar::None, allowed), expected, "{allowed}");
            let rule = Rule { threshold: expected, bar: Bar::None };
            assert_eq!(cells.iter().map(|cell| rule.alarms(cell).len() as u64).sum::<u64>(), allowed);
        }
        assert_eq!(threshold(&cells, Bar::None, 1_000), f32::NEG_INFINITY);
        assert_eq!(threshold(&cells, Bar::At(0.0), 0), f32::NEG_INFINITY);
    }

    #[test]
    fn keys_keep_the_order_of_numbers() {
        let numbers = [f32::NEG_INFINITY, -3.5, -1e-30, 0.0, 1e-30, 2.0, f32::INFINITY];
        assert!(numbers.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert!(numbers.iter().all(|number| value(key(*number)) == *number));
    }

    #[test]
    fn a_detection_is_the_first_alarm_after_the_onset() {
        let rule = Rule { threshold: 1.0, bar: Bar::None };
        let shift = trace(900, &[(100, 3.0), (400, 3.0), (700, 3.0)]);
        let found = |delay: usize, day: usize| Some(Detection { delay, named: [Some(day % 7), Some(6)] });
        assert_eq!(detection(&shift, rule, 350), (found(50, 400), 1));
        assert_eq!(detection(&shift, rule, 400), (found(0, 400), 1));
        assert_eq!(detection(&shift, rule, 401), (found(299, 700), 2));
        assert_eq!(detection(&shift, rule, 701), (None, 3));
        // An alarm before the onset silences what comes within its refractory time.
        assert_eq!(detection(&trace(900, &[(100, 3.0), (200, 3.0)]), rule, 150), (None, 1));
    }

    #[test]
    fn the_median_is_one_of_the_delays() {
        assert_eq!(
            (median(vec![]), median(vec![4]), median(vec![9, 1]), median(vec![3, 9, 1])),
            (None, Some(4), Some(1), Some(3))
        );
    }
}
