//! The archive's Arrow form: every value where it belongs.
#![allow(clippy::unwrap_used)]

mod support;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use headwater_catalog::Catalog;
use headwater_model::{Flags, Names, Observations};
use headwater_normalize::{Normalizer, Settings, archive_schema};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;

fn archive<R: AsRef<[u8]>>(records: &[R]) -> RecordBatch {
    let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default()).with_columns();
    let (mut names, mut out) = (Names::default(), Observations::default());
    let batch = batch(records);
    // Twice: the columns must not remember the batch before.
    normalizer.process(&batch, &mut names, &mut out);
    normalizer.process(&batch, &mut names, &mut out);
    normalizer.record_batch(&batch, &names, &out).unwrap()
}

/// The value of a column in a row as text, `-` for null.
fn value(batch: &RecordBatch, column: &str, row: usize) -> String {
    use arrow_array::types::*;
    let array = batch.column_by_name(column).unwrap_or_else(|| panic!("no column {column}"));
    if array.is_null(row) {
        return "-".into();
    }
    match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Date32 => headwater_model::Day(array.as_primitive::<Date32Type>().value(row)).to_string(),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Binary => String::from_utf8_lossy(array.as_binary::<i32>().value(row)).into_owned(),
        DataType::Dictionary(..) => {
            let words = array.as_dictionary::<UInt32Type>();
            words.values().as_string::<i32>().value(words.key(row).unwrap()).to_owned()
        }
        other => panic!("{column} is {other}"),
    }
}

#[track_caller]
fn check(batch: &RecordBatch, row: usize, expected: &[(&str, &str)]) {
    for (column, text) in expected {
        assert_eq!(value(batch, column, row), *text, "{column} of row {row}");
    }
}

/// A name with escapes and one too long for a view to hold.
const ODD_NAME: &str = "Acetic anhydride \"technical\"\tgrade, 99 %";

fn sample() -> Vec<Vec<u8>> {
    let mut full = trade();
    let more = json!({
        "revision": 3, "period_days": 31, "item": {"name": ODD_NAME, "cas": "1-2", "hs": "2933.39"},
        "quantity": {"value": 0.50, "unit": "kg", "basis": "gross", "qualifier": "estimated"}, "origin": "CNSHA", "via": ["TR"], "mode": "road",
        "consignor": "C-000000000001", "consignee": "C-é", "permit": "P\n1", "refers_to": [{"source": "a", "event_id": "b"}],
        "value": {"amount": 1000.10, "currency": "EUR"}, "marking": "TLP:GREEN", "releasable_to": ["B", "A", "B"],
    });
    full.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let items = json!([{"name": "Heroin", "purity_percent": 40.5, "form": "brick"}, {"name": "dust", "quantity": {"value": 3, "unit": "package"}}]);
    let withdrawal = json!({"event_id": "T-9", "revision": 2, "status": "withdrawn", "source": "customs-nl", "reported_at": "2024-04-01T00:00:00Z"});
    vec![
        full.to_string().into_bytes(),
        withdrawal.to_string().into_bytes(),
        b"{\"broken\xff".to_vec(),
        set(set(seizure(), "/items", items), "/incidents", json!(4)).to_string().into_bytes(),
        set(trade(), "/quantity/unit", json!("stone")).to_string().into_bytes(),
        trade().to_string().into_bytes(),
    ]
}

#[test]
fn every_value_lies_in_its_column() {
    let records = sample();
    let batch = archive(&records);
    assert_eq!((batch.schema(), batch.num_rows()), (archive_schema(), 7));
    let flags = Flags::GROSS.with(Flags::CAS_DROPPED).with(Flags::UNMAPPED);
    check(
        &batch,
        0,
        &[
            ("sign", "1"),
            ("source", "customs-nl"),
            ("event_id", "T-1"),
            ("revision", "3"),
            ("status", "reported"),
            ("item", "0"),
            ("evidence", "import"),
            ("event_day", "2024-03-01"),
            ("period_days", "31"),
            ("known_on", "2024-03-05"),
            ("counted_on", "2024-03-05"),
            ("substance", "unmapped:293339"),
            ("hs", "293339"),
            ("route", "CN>TR>NL"),
            ("origin", "CN"),
            ("destination", "NL"),
            ("market", "NL"),
            ("place_country", "-"),
            ("subdivision", "-"),
            ("office", "-"),
            ("mass_mg", "500000"),
            ("pieces", "-"),
            ("incidents", "1"),
            ("raw_name", ODD_NAME),
            ("raw_cas", "1-2"),
            ("raw_value", "0.5"),
            ("raw_unit", "kg"),
            ("basis", "gross"),
            ("qualifier", "estimated"),
            ("value_amount", "1000.1"),
            ("value_currency", "EUR"),
            ("suggestion", "acetic-anhydride"),
            ("form", "-"),
            ("purity", "-"),
            ("mode", "road"),
            ("consignor", "C-000000000001"),
            ("consignee", "C-é"),
            ("permit", "P\n1"),
            ("refers_to", r#"[{"event_id":"b","source":"a"}]"#),
            ("flags", &flags.0.to_string()),
            ("marking", "TLP:GREEN"),
            ("releasable_to", "A,B"),
            ("topic", "test.ndjson"),
            ("partition", "3"),
            ("offset", "0"),
            ("reason", "-"),
            ("field", "-"),
            ("message", "-"),
            ("raw", "-"),
        ],
    );
    check(
        &batch,
        1,
        &[
            ("event_id", "S-1"),
            ("item", "0"),
            ("evidence", "seizure"),
            ("substance", "heroin"),
            ("route", "XX>BE"),
            ("market", "BE"),
            ("place_country", "BE"),
            ("subdivision", "BE-VAN"),
            ("office", "ANTWERP"),
            ("mass_mg", "-"),
            ("incidents", "4"),
            ("raw_value", "-"),
            ("suggestion", "-"),
            ("form", "brick"),
            ("purity", "40.5"),
            ("mode", "-"),
            ("permit", "-"),
            ("marking", "TLP:AMBER"),
            ("releasable_to", "-"),
        ],
    );
    check(
        &batch,
        2,
        &[("item", "1"), ("pieces", "3"), ("raw_name", "dust"), ("purity", "-"), ("substance", "unmapped:dust")],
    );
    check(&batch, 3, &[("event_id", "T-1"), ("hs", "-"), ("substance", "acetic-anhydride"), ("raw_value", "12.5")]);
    let withdrawn =
        [("sign", "0"), ("source", "customs-nl"), ("event_id", "T-9"), ("revision", "2"), ("status", "withdrawn")];
    check(&batch, 4, &withdrawn);
    check(
        &batch,
        4,
        &[("known_on", "2024-04-01"), ("substance", "-"), ("mass_mg", "-"), ("reason", "-"), ("raw_name", "-")],
    );
    assert_ne!(value(&batch, "record_hash", 4), "-");
    check(
        &batch,
        5,
        &[
            ("sign", "0"),
            ("event_id", "-"),
            ("source", "-"),
            ("reason", "bad_utf8"),
            ("field", ""),
            ("topic", "test.ndjson"),
        ],
    );
    assert_eq!(batch.column_by_name("raw").unwrap().as_binary::<i32>().value(5), records[2]);
    check(
        &batch,
        6,
        &[
            ("sign", "0"),
            ("reason", "bad_unit"),
            ("field", "quantity.unit"),
            ("raw", str::from_utf8(&records[4]).unwrap()),
        ],
    );
    let offset: usize = records[..4].iter().map(Vec::len).sum();
    check(&batch, 6, &[("offset", &offset.to_string())]);
}

#[test]
fn no_records_are_an_empty_batch() {
    assert_eq!(archive::<&str>(&[]).num_rows(), 0);
    assert_eq!(archive(&["{}"]).num_rows(), 1);
}

#[test]
fn without_columns_there_is_no_archive() {
    let batch = batch(&[trade().to_string()]);
    let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default());
    let (mut names, mut out) = (Names::default(), Observations::default());
    normalizer.process(&batch, &mut names, &mut out);
    assert!(normalizer.record_batch(&batch, &names, &out).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    /// Rows with and without optional texts, in any order: each text stays in its own row.
    #[test]
    fn texts_stay_in_their_rows(texts in prop::collection::vec(prop::option::of("[a-zé\"\n]{1,30}"), 1..20)) {
        let records: Vec<String> = texts.iter().enumerate().map(|(i, text)| {
            let event = set(trade(), "/event_id", json!(format!("e{i}")));
            text.as_ref().map_or(event.clone(), |t| set(event, "/permit", Value::from(t.as_str()))).to_string()
        }).collect();
        let batch = archive(&records);
        for (i, text) in texts.iter().enumerate() {
            prop_assert_eq!(value(&batch, "permit", i), text.clone().unwrap_or_else(|| "-".into()));
            prop_assert_eq!(value(&batch, "event_id", i), format!("e{i}"));
        }
    }
}
