//! Closed lists and limits: the schemas say what the code holds.

use headwater_model::*;
use headwater_tests::examples::EVENT_KINDS;
use serde_json::Value;

use crate::schema;

/// The `enum` at a pointer.
fn list(schema: &Value, pointer: &str) -> Vec<String> {
    let list = schema.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no list at {pointer}"));
    list.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Vec<String> {
    all.iter().map(|t| word(*t).to_owned()).collect()
}

#[test]
fn events_use_the_closed_lists_of_the_model() {
    let kinds = |trade: bool| -> Vec<String> {
        Evidence::ALL.into_iter().filter(|k| k.is_trade() == trade).map(|k| k.as_str().to_owned()).collect()
    };
    for kind in EVENT_KINDS {
        let schema = schema(kind);
        assert_eq!(list(&schema, "/properties/kind/enum"), kinds(kind == "trade-event"));
        assert_eq!(list(&schema, "/properties/marking/enum"), words(&Marking::ALL, Marking::as_str));
        assert_eq!(list(&schema, "/properties/mode/enum"), words(&Mode::ALL, Mode::as_str));
        assert_eq!(list(&schema, "/$defs/quantity/properties/unit/enum"), words(&Unit::ALL, Unit::as_str));
        assert_eq!(list(&schema, "/$defs/quantity/properties/basis/enum"), words(&Basis::ALL, Basis::as_str));
        let status = [Status::Reported, Status::Withdrawn].map(|s| serde_json::to_value(s).unwrap());
        assert_eq!(schema["properties"]["status"]["enum"], Value::from(status.to_vec()));
        assert_eq!(schema["properties"]["marking"]["default"], Access::default().marking.as_str());
    }
}

#[test]
fn outputs_use_the_closed_lists_of_the_model() {
    let reject = schema("reject");
    for pointer in ["/properties/reason/enum", "/$defs/headers/properties/reason/enum"] {
        assert_eq!(list(&reject, pointer), words(&Reason::ALL, Reason::as_str));
    }
    let volume = schema("volume");
    assert_eq!(list(&volume, "/$defs/row/properties/evidence/enum"), words(&Evidence::ALL, Evidence::as_str));
    let alert = schema("alert");
    for (pointer, words) in [
        ("status", words(AlertStatus::ALL, AlertStatus::as_str)),
        ("kind", words(Kind::ALL, Kind::as_str)),
        ("scope", words(Scope::ALL, Scope::as_str)),
        ("changes/properties/reason", words(ChangeReason::ALL, ChangeReason::as_str)),
        ("confidence/properties/level", words(ConfidenceLevel::ALL, ConfidenceLevel::as_str)),
        ("priority/properties/band", words(Band::ALL, Band::as_str)),
        ("strata/items/properties/evidence", words(&Evidence::ALL, Evidence::as_str)),
        ("family_total/properties/level", words(Level::ALL, Level::as_str)),
        ("evidence/properties/top_events/items/properties/role", words(Role::ALL, Role::as_str)),
        ("counter_evidence/items/properties/check", words(Check::ALL, Check::as_str)),
        ("counter_evidence/items/properties/result", words(CheckResult::ALL, CheckResult::as_str)),
        ("likelihood/properties/words", words(LikelihoodWords::ALL, LikelihoodWords::as_str)),
        ("marking", words(&Marking::ALL, Marking::as_str)),
        ("computed_up_to", words(&Marking::ALL, Marking::as_str)),
    ] {
        assert_eq!(list(&alert, &format!("/properties/{pointer}/enum")), words, "{pointer}");
    }
}

#[test]
fn what_both_event_shapes_have_is_the_same_in_both() {
    let [trade, seizure] = EVENT_KINDS.map(schema);
    let mut shared = 0;
    for part in ["properties", "$defs"] {
        for (name, in_trade) in trade[part].as_object().unwrap() {
            let in_seizure = &seizure[part][name];
            // These differ in what they mean or allow; all else is one definition, written twice so that each file stands alone.
            if in_seizure.is_null() || ["kind", "occurred_on", "origin", "destination"].contains(&name.as_str()) {
                continue;
            }
            assert_eq!(in_trade, in_seizure, "{part}/{name}");
            shared += 1;
        }
    }
    assert!(shared > 20, "only {shared} shared definitions");
}

#[test]
fn limits_are_those_of_the_model() {
    for kind in EVENT_KINDS {
        let schema = schema(kind);
        let limit =
            |pointer: &str| schema.pointer(pointer).and_then(Value::as_i64).unwrap_or_else(|| panic!("no {pointer}"));
        assert_eq!(limit("/properties/via/maxItems"), VIA_MAX as i64);
        assert_eq!(limit("/properties/revision/maximum"), i64::from(u32::MAX));
        if kind == "seizure-event" {
            assert_eq!(limit("/properties/incidents/maximum"), INCIDENTS_MAX);
        }
    }
}
