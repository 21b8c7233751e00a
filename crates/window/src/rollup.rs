//! Roll-ups: volumes of routes that begin and end alike, or end in one market.

use headwater_model::{Country, Ends, RollUp, Route, VolumeRow};

use crate::wide::Wide;
use crate::{Volumes, WindowError};

impl<'n> Volumes<'n> {
    /// Rolled up to origin and destination, sorted by day, period, substance, ends, source and kind.
    ///
    /// # Errors
    /// [`WindowError::Overflow`] where a sum leaves 64 bits.
    pub fn by_ends(&self) -> Result<Vec<RollUp<'n, Ends>>, WindowError> {
        self.roll_up(|route| (route.origin(), route.destination()))
    }

    /// Rolled up to the destination market, sorted alike.
    ///
    /// # Errors
    /// [`WindowError::Overflow`] where a sum leaves 64 bits.
    pub fn by_market(&self) -> Result<Vec<RollUp<'n, Country>>, WindowError> {
        self.roll_up(Route::destination)
    }

    fn roll_up<E: Ord + Copy>(&self, ends: impl Fn(&Route) -> E) -> Result<Vec<RollUp<'n, E>>, WindowError> {
        let key = |row: &VolumeRow<'n>| {
            (row.day, row.period_days, row.substance, ends(row.route), row.source, row.evidence.as_str())
        };
        let mut rows: Vec<(usize, VolumeRow<'n>)> = self.rows().enumerate().collect();
        rows.sort_unstable_by(|(_, a), (_, b)| key(a).cmp(&key(b)));
        let mut rolled = Vec::new();
        for same in rows.chunk_by(|(_, a), (_, b)| key(a) == key(b)) {
            let (number, first) = &same[0];
            let mut sums = Wide::default();
            same.iter().for_each(|(_, row)| sums += row.sums);
            let sums = sums.narrow().ok_or_else(|| self.overflow(*number))?;
            if !sums.is_zero() {
                rolled.push(RollUp {
                    day: first.day,
                    period_days: first.period_days,
                    substance: first.substance,
                    ends: ends(first.route),
                    source: first.source,
                    evidence: first.evidence,
                    sums,
                });
            }
        }
        Ok(rolled)
    }
}
