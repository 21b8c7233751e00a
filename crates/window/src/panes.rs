//! Panes: the exact partial sums, and their order by known day.

use std::collections::BTreeMap;
use std::ops::Range;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use headwater_model::{Day, EventDay, Id, KnownDay, Names, Pane, PaneKey, Series, Sums};

use crate::{WindowError, order};

/// Fixed, not random: two runs over the same records must walk the maps alike.
const HASHER: FixedState = FixedState::with_seed(0x7061_6e65);

/// Bits of a packed event day: 8,388,608 days around 1970, and a date may name only the years 1900 to 2199.
const DAY_BITS: u32 = 23;
/// Bits of a packed length of period: up to 366.
const PERIOD_BITS: u32 = 9;

/// What signed rows add up to, by [`PaneKey`]. A pane that comes back to zero is forgotten, so memory is that of the
/// panes that say something: 40 bytes, and the slack of a hash table.
///
/// One map a known day, since records come more or less in the order of being known: the day that is being written is
/// small and stays in the cache, however many panes there are in all.
///
/// Panes of several partitions merge by addition, as long as their keys speak of the same [`Names`].
#[derive(Default)]
pub struct Panes {
    days: BTreeMap<KnownDay, u32>,
    maps: Vec<HashMap<u64, Sums, FixedState>>,
    /// The day last written and its map.
    current: Option<(KnownDay, u32)>,
}

/// Series, event day and length of the period in one word, so that hashing and comparing are one step.
pub(crate) fn pack(key: PaneKey) -> u64 {
    let day = key.event_day.0.0 + (1 << (DAY_BITS - 1));
    debug_assert!((0..1 << DAY_BITS).contains(&day) && key.period_days < 1 << PERIOD_BITS, "{key:?}");
    u64::from(key.series.raw()) << 32 | u64::from(day as u32) << PERIOD_BITS | u64::from(key.period_days)
}

pub(crate) fn unpack(packed: u64, known_on: KnownDay) -> PaneKey {
    let day = (packed >> PERIOD_BITS) as u32 & ((1 << DAY_BITS) - 1);
    PaneKey {
        series: Id::new((packed >> 32) as u32),
        event_day: EventDay(Day(day as i32 - (1 << (DAY_BITS - 1)))),
        period_days: packed as u16 & ((1 << PERIOD_BITS) - 1),
        known_on,
    }
}

impl Panes {
    /// The days that a key can name.
    pub(crate) const DAYS: Range<Day> = Day(-(1 << (DAY_BITS - 1)))..Day(1 << (DAY_BITS - 1));
    /// Longest period that a key can name.
    pub(crate) const PERIOD_DAYS_MAX: u16 = 366;

    /// Adds to a pane.
    ///
    /// # Errors
    /// The key, where one of the sums would leave 64 bits; the pane stays as it was.
    pub fn add(&mut self, key: PaneKey, sums: Sums) -> Result<(), PaneKey> {
        match self.map(key.known_on).entry(pack(key)) {
            Entry::Occupied(mut pane) => {
                let total = pane.get().checked_add(sums).ok_or(key)?;
                if total.is_zero() {
                    pane.remove();
                } else {
                    *pane.get_mut() = total;
                }
            }
            Entry::Vacant(slot) if !sums.is_zero() => {
                slot.insert(sums);
            }
            Entry::Vacant(_) => {}
        }
        Ok(())
    }

    fn map(&mut self, day: KnownDay) -> &mut HashMap<u64, Sums, FixedState> {
        let slot = match self.current {
            Some((current, slot)) if current == day => slot,
            _ => *self.days.entry(day).or_insert_with(|| {
                self.maps.push(HashMap::with_hasher(HASHER));
                self.maps.len() as u32 - 1
            }),
        };
        self.current = Some((day, slot));
        &mut self.maps[slot as usize]
    }

    /// Adds the panes of another part of the same input, whose keys speak of the same names.
    ///
    /// # Errors
    /// The first key whose sum would leave 64 bits.
    pub fn merge(&mut self, other: &Panes) -> Result<(), PaneKey> {
        other.iter().try_for_each(|pane| self.add(pane.key, pane.sums))
    }

    /// Adds the panes of another input, whose keys speak of other names: `own` learns those that it lacks.
    ///
    /// # Errors
    /// [`WindowError::Overflow`]; what came before it was added.
    pub fn merge_from(&mut self, own: &mut Names, other: &Panes, others: &Names) -> Result<(), WindowError> {
        let mut series: Vec<Option<Id<Series>>> = vec![None; others.series.len()];
        for pane in other.iter() {
            let known = &mut series[pane.key.series.index()];
            let series = *known.get_or_insert_with(|| own.adopt(pane.key.series, others));
            self.add(PaneKey { series, ..pane.key }, pane.sums)
                .map_err(|key| WindowError::overflow(own, key.series, key.period().last()))?;
        }
        Ok(())
    }

    /// By known day, in no order within a day.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Pane> {
        self.days.iter().flat_map(|(&day, &slot)| {
            self.maps[slot as usize].iter().map(move |(&key, &sums)| Pane { key: unpack(key, day), sums })
        })
    }

    /// How many panes are not zero.
    pub fn len(&self) -> usize {
        self.maps.iter().map(HashMap::len).sum()
    }

    /// Whether all panes are zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the maps as allocated.
    pub fn bytes(&self) -> usize {
        self.maps.iter().map(HashMap::allocation_size).sum()
    }

    /// All panes in order: known day, then substance, route, source, kind, place, access and flag by their texts, then
    /// event day and period. The order does not depend on the order in which names arrived.
    pub fn sorted(&self, names: &Names) -> PaneIndex {
        let rank = order::series(names);
        let mut panes = Vec::with_capacity(self.len());
        panes.extend(self.iter());
        for day in panes.chunk_by_mut(|a, b| a.key.known_on == b.key.known_on) {
            day.sort_unstable_by_key(|pane| (rank[pane.key.series.index()], pane.key.event_day, pane.key.period_days));
        }
        PaneIndex { panes }
    }
}

/// Panes by ascending known day: what a replay walks, and of which every as-of question is a prefix.
pub struct PaneIndex {
    panes: Vec<Pane>,
}

impl PaneIndex {
    /// The known days that have panes, ascending, each with its panes.
    pub fn days(&self) -> impl Iterator<Item = (KnownDay, &[Pane])> {
        self.panes.chunk_by(|a, b| a.key.known_on == b.key.known_on).map(|day| (day[0].key.known_on, day))
    }

    /// The panes known on a day.
    pub fn known_on(&self, day: KnownDay) -> &[Pane] {
        let from = self.panes.partition_point(|pane| pane.key.known_on < day);
        &self.panes[from..self.up_to(Some(day)).len()]
    }

    /// The panes known by the end of a day, or all.
    pub fn up_to(&self, as_of: Option<KnownDay>) -> &[Pane] {
        match as_of {
            None => &self.panes,
            Some(day) => &self.panes[..self.panes.partition_point(|pane| pane.key.known_on <= day)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Line, Said, after, known, mass, spell_key};

    fn key(series: u32, event_day: i32, period_days: u16, known_on: i32) -> PaneKey {
        let event_day = EventDay(Day(event_day));
        PaneKey { series: Id::new(series), event_day, period_days, known_on: known(known_on) }
    }

    #[test]
    fn a_key_survives_packing() {
        for key in [key(0, 0, 1, 0), key(u32::MAX, -25_567, 366, -1), key(7, 84_370, 28, -25_567)] {
            assert_eq!(unpack(pack(key), key.known_on), key);
        }
    }

    #[test]
    fn overflow_names_the_key_and_leaves_the_pane() {
        let mut panes = Panes::default();
        let sums = Sums { mass_mg: i64::MAX, ..Sums::default() };
        panes.add(key(1, 2, 1, 3), sums).unwrap();
        let more = Sums { mass_mg: 1, ..Sums::default() };
        assert_eq!(panes.add(key(1, 2, 1, 3), more), Err(key(1, 2, 1, 3)));
        assert_eq!(panes.iter().collect::<Vec<_>>(), [Pane { key: key(1, 2, 1, 3), sums }]);
        let mut other = Panes::default();
        other.add(key(1, 2, 1, 3), more).unwrap();
        assert_eq!(panes.merge(&other), Err(key(1, 2, 1, 3)));
    }

    #[test]
    fn a_pane_at_zero_is_forgotten() {
        let mut panes = Panes::default();
        assert!(panes.is_empty());
        let sums = Sums { mass_mg: 5, pieces: 1, incidents: 1, events: 1 };
        panes.add(key(1, 2, 1, 3), Sums::default()).unwrap();
        assert_eq!(panes.len(), 0);
        panes.add(key(1, 2, 1, 3), sums).unwrap();
        assert_eq!((panes.len(), panes.is_empty()), (1, false));
        assert!((40..400).contains(&panes.bytes()), "{}", panes.bytes());
        panes.add(key(1, 2, 1, 3), sums.negated()).unwrap();
        assert!(panes.is_empty());
    }

    #[test]
    fn the_index_goes_by_known_day_then_by_the_texts_of_names() {
        let line = |substance, event_day| Line { substance, ..mass(event_day, 1) };
        let window = after(&[
            Said::new("A", 0, 9, &[line("z", 5), line("b", 7), line("b", 6)]),
            Said::new("B", 0, 8, &[line("z", 1)]),
            Said::new("C", 0, 12, &[line("a", 1)]),
        ]);
        let index = window.panes.sorted(&window.names);
        let spell = |panes: &[Pane]| -> Vec<(String, i32)> {
            panes
                .iter()
                .map(|p| spell_key(&window.names, p))
                .map(|(text, day, ..)| (text[..1].to_owned(), day))
                .collect()
        };
        let of =
            |list: &[(&str, i32)]| -> Vec<(String, i32)> { list.iter().map(|(s, d)| ((*s).to_owned(), *d)).collect() };
        assert_eq!(spell(index.known_on(known(9))), of(&[("b", 6), ("b", 7), ("z", 5)]));
        assert_eq!(spell(index.known_on(known(10))), []);
        assert_eq!(spell(index.up_to(Some(known(8)))), of(&[("z", 1)]));
        assert_eq!(index.up_to(Some(known(11))).len(), 4);
        assert_eq!(index.up_to(None).len(), 5);
        let days: Vec<_> = index.days().map(|(day, panes)| (day.0.0, panes.len())).collect();
        assert_eq!(days, [(8, 1), (9, 3), (12, 1)]);
    }
}
