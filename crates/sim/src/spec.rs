//! What world is wanted.

use headwater_model::Day;

use crate::{Scenario, SimError};

/// Most years of a world: it is kept to what a career of an analyst sees.
pub const YEARS_MAX: u16 = 30;
/// Largest multiplier of the events per week: about a million events a week and cell.
pub const SCALE_MAX: f64 = 50_000.0;
/// Days of a year of a world: whole weeks, so that no week is cut.
pub const YEAR_DAYS: i32 = 364;

/// A wish for a world. The same wish gives the same bytes, on every machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Seed of everything random.
    pub seed: u64,
    /// What is planted and how it is reported.
    pub scenario: Scenario,
    /// Years of 364 days.
    pub years: u16,
    /// Years at the beginning in which nothing is planted.
    pub history_years: u16,
    /// The last day, on which what is known ends; the world has no clock of its own.
    pub end: Day,
    /// Multiplies the events per week.
    pub scale: f64,
}

impl Spec {
    /// Six years of which three are history, at the scale at which the scenarios are drawn.
    pub fn new(seed: u64, scenario: Scenario, end: Day) -> Spec {
        Spec { seed, scenario, years: 6, history_years: 3, end, scale: 1.0 }
    }

    /// The first day.
    pub fn start(&self) -> Day {
        self.end - i32::from(self.years) * YEAR_DAYS + 1
    }

    /// Whole weeks of the world.
    pub(crate) fn weeks(&self) -> i32 {
        i32::from(self.years) * YEAR_DAYS / 7
    }

    /// The first week in which something may be planted.
    pub(crate) fn history_weeks(&self) -> i32 {
        i32::from(self.history_years) * YEAR_DAYS / 7
    }

    /// The first day of a week, counted from 0.
    pub(crate) fn day_of_week(&self, week: i32) -> Day {
        self.start() + week * 7
    }

    pub(crate) fn check(&self) -> Result<(), SimError> {
        let (years, history_years) = (self.years, self.history_years);
        if !(2..=YEARS_MAX).contains(&years) || history_years >= years {
            return Err(SimError::Years { years, history_years, limit: YEARS_MAX });
        }
        if !(self.scale > 0.0 && self.scale <= SCALE_MAX) {
            return Err(SimError::Scale { scale: self.scale, limit: SCALE_MAX });
        }
        if self.start().0 < 0 || self.end.ymd().0 > 2190 {
            return Err(SimError::End { end: self.end });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_that_cannot_be_met_says_why() {
        let good = Spec::new(1, Scenario::Quiet, Day::parse("2026-01-31").unwrap());
        assert!(good.check().is_ok());
        assert_eq!(good.day_of_week(good.weeks()), good.end + 1);
        let error = |spec: Spec| spec.check().unwrap_err().to_string();
        assert!(error(Spec { history_years: 6, ..good.clone() }).contains("6 years of which 6 are history"));
        assert!(error(Spec { scale: 0.0, ..good.clone() }).contains("a scale of 0 is out of range"));
        assert!(error(Spec { scale: f64::NAN, ..good.clone() }).contains("NaN"));
        assert!(error(Spec { end: Day(100), ..good }).contains("1970-04-11"));
    }
}
