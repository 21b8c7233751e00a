//! The statistic of one cell over bare counts: what the product runs inside each of its cells, without names, panes or
//! alerts around it. For benches, and for whoever wants to hold it against another method.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::Day;

use crate::block::BlockKey;
use crate::config::StatisticConfig;
use crate::labels::Label;
use crate::onset::onset;
use crate::record::Record;
use crate::statistic::{Shape, run_pair};
use crate::sweep::Sweep;
use crate::tally::{Block, Tally};

/// The counts of one cell and their statistic.
///
/// Memory: one count for each label of each week and stratum that has any, and a year of kept sums.
pub struct Mix {
    config: StatisticConfig,
    trade: Vec<bool>,
    controls: Vec<Vec<Day>>,
    counts: BTreeMap<(BlockKey, u16), Box<[i64]>>,
    totals: Vec<i64>,
    tally: Tally,
    /// Of the tally.
    shape: Shape,
    sweep: Sweep,
    changed: BTreeSet<i32>,
}

/// What the statistic says on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixValue {
    /// Natural logarithm of the cell's sum.
    pub log: f64,
    /// Natural logarithm of the leading pair's part of it, at most 0.
    pub lead: f64,
    /// The label of the leading pair that falls.
    pub falling: usize,
    /// The label that rises.
    pub rising: usize,
}

/// What stands of a leading pair when something is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corroboration {
    /// Strata that carry a share of the pair's incidents that counts.
    pub reporters: usize,
    /// Least nats that the others add to what one of them says alone.
    pub added: f64,
    /// Nats by which the pair exceeds the prior weight spent on it, without its strongest block.
    pub beyond_one_block: f64,
}

impl Mix {
    /// A cell of so many labels and strata (true: of trade), with the control dates of each label.
    pub fn new(labels: usize, trade: &[bool], controls: Vec<Vec<Day>>, config: StatisticConfig) -> Mix {
        Mix {
            config,
            trade: trade.to_vec(),
            controls,
            counts: BTreeMap::new(),
            totals: vec![0; labels],
            tally: Tally::default(),
            shape: Shape::default(),
            sweep: Sweep::default(),
            changed: BTreeSet::new(),
        }
    }

    /// Counts incidents of a day, or takes them back.
    pub fn count(&mut self, day: Day, stratum: usize, label: usize, incidents: i64) {
        let (key, labels) = (BlockKey::of_week(day.week()), self.totals.len());
        let counts = self.counts.entry((key, stratum as u16)).or_insert_with(|| vec![0; labels].into());
        counts[label] += incidents;
        self.totals[label] += incidents;
        self.changed.insert(key.week);
    }

    /// The statistic at the end of a day, if anything can be tested yet.
    pub fn close(&mut self, day: Day) -> Option<MixValue> {
        let changed = std::mem::take(&mut self.changed);
        let whole = !self.active().eq(self.tally.active.iter().copied());
        if whole {
            let strata = self.trade.iter().enumerate().map(|(s, trade)| (s as u32, *trade)).collect();
            self.tally = Tally { active: self.active().collect(), strata, weeks: BTreeMap::new() };
            self.shape.controls = self.active().map(|k| self.controls[k as usize].clone()).collect();
            self.count_again(i32::MIN, i32::MAX);
        } else {
            for week in &changed {
                self.count_again(*week, *week);
            }
        }
        let changed = (!whole).then_some(&changed);
        let level = self.sweep.level(&self.tally, &self.shape, changed, &self.config, day.week())?;
        let (lead, a, b) = self.sweep.leader()?;
        let label = |local: usize| self.tally.active[local] as usize;
        Some(MixValue { log: level.log, lead: lead - level.log, falling: label(a), rising: label(b) })
    }

    /// What stands of the pair that led on the day just closed: the statistic run again from the start. A stratum with
    /// less than `share_min` of the pair's incidents ([`crate::Config::reporter_share_min`]) does not count.
    pub fn corroboration(&self, day: Day, value: &MixValue, share_min: f64) -> Corroboration {
        const NONE: f64 = f64::NEG_INFINITY;
        let nothing = Corroboration { reporters: 0, added: NONE, beyond_one_block: NONE };
        let pair = self.tally.local(value.falling as Label).zip(self.tally.local(value.rising as Label));
        let (Some(pair), mut record) = (pair, Record::default()) else { return nothing };
        let state = run_pair(&self.tally, &self.shape, &self.config, day.week(), pair, Some(&mut record));
        let (Some(state), Some(onset)) = (state, onset(&record, &self.config)) else { return nothing };
        let carriers = self.carriers(value, share_min);
        let added = carriers.iter().map(|carrier| record.added_to(|stratum| stratum == *carrier));
        let spent = state.spent_log(self.tally.active.len(), pair.0, pair.1);
        let beyond = record.pair_log_without_strongest_block(onset.earliest.week()).map(|log| log - spent);
        Corroboration {
            reporters: carriers.len(),
            added: added.fold(f64::INFINITY, f64::min),
            beyond_one_block: beyond.unwrap_or(f64::NEG_INFINITY),
        }
    }

    fn carriers(&self, value: &MixValue, share_min: f64) -> Vec<u16> {
        let mut incidents = vec![0.0; self.trade.len()];
        for ((_, stratum), counts) in &self.counts {
            incidents[usize::from(*stratum)] += (counts[value.falling].max(0) + counts[value.rising].max(0)) as f64;
        }
        let least = share_min * incidents.iter().sum::<f64>();
        let carries = |stratum: &u16| incidents[usize::from(*stratum)] >= least;
        (0..incidents.len() as u16)
            .filter(|stratum| incidents[usize::from(*stratum)] > 0.0 && carries(stratum))
            .collect()
    }

    fn active(&self) -> impl Iterator<Item = Label> {
        (0..self.totals.len() as Label).filter(|k| self.totals[*k as usize] > 0)
    }

    /// Counts the blocks of some weeks again, both included.
    fn count_again(&mut self, from: i32, to: i32) {
        let Tally { active, weeks, .. } = &mut self.tally;
        // Blocks that were there are counted in the room that they have.
        let mut spare = if from == to { weeks.remove(&from).unwrap_or_default() } else { Vec::new() };
        let mut week = (from, Vec::with_capacity(spare.len()));
        let counted = self.counts.range((BlockKey::least(from), 0)..).take_while(|((key, _), _)| key.week <= to);
        for ((key, stratum), counts) in counted.filter(|(_, counts)| active.iter().any(|k| counts[*k as usize] > 0)) {
            let mut block = spare.pop().unwrap_or_else(|| Block {
                key: *key,
                stratum: *stratum,
                counts: vec![0.0; active.len()].into(),
            });
            (block.key, block.stratum) = (*key, *stratum);
            block.counts.iter_mut().zip(active.iter()).for_each(|(n, k)| *n = counts[*k as usize].max(0) as f64);
            if key.week != week.0 {
                weeks.extend((!week.1.is_empty()).then(|| std::mem::replace(&mut week, (key.week, Vec::new()))));
                week.0 = key.week;
            }
            week.1.push(block);
        }
        weeks.extend((!week.1.is_empty()).then_some(week));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ten incidents a week from each of two strata; two in ten rising before, eight in ten after.
    fn shifted(mix: &mut Mix, weeks: std::ops::Range<i32>, onset: i32, strata: &[usize]) {
        for week in weeks {
            for stratum in 0..2 {
                let rising = if week >= onset && strata.contains(&stratum) { 8 } else { 2 };
                mix.count(Day(week * 7 + 3), stratum, 0, 10 - rising);
                mix.count(Day(week * 7 + 3), stratum, 1, rising);
            }
        }
    }

    fn mix() -> Mix {
        Mix::new(2, &[true, false], vec![vec![], vec![]], StatisticConfig::default())
    }

    #[test]
    fn a_shift_that_all_see_is_corroborated_and_one_reporters_is_not() {
        let mut all = mix();
        shifted(&mut all, 0..170, 150, &[0, 1]);
        let value = all.close(Day(170 * 7 - 1)).unwrap();
        assert!(value.log > 5.0 && (value.falling, value.rising) == (0, 1), "{value:?}");
        let corroboration = all.corroboration(Day(170 * 7 - 1), &value, 0.05);
        assert_eq!((corroboration.reporters, all.corroboration(Day(170 * 7 - 1), &value, 0.6).reporters), (2, 0));
        assert!(corroboration.added > 2.0 && corroboration.beyond_one_block > 1.0, "{corroboration:?}");
        let mut one = mix();
        shifted(&mut one, 0..170, 150, &[1]);
        let value = one.close(Day(170 * 7 - 1)).unwrap();
        let corroboration = one.corroboration(Day(170 * 7 - 1), &value, 0.05);
        assert!(corroboration.added < 0.0, "{value:?} {corroboration:?}");
    }

    #[test]
    fn what_began_long_ago_and_is_not_added_to_weighs_half_as_much_after_its_half_life() {
        let mut mix = mix();
        shifted(&mut mix, 0..170, 150, &[0, 1]);
        let at = |mix: &mut Mix, week: i32| mix.close(Day(week * 7 + 6)).unwrap().log;
        let (then, later) = (at(&mut mix, 169), at(&mut mix, 195));
        assert!((then - later - std::f64::consts::LN_2).abs() < 0.01, "{then} {later}");
    }

    /// Whatever one reporter says, the others do not add to it by chance: on average over quiet weeks of theirs their Bayes
    /// factor is at most 1, though it is asked on the day on which it is highest of ten.
    #[test]
    fn a_campaign_of_one_reporter_is_not_added_to_by_chance() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            bits
        };
        let (mut factors, cells) = (0.0, 60);
        for _ in 0..cells {
            let mut mix = mix();
            let mut highest = f64::NEG_INFINITY;
            for week in 0..170 {
                for (stratum, rising) in [(0, 2), (1, if week < 150 { 2 } else { 8 })] {
                    let labels = (0..10).filter(|_| next() % 10 < rising).count() as i64;
                    mix.count(Day(week * 7 + 3), stratum, 0, 10 - labels);
                    mix.count(Day(week * 7 + 3), stratum, 1, labels);
                }
                if week >= 160 {
                    let value = mix.close(Day(week * 7 + 6)).unwrap();
                    assert!((value.falling, value.rising) == (0, 1) && value.log > 1.0, "{value:?}");
                    highest = highest.max(mix.corroboration(Day(week * 7 + 6), &value, 0.05).added);
                }
            }
            factors += highest.exp();
        }
        assert!(factors / f64::from(cells) < 1.0, "{}", factors / f64::from(cells));
    }

    #[test]
    fn what_was_announced_for_later_and_taken_back_leaves_no_trace() {
        let (mut straight, mut wild) = (mix(), mix());
        shifted(&mut straight, 0..170, 170, &[0, 1]);
        shifted(&mut wild, 0..170, 170, &[0, 1]);
        let today = Day(170 * 7);
        let before = wild.close(today);
        wild.count(today + 200, 0, 1, 1);
        assert_ne!(wild.close(today), before, "the sums go on to the last block");
        wild.count(today + 200, 0, 1, -1);
        assert_eq!(wild.close(today), straight.close(today));
    }

    #[test]
    fn a_block_that_goes_and_comes_back_says_again_what_it_said() {
        // In the last week one reporter's figures are taken back on the day on which another's first come in, and are sent
        // again.
        let new = || Mix::new(3, &[true, false, false], vec![vec![]; 3], StatisticConfig::default());
        let (mut straight, mut wild) = (new(), new());
        for mix in [&mut straight, &mut wild] {
            shifted(mix, 0..170, 170, &[0, 1]);
            mix.count(Day(3), 2, 2, 5);
        }
        let today = Day(170 * 7);
        (0..2).for_each(|label| wild.count(today, 1, label, 4));
        let with = wild.close(today);
        (0..2).for_each(|label| wild.count(today, 1, label, -4));
        for mix in [&mut straight, &mut wild] {
            mix.count(today, 0, 2, 2);
        }
        let without = straight.close(today);
        assert_eq!(wild.close(today), without);
        for mix in [&mut straight, &mut wild] {
            (0..2).for_each(|label| mix.count(today, 1, label, 4));
        }
        let again = straight.close(today);
        assert_eq!(wild.close(today), again);
        assert!(with != without && without != again);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Neither what came on which day nor what was taken back since shows in the value of the last day.
        #[test]
        fn only_the_net_counts_show(
            events in proptest::collection::vec((0i32..1_200, 0usize..3, 0usize..4, 0i32..200, any::<bool>()), 50..200),
        ) {
            let new = || Mix::new(4, &[true, false, false], vec![vec![]; 4], StatisticConfig::default());
            let (mut straight, mut wild) = (new(), new());
            let mut told: Vec<(i32, i32, usize, usize, i64)> = Vec::new();
            for (day, stratum, label, late, back) in events {
                told.push((day + late, day, stratum, label, 1));
                if back {
                    told.push((day + late + 30, day, stratum, label, -1));
                } else {
                    straight.count(Day(day), stratum, label, 1);
                }
            }
            told.sort();
            for day in told.chunk_by(|x, y| x.0 == y.0) {
                for (_, day, stratum, label, n) in day {
                    wild.count(Day(*day), *stratum, *label, *n);
                }
                wild.close(Day(day[0].0));
            }
            prop_assert_eq!(wild.close(Day(1_500)), straight.close(Day(1_500)));
        }
    }
}
