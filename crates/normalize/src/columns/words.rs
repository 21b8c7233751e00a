//! Columns of words that repeat: keys into a small list.

use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, DictionaryArray, PrimitiveArray, StringArray};
use arrow_buffer::NullBuffer;
use hashbrown::HashMap;

use foldhash::fast::FixedState;

/// Numbers of a large table, renumbered from 0 in the order in which a batch meets them.
pub(super) struct Dense {
    keys: HashMap<u32, u32, FixedState>,
    pub order: Vec<u32>,
}

impl Dense {
    pub fn new() -> Dense {
        Dense { keys: HashMap::with_hasher(FixedState::with_seed(0x776f_7264)), order: Vec::new() }
    }

    pub fn key(&mut self, number: u32) -> u32 {
        *self.keys.entry(number).or_insert_with(|| {
            self.order.push(number);
            self.order.len() as u32 - 1
        })
    }
}

/// A column of words: row `i` has the word number `keys[i]` of `words`, rows beyond have none.
pub(super) fn column<S: AsRef<str>>(keys: &[u32], rows: usize, words: impl Iterator<Item = Option<S>>) -> ArrayRef {
    // A word that is none is told by the key of its rows: some readers overlook it in the list.
    let words: Vec<Option<S>> = words.collect();
    let none: Vec<bool> = words.iter().map(Option::is_none).collect();
    let values = StringArray::from_iter_values(words.iter().map(|w| w.as_ref().map_or("", AsRef::as_ref)));
    let mut all = keys.to_vec();
    all.resize(rows, 0);
    let nulls = (keys.len() < rows || none.contains(&true))
        .then(|| NullBuffer::from_iter((0..rows).map(|i| keys.get(i).is_some_and(|k| !none[*k as usize]))));
    let keys = PrimitiveArray::<UInt32Type>::new(all.into(), nulls);
    Arc::new(DictionaryArray::new(keys, Arc::new(values)))
}
