//! What is wrong with one record, and where in it.

use std::borrow::Cow;
use std::fmt;

use headwater_model::Reason;

use crate::key::Key;
use crate::limits::MESSAGE_VALUE_CHARS;

/// Why a record is not taken. Boxed wherever it travels: it is rare, and the way without it stays narrow.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub reason: Reason,
    pub field: Cow<'static, str>,
    pub message: String,
}

pub(crate) type Judged<T> = Result<T, Box<Fault>>;

impl Fault {
    pub fn new(reason: Reason, path: Path, message: String) -> Box<Fault> {
        Box::new(Fault { reason, field: path.to_field(), message })
    }

    /// A fault of the record as a whole.
    pub fn record(reason: Reason, message: String) -> Box<Fault> {
        Box::new(Fault { reason, field: Cow::Borrowed(""), message })
    }

    pub fn missing(path: Path) -> Box<Fault> {
        Fault::new(Reason::MissingField, path, format!("{} is missing", path.to_field()))
    }
}

/// A field of an event: `kind`, `via[2]`, `items[0].quantity.unit`. Ordered as the contract lists the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    top: Key,
    index: Option<u16>,
    inner: Option<Key>,
    leaf: Option<Key>,
}

impl Path {
    pub const fn of(top: Key) -> Path {
        Path { top, index: None, inner: None, leaf: None }
    }

    pub const fn at(self, index: usize) -> Path {
        // Lists are far shorter than 65,536 where a path is shown; a longer one is refused by its length.
        Path { index: Some(if index < u16::MAX as usize { index as u16 } else { u16::MAX }), ..self }
    }

    pub const fn then(self, key: Key) -> Path {
        match self.inner {
            None => Path { inner: Some(key), ..self },
            Some(_) => Path { leaf: Some(key), ..self },
        }
    }

    pub fn top(self) -> Key {
        self.top
    }

    /// The name at its end.
    pub fn last(self) -> Key {
        self.leaf.or(self.inner).unwrap_or(self.top)
    }

    pub fn to_field(self) -> Cow<'static, str> {
        match self {
            Path { top, index: None, inner: None, .. } => Cow::Borrowed(top.as_str()),
            _ => Cow::Owned(self.to_string()),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.top.as_str())?;
        if let Some(i) = self.index {
            write!(f, "[{i}]")?;
        }
        for key in [self.inner, self.leaf].into_iter().flatten() {
            write!(f, ".{}", key.as_str())?;
        }
        Ok(())
    }
}

/// A value as a message repeats it: quoted, control characters escaped, cut to a readable length.
pub(crate) fn shown(value: &str) -> String {
    let mut characters = value.chars();
    let head: String = characters.by_ref().take(MESSAGE_VALUE_CHARS).collect();
    if characters.next().is_some() { format!("{head:?}...") } else { format!("{head:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_contract() {
        assert_eq!(Path::of(Key::Kind).to_field(), "kind");
        assert_eq!(Path::of(Key::Via).at(2).to_field(), "via[2]");
        assert_eq!(Path::of(Key::Items).at(0).then(Key::Quantity).then(Key::Unit).to_field(), "items[0].quantity.unit");
        assert!(Path::of(Key::EventId) < Path::of(Key::Kind));
        assert!(Path::of(Key::Items).at(0).then(Key::Cas) < Path::of(Key::Items).at(1));
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(shown("a\"b\n"), r#""a\"b\n""#);
        assert_eq!(shown(&"é".repeat(500)), format!("\"{}\"...", "é".repeat(MESSAGE_VALUE_CHARS)));
    }
}
