//! What a method is worth: the columns of the scoreboard.

use headwater_sim::PlantedMove;
use serde::Serialize;

use crate::judge::{Detection, Rule, detection, median};
use crate::method::Trace;
use crate::rate::{Part, Rate};
use crate::view::Labels;

/// Days within which a detection counts.
pub const WITHIN_DAYS: [usize; 3] = [90, 180, 365];
/// Ends of the classes of the falling label's events a week.
pub const RATES: [f64; 3] = [0.5, 1.5, 5.0];

/// What the name of a method ends in where its second statistic is asked too.
pub const CORROBORATED: &str = " - corroborated";

/// A row of figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The method.
    pub method: String,
    /// What it is.
    pub about: String,
    /// The constants that it chose on the cells of calibration.
    pub settings: String,
    /// Out of so many.
    pub tried: usize,
    /// Shifts between substances.
    pub substitution: Side,
    /// Shifts between routes, with a threshold of their own.
    pub displacement: Side,
    /// Share of cells in which one substance rose alone that were raised.
    pub rising_alone: Part,
    /// Likewise where one fell alone.
    pub falling_alone: Part,
    /// Alarms in cells beyond the model in which nothing moved, by what happened there.
    pub stress: Vec<Stress>,
    /// At the threshold that the method comes with.
    pub own: Option<Own>,
    /// Microseconds of one core for an event.
    pub us_per_event: f64,
}

impl Score {
    /// How shifts between such labels were found.
    pub fn side(&self, labels: Labels) -> &Side {
        match labels {
            Labels::Substances => &self.substitution,
            Labels::Routes => &self.displacement,
        }
    }
}

/// Alarms of one kind of stress.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stress {
    /// What happened.
    pub kind: &'static str,
    /// Alarms.
    pub false_alarms: Rate,
}

/// Substitutions, and stress, by the threshold that a method comes with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Own {
    /// The threshold.
    pub threshold: f32,
    /// On quiet cells that did not calibrate.
    pub false_alarms: Rate,
    /// Found within 365 days.
    pub recall: Part,
    /// Alarms in cells beyond the model in which nothing moved.
    pub stress: Vec<Stress>,
}

/// What a method finds with the threshold that gives as many false alarms on the very cells that judge as are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Equal {
    /// Found within 365 days.
    pub recall: Part,
    /// Days within which half of all shifts are found, where so many are.
    pub half_found: Option<usize>,
}

/// How shifts of one kind were found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Calibrated; none where nothing at all is above the budget.
    pub threshold: f32,
    /// Realised on quiet cells that did not calibrate.
    pub false_alarms: Rate,
    /// Likewise before the onset in cells with a shift.
    pub before_onset: Rate,
    /// Shifts found within 90, 180 and 365 days.
    pub recall: [Part; 3],
    /// Where all methods have the same false alarms.
    pub equal: Equal,
    /// Median days of those found within 365.
    pub median_delay: Option<usize>,
    /// Days of each of them, in order.
    pub delays: Vec<usize>,
    /// Of each cell with a shift, whether it was found within 365 days: the same cells for every method.
    #[serde(skip)]
    pub found: Vec<bool>,
    /// Of those, the ones in which every label that the method named was right, and it named one.
    pub right: Part,
    /// Whether it names the falling label too.
    pub names_both: bool,
    /// Found within 365 days by the falling label's events a week: below 0.5, 1.5, 5, and above.
    pub by_rate: [Part; 4],
    /// Realised false alarms per 1,000 market-years and recall within 365 days at other budgets.
    pub curve: Vec<Point>,
}

/// One point of recall against false alarms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// False alarms per 1,000 market-years that were allowed on the cells of calibration.
    pub budget: f64,
    /// Those that were realised.
    pub false_alarms: f64,
    /// Recall within 365 days.
    pub recall: f64,
}

/// What shifts a rule found in cells with one each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// For each cell its shift, and its detection within 365 days.
    pub cells: Vec<(PlantedMove, Option<Detection>)>,
    /// Alarms before the onset.
    pub before: u64,
    /// Days before the onset.
    pub days_before: u64,
}

impl Found {
    /// Holds a rule against what was planted; `history_days` is where traces begin.
    pub fn new<'a>(cells: impl IntoIterator<Item = (&'a Trace, PlantedMove)>, rule: Rule, history_days: i32) -> Found {
        let mut found = Found::default();
        for (trace, planted) in cells {
            let onset = usize::try_from(planted.onset - history_days).unwrap_or(0);
            let (first, before) = detection(trace, rule, onset);
            found.cells.push((planted, first.filter(|first| first.delay <= WITHIN_DAYS[2])));
            found.before += before;
            found.days_before += onset as u64;
        }
        found
    }

    /// Detections within so many days.
    pub fn within(&self, days: usize) -> Part {
        self.part(|_| true, |first| first.delay <= days)
    }

    /// Days of the detections, in order.
    pub fn delays(&self) -> Vec<usize> {
        let mut delays: Vec<usize> = self.detections().map(|(_, first)| first.delay).collect();
        delays.sort_unstable();
        delays
    }

    /// Days within which half of the shifts are found, where so many are: unlike [`Found::median_delay`] it does not get
    /// shorter where slow ones are not found at all.
    pub fn half_found(&self) -> Option<usize> {
        self.delays().get(self.cells.len().div_ceil(2).checked_sub(1)?).copied()
    }

    /// Of each cell, whether it has a detection.
    pub fn each(&self) -> Vec<bool> {
        self.cells.iter().map(|(_, first)| first.is_some()).collect()
    }

    /// The median of them.
    pub fn median_delay(&self) -> Option<usize> {
        median(self.delays())
    }

    /// Detections that name nothing but what moved.
    pub fn right(&self) -> Part {
        let right = |planted: &PlantedMove, first: &Detection| {
            let truth = [planted.falling, planted.rising];
            first.named != [None; 2]
                && first.named.iter().zip(truth).all(|(named, truth)| named.is_none_or(|named| named == truth))
        };
        let cells = self.detections().count() as u64;
        Part { of: self.detections().filter(|(planted, first)| right(planted, first)).count() as u64, cells }
    }

    /// Whether every detection names both labels.
    pub fn names_both(&self) -> bool {
        self.detections().all(|(_, first)| first.named.iter().all(Option::is_some))
    }

    /// Detections by the falling label's rate.
    pub fn by_rate(&self) -> [Part; 4] {
        let class = |planted: &PlantedMove| RATES.iter().take_while(|end| planted.falling_rate >= **end).count();
        [0, 1, 2, 3].map(|wanted| self.part(|planted| class(planted) == wanted, |_| true))
    }

    fn detections(&self) -> impl Iterator<Item = (&PlantedMove, &Detection)> {
        self.cells.iter().filter_map(|(planted, first)| first.as_ref().map(|first| (planted, first)))
    }

    fn part(&self, of: impl Fn(&PlantedMove) -> bool, found: impl Fn(&Detection) -> bool) -> Part {
        let cells = self.cells.iter().filter(|(planted, _)| of(planted));
        cells.fold(Part::default(), |part, (_, first)| Part {
            of: part.of + u64::from(first.as_ref().is_some_and(&found)),
            cells: part.cells + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Bar;
    use crate::method::Reading;

    fn planted(onset: i32, falling_rate: f64) -> PlantedMove {
        PlantedMove { falling: 1, rising: 2, onset, ramp_weeks: 0, fraction: 0.5, falling_rate }
    }

    fn trace(peak: usize, falling: Option<usize>, rising: Option<usize>) -> Trace {
        let mut trace = Trace::default();
        for day in 0..1_000 {
            let statistic = f64::from(u8::from(day == peak));
            trace.push(Reading { statistic, second: None, falling, rising });
        }
        trace
    }

    #[test]
    fn figures_of_made_up_traces_are_what_was_made() {
        let cells = [
            (trace(180, Some(1), Some(2)), planted(200, 0.4)), // delay 80, right
            (trace(300, Some(2), Some(1)), planted(200, 0.5)), // delay 200, the wrong way round
            (trace(565, None, Some(2)), planted(300, 1.5)),    // delay 365, right as far as it goes
            (trace(566, None, Some(2)), planted(300, 5.0)),    // a day too late
            (trace(50, Some(1), Some(2)), planted(200, 9.0)),  // before the onset
        ];
        let rule = Rule { threshold: 0.5, bar: Bar::None };
        let found = Found::new(cells.iter().map(|(trace, planted)| (trace, *planted)), rule, 100);
        let part = |of, cells| Part { of, cells };
        assert_eq!(WITHIN_DAYS.map(|days| found.within(days)), [part(1, 5), part(1, 5), part(3, 5)]);
        assert_eq!((found.delays(), found.median_delay()), (vec![80, 200, 365], Some(200)));
        assert_eq!(found.half_found(), Some(365));
        assert_eq!((found.right(), found.names_both()), (part(2, 3), false));
        assert_eq!(found.by_rate(), [part(1, 1), part(1, 1), part(1, 1), part(0, 2)]);
        assert_eq!((found.before, found.days_before), (1, 100 + 100 + 200 + 200 + 100));
    }
}
