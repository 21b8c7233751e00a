//! From the statistic to a probability, and to words.

use headwater_model::{Likelihood, LikelihoodWords};

/// Never none and never certain.
const BOUNDS: (f64, f64) = (0.01, 0.99);

/// The posterior probability that a change has happened.
///
/// The statistic sums likelihood ratios over restarts with a prior weight of one a year; shifts are expected at
/// `shifts_per_market_year`. So the posterior odds are that rate times the sum (Shiryaev 1963, Roberts 1966).
pub(crate) fn likelihood(log_statistic: f64, shifts_per_market_year: f64) -> Likelihood {
    let odds = (log_statistic + shifts_per_market_year.ln()).clamp(-30.0, 30.0).exp();
    let probability = crate::round::share((odds / (1.0 + odds)).clamp(BOUNDS.0, BOUNDS.1));
    Likelihood { probability, words: LikelihoodWords::of(probability) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_the_statistic_and_stays_inside_its_bounds() {
        let p = |log| likelihood(log, 0.05).probability;
        assert!((p(20f64.ln()) - 0.5).abs() < 1e-6);
        assert_eq!((p(-1e9), p(1e9)), (0.01, 0.99));
        assert!(p(3.0) < p(4.0));
        assert_eq!(likelihood(1e9, 0.05).words, LikelihoodWords::AlmostCertainly);
    }
}
