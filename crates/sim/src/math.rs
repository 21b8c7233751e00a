//! `exp`, `ln` and `cos` from additions and multiplications alone: the platform's own differ in the last bit from one
//! system library to the next, and a world must be the same bytes everywhere.

use std::f64::consts::{LN_2, SQRT_2, TAU};

/// e to the power of `x`; 0 below -700, the value of 700 above it.
pub(crate) fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let x = x.min(700.0);
    let k = (x / LN_2).round();
    let r = x - k * LN_2;
    // |r| <= ln 2 / 2: 14 terms of the series reach 1e-17.
    let series = (1..=14).rev().fold(1.0, |sum, n| 1.0 + sum * r / f64::from(n));
    series * f64::from_bits(((k as i64 + 1023) as u64) << 52)
}

/// Natural logarithm of a positive, normal number.
pub(crate) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mut mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | (1023 << 52));
    if mantissa > SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)); the argument is below 0.172, so the terms shrink 33-fold.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let series = (0..=10).rev().fold(0.0, |sum, n| sum * s * s + 1.0 / f64::from(2 * n + 1));
    2.0 * s * series + exponent as f64 * LN_2
}

/// Cosine of a fraction of a full turn: 0 and 1 give 1, 0.5 gives -1.
pub(crate) fn cos_turn(turn: f64) -> f64 {
    let part = turn - turn.floor();
    let half = if part > 0.5 { 1.0 - part } else { part };
    let (x, sign) = if half > 0.25 { ((0.5 - half) * TAU, -1.0) } else { (half * TAU, 1.0) };
    sign * (1..=10).rev().fold(1.0, |sum, n| 1.0 - sum * x * x / f64::from(2 * n * (2 * n - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agree_with_the_platforms_functions(x in -600.0..600.0f64, t in -9.0..9.0f64) {
            prop_assert!((exp(x) / x.exp() - 1.0).abs() < 1e-12);
            let y = exp(x);
            prop_assert!((ln(y) - x).abs() < 1e-12 * x.abs().max(1.0));
            prop_assert!((cos_turn(t) - (t * TAU).cos()).abs() < 1e-13);
        }
    }

    #[test]
    fn the_ends_are_tame() {
        assert_eq!((exp(0.0), exp(-1e9), ln(1.0), cos_turn(0.0), cos_turn(0.5)), (1.0, 0.0, 0.0, 1.0, -1.0));
        assert!(exp(1e9).is_finite());
    }
}
