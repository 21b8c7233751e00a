//! The ledger: which records of an event hold, and what each arrival changes.
//!
//! Per identity it keeps the *staircase*: records whose rank rises with their known day. A record with a higher one
//! known no later is dominated for ever and is not kept, so memory grows with events and their real corrections, never
//! with repeats. The rows of a staircase are: under each record's known day, -1 for every row of the record before it
//! and +1 for every row of its own. An arrival emits the difference between the rows of the new staircase and the old.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use headwater_model::{Head, Identity, KnownDay, Row, Sign, SignedRow};

use crate::Class;
use crate::record::{Item, NONE, Record, Slab, Texts};

/// Identity -> the records of it that can still matter.
///
/// An event with one record and one item takes 48 bytes for the record, 40 for the row, 2 and its text for the event
/// id, and 10 to 20 for its slot of the index: about 125 bytes with an id of 20 characters, and up to twice that while a
/// slab has just grown. Each further step of its staircase takes 48 bytes, and 40 a row.
pub struct Ledger {
    /// The highest record of each identity.
    index: HashTable<Top>,
    pub(crate) records: Slab<Record>,
    pub(crate) items: Slab<Item>,
    pub(crate) texts: Texts,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger { index: HashTable::new(), records: Slab::new(), items: Slab::new(), texts: Texts::default() }
    }
}

/// A slot of the index. It holds half a hash, so that a growing index need not visit the records.
#[derive(Clone, Copy)]
struct Top {
    half: u32,
    record: u32,
}

/// The identity is a hash of good quality already; 32 bits of it tell apart as many slots as there can be.
fn half(identity: Identity) -> u32 {
    identity.0 as u32
}

/// The table takes its place from the low bits and its tag from the high ones.
fn spread(half: u32) -> u64 {
    u64::from(half) * 0x1_0000_0001
}

impl Ledger {
    /// Takes one record: says what it is and emits the rows that it changes, highest known day first.
    ///
    /// `event_id` is kept on the first sight of an identity. After an error of `emit` the ledger is part-way between
    /// two states and must not be used again.
    ///
    /// # Errors
    /// What `emit` returns.
    pub fn insert<E>(
        &mut self,
        head: &Head,
        rows: &[Row],
        event_id: &[u8],
        mut emit: impl FnMut(&SignedRow) -> Result<(), E>,
    ) -> Result<Class, E> {
        let Ledger { index, records, items, texts } = self;
        let half = half(head.identity);
        let entry = index.entry(
            spread(half),
            |top| top.half == half && records.get(top.record).identity() == head.identity,
            |top| spread(top.half),
        );
        let mut top = match entry {
            Entry::Occupied(top) => top,
            Entry::Vacant(slot) => {
                let new = keep(records, items, head, rows, texts.push(event_id));
                slot.insert(Top { half, record: new });
                signed_rows(items, records.get(new), Sign::Plus, head.known_on).try_for_each(|row| emit(&row))?;
                return Ok(Class::Accepted);
            }
        };

        let (mut above, mut prior) = (NONE, top.get().record);
        while prior != NONE && records.get(prior).rank() > head.rank {
            above = prior;
            prior = records.get(prior).below;
        }
        if prior != NONE && records.get(prior).rank() == head.rank {
            return Ok(Class::Duplicate { conflict: records.get(prior).content != head.content });
        }
        if above != NONE && records.get(above).known_on <= head.known_on {
            return Ok(Class::Superseded);
        }

        let new = keep(records, items, head, rows, records.get(top.get().record).text());
        let mut change = |items: &Slab<Item>, record: &Record, sign: Sign, known_on: KnownDay| {
            signed_rows(items, record, sign, known_on).try_for_each(|row| emit(&row))
        };
        if above != NONE {
            // The next change took back `prior` (if there was one); from now on it takes back this record.
            let day = records.get(above).known_on;
            change(items, records.get(new), Sign::Minus, day)?;
            if prior != NONE {
                change(items, records.get(prior), Sign::Plus, day)?;
            }
        }
        // Lower records known no earlier never come into force again: their changes are undone.
        let mut below = prior;
        let mut replaced_today = false;
        while below != NONE && records.get(below).known_on >= head.known_on {
            let dropped = *records.get(below);
            change(items, &dropped, Sign::Minus, dropped.known_on)?;
            if dropped.known_on == head.known_on {
                replaced_today = true; // on this day the record below both was taken back already
            } else if dropped.below != NONE {
                change(items, records.get(dropped.below), Sign::Plus, dropped.known_on)?;
            }
            forget(records, items, below);
            below = dropped.below;
        }
        if below != NONE && !replaced_today {
            change(items, records.get(below), Sign::Minus, head.known_on)?;
        }
        change(items, records.get(new), Sign::Plus, head.known_on)?;

        records.get_mut(new).below = below;
        if above == NONE {
            top.get_mut().record = new;
            Ok(Class::Accepted)
        } else {
            records.get_mut(above).below = new;
            Ok(Class::Superseded)
        }
    }

    /// The identities met so far.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether no record was taken yet.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Bytes in use: slabs with their freed slots, event ids, and the index as allocated.
    pub fn bytes(&self) -> usize {
        self.records.bytes() + self.items.bytes() + self.texts.bytes() + self.index.allocation_size()
    }

    /// The highest record of a kept record's identity.
    pub(crate) fn top(&self, record: &Record) -> u32 {
        let identity = record.identity();
        let half = half(identity);
        let is = |top: &Top| top.half == half && self.records.get(top.record).identity() == identity;
        self.index.find(spread(half), is).expect("every kept record hangs on the index").record
    }
}

fn keep(records: &mut Slab<Record>, items: &mut Slab<Item>, head: &Head, rows: &[Row], text: u64) -> u32 {
    let mut record = Record::new(head.identity, head.rank, head.known_on, head.content, text);
    for row in rows.iter().rev() {
        record.rows = items.insert(Item::new(row, record.rows));
    }
    records.insert(record)
}

fn forget(records: &mut Slab<Record>, items: &mut Slab<Item>, record: u32) {
    let mut item = records.get(record).rows;
    while item != NONE {
        items.free(item);
        item = items.get(item).next;
    }
    records.get_mut(record).set_free();
    records.free(record);
}

/// The rows of a record as a change under a known day.
pub(crate) fn signed_rows<'a>(
    items: &'a Slab<Item>,
    record: &Record,
    sign: Sign,
    known_on: KnownDay,
) -> impl Iterator<Item = SignedRow> + use<'a> {
    let (identity, rank, mut at) = (record.identity(), record.rank(), record.rows);
    std::iter::from_fn(move || {
        if at == NONE {
            return None;
        }
        let item = items.get(at);
        at = item.next;
        Some(SignedRow {
            sign,
            identity,
            rank,
            item: item.item,
            key: item.key(known_on),
            mass_mg: item.mass_mg(),
            pieces: item.pieces(),
            incidents: item.incidents,
        })
    })
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
        let bytes = |window: &Window| window.ledger.records.slots().len() + window.ledger.items.slots().len();
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
        let tops: Vec<u32> = ledger.records.slots().iter().map(|record| ledger.top(record)).collect();
        assert_eq!(tops, [0, 1]);
    }

    #[test]
    fn both_ends_of_a_hash_tell_events_apart() {
        assert_eq!(half(Identity(0x1234_8765_4321)), 0x8765_4321, "text is hashed well; its low bits do");
        assert_eq!(spread(0x8765_4321), 0x8765_4321_8765_4321);
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
