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
}
