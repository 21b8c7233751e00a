//! The ledger: which records of an event hold, and what each arrival changes.
//!
//! Per identity it keeps the *staircase*: records whose rank rises with their known day. A record with a higher one
//! known no later is dominated for ever and is not kept, so memory grows with events and their real corrections, never
//! with repeats. The rows of a staircase are: under each record's known day, -1 for every row of the record before it
//! and +1 for every row of its own. An arrival emits the difference between the rows of the new staircase and the old.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use headwater_model::{Head, KnownDay, Row};

use crate::record::{Item, NONE, Record, Slab, Texts};
use crate::{Class, Sign, SignedRow};

/// Identity -> the records of it that can still matter.
///
/// An event with one record and one item takes 48 bytes for the record, 40 for the row, 2 and its text for the event
/// id, and 5 to 10 for its slot of the index: about 115 bytes with an id of 20 characters, and up to twice that while a
/// slab has just grown. Each further step of its staircase takes 48 bytes, and 40 a row.
pub struct Ledger {
    /// The highest record of each identity.
    index: HashTable<u32>,
    pub(crate) records: Slab<Record>,
    pub(crate) items: Slab<Item>,
    pub(crate) texts: Texts,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger { index: HashTable::new(), records: Slab::new(), items: Slab::new(), texts: Texts::default() }
    }
}

/// The identity is a hash of good quality already.
fn hash(identity: headwater_model::Identity) -> u64 {
    identity.0 as u64
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
        let entry = index.entry(
            hash(head.identity),
            |&i| records.get(i).identity() == head.identity,
            |&i| hash(records.get(i).identity()),
        );
        let mut top = match entry {
            Entry::Occupied(top) => top,
            Entry::Vacant(slot) => {
                let new = keep(records, items, head, rows, texts.push(event_id));
                slot.insert(new);
                signed_rows(items, records.get(new), Sign::Plus, head.known_on).try_for_each(|row| emit(&row))?;
                return Ok(Class::Accepted);
            }
        };

        let (mut above, mut prior) = (NONE, *top.get());
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

        let new = keep(records, items, head, rows, records.get(*top.get()).text());
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
            *top.get_mut() = new;
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
        let top = self.index.find(hash(identity), |&i| self.records.get(i).identity() == identity);
        top.copied().expect("every kept record hangs on the index")
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
