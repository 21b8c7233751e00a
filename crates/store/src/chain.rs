//! The chain of an input's epochs: each follows from the one before.

use headwater_model::{Checksum, Counts, Day, EpochHead, EpochNumber, Input, Progress};

use crate::{Floor, StoreError};

/// How far a chain was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    input: Input,
    head: Option<EpochHead>,
    checksum: Option<Checksum>,
    /// The last epoch could not be read.
    lost: Option<EpochNumber>,
}

impl Chain {
    /// Before the first epoch.
    pub fn begin(input: Input) -> Chain {
        Chain { input, head: None, checksum: None, lost: None }
    }

    /// Behind an epoch that is known already: `head` with the complete progress of a folder, and its file's checksum.
    pub fn behind(head: EpochHead, checksum: Checksum) -> Chain {
        Chain { input: head.input.clone(), head: Some(head), checksum: Some(checksum), lost: None }
    }

    /// Behind the epochs that a floor covers.
    pub fn behind_floor(floor: &Floor) -> Chain {
        Chain::behind(floor.head.clone(), floor.previous)
    }

    /// The number of the epoch that follows.
    pub fn next(&self) -> EpochNumber {
        let last = self.head.as_ref().map(|head| head.epoch).or(self.lost);
        last.map_or(EpochNumber(0), EpochNumber::next)
    }

    /// The head of the last epoch, with the complete progress of a folder.
    pub fn head(&self) -> Option<&EpochHead> {
        self.head.as_ref()
    }

    /// The checksum of the last epoch's file.
    pub fn checksum(&self) -> Option<Checksum> {
        self.checksum
    }

    /// Goes on behind an epoch that cannot be read: what follows is taken as it says, and held to from there on.
    pub(crate) fn lose(&mut self, epoch: EpochNumber) {
        *self = Chain { input: self.input.clone(), head: None, checksum: None, lost: Some(epoch) };
    }

    /// Goes on by an epoch, or says why it does not follow. `key` is where its file lies, `checksum` is the whole file's.
    pub fn follow(&mut self, key: &str, head: &EpochHead, checksum: Checksum) -> Result<(), StoreError> {
        if let Some(problem) = self.problem(head) {
            return Err(StoreError::damaged(key, problem));
        }
        let mut head = head.clone();
        if let Some(before) = self.head.take() {
            let moved = std::mem::replace(&mut head.to, before.to);
            head.to.advance(&moved);
        }
        self.head = Some(head);
        self.checksum = Some(checksum);
        self.lost = None;
        Ok(())
    }

    fn problem(&self, head: &EpochHead) -> Option<String> {
        if head.input != self.input || head.epoch != self.next() {
            return Some(format!(
                "foreign: it is epoch {} of {}, not {} of {}",
                head.epoch,
                head.input,
                self.next(),
                self.input
            ));
        }
        if self.lost.is_none() && head.previous != self.checksum {
            let word = |checksum: Option<Checksum>| checksum.map_or("none".to_owned(), |c| c.to_string());
            return Some(format!(
                "the chain is broken: its predecessor's checksum is {}, it names {}",
                word(self.checksum),
                word(head.previous)
            ));
        }
        let before = self.head.as_ref();
        if let (Some(Progress::Offset(end)), Progress::Offset(from)) = (before.map(|h| &h.to), &head.from)
            && end != from
        {
            return Some(format!("it begins at offset {from}, its predecessor ends at {end}"));
        }
        let folder = |progress: &Progress| matches!(progress, Progress::Files(_));
        if folder(&head.from) != folder(&head.to) || before.is_some_and(|h| folder(&h.to) != folder(&head.to)) {
            return Some("it mixes the progress of a topic and of a folder".to_owned());
        }
        if let (Progress::Offset(from), Progress::Offset(to)) = (&head.from, &head.to)
            && to < from
        {
            return Some(format!("it ends at offset {to} before it begins at {from}"));
        }
        let clock = before.and_then(|h| h.clock);
        // It may begin later than its predecessor ended: an input that is first assigned late begins at that day.
        if head.clock_before < clock || head.clock < head.clock_before {
            let word = |day: Option<Day>| day.map_or("none".to_owned(), |d| d.to_string());
            return Some(format!(
                "its clock goes from {} to {}, its predecessor's ends at {}",
                word(head.clock_before),
                word(head.clock),
                word(clock)
            ));
        }
        let c = head.counts;
        if c.read != c.accepted + c.duplicate + c.superseded + c.rejected || c.conflict > c.duplicate {
            return Some(format!("its counts do not add up: {c:?}"));
        }
        if self.lost.is_some() {
            return None;
        }
        let mut total = before.map_or(Counts::default(), |h| h.total);
        total += c;
        if head.total != total {
            return Some(format!("its totals are {:?}, they should be {total:?}", head.total));
        }
        let late = before.map_or(0, |h| h.late_total) + head.late_report;
        (head.late_total != late)
            .then(|| format!("its late rows are {} in all, they should be {late}", head.late_total))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use headwater_model::{FileProgress, Offset, Partition};

    use super::*;

    fn head(epoch: u64) -> EpochHead {
        let counts = |read| Counts { read, accepted: read, ..Counts::default() };
        EpochHead {
            input: Input { source: "s".into(), partition: Partition(1) },
            epoch: EpochNumber(epoch),
            origin: "t".into(),
            partitions: 1,
            from: Progress::Offset(Offset(epoch as i64 * 10)),
            to: Progress::Offset(Offset(epoch as i64 * 10 + 10)),
            clock_before: (epoch > 0).then_some(Day(100)),
            clock: Some(Day(100)),
            highest_known: None,
            counts: counts(3),
            total: counts(3 * (epoch + 1)),
            late_report: 1,
            late_total: epoch + 1,
            rows: 0,
            writer: "w".into(),
            build: "b".into(),
            previous: epoch.checked_sub(1).map(|before| Checksum(u128::from(before))),
        }
    }

    #[test]
    fn an_epoch_that_does_not_follow_is_refused_and_changes_nothing() {
        let mut chain = Chain::begin(head(0).input);
        chain.follow("0", &head(0), Checksum(0)).unwrap();
        type Change = fn(&mut EpochHead);
        let cases: [(&str, Change); 12] = [
            ("foreign", |h| h.input.partition = Partition(2)),
            ("foreign", |h| h.epoch = EpochNumber(2)),
            ("chain is broken", |h| h.previous = None),
            ("chain is broken", |h| h.previous = Some(Checksum(9))),
            ("begins at offset 11", |h| h.from = Progress::Offset(Offset(11))),
            ("ends at offset 9", |h| h.to = Progress::Offset(Offset(9))),
            ("mixes", |h| h.to = Progress::Files(BTreeMap::new())),
            ("clock", |h| h.clock_before = None),
            ("clock", |h| h.clock = Some(Day(99))),
            ("do not add up", |h| h.counts.rejected = 1),
            ("totals", |h| h.total.read += 1),
            ("late rows", |h| h.late_total += 1),
        ];
        for (word, change) in cases {
            let mut head = head(1);
            change(&mut head);
            let before = chain.clone();
            let refused = chain.follow("key/1", &head, Checksum(1)).unwrap_err().to_string();
            assert!(refused.contains(word) && refused.contains("key/1"), "{refused}");
            assert_eq!(chain, before);
        }
        chain.follow("1", &head(1), Checksum(1)).unwrap();
        assert_eq!((chain.next(), chain.checksum()), (EpochNumber(2), Some(Checksum(1))));
    }

    #[test]
    fn the_progress_of_a_folder_is_complete_in_the_chain() {
        let files = |names: &[(&str, i64)]| {
            let file = |next| FileProgress { head: "h".into(), head_bytes: 1, next: Offset(next), lines: 1 };
            Progress::Files(names.iter().map(|(name, next)| ((*name).to_owned(), file(*next))).collect())
        };
        let mut chain = Chain::begin(head(0).input);
        for (epoch, moved) in [(0, files(&[("a", 1), ("b", 1)])), (1, files(&[("b", 2), ("c", 3)]))] {
            let head = EpochHead { from: files(&[]), to: moved, ..head(epoch) };
            chain.follow("k", &head, Checksum(u128::from(epoch))).unwrap();
        }
        assert_eq!(chain.head().unwrap().to, files(&[("a", 1), ("b", 2), ("c", 3)]));
    }
}
