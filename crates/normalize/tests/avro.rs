//! Avro record by record: what is taken, as what, and what is not.
#![allow(clippy::unwrap_used)]

mod support;

use headwater_catalog::Catalog;
use headwater_model::{Flags, Names, Observations};
use headwater_normalize::{Normalizer, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::avro::{Bytes, core, refused, schema, schemas};
use support::*;

/// A trade event's other fields, none of which is text alone.
fn typed() -> Value {
    schema(json!([
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["export", "import"]}},
        {"name": "occurred_on", "type": {"type": "int", "logicalType": "date"}},
        {"name": "item", "type": {"type": "record", "name": "Item", "fields": [{"name": "name", "type": "bytes"}]}},
        {"name": "quantity", "type": [{"type": "record", "name": "Quantity", "fields": [
            {"name": "value", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 4}},
            {"name": "unit", "type": "string"},
        ]}, "null"]},
        {"name": "origin", "type": "string"},
        {"name": "destination", "type": "string"},
        {"name": "via", "type": ["null", {"type": "array", "items": ["string", "null"]}]},
    ]))
}

/// One record of [`typed`]: the same as [`trade`].
fn typed_trade(id: u32) -> Bytes {
    // 19,783 days are 2024-03-01; 125,000 / 10^4 are 12.5.
    let item = core(id).long(1).long(19_783).text("acetic anhydride");
    item.long(0).text([0x01, 0xe8, 0x48]).text("kg").text("CN").text("NL").long(0)
}

#[test]
fn a_record_is_what_its_json_is() {
    let json = Read::one(&trade());
    let avro = Read::by(&schemas(&[typed()]), &[typed_trade(1).0]);
    assert_eq!(avro.out.rejects, []);
    let (head, twin) = (&avro.out.heads[0], &json.out.heads[0]);
    assert_eq!((head.identity, head.content, head.rank), (twin.identity, twin.content, twin.rank));
    let (row, twin) = (avro.row(), json.row());
    assert_eq!((row.mass_mg, row.event_day, row.flags), (twin.mass_mg, twin.event_day, twin.flags));
    assert_eq!((avro.substance(0), avro.route()), (json.substance(0), json.route()));
}

#[test]
fn one_that_ends_too_early_costs_its_neighbours_nothing() {
    let good = typed_trade(1).0;
    let (other, json) = (core(2).0, set(trade(), "/event_id", json!("T-2")).to_string().into_bytes());
    let by = schemas(&[typed(), schema(json!([]))]);
    let alone = Read::by(&by, &[&good]);
    for end in 0..good.len() {
        let cut = good[..end].to_vec();
        let records = [good.clone(), cut, json.clone(), good.clone(), other.clone()];
        let read = Read::by(&by, &records);
        let rejected: Vec<_> = read.out.rejects.iter().map(|r| (r.input, r.reason.as_str(), &*r.field)).collect();
        // The last has no kind; the one without a byte is no Avro, nor anything else.
        let reason = if end == 0 { "bad_json" } else { "bad_avro" };
        assert_eq!(rejected, [(1, reason, ""), (4, "missing_field", "kind")], "{end}: {:?}", read.out.rejects);
        assert_eq!(read.out.heads.iter().map(|h| h.input).collect::<Vec<_>>(), [0, 2, 3]);
        assert!(read.out.heads.iter().step_by(2).all(|h| h.content == alone.out.heads[0].content));
    }
    // Each says where and what.
    let message = |end: usize| Read::by(&by, &[&good[..end]]).out.rejects[0].message.clone();
    assert_eq!(message(3), "a Confluent frame has 5 bytes before its record, and here are 3");
    assert_eq!(message(8), "by writer schema 1: event_id: a length of 3 bytes at byte 5, where 2 are left");
    let unit = good.len() - 9; // behind the length of "kg"
    assert_eq!(
        message(unit),
        format!("by writer schema 1: quantity.unit: a length of 2 bytes at byte {}, where 0 are left", unit - 1)
    );
    assert_eq!(
        message(good.len() - 1),
        format!("by writer schema 1: via: the record ends in a number at byte {}", good.len() - 1)
    );
}

#[test]
fn what_no_record_says_is_said() {
    let by = schemas(&[typed()]);
    let reject = |bytes: Bytes| {
        let reject = Read::by(&by, &[bytes.0]).out.rejects.remove(0);
        (reject.reason.as_str(), reject.message)
    };
    let bad = |message: &str| ("bad_avro", message.to_owned());
    let len = typed_trade(1).0.len();
    assert_eq!(
        reject(typed_trade(9)),
        bad("a Confluent frame with schema id 9: no writer schema is configured for it")
    );
    let left_over = format!("by writer schema 1: {len} bytes are left over after the end of the record at byte {len}");
    assert_eq!(reject(typed_trade(1).raw(&typed_trade(1).0)), bad(&left_over));
    assert_eq!(
        reject(Bytes::framed(1).long(1 << 60)),
        bad("by writer schema 1: event_id: a length of 1152921504606846976 bytes at byte 5, where 0 are left")
    );
    assert_eq!(
        reject(Bytes::framed(1).long(-1)),
        bad("by writer schema 1: event_id: a length of -1 bytes at byte 5, where 0 are left")
    );
    assert_eq!(
        reject(Bytes::framed(1).raw(&[0xff; 12])),
        bad("by writer schema 1: event_id: a number of more than 64 bits at byte 5")
    );
    assert_eq!(
        reject(Bytes::framed(1).text(b"a\xff")),
        bad("by writer schema 1: event_id: a text that is not UTF-8 at byte 7")
    );
    let at = core(1).0.len();
    assert_eq!(reject(core(1).long(2)), bad(&format!("by writer schema 1: kind: symbol 2 at byte {at}, of 2")));
    assert_eq!(
        reject(core(1).long(0).long(1 << 40)),
        bad(&format!("by writer schema 1: occurred_on: an int of more than 32 bits at byte {}: 1099511627776", at + 1))
    );
    let item = core(1).long(1).long(19_783).text("acetone");
    let at = item.0.len();
    assert_eq!(
        reject(item.clone().long(7)),
        bad(&format!("by writer schema 1: quantity: branch 7 at byte {at}, of 2"))
    );
    assert_eq!(
        reject(item.clone().long(0).text("").text("kg")),
        bad(&format!("by writer schema 1: quantity.value: a decimal of no bytes at byte {}", at + 2))
    );
    // A block that says another size than it has.
    let via = item.long(1).text("CN").text("NL").long(1);
    let at = via.0.len();
    let ends = (at + 6, at + 5);
    assert_eq!(
        reject(via.long(-1).long(3).long(0).text("DE").long(0)),
        bad(&format!(
            "by writer schema 1: via: a block of items ends at byte {}, and says that it ends at {}",
            ends.0, ends.1
        ))
    );
}

#[test]
fn lists_come_in_blocks_of_either_kind() {
    let by = schemas(&[typed()]);
    let before = core(1).long(1).long(19_783).text("acetone").long(1).text("CN").text("NL").long(1);
    let stop = |bytes: Bytes, place: &str| bytes.long(0).text(place);
    let blocks = stop(stop(before.clone().long(2), "TR"), "DE");
    let sized = stop(blocks.long(-1).long(4), "BE").long(0);
    let read = Read::by(&by, &[sized.0]);
    assert_eq!((read.out.rejects.len(), read.route().as_str()), (0, "CN>TR>DE>BE>NL"));

    let fault = |bytes: Bytes| {
        let reject = Read::by(&by, &[bytes.0]).out.rejects.remove(0);
        (reject.reason.as_str(), reject.field.to_string())
    };
    assert_eq!(fault(before.clone().long(1).long(1).long(0)), ("wrong_type", "via[0]".into()));
    let many = (0..17).fold(before.clone().long(17), |bytes, _| stop(bytes, "DE")).long(0);
    assert_eq!(fault(many), ("too_large", "via".into()));
    // A count that no record can hold.
    assert_eq!(fault(before.clone().long(i64::MIN).long(0)), ("bad_avro", String::new()));
    assert_eq!(fault(stop(before.long(i64::MAX), "DE")), ("bad_avro", String::new()));
}

#[test]
fn values_without_bytes_may_be_as_many_as_they_like() {
    let nothing = json!({"type": "record", "name": "Nothing", "fields": [{"name": "x", "type": "null"}]});
    let by = schemas(&[schema(json!([
        {"name": "more", "type": {"type": "array", "items": nothing}},
        {"name": "items", "type": {"type": "array", "items": "Nothing"}},
        {"name": "status", "type": "string"},
        {"name": "revision", "type": "long"},
    ]))]);
    let many = core(1).long(i64::MAX).long(0).long(i64::MIN).long(0).long(0).text("withdrawn").long(3);
    let read = Read::by(&by, &[many.0]);
    assert_eq!((read.out.rejects.len(), read.out.heads[0].rank.revision), (0, 3));
}

#[test]
fn fields_that_the_contract_lacks_are_passed_over_and_counted() {
    let list = json!({"type": "record", "name": "Link", "fields": [{"name": "next", "type": ["null", "Link"]}]});
    let more = json!([
        {"name": "a", "type": "boolean"},
        {"name": "b", "type": {"type": "map", "values": {"type": "array", "items": "float"}}},
        {"name": "c", "type": {"type": "fixed", "name": "Md5", "size": 4}},
        {"name": "d", "type": ["null", "double", {"type": "bytes", "logicalType": "big-decimal"}]},
        {"name": "e", "type": list},
        {"name": "kind", "type": "string"},
        {"name": "occurred_on", "type": "string"},
        {"name": "item", "type": {"type": "record", "name": "Item", "fields": [{"name": "hs", "type": "string"}]}},
        {"name": "origin", "type": "string"},
        {"name": "destination", "type": "string"},
    ]);
    let by = schemas(&[schema(more)]);
    let record = |links: usize, truth: u8| {
        let map = core(1).raw(&[truth]).long(1).text("k").long(1).raw(&[0; 4]).long(0).long(0);
        let fixed = map.raw(&[1, 2, 3, 4]).long(2).text("xyz");
        let linked = (0..links).fold(fixed, |bytes, _| bytes.long(1)).long(0);
        linked.text("import").text("2024-03-01").text("291524").text("CN").text("NL").0
    };
    let read = Read::by(&by, &[record(0, 1), record(29, 0), record(40, 0), record(0, 2)]);
    let rejected: Vec<_> = read.out.rejects.iter().map(|r| (r.input, r.reason.as_str(), &*r.message)).collect();
    assert_eq!(rejected.len(), 2, "{rejected:?}");
    assert_eq!((rejected[0].0, rejected[0].1), (2, "too_deep"));
    assert!(rejected[0].2.contains("e.next.next.next") && rejected[0].2.contains("deeper than 32 levels"));
    let at = core(1).0.len();
    assert_eq!(rejected[1], (3, "bad_avro", &*format!("by writer schema 1: a: a boolean of 2 at byte {at}")));
    assert_eq!(read.unknown_fields, 2);
    assert!(read.out.rows.iter().all(|row| row.flags.has(Flags::UNKNOWN_FIELD)));
}

#[test]
fn numbers_are_exact_whatever_they_are_written_as() {
    let quantity = |value: Value| {
        let fields = json!([{"name": "value", "type": value}, {"name": "unit", "type": "string"}]);
        let mut schema = typed();
        schema["fields"][6]["type"] = json!([{"type": "record", "name": "Quantity", "fields": fields}, "null"]);
        schema
    };
    let fixed = |size: usize| json!({"type": "fixed", "name": "F", "size": size, "logicalType": "decimal", "precision": 38, "scale": 7});
    let by = schemas(&[
        quantity(json!("double")),
        quantity(json!("float")),
        quantity(json!("int")),
        quantity(json!("string")),
        quantity(fixed(16)),
        quantity(fixed(40)),
        quantity(json!({"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 38})),
    ]);
    let read = |id: u32, value: &[u8]| {
        let item = core(id).long(1).long(19_783).text("acetone").long(0).raw(value);
        Read::by(&by, &[item.text("kg").text("CN").text("NL").long(0).0])
    };
    let mass = |id, value: &[u8]| {
        let read = read(id, value);
        assert_eq!(read.out.rejects, []);
        read.row().mass_mg.unwrap()
    };
    let fault = |id, value: &[u8]| {
        let reject = read(id, value).out.rejects.remove(0);
        (reject.reason.as_str(), reject.field.into_owned())
    };
    assert_eq!(mass(1, &0.1f64.to_le_bytes()), 100_000);
    // 2.675 is below the middle as a double, and is what was written.
    assert_eq!(mass(1, &0.000_002_5f64.to_le_bytes()), 2);
    assert_eq!(mass(2, &0.1f32.to_le_bytes()), 100_000);
    assert_eq!(mass(3, &Bytes::default().long(7).0), 7_000_000);
    assert_eq!(mass(4, &Bytes::default().text("8.3799469484296").0), 8_379_947);
    assert_eq!(mass(5, &25i128.to_be_bytes()), 2); // 0.0000025 kg, half to even
    let wide = [&[0; 24][..], &35i128.to_be_bytes()].concat();
    assert_eq!(mass(6, &wide), 4);
    assert_eq!(mass(7, &Bytes::default().text([1]).0), 0);
    let path = "quantity.value".to_owned();
    assert_eq!(fault(1, &f64::NAN.to_le_bytes()), ("wrong_type", path.clone()));
    assert_eq!(fault(2, &f32::NEG_INFINITY.to_le_bytes()), ("wrong_type", path.clone()));
    assert_eq!(fault(1, &(-0.5f64).to_le_bytes()), ("out_of_range", path.clone()));
    assert_eq!(fault(1, &f64::MAX.to_le_bytes()), ("out_of_range", path.clone()));
    assert_eq!(fault(5, &i128::MAX.to_be_bytes()), ("too_large", path.clone()));
    assert_eq!(fault(6, &[1; 40]), ("too_large", path.clone()));
    for text in ["", "abc", "1.", "+1", "1 ", "0x1", "Infinity"] {
        assert_eq!(fault(4, &Bytes::default().text(text).0), ("wrong_type", path.clone()), "{text}");
    }
}

#[test]
fn times_of_any_unit_are_the_same_instant() {
    let with = |reported: Value, occurred: Value| {
        let mut schema = typed();
        schema["fields"][2]["type"] = reported;
        schema["fields"][4]["type"] = occurred;
        schema
    };
    let long = |logical: &str| json!({"type": "long", "logicalType": logical});
    let by = schemas(&[
        with(long("timestamp-millis"), long("local-timestamp-micros")),
        with(json!(["null", long("timestamp-micros")]), long("timestamp-nanos")),
        with(json!("string"), json!("string")),
    ]);
    let end = |bytes: Bytes| bytes.text("acetone").long(1).text("CN").text("NL").long(0);
    let begin = |id| Bytes::framed(id).text("T-1").text("customs-nl");
    let reported = 1_709_632_800_250i64; // 2024-03-05T10:00:00.25Z
    let day = 19_783 * 86_400i64;
    let millis = end(begin(1).long(reported).long(1).long((day + 86_399) * 1_000_000));
    let micros = end(begin(2).long(1).long(reported * 1_000).long(1).long(day * 1_000_000_000));
    let text = end(begin(3).text("2024-03-05T11:00:00.250+01:00").long(1).text("2024-03-01"));
    let read = Read::by(&by, &[millis.0, micros.0, text.0]);
    assert_eq!(read.out.rejects, []);
    assert!(read.out.heads.iter().all(|head| head.content == read.out.heads[0].content));

    let fault = |bytes: Bytes| {
        let reject = Read::by(&by, &[bytes.0]).out.rejects.remove(0);
        (reject.reason.as_str(), reject.field.into_owned())
    };
    assert_eq!(fault(end(begin(1).long(i64::MAX).long(1).long(0))), ("bad_date", "reported_at".into()));
    assert_eq!(fault(end(begin(1).long(reported).long(1).long(i64::MIN))), ("bad_date", "occurred_on".into()));
    assert_eq!(fault(end(begin(2).long(0).long(1).long(0))), ("missing_field", "reported_at".into()));
}

#[test]
fn a_schema_that_cannot_be_read_is_refused_with_its_field() {
    let said = |schema: Value| refused(&schema).to_string();
    let with = |name: &str, of: Value| said(schema(json!([{"name": name, "type": of}])));
    assert_eq!(said(json!("string")), "it is a string, and an event is a record");
    assert_eq!(said(json!(["null", schema(json!([]))])), "it is a union, and an event is a record");
    assert_eq!(
        said(json!({"type": "record", "name": "E", "fields": []})),
        "it has no field event_id, and no event is without one"
    );
    assert_eq!(said(json!(5)), "it is no Avro schema: 5 is no type");
    let text = "a string (or bytes or an enum) is wanted there";
    assert_eq!(with("permit", json!("long")), format!("the field permit is a long; {text}"));
    assert_eq!(with("origin", json!(["null", "string", "boolean"])), format!("the field origin is a boolean; {text}"));
    assert_eq!(with("via", json!({"type": "array", "items": "int"})), format!("the field via[0] is an int; {text}"));
    assert_eq!(with("via", json!("string")), "the field via is a string; an array is wanted there");
    let date = json!({"type": "int", "logicalType": "date"});
    let items = |fields: Value| json!({"type": "array", "items": {"type": "record", "name": "I", "fields": fields}});
    let quantity = json!({"type": "record", "name": "Q", "fields": [{"name": "value", "type": date}]});
    let number = "a string of digits, an int, a long, a float, a double or a decimal is wanted there";
    assert_eq!(
        with("items", items(json!([{"name": "quantity", "type": quantity}]))),
        format!("the field items[0].quantity.value is a date; {number}")
    );
    assert_eq!(with("place", json!("long")), "the field place is a long; a string or a record is wanted there");
    assert_eq!(
        with("item", json!({"type": "map", "values": "string"})),
        "the field item is a map; a record is wanted there"
    );
    let local = json!({"type": "long", "logicalType": "local-timestamp-millis"});
    let mut clocked = schema(json!([]));
    clocked["fields"][2]["type"] = local;
    assert_eq!(
        said(clocked),
        "the field reported_at is a local timestamp; a string or a timestamp (in UTC, not a local one) is wanted there"
    );
    // What the contract does not know may be anything that Avro has, and nothing else.
    for (of, message) in [
        (json!("Nowhere"), "x: there is no type \"Nowhere\" before it is used"),
        (json!({"type": "array"}), "x: array: what it holds is not said"),
        (json!({"items": "int"}), "x: a type without the text `type`"),
        (json!([]), "x: a union of nothing"),
        (json!({"type": "enum", "name": "Event", "symbols": ["a"]}), "x: the type \"Event\" is defined twice"),
        (json!({"type": "enum", "name": "W", "symbols": []}), "x: an enum without its symbols"),
        (json!({"type": "fixed", "name": "F", "size": -1}), "x: a fixed without its size"),
        (
            json!({"type": "bytes", "logicalType": "decimal", "precision": 39}),
            "x: a decimal has a precision of 1 to 38 digits and a scale of no more",
        ),
        (
            json!({"type": "record", "name": "R", "fields": [{"name": "y", "type": "int"}, {"name": "y", "type": "int"}]}),
            "x: the field y is there twice",
        ),
    ] {
        assert_eq!(with("x", of), format!("it is no Avro schema: {message}"));
    }
    let many: Vec<Value> = (0..20_000).map(|i| json!({"name": format!("f{i}"), "type": "int"})).collect();
    assert_eq!(said(schema(Value::from(many))), "it has more than 20000 types");
    let error = headwater_normalize::WriterSchema::parse("{").err().unwrap().to_string();
    assert!(error.starts_with("it is no JSON: EOF"), "{error}");
}

#[test]
fn names_are_looked_for_where_they_are_used() {
    let mut named = schema(json!([
        {"name": "consignor", "type": {"type": "enum", "name": "a.b.Party", "symbols": ["p-1", "p-2"]}},
        {"name": "consignee", "type": "a.b.Party"},
        {"name": "item", "type": {"type": "record", "name": "Item", "namespace": "c", "fields": [
            {"name": "form", "type": ["null", "Item"]},
            {"name": "name", "type": {"type": "enum", "name": "Name", "symbols": ["acetone"]}},
            {"name": "cas", "type": {"type": {"type": "string"}}},
        ]}},
        {"name": "permit", "type": "c.Name"},
    ]));
    named["namespace"] = json!("x.y");
    let by = schemas(&[named]);
    let read = Read::by(&by, &[core(1).long(0).long(1).long(0).long(0).text("67-64-1").long(0).0]);
    assert_eq!(read.out.rejects[0].field, "kind");
}

#[test]
fn words_of_a_rejected_record_stay_for_the_next() {
    let by = schemas(&[typed()]);
    let bad = core(1).long(0).long(19_783).text("").long(1).text("CN").text("NL").long(0).0;
    let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default()).with_writer_schemas(by);
    let (mut names, mut out) = (Names::default(), Observations::default());
    // Twice: a batch brings its own words.
    for _ in 0..2 {
        normalizer.process(&batch(&[bad.clone(), typed_trade(1).0]), &mut names, &mut out);
        assert_eq!((out.rejects.len(), out.heads.len()), (1, 1), "{:?}", out.rejects);
        assert_eq!(names.series.get(out.rows[0].series).evidence.as_str(), "import");
    }
}

#[test]
fn an_id_is_found_where_there_is_one() {
    let by = schemas(&[typed()]);
    assert_eq!(by.event_id(&typed_trade(1).0).as_deref(), Some("T-1"));
    for none in [&typed_trade(2).0[..], &typed_trade(1).0[..9], b"", b"{}"] {
        assert_eq!(by.event_id(none), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_behind_a_frame_panic(id in 0..4u32, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let by = schemas(&[typed(), schema(json!([]))]);
        let read = Read::by(&by, &[Bytes::framed(id).raw(&bytes).0]);
        for reject in &read.out.rejects {
            prop_assert!(!reject.message.is_empty());
        }
    }

    #[test]
    fn a_changed_record_is_one_or_none_and_harms_no_neighbour(
        at in any::<prop::sample::Index>(), with in prop_oneof![Just(vec![]), prop::collection::vec(any::<u8>(), 1..12)], gone in 0..4usize
    ) {
        let by = schemas(&[typed()]);
        let good = typed_trade(1).0;
        let mut changed = good.clone();
        let at = 5 + at.index(changed.len() - 5);
        let end = (at + gone).min(changed.len());
        drop(changed.splice(at..end, with));
        let whole = changed == good;
        let read = Read::by(&by, &[good.clone(), changed, good.clone()]);
        let inputs: Vec<u32> = read.out.rejects.iter().map(|r| r.input).collect();
        prop_assert!(inputs.is_empty() || inputs == [1], "{:?}", read.out.rejects);
        prop_assert!(inputs.is_empty() || !whole);
        let content = Read::by(&by, &[good]).out.heads[0].content;
        prop_assert!(read.out.heads.iter().filter(|h| h.input != 1).all(|h| h.content == content));
    }
}
