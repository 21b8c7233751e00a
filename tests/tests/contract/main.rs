//! The contract held against the code: every example of `schemas/` goes through the real decoder, every struct that is
//! written or read is compared with its JSON Schema, and the Avro schemas say the same as the JSON ones.
#![allow(clippy::unwrap_used)]

mod avro;
mod decoder;
mod lists;
mod structs;

use std::fs;

use headwater_tests::examples;
use serde_json::Value;

/// The kinds that have a folder in `schemas/`.
const KINDS: [&str; 5] = ["trade-event", "seizure-event", "volume", "alert", "reject"];

/// `schemas/<kind>/schema.json`.
fn schema(kind: &str) -> Value {
    let path = examples::schemas().join(kind).join("schema.json");
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The validator of `schemas/<kind>/schema.json`.
fn validator(kind: &str) -> jsonschema::Validator {
    let schema = schema(kind);
    jsonschema::meta::validate(&schema).unwrap_or_else(|e| panic!("{kind}: not a JSON Schema: {e}"));
    jsonschema::draft202012::new(&schema).unwrap_or_else(|e| panic!("{kind}: {e}"))
}

/// The schema that a `$ref` beside other words points to, or the schema itself.
fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(target) => {
            root.pointer(target.trim_start_matches('#')).unwrap_or_else(|| panic!("{target} leads nowhere"))
        }
        None => schema,
    }
}

#[test]
fn every_folder_of_schemas_is_tested() {
    let mut folders: Vec<String> = fs::read_dir(examples::schemas())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut kinds = KINDS.map(str::to_owned);
    kinds.sort();
    assert_eq!(folders, kinds);
}

#[test]
fn every_valid_example_meets_its_schema() {
    for kind in KINDS {
        let validator = validator(kind);
        for example in examples::valid(kind) {
            let value = serde_json::from_str(&example.record).unwrap_or_else(|e| panic!("{}: {e}", example.name));
            let errors: Vec<String> =
                validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", example.name);
        }
    }
}
