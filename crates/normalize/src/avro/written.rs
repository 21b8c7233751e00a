//! Values of Avro as the text that JSON has for them, digit for digit.

use std::io::Write;

use crate::event::Reference;
use crate::texts::{Record, Texts};

const DAY_SECONDS: i64 = 86_400;

/// A whole number.
pub(super) fn whole(number: i64, text: &mut Vec<u8>) {
    digits(i128::from(number), 0, text);
}

/// `unscaled / 10^scale`, with `scale` digits behind the point.
pub(super) fn decimal(unscaled: i128, scale: u32, text: &mut Vec<u8>) {
    digits(unscaled, scale as usize, text);
}

/// The whole number in big-endian two's complement, if it fits 128 bits; no bytes are no number.
pub(super) fn unscaled(bytes: &[u8]) -> Option<i128> {
    let fill = if *bytes.first()? < 0x80 { 0 } else { 0xff };
    let surplus = bytes.len().saturating_sub(16);
    if bytes[..surplus].iter().any(|byte| *byte != fill) {
        return None;
    }
    let mut whole = [fill; 16];
    let kept = &bytes[surplus..];
    whole[16 - kept.len()..].copy_from_slice(kept);
    let number = i128::from_be_bytes(whole);
    // A byte that was dropped said the sign.
    (surplus == 0 || (number < 0) == (fill == 0xff)).then_some(number)
}

fn digits(number: i128, scale: usize, text: &mut Vec<u8>) {
    const MOST: usize = 40; // 39 digits, and one for a zero before the point
    let mut written = [b'0'; MOST];
    let mut first = MOST;
    let mut rest = number.unsigned_abs();
    while rest > u128::from(u64::MAX) {
        first -= 1;
        written[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    // Division of 128 bits is slow, and most numbers are small.
    let mut rest = rest as u64;
    while rest > 0 {
        first -= 1;
        written[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    // A scale is at most 38: the zeros are there already.
    first = first.min(MOST - scale - 1);
    if number < 0 {
        text.push(b'-');
    }
    text.extend_from_slice(&written[first..MOST - scale]);
    if scale > 0 {
        text.push(b'.');
        text.extend_from_slice(&written[MOST - scale..]);
    }
}

/// The shortest decimal that is read back as the same number; `None` where it is none.
pub(super) fn double(number: f64, text: &mut Vec<u8>) -> Option<()> {
    floating(number.is_finite(), number.abs(), &number, text)
}

/// The same for a number of 32 bits: the shortest decimal among those of 32 bits.
pub(super) fn float(number: f32, text: &mut Vec<u8>) -> Option<()> {
    floating(number.is_finite(), f64::from(number).abs(), &number, text)
}

fn floating(
    is_finite: bool,
    size: f64,
    number: &(impl std::fmt::Display + std::fmt::LowerExp),
    text: &mut Vec<u8>,
) -> Option<()> {
    if !is_finite {
        return None;
    }
    // All digits of 1e300 would say no more than its exponent does.
    let plain = size == 0.0 || (1e-7..1e21).contains(&size);
    let written = if plain { write!(text, "{number}") } else { write!(text, "{number:e}") };
    written.ok() // nothing fails to be written to memory
}

/// A date, by its days since 1970-01-01.
pub(super) fn date(days: i64, text: &mut Vec<u8>) {
    // Days from civil, Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013), in 128 bits: the year is
    // whatever the sender wrote, and the contract refuses it by its digits.
    let z = i128::from(days) + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    if (0..=9999).contains(&year) {
        padded(year as u64, 4, text);
    } else {
        digits(year, 0, text);
    }
    text.push(b'-');
    padded(month as u64, 2, text);
    text.push(b'-');
    padded(day as u64, 2, text);
}

/// A time in UTC, by its parts of a second since 1970-01-01T00:00Z.
pub(super) fn time(parts: i64, per_second: i64, text: &mut Vec<u8>) {
    let seconds = parts.div_euclid(per_second);
    let (fraction, second) = (parts.rem_euclid(per_second), seconds.rem_euclid(DAY_SECONDS));
    date(seconds.div_euclid(DAY_SECONDS), text);
    for (before, value) in [(b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)] {
        text.push(before);
        padded(value as u64, 2, text);
    }
    if fraction > 0 {
        text.push(b'.');
        padded(fraction as u64, per_second.ilog10() as usize, text);
    }
    text.push(b'Z');
}

/// The date of a time, by its parts of a second.
pub(super) fn date_of(parts: i64, per_second: i64, text: &mut Vec<u8>) {
    date(parts.div_euclid(per_second).div_euclid(DAY_SECONDS), text);
}

fn padded(number: u64, width: usize, text: &mut Vec<u8>) {
    let mut unit = 10u64.pow(width as u32 - 1);
    while unit > 0 {
        text.push(b'0' + (number / unit % 10) as u8);
        unit /= 10;
    }
}

/// A list of references of a record that starts at `base`, as JSON, added to the batch's own text.
pub(super) fn references(references: &[Reference], record: Record<'_>, base: u32, text: &mut Vec<u8>) {
    text.push(b'[');
    for (i, reference) in references.iter().enumerate() {
        text.extend_from_slice(if i == 0 { b"{" } else { b",{" });
        let members = [("\"source\":", reference.source), ("\"event_id\":", reference.event_id)];
        let mut first = true;
        for (name, span) in members {
            let Some(span) = span else { continue };
            if !first {
                text.push(b',');
            }
            first = false;
            text.extend_from_slice(name.as_bytes());
            // What lies in the text that is being added to is copied: a word of an enum, and none is long.
            let owned = span.owned.then(|| Texts { record, base, owned: text }.get(span).to_owned());
            match owned {
                Some(value) => quoted(&value, text),
                None => quoted(Texts { record, base, owned: &[] }.get(span), text),
            }
        }
        text.push(b'}');
    }
    text.push(b']');
}

fn quoted(text: &str, json: &mut Vec<u8>) {
    json.push(b'"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend_from_slice(&[b'\\', character as u8]),
            control if control < ' ' => {
                let hex = b"0123456789abcdef";
                let code = control as usize;
                json.extend_from_slice(b"\\u00");
                json.extend_from_slice(&[hex[code >> 4], hex[code & 15]]);
            }
            other => json.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    json.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_model::{Day, Span};
    use proptest::prelude::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut text = Vec::new();
        write(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn decimals_keep_every_digit() {
        let written = |n, scale| text(|t| decimal(n, scale, t));
        assert_eq!([written(1250, 2), written(-5, 3), written(0, 2)], ["12.50", "-0.005", "0.00"]);
        assert_eq!(written(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
        assert_eq!(text(|t| whole(i64::MIN, t)), "-9223372036854775808");
        assert_eq!(text(|t| whole(0, t)), "0");
    }

    #[test]
    fn twos_complement_is_read_at_any_length() {
        assert_eq!(unscaled(&[]), None);
        assert_eq!(unscaled(&[0x00, 0x80]), Some(128));
        assert_eq!(unscaled(&[0x80]), Some(-128));
        assert_eq!(unscaled(&[0xff; 40]), Some(-1));
        let mut wide = [0; 17];
        wide[1] = 0x80; // 2^127
        assert_eq!(unscaled(&wide), None);
        assert_eq!(unscaled(&[1; 17]), None);
    }

    #[test]
    fn doubles_are_their_shortest_decimal() {
        let written = |n| text(|t| assert!(double(n, t).is_some()));
        let expected = ["0.1", "12", "-0.5", "1e-8", "1e21", "1.7976931348623157e308", "5e-324"];
        assert_eq!([0.1, 12.0, -0.5, 1e-8, 1e21, f64::MAX, 5e-324].map(written), expected);
        assert_eq!(text(|t| assert!(float(0.1, t).is_some())), "0.1");
        assert!(double(f64::NAN, &mut Vec::new()).is_none());
        assert!(float(f32::INFINITY, &mut Vec::new()).is_none());
    }

    #[test]
    fn times_of_any_size_are_written() {
        let written = |parts, per_second| text(|t| time(parts, per_second, t));
        assert_eq!(written(1_709_632_800_000, 1_000), "2024-03-05T10:00:00Z");
        assert_eq!(written(-1, 1_000_000), "1969-12-31T23:59:59.999999Z");
        assert_eq!(written(1_500_000_000, 1_000_000_000), "1970-01-01T00:00:01.500000000Z");
        assert_eq!(written(i64::MAX, 1_000), "292278994-08-17T07:12:55.807Z");
        assert_eq!(text(|t| date(i64::from(i32::MIN), t)), "-5877641-06-23");
        assert_eq!(text(|t| date_of(-1, 1_000, t)), "1969-12-31");
    }

    #[test]
    fn references_are_json() {
        let (base, source, id) = (9, "a\"\\\n\u{1f}é", "E-1");
        let place = |owned, start, text: &str| Some(Span { owned, start, len: text.len() as u32 });
        let source_span = place(false, base, source);
        let list = [
            Reference { source: source_span, event_id: place(true, 0, id) },
            Reference { source: None, event_id: place(true, 0, id) },
        ];
        let mut added = id.as_bytes().to_vec();
        references(&list, Record::Text(source), base, &mut added);
        let read: serde_json::Value = serde_json::from_slice(&added[id.len()..]).unwrap();
        let expected = serde_json::json!([{"source": source, "event_id": id}, {"event_id": id}]);
        assert_eq!(read, expected);
    }

    proptest! {
        #[test]
        fn dates_are_those_of_days(days in -30_000..90_000i32) {
            prop_assert_eq!(text(|t| date(days.into(), t)), Day(days).to_string());
        }

        #[test]
        fn numbers_are_read_back(number in any::<f64>(), small in any::<f32>(), whole in any::<i128>()) {
            if number.is_finite() {
                prop_assert_eq!(text(|t| double(number, t).unwrap()).parse::<f64>().unwrap().to_bits(), number.to_bits());
            }
            if small.is_finite() {
                prop_assert_eq!(text(|t| float(small, t).unwrap()).parse::<f32>().unwrap().to_bits(), small.to_bits());
            }
            prop_assert_eq!(unscaled(&whole.to_be_bytes()), Some(whole));
            prop_assert_eq!(text(|t| decimal(whole, 0, t)), whole.to_string());
        }
    }
}
