//! The Avro schemas: the same fields and words as the JSON ones, and every valid example fits through them.

use std::collections::BTreeMap;
use std::fs;

use apache_avro::types::Value as Avro;
use apache_avro::{Reader, Schema, Writer};
use headwater_tests::avro::{Json, Sender};
use headwater_tests::examples;
use serde_json::{Map, Value};

use crate::{KINDS, resolve, schema};

fn avro_schema(kind: &str) -> Schema {
    let path = examples::schemas().join(kind).join("schema.avsc");
    Schema::parse_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Fields by dotted path, with the words of those that have a closed list.
type Fields = BTreeMap<String, Option<Vec<String>>>;

fn json_fields(root: &Value, node: &Value, at: &str, fields: &mut Fields) {
    let node = resolve(root, node);
    if let Some(Value::Object(properties)) = node.get("properties") {
        for (name, property) in properties {
            let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let words = resolve(root, property).get("enum").and_then(Value::as_array);
            let words = words.map(|w| w.iter().map(|w| w.as_str().unwrap().to_owned()).collect());
            fields.insert(path.clone(), words);
            json_fields(root, property, &path, fields);
        }
    }
    if let Some(items) = node.get("items") {
        json_fields(root, items, at, fields);
    }
    // Alternatives of shape; those inside `item` only say which of its own fields stand.
    if node.get("properties").is_none() {
        for alternatives in ["oneOf", "anyOf"] {
            for alternative in node.get(alternatives).and_then(Value::as_array).into_iter().flatten() {
                json_fields(root, alternative, at, fields);
            }
        }
    }
}

/// Named types, which Avro defines once and then refers to.
type Named = BTreeMap<String, Schema>;

fn named(schema: &Schema, found: &mut Named) {
    match schema {
        Schema::Record(record) => {
            found.insert(record.name.to_string(), schema.clone());
            record.fields.iter().for_each(|field| named(&field.schema, found));
        }
        Schema::Enum(words) => {
            found.insert(words.name.to_string(), schema.clone());
        }
        Schema::Array(array) => named(&array.items, found),
        Schema::Map(map) => named(&map.types, found),
        Schema::Union(union) => union.variants().iter().for_each(|variant| named(variant, found)),
        _ => {}
    }
}

fn follow<'s>(schema: &'s Schema, named: &'s Named) -> &'s Schema {
    match schema {
        Schema::Ref { name } => &named[&name.to_string()],
        other => other,
    }
}

fn avro_fields(schema: &Schema, types: &Named, at: &str, fields: &mut Fields) {
    match follow(schema, types) {
        Schema::Record(record) => {
            for field in &record.fields {
                let path = if at.is_empty() { field.name.clone() } else { format!("{at}.{}", field.name) };
                fields.insert(path.clone(), None);
                avro_fields(&field.schema, types, &path, fields);
            }
        }
        Schema::Array(array) => avro_fields(&array.items, types, at, fields),
        Schema::Union(union) => union.variants().iter().for_each(|variant| avro_fields(variant, types, at, fields)),
        Schema::Enum(words) => {
            fields.insert(at.to_owned(), Some(words.symbols.clone()));
        }
        _ => {}
    }
}

#[test]
fn avro_and_json_schemas_have_the_same_fields_and_words() {
    for kind in KINDS {
        let (json, avro) = (schema(kind), avro_schema(kind));
        let (mut types, mut in_json, mut in_avro) = (Named::new(), Fields::new(), Fields::new());
        named(&avro, &mut types);
        json_fields(&json, &json, "", &mut in_json);
        avro_fields(&avro, &types, "", &mut in_avro);
        assert_eq!(in_json.keys().collect::<Vec<_>>(), in_avro.keys().collect::<Vec<_>>(), "{kind}");
        for (path, words) in in_json {
            // A symbol of Avro is a name: a label with a colon or a blank must be a string there.
            let is_name = |w: &String| w.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let expected = words.filter(|words| words.iter().all(is_name));
            assert_eq!(in_avro[&path], expected, "{kind}: words of {path}");
        }
    }
}

#[test]
fn every_valid_example_fits_through_avro() {
    for kind in KINDS {
        let path = examples::schemas().join(kind).join("schema.avsc");
        let sender = Sender::able(&serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap());
        for example in examples::valid(kind) {
            let record = Json::read(&example.record).unwrap();
            let encoded = sender.value(&record).unwrap_or_else(|| panic!("{}: no Avro form", example.name));
            let mut writer = Writer::new(sender.schema(), Vec::new()).unwrap();
            writer.append_value(encoded).unwrap_or_else(|e| panic!("{}: {e}", example.name));
            let bytes = writer.into_inner().unwrap();
            let read: Vec<Avro> = Reader::new(&bytes[..]).unwrap().map(Result::unwrap).collect();
            assert_eq!(read.len(), 1);
            let mut expected = as_written(&record);
            tidy(&mut expected);
            let mut back = to_json(&read[0]);
            tidy(&mut back);
            if example.name.contains("unknown-fields") {
                assert!(holds(&expected, &back), "{}: {back} is no part of {expected}", example.name);
            } else {
                assert_eq!(back, expected, "{}", example.name);
            }
        }
    }
}

/// A record with its numbers as text, digit for digit.
fn as_written(record: &Json) -> Value {
    match record {
        Json::Null => Value::Null,
        Json::Bool(bool) => (*bool).into(),
        Json::Number(text) | Json::Text(text) => text.as_str().into(),
        Json::List(list) => list.iter().map(as_written).collect(),
        Json::Object(members) => members.iter().map(|(name, value)| (name.clone(), as_written(value))).collect(),
    }
}

fn to_json(value: &Avro) -> Value {
    match value {
        Avro::Null => Value::Null,
        Avro::Boolean(b) => (*b).into(),
        Avro::Int(n) => (*n).into(),
        Avro::Long(n) => (*n).into(),
        Avro::Double(x) => (*x).into(),
        Avro::String(s) | Avro::Enum(_, s) => s.clone().into(),
        Avro::Union(_, inner) => to_json(inner),
        Avro::Array(elements) => elements.iter().map(to_json).collect(),
        Avro::Map(members) => members.iter().map(|(k, v)| (k.clone(), to_json(v))).collect::<Map<_, _>>().into(),
        Avro::Record(members) => members.iter().map(|(k, v)| (k.clone(), to_json(v))).collect::<Map<_, _>>().into(),
        other => panic!("the schemas use no {other:?}"),
    }
}

/// What is the same in both forms: null and an empty list as absent, decimals as text.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(tidy);
            members.retain(|_, v| !v.is_null() && !v.as_array().is_some_and(Vec::is_empty));
        }
        Value::Array(elements) => elements.iter_mut().for_each(tidy),
        Value::Number(n) => *value = Value::String(n.to_string()),
        _ => {}
    }
}

/// Whether everything in `part` stands in `whole`.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, p)| whole.get(name).is_some_and(|w| holds(w, p)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| holds(w, p))
        }
        _ => whole == part,
    }
}
