//! Decimal text times a decimal factor, rounded half to even, by the arithmetic of the school: one digit after another.

/// `number` x `factor`, both decimal text as JSON writes numbers (factors without sign and exponent), rounded half to even to an integer.
/// `None` when it is negative or above `max`.
pub fn rounded(number: &str, factor: &str, max: i64) -> Option<i64> {
    let (negative, digits, scale) = digits(number);
    let (_, factor, factor_scale) = self::digits(factor);
    let (mut product, scale) = (multiplied(&digits, &factor), scale + factor_scale);
    let is_zero = product.iter().all(|d| *d == 0);
    if negative && !is_zero {
        return None;
    }
    if is_zero {
        return Some(0);
    }
    // product x 10^scale, scale below zero: the last digits go.
    let mut round_up = false;
    if scale < 0 {
        let cut = usize::try_from(-scale).ok()?;
        if cut > product.len() {
            return Some(0);
        }
        let rest = product.split_off(product.len() - cut);
        let odd = product.last().is_some_and(|d| d % 2 == 1);
        round_up = match rest[0] {
            0..=4 => false,
            5 => odd || rest[1..].iter().any(|d| *d != 0),
            _ => true,
        };
    }
    let mut value: i128 = 0;
    for digit in product.iter().copied().chain(std::iter::repeat_n(0, usize::try_from(scale.max(0)).ok()?)) {
        value = value * 10 + i128::from(digit);
        if value > i128::from(max) {
            return None;
        }
    }
    value += i128::from(round_up);
    (value <= i128::from(max)).then_some(value as i64)
}

/// Sign, digits and the power of ten of the last digit.
fn digits(text: &str) -> (bool, Vec<u8>, i64) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let negative = mantissa.starts_with('-');
    let mantissa = mantissa.trim_start_matches('-');
    let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len()) as i64;
    // Beyond a million either way the number is nothing or everything, whatever its digits.
    let exponent = exponent.trim_start_matches('+').parse::<i64>().unwrap_or(1_000_000).clamp(-1_000_000, 1_000_000);
    (negative, mantissa.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect(), exponent - decimals)
}

/// The product of two numbers in digits.
fn multiplied(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut product = vec![0u32; a.len() + b.len()];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            product[i + j + 1] += u32::from(*x) * u32::from(*y);
        }
    }
    for i in (1..product.len()).rev() {
        product[i - 1] += product[i] / 10;
        product[i] %= 10;
    }
    product.into_iter().map(|d| d as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_to_even() {
        let max = 100_000_000_000_000;
        for (number, factor, expected) in [
            ("0.5", "1", Some(0)),
            ("1.5", "1", Some(2)),
            ("2.5", "1", Some(2)),
            ("2.5000000000000000000000000000000000001", "1", Some(3)),
            ("0.49999999999999999999999999999999999999", "1", Some(0)),
            ("1", "453592.37", Some(453_592)),
            ("8.3799469484296", "453592.37", Some(3_801_080)), // 3,801,079.99... mg
            ("100", "453592.37", Some(45_359_237)),
            ("1e-3", "1000000", Some(1_000)),
            ("1E+2", "1", Some(100)),
            ("100000000", "1000000", Some(max)),
            ("100000000.0000005", "1000000", Some(max)), // half to even falls back to the limit
            ("100000000.000001", "1000000", None),
            ("-0.001", "1000000", None),
            ("0", "1000000", Some(0)),
            ("1e400", "1", None),
            ("1e-400", "1", Some(0)),
            ("0.95", "1", Some(1)),
            ("99.5", "1", Some(100)),
        ] {
            assert_eq!(rounded(number, factor, max), expected, "{number} x {factor}");
        }
    }
}
