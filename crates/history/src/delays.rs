//! How late a source reports: what of a span has most likely arrived, and up to which day its figures are complete.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use arrow_array::types::{Date32Type, Int8Type, UInt16Type, UInt32Type};
use foldhash::quality::FixedState;
use headwater_model::{Clearance, Day, KnownDay};

use crate::columns::{BadColumn, Numbers, Words};
use crate::net::Amounts;
use crate::scan::{Files, Piece, Rows, Scan};
use crate::{Bounds, Filter, History, HistoryError, Seen};

/// Known days over which a source's delay is measured: a year of whole weeks, as for `complete_to`.
pub const MEASURED_DAYS: i32 = 364;

const HASHER: FixedState = FixedState::with_seed(0x6465_6c61);

/// Net events of a source by (known day, day of the figure).
pub type Reports = BTreeMap<(Day, Day), i64>;

/// The reporting delays of a source over the 364 known days that end with its last report.
///
/// The delay of an event is its known day less the last day of its period, at least 0. Events are summed by both days
/// first, so that a correction of an amount weighs nothing; sums below zero (withdrawals) count as none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delays {
    /// Its last known day.
    last: Day,
    /// Events by delay in days.
    delays: BTreeMap<i32, i64>,
    events: i64,
}

impl Delays {
    /// Of a source's reports; none without any.
    pub fn of(reports: &Reports) -> Option<Delays> {
        let (&(last, _), _) = reports.last_key_value()?;
        let mut delays: BTreeMap<i32, i64> = BTreeMap::new();
        for (&(known, figure), &events) in reports {
            if known > last - MEASURED_DAYS && events > 0 {
                *delays.entry((known - figure).max(0)).or_default() += events;
            }
        }
        let events = delays.values().sum();
        Some(Delays { last, delays, events })
    }

    /// The last day on which something was known.
    pub fn last(&self) -> Day {
        self.last
    }

    /// Whether no report was measured: the source only took back.
    pub fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// The share of the reports that took no longer than so many days; none where no report was measured.
    pub fn within(&self, days: i32) -> Option<f64> {
        let within: i64 = self.delays.range(..=days).map(|(_, events)| events).sum();
        (!self.is_empty()).then(|| within as f64 / self.events as f64)
    }

    /// The smallest delay that at least so many percent of the events do not exceed; 0 where nothing was measured.
    pub fn percentile(&self, percent: i64) -> i32 {
        let mut within = 0;
        let found = self.delays.iter().find(|&(_, events)| {
            within += events;
            within * 100 >= self.events * percent
        });
        found.map_or(0, |(&days, _)| days)
    }

    /// The day up to which the figures are complete: the last known day less the 90th percentile of the delay.
    pub fn complete_to(&self) -> Day {
        self.last - self.percentile(90)
    }

    /// The share of what happened in a span of days that has most likely arrived by the last report: the mean over its
    /// days of the share of delays that are no longer than the time since.
    pub fn arrived(&self, from: Day, to: Day) -> f64 {
        let of_day = |day: i32| -> i64 { self.delays.range(..=self.last.0 - day).map(|(_, events)| events).sum() };
        if self.is_empty() {
            return if to <= self.last { 1.0 } else { 0.0 };
        }
        let longest = self.delays.last_key_value().map_or(0, |(&days, _)| days);
        // All days before this one have arrived whole.
        let open = (self.last.0 - longest).clamp(from.0, to.0 + 1);
        let arrived: i64 = (open..=to.0.min(self.last.0)).map(of_day).sum();
        let days = f64::from(to - from + 1);
        (f64::from(open - from.0) + arrived as f64 / self.events as f64) / days
    }
}

impl History {
    /// The reports of every source that a reader may see, up to a day.
    pub(crate) fn reports(
        &self,
        reader: &Clearance,
        bounds: &Bounds,
        files: &Files,
        as_of: Option<KnownDay>,
        sources: &[String],
    ) -> Result<(BTreeMap<String, Reports>, Seen), HistoryError> {
        let filter = Filter { sources: sources.to_vec(), ..Filter::default() };
        let scan = Scan { reader, bounds, filter: &filter, as_of, since: None, rows: Rows::Items };
        let mut all: BTreeMap<String, Counted> = BTreeMap::new();
        let columns = [
            "sign",
            "source",
            "marking",
            "known_on",
            "event_day",
            "period_days",
            "revision",
            "item",
            "mass_mg",
            "pieces",
            "incidents",
        ];
        let seen = scan.run(self, files, &columns, &mut |mut piece: Piece<'_>| {
            add(&mut all, &piece).and_then(|()| piece.note()).map_err(|bad| files.damaged(&piece, bad))?;
            if all.values().map(BTreeMap::len).sum::<usize>() > bounds.rows_max {
                return Err(HistoryError::TooManyRows { field: "sources", limit: bounds.rows_max });
            }
            Ok(())
        })?;
        let told = |(source, counted): (String, Counted)| {
            let reports = counted.into_iter().filter(|(_, count)| *count != Count::default());
            let reports: Reports = reports.map(|(days, count)| (days, count.events)).collect();
            (!reports.is_empty()).then_some((source, reports))
        };
        Ok((all.into_iter().filter_map(told).collect(), seen))
    }
}

/// What was said on a known day of a day.
type Counted = BTreeMap<(Day, Day), Count>;

/// Net events, and a sum of numbers by which what was said and taken back on one day is told from what never was: an
/// event's records may arrive so that a superseded one writes its rows and undoes them on the same day, or so that it
/// writes none. A correction leaves a sum, so that its day counts as one on which the source reported.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    events: i64,
    print: u64,
}

fn add(all: &mut BTreeMap<String, Counted>, piece: &Piece<'_>) -> Result<(), BadColumn> {
    let batch = piece.batch;
    let (source, sign) = (Words::of(batch, "source")?, Numbers::<Int8Type>::of(batch, "sign")?);
    let known_on = Numbers::<Date32Type>::of(batch, "known_on")?;
    let event_day = Numbers::<Date32Type>::of(batch, "event_day")?;
    let period_days = Numbers::<UInt16Type>::of(batch, "period_days")?;
    let (revision, item) = (Numbers::<UInt32Type>::of(batch, "revision")?, Numbers::<UInt16Type>::of(batch, "item")?);
    let amounts = Amounts::of(batch)?;
    let mut of_words: Vec<Counted> = source.words().map(|_| Counted::new()).collect();
    for row in 0..batch.num_rows() {
        let (Some(word), Some(known), Some(day)) = (source.key(row), known_on.get(row), event_day.get(row)) else {
            continue;
        };
        let figure = Day(day + i32::from(period_days.get(row).unwrap_or(1)) - 1);
        let sign = i64::from(sign.get(row).unwrap_or(0));
        let print = HASHER.hash_one((revision.get(row), item.get(row), day, amounts.get(row)));
        let count = of_words[word].entry((Day(known), figure)).or_default();
        count.events += sign;
        count.print = count.print.wrapping_add(print.wrapping_mul(sign.cast_unsigned()));
    }
    for (word, reports) in source.words().zip(of_words).filter(|(_, reports)| !reports.is_empty()) {
        let held = all.entry(word.to_owned()).or_default();
        for (days, more) in reports {
            let count = held.entry(days).or_default();
            count.events += more.events;
            count.print = count.print.wrapping_add(more.print);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reports(list: &[(i32, i32, i64)]) -> Reports {
        list.iter().map(|&(known, delay, events)| ((Day(known), Day(known - delay)), events)).collect()
    }

    #[test]
    fn nine_of_ten_arrive_within_the_ninetieth_percentile() {
        let delays = Delays::of(&reports(&[(100, 1, 5), (110, 3, 4), (111, 40, 1), (90, 2, -3)])).unwrap();
        assert_eq!((delays.percentile(50), delays.percentile(90), delays.complete_to()), (1, 3, Day(108)));
        assert_eq!(delays.arrived(Day(108), Day(108)), 0.9);
        assert_eq!(delays.arrived(Day(111), Day(111)), 0.0);
        assert_eq!(delays.arrived(Day(0), Day(71)), 1.0);
        // 109: 0.5 by two days; 110: 0.5 by one; 111 none; 112 is to come.
        assert_eq!(delays.arrived(Day(109), Day(112)), 0.25);
        assert_eq!(Delays::of(&Reports::new()), None);
    }

    proptest! {
        #[test]
        fn what_has_arrived_falls_with_time_and_is_a_share(
            list in proptest::collection::vec((0..500i32, -5..90i32, 1..9i64), 1..40), day in -50..600i32, days in 1..40i32
        ) {
            let delays = Delays::of(&reports(&list)).unwrap();
            let (now, later) = (delays.arrived(Day(day), Day(day + days)), delays.arrived(Day(day + 1), Day(day + days + 1)));
            prop_assert!((0.0..=1.0).contains(&now) && later <= now + 1e-9);
            prop_assert!(delays.arrived(delays.complete_to(), delays.complete_to()) >= 0.9);
        }
    }
}
