//! Random streams of events as JSON text: revisions, withdrawals, repeats, late and early data, every unit and way to
//! name a substance or a place.

use headwater_model::Day;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::oracle::Known;

/// What the tests lay over the embedded catalog, so that densities and typical weights are used.
pub const OVERLAY: &str = r#"
[[substance]]
id = "acetic-anhydride"
density_kg_per_l = 1.08
[[substance]]
id = "p-2-p"
density_kg_per_l = 1.0157
[[substance]]
id = "heroin"
tablet_mg = 300
dose_mg = 100
[[substance]]
id = "fentanyl"
tablet_mg = 110
"#;

/// Substances of the streams as the embedded catalog and [`OVERLAY`] know them.
pub const KNOWN: Known = Known {
    cas: &[
        ("437-38-7", "fentanyl"),
        ("561-27-3", "heroin"),
        ("50-36-2", "cocaine"),
        ("39742-60-4", "npp"),
        ("103-79-7", "p-2-p"),
        ("108-24-7", "acetic-anhydride"),
        ("299-42-3", "ephedrine"),
    ],
    names: &[
        ("fentanyl", "fentanyl"),
        ("heroin", "heroin"),
        ("diacetylmorphine", "heroin"),
        ("cocaine", "cocaine"),
        ("npp", "npp"),
        ("p2p", "p-2-p"),
        ("acetic anhydride", "acetic-anhydride"),
        ("ephedrine", "ephedrine"),
        ("pill press", "tableting-machine"),
    ],
    hs: &[("291524", "acetic-anhydride"), ("293941", "ephedrine"), ("291431", "p-2-p")],
    density: &[("acetic-anhydride", "1.08"), ("p-2-p", "1.0157")],
    tablet_mg: &[("heroin", "300"), ("fentanyl", "110")],
    dose_mg: &[("heroin", "100")],
};

/// The first day on which something of a stream becomes known.
pub const FIRST: Day = Day(18_628); // 2021-01-01

/// One record before it is text: everything but source and event id.
#[derive(Clone, Debug)]
struct Draft {
    revision: u64,
    withdrawn: bool,
    reported: String,
    body: Value,
}

/// How a stream is made.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Events at most.
    pub events: usize,
    /// Whether two records of one event may share revision and status and differ in content.
    pub conflicts: bool,
}

/// Streams in an order of arrival: lines of JSON, repeats included.
pub fn stream(shape: Shape) -> impl Strategy<Value = Vec<String>> {
    let event = (0..3usize, 0..shape.events, vec(draft(), 1..6));
    (vec(event, 1..=shape.events), vec(any::<prop::sample::Index>(), 0..6)).prop_flat_map(move |(events, repeats)| {
        let mut lines = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for (source, id, drafts) in events {
            for draft in drafts {
                if shape.conflicts || seen.insert((source, id, draft.revision, draft.withdrawn)) {
                    lines.push(text(source, id, draft));
                }
            }
        }
        let again: Vec<String> = repeats.iter().map(|i| i.get(&lines).clone()).collect();
        lines.extend(again);
        Just(lines).prop_shuffle()
    })
}

fn text(source: usize, id: usize, draft: Draft) -> String {
    // Two sources use the same ids: an identity is both.
    let source = ["SIM-A", "SIM-B", "SIM-Ж"][source];
    let mut record = json!({
        "event_id": format!("E-{id}"),
        "source": source,
        "reported_at": draft.reported,
    });
    let fields = record.as_object_mut().unwrap();
    if draft.revision > 0 || draft.withdrawn {
        fields.insert("revision".into(), draft.revision.into());
    }
    if draft.withdrawn {
        fields.insert("status".into(), "withdrawn".into());
    } else {
        fields.extend(draft.body.as_object().unwrap().clone());
    }
    unquote(&record.to_string())
}

/// Numbers travel through the generator as text between `#` signs, so that every digit stays.
fn unquote(record: &str) -> String {
    record.replace("\"#", "").replace("#\"", "")
}

fn draft() -> impl Strategy<Value = Draft> {
    let reported =
        (0..40i32, 0..24u32, 0..60u32, select(&["Z", "+09:00", "-05:30", ".25Z", ".999999+14:00", "-11:00"]));
    (0..4u64, prop::bool::weighted(0.2), reported, body()).prop_map(|(revision, withdrawn, at, body)| {
        let (day, hour, minute, zone) = at;
        let reported = format!("{}T{hour:02}:{minute:02}:59{zone}", FIRST + day);
        Draft { revision, withdrawn, reported, body }
    })
}

fn select(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words)
}

fn body() -> impl Strategy<Value = Value> {
    let access = (
        option::of(select(&["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"])),
        vec(select(&["UNODC", "INCB", "WCO"]), 0..3),
    );
    (prop_oneof![trade().boxed(), seizure().boxed()], occurred(), access).prop_map(|(mut body, occurred, access)| {
        let fields = body.as_object_mut().unwrap();
        fields.extend(occurred.as_object().unwrap().clone());
        let (marking, releasable_to) = access;
        if let Some(marking) = marking {
            fields.insert("marking".into(), marking.into());
        }
        if !releasable_to.is_empty() {
            fields.insert("releasable_to".into(), json!(releasable_to));
        }
        body
    })
}

/// Mostly days close to each other, so that windows meet; some years back, some beyond the limits on either side.
fn occurred() -> impl Strategy<Value = Value> {
    let back = prop_oneof![8 => 0..120i32, 4 => 300..400i32, 1 => -45..0i32, 1 => 7_260..7_310i32];
    let period = prop_oneof![5 => Just(1i32), 1 => Just(7), 2 => 28..32i32, 1 => 89..93i32, 1 => 364..367i32];
    (back, period, select(&["", "T23:59:59-08:00", "T00:00:00Z"])).prop_map(|(back, period, time)| {
        let mut made = json!({"occurred_on": format!("{}{time}", FIRST + 20 - back)});
        if period > 1 {
            made["period_days"] = period.into();
        }
        made
    })
}

fn quantity() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        8 => "(0|[1-9][0-9]{0,4})\\.[0-9]{1,14}",
        4 => "[1-9][0-9]{0,6}",
        1 => "[1-9]\\.[0-9]{1,9}[eE]-?[0-4]",
        1 => "0\\.0{0,6}[05]{1,3}",
        1 => "-[1-9]",
        1 => "[1-9][0-9]{8}",
    ];
    let unit = select(&["kg", "g", "mg", "t", "lb", "oz", "L", "mL", "gal", "piece", "tablet", "dose", "package"]);
    (number, unit, option::of(select(&["substance", "gross", "mixture", "unknown"]))).prop_map(
        |(number, unit, basis)| {
            let mut made = json!({"value": format!("#{number}#"), "unit": unit});
            if let Some(basis) = basis {
                made["basis"] = basis.into();
            }
            made
        },
    )
}

/// A substance as a source names it; what is in no table stays unmapped.
fn named() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({"name": "Fentanyl"}),
        json!({"name": " HEROIN "}),
        json!({"name": "Diacetylmorphine"}),
        json!({"cas": "561-27-3"}),
        json!({"cas": "437-38-7", "name": "white powder"}),
        json!({"cas": "437-38-7", "name": "Heroin"}), // they differ: the CAS number holds
        json!({"cas": "437-38-8", "name": "Heroin"}), // wrong check digit: dropped
        json!({"cas": "39742-60-4"}),
        json!({"name": "p2p"}),
        json!({"name": "Pill press"}),
        json!({"name": "zorblax"}),
    ])
}

fn traded() -> impl Strategy<Value = Value> {
    let by_code = prop::sample::select(vec![
        json!({"hs": "2915.24"}),
        json!({"hs": "29394100"}),
        json!({"name": "zorblax", "hs": "293339"}),
        json!({"name": "acetic anhydride", "hs": "293339"}),
    ]);
    prop_oneof![4 => named().boxed(), 2 => by_code.boxed()]
}

fn country() -> impl Strategy<Value = &'static str> {
    select(&["CN", "CNSHA", "IN", "MX", "MXZLO", "US", "XX", "NL"])
}

fn trade() -> impl Strategy<Value = Value> {
    let kind = select(&["import", "export", "transit", "pre_export_notice", "suspicious_order"]);
    (kind, traded(), option::weighted(0.9, quantity()), country(), country(), vec(country(), 0..4)).prop_map(
        |(kind, item, quantity, origin, destination, via)| {
            let mut made = json!({"kind": kind, "item": item, "origin": origin, "destination": destination});
            if let Some(quantity) = quantity {
                made["quantity"] = quantity;
            }
            if !via.is_empty() {
                made["via"] = json!(via);
            }
            made
        },
    )
}

fn seizure() -> impl Strategy<Value = Value> {
    let place = prop::sample::select(vec![
        json!("US"),
        json!("NLRTM"),
        json!({"country": "US"}),
        json!({"country": "US", "subdivision": "US-TX"}),
        json!({"country": "US", "subdivision": "Southwest", "office": "LAREDO FIELD OFFICE"}),
        json!({"country": "MX", "office": "Manzanillo"}),
    ]);
    let kind = select(&["seizure", "stopped_shipment", "theft", "laboratory", "identification"]);
    let items = vec((named(), option::weighted(0.9, quantity())), 1..4);
    (kind, place, items, option::of(0..50u32), option::of(country()), option::of(country()), vec(country(), 0..3))
        .prop_map(|(kind, place, items, incidents, origin, destination, via)| {
            let with = |(mut item, quantity): (Value, Option<Value>)| {
                if let Some(quantity) = quantity {
                    item["quantity"] = quantity;
                }
                item
            };
            let items: Vec<Value> = items.into_iter().map(with).collect();
            let mut made = json!({"kind": kind, "place": place, "items": items});
            let fields = made.as_object_mut().unwrap();
            if let Some(incidents) = incidents {
                fields.insert("incidents".into(), incidents.into());
            }
            for (name, value) in [("origin", origin), ("destination", destination)] {
                if let Some(value) = value {
                    fields.insert(name.into(), value.into());
                }
            }
            if !via.is_empty() {
                fields.insert("via".into(), json!(via));
            }
            made
        })
}
