//! Editions of the Harmonized System near an onset: what is declared by code may move to another code with them.

use headwater_catalog::Catalog;
use headwater_catalog::hs::EDITIONS;
use headwater_model::{Day, Onset};

/// Days before an onset's interval and after it, as for control dates.
const NEAR_DAYS: i32 = 60;
/// Days within which countries bring an edition in: on its day, or later in its first year. (Some take longer, and each
/// changes the last digits of its own list when it likes; the catalog knows of neither.)
const ADOPTED_WITHIN_DAYS: i32 = 364;

/// The editions that may have been brought in around an onset, by their years.
pub(crate) fn near(onset: &Onset) -> Vec<i32> {
    let first_day = |year: i32| Day::parse(&format!("{year}-01-01"));
    let is_near = |year: &i32| {
        first_day(*year).is_some_and(|day| {
            day <= onset.latest + NEAR_DAYS && day + ADOPTED_WITHIN_DAYS >= onset.earliest - NEAR_DAYS
        })
    };
    EDITIONS.into_iter().filter(is_near).collect()
}

/// The codes of some substances, in order.
pub(crate) fn codes(substances: &[&str], catalog: &Catalog) -> Vec<String> {
    let known = substances.iter().filter_map(|id| catalog.get(id));
    let mut codes: Vec<String> = known.flat_map(|substance| &substance.hs).map(ToString::to_string).collect();
    codes.sort();
    codes.dedup();
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_is_near_in_its_first_year_and_a_little_around_it() {
        let near = |earliest: &str, latest: &str| {
            let [earliest, latest] = [earliest, latest].map(|day| Day::parse(day).unwrap());
            near(&Onset { date: earliest, earliest, latest, level: 0.9 })
        };
        assert_eq!(near("2021-10-01", "2021-11-02"), [2022]);
        assert_eq!(near("2022-06-01", "2022-07-01"), [2022]);
        assert_eq!(near("2023-03-01", "2023-05-01"), [2022]);
        assert_eq!(near("2016-12-01", "2022-01-01"), [2017, 2022]);
        assert!(near("2021-06-01", "2021-11-01").is_empty() && near("2023-03-02", "2026-01-01").is_empty());
    }
}
