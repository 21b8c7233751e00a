//! Spans of days that figures are added up over.

use headwater_model::{Day, days_in_month};

/// How long the spans are. A figure lies in the span of its day, a period's on its last day: it is never split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Granularity {
    /// A day.
    Day,
    /// Seven days, those of detection's blocks: they begin on Thursdays, as 1970 did.
    #[default]
    Week,
    /// A calendar month.
    Month,
    /// Three months from January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
}

impl Granularity {
    /// First and last day of the span in which a day lies.
    ///
    /// ```
    /// use headwater_history::Granularity;
    /// use headwater_model::Day;
    /// let (from, to) = Granularity::Quarter.span(Day::parse("2024-02-29").unwrap());
    /// assert_eq!((from.to_string(), to.to_string()), ("2024-01-01".into(), "2024-03-31".into()));
    /// ```
    pub fn span(self, day: Day) -> (Day, Day) {
        let (year, month, of_month) = day.ymd();
        let months = match self {
            Granularity::Day => return (day, day),
            Granularity::Week => {
                let first = Day(day.week() * 7);
                return (first, first + 6);
            }
            Granularity::Month => month..=month,
            Granularity::Quarter => {
                let first = (month - 1) / 3 * 3 + 1;
                first..=first + 2
            }
            Granularity::Year => 1..=12,
        };
        let days = |months: std::ops::Range<u32>| months.map(|m| days_in_month(year, m) as i32).sum::<i32>();
        let first_of_month = day - (of_month as i32 - 1);
        (first_of_month - days(*months.start()..month), first_of_month + days(month..*months.end() + 1) - 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn spans_cover_every_day_once(n in -25_567..84_006i32) {
            let day = Day(n);
            for granularity in
                [Granularity::Day, Granularity::Week, Granularity::Month, Granularity::Quarter, Granularity::Year]
            {
                let (from, to) = granularity.span(day);
                prop_assert!(from <= day && day <= to);
                prop_assert_eq!((granularity.span(from), granularity.span(to)), ((from, to), (from, to)));
                prop_assert_eq!(granularity.span(to + 1).0, to + 1);
            }
        }
    }

    #[test]
    fn spans_are_those_of_the_calendar() {
        let span = |granularity: Granularity, text: &str| {
            let (from, to) = granularity.span(Day::parse(text).unwrap());
            format!("{from} {to}")
        };
        assert_eq!(span(Granularity::Week, "1970-01-07"), "1970-01-01 1970-01-07");
        assert_eq!(span(Granularity::Month, "2023-02-14"), "2023-02-01 2023-02-28");
        assert_eq!(span(Granularity::Quarter, "2023-12-31"), "2023-10-01 2023-12-31");
        assert_eq!(span(Granularity::Year, "2024-07-01"), "2024-01-01 2024-12-31");
    }
}
