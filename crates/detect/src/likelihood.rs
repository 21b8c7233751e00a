//! From the statistic to a probability, and to words.

use headwater_model::{Likelihood, LikelihoodWords};

use crate::config::Config;

/// Never none and never certain.
const BOUNDS: (f64, f64) = (0.01, 0.99);
/// Share of the shifts in simulated cells that are ever raised: 0.806 of 1,200, between substances and between routes.
const FOUND: f64 = 0.81;
/// How the odds that an alert is true go with the cell's log statistic on the day on which it is raised: log odds beyond
/// those of whatever is raised, at the bar,
const AT_BAR: f64 = -1.03;
/// and for each nat above it. False alerts stay near the bar, true ones run on from it, and far above are those that
/// waited for another reporter. Logistic regression of 967 true and 17 false alerts in 1,200 cells with a shift and 6,000
/// quiet ones (seed 1000 of the simulator's cells, 19,318 market-years without a shift) by a sister of the statistic that
/// raised more false ones. Of the statistic as it is, 71 true and 4 false alerts in 1,000 and 4,000 of these cells are
/// "very likely": 0.92 of them are true at [`Config::shifts_per_market_year`].
const PER_NAT: f64 = 1.33;
/// So many times as many quiet cells reach the bar where no second reporter can be asked, a campaign of the one police
/// force and a change in the one laboratory among them.
const ONE_REPORTER: f64 = 8.0;

/// The posterior probability that a change has happened, where the cell's statistic stands at `log` and so many reporters
/// carry the pair.
///
/// Bayes' rule over what simulated cells showed: how many of the shifts, at [`Config::shifts_per_market_year`], are raised
/// against [how many quiet market-years](Config::false_alarms_per_1000_market_years), and how far above the bar either
/// are. The statistic itself is no posterior: its margin, its cap and its discounts make it far smaller than the evidence,
/// so that its false alarms stay few. `headwater bench detect` holds the words against other cells.
pub fn likelihood(log: f64, reporters: usize, config: &Config) -> Likelihood {
    let quiet = config.false_alarms_per_1000_market_years / 1000.0 * if reporters < 2 { ONE_REPORTER } else { 1.0 };
    let raised = (config.shifts_per_market_year * FOUND / quiet).ln();
    let odds = (raised + AT_BAR + PER_NAT * (log - config.bar)).clamp(-30.0, 30.0).exp();
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
    fn it_weighs_the_shifts_that_are_raised_against_the_quiet_years_that_are() {
        let config =
            Config { shifts_per_market_year: 0.1, false_alarms_per_1000_market_years: 10.0, ..Config::default() };
        // 81 of 1,000 market-years raise a true alert and 10 a false one; where the statistic says no more.
        let above = likelihood(config.bar - AT_BAR / PER_NAT, 2, &config);
        assert!((above.probability - 81.0 / 91.0).abs() < 1e-5);
        assert_eq!(above.words, LikelihoodWords::VeryLikely);
        let alone = likelihood(config.bar - AT_BAR / PER_NAT, 1, &config);
        assert!((alone.probability - 81.0 / 161.0).abs() < 1e-5);
    }
}
