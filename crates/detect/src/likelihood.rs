//! From the statistic to a probability, and to words.

use headwater_model::{Likelihood, LikelihoodWords};

use crate::config::Config;

/// Never none and never certain.
const BOUNDS: (f64, f64) = (0.01, 0.99);
/// Share of the shifts in simulated cells that reach the bar within a year.
const FOUND: f64 = 0.75;
/// By so many nats falls the logarithm of the number of quiet cells that reach a value, for each nat that the value is
/// higher: counted from 0.8 to 3 on the same cells (9.3 in 1,000 market-years at 1.1, 1.3 at 2.0).
const FALSE_FALL: f64 = 2.0;
/// So many times as many quiet cells reach the bar where no second reporter can be asked, a campaign of the one police
/// force and a change in the one laboratory among them.
const ONE_REPORTER: f64 = 8.0;

/// The posterior probability that a change has happened, where the cell's statistic stands at `log`.
///
/// Bayes' rule over what simulated cells showed: how many shifts reach the value, at
/// [`Config::shifts_per_market_year`], against how many quiet market-years do. The statistic itself is no posterior: its
/// margin, its cap and its discounts make it far smaller than the evidence, so that its false alarms stay few.
pub fn likelihood(log: f64, reporters: usize, config: &Config) -> Likelihood {
    let quiet = config.false_alarms_per_1000_market_years / 1000.0 * if reporters < 2 { ONE_REPORTER } else { 1.0 };
    let at_bar = (config.shifts_per_market_year * FOUND / quiet).ln();
    let odds = (at_bar + FALSE_FALL * (log - config.bar)).clamp(-30.0, 30.0).exp();
    let probability = crate::round::share((odds / (1.0 + odds)).clamp(BOUNDS.0, BOUNDS.1));
    Likelihood { probability, words: LikelihoodWords::of(probability) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_the_statistic_and_stays_inside_its_bounds() {
        let config = Config::default();
        let p = |log, reporters| likelihood(log, reporters, &config).probability;
        assert_eq!((p(-1e9, 3), p(1e9, 3)), (0.01, 0.99));
        assert!(p(1.0, 3) < p(2.0, 3));
        assert!(p(config.bar, 1) < p(config.bar, 2) && p(config.bar, 2) == p(config.bar, 5));
        assert_eq!(likelihood(1e9, 3, &config).words, LikelihoodWords::AlmostCertainly);
    }

    #[test]
    fn at_the_bar_it_is_the_precision_of_what_is_raised() {
        let config =
            Config { shifts_per_market_year: 0.1, false_alarms_per_1000_market_years: 10.0, ..Config::default() };
        // 75 of 1,000 market-years raise a true alert and 10 a false one.
        assert!((likelihood(config.bar, 2, &config).probability - 75.0 / 85.0).abs() < 1e-5);
    }
}
