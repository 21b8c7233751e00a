//! In which order a desk looks at the alerts of a week, and how many of them it can work through.

use std::collections::BTreeMap;

use crate::{Alert, Day};

/// Days of which raised alerts are ranked against each other.
pub const RANK_DAYS: i32 = 7;

/// Alerts that a desk can work through in [`RANK_DAYS`] days.
///
/// Every alert falls to one budget, the most specific: that of its market, where the market has one; else that of its
/// family, where that has one; else the common one. A market comes before a family because whoever is given a market
/// works through all that is raised of it, of whatever family. A budget of its own is capacity of its own: what falls to
/// it takes no room in another, and may be more than the common one.
///
/// Nothing is dropped. Of the alerts that fall to a budget the first by score are within it, as many as it says; the
/// rest is over it, and ranked behind everything that is within its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Of all that falls to no other.
    pub common: u32,
    /// By id of the family.
    pub families: BTreeMap<Box<str>, u32>,
    /// By the word of the market: ISO alpha-2, or `world`.
    pub markets: BTreeMap<Box<str>, u32>,
}

/// What ranks an alert: as it was first raised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raised<'a> {
    /// The alert.
    pub alert_id: &'a str,
    /// On which day.
    pub day: Day,
    /// Its score.
    pub score: f64,
    /// Its family.
    pub family: &'a str,
    /// Its market.
    pub market: &'a str,
}

/// Where an alert stands in the week that ended when it was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The alert.
    pub alert_id: &'a str,
    /// 1 = first.
    pub rank: u32,
    /// Whether its budget has room for it.
    pub within_budget: bool,
}

/// The budget that an alert falls to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Falls<'a> {
    /// The common one.
    Common,
    /// That of a family.
    Family(&'a str),
    /// That of a market.
    Market(&'a str),
}

impl<'a> Raised<'a> {
    /// An alert that is raised.
    pub fn of(alert: &'a Alert) -> Raised<'a> {
        let Alert { alert_id, detected_at, priority, family, market, .. } = alert;
        Raised { alert_id, day: *detected_at, score: priority.score, family, market }
    }
}

impl Budgets {
    /// One budget for all alerts.
    pub fn common(alerts: u32) -> Budgets {
        Budgets { common: alerts, families: BTreeMap::new(), markets: BTreeMap::new() }
    }

    /// The alerts of the week that ends with a day, in the order of their ranks: what is within its budget before what is
    /// over it, then by score, the higher first, then by id. Of other weeks' alerts nothing is said.
    pub fn rank<'a>(&self, day: Day, raised: impl IntoIterator<Item = Raised<'a>>) -> Vec<Standing<'a>> {
        let week = |raised: &Raised<'_>| (0..RANK_DAYS).contains(&(day - raised.day));
        let mut raised: Vec<Raised<'_>> = raised.into_iter().filter(week).collect();
        raised.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.alert_id.cmp(b.alert_id)));
        let mut left: BTreeMap<Falls<'_>, u32> = BTreeMap::new();
        let (within, over): (Vec<_>, Vec<_>) = raised.iter().partition(|raised| {
            let (falls, budget) = self.of(raised);
            let left = left.entry(falls).or_insert(budget);
            let room = *left > 0;
            *left = left.saturating_sub(1);
            room
        });
        let within = within.into_iter().map(|raised| (raised, true));
        let all = within.chain(over.into_iter().map(|raised| (raised, false)));
        let standing = |(rank, (raised, within_budget)): (u32, (&Raised<'a>, bool))| Standing {
            alert_id: raised.alert_id,
            rank,
            within_budget,
        };
        (1..).zip(all).map(standing).collect()
    }

    /// The budget that an alert falls to, and for how many alerts of a week it has room.
    pub fn of<'a>(&self, raised: &Raised<'a>) -> (Falls<'a>, u32) {
        let market = self.markets.get(raised.market).map(|budget| (Falls::Market(raised.market), *budget));
        let family = || self.families.get(raised.family).map(|budget| (Falls::Family(raised.family), *budget));
        market.or_else(family).unwrap_or((Falls::Common, self.common))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised<'a>(alert_id: &'a str, day: i32, score: f64, cell: &'a str) -> Raised<'a> {
        let (family, market) = cell.split_once('/').unwrap();
        Raised { alert_id, day: Day(day), score, family, market }
    }

    /// `id rank`, with a star where it is over its budget.
    fn said(budgets: &Budgets, day: i32, raised: &[Raised<'_>]) -> String {
        let standing = budgets.rank(Day(day), raised.iter().copied());
        let words = standing.iter().map(|s| format!("{}{}", s.alert_id, if s.within_budget { "" } else { "*" }));
        assert!(standing.iter().zip(1..).all(|(s, rank)| s.rank == rank));
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn one_budget_is_a_line_through_the_scores_of_a_week() {
        let week = [
            raised("old", 3, 99.0, "f/US"),
            raised("d", 4, 1.0, "f/US"),
            raised("b", 10, 5.0, "g/NL"),
            raised("a", 7, 5.0, "f/US"),
            raised("c", 10, 7.0, "f/DE"),
            raised("next", 11, 99.0, "f/US"),
        ];
        assert_eq!(said(&Budgets::common(2), 10, &week), "c a b* d*");
        assert_eq!(said(&Budgets::common(10), 10, &week), "c a b d");
    }

    #[test]
    fn the_most_specific_budget_holds_and_what_is_over_it_comes_last() {
        let week = [
            raised("us1", 1, 9.0, "opioids/US"),
            raised("us2", 1, 8.0, "stimulants/US"),
            raised("nl1", 1, 7.0, "opioids/NL"),
            raised("nl2", 1, 6.0, "opioids/NL"),
            raised("de1", 1, 5.0, "stimulants/DE"),
            raised("de2", 1, 4.0, "stimulants/DE"),
            raised("w", 1, 3.0, "opioids/world"),
        ];
        let mut budgets = Budgets::common(1);
        assert_eq!(said(&budgets, 1, &week), "us1 us2* nl1* nl2* de1* de2* w*");
        // A family's own is its own room, beyond the common one; the rest still shares that.
        budgets.families.insert("opioids".into(), 3);
        assert_eq!(said(&budgets, 1, &week), "us1 us2 nl1 nl2 de1* de2* w*");
        // A market's comes before its families', and takes nothing of theirs.
        budgets.markets.insert("US".into(), 1);
        assert_eq!(said(&budgets, 1, &week), "us1 nl1 nl2 de1 w us2* de2*");
        budgets.markets.insert("world".into(), 1);
        budgets.families.insert("opioids".into(), 1);
        assert_eq!(said(&budgets, 1, &week), "us1 nl1 de1 w us2* nl2* de2*");
    }
}
