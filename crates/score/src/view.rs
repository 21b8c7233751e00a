//! A cell as a method sees it: labels that are counted, day by day, by three reporters.

use headwater_detect::{Mix, StatisticConfig};
use headwater_model::{Day, Evidence};
use headwater_sim::{CountedCell, Known};

/// Days of an event week.
pub const WEEK_DAYS: i32 = 7;

/// The first day of a cell, as a day: an event week begins.
pub(crate) const DAY_0: i32 = 7 * 2_000;

/// What the labels of a cell are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// Substances: a shift between them is a substitution.
    Substances,
    /// Routes: a shift between them is a displacement.
    Routes,
}

impl Labels {
    /// Both.
    pub const ALL: [Labels; 2] = [Labels::Substances, Labels::Routes];

    /// What a shift between them is called.
    pub fn shift(self) -> &'static str {
        match self {
            Labels::Substances => "substitution",
            Labels::Routes => "displacement",
        }
    }
}

/// A cell. Every method gets the same events in the same order.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// How many labels there are.
    pub labels: usize,
    /// What each reporter sends.
    pub strata: Vec<Evidence>,
    /// Days in all, from 0; a whole number of weeks.
    pub days: i32,
    /// Days at the beginning in which nothing is asked of a method; a whole number of weeks.
    pub history_days: i32,
    /// A day on which a label comes under control; none where labels are routes.
    pub control: Option<(i32, usize)>,
    /// In the order in which they are counted.
    pub events: Vec<Event>,
    /// For the row `limit` alone: what no method can know. None where nobody made the cell.
    pub secret: Option<Secret>,
}

/// What the maker of a cell knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Secret {
    known: Known,
    labels: Labels,
}

impl Secret {
    /// Share of each label that is to be expected of a reporter in a week while nothing moves.
    pub fn shares(&self, stratum: usize, week: usize) -> Vec<f64> {
        match self.labels {
            Labels::Substances => self.known.substances(stratum, week),
            Labels::Routes => self.known.routes(stratum).to_vec(),
        }
    }

    /// Variance of the logarithm of a label's share from week to week.
    pub fn variance(&self) -> f64 {
        match self.labels {
            Labels::Substances => self.known.variance(),
            Labels::Routes => 0.0,
        }
    }
}

/// One incident counted, or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The day on which it is counted.
    pub counted: i32,
    /// The day of the event; after `counted` where a notice goes ahead.
    pub day: i32,
    /// Place among the strata.
    pub stratum: usize,
    /// Place among the labels.
    pub label: usize,
    /// 1, or -1 where it is taken back.
    pub delta: i8,
}

impl View {
    /// A simulated cell, without what only its maker knows.
    pub fn of(cell: &CountedCell, labels: Labels) -> View {
        let substances = labels == Labels::Substances;
        let event = |event: &headwater_sim::CountedEvent| Event {
            counted: event.counted,
            day: event.day,
            stratum: usize::from(event.reporter),
            label: usize::from(if substances { event.substance } else { event.route }),
            delta: event.delta,
        };
        View {
            labels: if substances { cell.substances } else { cell.routes },
            strata: cell.reporters.to_vec(),
            days: cell.days,
            history_days: cell.history_days,
            control: cell.control.filter(|_| substances),
            events: cell.events.iter().map(event).collect(),
            secret: Some(Secret { known: cell.known.clone(), labels }),
        }
    }

    /// The control dates of each label.
    pub(crate) fn controls(&self) -> Vec<Vec<Day>> {
        let mut controls = vec![Vec::new(); self.labels];
        if let Some((day, label)) = self.control {
            controls[label].push(Day(DAY_0 + day));
        }
        controls
    }

    /// The product's statistic of this cell before its first event.
    pub(crate) fn mix(&self, config: StatisticConfig) -> Mix {
        let trade: Vec<bool> = self.strata.iter().map(|evidence| evidence.is_trade()).collect();
        Mix::new(self.labels, &trade, self.controls(), config)
    }

    /// Weeks in all.
    pub fn weeks(&self) -> usize {
        weeks(self.days)
    }

    /// Weeks of the history.
    pub fn history_weeks(&self) -> usize {
        weeks(self.history_days)
    }

    /// Days on which a method is asked.
    pub fn tested_days(&self) -> usize {
        usize::try_from(self.days - self.history_days).unwrap_or(0)
    }
}

fn weeks(days: i32) -> usize {
    usize::try_from(days / WEEK_DAYS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_sim::{CellKind, Cells};

    #[test]
    fn a_cell_is_seen_by_substances_or_by_routes() {
        let cell = Cells::new().unwrap().cell(CellKind::Null, 2, 3);
        let (substances, routes) = (View::of(&cell, Labels::Substances), View::of(&cell, Labels::Routes));
        assert_eq!((substances.labels, routes.labels), (cell.substances, cell.routes));
        assert_eq!((substances.control, routes.control), (cell.control, None));
        assert_eq!((routes.weeks(), routes.history_weeks(), routes.tested_days()), (312, 156, 1_092));
        assert_eq!(substances.events.len(), routes.events.len());
        for ((s, r), e) in substances.events.iter().zip(&routes.events).zip(&cell.events) {
            assert_eq!((s.label, r.label), (usize::from(e.substance), usize::from(e.route)));
            assert_eq!((s.counted, s.day, s.stratum, s.delta), (e.counted, e.day, usize::from(e.reporter), e.delta));
        }
    }
}
