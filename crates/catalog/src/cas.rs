//! CAS Registry Numbers: two to seven digits, two digits, and a check digit.

/// A CAS number whose check digit holds, as one number without its hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cas(u64);

impl Cas {
    /// Reads `39742-60-4`; white space around it is taken off. `None` = another form, or a wrong check digit.
    ///
    /// The check digit is the sum of the other digits, each times its place counted from the right, modulo 10
    /// (CAS, "Check Digit Verification of CAS Registry Numbers").
    ///
    /// ```
    /// use headwater_catalog::cas;
    /// assert!(cas::Cas::parse("1609-66-1").is_some());
    /// assert!(!cas::is_valid("1609-66-5"));
    /// ```
    pub fn parse(text: &str) -> Option<Cas> {
        let bytes = text.trim_ascii().as_bytes();
        // 2..=7 digits, '-', 2 digits, '-', 1 digit
        if !(7..=12).contains(&bytes.len()) {
            return None;
        }
        let (first, rest) = bytes.split_at(bytes.len() - 5);
        if rest[0] != b'-' || rest[3] != b'-' {
            return None;
        }
        let mut number = 0u64;
        for &b in first.iter().chain(&rest[1..3]) {
            if !b.is_ascii_digit() {
                return None;
            }
            number = number * 10 + u64::from(b - b'0');
        }
        if !rest[4].is_ascii_digit() {
            return None;
        }
        let check = u64::from(rest[4] - b'0');
        let (mut sum, mut left, mut place) = (0, number, 1);
        while left > 0 {
            sum += left % 10 * place;
            left /= 10;
            place += 1;
        }
        (number > 0 && sum % 10 == check).then_some(Cas(number * 10 + check))
    }
}

/// Whether the text is a CAS number with the right check digit.
pub fn is_valid(text: &str) -> bool {
    Cas::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_that_are_not_cas_numbers() {
        for text in [
            "",
            "-",
            "1-23-4",
            "12345678-12-1",
            "108-24",
            "108-247",
            "108–24–7",
            "108-24-77",
            "１08-24-7",
            "0-00-0",
            "00-00-0",
        ] {
            assert!(!is_valid(text), "{text}");
        }
        assert!(is_valid("7732-18-5") && is_valid(" 108-24-7\t"));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_never_passes_where_its_place_is_odd(number in 1000u64..9_999_999, place in 0usize..4, add in 1u64..10) {
            // Places that share a factor with 10 can hide a change; 1, 3, 7 and 9 cannot.
            let place = [1, 3, 7, 9][place];
            let digits: Vec<u64> = (0..9).map(|i| number / 10u64.pow(i) % 10).collect();
            let check = |d: &[u64]| d.iter().enumerate().map(|(i, x)| x * (i as u64 + 1)).sum::<u64>() % 10;
            let mut wrong = digits.clone();
            wrong[place - 1] = (wrong[place - 1] + add) % 10;
            let text = |d: &[u64], c: u64| {
                let n = d.iter().rev().fold(0, |n, x| n * 10 + x);
                format!("{}-{:02}-{c}", n / 100, n % 100)
            };
            prop_assert!(is_valid(&text(&digits, check(&digits))));
            prop_assert!(!is_valid(&text(&wrong, check(&digits))));
        }

        #[test]
        fn no_text_panics(text in ".{0,16}") {
            let _ = is_valid(&text);
        }
    }
}
