//! Reading the keys of a TOML table one by one, with their lines, collecting what is wrong instead of stopping at it.

use std::ops::Range;

use headwater_model::Day;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{CatalogError, Problem, nearest};

/// Where a value stands: the number of its file in the order of loading, and its line. Later compares greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) file: u32,
    pub(crate) line: u32,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) at: At,
}

/// What is wrong, and where; the file's name is put in at the end.
pub(crate) type Fault = (At, Problem);

/// Puts the files' names to faults, in the order of the lines.
pub(crate) fn name_files(mut faults: Vec<Fault>, files: &[Box<str>]) -> Vec<CatalogError> {
    faults.sort_by_key(|(at, _)| *at);
    let name = |at: At| files[at.file as usize].clone();
    faults.into_iter().map(|(at, problem)| CatalogError { file: name(at), line: at.line, problem }).collect()
}

/// A file that is being read.
pub(crate) struct Reader {
    file: u32,
    line_starts: Vec<usize>,
    pub(crate) faults: Vec<Fault>,
}

impl Reader {
    /// Prepares to read the text of the file with that number.
    pub(crate) fn new(file: u32, text: &str) -> Reader {
        let line_starts = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1).collect();
        Reader { file, line_starts, faults: Vec::new() }
    }

    /// The line of a span.
    pub(crate) fn at(&self, span: Range<usize>) -> At {
        At { file: self.file, line: self.line_starts.partition_point(|s| *s <= span.start) as u32 + 1 }
    }

    /// Notes what is wrong at a span.
    pub(crate) fn fault(&mut self, span: Range<usize>, problem: Problem) {
        self.faults.push((self.at(span), problem));
    }

    /// Parses the text; what TOML itself forbids is noted, what could be read is given.
    pub(crate) fn parse<'t>(&mut self, text: &'t str) -> Spanned<DeTable<'t>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for e in errors {
            self.fault(e.span().unwrap_or(0..0), Problem::Syntax(e.message().into()));
        }
        table
    }

    /// Notes every key that is not one of `known`.
    pub(crate) fn only(&mut self, table: &DeTable<'_>, known: &[&'static str]) {
        for key in table.keys().filter(|k| !known.contains(&k.get_ref().as_ref())) {
            let name = key.get_ref().as_ref();
            let nearest = nearest(name, known.iter().copied());
            self.fault(key.span(), Problem::UnknownKey { key: name.into(), nearest });
        }
    }

    pub(crate) fn wrong_type(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: &'static str) {
        let found = match value.get_ref() {
            DeValue::String(s) if s.trim().is_empty() => "empty",
            other => other.type_str(),
        };
        self.fault(value.span(), Problem::WrongType { key: key.into(), expected, found });
    }

    /// A text that is not empty.
    fn as_text(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Located<Box<str>>> {
        match value.get_ref().as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Some(Located { value: text.into(), at: self.at(value.span()) }),
            _ => {
                self.wrong_type(key, value, "a text that is not empty");
                None
            }
        }
    }

    /// The text of a key.
    pub(crate) fn text(&mut self, table: &DeTable<'_>, key: &str) -> Option<Located<Box<str>>> {
        let value = table.get(key)?;
        self.as_text(key, value)
    }

    /// The list of texts of a key.
    pub(crate) fn texts(&mut self, table: &DeTable<'_>, key: &str) -> Option<Vec<Located<Box<str>>>> {
        let value = table.get(key)?;
        Some(self.list(key, value).iter().filter_map(|v| self.as_text(key, v)).collect())
    }

    /// The items of a list; a value that is no list is noted and counts as an empty one.
    pub(crate) fn list<'v, 't>(&mut self, key: &str, value: &'v Spanned<DeValue<'t>>) -> &'v [Spanned<DeValue<'t>>] {
        match value.get_ref().as_array() {
            Some(list) => list,
            None => {
                self.wrong_type(key, value, "a list");
                &[]
            }
        }
    }

    /// The tables of a list of tables, each with its span.
    pub(crate) fn tables<'v, 't>(
        &mut self,
        table: &'v DeTable<'t>,
        key: &str,
    ) -> Option<Vec<(Range<usize>, &'v DeTable<'t>)>> {
        let value = table.get(key)?;
        let mut tables = Vec::new();
        for item in self.list(key, value) {
            match item.get_ref().as_table() {
                Some(t) => tables.push((item.span(), t)),
                None => self.wrong_type(key, item, "a table"),
            }
        }
        Some(tables)
    }

    /// The truth value of a key.
    pub(crate) fn flag(&mut self, table: &DeTable<'_>, key: &str) -> Option<bool> {
        let value = table.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(key, value, "true or false");
        }
        flag
    }

    /// A word that `parse` knows, else noted with the closed list.
    pub(crate) fn word<T>(
        &mut self,
        table: &DeTable<'_>,
        key: &'static str,
        allowed: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(table, key)?;
        let word = parse(&text.value);
        if word.is_none() {
            self.faults.push((text.at, Problem::BadWord { key, value: text.value, allowed }));
        }
        word
    }

    /// A number as its digits are written, with its span.
    pub(crate) fn number(&mut self, table: &DeTable<'_>, key: &str) -> Option<(String, Range<usize>)> {
        let value = table.get(key)?;
        let digits = match value.get_ref() {
            DeValue::Integer(n) if n.radix() == 10 => n.as_str(),
            DeValue::Float(n) => n.as_str(),
            _ => {
                self.wrong_type(key, value, "a number");
                return None;
            }
        };
        Some((digits.replace('_', ""), value.span()))
    }

    /// A positive decimal number times 10^`decimals`, exact, between `low` and `high` (so multiplied).
    pub(crate) fn fixed(
        &mut self,
        table: &DeTable<'_>,
        key: &'static str,
        decimals: usize,
        (low, high, expected): (u64, u64, &'static str),
    ) -> Option<u64> {
        let (digits, span) = self.number(table, key)?;
        let fixed = parse_fixed(&digits, decimals).filter(|n| (low..=high).contains(n));
        if fixed.is_none() {
            self.fault(span, Problem::OutOfBounds { key, value: digits.into(), expected });
        }
        fixed
    }

    /// A date, as TOML's own or as text; and whether it names a day rather than a month, of which it is the first.
    pub(crate) fn date(&mut self, table: &DeTable<'_>, key: &str) -> Option<Located<(Day, bool)>> {
        let value = table.get(key)?;
        let at = self.at(value.span());
        let text = match value.get_ref() {
            DeValue::String(s) => s.to_string(),
            DeValue::Datetime(d) => d.to_string(),
            _ => {
                self.wrong_type(key, value, "a date");
                return None;
            }
        };
        let day = Day::parse(&text).map(|d| (d, true));
        let date = day.or_else(|| Day::parse(&format!("{text}-01")).map(|d| (d, false)));
        match date {
            Some(date) => Some(Located { value: date, at }),
            None => {
                self.faults.push((at, Problem::BadDate(text.into())));
                None
            }
        }
    }
}

/// `1.08` with 3 decimals is 1080; `None` where the text has another form or more decimals.
fn parse_fixed(text: &str, decimals: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > decimals || whole.is_empty() || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(parse_fixed("1.08", 6), Some(1_080_000));
        assert_eq!(parse_fixed("0.05", 3), Some(50));
        assert_eq!(parse_fixed("300", 3), Some(300_000));
        for text in ["1.0805", "-1", "1e3", "inf", "", ".5", "99999999999999999999"] {
            assert_eq!(parse_fixed(text, 3), None, "{text}");
        }
    }

    #[test]
    fn lines_count_from_one() {
        let reader = Reader::new(0, "a\nb\n\nc");
        let lines: Vec<u32> = [0, 1, 2, 4, 5, 6].map(|i| reader.at(i..i).line).to_vec();
        assert_eq!(lines, [1, 1, 2, 3, 4, 4]);
    }
}
