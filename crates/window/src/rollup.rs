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

#[cfg(test)]
mod tests {
    use headwater_model::Families;

    use super::*;
    use crate::VolumeOptions;
    use crate::fixture::{Line, Said, after, mass};

    #[test]
    fn routes_with_the_same_ends_add_up_and_markets_over_all_origins() {
        let said = |event: &str, route, mass_mg| Said::new(event, 0, 9, &[Line { route, ..mass(5, mass_mg) }]);
        let mut window = after(&[
            said("1", "CN>US", 1),
            said("2", "CN>MX>US", 10),
            said("3", "IN>US", 100),
            said("4", "CN>MX", 1_000),
            Said { source: "A", ..said("5", "CN>US", 5) },
            Said::new("6", 0, 9, &[Line { period_days: 2, ..mass(4, 7) }]),
        ]);
        let index = window.panes.sorted(&window.names);
        let volumes = Volumes::of(&index, &window.names, VolumeOptions::default(), |_| Families::default()).unwrap();
        let ends: Vec<String> = volumes
            .by_ends()
            .unwrap()
            .iter()
            .map(|r| format!("{} {}>{} {} {}", r.period_days, r.ends.0, r.ends.1, r.source, r.sums.mass_mg))
            .collect();
        assert_eq!(ends, ["1 CN>MX S 1000", "1 CN>US A 5", "1 CN>US S 11", "1 IN>US S 100", "2 CN>US S 7"]);
        let markets: Vec<String> = volumes
            .by_market()
            .unwrap()
            .iter()
            .map(|r| format!("{} {} {} {}", r.period_days, r.ends, r.source, r.sums.mass_mg))
            .collect();
        assert_eq!(markets, ["1 MX S 1000", "1 US A 5", "1 US S 111", "2 US S 7"]);

        let opposite = said("7", "MX>US", i64::MAX);
        crate::fixture::feed(&mut window, &[opposite]);
        let index = window.panes.sorted(&window.names);
        let volumes = Volumes::of(&index, &window.names, VolumeOptions::default(), |_| Families::default()).unwrap();
        assert!(volumes.by_ends().is_ok());
        let error = volumes.by_market().unwrap_err().to_string();
        assert!(error.ends_with("on 1970-01-06 leaves 64 bits"), "{error}");
    }

    #[test]
    fn what_cancels_is_left_out() {
        let withdrawn = [Said::new("1", 0, 9, &[mass(5, 1)]), Said::withdrawn("1", 0, 10)];
        let window = after(&withdrawn);
        let index = window.panes.sorted(&window.names);
        let mut options = VolumeOptions::default();
        options.by.known_on = true;
        let volumes = Volumes::of(&index, &window.names, options, |_| Families::default()).unwrap();
        assert_eq!(volumes.len(), 2);
        assert_eq!(volumes.by_market().unwrap(), []);
    }
}
