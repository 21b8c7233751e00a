//! The part of a ledger that is in memory: the rules of the staircase.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use headwater_model::{Head, Identity, KnownDay, Row, Sign, SignedRow};

use crate::Class;
use crate::record::{Item, NONE, Record, Slab, Texts};

/// Identity -> the records of it that can still matter.
pub(crate) struct Hot {
    /// The highest record of each identity.
    index: HashTable<Top>,
    pub records: Slab<Record>,
    pub items: Slab<Item>,
    pub texts: Texts,
}

impl Default for Hot {
    fn default() -> Hot {
        Hot { index: HashTable::new(), records: Slab::new(), items: Slab::new(), texts: Texts::default() }
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

impl Hot {
    /// As [`crate::Ledger::insert`], of an identity that is here or nowhere.
    pub fn insert<E>(
        &mut self,
        head: &Head,
        rows: &[Row],
        event_id: &[u8],
        mut emit: impl FnMut(&SignedRow) -> Result<(), E>,
    ) -> Result<Class, E> {
        let Hot { index, records, items, texts } = self;
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

        let copy = records.get(top.get().record).copy.changed();
        records.get_mut(new).below = below;
        let class = if above == NONE {
            top.get_mut().record = new;
            Class::Accepted
        } else {
            records.get_mut(above).below = new;
            Class::Superseded
        };
        records.get_mut(top.get().record).copy = copy;
        Ok(class)
    }

    /// Identities held.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Bytes in use: slabs with their freed slots, event ids, and the index as allocated.
    pub fn bytes(&self) -> usize {
        self.records.bytes() + self.items.bytes() + self.texts.bytes() + self.index.allocation_size()
    }

    /// The highest record of an identity.
    pub fn find(&self, identity: Identity) -> Option<u32> {
        let half = half(identity);
        let is = |top: &Top| top.half == half && self.records.get(top.record).identity() == identity;
        self.index.find(spread(half), is).map(|top| top.record)
    }

    /// The highest records, in no order.
    pub fn tops(&self) -> impl Iterator<Item = u32> {
        self.index.iter().map(|top| top.record)
    }

    /// The highest records in the order of their slots: who visits all of them walks through memory instead of jumping.
    pub fn sorted_tops(&self) -> Vec<u32> {
        let mut tops: Vec<u32> = self.tops().collect();
        tops.sort_unstable();
        tops
    }

    /// Hangs a chain on the index, whose highest record this is and whose identity is not here yet.
    pub fn hang(&mut self, record: u32) {
        let half = half(self.records.get(record).identity());
        self.index.insert_unique(spread(half), Top { half, record }, |top| spread(top.half));
    }

    /// Empty, with an index for as much as another holds.
    pub fn with_room_of(other: &Hot) -> Hot {
        Hot { index: HashTable::with_capacity(other.index.len()), ..Hot::default() }
    }

    /// Takes over an identity of another, by its highest record there.
    pub fn adopt(&mut self, other: &Hot, top: u32) {
        let text = self.texts.push(other.texts.get(other.records.get(top).text()));
        let (mut from, mut above) = (top, NONE);
        while from != NONE {
            let mut record = *other.records.get(from);
            from = record.below;
            record.set_text(text);
            let (mut item, mut last) = (record.rows, NONE);
            while item != NONE {
                let mut row = *other.items.get(item);
                item = std::mem::replace(&mut row.next, NONE);
                let new = self.items.insert(row);
                match last {
                    NONE => record.rows = new,
                    last => self.items.get_mut(last).next = new,
                }
                last = new;
            }
            let new = self.records.insert(record);
            match above {
                NONE => self.hang(new),
                above => self.records.get_mut(above).below = new,
            }
            above = new;
        }
    }

    /// Holds nothing any more.
    pub fn clear(&mut self) {
        self.index.clear();
        self.records.clear();
        self.items.clear();
        self.texts.clear();
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
    use super::*;

    #[test]
    fn both_ends_of_a_hash_tell_events_apart() {
        assert_eq!(half(Identity(0x1234_8765_4321)), 0x8765_4321, "text is hashed well; its low bits do");
        assert_eq!(spread(0x8765_4321), 0x8765_4321_8765_4321);
    }
}
