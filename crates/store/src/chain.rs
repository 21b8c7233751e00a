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
