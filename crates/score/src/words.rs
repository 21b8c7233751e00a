//! The words of the likelihood, held against what turned out to be true.
//!
//! The product raises alerts in cells by its own rule ([`raised`]), and each says how likely it is to be true. An alert is
//! true where a planted shift has begun; of each shift the first one counts (what was told begins a new baseline, so that
//! there is no second). All others are false: those in cells without a shift, and those before an onset. As many shifts are
//! weighed against a market-year without one as the likelihood assumes ([`Config::shifts_per_market_year`]), and as many of
//! those market-years are of stress ([`STRESSED_YEARS`]).

use headwater_detect::{Config, STRESSED_YEARS, likelihood};
use headwater_model::LikelihoodWords;
use headwater_sim::{CountedCell, YEAR_DAYS};
use serde::Serialize;

use crate::raised::{Raised, raised};
use crate::rate::binomial_interval;
use crate::view::{Labels, View};

/// The strongest word is said of no more than 0.99, however strong the evidence: being right more often is no fault.
const NEVER_CERTAIN: LikelihoodWords = LikelihoodWords::AlmostCertainly;

/// What was raised in cells of one lot, and what they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lot {
    /// Alerts, and whether each is true.
    pub alerts: Vec<(Raised, bool)>,
    /// Market-years in which nothing had moved.
    pub market_years: f64,
    /// Shifts that were planted.
    pub shifts: u64,
}

/// What each of the words was worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// Shifts that the likelihood expects in a market-year.
    pub shifts_per_market_year: f64,
    /// Market-years without a shift that were drawn,
    pub market_years: f64,
    /// those of stress where there are no others,
    pub stress_market_years: f64,
    /// and shifts.
    pub shifts: u64,
    /// Words that were said, the weakest first.
    pub words: Vec<Word>,
    /// The same where every market-year without a shift is one of stress.
    pub stress: Vec<Word>,
}

impl Calibration {
    /// What the words were worth in cells with a shift together with quiet ones and some of stress, and with ones of stress
    /// alone.
    pub fn of(moved: &Lot, quiet: &Lot, some_stress: &Lot, stress: &Lot, config: &Config) -> Calibration {
        let (mixture, stressed) = (moved.and(quiet).and(some_stress), moved.and(stress));
        Calibration {
            shifts_per_market_year: config.shifts_per_market_year,
            market_years: mixture.market_years,
            stress_market_years: stressed.market_years,
            shifts: moved.shifts,
            words: mixture.words(config),
            stress: stressed.words(config),
        }
    }
}

/// One of the words.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Word {
    /// What was said,
    pub words: LikelihoodWords,
    /// and what that means.
    pub band: (f64, f64),
    /// Alerts that were true,
    pub true_alerts: u64,
    /// and those that were not.
    pub false_alerts: u64,
    /// The mean of the probabilities that were given.
    pub said: f64,
    /// Share of true ones with the weights of the mixture,
    pub share: f64,
    /// and the ends of its 95 % interval.
    pub low: f64,
    /// The upper one.
    pub high: f64,
}

/// Market-years of stress that go with so many quiet ones.
pub fn stressed(quiet: f64) -> f64 {
    quiet * STRESSED_YEARS / (1.0 - STRESSED_YEARS)
}

impl Lot {
    /// What the product raises in a cell.
    pub fn of(cell: &CountedCell, labels: Labels, config: &Config) -> Lot {
        let view = View::of(cell, labels);
        let onset = cell.planted.map(|planted| planted.onset - cell.history_days);
        let is_true = |alert: &Raised| onset.is_some_and(|onset| alert.day >= onset);
        let alerts = raised(&view, config, is_true);
        let quiet_days = onset.unwrap_or(cell.days - cell.history_days);
        Lot {
            alerts: alerts.into_iter().map(|alert| (alert, is_true(&alert))).collect(),
            market_years: f64::from(quiet_days) / f64::from(YEAR_DAYS),
            shifts: u64::from(onset.is_some()),
        }
    }

    /// All together.
    pub fn of_all<'a>(lots: impl IntoIterator<Item = &'a Lot>) -> Lot {
        lots.into_iter().fold(Lot::default(), |all, next| all.and(next))
    }

    /// Both together.
    pub fn and(&self, other: &Lot) -> Lot {
        Lot {
            alerts: self.alerts.iter().chain(&other.alerts).copied().collect(),
            market_years: self.market_years + other.market_years,
            shifts: self.shifts + other.shifts,
        }
    }

    /// What each of the words was worth in a mixture with so many shifts in a market-year.
    ///
    /// The interval is exact where the numbers of true and of false alerts are both Poisson (given their sum the true
    /// ones are then binomial: Clopper and Pearson's interval, its odds weighed); that of true ones varies less, so that
    /// it covers 95 % at the least.
    pub fn words(&self, config: &Config) -> Vec<Word> {
        let weight = config.shifts_per_market_year * self.market_years / self.shifts as f64;
        let said = |alert: &Raised| likelihood(alert.log, alert.reporters, config);
        let word = |words: &LikelihoodWords| {
            let own: Vec<&(Raised, bool)> =
                self.alerts.iter().filter(|(alert, _)| said(alert).words == *words).collect();
            let true_alerts = own.iter().filter(|(_, is_true)| *is_true).count() as u64;
            let weights = |is_true: bool| if is_true { weight } else { 1.0 };
            let total: f64 = own.iter().map(|(_, is_true)| weights(*is_true)).sum();
            let sum: f64 = own.iter().map(|(a, is_true)| weights(*is_true) * said(a).probability).sum();
            let weighed = |p: f64| weight * p / (weight * p + 1.0 - p);
            let all = own.len() as u64;
            let (low, high) = binomial_interval(true_alerts, all);
            (all > 0).then(|| Word {
                words: *words,
                band: words.band(),
                true_alerts,
                false_alerts: all - true_alerts,
                said: sum / total,
                share: weighed(true_alerts as f64 / all as f64),
                low: weighed(low),
                high: weighed(high),
            })
        };
        LikelihoodWords::ALL.iter().filter_map(word).collect()
    }
}

impl Word {
    /// Whether what was found may be what a word says: some of its interval lies in the word's band.
    pub fn may_mean(&self, words: LikelihoodWords) -> bool {
        let (from, to) = words.band();
        self.low <= if words == NEVER_CERTAIN { 1.0 } else { to } && self.high >= from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_are_weighed_as_the_likelihood_expects_them() {
        let config = Config::default();
        let at = |log: f64, is_true: bool| (Raised { day: 1, log, reporters: 2, pair: [0, 1] }, is_true);
        // One shift in ten market-years where the likelihood expects one in twenty: each counts half.
        let lot = |trues: usize, falses: usize| Lot {
            alerts: [vec![at(1e3, true); trues], vec![at(1e3, false); falses]].concat(),
            market_years: 1_000.0,
            shifts: 100,
        };
        let [word] = lot(80, 2).words(&config)[..] else { panic!("one word is said") };
        assert_eq!((word.words, word.true_alerts, word.false_alerts), (LikelihoodWords::AlmostCertainly, 80, 2));
        assert!((word.share - 40.0 / 42.0).abs() < 1e-12 && (word.said - 0.99).abs() < 1e-12, "{word:?}");
        assert!(word.low < word.share && word.share < word.high);
        // Two false ones are few: it may be a little less, or more. Forty are not.
        assert!(word.may_mean(LikelihoodWords::AlmostCertainly) && word.may_mean(LikelihoodWords::VeryLikely));
        let [word] = lot(80, 40).words(&config)[..] else { panic!("one word is said") };
        assert!((word.share - 0.5).abs() < 1e-12);
        assert!(!word.may_mean(LikelihoodWords::AlmostCertainly) && word.may_mean(LikelihoodWords::Likely));
        let [word] = lot(90, 0).words(&config)[..] else { panic!("one word is said") };
        assert!(word.low > 0.9 && word.high == 1.0 && word.may_mean(LikelihoodWords::AlmostCertainly));
    }
}
