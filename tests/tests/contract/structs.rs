//! The structs that write and read records, compared with their schemas in both directions.

use std::collections::BTreeSet;

use arrow_buffer::Buffer;
use headwater_model::*;
use headwater_store::{OutputFolder, RejectsWriter, volumes_schema};
use headwater_tests::examples;
use jsonschema::error::ValidationErrorKind;
use serde::de::value::Error as AskError;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};
use serde_json::{Value, json};

use crate::{schema, validator};

/// A format that holds nothing: it notes which fields a struct asks for.
struct Ask<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Ask<'_> {
    type Error = AskError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, AskError> {
        Err(AskError::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, AskError> {
        *self.0 = fields;
        Err(AskError::custom("asked"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The fields of a struct by their names on the wire.
fn fields_of<'de, T: Deserialize<'de>>() -> BTreeSet<&'static str> {
    let mut fields: &'static [&'static str] = &[];
    assert!(T::deserialize(Ask(&mut fields)).is_err());
    assert!(!fields.is_empty(), "{} is no struct", std::any::type_name::<T>());
    fields.iter().copied().collect()
}

/// Compares a struct with the object schema at `pointer`.
fn assert_same_fields<T: DeserializeOwned>(kind: &str, pointer: &str) {
    let schema = schema(kind);
    let object = schema.pointer(pointer).unwrap_or_else(|| panic!("{kind}: no {pointer}"));
    let properties: BTreeSet<&str> = object["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields_of::<T>(), properties, "{} and {kind} {pointer}", std::any::type_name::<T>());
}

#[test]
fn every_struct_has_the_fields_of_its_schema() {
    assert_same_fields::<TradeEvent>("trade-event", "");
    assert_same_fields::<TradeItem>("trade-event", "/properties/item");
    assert_same_fields::<SeizureEvent>("seizure-event", "");
    assert_same_fields::<SeizedItem>("seizure-event", "/$defs/item");
    for kind in examples::EVENT_KINDS {
        assert_same_fields::<Quantity>(kind, "/$defs/quantity");
        assert_same_fields::<Money>(kind, "/$defs/money");
        assert_same_fields::<EventRef>(kind, "/$defs/event_ref");
        let schema = schema(kind);
        let required =
            schema["required"].as_array().unwrap().iter().chain(schema["then"]["required"].as_array().unwrap());
        let withdrawal: BTreeSet<&str> = required.map(|f| f.as_str().unwrap()).chain(["status"]).collect();
        assert_eq!(fields_of::<Withdrawal>(), withdrawal, "{kind}");
    }
    assert_same_fields::<Alert>("alert", "");
    for (pointer, same) in [
        ("changes", assert_same_fields::<Changes> as fn(&str, &str)),
        ("onset", assert_same_fields::<Onset>),
        ("windows", assert_same_fields::<Windows>),
        ("likelihood", assert_same_fields::<Likelihood>),
        ("confidence", assert_same_fields::<Confidence>),
        ("priority", assert_same_fields::<Priority>),
        ("statistic", assert_same_fields::<Statistic>),
        ("statistic/properties/series/items", assert_same_fields::<StatisticPoint>),
        ("strata/items", assert_same_fields::<StratumFigures>),
        ("moved_fraction", assert_same_fields::<Interval>),
        ("family_total", assert_same_fields::<FamilyTotal>),
        ("routes/items", assert_same_fields::<RouteFigures>),
        ("routes_other", assert_same_fields::<RoutesOther>),
        ("evidence", assert_same_fields::<AlertEvidence>),
        ("evidence/properties/top_events/items", assert_same_fields::<TopEvent>),
        ("counter_evidence/items", assert_same_fields::<CounterEvidence>),
        ("control_context/items", assert_same_fields::<ControlContext>),
        ("versions", assert_same_fields::<Versions>),
        ("gap", assert_same_fields::<Gap>),
        ("emergence", assert_same_fields::<Emergence>),
        ("surge", assert_same_fields::<Surge>),
        ("unmapped", assert_same_fields::<Unmapped>),
    ] {
        same("alert", &format!("/properties/{pointer}"));
    }
    assert_same_fields::<Phrase>("alert", "/$defs/parts");
    assert_same_fields::<Share>("alert", "/$defs/share");
    assert_same_fields::<Mover>("alert", "/$defs/side");
    assert_same_fields::<Window>("alert", "/$defs/span");
}

#[test]
fn every_valid_example_survives_its_struct() {
    fn survives<T: DeserializeOwned + Serialize>(kind: &str) {
        for example in examples::valid(kind) {
            let mut value: Value = serde_json::from_str(&example.record).unwrap();
            let written = match serde_json::from_str::<T>(&example.record) {
                Ok(event) => serde_json::to_string(&event).unwrap(),
                Err(e) if value["status"] == "withdrawn" && kind != "alert" => {
                    let withdrawal: Withdrawal =
                        serde_json::from_str(&example.record).unwrap_or_else(|_| panic!("{}: {e}", example.name));
                    serde_json::to_string(&withdrawal).unwrap()
                }
                Err(e) => panic!("{}: {e}", example.name),
            };
            let written: Value = serde_json::from_str(&written).unwrap();
            if example.name.contains("unknown-fields") {
                keep_only(&mut value, &written);
            }
            assert_eq!(written, value, "{}", example.name);
        }
    }
    survives::<TradeEvent>("trade-event");
    survives::<SeizureEvent>("seizure-event");
    survives::<Alert>("alert");
}

/// Drops the members that `like` lacks.
fn keep_only(value: &mut Value, like: &Value) {
    match (value, like) {
        (Value::Object(members), Value::Object(like)) => {
            members.retain(|name, _| like.contains_key(name));
            members.iter_mut().for_each(|(name, member)| keep_only(member, &like[name]));
        }
        (Value::Array(elements), Value::Array(like)) => {
            elements.iter_mut().zip(like).for_each(|(element, like)| keep_only(element, like));
        }
        _ => {}
    }
}

#[test]
fn structs_and_schemas_agree_on_what_is_required_and_on_types() {
    agree::<TradeEvent>("trade-event", &["full"]);
    agree::<SeizureEvent>("seizure-event", &["full"]);
    agree::<Alert>("alert", &["substitution-updated", "unmapped-growth", "reporting-gap", "emergence", "surge"]);
}

/// Removes and replaces every field of the examples in turn, and asks the struct and the schema about each.
fn agree<T: DeserializeOwned>(kind: &str, names: &[&str]) {
    let validator = validator(kind);
    let reads = |value: &Value| serde_json::from_value::<T>(value.clone()).is_ok();
    let candidates = [json!(null), json!(-1), json!(7), json!(1.5), json!("text"), json!(true), json!([]), json!({})];
    for name in names {
        let wanted = format!("{kind}/valid/{name}.json");
        let example =
            examples::valid(kind).into_iter().find(|e| e.name == wanted).unwrap_or_else(|| panic!("no {wanted}"));
        let example: Value = serde_json::from_str(&example.record).unwrap();
        assert!(reads(&example) && validator.is_valid(&example));
        for pointer in pointers(&example, "") {
            for candidate in &candidates {
                if candidate.is_array() && example.pointer(&pointer).unwrap().is_object() {
                    continue; // serde reads any struct from a list of its fields too
                }
                let mut changed = example.clone();
                *changed.pointer_mut(&pointer).unwrap() = candidate.clone();
                let (read, valid) = (reads(&changed), validator.is_valid(&changed));
                assert!(read || !valid, "{kind}: the schema takes {candidate} at {pointer}, the struct does not");
                let of_type =
                    |e: &jsonschema::ValidationError<'_>| matches!(e.kind(), ValidationErrorKind::Type { .. });
                if read && !candidate.is_null() && validator.iter_errors(&changed).any(|e| of_type(&e)) {
                    panic!("{kind}: the struct takes {candidate} at {pointer}, the schema names another type");
                }
            }
            let mut without = example.clone();
            if remove(&mut without, &pointer) {
                let mut null = example.clone();
                *null.pointer_mut(&pointer).unwrap() = Value::Null;
                let (read, valid) = (reads(&without), validator.is_valid(&without));
                assert!(read || !valid, "{kind}: {pointer} is optional in the schema, required in the struct");
                let nullable = validator.is_valid(&null); // always written, if only as null
                assert!(
                    !read || valid || nullable,
                    "{kind}: {pointer} is required in the schema, optional in the struct"
                );
            }
        }
    }
}

/// JSON pointers of everything inside a value.
fn pointers(value: &Value, at: &str) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, v)| (format!("{at}/{name}"), v)).collect(),
        Value::Array(elements) => elements.iter().enumerate().map(|(i, v)| (format!("{at}/{i}"), v)).collect(),
        _ => Vec::new(),
    };
    inner.into_iter().flat_map(|(pointer, v)| [vec![pointer.clone()], pointers(v, &pointer)].concat()).collect()
}

/// Removes an object's member; the elements of a list stay.
fn remove(value: &mut Value, pointer: &str) -> bool {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).and_then(Value::as_object_mut).is_some_and(|members| members.remove(name).is_some())
}

#[test]
fn volumes_have_the_columns_of_the_file_and_their_access() {
    let schema = schema("volume");
    let columns = volumes_schema(SplitBy::default());
    let rolling = |name: &str| WINDOW_DAYS.iter().any(|days| name.ends_with(&format!("_{days}d")));
    let columns: BTreeSet<&str> = columns
        .fields()
        .iter()
        .map(|f| f.name().as_str())
        .filter(|name| !rolling(name))
        .chain(["access", "input_partition"])
        .collect();
    let row: BTreeSet<&str> =
        schema["$defs"]["row"]["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(columns, row);
    let counted = serde_json::to_value(Counts::default()).unwrap();
    let counts = schema["$defs"]["mark"]["properties"]["counts"]["properties"].as_object().unwrap();
    for name in counted.as_object().unwrap().keys() {
        assert!(counts.contains_key(name), "the mark does not count {name}");
    }
}

#[test]
fn rejects_are_written_as_their_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let output = OutputFolder::create(folder.path()).unwrap();
    let data = b"{\"event_id\":\"A\"}\xff".to_vec();
    let record = |start: u32, len: u32, line| RawRecord { start, len, offset: Offset(start.into()), line };
    let batch = RawBatch {
        records: vec![record(0, 16, 1), record(16, 1, 2)],
        data: Buffer::from_vec(data),
        origin: "a.ndjson".into(),
        partition: Partition(0),
        spilled: Vec::new(),
        misrouted: Vec::new(),
    };
    let mut writer = RejectsWriter::create(&output).unwrap();
    for (input, reason, field) in [(0, Reason::MissingField, "kind"), (1, Reason::BadUtf8, "")] {
        let reject = Reject { input, reason, field: field.into(), message: format!("{reason} it is") };
        writer.write("a.ndjson", &batch, &reject).unwrap();
    }
    writer.publish().unwrap();
    let (schema, validator) = (schema("reject"), validator("reject"));
    let text = std::fs::read_to_string(folder.path().join("rejects.ndjson")).unwrap();
    let mut written = BTreeSet::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        validator.validate(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
        written.extend(line.as_object().unwrap().keys().cloned());
    }
    assert_eq!(text.lines().count(), 2);
    let properties: BTreeSet<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(written, properties);
}
