//! From the statistic to a probability, and to words.

use headwater_model::{Likelihood, LikelihoodWords};

use crate::config::Config;

/// Never none and never certain.
const BOUNDS: (f64, f64) = (0.01, 0.99);
/// Part of the market-years without a shift in which the likelihood expects something that no model of quiet holds: shares
/// that wander, a campaign, a laboratory that names otherwise, late reports, a large operation. One in five, that an alert
/// is not called surer than it is where not all is as it was.
pub const STRESSED_YEARS: f64 = 0.2;
/// Share of the shifts in simulated cells that are ever raised: 0.791 of 3,000, between substances and between routes.
const FOUND: f64 = 0.79;
/// How the odds that an alert is true go with the cell's log statistic on the day on which it is raised: log odds beyond
/// those of whatever is raised, at the bar, with the false alarms of stress that come to those of quiet years,
const AT_BAR: f64 = -1.14;
/// and for each nat above it. False alerts stay near the bar, true ones run on from it, and far above are those that
/// waited for another reporter. Logistic regression of 2,373 true alerts in 3,000 cells with a shift against 22 false ones
/// in 27,398 market-years without one and 18 in 7,500 of stress, these weighed to [`STRESSED_YEARS`] (seed 3000 of the
/// simulator's cells): log odds of -1.03 at the bar, 1.57 for each nat, and 1.12 false alerts in 1,000 market-years. A second
/// lot (seed 4000) gives -1.03, 1.62 and 1.10; of what is very likely in both together 0.938 is true: 1,277 alerts against 43.
const PER_NAT: f64 = 1.57;
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
        // 79 of 1,000 market-years raise a true alert and 10 a false one; where the statistic says no more.
        let above = likelihood(config.bar - AT_BAR / PER_NAT, 2, &config);
        assert!((above.probability - 79.0 / 89.0).abs() < 1e-5);
        assert_eq!(above.words, LikelihoodWords::VeryLikely);
        let alone = likelihood(config.bar - AT_BAR / PER_NAT, 1, &config);
        assert!((alone.probability - 79.0 / 159.0).abs() < 1e-5);
    }
}
