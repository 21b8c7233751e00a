//! RFC 3339 by fixed positions: what the hot path reads of a date or time.

use headwater_model::{Day, EventDay, KnownDay};

use crate::limits::FRACTION_DIGITS_MAX;

/// An instant: seconds since 1970-01-01T00:00:00Z without leap seconds, and attoseconds. A leap second is written as
/// the second before it with a whole second of attoseconds more, so that it stays on its own day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant {
    pub seconds: i64,
    pub atto: u64,
}

const SECONDS_OF_DAY: i64 = 86_400;
const ATTO_OF_SECOND: u64 = 1_000_000_000_000_000_000;

impl Instant {
    /// The UTC day.
    pub fn day(self) -> KnownDay {
        KnownDay(Day(self.seconds.div_euclid(SECONDS_OF_DAY) as i32)) // years 1900 to 2199 fit
    }
}

/// The calendar date of a date or of a time, as written.
pub(crate) fn event_day(text: &str) -> Option<EventDay> {
    match text.as_bytes().try_into() {
        Ok(date) => day(date).map(EventDay),
        Err(_) => date_time(text).map(|(date, _)| EventDay(date)),
    }
}

/// A time with its offset.
pub(crate) fn instant(text: &str) -> Option<Instant> {
    date_time(text).map(|(_, instant)| instant)
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|+HH:MM|-HH:MM)`: its date as written and its instant.
fn date_time(text: &str) -> Option<(Day, Instant)> {
    let b = text.as_bytes();
    let date = day(b.first_chunk()?)?;
    if b.len() < 20 || !matches!(b[10], b'T' | b't') || b[13] != b':' || b[16] != b':' {
        return None;
    }
    let (hour, minute, second) = (two_digits(b, 11)?, two_digits(b, 14)?, two_digits(b, 17)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut atto = 0;
    if b[at] == b'.' {
        let digits = b[at + 1..].iter().take_while(|d| d.is_ascii_digit()).count();
        if digits == 0 || digits > FRACTION_DIGITS_MAX {
            return None;
        }
        atto = b[at + 1..at + 1 + digits].iter().fold(0, |n, d| n * 10 + u64::from(d - b'0'));
        atto *= 10u64.pow((FRACTION_DIGITS_MAX - digits) as u32);
        at += 1 + digits;
    }
    let ahead = match b.get(at)? {
        b'Z' | b'z' if b.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if b.len() == at + 6 && b[at + 3] == b':' => {
            let (hours, minutes) = (two_digits(b, at + 1)?, two_digits(b, at + 4)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 3600 + minutes * 60) * if *sign == b'+' { 1 } else { -1 }
        }
        _ => return None,
    };
    let leap = u64::from(second == 60);
    let second_of_day = hour * 3600 + minute * 60 + second.min(59);
    let seconds = i64::from(date.0) * SECONDS_OF_DAY + second_of_day - ahead;
    Some((date, Instant { seconds, atto: atto + leap * ATTO_OF_SECOND }))
}

/// `YYYY-MM-DD`: as [`Day::parse`], without its loops.
fn day(b: &[u8; 10]) -> Option<Day> {
    if b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    let (century, year) = (two_digits(b, 0)?, two_digits(b, 2)?);
    Day::from_ymd((century * 100 + year) as i32, two_digits(b, 5)? as u32, two_digits(b, 8)? as u32)
}

#[inline]
fn two_digits(b: &[u8], at: usize) -> Option<i64> {
    let (tens, ones) = (b[at].wrapping_sub(b'0'), b[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known(text: &str) -> String {
        instant(text).map_or("none".into(), |i| i.day().0.to_string())
    }

    #[test]
    fn the_known_day_is_that_of_utc() {
        assert_eq!(known("2024-03-01T00:30:00+01:00"), "2024-02-29");
        assert_eq!(known("2024-02-29T23:30:00-01:00"), "2024-03-01");
        assert_eq!(known("2016-12-31T23:59:60Z"), "2016-12-31");
        assert_eq!(known("2017-01-01T08:59:60.5+09:00"), "2016-12-31");
        assert_eq!(known("1969-12-31T23:59:59.999999999999999999z"), "1969-12-31");
        assert_eq!(known("2024-01-01t00:00:00-00:00"), "2024-01-01");
    }

    #[test]
    fn the_event_day_is_the_date_as_written() {
        for text in ["2024-02-29", "2024-02-29T23:59:59-12:00", "2024-02-29T00:00:00+14:00"] {
            assert_eq!(event_day(text), Day::parse("2024-02-29").map(EventDay), "{text}");
        }
    }

    #[test]
    fn instants_are_equal_when_they_are_the_same_time() {
        assert_eq!(instant("2024-01-01T12:00:00.50Z"), instant("2024-01-01T13:30:00.5+01:30"));
        assert!(instant("2016-12-31T23:59:60Z") < instant("2017-01-01T00:00:00Z"));
        assert!(instant("2016-12-31T23:59:59.9Z") < instant("2016-12-31T23:59:60Z"));
        assert_eq!(instant("1970-01-01T00:00:01Z"), Some(Instant { seconds: 1, atto: 0 }));
    }

    proptest! {
        #[test]
        fn dates_are_read_as_days_are(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]|[0-9-]{10}|.{10}") {
            prop_assert_eq!(event_day(&text), Day::parse(&text).map(EventDay));
        }
    }

    #[test]
    fn refuses_what_is_not_rfc_3339() {
        for text in [
            "",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:61Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.1234567890123456789Z",
            "2024-01-01T00:00:00+0100",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+01:60",
            "2024-01-01T00:00:00ZZ",
            "2024-01-01T00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01T0:000:00Z",
            "2024-01-01T00:00:00é",
            "２024-01-01T00:00:00Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
