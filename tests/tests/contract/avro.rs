//! The Avro schemas: the same fields and words as the JSON ones, and every valid example fits through them.

use std::collections::BTreeMap;
use std::fs;

use apache_avro::types::Value as Avro;
use apache_avro::{Reader, Schema, Writer};
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
        let schema = avro_schema(kind);
        let mut types = Named::new();
        named(&schema, &mut types);
        for example in examples::valid(kind) {
            let value: Value = serde_json::from_str(&example.record).unwrap();
            let encoded = to_avro(&value, &schema, &types).unwrap_or_else(|| panic!("{}: no Avro form", example.name));
            let mut writer = Writer::new(&schema, Vec::new()).unwrap();
            writer.append_value(encoded).unwrap_or_else(|e| panic!("{}: {e}", example.name));
            let bytes = writer.into_inner().unwrap();
            let read: Vec<Avro> = Reader::new(&bytes[..]).unwrap().map(Result::unwrap).collect();
            assert_eq!(read.len(), 1);
            let mut expected = value;
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

/// A JSON value as a value of an Avro schema; a number becomes text where the schema keeps its digits.
fn to_avro(value: &Value, schema: &Schema, types: &Named) -> Option<Avro> {
    Some(match (follow(schema, types), value) {
        (Schema::Null, Value::Null) => Avro::Null,
        (Schema::Boolean, Value::Bool(b)) => Avro::Boolean(*b),
        (Schema::Int, Value::Number(n)) => Avro::Int(n.as_i64()?.try_into().ok()?),
        (Schema::Long, Value::Number(n)) => Avro::Long(n.as_i64()?),
        (Schema::Double, Value::Number(n)) => Avro::Double(n.as_f64()?),
        (Schema::String, Value::String(s)) => Avro::String(s.clone()),
        (Schema::String, Value::Number(n)) => Avro::String(n.to_string()),
        (Schema::Enum(words), Value::String(s)) => {
            Avro::Enum(words.symbols.iter().position(|w| w == s)? as u32, s.clone())
        }
        (Schema::Array(array), Value::Array(elements)) => {
            Avro::Array(elements.iter().map(|e| to_avro(e, &array.items, types)).collect::<Option<_>>()?)
        }
        (Schema::Map(map), Value::Object(members)) => Avro::Map(
            members.iter().map(|(k, v)| Some((k.clone(), to_avro(v, &map.types, types)?))).collect::<Option<_>>()?,
        ),
        (Schema::Record(record), Value::Object(members)) => Avro::Record(
            record
                .fields
                .iter()
                .map(|field| {
                    let value = match members.get(&field.name) {
                        Some(value) => to_avro(value, &field.schema, types)?,
                        None => to_avro(field.default.as_ref()?, &field.schema, types)?,
                    };
                    Some((field.name.clone(), value))
                })
                .collect::<Option<_>>()?,
        ),
        (Schema::Union(union), value) => union
            .variants()
            .iter()
            .enumerate()
            .find_map(|(i, variant)| Some(Avro::Union(i as u32, Box::new(to_avro(value, variant, types)?))))?,
        _ => return None,
    })
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
