//! Sentences as template and arguments, so that every language can build its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Day;

/// A value of a [`Phrase`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Arg {
    /// A whole number.
    Int(i64),
    /// A finite number.
    Number(f64),
    /// Text, a date or an id.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

/// A sentence to be: the name of its template, and what goes into it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phrase {
    /// Name of the template.
    pub template: String,
    /// Its arguments by name, sorted.
    pub args: BTreeMap<String, Arg>,
}

impl Phrase {
    /// A phrase without arguments.
    pub fn new(template: &str) -> Phrase {
        Phrase { template: template.into(), args: BTreeMap::new() }
    }

    /// The same with one more argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Arg>) -> Phrase {
        self.args.insert(name.into(), value.into());
        self
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Arg {
        Arg::Text(text.into())
    }
}
impl From<String> for Arg {
    fn from(text: String) -> Arg {
        Arg::Text(text)
    }
}
impl From<Day> for Arg {
    fn from(day: Day) -> Arg {
        Arg::Text(day.to_string())
    }
}
impl From<i64> for Arg {
    fn from(n: i64) -> Arg {
        Arg::Int(n)
    }
}
impl From<f64> for Arg {
    fn from(x: f64) -> Arg {
        Arg::Number(x)
    }
}
impl From<Vec<String>> for Arg {
    fn from(list: Vec<String>) -> Arg {
        Arg::List(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_sorted_and_survive_the_wire() {
        let phrase = Phrase::new("t").with("z", 1i64).with("a", 0.5).with("m", vec!["x".to_owned()]).with("d", Day(0));
        let text = serde_json::to_string(&phrase).unwrap();
        assert_eq!(text, r#"{"template":"t","args":{"a":0.5,"d":"1970-01-01","m":["x"],"z":1}}"#);
        assert_eq!(serde_json::from_str::<Phrase>(&text).unwrap(), phrase);
    }
}
