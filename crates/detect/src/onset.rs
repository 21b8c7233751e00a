//! When a shift began: a profile over the event weeks of all that has arrived, as a posterior.

use headwater_model::Onset;

use crate::block::{week_first, week_last};
use crate::config::StatisticConfig;
use crate::record::Record;
use crate::statistic::{LANES, exp_lanes};

/// Probability of the interval.
pub(crate) const LEVEL: f64 = 0.9;

/// The posterior: each week weighs its prior times the wealth of all weeks from it on, held against the baseline as
/// counted. (The statistic itself holds against the baseline's upper bound, which is safe, and late.)
pub(crate) fn onset(record: &Record, config: &StatisticConfig) -> Option<Onset> {
    let mut blocks = record.blocks.iter().rev().peekable();
    let mut tail = [0.0f64; LANES];
    let mut logs = Vec::with_capacity(record.weeks.len());
    let (mut most, mut sum_log) = (0.0, (LANES as f64).ln());
    for week in record.weeks.iter().rev() {
        let mut moved = false;
        while let Some(block) = blocks.next_if(|b| b.key.week >= week.week) {
            for (tail, log) in tail.iter_mut().zip(block.profile(config)) {
                *tail += log;
            }
            moved = true;
        }
        if moved {
            most = tail.iter().copied().fold(f64::MIN, f64::max);
            sum_log = exp_lanes(tail.map(|tail| tail - most)).iter().sum::<f64>().ln();
        }
        logs.push((week.week, week.weight.ln() + most + sum_log));
    }
    logs.reverse();
    let most = logs.iter().map(|(_, log)| *log).fold(f64::MIN, f64::max);
    let total: f64 = logs.iter().map(|(_, log)| (log - most).exp()).sum();
    let quantile = |level: f64| {
        let mut seen = 0.0;
        let reached = logs.iter().find(|(_, log)| {
            seen += (log - most).exp() / total;
            seen >= level
        });
        reached.or(logs.last()).map(|(week, _)| *week)
    };
    let tail = (1.0 - LEVEL) / 2.0;
    Some(Onset {
        date: week_first(quantile(0.5)?),
        earliest: week_first(quantile(tail)?),
        latest: week_last(quantile(1.0 - tail)?),
        level: LEVEL,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockKey;
    use crate::statistic::{Shape, run_pair};
    use crate::tally::{Block, Tally};

    fn record(week_of_change: i32) -> Record {
        // Ten incidents a week, two in ten rising before, eight in ten after.
        let mut tally = Tally { active: vec![0, 1], strata: vec![(0, false)], weeks: Default::default() };
        for week in 0..200 {
            let rising = if week < week_of_change { 2.0 } else { 8.0 };
            let counts = Box::new([10.0 - rising, rising]);
            tally.weeks.insert(week, vec![Block { key: BlockKey::of_week(week), stratum: 0, counts }]);
        }
        let mut record = Record::default();
        run_pair(
            &tally,
            &Shape { controls: vec![vec![], vec![]], ..Shape::default() },
            &StatisticConfig::default(),
            199,
            (0, 1),
            Some(&mut record),
        );
        record
    }

    #[test]
    fn the_onset_lies_where_the_evidence_begins() {
        let onset = onset(&record(150), &StatisticConfig::default()).unwrap();
        assert_eq!(onset.date, week_first(150));
        assert!(onset.earliest <= onset.date && onset.date <= onset.latest && onset.latest - onset.earliest < 28);
    }

    #[test]
    fn without_weeks_there_is_none() {
        assert!(onset(&Record::default(), &StatisticConfig::default()).is_none());
    }
}
