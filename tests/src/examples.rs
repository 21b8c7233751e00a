//! The examples of `schemas/`: records as their sources would send them, and what is to become of each.
//!
//! `schemas/README.md` describes the format of the files. A file that breaks it panics with its path: the examples are
//! part of the contract, and a test that skips one proves nothing.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headwater_model::Reason;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The two event shapes, by the name of their folder.
pub const EVENT_KINDS: [&str; 2] = ["trade-event", "seizure-event"];

/// A record that is taken.
pub struct Valid {
    /// Folder and file name, for messages.
    pub name: String,
    /// The record on one line.
    pub record: String,
}

/// A record that is not taken, and the same with the field at fault mended.
pub struct Invalid {
    /// Folder and file name, for messages.
    pub name: String,
    /// The reason that it must be rejected for.
    pub reason: Reason,
    /// The field that the reject must name.
    pub field: String,
    /// The record's bytes, on one line.
    pub record: Vec<u8>,
    /// The record with nothing but that field repaired.
    pub repaired: Vec<u8>,
}

/// The folder `schemas/`.
pub fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

/// The examples that are taken, by file name.
pub fn valid(kind: &str) -> Vec<Valid> {
    files(kind, "valid").into_iter().map(|(name, text)| Valid { name, record: one_line(&text) }).collect()
}

/// The examples that are not taken, by file name.
pub fn invalid(kind: &str) -> Vec<Invalid> {
    files(kind, "invalid").into_iter().map(|(name, text)| Invalid::read(name, &text)).collect()
}

fn files(kind: &str, verdict: &str) -> Vec<(String, String)> {
    let folder = schemas().join(kind).join("examples").join(verdict);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<(String, String)> = entries
        .map(|entry| {
            let path = entry.unwrap_or_else(|e| panic!("{}: {e}", folder.display())).path();
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (format!("{kind}/{verdict}/{name}"), text)
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no examples in {}", folder.display());
    files
}

/// JSON strings hold no line ends, so each one is a blank between two tokens.
fn one_line(text: &str) -> String {
    text.trim_end().replace(['\n', '\r'], " ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidFile {
    reason: Reason,
    field: String,
    #[serde(default)]
    repair: Value,
    raw: Option<Box<RawValue>>,
    raw_parts: Option<Vec<Part>>,
}

/// A stretch of a record that cannot stand in the file as an object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    text: Option<String>,
    base64: Option<String>,
    repeat: Option<String>,
    times: Option<usize>,
    instead: Option<String>,
}

impl Part {
    fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.text, &self.base64, &self.repeat, self.times) {
            (Some(text), None, None, None) => Some(text.clone().into_bytes()),
            (None, Some(base64), None, None) => STANDARD.decode(base64).ok(),
            (None, None, Some(repeat), Some(times)) => Some(repeat.repeat(times).into_bytes()),
            _ => None,
        }
    }
}

impl Invalid {
    fn read(name: String, text: &str) -> Invalid {
        let file: InvalidFile = serde_json::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (record, repaired) = match (file.raw, file.raw_parts) {
            (Some(raw), None) => {
                let mut object: Value = serde_json::from_str(raw.get()).unwrap_or_else(|e| panic!("{name}: {e}"));
                set(&mut object, &file.field, file.repair)
                    .unwrap_or_else(|| panic!("{name}: {} leads nowhere", file.field));
                (one_line(raw.get()).into_bytes(), object.to_string().into_bytes())
            }
            (None, Some(parts)) => {
                let (mut record, mut repaired) = (Vec::new(), Vec::new());
                for part in parts {
                    let bytes =
                        part.bytes().unwrap_or_else(|| panic!("{name}: a part is text, base64 or repeat and times"));
                    repaired.extend_from_slice(part.instead.as_ref().map_or(&*bytes, |i| i.as_bytes()));
                    record.extend(bytes);
                }
                (record, repaired)
            }
            _ => panic!("{name}: needs raw or raw_parts, one of them"),
        };
        assert_ne!(record, repaired, "{name}: repairs nothing");
        assert!(!record.contains(&b'\n') && !repaired.contains(&b'\n'), "{name}: more than one line");
        Invalid { name, reason: file.reason, field: file.field, record, repaired }
    }
}

/// Sets the field at `path` (`items[0].quantity.unit`), or removes it where `value` is null.
fn set(object: &mut Value, path: &str, value: Value) -> Option<()> {
    let (parent, last) = match path.rfind(['.', '[']) {
        Some(at) => (&path[..at], &path[at..]),
        None => ("", path),
    };
    let pointer: String =
        parent.split(['.', '[']).filter(|s| !s.is_empty()).map(|s| format!("/{}", s.trim_end_matches(']'))).collect();
    let key = last.trim_matches(['.', '[', ']']);
    match object.pointer_mut(&pointer)? {
        Value::Object(members) if value.is_null() => members.remove(key).map(drop),
        Value::Object(members) => {
            members.insert(key.to_owned(), value);
            Some(())
        }
        Value::Array(elements) => {
            *elements.get_mut(key.parse::<usize>().ok()?)? = value;
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_is_set_or_removed_and_nothing_else() {
        let mut object = json!({"items": [{"a": 1}, {"q": {"unit": "x", "value": 2}}], "via": ["CN", "?"]});
        set(&mut object, "items[1].q.unit", json!("kg")).unwrap();
        set(&mut object, "via[1]", json!("KR")).unwrap();
        set(&mut object, "items[0].a", Value::Null).unwrap();
        set(&mut object, "kind", json!("import")).unwrap();
        assert_eq!(
            object,
            json!({"items": [{}, {"q": {"unit": "kg", "value": 2}}], "via": ["CN", "KR"], "kind": "import"})
        );
        assert_eq!(set(&mut object, "nowhere.unit", json!(1)), None);
        assert_eq!(set(&mut object, "absent", Value::Null), None);
    }
}
