//! Columns of a row group, by name and type; one that the group lacks is null in every row.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{
    Array, ArrowPrimitiveType, DictionaryArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray,
};

/// The name of a column that is not what it should be.
#[derive(Debug)]
pub(crate) struct BadColumn(pub &'static str);

impl std::fmt::Display for BadColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "its column {} is of another type", self.0)
    }
}

/// A column of words that repeat.
pub(crate) struct Words<'a> {
    keys: Option<&'a DictionaryArray<UInt32Type>>,
    words: Option<&'a StringArray>,
}

impl<'a> Words<'a> {
    pub fn of(batch: &'a RecordBatch, name: &'static str) -> Result<Words<'a>, BadColumn> {
        let Some(column) = batch.column_by_name(name) else { return Ok(Words { keys: None, words: None }) };
        let keys = column.as_dictionary_opt::<UInt32Type>().ok_or(BadColumn(name))?;
        let words = keys.values().as_string_opt::<i32>().ok_or(BadColumn(name))?;
        Ok(Words { keys: Some(keys), words: Some(words) })
    }

    /// The place of a row's word in the list of words.
    #[inline]
    pub fn key(&self, row: usize) -> Option<usize> {
        let keys = self.keys?;
        keys.is_valid(row).then(|| keys.keys().value(row) as usize)
    }

    /// The list of words; some may stand in no row.
    pub fn words(&self) -> impl Iterator<Item = &'a str> {
        self.words.into_iter().flat_map(|words| words.iter().map(|word| word.unwrap_or("")))
    }

    /// The word of a row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        self.key(row).and_then(|key| self.words.map(|words| words.value(key)))
    }

    /// For each word whether it is wanted.
    pub fn wanted(&self, wanted: impl Fn(&str) -> bool) -> Vec<bool> {
        self.words().map(wanted).collect()
    }

    pub fn owned(&self, row: usize) -> Option<String> {
        self.get(row).map(str::to_owned)
    }
}

/// A column of texts that seldom repeat.
pub(crate) struct Texts<'a>(Option<&'a StringViewArray>);

impl<'a> Texts<'a> {
    pub fn of(batch: &'a RecordBatch, name: &'static str) -> Result<Texts<'a>, BadColumn> {
        let column = batch.column_by_name(name);
        Ok(Texts(column.map(|column| column.as_string_view_opt().ok_or(BadColumn(name))).transpose()?))
    }

    #[inline]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        self.0.filter(|column| column.is_valid(row)).map(|column| column.value(row))
    }

    pub fn owned(&self, row: usize) -> Option<String> {
        self.get(row).map(str::to_owned)
    }
}

/// A column of numbers or days.
pub(crate) struct Numbers<'a, T: ArrowPrimitiveType>(Option<&'a PrimitiveArray<T>>);

impl<'a, T: ArrowPrimitiveType> Numbers<'a, T> {
    pub fn of(batch: &'a RecordBatch, name: &'static str) -> Result<Numbers<'a, T>, BadColumn> {
        let column = batch.column_by_name(name);
        Ok(Numbers(column.map(|column| column.as_primitive_opt::<T>().ok_or(BadColumn(name))).transpose()?))
    }

    #[inline]
    pub fn get(&self, row: usize) -> Option<T::Native> {
        self.0.filter(|column| column.is_valid(row)).map(|column| column.value(row))
    }
}
