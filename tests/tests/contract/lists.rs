//! Closed lists and limits: the schemas say what the code holds.

use headwater_model::*;
use headwater_normalize::limits;
use headwater_tests::examples::{self, EVENT_KINDS};
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
fn limits_of_the_schemas_are_those_of_the_decoder() {
    for kind in EVENT_KINDS {
        let schema = schema(kind);
        let limit = |pointer: &str| {
            schema.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{kind}: no {pointer}")) as usize
        };
        for (pointer, constant) in [
            ("/properties/event_id/maxLength", limits::EVENT_ID_CHARS_MAX),
            ("/properties/source/maxLength", limits::SOURCE_CHARS_MAX),
            ("/properties/revision/maximum", u32::MAX as usize),
            ("/properties/period_days/maximum", limits::PERIOD_DAYS_MAX as usize),
            ("/properties/via/maxItems", VIA_MAX),
            ("/properties/refers_to/maxItems", limits::REFERS_TO_MAX),
            ("/properties/releasable_to/maxItems", limits::RELEASABLE_TO_MAX),
            ("/properties/releasable_to/items/maxLength", limits::TEXT_CHARS_MAX),
            ("/$defs/text/maxLength", limits::TEXT_CHARS_MAX),
            ("/$defs/event_ref/properties/event_id/maxLength", limits::EVENT_ID_CHARS_MAX),
            ("/$defs/event_ref/properties/source/maxLength", limits::SOURCE_CHARS_MAX),
        ] {
            assert_eq!(limit(pointer), constant, "{kind} {pointer}");
        }
        if kind == "trade-event" {
            assert_eq!(limit("/properties/item/properties/name/maxLength"), limits::NAME_CHARS_MAX);
            assert_eq!(limit("/properties/item/properties/description/maxLength"), limits::DESCRIPTION_CHARS_MAX);
        } else {
            assert_eq!(limit("/$defs/item/properties/name/maxLength"), limits::NAME_CHARS_MAX);
            assert_eq!(limit("/properties/items/maxItems"), limits::ITEMS_MAX);
            assert_eq!(limit("/properties/incidents/maximum"), INCIDENTS_MAX as usize);
        }
    }
}

/// `1048576` as `1,048,576`.
fn grouped(n: impl ToString) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
    groups.join(",")
}

#[test]
fn the_readme_names_every_reason_and_the_limits_of_the_decoder() {
    let readme = std::fs::read_to_string(examples::schemas().join("README.md")).unwrap();
    let mut rest = &*readme;
    for reason in Reason::ALL {
        let row = format!("| `{reason}` |");
        let at = rest.find(&row).unwrap_or_else(|| panic!("no row for {reason}, in the order of the list"));
        rest = &rest[at..];
    }
    let lists = [limits::ITEMS_MAX, VIA_MAX, limits::REFERS_TO_MAX, limits::RELEASABLE_TO_MAX].map(grouped).join(", ");
    for row in [
        format!("| a record | 1 MiB ({} bytes) |", grouped(RECORD_BYTES_MAX)),
        format!("| nesting | {} levels |", limits::NESTING_MAX),
        format!("| `event_id`, `source` | {}, {} characters |", limits::EVENT_ID_CHARS_MAX, limits::SOURCE_CHARS_MAX),
        format!("| {} characters |", [limits::NAME_CHARS_MAX, limits::DESCRIPTION_CHARS_MAX].map(grouped).join(", ")),
        format!("| `hs` | {} to {} digits |", limits::HS_DIGITS.start(), limits::HS_DIGITS.end()),
        format!("| other texts, each organisation | {} characters |", limits::TEXT_CHARS_MAX),
        format!("| {lists} elements |"),
        format!("| `revision` | 0 to {} |", grouped(u32::MAX)),
        format!("| `period_days` | 1 to {} |", limits::PERIOD_DAYS_MAX),
        format!("| `incidents` | 0 to {} |", grouped(INCIDENTS_MAX)),
        format!("| a number | {} significant digits |", limits::NUMBER_DIGITS_MAX),
        format!("| a fraction of a second | {} digits |", limits::FRACTION_DIGITS_MAX),
        format!("| {} days, a notice {} |", limits::AHEAD_DAYS_MAX, limits::NOTICE_AHEAD_DAYS_MAX),
        format!("| access classes of a source | {} |", limits::ACCESS_CLASSES_MAX),
        format!("more than {} days after the event day", grouped(limits::TOO_LATE_DAYS)),
    ] {
        assert!(readme.contains(&row), "schemas/README.md lacks {row:?}");
    }
}
