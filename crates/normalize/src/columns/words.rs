//! Columns of words that repeat: keys into a small list.

use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, DictionaryArray, PrimitiveArray, StringArray, new_null_array};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, ScalarBuffer};
use headwater_model::{Id, Table};

use super::schema::words;

/// A key for each row into the values of a table that the batch meets. Several columns may tell words of one value: the
/// ends of a route, the parts of a place.
pub(super) struct Keys<'a, T> {
    table: &'a Table<T>,
    /// The values met, in the order in which they are.
    met: Vec<Id<T>>,
    /// Of the first rows; the others have none.
    keys: ScalarBuffer<u32>,
    rows: usize,
}

impl<'a, T> Keys<'a, T> {
    /// The keys of `ids`, which are those of the first rows of `rows`; a row may have none.
    pub fn new(table: &'a Table<T>, rows: usize, ids: impl Iterator<Item = Option<Id<T>>>) -> Keys<'a, T> {
        const UNMET: u32 = u32::MAX;
        let mut key_of = vec![UNMET; table.len()];
        let mut met = Vec::new();
        let mut keys = Vec::with_capacity(rows);
        for id in ids {
            let Some(id) = id else {
                keys.push(UNMET);
                continue;
            };
            let key = &mut key_of[id.index()];
            if *key == UNMET {
                *key = met.len() as u32;
                met.push(id);
            }
            keys.push(*key);
        }
        Keys { table, met, keys: keys.into(), rows }
    }

    /// The column of a word of each value.
    pub fn column<S: AsRef<str>>(&self, word: impl Fn(&'a T) -> Option<S>) -> ArrayRef {
        let words: Vec<Option<S>> = self.met.iter().map(|id| word(self.table.get(*id))).collect();
        column(&self.keys, self.rows, &words)
    }
}

/// A column in which row `i` has the word number `keys[i]` of `list`; a row without such a key, or beyond the keys, has
/// none.
pub(super) fn column<S: AsRef<str>>(keys: &ScalarBuffer<u32>, rows: usize, list: &[Option<S>]) -> ArrayRef {
    if list.iter().all(Option::is_none) {
        return new_null_array(&words(), rows);
    }
    let values = StringArray::from_iter_values(list.iter().map(|w| w.as_ref().map_or("", AsRef::as_ref)));
    let whole = keys.len() == rows && list.iter().all(Option::is_some);
    let (keys, nulls) = if whole && keys.iter().all(|k| (*k as usize) < list.len()) {
        (keys.clone(), None)
    } else {
        // A word that is none is told by the key of its rows: some readers overlook it in the list.
        let has = |k: &u32| list.get(*k as usize).is_some_and(Option::is_some);
        let mut valid = BooleanBufferBuilder::new(rows);
        keys.iter().for_each(|k| valid.append(has(k)));
        valid.append_n(rows - keys.len(), false);
        let mut all: Vec<u32> = keys.iter().map(|k| if has(k) { *k } else { 0 }).collect();
        all.resize(rows, 0);
        (all.into(), Some(NullBuffer::new(valid.finish())))
    };
    Arc::new(DictionaryArray::new(PrimitiveArray::<UInt32Type>::new(keys, nulls), Arc::new(values)))
}
