//! The wealth of a block: how much more likely its counts are under the alternative than under the null.

/// Largest whole count that is multiplied out factor by factor; above it the gamma function is cheaper.
const PRODUCT_MAX: f64 = 24.0;

/// The counts of one block for one pair, held against the null that `q0` is the probability of a rising label.
///
/// The beta-binomial is exchangeable (Polya's urn): only the counts matter, not their order, so that a late or
/// withdrawn event is a recomputation of its block.
pub(crate) struct Wealth {
    precision: f64,
    rising: Counted,
    falling: Counted,
}

/// What one label's count is under the null: (y)_n, with (y)_n = y (y+1) ... (y+n-1) continued by the gamma function.
struct Counted {
    n: f64,
    below: Below,
}

/// The denominator, the same for every alternative.
enum Below {
    /// A short product.
    Product(f64),
    /// The logarithm of a long one.
    Log(f64),
}

impl Wealth {
    /// So many labels of each kind in a block.
    pub fn new(falling: f64, rising: f64, q0: f64, precision: f64) -> Wealth {
        let (y, z) = (q0 * precision, (1.0 - q0) * precision);
        Wealth { precision, rising: Counted::new(rising, y), falling: Counted::new(falling, z) }
    }

    /// ln of the beta-binomial likelihood ratio of the alternative that `q1` is the probability of a rising label.
    pub fn log_ratio(&self, q1: f64) -> f64 {
        let (x, y) = (q1 * self.precision, (1.0 - q1) * self.precision);
        match (&self.rising.below, &self.falling.below) {
            // One logarithm and one division for both: at most 24 factors of at most 1e2 each, four times.
            (Below::Product(r), Below::Product(f)) => {
                (product(x, self.rising.n) * product(y, self.falling.n) / (r * f)).ln()
            }
            _ => self.rising.log(x) + self.falling.log(y),
        }
    }
}

impl Counted {
    fn new(n: f64, y: f64) -> Counted {
        Counted { n, below: if is_short(n) { Below::Product(product(y, n)) } else { Below::Log(log(y, n)) } }
    }

    /// ln of (x)_n over the null's.
    fn log(&self, x: f64) -> f64 {
        match self.below {
            Below::Product(below) => (product(x, self.n) / below).ln(),
            Below::Log(below) => log(x, self.n) - below,
        }
    }
}

/// Whether a count is whole and small enough to be multiplied out.
fn is_short(n: f64) -> bool {
    n <= PRODUCT_MAX && f64::from(n as u32) == n
}

/// x (x+1) ... (x+n-1) of a short count; 1 of none.
fn product(x: f64, n: f64) -> f64 {
    (1..n as u32).fold(if n > 0.0 { x } else { 1.0 }, |product, i| product * (x + f64::from(i)))
}

/// ln of x (x+1) ... (x+n-1), whatever the count.
fn log(x: f64, n: f64) -> f64 {
    ln_gamma(x + n) - ln_gamma(x)
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

    fn log_ratio(falling: f64, rising: f64, q0: f64, q1: f64, precision: f64) -> f64 {
        Wealth::new(falling, rising, q0, precision).log_ratio(q1)
    }

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
