//! Seconds since 1970 and how sources write them.

use headwater_model::Day;

/// Seconds of a day.
pub(crate) const DAY_S: i64 = 86_400;

/// Midnight UTC at the beginning of a day, in seconds since 1970.
pub(crate) fn midnight(day: Day) -> i64 {
    i64::from(day.0) * DAY_S
}

/// The UTC day of a second.
pub(crate) fn day_of(seconds: i64) -> Day {
    Day(seconds.div_euclid(DAY_S) as i32)
}

/// RFC 3339 with the offset of a source in whole hours (0 = `Z`).
pub(crate) fn rfc3339(seconds: i64, offset_hours: i32) -> String {
    let local = seconds + i64::from(offset_hours) * 3_600;
    let (day, second) = (day_of(local), local.rem_euclid(DAY_S));
    let (h, m, s) = (second / 3_600, second / 60 % 60, second % 60);
    if offset_hours == 0 {
        format!("{day}T{h:02}:{m:02}:{s:02}Z")
    } else {
        format!("{day}T{h:02}:{m:02}:{s:02}{offset_hours:+03}:00")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_changes_the_text_and_not_the_instant() {
        let at = midnight(Day::parse("2024-03-01").unwrap()) - 1;
        assert_eq!(rfc3339(at, 0), "2024-02-29T23:59:59Z");
        assert_eq!(rfc3339(at, 8), "2024-03-01T07:59:59+08:00");
        assert_eq!(rfc3339(at, -5), "2024-02-29T18:59:59-05:00");
        assert_eq!(day_of(at).to_string(), "2024-02-29");
    }
}
