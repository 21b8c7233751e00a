//! One table of the configuration, read key by key.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::tree::{Node, Value};
use super::{ConfigProblem, Place};

/// How alike two names must be (Jaro-Winkler, from 0 to 1) for one to be offered for the other.
const ALIKE: f64 = 0.75;

/// A table whose keys are taken one by one; those that nobody took are unknown. So the known keys are the ones that the
/// code reads, and there is no second list of them.
pub(super) struct Section {
    path: String,
    place: Place,
    entries: BTreeMap<String, Node>,
    known: Vec<&'static str>,
}

/// A value and its place, for checks that need other keys.
pub(super) struct Found<T> {
    pub value: T,
    pub place: Place,
}

impl Section {
    /// The node as a table; anything else is a problem, and an empty section.
    pub fn new(path: String, node: Node, problems: &mut Vec<ConfigProblem>) -> Section {
        let entries = match node.value {
            Value::Table(entries) => entries,
            other => {
                let message = format!("a table is wanted, not {}", other.kind());
                problems.push(ConfigProblem { place: node.place.clone(), key: path.clone(), message, nearest: None });
                BTreeMap::new()
            }
        };
        Section { path, place: node.place, entries, known: Vec::new() }
    }

    /// Where the section begins.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The section's own key.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole path of a key of this section.
    pub fn key(&self, key: &str) -> String {
        let quoted = key.contains('.');
        let key = if quoted { format!("\"{key}\"") } else { key.to_owned() };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    /// Where a key that was not yet taken stands.
    pub fn place_of(&self, key: &str) -> Place {
        self.entries.get(key).map_or(Place::Absent, |node| node.place.clone())
    }

    /// Whether the key is there and not yet taken.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        self.entries.remove(key)
    }

    /// A table below this one; an empty one where it is absent.
    pub fn section(&mut self, key: &'static str, problems: &mut Vec<ConfigProblem>) -> Section {
        let absent = Node { place: Place::Absent, value: Value::Table(BTreeMap::new()) };
        let path = self.key(key);
        let node = self.take(key).unwrap_or(absent);
        Section::new(path, node, problems)
    }

    /// All entries of a table whose keys are names that the user chose.
    pub fn named(&mut self) -> Vec<(String, Node)> {
        std::mem::take(&mut self.entries).into_iter().collect()
    }

    /// A string.
    pub fn text(&mut self, key: &'static str, problems: &mut Vec<ConfigProblem>) -> Option<Found<String>> {
        let node = self.take(key)?;
        match node.value {
            Value::Text(value) | Value::Untyped(value) => Some(Found { value, place: node.place }),
            other => {
                self.wrong(key, node.place, format!("a string is wanted, not {}", other.kind()), problems);
                None
            }
        }
    }

    /// A string that must be there.
    pub fn required(&mut self, key: &'static str, problems: &mut Vec<ConfigProblem>) -> Option<Found<String>> {
        if !self.has(key) {
            self.known.push(key);
            self.wrong(key, self.place.clone(), "is required".into(), problems);
            return None;
        }
        self.text(key, problems)
    }

    /// A whole number within a range, with its default.
    pub fn integer(
        &mut self,
        key: &'static str,
        default: u64,
        range: RangeInclusive<u64>,
        problems: &mut Vec<ConfigProblem>,
    ) -> u64 {
        let node = self.take(key);
        node.and_then(|node| self.whole_number(key, node, &range, problems)).unwrap_or(default)
    }

    /// The value of a key as a whole number within a range.
    pub fn whole_number(
        &self,
        key: &str,
        node: Node,
        range: &RangeInclusive<u64>,
        problems: &mut Vec<ConfigProblem>,
    ) -> Option<u64> {
        let number = match &node.value {
            Value::Integer(value) => u64::try_from(*value).map_err(|_| value.to_string()),
            Value::Untyped(text) => text.trim().parse().map_err(|_| text.clone()),
            other => {
                self.wrong(key, node.place, format!("an integer is wanted, not {}", other.kind()), problems);
                return None;
            }
        };
        let text = match number {
            Ok(value) if range.contains(&value) => return Some(value),
            Ok(value) => value.to_string(),
            Err(text) => text,
        };
        let message = format!("{text} is not a whole number from {} to {}", range.start(), range.end());
        self.wrong(key, node.place, message, problems);
        None
    }

    /// Yes or no, with its default: no.
    pub fn flag(&mut self, key: &'static str, problems: &mut Vec<ConfigProblem>) -> bool {
        let Some(node) = self.take(key) else { return false };
        match &node.value {
            Value::Bool(flag) => *flag,
            Value::Untyped(text) if text == "true" || text == "false" => text == "true",
            Value::Untyped(text) => {
                self.wrong(key, node.place, format!("{text:?} is neither true nor false"), problems);
                false
            }
            other => {
                self.wrong(key, node.place, format!("true or false is wanted, not {}", other.kind()), problems);
                false
            }
        }
    }

    /// A value from a closed list of words, with its default, the first.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
        problems: &mut Vec<ConfigProblem>,
    ) -> T {
        let Some(found) = self.text(key, problems) else { return choices[0].1 };
        match choices.iter().find(|(word, _)| *word == found.value) {
            Some((_, choice)) => *choice,
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                problems.push(ConfigProblem {
                    place: found.place,
                    key: self.key(key),
                    message: format!("{:?} is none of {}", found.value, words.join(", ")),
                    nearest: nearest(&found.value, words.iter().copied()).map(|word| format!("{word:?}")),
                });
                choices[0].1
            }
        }
    }

    /// Notes a problem with a key of this section.
    pub fn wrong(&self, key: &str, place: Place, message: String, problems: &mut Vec<ConfigProblem>) {
        problems.push(ConfigProblem { place, key: self.key(key), message, nearest: None });
    }

    /// Notes a problem with the section as a whole.
    pub fn wrong_itself(&self, message: String, problems: &mut Vec<ConfigProblem>) {
        let (place, key) = (self.place.clone(), self.path.clone());
        problems.push(ConfigProblem { place, key, message, nearest: None });
    }

    /// Every key that nobody took is unknown.
    pub fn finish(self, problems: &mut Vec<ConfigProblem>) {
        for (key, node) in &self.entries {
            problems.push(ConfigProblem {
                place: node.place.clone(),
                key: self.key(key),
                message: "unknown key".into(),
                nearest: nearest(key, self.known.iter().copied()).map(str::to_owned),
            });
        }
    }
}

/// The most alike of the known names, where one is alike enough.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .map(|known| (strsim::jaro_winkler(&name, known), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, known)| known)
}
