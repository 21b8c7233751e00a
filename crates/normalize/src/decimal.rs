//! Decimal numbers as they were written, and their exact conversion into whole units.

use headwater_catalog::Ratio;

use crate::limits::NUMBER_DIGITS_MAX;

/// `mantissa * 10^exponent`, in normal form: the mantissa does not end in a zero, and zero has exponent 0. `1.50`, `1.5`
/// and `15e-1` are the same value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub negative: bool,
    pub mantissa: u128,
    pub exponent: i32,
}

/// Exponents are held to this, on either side: what lies beyond is zero or too large for every use, whatever its digits.
const EXPONENT_MAX: i32 = 100_000;

impl Decimal {
    /// Reads a number in JSON's grammar (the caller has checked it), or `None` when it has more than
    /// [`NUMBER_DIGITS_MAX`] significant digits.
    pub fn read(text: &[u8]) -> Option<Decimal> {
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let mut small = 0u64; // as long as it fits
        let mut mantissa = None::<u128>;
        let (mut digits, mut zeros, mut exponent, mut point) = (0u32, 0u32, 0i32, false);
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            at += 1;
            match byte {
                b'.' => point = true,
                b'e' | b'E' => {
                    exponent += read_exponent(&text[at..]);
                    break;
                }
                _ => {
                    exponent -= i32::from(point);
                    let digit = byte - b'0';
                    if digit == 0 {
                        // Zeros count only once a digit follows: trailing ones are dropped, leading ones say nothing.
                        zeros += u32::from(digits > 0);
                        continue;
                    }
                    digits += zeros + 1;
                    if digits > NUMBER_DIGITS_MAX {
                        return None;
                    }
                    if digits <= 19 {
                        small = small * 10u64.pow(zeros + 1) + u64::from(digit);
                    } else {
                        let wide = mantissa.unwrap_or(u128::from(small));
                        mantissa = Some(wide * 10u128.pow(zeros + 1) + u128::from(digit));
                    }
                    zeros = 0;
                }
            }
        }
        let mantissa = mantissa.unwrap_or(u128::from(small));
        if mantissa == 0 {
            return Some(Decimal::default());
        }
        // A record is at most 1 MiB, so that neither count comes near the limits of i32.
        let exponent = (exponent + zeros as i32).clamp(-EXPONENT_MAX, EXPONENT_MAX);
        Some(Decimal { negative, mantissa, exponent })
    }

    /// The value as a whole number, if it is one and fits.
    pub fn whole(self) -> Option<u64> {
        match self.exponent {
            0..=19 if !self.negative => {
                u64::try_from(self.mantissa.checked_mul(10u128.pow(self.exponent as u32))?).ok()
            }
            _ => None,
        }
    }

    /// Whether it is a whole number, of any size.
    pub fn is_whole(self) -> bool {
        self.exponent >= 0
    }

    /// Whether the size is more than `limit`.
    pub fn exceeds(self, limit: u32) -> bool {
        match self.exponent {
            0..=38 => self.mantissa.checked_mul(10u128.pow(self.exponent as u32)).is_none_or(|n| n > limit.into()),
            39.. => self.mantissa > 0,
            -28..=-1 => self.mantissa > u128::from(limit) * 10u128.pow(self.exponent.unsigned_abs()),
            // At most 21 digits behind 28 places.
            _ => false,
        }
    }

    /// The value times a ratio, rounded half to even; `None` when it does not fit. The sign is not looked at.
    pub fn times(self, ratio: Ratio) -> Option<i64> {
        // At most 10^21 times 2^57 (see `NUMBER_DIGITS_MAX`): below 2^127.
        let product = self.mantissa.checked_mul(ratio.num.into())?;
        let power = TEN.get(self.exponent.unsigned_abs() as usize);
        let (over, under) = if self.exponent >= 0 {
            // Too large for 128 bits is far too large for 64, whatever it is divided by.
            (product.checked_mul(*power?)?, u128::from(ratio.den))
        } else {
            match power.and_then(|p| p.checked_mul(ratio.den.into())) {
                Some(under) => (product, under),
                // Divided by more than 2^128: below a half.
                None => return Some(0),
            }
        };
        // Division of 128 bits is slow, and most amounts are small.
        let (quotient, rest) = match (u64::try_from(over), u64::try_from(under)) {
            (Ok(over), Ok(under)) => (u128::from(over / under), u128::from(over % under)),
            _ => (over / under, over % under),
        };
        let up = rest > under - rest || (rest == under - rest && quotient % 2 == 1);
        i64::try_from(quotient + u128::from(up)).ok()
    }
}

/// Powers of ten that fit 128 bits.
const TEN: [u128; 39] = {
    let mut powers = [1; 39];
    let mut n = 1;
    while n < powers.len() {
        powers[n] = powers[n - 1] * 10;
        n += 1;
    }
    powers
};

fn read_exponent(text: &[u8]) -> i32 {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    // Far beyond every use, and far from overflow when the digits of a whole record are added.
    let size = digits.iter().fold(0i32, |n, d| (n * 10 + i32::from(d - b'0')).min(10_000_000));
    sign * size
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn milligrams(text: &str, ratio: Ratio) -> Option<i64> {
        Decimal::read(text.as_bytes()).unwrap().times(ratio)
    }

    const KILOGRAM: Ratio = Ratio { num: 1_000_000, den: 1 };
    const POUND: Ratio = Ratio { num: 45_359_237, den: 100 };

    #[test]
    fn rounds_half_to_even_from_the_digits_as_written() {
        assert_eq!(milligrams("0.0000005", KILOGRAM), Some(0));
        assert_eq!(milligrams("0.0000015", KILOGRAM), Some(2));
        assert_eq!(milligrams("0.0000025", KILOGRAM), Some(2));
        assert_eq!(milligrams("0.00000250000000000000001", KILOGRAM), Some(3));
        assert_eq!(milligrams("8.3799469484296", POUND), Some(3_801_080)); // 3801079.997...
        assert_eq!(milligrams("1e3", KILOGRAM), Some(1_000_000_000));
        assert_eq!(milligrams("-0.0", KILOGRAM), Some(0));
        assert_eq!(milligrams("1e-400", KILOGRAM), Some(0));
        assert_eq!(milligrams("1e400", KILOGRAM), None);
        assert_eq!(milligrams("0e999999999999", KILOGRAM), Some(0));
        assert_eq!(milligrams("1e-99999999999999999999", KILOGRAM), Some(0));
    }

    #[test]
    fn compares_exactly() {
        let exceeds = |text: &str| Decimal::read(text.as_bytes()).unwrap().exceeds(100);
        for text in ["0", "100", "1e2", "99.9999999999999999999", "1e-99999", "100.000"] {
            assert!(!exceeds(text), "{text}");
        }
        for text in ["101", "1e3", "100.000000000000000001", "1e39", "1e99999"] {
            assert!(exceeds(text), "{text}");
        }
    }

    #[test]
    fn one_value_has_one_form() {
        let one_and_a_half = Decimal { negative: false, mantissa: 15, exponent: -1 };
        for text in ["1.5", "1.50", "15e-1", "0.15E+1", "0.00015e4"] {
            assert_eq!(Decimal::read(text.as_bytes()), Some(one_and_a_half), "{text}");
        }
        assert_eq!(Decimal::read(b"366.0").and_then(Decimal::whole), Some(366));
        assert_eq!(Decimal::read(b"1e2").and_then(Decimal::whole), Some(100));
        assert_eq!(Decimal::read(b"0.5").and_then(Decimal::whole), None);
    }

    #[test]
    fn digits_are_bounded_and_zeros_are_not() {
        let (fits, too_many) = ("9".repeat(NUMBER_DIGITS_MAX as usize), "9".repeat(NUMBER_DIGITS_MAX as usize + 1));
        assert!(Decimal::read(fits.as_bytes()).is_some());
        assert_eq!(Decimal::read(too_many.as_bytes()), None);
        assert!(Decimal::read(format!("0.{}1{}", "0".repeat(99), "0".repeat(99)).as_bytes()).is_some());
        assert_eq!(Decimal::read(format!("1{}1", "0".repeat(5000)).as_bytes()), None);
    }

    /// Base 10^9 digits, the lowest first, without leading zeros: arithmetic that shares nothing with the code above.
    fn big(decimal_digits: &str) -> Vec<u64> {
        let mut digits: Vec<u64> =
            decimal_digits.as_bytes().rchunks(9).map(|c| std::str::from_utf8(c).unwrap().parse().unwrap()).collect();
        while digits.last() == Some(&0) {
            digits.pop();
        }
        digits
    }

    fn product(a: &[u64], b: &[u64]) -> Vec<u64> {
        let mut sum = vec![0u64; a.len() + b.len() + 1];
        for (i, x) in a.iter().enumerate() {
            let mut carry = 0;
            for (j, y) in b.iter().chain([&0]).enumerate() {
                let s = sum[i + j] + x * y + carry;
                sum[i + j] = s % 1_000_000_000;
                carry = s / 1_000_000_000;
            }
        }
        big(&sum.iter().rev().map(|d| format!("{d:09}")).collect::<String>())
    }

    fn compare(a: &[u64], b: &[u64]) -> std::cmp::Ordering {
        a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn lies_within_half_a_unit_and_ties_go_to_even(
            whole in "0|[1-9][0-9]{0,9}", fraction in "[0-9]{0,11}", exponent in -12..12i32,
            num in prop_oneof![Just(1u64), 1..1u64 << 57], den in prop_oneof![Just(1u64), Just(1600), 1..1_000_000_000u64],
        ) {
            let text = if fraction.is_empty() { format!("{whole}e{exponent}") } else { format!("{whole}.{fraction}e{exponent}") };
            let shift = exponent - fraction.len() as i32;
            let ten = |n: i32| big(&format!("1{}", "0".repeat(n.max(0) as usize)));
            // value = over / under, exactly; result r is right when |2 over - 2 r under| <= under, and r is even where equal
            let over = product(&product(&big(&format!("{whole}{fraction}")), &big(&num.to_string())), &ten(shift));
            let under = product(&big(&den.to_string()), &ten(-shift));
            let twice_over = product(&over, &big("2"));
            match milligrams(&text, Ratio { num, den }) {
                Some(r) => {
                    let (low, high) = ((2 * i128::from(r) - 1).max(0), 2 * i128::from(r) + 1);
                    let above = compare(&twice_over, &product(&under, &big(&low.to_string())));
                    let below = compare(&twice_over, &product(&under, &big(&high.to_string())));
                    prop_assert!(above.is_gt() || (above.is_eq() && r % 2 == 0), "{} -> {}", text, r);
                    prop_assert!(below.is_lt() || (below.is_eq() && r % 2 == 0), "{} -> {}", text, r);
                }
                None => {
                    let limit = product(&under, &big(&(2 * i128::from(i64::MAX) + 1).to_string()));
                    prop_assert!(compare(&twice_over, &limit).is_ge(), "{}", text);
                }
            }
        }
    }
}
