//! The file and the environment as one tree of keys, each with its place.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{ConfigProblem, Place};

/// Beginning of the variables that hold keys: `HEADWATER__STORE__COMMIT_MS` is `store.commit_ms`.
pub(super) const PREFIX: &str = "HEADWATER__";
const SEPARATOR: &str = "__";

/// Whether a variable holds a key of a source.
pub(super) fn names_source(variable: &str) -> bool {
    variable.strip_prefix(PREFIX).is_some_and(|key| key.to_ascii_uppercase().starts_with("SOURCES__"))
}

/// A key's value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Bool(bool),
    /// From the environment, where nothing has a type.
    Untyped(String),
    Table(BTreeMap<String, Node>),
    /// A TOML type that no key has, with its name.
    Other(&'static str),
}

impl Value {
    /// The type in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) | Value::Untyped(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Bool(_) => "a boolean",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }
}

/// Reads the file; what is no TOML becomes problems, the rest is read all the same.
pub(super) fn from_toml(text: &str, problems: &mut Vec<ConfigProblem>) -> Node {
    let (table, errors) = DeTable::parse_recoverable(text);
    problems.extend(errors.into_iter().map(|error| ConfigProblem {
        place: error.span().map_or(Place::Absent, |span| place(text, span.start)),
        key: String::new(),
        message: error.message().to_owned(),
        nearest: None,
    }));
    Node { place: Place::Absent, value: Value::Table(table_of(text, table.get_ref())) }
}

fn table_of(text: &str, table: &DeTable<'_>) -> BTreeMap<String, Node> {
    let node = |value: &DeValue<'_>| match value {
        DeValue::String(string) => Value::Text(string.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Value::Other("an integer of more than 64 bits"), Value::Integer),
        DeValue::Boolean(bool) => Value::Bool(*bool),
        DeValue::Table(table) => Value::Table(table_of(text, table)),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(_) => Value::Other("a list"),
    };
    table
        .iter()
        .map(|(key, value)| {
            let place = place(text, key.span().start);
            (key.get_ref().to_string(), Node { place, value: node(value.get_ref()) })
        })
        .collect()
}

fn place(text: &str, at: usize) -> Place {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place::File { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

/// Lays the variables of the environment over the file's keys. A name that the file has is found whatever its case and
/// whether it has `-` or `.` where the variable has `_`; librdkafka's keys may be written so too.
pub(super) fn overlay(root: &mut Node, variables: impl IntoIterator<Item = (String, String)>) {
    let mut variables: Vec<_> = variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    variables.sort();
    for (variable, text) in variables {
        let path: Vec<String> = variable[PREFIX.len()..].split(SEPARATOR).map(str::to_lowercase).collect();
        let place = Place::Environment { variable: variable.clone() };
        let mut node = &mut *root;
        for (depth, part) in path.iter().enumerate() {
            let Value::Table(table) = &mut node.value else {
                // A table is wanted here: the wrong value's own problem says so.
                break;
            };
            let known = table.keys().find(|key| folded(key) == *part).cloned();
            let in_client = depth == 3 && path[0] == "clusters" && path[2] == "client";
            let key = known.unwrap_or_else(|| if in_client { dotted(part) } else { part.clone() });
            let last = depth + 1 == path.len();
            let fresh = if last { Value::Untyped(text.clone()) } else { Value::Table(BTreeMap::new()) };
            let next = table.entry(key).or_insert_with(|| Node { place: place.clone(), value: fresh.clone() });
            if last {
                *next = Node { place: place.clone(), value: fresh };
            }
            node = next;
        }
    }
}

fn folded(key: &str) -> String {
    key.to_lowercase().replace(['-', '.'], "_")
}

/// `session_timeout_ms` as librdkafka writes it; the ending that names a secret's file stays.
fn dotted(part: &str) -> String {
    match part.strip_suffix("_file") {
        Some(secret) => format!("{}_file", secret.replace('_', ".")),
        None => part.replace('_', "."),
    }
}
