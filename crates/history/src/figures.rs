//! Rows added up by what an answer keeps apart, and the windows over them.

use std::collections::BTreeSet;

use arrow_array::types::{Date32Type, Int8Type, UInt16Type};
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use headwater_catalog::Catalog;
use headwater_model::{Day, FamilyKind, PERIOD_SLACK_DAYS, Table as Interner, WINDOW_DAYS};

use crate::columns::{BadColumn, Numbers, Words};
use crate::net::Amounts;
use crate::scan::{Files, Piece, Scan};
use crate::volumes::{PlaceLevel, RouteLevel, SubstanceLevel, VolumeBy, family};
use crate::{History, HistoryError, Seen};

const HASHER: FixedState = FixedState::with_seed(0x6669_6775);

/// What rows are kept apart by: numbers of texts; 0 where they are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// A substance or a family, as asked.
    substance: u32,
    route: u32,
    origin: u32,
    market: u32,
    source: u32,
    evidence: u32,
    place: [u32; 3],
}

/// What lies on one day with one length of period: milligrams, pieces, incidents, events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub day: Day,
    pub period_days: u16,
    pub sums: [i128; 4],
}

/// A key in words.
pub(crate) struct Spoken<'a> {
    pub substance: Option<&'a str>,
    pub family: Option<String>,
    pub market_family: Option<String>,
    pub route: Option<String>,
    pub origin: Option<String>,
    pub market: Option<String>,
    pub source: Option<&'a str>,
    pub evidence: &'a str,
    pub place: [Option<&'a str>; 3],
    /// The sources that ever reported to it.
    pub sources: Vec<&'a str>,
}

impl Spoken<'_> {
    /// For an error: what of it there is.
    pub fn name(&self) -> String {
        let names =
            [self.substance, self.family.as_deref(), self.route.as_deref(), self.market.as_deref(), self.source];
        let names = names.into_iter().flatten().chain([self.evidence]);
        names.collect::<Vec<_>>().join(" ")
    }
}

/// All figures of an answer.
pub(crate) struct Figures {
    by: VolumeBy,
    texts: Interner<Box<str>>,
    keys: Interner<Key>,
    sums: HashMap<(u32, Day, u16), [i128; 4], FixedState>,
    /// Keys with the sources that reported to them.
    sources: HashSet<(u32, u32), FixedState>,
    /// The families of the substances met, by number of text: main precursor family and market family.
    families: HashMap<u32, [Option<String>; 2], FixedState>,
}

impl Figures {
    pub fn read(
        history: &History,
        scan: &Scan<'_>,
        files: &Files,
        catalog: &Catalog,
        by: VolumeBy,
    ) -> Result<(Figures, Seen), HistoryError> {
        let mut columns =
            vec!["sign", "source", "marking", "evidence", "event_day", "period_days", "mass_mg", "pieces", "incidents"];
        columns.extend((by.substance != SubstanceLevel::All).then_some("substance"));
        columns.extend((by.route == RouteLevel::Route).then_some("route"));
        columns.extend((!matches!(by.route, RouteLevel::Market | RouteLevel::All)).then_some("origin"));
        columns.extend((!matches!(by.route, RouteLevel::Origin | RouteLevel::All)).then_some("market"));
        columns.extend((by.place != PlaceLevel::All).then_some(["place_country", "subdivision"]).into_iter().flatten());
        columns.extend((by.place == PlaceLevel::Office).then_some("office"));
        let mut figures = Figures {
            by,
            texts: Interner::default(),
            keys: Interner::default(),
            sums: HashMap::with_hasher(HASHER),
            sources: HashSet::with_hasher(HASHER),
            families: HashMap::with_hasher(HASHER),
        };
        figures.texts.intern("");
        let seen = scan.run(history, files, &columns, &mut |mut piece: Piece<'_>| {
            figures.add(&piece, catalog).and_then(|()| piece.note()).map_err(|bad| files.damaged(&piece, bad))?;
            let limit = scan.bounds.memory_bytes_max;
            if figures.sums.allocation_size() + figures.sources.allocation_size() > limit {
                return Err(HistoryError::TooMuchMemory { field: "by", limit });
            }
            Ok(())
        })?;
        Ok((figures, seen))
    }

    fn add(&mut self, piece: &Piece<'_>, catalog: &Catalog) -> Result<(), BadColumn> {
        let batch = piece.batch;
        let sign = Numbers::<Int8Type>::of(batch, "sign")?;
        let event_day = Numbers::<Date32Type>::of(batch, "event_day")?;
        let period_days = Numbers::<UInt16Type>::of(batch, "period_days")?;
        let amounts = Amounts::of(batch)?;
        let substance = Words::of(batch, "substance")?;
        let substances: Vec<u32> = substance.words().map(|word| self.substance(word, catalog)).collect();
        let mut column = |name| -> Result<(Words<'_>, Vec<u32>), BadColumn> {
            let words = Words::of(batch, name)?;
            let numbers = words.words().map(|word| self.texts.intern(word).raw()).collect();
            Ok((words, numbers))
        };
        let (route, origin, market) = (column("route")?, column("origin")?, column("market")?);
        let (source, evidence) = (column("source")?, column("evidence")?);
        let place = [column("place_country")?, column("subdivision")?, column("office")?];
        let number = |(words, numbers): &(Words<'_>, Vec<u32>), row| words.key(row).map_or(0, |key| numbers[key]);
        let mut last: Option<(Key, u32)> = None;
        for row in 0..batch.num_rows() {
            let Some(first) = event_day.get(row) else { continue };
            let (sign, period) = (i128::from(sign.get(row).unwrap_or(0)), period_days.get(row).unwrap_or(1));
            let reporter = number(&source, row);
            let key = Key {
                substance: substance.key(row).map_or(0, |key| substances[key]),
                route: number(&route, row),
                origin: number(&origin, row),
                market: number(&market, row),
                source: if self.by.source { reporter } else { 0 },
                evidence: number(&evidence, row),
                place: [number(&place[0], row), number(&place[1], row), number(&place[2], row)],
            };
            let known = last.filter(|(held, _)| *held == key).map(|(_, id)| id);
            let id = known.unwrap_or_else(|| self.keys.intern_with(&key, |key| *key).raw());
            last = Some((key, id));
            if !self.by.source {
                self.sources.insert((id, reporter));
            }
            let (mass_mg, pieces, incidents) = amounts.get(row);
            let day = Day(first + i32::from(period) - 1);
            let sums = self.sums.entry((id, day, period)).or_default();
            let more = [i128::from(mass_mg), i128::from(pieces), i128::from(incidents), 1];
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += sign * more);
        }
        Ok(())
    }

    /// The number of a substance, or of what it is added up to.
    fn substance(&mut self, word: &str, catalog: &Catalog) -> u32 {
        let of = |kind| family(catalog, word, kind);
        match self.by.substance {
            SubstanceLevel::Substance => {
                let number = self.texts.intern(word).raw();
                self.families.entry(number).or_insert_with(|| [of(FamilyKind::Precursor), of(FamilyKind::Market)]);
                number
            }
            SubstanceLevel::Family => self.texts.intern(&*of(FamilyKind::Precursor).unwrap_or_default()).raw(),
            SubstanceLevel::MarketFamily => self.texts.intern(&*of(FamilyKind::Market).unwrap_or_default()).raw(),
            SubstanceLevel::All => 0,
        }
    }

    /// Each key with its figures by day and length of period. What was taken back whole leaves none: whether its rows are
    /// there at all goes by the order in which records arrived.
    pub fn by_key(&self) -> Vec<(Key, Vec<Figure>)> {
        let mut all: Vec<(u32, Figure)> = Vec::with_capacity(self.sums.len());
        let held = self.sums.iter().filter(|(_, sums)| **sums != [0; 4]);
        all.extend(held.map(|(&(key, day, period_days), &sums)| (key, Figure { day, period_days, sums })));
        all.sort_unstable_by_key(|(key, figure)| (*key, figure.day, figure.period_days));
        let of = |same: &[(u32, Figure)]| {
            let key = *self.keys.get(headwater_model::Id::new(same[0].0));
            (key, same.iter().map(|(_, figure)| *figure).collect())
        };
        all.chunk_by(|a, b| a.0 == b.0).map(of).collect()
    }

    fn text(&self, number: u32) -> Option<&str> {
        (number != 0).then(|| &**self.texts.get(headwater_model::Id::new(number)))
    }

    /// A key in words.
    pub fn spoken(&self, key: Key) -> Spoken<'_> {
        let owned = |number| self.text(number).map(str::to_owned);
        let level = self.by.substance;
        let substance = self.text(key.substance).filter(|_| level == SubstanceLevel::Substance);
        let [family, market_family] = match level {
            SubstanceLevel::Substance => self.families.get(&key.substance).cloned().unwrap_or_default(),
            SubstanceLevel::Family => [owned(key.substance), None],
            SubstanceLevel::MarketFamily => [None, owned(key.substance)],
            SubstanceLevel::All => [None, None],
        };
        let id = self.keys.find(&key).map(|id| id.raw());
        let reporters: BTreeSet<&str> = if self.by.source {
            self.text(key.source).into_iter().collect()
        } else {
            let all = self.sources.iter().filter(|(of, _)| Some(*of) == id);
            all.filter_map(|(_, source)| self.text(*source)).collect()
        };
        Spoken {
            substance,
            family,
            market_family,
            route: owned(key.route),
            origin: owned(key.origin),
            market: owned(key.market),
            source: self.text(key.source),
            evidence: self.text(key.evidence).unwrap_or(""),
            place: key.place.map(|number| self.text(number)),
            sources: reporters.into_iter().collect(),
        }
    }

    /// What a key has in common with the others of its family.
    pub fn of_family(&self, key: Key, family: &str) -> (Key, String) {
        (Key { substance: 0, ..key }, family.to_owned())
    }
}

/// Sums of the windows that end on a day: by length of period, since figures of one length enter and leave a window in
/// the order of their days.
pub(crate) struct Windows(Vec<(u16, Running)>);

/// Milligrams and incidents up to and with each day.
type Running = Vec<(Day, i128, i128)>;

impl Windows {
    /// Over the figures of a key, sorted by day.
    pub fn of(figures: &[Figure]) -> Windows {
        let lengths: BTreeSet<u16> = figures.iter().map(|figure| figure.period_days).collect();
        let of_length = |length: u16| {
            let (mut mass_mg, mut incidents) = (0, 0);
            let same = figures.iter().filter(|figure| figure.period_days == length).map(|figure| {
                (mass_mg, incidents) = (mass_mg + figure.sums[0], incidents + figure.sums[2]);
                (figure.day, mass_mg, incidents)
            });
            (length, same.collect())
        };
        Windows(lengths.into_iter().map(of_length).collect())
    }

    /// Milligrams and incidents of each window that ends on a day.
    pub fn ending(&self, day: Day) -> [[i128; 2]; WINDOW_DAYS.len()] {
        WINDOW_DAYS.map(|window_days| {
            let mut sums = [0, 0];
            for (length, running) in &self.0 {
                let slack = if *length > 1 { PERIOD_SLACK_DAYS } else { 0 };
                // Whole in (day - W, day]: the first day of the period lies behind the window's open end.
                let before = day - window_days - slack + i32::from(*length) - 1;
                let up_to = |day: Day| {
                    let at = running.partition_point(|(last, ..)| *last <= day);
                    at.checked_sub(1).map_or([0, 0], |at| [running[at].1, running[at].2])
                };
                let (all, gone) = (up_to(day), up_to(before.min(day)));
                sums = [sums[0] + all[0] - gone[0], sums[1] + all[1] - gone[1]];
            }
            sums
        })
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::in_window;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn windows_equal_the_rule_of_the_contract(
            list in proptest::collection::btree_map((0..900i32, 0..6usize), (-50..50i128, 0..4i128), 0..50), day in 0..900i32
        ) {
            let lengths = [1, 7, 28, 31, 94, 366];
            let mut figures: Vec<Figure> = list
                .into_iter()
                .map(|((day, length), (mass, incidents))| Figure {
                    day: Day(day), period_days: lengths[length], sums: [mass, 0, incidents, 1],
                })
                .collect();
            figures.sort_by_key(|figure| (figure.day, figure.period_days));
            for (window_days, sums) in WINDOW_DAYS.into_iter().zip(Windows::of(&figures).ending(Day(day))) {
                let inside = |f: &&Figure| {
                    in_window(f.day - (i32::from(f.period_days) - 1), f.day, Day(day), window_days)
                };
                let inside: Vec<&Figure> = figures.iter().filter(inside).collect();
                prop_assert_eq!(sums[0], inside.iter().map(|f| f.sums[0]).sum::<i128>());
                prop_assert_eq!(sums[1], inside.iter().map(|f| f.sums[2]).sum::<i128>());
            }
        }
    }
}
