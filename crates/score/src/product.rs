//! The rows `headwater` and `headwater-without-...`: the product's own statistic, and the same with one part switched off.
//!
//! It is not written again here: [`Mix`] is what the product runs inside each of its cells. The second statistic is the
//! product's corroboration: the least that the other reporters add to what one of them says, and nothing where one
//! block is all there is. As in the product it is looked at once a week while the statistic is high. Who allows more false
//! alarms than the product's bars do lowers both alike.

use headwater_detect::{Config, Mix, MixValue, StatisticConfig};
use headwater_model::Day;

use crate::judge::Bar;
use crate::method::{Method, Reading, Row, Trace};
use crate::view::{DAY_0, View};

/// The statistic from which on corroboration is asked for, and below which nothing is an alarm with it: thresholds at a
/// hundred false alarms in 1,000 market-years lie above.
const ASKED_FROM: f64 = -1.0;

/// A part that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Labels are compared inside a stratum only.
    Strata,
    /// A record counts in the week of its event, not of its arrival.
    EventWeek,
    /// No block multiplies the evidence by more than the cap.
    Cap,
    /// Measured overdispersion discounts the evidence.
    Discount,
    /// Control dates of what falls weigh more.
    ControlDates,
}

struct Product {
    without: Option<Part>,
    config: Config,
}

/// Name of the row.
pub const PRODUCT: &str = "headwater";

/// The product.
pub fn row() -> Row {
    Row::new(PRODUCT, "this product's statistic and its corroboration", [Product::new(None)])
}

/// The product, each time without one part.
pub fn ablations() -> Vec<Row> {
    let off = |name, about, part| Row::new(name, about, [Product::new(Some(part))]);
    vec![
        off("headwater-without-strata", "all reporters in one urn", Part::Strata),
        off("headwater-without-event-week", "records count when they arrive", Part::EventWeek),
        off("headwater-without-cap", "a block may say as much as it likes", Part::Cap),
        off("headwater-without-discount", "shares may waver as they like", Part::Discount),
        off("headwater-without-control-dates", "all days are alike", Part::ControlDates),
    ]
}

impl Product {
    fn new(without: Option<Part>) -> Product {
        let mut config = Config::default();
        let statistic = &mut config.statistic;
        match without {
            Some(Part::Cap) => statistic.cap = f64::MAX,
            Some(Part::Discount) => statistic.overdispersion = 0.0,
            Some(Part::ControlDates) => statistic.control_weight = 0.0,
            Some(Part::Strata | Part::EventWeek) | None => {}
        }
        Product { without, config }
    }

    fn mix(&self, view: &View) -> Mix {
        let config = self.config.statistic.clone();
        match self.without {
            Some(Part::Strata) => Mix::new(view.labels, &[false], view.controls(), config),
            _ => view.mix(config),
        }
    }

    /// What stands without one reporter, and without one block. Where all reporters share one urn, none can be left out.
    fn corroborated(&self, mix: &Mix, day: Day, value: &MixValue) -> f64 {
        let corroboration = mix.corroboration(day, value, self.config.reporter_share_min);
        if corroboration.beyond_one_block < self.config.one_block_margin {
            return f64::NEG_INFINITY;
        }
        match self.without {
            Some(Part::Strata) => f64::INFINITY,
            _ => corroboration.added,
        }
    }
}

impl Method for Product {
    fn settings(&self) -> String {
        let StatisticConfig { margin, half_life_weeks, .. } = self.config.statistic;
        format!("margin {margin}, half-life {half_life_weeks} weeks; the product's bar is {}", self.config.bar)
    }

    fn bar(&self) -> Bar {
        Bar::Along { own: self.config.bar as f32, bar: self.config.added_bar as f32 }
    }

    /// The product raises nothing uncorroborated.
    fn own_threshold(&self, barred: bool) -> Option<f64> {
        (barred && self.without.is_none()).then_some(self.config.bar)
    }

    fn run(&self, view: &View) -> Trace {
        self.drive(view, ASKED_FROM).1
    }

    fn work(&self, view: &View) {
        self.drive(view, self.config.bar);
    }
}

/// The state of the product's statistic after a whole cell.
pub(crate) fn state(view: &View) -> Mix {
    let product = Product::new(None);
    product.drive(view, product.config.bar).0
}

impl Product {
    fn drive(&self, view: &View, asked_from: f64) -> (Mix, Trace) {
        let (mut mix, mut trace) = (self.mix(view), Trace::default());
        let mut events = view.events.iter().peekable();
        let (mut value, mut second, mut look) = (None, f64::NEG_INFINITY, 0);
        for day in 0..view.days {
            // A week that begins moves the baseline, whatever is counted.
            let mut changed = day % 7 == 0;
            while let Some(event) = events.next_if(|event| event.counted == day) {
                let of = if self.without == Some(Part::EventWeek) { event.counted } else { event.day };
                let stratum = if self.without == Some(Part::Strata) { 0 } else { event.stratum };
                mix.count(Day(DAY_0 + of), stratum, event.label, i64::from(event.delta));
                changed = true;
            }
            if day < view.history_days {
                continue;
            }
            let today = Day(DAY_0 + day);
            if changed {
                value = mix.close(today);
                match &value {
                    Some(value) if value.log >= asked_from => {
                        if day >= look {
                            second = self.corroborated(&mix, today, value);
                            look = day + self.config.look_days;
                        }
                    }
                    _ => (second, look) = (f64::NEG_INFINITY, day),
                }
            }
            trace.push(self.reading(value, second));
        }
        (mix, trace)
    }
}

impl Product {
    fn reading(&self, value: Option<MixValue>, second: f64) -> Reading {
        let second = Some(second);
        match value {
            Some(value) if value.lead >= self.config.lead_share_min.ln() => {
                Reading { statistic: value.log, second, falling: Some(value.falling), rising: Some(value.rising) }
            }
            _ => Reading { second, ..Reading::NOTHING },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Labels;
    use headwater_sim::{CellKind, Cells};

    #[test]
    fn it_says_what_the_products_statistic_says_on_the_last_day() {
        let cell = Cells::new().unwrap().cell(CellKind::Substitution, 5, 1);
        let view = View::of(&cell, Labels::Substances);
        let product = Product::new(None);
        let trace = product.run(&view);
        assert_eq!(trace.len(), view.tested_days());
        let mut mix = product.mix(&view);
        for event in &view.events {
            mix.count(Day(DAY_0 + event.day), event.stratum, event.label, i64::from(event.delta));
        }
        let value = mix.close(Day(DAY_0 + view.days - 1)).unwrap();
        assert_eq!(*trace.statistic().last().unwrap(), value.log as f32);
        assert_eq!(trace.named(trace.len() - 1), [Some(value.falling), Some(value.rising)]);
    }

    #[test]
    fn every_part_that_is_switched_off_changes_what_is_said() {
        let cells = Cells::new().unwrap();
        let mut drawn = (0..).map(|number| cells.cell(CellKind::Substitution, 5, number));
        let cell = drawn.find(|cell| cell.control.is_some()).unwrap();
        let view = View::of(&cell, Labels::Substances);
        let whole = Product::new(None).run(&view);
        let parts = [Part::Strata, Part::EventWeek, Part::Cap, Part::Discount, Part::ControlDates];
        for part in parts {
            let trace = Product::new(Some(part)).run(&view);
            assert_ne!(trace.statistic(), whole.statistic(), "{part:?}");
        }
        assert_eq!(ablations().len(), parts.len());
    }
}
