//! Records as JSON and as Avro, compared in everything that is read of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use headwater_catalog::Catalog;
use headwater_model::{Names, Observations};
use headwater_normalize::{Normalizer, Settings, WriterSchema, WriterSchemas};
use headwater_tests::avro::{Json, Sender};
use headwater_tests::product::batch;
use headwater_tests::streams::{Shape, stream};
use headwater_tests::{examples, feed};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::writers::{EXTRA, Manner, contract, manner};

/// Senders of both kinds of events who write in one manner, and what is configured of them.
struct Senders {
    senders: Vec<Sender>,
    schemas: Arc<WriterSchemas>,
}

impl Senders {
    fn of(schemas: Vec<Value>) -> Senders {
        let read =
            |schema: &Value| WriterSchema::parse(&schema.to_string()).unwrap_or_else(|e| panic!("{e}: {schema}"));
        Senders {
            senders: schemas.iter().map(Sender::exact).collect(),
            schemas: Arc::new((1..).zip(schemas.iter().map(read)).collect()),
        }
    }

    fn in_manner(manner: &Manner) -> Senders {
        Senders::of(examples::EVENT_KINDS.iter().map(|kind| manner.schema(&contract(kind))).collect())
    }

    /// The record as Avro, by whoever can say it.
    fn framed(&self, record: &Json) -> Option<Vec<u8>> {
        (1..).zip(&self.senders).find_map(|(id, sender)| sender.framed(id, record))
    }

    /// Each record as its sender sends it; JSON where Avro cannot say the same. And how many are Avro.
    fn all(&self, records: &[Json]) -> (Vec<Vec<u8>>, usize) {
        let framed: Vec<Option<Vec<u8>>> = records.iter().map(|record| self.framed(record)).collect();
        let count = framed.iter().flatten().count();
        let all = framed.into_iter().zip(records).map(|(avro, json)| avro.unwrap_or_else(|| json.text().into_bytes()));
        (all.collect(), count)
    }
}

/// All that was read of records, as text, without where they lay.
fn read(records: &[Vec<u8>], schemas: &Arc<WriterSchemas>) -> Vec<String> {
    let raw = batch(&records.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let normalizer = Normalizer::new(Catalog::embedded(), Settings::default()).with_columns();
    let mut normalizer = normalizer.with_writer_schemas(Arc::clone(schemas));
    let (mut names, mut out) = (Names::default(), Observations::default());
    normalizer.process(&raw, &mut names, &mut out);
    assert_eq!(out.heads.len() + out.rejects.len(), records.len());
    let mut said = vec![format!("{} unknown", normalizer.unknown_fields())];
    for head in &out.heads {
        let (rank, rows) = (head.rank, out.rows_of(head));
        said.push(format!("{} {:?} {rank:?} {:?} {:x}", head.input, head.identity, head.known_on, head.content));
        said.extend(rows.iter().map(|row| format!("{row:?} {:?}", names.series.get(row.series))));
    }
    said.extend(out.rejects.iter().map(|reject| format!("{} {} {:?}", reject.input, reject.reason, reject.field)));
    let columns = normalizer.record_batch(&raw, &names, &out).unwrap();
    for (field, column) in columns.schema().fields().iter().zip(columns.columns()) {
        let name = field.name().as_str();
        match name {
            "offset" | "raw" | "message" => {}
            // The JSON of the list: its members may stand in another order.
            "refers_to" => {
                let column = column.as_string_view();
                let lists = (0..column.len()).map(|row| column.is_valid(row).then(|| column.value(row)));
                let lists: Vec<Option<Value>> =
                    lists.map(|list| list.map(|l| serde_json::from_str(l).unwrap())).collect();
                said.push(format!("{lists:?}"));
            }
            _ => said.extend((0..column.len()).map(|row| format!("{name} {row} {:?}", column.slice(row, 1)))),
        }
    }
    said
}

fn compare(senders: &Senders, records: &[Json]) -> usize {
    let json: Vec<Vec<u8>> = records.iter().map(|record| record.text().into_bytes()).collect();
    let (avro, count) = senders.all(records);
    let (json, avro) = (read(&json, &senders.schemas), read(&avro, &senders.schemas));
    for (json, avro) in json.iter().zip(&avro) {
        assert_eq!(json, avro);
    }
    assert_eq!(json.len(), avro.len());
    count
}

fn valid() -> Vec<Json> {
    let examples = examples::EVENT_KINDS.iter().flat_map(|kind| examples::valid(kind));
    examples.map(|example| Json::read(&example.record).unwrap()).collect()
}

#[test]
fn every_example_is_read_as_its_json_is() {
    let contracts = Senders::of(examples::EVENT_KINDS.iter().map(|kind| contract(kind)).collect());
    let valid = valid();
    let unknown = valid.iter().filter(|record| contracts.framed(record).is_none()).count();
    assert!(unknown <= 2, "only what has fields that the schemas do not have: {unknown} of {}", valid.len());
    compare(&contracts, &valid);

    let invalid = examples::EVENT_KINDS.iter().flat_map(|kind| examples::invalid(kind));
    let invalid: Vec<Json> =
        invalid.filter_map(|example| Json::read(std::str::from_utf8(&example.record).ok()?)).collect();
    let loose = Senders::in_manner(&Manner { loose: true, ..Manner::default() });
    let (by_contract, by_loose) = (compare(&contracts, &invalid), compare(&loose, &invalid));
    assert!(by_contract > 20 && by_loose > by_contract, "{by_contract} and {by_loose} of {}", invalid.len());
}

/// A place in a record, and what is put there.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, Json),
    Remove(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let texts = vec![
        "",
        "zz",
        "CN",
        "NLRTM",
        "kg",
        "TLP:RED",
        "TLP:WHITE",
        "2024-02-29",
        "2024-02-30",
        "2024-02-29T12:00:00Z",
        "2024-02-29T23:59:59.125-08:00",
        "1850-01-01T00:00:00Z",
        "withdrawn",
        "seizure",
        "import",
        "gross",
        "108-24-7",
        "108-24-8",
        "acetic anhydride",
        "a,b",
        "é\"\\\n",
        "12",
        "-",
    ];
    let numbers = vec![
        "0",
        "-1",
        "-0",
        "1.5",
        "3",
        "2.50",
        "1e400",
        "1e-3",
        "100000001",
        "0.1",
        "4294967296",
        "1234567890123456789012",
    ];
    let value = prop_oneof![
        4 => select(texts).prop_map(|text| Json::Text(text.to_owned())),
        3 => select(numbers).prop_map(|number| Json::Number(number.to_owned())),
        1 => Just(Json::Text("x".repeat(600))),
        1 => Just(Json::Null),
        1 => Just(Json::List(Vec::new())),
        1 => Just(Json::List(vec![Json::Null])),
        1 => Just(Json::List(vec![Json::Text("DE".to_owned()); 20])),
    ];
    prop_oneof![
        4 => (any::<Index>(), value).prop_map(|(at, value)| Change::Set(at, value)),
        1 => any::<Index>().prop_map(Change::Remove),
    ]
}

impl Change {
    fn make(&self, record: &mut Json) {
        let (Change::Set(at, _) | Change::Remove(at)) = self;
        let mut left = at.index(places(record).max(1));
        self.walk(record, &mut left);
    }

    /// Makes the change where `left` counts down to nothing; whether it did.
    fn walk(&self, value: &mut Json, left: &mut usize) -> bool {
        let names: Vec<String> = match value {
            Json::List(list) => {
                return list.iter_mut().any(|element| self.here(element, left) || self.walk(element, left));
            }
            Json::Object(members) => members.keys().cloned().collect(),
            _ => return false,
        };
        for name in names {
            let members: &mut BTreeMap<String, Json> = value.members().unwrap();
            if let (Change::Remove(_), 0) = (self, *left) {
                members.remove(&name);
                return true;
            }
            let member = members.get_mut(&name).unwrap();
            if self.here(member, left) || self.walk(member, left) {
                return true;
            }
        }
        false
    }

    fn here(&self, value: &mut Json, left: &mut usize) -> bool {
        if *left > 0 {
            *left -= 1;
            return false;
        }
        if let Change::Set(_, new) = self {
            *value = new.clone();
        }
        true
    }
}

fn places(value: &Json) -> usize {
    match value {
        Json::List(list) => list.iter().map(|element| 1 + places(element)).sum(),
        Json::Object(members) => members.values().map(|member| 1 + places(member)).sum(),
        _ => 0,
    }
}

fn records() -> impl Strategy<Value = Vec<Json>> {
    let read = |lines: Vec<String>| lines.iter().map(|line| Json::read(line).unwrap()).collect::<Vec<_>>();
    let streamed = stream(Shape { events: 4, conflicts: true }).prop_map(read);
    let fed = (0..10_000usize).prop_map(move |n| read(vec![feed::event(n), feed::event(n + 1)]));
    let unchanged = prop_oneof![streamed, fed, prop::collection::vec(select(valid()), 1..6)];
    (unchanged, prop::collection::vec(prop::collection::vec(change(), 0..3), 30)).prop_map(|(mut records, changes)| {
        for (record, changes) in records.iter_mut().zip(changes) {
            changes.iter().for_each(|change| change.make(record));
        }
        records
    })
}

/// Puts what the contract does not have into a record, as the schemas with more fields have room for it.
fn add_extra(record: &mut Json) {
    let Some(members) = record.members() else { return };
    let link = |next: Json| {
        Json::Object(BTreeMap::from([("next".into(), next), ("seen".into(), Json::List(vec![Json::Bool(true)]))]))
    };
    let extra = BTreeMap::from([
        ("a".into(), Json::Text("b".into())),
        ("c".into(), link(link(Json::Null))),
        ("d".into(), Json::Null),
    ]);
    members.insert(EXTRA.to_owned(), Json::Object(extra));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_form_says_nothing(manner in manner(), mut records in records()) {
        if manner.extra {
            for record in &mut records {
                add_extra(record);
                if let Some(item) = record.members().and_then(|members| members.get_mut("item")) {
                    add_extra(item);
                }
            }
        }
        compare(&Senders::in_manner(&manner), &records);
    }
}

#[test]
fn every_manner_has_its_say() {
    // What the property above compares is Avro for the most part, whatever the manner.
    let records: Vec<Json> = (0..300).map(|n| Json::read(&feed::event(n)).unwrap()).collect();
    for numbers in 0..6 {
        for times in 0..5 {
            for loose in [false, true] {
                let manner = Manner {
                    loose,
                    numbers,
                    times,
                    bytes: times % 2 == 1,
                    turned: numbers * 7,
                    null_last: !loose,
                    ..Manner::default()
                };
                assert_eq!(compare(&Senders::in_manner(&manner), &records), 300, "{manner:?}");
            }
        }
    }
}
