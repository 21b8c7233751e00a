//! A point in time.

use std::fmt;

use headwater_model::Day;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// A point in time: milliseconds since 1970-01-01 00:00 UTC. Written in RFC 3339, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// So many milliseconds later; at the end of what can be counted it stays there.
    pub fn after(self, ms: i64) -> Moment {
        Moment(self.0.saturating_add(ms))
    }

    /// Reads a time in UTC as RFC 3339 writes it with `Z`: `2026-11-27T11:36:14Z`, with a fraction of up to nine digits,
    /// of which the milliseconds count.
    pub fn parse(text: &str) -> Option<Moment> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if clock.len() != 8 || !digits(fraction) || !(1..=9).contains(&fraction.len()) {
            return None;
        }
        let mut parts = clock.split(':').filter(|part| part.len() == 2 && digits(part));
        let mut next = |most: i64| parts.next()?.parse::<i64>().ok().filter(|number| *number <= most);
        let (hours, minutes, seconds) = (next(23)?, next(59)?, next(59)?);
        let ms: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let day = Day::parse(date)?;
        Some(Moment(i64::from(day.0) * DAY_MS + hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + ms))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(days) = i32::try_from(self.0.div_euclid(DAY_MS)) else { return write!(f, "{} ms", self.0) };
        let ms = self.0.rem_euclid(DAY_MS);
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        write!(f, "{}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", Day(days), ms % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_in_rfc_3339() {
        assert_eq!(Moment(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Moment(1_795_779_374_005).to_string(), "2026-11-27T11:36:14.005Z");
        assert_eq!(Moment(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        for ms in [0, -1, 1_795_779_374_005, 951_782_400_000] {
            assert_eq!(Moment::parse(&Moment(ms).to_string()), Some(Moment(ms)));
        }
        assert_eq!(Moment::parse("2026-11-27T11:36:14Z"), Some(Moment(1_795_779_374_000)));
        assert_eq!(Moment::parse("1970-01-01T00:00:00.0054321Z"), Some(Moment(5)));
        for wrong in [
            "",
            "2026-11-27",
            "2026-11-27T11:36Z",
            "2026-11-27T11:36:14",
            "2026-11-27T24:00:00Z",
            "2026-11-27T11:36:60Z",
            "2026-02-30T11:36:14Z",
            "2026-11-27T11:36:14.Z",
            "2026-11-27T+1:36:14Z",
        ] {
            assert_eq!(Moment::parse(wrong), None, "{wrong}");
        }
    }
}
