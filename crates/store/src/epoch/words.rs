//! Columns of words that repeat, each word looked up once.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, StringArray, UInt32Array};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::DataType;

use super::EpochError;

/// What the words of a column stand for, batch after batch. The batches of a row group share their words, which are then
/// not looked up again.
pub(super) struct Words<T> {
    name: &'static str,
    of: Option<StringArray>,
    /// None of a word that the column cannot have.
    values: Vec<Option<T>>,
    /// The first of those.
    bad: Option<String>,
    keys: ScalarBuffer<u32>,
    nulls: Option<NullBuffer>,
}

impl<T: Copy> Words<T> {
    /// A column of this name, without a row yet.
    pub fn new(name: &'static str) -> Words<T> {
        let keys = ScalarBuffer::from(Vec::new());
        Words { name, of: None, values: Vec::new(), bad: None, keys, nulls: None }
    }

    /// The column's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Goes on to the next batch. `value` tells what a word stands for; `None`: a word that the column cannot have. It is
    /// no error while no row has it: the library puts an empty word into the list of a column without words.
    pub fn set(&mut self, column: &ArrayRef, mut value: impl FnMut(&str) -> Option<T>) -> Result<(), EpochError> {
        let (keys, words) = parts(self.name, column)?;
        (self.keys, self.nulls) = (keys.keys().values().clone(), keys.keys().nulls().cloned());
        if !self.of.as_ref().is_some_and(|of| same(of, words)) {
            (self.of, self.bad) = (None, None);
            self.values.clear();
            for word in words.iter() {
                let word = word.unwrap_or("");
                let value = value(word);
                if value.is_none() && self.bad.is_none() {
                    self.bad = Some(word.to_owned());
                }
                self.values.push(value);
            }
            self.of = Some(words.clone());
        }
        match &self.bad {
            Some(bad) if (0..self.keys.len()).any(|row| self.has_word(row) && self.get(row).is_none()) => {
                Err(EpochError::Value { column: self.name, value: bad.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Goes on to a batch in which no row has a word.
    pub fn clear(&mut self) {
        (self.keys, self.nulls) = (ScalarBuffer::from(Vec::new()), None);
    }

    fn has_word(&self, row: usize) -> bool {
        row < self.keys.len() && !self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// What the word of a row stands for.
    #[inline]
    pub fn get(&self, row: usize) -> Option<T> {
        if !self.has_word(row) {
            return None;
        }
        self.values.get(self.keys[row] as usize).copied().flatten()
    }

    /// The same, where the column must have a word.
    #[inline]
    pub fn must(&self, row: usize) -> Result<T, EpochError> {
        self.get(row).ok_or_else(|| EpochError::Value { column: self.name, value: String::new() })
    }
}

impl Words<u32> {
    /// What the words of all rows stand for.
    pub fn numbers(&self) -> UInt32Array {
        // A row without a word may have any key.
        let numbers = self.keys.iter().map(|key| self.values.get(*key as usize).copied().flatten().unwrap_or(0));
        UInt32Array::new(numbers.collect(), self.nulls.clone())
    }
}

/// Keys and words of a column.
pub(super) fn parts<'a>(
    name: &str,
    column: &'a ArrayRef,
) -> Result<(&'a DictionaryArray<UInt32Type>, &'a StringArray), EpochError> {
    let keys = column.as_dictionary_opt::<UInt32Type>();
    let both = keys.and_then(|keys| Some((keys, keys.values().as_string_opt::<i32>()?)));
    both.ok_or_else(|| EpochError::Column {
        name: name.to_owned(),
        expected: words_type(),
        found: column.data_type().to_string(),
    })
}

/// Whether two lists are the same memory, as those of one row group are: the first is held, so that no other list can
/// come to lie at its place.
fn same(a: &StringArray, b: &StringArray) -> bool {
    a.len() == b.len()
        && std::ptr::eq(a.value_offsets(), b.value_offsets())
        && std::ptr::eq(a.value_data(), b.value_data())
}

pub(super) fn words_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
}
