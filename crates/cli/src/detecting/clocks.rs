//! Which days can be closed: every partition of every configured source has to be past them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use headwater_model::{Day, Input, Partition};

/// What the store says of its inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// Partitions of each declared source.
    pub declared: BTreeMap<Arc<str>, u32>,
    /// The clock of each input's last committed epoch; an input without an epoch is absent.
    pub clocks: BTreeMap<Input, Option<Day>>,
}

/// Who holds the days back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nothing is configured to be read.
    NoSource,
    /// Nobody has been assigned a partition of the source yet.
    Undeclared {
        /// Its name in the configuration.
        source: Arc<str>,
    },
    /// The input was never read to the end that it had when it was assigned, or not at all.
    Unread {
        /// Which.
        input: Input,
    },
    /// The input's clock is the earliest.
    Behind {
        /// Which.
        input: Input,
        /// Its clock.
        clock: Day,
    },
}

/// Up to where days can be closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closable {
    /// The last day that can be closed; none holds everything back.
    pub up_to: Option<Day>,
    /// Who keeps it from being later.
    pub held_by: Holder,
}

impl Clocks {
    /// A day closes when every partition of every configured source has a later clock. Inputs of the store that are no
    /// longer configured count no more: nobody reads them on.
    pub fn closable(&self, configured: &BTreeSet<Arc<str>>) -> Closable {
        let held = |held_by| Closable { up_to: None, held_by };
        let mut earliest: Option<(Day, Input)> = None;
        for source in configured {
            let Some(&partitions) = self.declared.get(source) else {
                return held(Holder::Undeclared { source: Arc::clone(source) });
            };
            for number in 0..partitions {
                let input = Input { source: Arc::clone(source), partition: Partition(number.cast_signed()) };
                let Some(clock) = self.clocks.get(&input).copied().flatten() else {
                    return held(Holder::Unread { input });
                };
                if earliest.as_ref().is_none_or(|(day, _)| clock < *day) {
                    earliest = Some((clock, input));
                }
            }
        }
        match earliest {
            None => held(Holder::NoSource),
            Some((clock, input)) => Closable { up_to: Some(clock - 1), held_by: Holder::Behind { input, clock } },
        }
    }
}

impl Clocks {
    /// The lowest clock of each source's partitions; none where one has none.
    pub fn by_source(&self, configured: &BTreeSet<Arc<str>>) -> BTreeMap<Arc<str>, Option<Day>> {
        let lowest = |source: &Arc<str>| {
            let input = |number: u32| Input { source: Arc::clone(source), partition: Partition(number.cast_signed()) };
            let partitions = *self.declared.get(source)?;
            let clocks: Option<Vec<Day>> = (0..partitions).map(|n| self.clocks.get(&input(n)).copied()?).collect();
            clocks?.into_iter().min()
        };
        configured.iter().map(|source| (Arc::clone(source), lowest(source))).collect()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::NoSource => f.write_str("no source is configured"),
            Holder::Undeclared { source } => write!(f, "nothing was read of source {source} yet"),
            Holder::Unread { input } => write!(f, "{input} was not read to its end yet"),
            Holder::Behind { input, clock } => write!(f, "the clock of {input} stands at {clock}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> Input {
        Input::parse(text).unwrap()
    }

    /// Sources with their partitions, inputs with their clocks.
    fn clocks(declared: &[(&str, u32)], clocks: &[(&str, Option<i32>)]) -> Clocks {
        Clocks {
            declared: declared.iter().map(|(source, partitions)| ((*source).into(), *partitions)).collect(),
            clocks: clocks.iter().map(|(text, day)| (input(text), day.map(Day))).collect(),
        }
    }

    fn closable(clocks: &Clocks, configured: &[&str]) -> (Option<i32>, String) {
        let configured = configured.iter().map(|source| (*source).into()).collect();
        let Closable { up_to, held_by } = clocks.closable(&configured);
        (up_to.map(|day| day.0), held_by.to_string())
    }

    #[test]
    fn the_earliest_clock_of_all_partitions_decides_and_is_named() {
        let clocks = clocks(&[("a", 2), ("b", 1)], &[("a/0", Some(9)), ("a/1", Some(7)), ("b/0", Some(8))]);
        assert_eq!(closable(&clocks, &["a", "b"]), (Some(6), "the clock of a/1 stands at 1970-01-08".to_owned()));
        assert_eq!(closable(&clocks, &["b"]), (Some(7), "the clock of b/0 stands at 1970-01-09".to_owned()));
    }

    #[test]
    fn a_source_is_as_far_as_its_last_partition() {
        let clocks = clocks(&[("a", 2), ("b", 2)], &[("a/0", Some(9)), ("a/1", Some(7)), ("b/0", Some(8))]);
        let sources = ["a", "b", "c"].map(Arc::from).into();
        let of = |day: Option<i32>| day.map(Day);
        let expected = [("a".into(), of(Some(7))), ("b".into(), of(None)), ("c".into(), of(None))];
        assert_eq!(clocks.by_source(&sources), expected.into());
    }

    #[test]
    fn an_empty_partition_closes_by_the_clock_of_its_empty_epochs() {
        let mut clocks = clocks(&[("a", 2)], &[("a/0", Some(9))]);
        assert_eq!(closable(&clocks, &["a"]), (None, "a/1 was not read to its end yet".to_owned()));
        clocks.clocks.insert(input("a/1"), Some(Day(20)));
        assert_eq!(closable(&clocks, &["a"]).0, Some(8));
    }

    #[test]
    fn an_idle_partition_holds_until_an_empty_epoch_moves_its_clock() {
        let mut clocks = clocks(&[("a", 1), ("b", 1)], &[("a/0", Some(30)), ("b/0", Some(10))]);
        assert_eq!(closable(&clocks, &["a", "b"]).0, Some(9));
        clocks.clocks.insert(input("b/0"), Some(Day(29)));
        assert_eq!(closable(&clocks, &["a", "b"]).0, Some(28));
    }

    #[test]
    fn a_new_source_holds_everything_until_it_is_declared_and_read() {
        let mut clocks = clocks(&[("a", 1)], &[("a/0", Some(30))]);
        assert_eq!(closable(&clocks, &["a", "new"]), (None, "nothing was read of source new yet".to_owned()));
        clocks.declared.insert("new".into(), 1);
        assert_eq!(closable(&clocks, &["a", "new"]), (None, "new/0 was not read to its end yet".to_owned()));
        clocks.clocks.insert(input("new/0"), Some(Day(31)));
        assert_eq!(closable(&clocks, &["a", "new"]).0, Some(29));
    }

    #[test]
    fn a_stopped_partition_holds_and_one_no_longer_configured_does_not() {
        let clocks = clocks(&[("a", 1), ("gone", 1)], &[("a/0", Some(30)), ("gone/0", Some(5))]);
        assert_eq!(closable(&clocks, &["a", "gone"]).0, Some(4));
        assert_eq!(closable(&clocks, &["a"]).0, Some(29));
        assert_eq!(closable(&clocks, &[]), (None, "no source is configured".to_owned()));
    }

    #[test]
    fn a_backfilled_partition_has_no_clock_until_its_end_was_reached() {
        let mut clocks = clocks(&[("a", 1)], &[("a/0", None)]);
        assert_eq!(closable(&clocks, &["a"]), (None, "a/0 was not read to its end yet".to_owned()));
        clocks.clocks.insert(input("a/0"), Some(Day(400)));
        assert_eq!(closable(&clocks, &["a"]).0, Some(399), "all days of the backfill at once");
    }
}
