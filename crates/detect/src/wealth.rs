//! The wealth of a block: how much more likely its counts are under the alternative than under the null.

/// Largest whole count that is multiplied out factor by factor; above it the gamma function is cheaper.
const PRODUCT_MAX: f64 = 24.0;

/// ln of the beta-binomial likelihood ratio, alternative to null, of `falling` and `rising` labels in one block.
///
/// The beta-binomial is exchangeable (Polya's urn): only the counts matter, not their order, so that a late or
/// withdrawn event is a recomputation of its block. `q0` and `q1` are the probabilities of a rising label.
pub(crate) fn log_ratio(falling: f64, rising: f64, q0: f64, q1: f64, precision: f64) -> f64 {
    let rising = Ratio { x: q1 * precision, y: q0 * precision, n: rising };
    let falling = Ratio { x: (1.0 - q1) * precision, y: (1.0 - q0) * precision, n: falling };
    match (rising.product(), falling.product()) {
        // One logarithm and one division for both: at most 24 factors of at most 1e2 each, four times.
        (Some(r), Some(f)) => (r.0 * f.0 / (r.1 * f.1)).ln(),
        (Some(r), None) => (r.0 / r.1).ln() + falling.log(),
        (None, Some(f)) => rising.log() + (f.0 / f.1).ln(),
        (None, None) => rising.log() + falling.log(),
    }
}

/// (x)_n / (y)_n, with (x)_n = x (x+1) ... (x+n-1) continued by the gamma function.
struct Ratio {
    x: f64,
    y: f64,
    n: f64,
}

impl Ratio {
    /// Numerator and denominator, where they are short products.
    fn product(&self) -> Option<(f64, f64)> {
        if self.n <= 0.0 {
            return Some((1.0, 1.0));
        }
        (self.n <= PRODUCT_MAX && self.n.fract() == 0.0).then(|| {
            let (mut above, mut below) = (self.x, self.y);
            for i in 1..self.n as u32 {
                above *= self.x + f64::from(i);
                below *= self.y + f64::from(i);
            }
            (above, below)
        })
    }

    fn log(&self) -> f64 {
        (ln_gamma(self.x + self.n) - ln_gamma(self.x)) - (ln_gamma(self.y + self.n) - ln_gamma(self.y))
    }
}

/// ln of the gamma function for x > 0: recurrence up to 10, then Stirling's series (Abramowitz and Stegun 6.1.41).
fn ln_gamma(x: f64) -> f64 {
    let (mut z, mut shift) = (x.max(f64::MIN_POSITIVE), 1.0);
    while z < 10.0 {
        shift *= z;
        z += 1.0;
    }
    let r = 1.0 / z;
    let r2 = r * r;
    let series = r * (1.0 / 12.0 - r2 * (1.0 / 360.0 - r2 * (1.0 / 1260.0 - r2 * (1.0 / 1680.0 - r2 / 1188.0))));
    const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;
    (z - 0.5) * z.ln() - z + HALF_LN_TAU + series - shift.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_gamma_function_is_the_factorial() {
        let mut factorial = 0.0;
        for n in 1..170u32 {
            assert!((ln_gamma(f64::from(n)) - factorial).abs() < 1e-11 * (1.0 + factorial), "{n}");
            factorial += f64::from(n).ln();
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-13);
    }

    proptest! {
        /// Labels drawn one by one from the urn give the same wealth in any order.
        #[test]
        fn wealth_is_a_function_of_the_counts(labels in proptest::collection::vec(any::<bool>(), 0..60), q0 in 0.01..0.5f64, up in 0.01..0.49f64) {
            let q1 = q0 + up;
            let (mut a, mut b, mut log) = (0.0, 0.0, 0.0);
            for &rising in &labels {
                if rising {
                    log += ((q1 * 10.0 + b) / (q0 * 10.0 + b)).ln();
                    b += 1.0;
                } else {
                    log += (((1.0 - q1) * 10.0 + a) / ((1.0 - q0) * 10.0 + a)).ln();
                    a += 1.0;
                }
            }
            prop_assert!((log - log_ratio(a, b, q0, q1, 10.0)).abs() < 1e-9);
        }

        /// Under the null the wealth of a block of n labels is 1 on average: a bet at fair odds.
        #[test]
        fn wealth_is_fair_under_the_null(n in 1u32..20, q0 in 0.05..0.9f64, q1 in 0.05..0.9f64) {
            let m = 10.0;
            let ln_beta = |x: f64, y: f64| ln_gamma(x) + ln_gamma(y) - ln_gamma(x + y);
            let mut mean = 0.0;
            for b in 0..=n {
                let (a, b) = (f64::from(n - b), f64::from(b));
                let choose = ln_gamma(a + b + 1.0) - ln_gamma(a + 1.0) - ln_gamma(b + 1.0);
                let null = choose + ln_beta(q0 * m + b, (1.0 - q0) * m + a) - ln_beta(q0 * m, (1.0 - q0) * m);
                mean += (null + log_ratio(a, b, q0, q1, m)).exp();
            }
            prop_assert!((mean - 1.0).abs() < 1e-9, "{}", mean);
        }

        #[test]
        fn huge_counts_stay_finite(a in 0.0..1e15f64, b in 0.0..1e15f64, q0 in 1e-6..0.999f64, q1 in 1e-6..0.999f64) {
            prop_assert!(log_ratio(a.floor(), b.floor(), q0, q1, 10.0).is_finite());
        }
    }
}
