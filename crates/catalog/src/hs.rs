//! Codes of the Harmonized System, of whatever national length.

/// Digits of the longest national code seen (China's export codes); a longer run of digits is no HS code.
const DIGITS_MAX: usize = 14;
/// The Harmonized System has chapters 01 to 97; 98 and 99 are left to the countries.
const CHAPTER_MAX: u32 = 97;

/// The years on whose 1 January an edition of the Harmonized System came into force, or will (World Customs Organization,
/// HS Nomenclature, editions 1988 to 2028). Codes are split, joined and renumbered with them.
pub const EDITIONS: [i32; 9] = [1988, 1992, 1996, 2002, 2007, 2012, 2017, 2022, 2028];

/// The six-digit subheading of a code, dots and spaces aside; `None` where it is shorter, longer than any national code,
/// of no chapter of the system, or holds anything but digits.
///
/// ```
/// use headwater_catalog::hs;
/// assert_eq!(hs::code6("2933.39.90"), Some(293339));
/// assert_eq!(hs::code6("2933"), None);
/// ```
pub fn code6(text: &str) -> Option<u32> {
    let (mut code, mut digits) = (0u32, 0usize);
    for b in text.bytes() {
        match b {
            b'0'..=b'9' => {
                if digits < 6 {
                    code = code * 10 + u32::from(b - b'0');
                }
                digits += 1;
            }
            b'.' | b' ' => {}
            _ => return None,
        }
    }
    ((6..=DIGITS_MAX).contains(&digits) && (1..=CHAPTER_MAX).contains(&(code / 10_000))).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_of_the_system_pass() {
        assert_eq!(code6("0302.11"), Some(30211));
        assert_eq!(code6("2933399073"), Some(293339));
        for text in ["", "293", "29333", "000000", "980000", "29333x", "293337293337293", "２９３３３７"] {
            assert_eq!(code6(text), None, "{text}");
        }
    }
}
