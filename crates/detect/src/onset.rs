//! When a shift began: the restart weights of the statistic as a posterior over event weeks.

use headwater_model::Onset;

use crate::block::{week_first, week_last};
use crate::statistic::{LANES, WeekEvidence};

/// Probability of the interval.
pub(crate) const LEVEL: f64 = 0.9;

/// The posterior: each week's restart weighs its prior times the wealth of all weeks from it on.
pub(crate) fn onset(weeks: &[WeekEvidence]) -> Option<Onset> {
    let mut tail = [0.0f64; LANES];
    let mut logs = Vec::with_capacity(weeks.len());
    for week in weeks.iter().rev() {
        for (tail, log) in tail.iter_mut().zip(week.log) {
            *tail += log;
        }
        let most = tail.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = tail.iter().map(|t| (t - most).exp()).sum();
        logs.push((week.week, week.weight.ln() + most + sum.ln()));
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

    fn week(week: i32, log: f64) -> WeekEvidence {
        WeekEvidence { week, weight: 0.02, log: [log; LANES] }
    }

    #[test]
    fn the_onset_lies_where_the_evidence_begins() {
        let weeks: Vec<_> = (0..100).map(|w| week(w, if w < 60 { -0.5 } else { 1.5 })).collect();
        let onset = onset(&weeks).unwrap();
        assert_eq!(onset.date, week_first(60));
        assert!(onset.earliest <= onset.date && onset.latest >= onset.date && onset.latest <= week_last(61));
    }

    #[test]
    fn without_evidence_it_may_be_any_week_and_without_weeks_none() {
        let weeks: Vec<_> = (0..100).map(|w| week(w, 0.0)).collect();
        let flat = onset(&weeks).unwrap();
        assert!(flat.latest - flat.earliest > 85 * 7);
        assert!(onset(&[]).is_none());
    }
}
