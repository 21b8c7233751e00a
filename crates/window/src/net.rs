//! Net volumes: what is published, and what of it an epoch changed.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use headwater_model::{Day, EventDay, Id, KnownDay, Names, PaneKey, Period, Series, Sums, Table};

use crate::panes::{pack, unpack};
use crate::{Ledger, WindowError};

/// Net volumes run over all known days.
const NO_DAY: KnownDay = KnownDay(Day(0));

/// The absolute sums over all known days of one input, by what a published row is: last day of the period, its length,
/// substance, route, source, kind and access. Places and flags are added up.
///
/// It takes 48 to 96 bytes a key (40, and the slack of a hash table), some 30 a combination of names, and where changes
/// are told 8 for each since the last drain.
#[derive(Default)]
pub struct NetVolumes {
    /// Nobody asks what changed.
    untold: bool,
    /// The combinations met: series with neither place nor flag.
    kinds: Table<Series>,
    /// By number of a series of the names, the number of its kind.
    kind_of: Vec<Option<Id<Series>>>,
    /// By packed key; nothing that is seen goes by the order of the map.
    sums: HashMap<u64, Sums, FixedState>,
    /// Keys that were added to since the last drain, with repeats.
    changed: Vec<u64>,
}

/// A changed key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetVolume {
    /// Number of its [kind](NetVolumes::kind).
    pub kind: Id<Series>,
    /// The event day, or the last day of the period.
    pub day: Day,
    /// Length of the period.
    pub period_days: u16,
    /// The absolute sums.
    pub sums: Sums,
}

impl NetVolume {
    /// Whether nothing is left, so that a tombstone is published under the key.
    pub fn is_tombstone(&self) -> bool {
        self.sums.is_zero()
    }
}

impl NetVolumes {
    /// Of one of whom nobody asks what changed: sums are only added up, and so checked.
    pub fn untold() -> NetVolumes {
        NetVolumes { untold: true, ..NetVolumes::default() }
    }

    /// Whether somebody asks what changed.
    pub fn tells_changes(&self) -> bool {
        !self.untold
    }

    /// Adds what the records that hold now add up to, to sums of nothing; none of it counts as changed.
    ///
    /// # Errors
    /// [`WindowError::Overflow`] and [`WindowError::Cold`].
    pub fn restore(&mut self, ledger: &Ledger, names: &Names) -> Result<(), WindowError> {
        let untold = std::mem::replace(&mut self.untold, true);
        ledger.each_in_force(&mut |row| {
            let PaneKey { series, event_day, period_days, .. } = row.key;
            self.add(series, event_day, period_days, row.sums(), names)
        })?;
        self.untold = untold;
        Ok(())
    }

    /// Adds what a signed row adds to its pane. The key counts as changed, even by nothing: sums of zero say that a key
    /// is to be published again. `names` are always the same ones.
    ///
    /// # Errors
    /// [`WindowError::Overflow`]; the sums stay as they were.
    pub fn add(
        &mut self,
        series: Id<Series>,
        event_day: EventDay,
        period_days: u16,
        sums: Sums,
        names: &Names,
    ) -> Result<(), WindowError> {
        let last = Period { first: event_day, days: period_days }.last();
        let kind = self.kind_of(series, names);
        // The last day stands where a pane has its first; a kind where it has its series.
        let key = pack(PaneKey { series: kind, event_day: EventDay(last), period_days, known_on: NO_DAY });
        let held = self.sums.entry(key).or_default();
        *held = held.checked_add(sums).ok_or_else(|| WindowError::overflow(names, series, last))?;
        if !self.untold {
            self.changed.push(key);
        } else if held.is_zero() {
            self.sums.remove(&key);
        }
        Ok(())
    }

    /// A combination of names, with neither place nor flag.
    pub fn kind(&self, number: Id<Series>) -> &Series {
        self.kinds.get(number)
    }

    fn kind_of(&mut self, series: Id<Series>, names: &Names) -> Id<Series> {
        if self.kind_of.len() <= series.index() {
            self.kind_of.resize(names.series.len().max(series.index() + 1), None);
        }
        let NetVolumes { kinds, kind_of, .. } = self;
        *kind_of[series.index()].get_or_insert_with(|| {
            let kind = Series { place: None, flagged: false, ..*names.series.get(series) };
            kinds.intern_with(&kind, |kind| *kind)
        })
    }

    /// All keys that were added to since the last drain, each once, sorted by kind, day and period. A key that came back
    /// to what it was is among them, and so is one that came back to nothing, as a tombstone: it is then forgotten.
    pub fn drain_changed(&mut self) -> Vec<NetVolume> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        let mut rows = Vec::with_capacity(changed.len());
        for packed in changed.drain(..) {
            let sums = self.sums.get(&packed).copied().unwrap_or_default();
            if sums.is_zero() {
                self.sums.remove(&packed);
            }
            let key = unpack(packed, NO_DAY);
            rows.push(NetVolume { kind: key.series, day: key.event_day.0, period_days: key.period_days, sums });
        }
        self.changed = changed; // its room is used again
        rows
    }

    /// Keys held.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether nothing was added, or all of it taken back and drained.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Bytes in use, names aside.
    pub fn bytes(&self) -> usize {
        self.sums.allocation_size() + size_of_val(&self.changed[..]) + size_of_val(&self.kind_of[..])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use headwater_model::{Access, Evidence, Families, Marking, Route, SplitBy};
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{Line, Said, after, feed, mass};
    use crate::properties::stream;
    use crate::{VolumeOptions, Volumes, Window};

    type Published = BTreeMap<String, Sums>;

    fn spell(day: Day, period: u16, substance: &str, route: &Route, source: &str, rest: (Evidence, &Access)) -> String {
        format!("{day} {period} {substance} {route} {source} {} {}", rest.0, rest.1)
    }

    /// What a reader holds who keeps the last value of every key.
    fn publish(net: &mut NetVolumes, names: &Names, published: &mut Published) {
        for row in net.drain_changed() {
            let key = spell_key(net, names, row.kind, row.day, row.period_days);
            match row.is_tombstone() {
                true => published.remove(&key),
                false => published.insert(key, row.sums),
            };
        }
    }

    fn spell_key(net: &NetVolumes, names: &Names, kind: Id<Series>, day: Day, period: u16) -> String {
        let kind = net.kind(kind);
        let (substance, route) = (names.substances.get(kind.substance), names.routes.get(kind.route));
        let rest = (kind.evidence, names.accesses.get(kind.access));
        spell(day, period, substance, route, names.sources.get(kind.source), rest)
    }

    fn held(net: &NetVolumes, names: &Names) -> Published {
        let rows = net.sums.iter().map(|(&key, &sums)| (unpack(key, NO_DAY), sums));
        rows.map(|(key, sums)| (spell_key(net, names, key.series, key.event_day.0, key.period_days), sums)).collect()
    }

    fn volumes(window: &Window) -> Published {
        let by = SplitBy { access: true, ..SplitBy::default() };
        let index = window.panes.sorted(&window.names);
        let options = VolumeOptions { as_of: None, by };
        let volumes = Volumes::of(&index, &window.names, options, |_| Families::default()).unwrap();
        volumes
            .rows()
            .map(|row| {
                let rest = (row.evidence, row.split.access.unwrap());
                (spell(row.day, row.period_days, row.substance, row.route, row.source, rest), row.sums)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn who_keeps_the_last_value_of_each_key_holds_the_volumes(stream in stream(), epoch in 1..9usize, cut in 0..9usize) {
            let mut window = Window::default();
            let mut net = NetVolumes::default();
            let mut published = Published::new();
            for (number, epoch) in stream.chunks(epoch).enumerate() {
                if number == cut {
                    net = NetVolumes::default();
                    net.restore(&window.ledger, &window.names).unwrap();
                }
                let (_, rows) = feed(&mut window, epoch);
                for row in &rows {
                    net.add(row.key.series, row.key.event_day, row.key.period_days, row.sums(), &window.names).unwrap();
                }
                publish(&mut net, &window.names, &mut published);
                let mut untold = NetVolumes::untold();
                untold.restore(&window.ledger, &window.names).unwrap();
                prop_assert_eq!(held(&untold, &window.names), published.clone(), "what holds adds up to all changes");
                prop_assert_eq!(&published, &volumes(&window));
                prop_assert_eq!(net.len(), published.len(), "what is zero is forgotten");
            }
        }
    }

    #[test]
    fn places_and_flags_are_added_up_and_classes_kept_apart() {
        let line = |place, marking, flagged| Line { place, marking, flagged, ..mass(5, 10) };
        let window = after(&[Said::new(
            "E",
            0,
            9,
            &[
                line(Some("A"), Marking::Amber, false),
                line(None, Marking::Amber, true),
                line(None, Marking::Red, false),
                Line { period_days: 7, ..mass(-1, 1) },
            ],
        )]);
        let mut net = NetVolumes::default();
        net.restore(&window.ledger, &window.names).unwrap();
        assert_eq!(net.drain_changed(), [], "what is restored was published");
        for (id, _) in window.names.series.iter() {
            net.add(id, EventDay(Day(5)), 1, Sums::default(), &window.names).unwrap();
        }
        let rows = net.drain_changed();
        let marking = |row: &NetVolume| window.names.accesses.get(net.kind(row.kind).access).marking;
        let mut rows: Vec<_> = rows.iter().map(|row| (row.day.0, marking(row), row.sums.mass_mg)).collect();
        rows.sort_unstable();
        assert_eq!(rows, [(5, Marking::Amber, 20), (5, Marking::Red, 10)]);
        assert_eq!(net.len(), 3, "a week that ends on the day is another key");
        assert!(!net.is_empty() && net.bytes() >= 3 * 40);
    }

    #[test]
    fn a_key_that_came_to_nothing_is_a_tombstone_once() {
        let window = after(&[Said::new("E", 0, 9, &[mass(5, 10)])]);
        let mut net = NetVolumes::default();
        net.restore(&window.ledger, &window.names).unwrap();
        let series = Id::new(0);
        let sums = Sums { mass_mg: -10, pieces: 0, incidents: -1, events: -1 };
        net.add(series, EventDay(Day(5)), 1, sums, &window.names).unwrap();
        assert!(net.drain_changed()[0].is_tombstone());
        assert_eq!((net.drain_changed(), net.is_empty()), (vec![], true));
        let mut untold = NetVolumes::untold();
        untold.restore(&window.ledger, &window.names).unwrap();
        untold.add(series, EventDay(Day(5)), 1, sums, &window.names).unwrap();
        assert_eq!((untold.drain_changed(), untold.is_empty()), (vec![], true), "nobody asks");
        let most = Sums { mass_mg: i64::MAX, ..Sums::default() };
        net.add(series, EventDay(Day(5)), 1, most, &window.names).unwrap();
        let error = net.add(series, EventDay(Day(5)), 1, most, &window.names).unwrap_err();
        assert_eq!(error.to_string(), "the sum of npp CN>US S export on 1970-01-06 leaves 64 bits");
        assert_eq!(net.drain_changed()[0].sums, most);
    }
}
