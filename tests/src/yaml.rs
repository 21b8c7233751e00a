//! Files of YAML, read by a reader that people know: only tests have any.

use std::path::Path;

use serde_json::Value;

use crate::broker::root;
use crate::process::program;

/// The one document of a file of the repository, its anchors and merges resolved.
///
/// # Panics
/// When it is no YAML, or holds more than one document.
pub fn document(path: &str) -> Value {
    let python = program(&root().join("scripts/python-env"), &[]);
    let script = root().join("tests/foreign/as_json.py");
    let file = root().join(path);
    let text = program(Path::new(&python), &[script.to_str().unwrap(), file.to_str().unwrap()]);
    let mut documents: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(documents.len(), 1, "{path}");
    documents.remove(0)
}
