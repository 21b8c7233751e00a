//! Calendar days without a clock or a time zone.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day of the proleptic Gregorian calendar, counted from 1970-01-01 (day 0). Days before it are negative.
///
/// ```
/// use headwater_model::Day;
/// let day = Day::parse("2020-02-29").unwrap();
/// assert_eq!((day + 1).to_string(), "2020-03-01");
/// assert_eq!(Day::parse("2021-02-29"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// First year that a date may name: no drug-control table reaches back further, and a year below it is a typing error.
pub const YEAR_MIN: i32 = 1900;
/// Last year that a date may name, for the same reason.
pub const YEAR_MAX: i32 = 2199;

impl Day {
    /// The day of a civil date, or `None` when there is no such day or its year is outside
    /// [`YEAR_MIN`]..=[`YEAR_MAX`].
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Day> {
        if !(YEAR_MIN..=YEAR_MAX).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        if day == 0 || day > days_in_month(year, month) {
            return None;
        }
        // Days from civil, Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013).
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let day_of_year = (153 * ((month as i32 + 9) % 12) + 2) / 5 + day as i32 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Day(era * 146_097 + day_of_era - 719_468))
    }

    /// Year, month (1..=12) and day of the month (1..=31).
    pub fn ymd(self) -> (i32, u32, u32) {
        let z = self.0 + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
        let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
        (yoe + era * 400 + i32::from(month <= 2), month, day)
    }

    /// Reads `YYYY-MM-DD`, exactly ten ASCII bytes.
    pub fn parse(text: &str) -> Option<Day> {
        let b: &[u8; 10] = text.as_bytes().try_into().ok()?;
        if b[4] != b'-' || b[7] != b'-' {
            return None;
        }
        let digits = |range: std::ops::Range<usize>| {
            b[range].iter().try_fold(0u32, |n, c| c.is_ascii_digit().then(|| n * 10 + u32::from(c - b'0')))
        };
        Day::from_ymd(digits(0..4)? as i32, digits(5..7)?, digits(8..10)?)
    }

    /// The Monday-free week number used for blocks: `day.0` divided by 7, rounded down.
    pub fn week(self) -> i32 {
        self.0.div_euclid(7)
    }
}

/// Days of a month, leap years included.
pub fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.ymd();
        write!(f, "{y:04}-{m:02}-{d:02}")
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Add<i32> for Day {
    type Output = Day;
    fn add(self, days: i32) -> Day {
        Day(self.0 + days)
    }
}

impl Sub<i32> for Day {
    type Output = Day;
    fn sub(self, days: i32) -> Day {
        Day(self.0 - days)
    }
}

impl Sub for Day {
    type Output = i32;
    fn sub(self, other: Day) -> i32 {
        self.0 - other.0
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let text = String::deserialize(deserializer)?;
        Day::parse(&text).ok_or_else(|| serde::de::Error::custom(format_args!("not a date YYYY-MM-DD: {text:?}")))
    }
}

/// The calendar date on which something happened, as its source wrote it (no time-zone conversion).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventDay(pub Day);

/// The UTC day on which a source reported something: it depends on the record alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownDay(pub Day);

/// The span of days that one figure covers: one day, or the month, quarter or year of a published table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// First day of the period.
    pub first: EventDay,
    /// Length in days, 1..=366.
    pub days: u16,
}

impl Period {
    /// Last day of the period: where its whole figure lies, for a period is never split.
    pub fn last(self) -> Day {
        self.first.0 + i32::from(self.days) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_day_survives_its_text(n in -25_567..84_006i32) {
            let day = Day(n);
            prop_assert_eq!(Day::parse(&day.to_string()), Some(day));
        }
    }

    #[test]
    fn refuses_what_is_not_a_date() {
        for text in [
            "2020-13-01",
            "2020-00-10",
            "2020-04-31",
            "1899-12-31",
            "2200-01-01",
            "2020-1-01",
            "20200101",
            "２020-01-1",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(Day::parse("1970-01-01"), Some(Day(0)));
        assert_eq!(Day::parse("2000-02-29"), Some(Day(11_016)));
    }
}
