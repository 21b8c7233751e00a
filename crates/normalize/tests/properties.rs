//! What holds for all bytes, and for all spellings of one event.
#![allow(clippy::unwrap_used)]

mod support;

use headwater_catalog::Catalog;
use headwater_model::{Names, Observations, Reason};
use headwater_normalize::{Normalizer, Settings};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use support::*;

/// An event with all that the contract knows, and with texts that need escapes.
fn full() -> impl Strategy<Value = Value> {
    let text = "[ -~äжé中\n\"\\\\]{1,20}";
    (any::<bool>(), text, 0..4u32, 0..1_000_000_000u64, "[1-9][0-9]{0,4}(\\.[0-9]{1,4})?", 0..13usize).prop_map(
        |(is_trade, text, revision, number, value, unit)| {
            let units = ["kg", "g", "mg", "t", "lb", "oz", "L", "mL", "gal", "piece", "tablet", "dose", "package"];
            let value: Value = serde_json::from_str(&value).unwrap();
            let quantity = json!({"value": value, "unit": units[unit], "basis": "mixture", "qualifier": text});
            let mut event = if is_trade { trade() } else { seizure() };
            let more = json!({
                "event_id": format!("{text}-{number}"), "revision": revision, "status": "reported", "period_days": 1 + number % 366,
                "via": ["DE", "FRLEH"], "mode": "sea", "consignor": text, "consignee": "C-2", "permit": text,
                "refers_to": [{"source": "a", "event_id": text}], "value": {"amount": number, "currency": "EUR"},
                "marking": "TLP:GREEN", "releasable_to": ["B", "A"], "unknown": {"deep": [1, text]},
            });
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            if is_trade {
                event["quantity"] = quantity;
                event["item"] = json!({"name": text, "cas": "67-64-1", "hs": "2914.11", "description": text});
            } else {
                event["incidents"] = json!(number);
                event["items"][0]["quantity"] = quantity;
                event["items"].as_array_mut().unwrap().push(json!({"name": "Cocaine", "cas": "1"}));
            }
            event
        },
    )
}

/// The same value with the fields of every object in another order, and blanks between all tokens.
fn respelled(value: &Value, turn: usize) -> String {
    let blank = [" ", "\n", "\t ", "\r\n"][turn % 4];
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{}{blank}:{blank}{}", escaped(name, turn), respelled(value, turn)))
                .collect();
            let len = fields.len().max(1);
            fields.rotate_left(turn % len);
            if turn % 2 == 1 {
                fields.reverse();
            }
            format!("{{{blank}{}{blank}}}", fields.join(&format!("{blank},{blank}")))
        }
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(|v| respelled(v, turn)).collect();
            format!("[{blank}{}{blank}]", list.join(&format!("{blank},{blank}")))
        }
        Value::String(text) => escaped(text, turn),
        other => other.to_string(),
    }
}

/// A string, now and then with characters escaped that need not be.
fn escaped(text: &str, turn: usize) -> String {
    if !turn.is_multiple_of(3) {
        return serde_json::to_string(text).unwrap();
    }
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}

/// What a record says, without the numbers of names.
fn said(read: &Read) -> String {
    let head = &read.out.heads[0];
    let rows: Vec<String> = read
        .out
        .rows
        .iter()
        .map(|row| {
            let series = read.series(row);
            let names = &read.names;
            format!(
                "{} {} {} {:?} {:?} {} {} {} {} {} {}",
                names.substances.get(series.substance),
                names.routes.get(series.route),
                names.accesses.get(series.access),
                series.place.map(|p| names.places.get(p)),
                (row.mass_mg, row.pieces, row.incidents),
                row.item,
                row.event_day.0,
                row.period_days,
                series.evidence,
                series.flagged,
                row.flags.0,
            )
        })
        .collect();
    format!("{:?} {:?} {:?} {:x}\n{}", head.identity, head.rank, head.known_on, head.content, rows.join("\n"))
}

/// One change of the bytes.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Remove(Index),
    Double(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..4),
        prop::sample::select(vec![
            "\"", "{", "}", "[", "]", ",", ":", "null", "1e999", "\\u", "-", "[[", "{\"a\":", "\u{0}", "é"
        ])
        .prop_map(|s| s.as_bytes().to_vec()),
    ];
    prop_oneof![
        (any::<Index>(), 1..=255u8).prop_map(|(at, with)| Change::Flip(at, with)),
        any::<Index>().prop_map(Change::Cut),
        (any::<Index>(), bytes).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        any::<Index>().prop_map(Change::Remove),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Double(from, to)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let len = bytes.len();
        if len == 0 {
            break;
        }
        match change {
            Change::Flip(at, with) => bytes[at.index(len)] ^= with,
            Change::Cut(at) => bytes.truncate(at.index(len)),
            Change::Insert(at, new) => drop(bytes.splice(at.index(len)..at.index(len), new.iter().copied())),
            Change::Remove(at) => drop(bytes.remove(at.index(len))),
            Change::Double(from, to) => {
                let (from, to) = (from.index(len).min(to.index(len)), from.index(len).max(to.index(len)));
                let piece = bytes[from..to].to_vec();
                drop(bytes.splice(to..to, piece));
            }
        }
    }
    bytes
}

/// Whether serde_json, strict about nothing but JSON itself, takes the bytes as one object.
fn is_object(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(bytes).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic_and_none_are_lost(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..8)) {
        // `Read` asserts that heads and rejects are as many as the records.
        let read = Read::of(&records);
        for reject in &read.out.rejects {
            prop_assert!(!reject.message.is_empty());
        }
    }

    #[test]
    fn a_changed_event_is_a_record_or_a_reject_and_harms_no_neighbour(
        event in full(), changes in prop::collection::vec(change(), 1..4)
    ) {
        let bytes = changed(event.to_string().into_bytes(), &changes);
        let neighbour = full_neighbour();
        let read = Read::of(&[neighbour.as_bytes(), &bytes, neighbour.as_bytes()]);
        let alone = Read::of(&[&neighbour]);
        let rejected: Vec<u32> = read.out.rejects.iter().map(|r| r.input).collect();
        prop_assert!(rejected.is_empty() || rejected == [1], "{:?}", read.out.rejects);
        for head in read.out.heads.iter().filter(|h| h.input != 1) {
            prop_assert_eq!(head.content, alone.out.heads[0].content);
            let (rows, expected) = (read.out.rows_of(head), alone.out.rows_of(&alone.out.heads[0]));
            prop_assert_eq!(rows.len(), expected.len());
            prop_assert_eq!(rows[0].mass_mg, expected[0].mass_mg);
        }
        if rejected.is_empty() {
            prop_assert!(is_object(&bytes) || String::from_utf8_lossy(&bytes).contains("e999"));
        }
        for reject in &read.out.rejects {
            // A field that stands twice is the one thing that is refused beyond JSON.
            let no_json = reject.reason == Reason::BadJson && !reject.message.contains("occurs twice");
            prop_assert!(!(no_json && is_object(&bytes)), "{:?}", reject);
            prop_assert_eq!(reject.reason == Reason::BadUtf8, bytes.first() != Some(&0) && std::str::from_utf8(&bytes).is_err());
        }
    }

    #[test]
    fn the_order_of_fields_and_the_spelling_say_nothing(event in full(), turn in 0..60usize) {
        let read = Read::one(&event);
        let other = Read::of(&[respelled(&event, turn)]);
        prop_assert_eq!(&other.out.rejects, &[]);
        prop_assert_eq!(said(&read), said(&other));
    }

    #[test]
    fn a_fault_is_the_same_in_any_order_of_fields(event in full(), turn in 0..60usize, hit in prop::collection::vec(any::<Index>(), 1..4)) {
        let mut event = event;
        let fields = event.as_object_mut().unwrap();
        for at in hit {
            let name = fields.keys().nth(at.index(fields.len())).unwrap().clone();
            fields.insert(name, json!({"not": ["what", "belongs"]}));
        }
        let (a, b) = (Read::of(&[event.to_string()]).out.rejects, Read::of(&[respelled(&event, turn)]).out.rejects);
        prop_assert_eq!(a.iter().map(|r| (r.reason, &r.field)).collect::<Vec<_>>(), b.iter().map(|r| (r.reason, &r.field)).collect::<Vec<_>>());
    }

    #[test]
    fn how_records_are_cut_into_batches_says_nothing(events in prop::collection::vec(full(), 1..12), cut in any::<Index>()) {
        let texts: Vec<String> = events.iter().map(Value::to_string).collect();
        let whole = Read::of(&texts);
        let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default());
        let (mut names, mut out) = (Names::default(), Observations::default());
        let (first, second) = texts.split_at(cut.index(texts.len()));
        let mut heads = Vec::new();
        let mut rows = Vec::new();
        for part in [first, second] {
            normalizer.process(&batch(part), &mut names, &mut out);
            heads.extend(out.heads.iter().map(|h| (h.identity, h.content)));
            rows.extend(out.rows.iter().map(|r| (r.series, r.mass_mg, r.incidents)));
        }
        prop_assert_eq!(heads, whole.out.heads.iter().map(|h| (h.identity, h.content)).collect::<Vec<_>>());
        prop_assert_eq!(rows, whole.out.rows.iter().map(|r| (r.series, r.mass_mg, r.incidents)).collect::<Vec<_>>());
    }
}

/// A neighbour whose texts lie partly beside the input.
fn full_neighbour() -> String {
    set(trade(), "/event_id", json!("N\n1")).to_string()
}

#[test]
fn other_names_are_noticed() {
    let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default());
    let mut out = Observations::default();
    let texts = [trade().to_string(), set(trade(), "/item/name", json!("acetone")).to_string()];
    for order in [[0, 1], [1, 0]] {
        let mut names = Names::default();
        normalizer.process(&batch(&order.map(|i| &texts[i])), &mut names, &mut out);
        let read: Vec<&str> =
            out.rows.iter().map(|r| &**names.substances.get(names.series.get(r.series).substance)).collect();
        assert_eq!(read, order.map(|i| ["acetic-anhydride", "acetone"][i]));
    }
}
