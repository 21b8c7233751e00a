//! The ledger: which records of an event hold, and what each arrival changes.
//!
//! Per identity it keeps the *staircase*: records whose rank rises with their known day. A record with a higher one
//! known no later is dominated for ever and is not kept, so memory grows with events and their real corrections, never
//! with repeats. The rows of a staircase are: under each record's known day, -1 for every row of the record before it
//! and +1 for every row of its own. An arrival emits the difference between the rows of the new staircase and the old.
//!
//! With a cold store the ledger keeps to a limit of memory: when it comes near, all but the latest quarter of the
//! identities go there, each as its staircase in few bytes. A filter in memory knows nearly all new identities to be
//! new, so that they never ask the disk; an old one that is met again comes back to memory.

use std::ops::ControlFlow;

use headwater_model::{Cold, ColdError, Entries, Head, Identity, Row, Sign, SignedRow};

use crate::filter::Filter;
use crate::hot::{Hot, signed_rows};
use crate::record::{Copied, NONE};
use crate::{Class, staircase};

/// The part of the limit that the hot identities and the filter may take; the rest is for the moment in which the
/// latest quarter is laid out anew and the others stand in line for the disk.
const HOT_PARTS: (usize, usize) = (3, 4);
/// The part of the hot records that stays, by order of arrival.
const STAYING_PARTS: (usize, usize) = (1, 4);

/// Identity -> the records of it that can still matter.
///
/// An event with one record and one item takes 48 bytes for the record, 40 for the row, 2 and its text for the event
/// id, and 10 to 20 for its slot of the index: about 125 bytes with an id of 20 characters, and up to twice that while a
/// slab has just grown. Each further step of its staircase takes 48 bytes, and 40 a row. Cold it takes 2 bytes of
/// memory, and with its 16 bytes of identity some 60 before the store's own; over fjall 86 on disk.
#[derive(Default)]
pub struct Ledger {
    pub(crate) hot: Hot,
    limit: Option<usize>,
    spill: Option<Spill>,
}

/// What is not in memory.
pub(crate) struct Spill {
    store: Box<dyn Cold>,
    filter: Filter,
    /// The filter would take more than half the limit: every identity that is not hot asks the store.
    blind: bool,
    /// Identities that the store holds.
    held: usize,
    /// Of those, how many are hot too.
    both: usize,
    /// What the store gave, and what it is given.
    value: Vec<u8>,
}

/// Why a record was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsertError<E> {
    /// The caller's own error on a row.
    Emit(E),
    /// The cold store failed.
    Cold(ColdError),
}

impl<E> From<ColdError> for InsertError<E> {
    fn from(error: ColdError) -> Self {
        InsertError::Cold(error)
    }
}

impl Ledger {
    /// Takes one record: says what it is and emits the rows that it changes, highest known day first.
    ///
    /// `event_id` is kept on the first sight of an identity. After an error the ledger is part-way between two states
    /// and must not be used again.
    ///
    /// # Errors
    /// What `emit` returns, or what befell the cold store.
    pub fn insert<E>(
        &mut self,
        head: &Head,
        rows: &[Row],
        event_id: &[u8],
        emit: impl FnMut(&SignedRow) -> Result<(), E>,
    ) -> Result<Class, InsertError<E>> {
        if self.spill.is_some() {
            self.promote(head.identity)?;
        }
        let class = self.hot.insert(head, rows, event_id, emit).map_err(InsertError::Emit)?;
        if self.spill.is_some() && self.hot.bytes() > self.room() {
            self.spill()?;
        }
        Ok(class)
    }

    /// Gives the ledger a place for what exceeds its limit. The store must be empty, and nobody else's.
    pub fn set_cold(&mut self, store: Box<dyn Cold>) {
        let (filter, value) = (Filter::default(), Vec::new());
        self.spill = Some(Spill { store, filter, blind: false, held: 0, both: 0, value });
    }

    /// How many bytes of memory the ledger may take, from the next record on; at first there is no limit. Without a cold
    /// store it has no effect.
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = Some(bytes);
    }

    /// Brings an identity back to memory where it is cold.
    fn promote(&mut self, identity: Identity) -> Result<(), ColdError> {
        let Ledger { hot, spill: Some(spill), .. } = self else { return Ok(()) };
        let asks = spill.blind || spill.filter.may_hold(identity);
        if !asks || hot.find(identity).is_some() || !spill.store.get(identity, &mut spill.value)? {
            return Ok(());
        }
        let damaged = ColdError::Damaged { identity: identity.0 };
        let top = staircase::decode(hot, identity, &spill.value, u32::MAX).ok_or(damaged)?;
        hot.records.get_mut(top).copy = Copied::Same;
        spill.both += 1;
        Ok(())
    }

    /// Bytes that the hot identities may take.
    fn room(&self) -> usize {
        let Some(limit) = self.limit else { return usize::MAX };
        (limit / HOT_PARTS.1 * HOT_PARTS.0).saturating_sub(self.filter_bytes())
    }

    /// Moves all but the latest identities to the cold store.
    fn spill(&mut self) -> Result<(), ColdError> {
        let Some(limit) = self.limit else { return Ok(()) };
        let Ledger { hot, spill: Some(spill), .. } = self else { return Ok(()) };
        let slots = hot.records.len();
        let first = (slots - slots / STAYING_PARTS.1 * STAYING_PARTS.0) as u32;
        let mut going: Vec<(u64, u32)> = Vec::with_capacity(hot.len());
        let mut staying: Vec<u32> = Vec::new();
        for top in hot.tops() {
            let record = hot.records.get(top);
            if top >= first {
                staying.push(top);
            } else if record.copy != Copied::Same {
                going.push(((record.identity().0 >> 64) as u64, top));
            }
        }
        let identity = |top: u32| hot.records.get(top).identity();
        going.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| identity(a.1).cmp(&identity(b.1))));
        spill.store.put_all(&mut Going { hot, going: going.iter(), value: &mut spill.value })?;

        staying.sort_unstable();
        let mut rest = Hot::with_room_of(hot);
        spill.both = 0;
        for &top in &staying {
            spill.both += usize::from(hot.records.get(top).copy != Copied::No);
            rest.adopt(hot, top);
        }
        going.retain(|&(_, top)| hot.records.get(top).copy == Copied::No);
        *hot = rest;
        spill.held += going.len();
        spill.blind |= spill.filter.bytes() + going.len() * size_of::<u16>() > limit / 2;
        if spill.blind {
            spill.filter = Filter::default();
        } else {
            spill.filter.add(limit, &going);
        }
        Ok(())
    }

    /// The identities met so far.
    pub fn len(&self) -> usize {
        self.hot.len() + self.cold_len()
    }

    /// The identities that are not in memory.
    pub fn cold_len(&self) -> usize {
        self.spill.as_ref().map_or(0, |spill| spill.held - spill.both)
    }

    /// Whether no record was taken yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory in use: slabs with their freed slots, event ids, the index as allocated, and the filter.
    pub fn bytes(&self) -> usize {
        self.hot.bytes() + self.filter_bytes()
    }

    /// Of those bytes, what knows which identities are not in memory.
    pub fn filter_bytes(&self) -> usize {
        self.spill.as_ref().map_or(0, |spill| spill.filter.bytes())
    }

    /// Hands out every identity that is not in memory, with its staircase in bytes.
    pub(crate) fn each_cold(&self, each: &mut dyn FnMut(Identity, &[u8]) -> ControlFlow<()>) -> Result<(), ColdError> {
        let Some(spill) = self.spill.as_ref().filter(|spill| spill.held > spill.both) else { return Ok(()) };
        spill.store.for_each(&mut |identity, value| match self.hot.find(identity) {
            Some(_) => ControlFlow::Continue(()),
            None => each(identity, value),
        })
    }

    /// Hands out every row that the records' staircases mean, of every day: they sum to the panes.
    pub(crate) fn each_row<E: From<ColdError>>(
        &self,
        each: &mut dyn FnMut(SignedRow) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each_top(&mut |hot, mut at| {
            while at != NONE {
                let record = hot.records.get(at);
                let (day, below) = (record.known_on, record.below);
                signed_rows(&hot.items, record, Sign::Plus, day).try_for_each(&mut *each)?;
                if below != NONE {
                    let replaced = hot.records.get(below);
                    signed_rows(&hot.items, replaced, Sign::Minus, day).try_for_each(&mut *each)?;
                }
                at = below;
            }
            Ok(())
        })
    }

    /// Hands out the rows that are in force now: they sum to the volumes.
    pub(crate) fn each_in_force<E: From<ColdError>>(
        &self,
        each: &mut dyn FnMut(SignedRow) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each_top(&mut |hot, top| {
            let record = hot.records.get(top);
            signed_rows(&hot.items, record, Sign::Plus, record.known_on).try_for_each(&mut *each)
        })
    }

    /// Hands out the highest record of every identity, and where it lies.
    fn each_top<E: From<ColdError>>(&self, each: &mut dyn FnMut(&Hot, u32) -> Result<(), E>) -> Result<(), E> {
        for top in self.hot.sorted_tops() {
            each(&self.hot, top)?;
        }
        let mut one = Hot::default();
        let mut failed = None;
        self.each_cold(&mut |identity, value| {
            one.clear();
            let read = match staircase::decode(&mut one, identity, value, u32::MAX) {
                Some(top) => each(&one, top),
                None => Err(ColdError::Damaged { identity: identity.0 }.into()),
            };
            match read {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// Takes an identity that was not met before, as its staircase in bytes. `None` where they are damaged.
    pub(crate) fn restore(&mut self, identity: Identity, value: &[u8], series: u32) -> Option<Result<(), ColdError>> {
        let asks = self.spill.as_ref().is_some_and(|spill| spill.filter.may_hold(identity));
        if asks && let Err(error) = self.promote(identity) {
            return Some(Err(error));
        }
        staircase::decode(&mut self.hot, identity, value, series)?;
        if self.spill.is_some() && self.hot.bytes() > self.room() {
            return Some(self.spill());
        }
        Some(Ok(()))
    }
}

/// The identities on their way to the cold store.
struct Going<'a> {
    hot: &'a Hot,
    going: std::slice::Iter<'a, (u64, u32)>,
    value: &'a mut Vec<u8>,
}

impl Entries for Going<'_> {
    fn next(&mut self) -> Option<(Identity, &[u8])> {
        let &(_, top) = self.going.next()?;
        self.value.clear();
        staircase::encode(self.hot, top, self.value);
        Some((self.hot.records.get(top).identity(), self.value))
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Names;

    use super::*;
    use crate::Window;
    use crate::fixture::{Said, after, feed, mass, observe, spelt};

    const ACCEPTED: Class = Class::Accepted;
    const SUPERSEDED: Class = Class::Superseded;
    const DUPLICATE: Class = Class::Duplicate { conflict: false };
    const CONFLICT: Class = Class::Duplicate { conflict: true };

    /// Known day, event day, milligrams, events: the panes of records that all lie in one series.
    fn panes(window: &Window) -> Vec<(i32, i32, i64, i64)> {
        let mut panes: Vec<_> = spelt(&window.panes, &window.names)
            .into_iter()
            .map(|((_, event_day, _, known_on), sums)| (known_on, event_day, sums.mass_mg, sums.events))
            .collect();
        panes.sort_unstable();
        panes
    }

    /// Feeds records one by one and checks the class of each.
    fn classes(records: &[(Said, Class)]) -> Window {
        let mut window = Window::default();
        for (said, expected) in records {
            let (counts, _) = feed(&mut window, std::slice::from_ref(said));
            let class = match (counts.accepted, counts.duplicate, counts.superseded, counts.conflict) {
                (1, 0, 0, 0) => ACCEPTED,
                (0, 1, 0, 0) => DUPLICATE,
                (0, 1, 0, 1) => CONFLICT,
                (0, 0, 1, 0) => SUPERSEDED,
                other => panic!("{other:?}"),
            };
            assert_eq!(class, *expected, "{said:?}");
        }
        window
    }

    #[test]
    fn a_revision_takes_back_and_counts_under_its_own_day() {
        let window = classes(&[
            (Said::new("E", 0, 10, &[mass(1, 100)]), ACCEPTED),
            (Said::new("E", 1, 20, &[mass(2, 70)]), ACCEPTED),
        ]);
        assert_eq!(panes(&window), [(10, 1, 100, 1), (20, 1, -100, -1), (20, 2, 70, 1)]);
    }

    #[test]
    fn the_same_record_again_is_a_duplicate_and_other_content_a_conflict() {
        let window = classes(&[
            (Said::new("E", 0, 10, &[mass(1, 100)]), ACCEPTED),
            (Said::new("E", 0, 10, &[mass(1, 100)]), DUPLICATE),
            (Said::new("E", 0, 10, &[mass(1, 101)]), CONFLICT),
            (Said::new("E", 0, 9, &[mass(1, 100)]), CONFLICT),
        ]);
        assert_eq!(panes(&window), [(10, 1, 100, 1)], "the first arrival holds");
    }

    #[test]
    fn a_copy_of_a_lower_record_that_still_matters_is_a_duplicate() {
        classes(&[
            (Said::new("E", 0, 10, &[mass(1, 100)]), ACCEPTED),
            (Said::new("E", 1, 20, &[mass(1, 70)]), ACCEPTED),
            (Said::new("E", 0, 10, &[mass(1, 100)]), DUPLICATE),
        ]);
    }

    #[test]
    fn a_copy_of_a_dropped_record_is_superseded() {
        let window = classes(&[
            (Said::new("E", 0, 10, &[mass(1, 100)]), ACCEPTED),
            (Said::new("E", 1, 10, &[mass(1, 70)]), ACCEPTED),
            (Said::new("E", 0, 10, &[mass(1, 100)]), SUPERSEDED),
        ]);
        assert_eq!(panes(&window), [(10, 1, 70, 1)]);
    }

    #[test]
    fn a_lower_record_known_earlier_writes_under_its_day_and_undoes_under_the_next_change() {
        let window = classes(&[
            (Said::new("E", 1, 20, &[mass(1, 70)]), ACCEPTED),
            (Said::new("E", 0, 10, &[mass(1, 100)]), SUPERSEDED),
        ]);
        assert_eq!(panes(&window), [(10, 1, 100, 1), (20, 1, -30, 0)]);
    }

    #[test]
    fn a_lower_record_known_later_never_counts() {
        let mut window = after(&[Said::new("E", 1, 20, &[mass(1, 70)])]);
        let (counts, rows) =
            feed(&mut window, &[Said::new("E", 0, 20, &[mass(1, 1)]), Said::new("E", 0, 21, &[mass(1, 2)])]);
        assert_eq!((counts.superseded, rows), (2, vec![]));
    }

    #[test]
    fn a_withdrawal_before_its_event_is_remembered() {
        let window = classes(&[
            (Said::withdrawn("E", 0, 10), ACCEPTED),
            (Said::new("E", 0, 12, &[mass(1, 100)]), SUPERSEDED),
            (Said::withdrawn("E", 0, 10), DUPLICATE),
        ]);
        assert_eq!(panes(&window), []);
        let window =
            classes(&[(Said::withdrawn("E", 0, 10), ACCEPTED), (Said::new("E", 0, 8, &[mass(1, 100)]), SUPERSEDED)]);
        assert_eq!(panes(&window), [(8, 1, 100, 1), (10, 1, -100, -1)]);
    }

    #[test]
    fn a_higher_revision_counts_again_after_a_withdrawal() {
        let window = classes(&[
            (Said::new("E", 0, 10, &[mass(1, 100)]), ACCEPTED),
            (Said::withdrawn("E", 0, 11), ACCEPTED),
            (Said::new("E", 1, 12, &[mass(1, 90)]), ACCEPTED),
        ]);
        assert_eq!(panes(&window), [(10, 1, 100, 1), (11, 1, -100, -1), (12, 1, 90, 1)]);
    }

    #[test]
    fn items_may_vanish_and_appear() {
        let window = classes(&[
            (Said::new("E", 0, 10, &[mass(1, 1), mass(2, 2), mass(3, 3)]), ACCEPTED),
            (Said::new("E", 1, 11, &[mass(3, 3)]), ACCEPTED),
            (Said::new("E", 2, 12, &[mass(3, 3), mass(4, 4)]), ACCEPTED),
        ]);
        let first = [(10, 1, 1, 1), (10, 2, 2, 1), (10, 3, 3, 1)];
        assert_eq!(panes(&window), [&first[..], &[(11, 1, -1, -1), (11, 2, -2, -1), (12, 4, 4, 1)]].concat());
    }

    #[test]
    fn a_change_of_the_same_day_takes_back_only_what_was_in_force() {
        let mut window = after(&[Said::new("E", 0, 10, &[mass(1, 1)]), Said::new("E", 1, 20, &[mass(1, 2)])]);
        let (_, rows) = feed(&mut window, &[Said::new("E", 2, 20, &[mass(1, 3)])]);
        let rows: Vec<_> = rows.iter().map(|r| (r.sign, r.rank.revision, r.key.known_on.0.0, r.mass_mg)).collect();
        assert_eq!(rows, [(Sign::Minus, 1, 20, Some(2)), (Sign::Plus, 2, 20, Some(3))]);
    }

    #[test]
    fn an_early_high_revision_undoes_all_that_it_dominates() {
        let mut window = after(&[
            Said::new("E", 0, 10, &[mass(1, 1)]),
            Said::new("E", 1, 20, &[mass(1, 2)]),
            Said::new("E", 2, 30, &[mass(1, 3)]),
        ]);
        let (_, rows) = feed(&mut window, &[Said::new("E", 3, 15, &[mass(1, 4)])]);
        let rows: Vec<_> = rows.iter().map(|r| (r.sign as i8, r.rank.revision, r.key.known_on.0.0)).collect();
        assert_eq!(rows, [(-1, 2, 30), (1, 1, 30), (-1, 1, 20), (1, 0, 20), (-1, 0, 15), (1, 3, 15)]);
        assert_eq!(panes(&window), [(10, 1, 1, 1), (15, 1, 3, 0)]);
    }

    #[test]
    fn the_same_records_twenty_times_take_no_more_memory() {
        let records: Vec<Said> = (0..200)
            .flat_map(|n| {
                let event = format!("E-{}", n / 4);
                [Said::new(&event, n % 4, 40 - n as i32 % 3, &[mass(1, 1), mass(2, 2)]), Said::withdrawn(&event, 2, 39)]
            })
            .collect();
        let mut window = after(&records);
        let once = (window.ledger.bytes(), window.panes.bytes(), window.ledger.len());
        for _ in 1..20 {
            feed(&mut window, &records);
        }
        assert_eq!((window.ledger.bytes(), window.panes.bytes(), window.ledger.len()), once);
    }

    #[test]
    fn dropped_records_make_room_for_others() {
        let mut window = after(&[Said::new("E", 0, 10, &[mass(1, 1), mass(2, 2)])]);
        let bytes = |window: &Window| window.ledger.hot.records.len() + window.ledger.hot.items.len();
        feed(&mut window, &[Said::new("E", 1, 10, &[mass(1, 3), mass(2, 4)])]);
        let size = bytes(&window);
        for revision in 2..50 {
            feed(&mut window, &[Said::new("E", revision, 10, &[mass(1, 3), mass(2, 4)])]);
        }
        assert_eq!(bytes(&window), size);
    }

    #[test]
    fn events_whose_hashes_share_a_half_stay_apart() {
        let mut ledger = Ledger::default();
        assert!(ledger.is_empty());
        let mut names = Names::default();
        let (batch, observations) = observe(&mut names, &[Said::new("E", 0, 1, &[mass(1, 1)])]);
        for high in [1, 2, 1] {
            let head = Head { identity: Identity(high << 64 | 7), ..observations.heads[0] };
            let class = ledger.insert(&head, &observations.rows, &batch.data, |_| Ok::<(), ()>(()));
            assert_eq!(class, Ok(if high == 1 && ledger.len() == 2 { DUPLICATE } else { ACCEPTED }));
        }
        let tops: Vec<u32> =
            ledger.hot.records.slots().filter_map(|record| ledger.hot.find(record.identity())).collect();
        assert_eq!(tops, [0, 1]);
    }

    #[test]
    fn a_plain_event_takes_some_125_bytes() {
        let records: Vec<Said> = (0..28_000).map(|n| Said::new(&format!("{n:020}"), 0, 1, &[mass(1, 1)])).collect();
        let window = after(&records);
        let bytes = window.ledger.bytes() / records.len();
        assert!((110..=130).contains(&bytes), "{bytes}");
        assert_eq!((window.ledger.len(), window.ledger.is_empty()), (28_000, false));
    }
}
