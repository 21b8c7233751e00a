//! The rules of a record, one by one: what is taken, as what, and what is not.
#![allow(clippy::unwrap_used)]

mod support;

use headwater_catalog::Catalog;
use headwater_model::{Country, Day, Evidence, Flags, KnownDay, Marking, Names, Observations, Status};
use headwater_normalize::{Normalizer, Settings, UnixSeconds, limits};
use serde_json::{Value, json};
use support::*;

#[test]
fn a_trade_event_is_one_row() {
    let event = set(set(trade(), "/via", json!(["TRIST", "TR", "DE"])), "/origin", json!("CNSHA"));
    let read = Read::one(&set(event, "/quantity/basis", json!("gross")));
    let (head, row) = (&read.out.heads[0], read.row());
    assert_eq!((head.rows, head.rank.revision, head.rank.status), (1, 0, Status::Reported));
    assert_eq!(head.known_on, KnownDay(Day::parse("2024-03-05").unwrap()));
    assert_eq!(row.event_day.0, Day::parse("2024-03-01").unwrap());
    assert_eq!((row.mass_mg, row.pieces, row.incidents, row.period_days), (Some(12_500_000), None, 1, 1));
    assert_eq!((read.substance(0), read.route().as_str()), ("acetic-anhydride", "CN>TR>DE>NL"));
    assert_eq!(row.flags, Flags::GROSS);
    let series = read.series(row);
    assert!(series.flagged && series.place.is_none() && series.evidence == Evidence::Import);
    assert_eq!(read.names.accesses.get(series.access).marking, Marking::Amber);
}

#[test]
fn a_seizure_has_a_place_that_ends_its_route_unless_it_names_a_destination() {
    let read = Read::one(&seizure());
    assert_eq!(read.route(), "XX>BE");
    let place = read.names.places.get(read.series(read.row()).place.unwrap());
    assert_eq!((place.subdivision.as_deref(), place.office.as_deref()), (Some("BE-VAN"), Some("ANTWERP")));
    let bound =
        |to: &str| Read::one(&set(set(seizure(), "/destination", json!(to)), "/origin", json!("COBUN"))).route();
    assert_eq!((bound("GB"), bound("XX")), ("CO>GB".into(), "CO>BE".into()));
    let read = Read::one(&set(seizure(), "/place", json!("BEANR")));
    assert_eq!(read.names.places.iter().next().unwrap().1.country, Country::from_letters(*b"BE").unwrap());
}

#[test]
fn the_first_item_of_each_substance_carries_the_incidents() {
    let items = json!([
        {"name": "heroin", "quantity": {"value": 1, "unit": "kg"}}, {"name": "cocaine"}, {"name": "Heroin", "quantity": {"value": 2, "unit": "g"}},
        {"name": "tablets of nothing known", "quantity": {"value": 100, "unit": "tablet"}}
    ]);
    let read = Read::one(&set(set(seizure(), "/items", items), "/incidents", json!(7)));
    let amounts: Vec<_> = read.out.rows.iter().map(|r| (r.item, r.mass_mg, r.pieces, r.incidents)).collect();
    assert_eq!(
        amounts,
        [(0, Some(1_000_000), None, 7), (1, None, None, 7), (2, Some(2000), None, 0), (3, None, Some(100), 7)]
    );
    assert_eq!(read.out.heads[0].rows, 4);
}

#[test]
fn chemicals_resolve_by_cas_then_name_then_a_dedicated_code() {
    let resolve = |item: Value| {
        let read = Read::one(&set(trade(), "/item", item));
        (read.substance(0).to_owned(), read.row().flags)
    };
    let none = Flags::default();
    assert_eq!(resolve(json!({"cas": "108-24-7"})), ("acetic-anhydride".into(), none));
    assert_eq!(resolve(json!({"name": "ACETIC  ANHYDRIDE", "cas": "108-24-7"})), ("acetic-anhydride".into(), none));
    assert_eq!(
        resolve(json!({"name": "acetone", "cas": "108-24-7"})),
        ("acetic-anhydride".into(), Flags::CAS_NAME_DIFFER)
    );
    // a wrong check digit beside a name, or beside a code
    assert_eq!(resolve(json!({"name": "acetone", "cas": "108-24-8"})), ("acetone".into(), Flags::CAS_DROPPED));
    assert_eq!(
        resolve(json!({"hs": "2915.24.00", "cas": "108-24-8"})),
        ("acetic-anhydride".into(), Flags::CAS_DROPPED.with(Flags::FROM_HS))
    );
    // water: a good number that the catalog lacks falls through to the name
    assert_eq!(resolve(json!({"name": "acetone", "cas": "7732-18-5"})), ("acetone".into(), none));
    assert_eq!(resolve(json!({"hs": "291524"})), ("acetic-anhydride".into(), Flags::FROM_HS));
    assert_eq!(resolve(json!({"hs": "2933.39", "name": "Green  paint"})), ("unmapped:293339".into(), Flags::UNMAPPED));
    assert_eq!(resolve(json!({"name": "Green  paint"})), ("unmapped:greenpaint".into(), Flags::UNMAPPED));
    assert_eq!(resolve(json!({"cas": "7732-18-5"})), ("unmapped:7732-18-5".into(), Flags::UNMAPPED));
    assert_eq!(resolve(json!({"hs": "2933"})), ("unmapped:2933".into(), Flags::UNMAPPED));
}

#[test]
fn a_name_with_escapes_is_the_same_name() {
    let plain = trade().to_string();
    let escaped =
        plain.replace("acetic", "\\u0061cetic").replace("event_id", "event\\u005fid").replace("T-1", "T\\u002d1");
    let read = Read::of(&[plain, escaped]);
    let heads = &read.out.heads;
    assert_eq!((heads[0].identity, heads[0].content), (heads[1].identity, heads[1].content));
    assert_eq!(read.out.rows[0].series, read.out.rows[1].series);
    let span = heads[1].event_id;
    assert_eq!((span.owned, &read.out.text[span.start as usize..][..span.len as usize]), (true, &b"T-1"[..]));
}

#[test]
fn amounts_follow_the_unit() {
    let amount = |name: &str, value: &str, unit: &str| {
        let text = set(set(trade(), "/item/name", json!(name)), "/quantity/unit", json!(unit)).to_string();
        let read = Read::of(&[text.replace("12.5", value)]);
        assert_eq!(read.out.rejects, []);
        (read.row().mass_mg, read.row().pieces, read.row().flags.derived())
    };
    let paint = "green paint";
    assert_eq!(amount(paint, "8.3799469484296", "lb"), (Some(3_801_080), None, false));
    assert_eq!(amount(paint, "0.0000005", "kg"), (Some(0), None, false));
    assert_eq!(amount(paint, "16", "oz"), (Some(453_592), None, false));
    assert_eq!(amount(paint, "1e3", "t"), (Some(1_000_000_000_000), None, false));
    assert_eq!(amount(paint, "2", "gal"), (Some(7_570_824), None, true));
    assert_eq!(amount(paint, "250", "mL"), (Some(250_000), None, true));
    assert_eq!(amount(paint, "0", "g"), (Some(0), None, false));
    for unit in ["piece", "tablet", "dose", "package"] {
        assert_eq!(amount(paint, "1e2", unit), (None, Some(100), false), "{unit}");
    }
    let read = Read::one(&set(trade(), "/quantity", Value::Null));
    assert_eq!((read.row().mass_mg, read.row().pieces), (None, None));
}

#[test]
fn a_withdrawal_needs_little_and_the_rest_of_it_is_not_looked_at() {
    let little = json!({"event_id": "T-1", "revision": 2, "status": "withdrawn", "source": "customs-nl", "reported_at": "2024-04-01T00:00:00Z"});
    let much = set(set(little.clone(), "/kind", json!("nonsense")), "/quantity", json!(5));
    let read = Read::of(&[little.to_string(), much.to_string(), trade().to_string()]);
    let heads = &read.out.heads;
    assert_eq!(read.out.rejects, []);
    assert_eq!((heads[0].rows, heads[0].rank.status, heads[0].rank.revision), (0, Status::Withdrawn, 2));
    assert_eq!((heads[0].content, heads[0].identity), (heads[1].content, heads[2].identity));
    assert_eq!(fault(&set(little.clone(), "/revision", Value::Null)), ("missing_field".into(), "revision".into()));
    assert_eq!(fault(&set(little, "/source", Value::Null)), ("missing_field".into(), "source".into()));
}

#[test]
fn every_fault_has_its_reason_and_its_field() {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let long = |n: usize| json!("é".repeat(n));
    let (t, s) = (trade, seizure);
    let cases = [
        (set(t(), "/event_id", Value::Null), "missing_field", "event_id"),
        (set(t(), "/event_id", json!("")), "missing_field", "event_id"),
        (set(t(), "/event_id", json!(7)), "wrong_type", "event_id"),
        (set(t(), "/event_id", long(129)), "too_large", "event_id"),
        (set(t(), "/source", long(65)), "too_large", "source"),
        (set(t(), "/revision", json!(-1)), "out_of_range", "revision"),
        (set(t(), "/revision", json!(1.5)), "wrong_type", "revision"),
        (set(t(), "/revision", json!(4_294_967_296u64)), "out_of_range", "revision"),
        (set(t(), "/status", json!("gone")), "bad_kind", "status"),
        (set(t(), "/kind", json!("Import")), "bad_kind", "kind"),
        (set(t(), "/kind", Value::Null), "missing_field", "kind"),
        (set(t(), "/kind", json!(["import"])), "wrong_type", "kind"),
        (set(t(), "/occurred_on", json!("2024-02-30")), "bad_date", "occurred_on"),
        (set(t(), "/occurred_on", json!("2024-03-08")), "out_of_range", "occurred_on"),
        (set(t(), "/occurred_on", json!("2004-03-04")), "too_late", "occurred_on"),
        (set(t(), "/period_days", json!(367)), "out_of_range", "period_days"),
        (set(t(), "/period_days", json!("30")), "wrong_type", "period_days"),
        (set(t(), "/reported_at", json!("2024-03-05")), "bad_date", "reported_at"),
        (set(t(), "/item", Value::Null), "missing_field", "item"),
        (set(t(), "/item", json!({})), "missing_field", "item"),
        (set(t(), "/item/name", json!("--")), "missing_field", "item.name"),
        (set(t(), "/item", json!({"cas": "108-24-8"})), "bad_cas", "item.cas"),
        (set(t(), "/item", json!({"cas": "108-24-8", "name": "?"})), "bad_cas", "item.cas"),
        (set(t(), "/item/hs", json!("29x5")), "out_of_range", "item.hs"),
        (set(t(), "/item/name", long(513)), "too_large", "item.name"),
        (set(t(), "/quantity/value", json!("12")), "wrong_type", "quantity.value"),
        (set(t(), "/quantity/value", json!(-1)), "out_of_range", "quantity.value"),
        (set(t(), "/quantity/value", json!(1e9)), "out_of_range", "quantity.value"),
        (set(t(), "/quantity/value", Value::Null), "missing_field", "quantity.value"),
        (set(t(), "/quantity/unit", json!("KG")), "bad_unit", "quantity.unit"),
        (set(t(), "/quantity/basis", json!("net")), "bad_kind", "quantity.basis"),
        (set(t(), "/origin", json!("cn")), "bad_place", "origin"),
        (set(t(), "/origin", json!("ZZ")), "bad_place", "origin"),
        (set(t(), "/destination", Value::Null), "missing_field", "destination"),
        (set(t(), "/via", json!(["DE", "Hamburg"])), "bad_place", "via[1]"),
        (set(t(), "/via", json!(["DE", 5])), "wrong_type", "via[1]"),
        (set(t(), "/via", json!([null])), "wrong_type", "via[0]"),
        (set(t(), "/via", json!(vec!["DE"; 17])), "too_large", "via"),
        (set(t(), "/mode", json!("mule")), "bad_kind", "mode"),
        (set(t(), "/consignor", long(257)), "too_large", "consignor"),
        (set(t(), "/refers_to", json!([{"source": "x"}])), "missing_field", "refers_to[0].event_id"),
        (set(t(), "/value", json!({"amount": 5, "currency": "usd"})), "out_of_range", "value.currency"),
        (set(t(), "/value", json!({"amount": -5, "currency": "USD"})), "out_of_range", "value.amount"),
        (set(t(), "/marking", json!("TLP:WHITE")), "bad_marking", "marking"),
        (set(t(), "/releasable_to", json!(["A", "B,C"])), "bad_marking", "releasable_to[1]"),
        (set(t(), "/note", nested(40)), "too_deep", ""),
        (set(s(), "/place", Value::Null), "missing_field", "place"),
        (set(s(), "/place/country", Value::Null), "missing_field", "place.country"),
        (set(s(), "/place/country", json!("QQ")), "bad_place", "place.country"),
        (set(s(), "/place", json!(5)), "wrong_type", "place"),
        (set(s(), "/items", json!([])), "missing_field", "items"),
        (set(s(), "/items/0/name", Value::Null), "missing_field", "items[0]"),
        (set(s(), "/items/0/quantity/unit", json!("kilo")), "bad_unit", "items[0].quantity.unit"),
        (set(s(), "/items/0/purity_percent", json!(100.5)), "out_of_range", "items[0].purity_percent"),
        (set(s(), "/items/0", json!("heroin")), "wrong_type", "items[0]"),
        (set(s(), "/incidents", json!(1.5)), "wrong_type", "incidents"),
    ];
    for (event, reason, field) in cases {
        assert_eq!(fault(&event), (reason.to_owned(), field.to_owned()), "{event}");
    }
}

#[test]
fn bytes_that_are_no_event_are_told_apart() {
    let good = trade().to_string();
    let deep = "[".repeat(100_000);
    let twice = good.replacen('{', "{\"kind\":\"export\",", 1);
    let cases: [(&[u8], &str); 12] = [
        (b"", "bad_json"),
        (b"   ", "bad_json"),
        (b"[1]", "bad_json"),
        (b"null", "bad_json"),
        (b"{\"event_id\":NaN}", "bad_json"),
        (b"\xff{}", "bad_utf8"),
        (b"\x00\x00\x00\x00\x07rest", "bad_avro"),
        (b"\x00", "bad_avro"),
        (deep.as_bytes(), "bad_json"),
        (&good.as_bytes()[..good.len() - 1], "bad_json"),
        (twice.as_bytes(), "bad_json"),
        (b"{\"a\":\"\\ud800\"}", "bad_json"),
    ];
    for (bytes, reason) in cases {
        assert_eq!(
            reject(bytes).reason.as_str(),
            reason,
            "{:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(40)])
        );
    }
    assert_eq!(
        reject(format!("{good}{good}")).message,
        format!("more after the end of the object at byte {}, before {:?}...", good.len(), &good[..60])
    );
    assert!(reject(twice).message.starts_with("the field kind occurs twice at byte"));
    assert_eq!(reject(format!("{{\"x\":{deep}")).reason.as_str(), "too_deep");
    let large = set(trade(), "/note", json!("x".repeat(1 << 20))).to_string();
    assert_eq!(reject(large).reason.as_str(), "too_large");
}

#[test]
fn too_many_digits_are_refused_and_many_zeros_are_not() {
    let with = |value: &str| trade().to_string().replace("12.5", value);
    assert_eq!(reject(with(&"1".repeat(30))).reason.as_str(), "too_large");
    assert_eq!(reject(with("1e400")).reason.as_str(), "out_of_range");
    assert_eq!(reject(with("1e99999999999999999999")).reason.as_str(), "out_of_range");
    assert_eq!(Read::of(&[with(&format!("1.{}", "0".repeat(500)))]).row().mass_mg, Some(1_000_000));
    assert_eq!(Read::of(&[with("1e-99999999999999999999")]).row().mass_mg, Some(0));
}

#[test]
fn types_are_judged_only_where_they_count() {
    // `items` is a field of seizures: in a trade event it is one that the contract does not know there
    let read = Read::one(&set(trade(), "/items", json!(5)));
    assert_eq!(read.out.heads.len(), 1);
    assert_eq!(fault(&set(seizure(), "/items", json!(5))), ("wrong_type".into(), "items".into()));
}

#[test]
fn null_is_as_good_as_absent_and_unknown_fields_are_counted() {
    let nulls = trade().to_string().replacen(
        '{',
        r#"{"via":null,"mode":null,"value":null,"refers_to":null,"releasable_to":null,"marking":null,"#,
        1,
    );
    let unknown = set(set(trade(), "/x", json!({"kind": [1, {"y": "\\"}]})), "/event_id", json!("T-2"));
    let inside = set(set(trade(), "/item/colour", json!("green")), "/event_id", json!("T-3"));
    let read = Read::of(&[trade().to_string(), nulls, unknown.to_string(), inside.to_string()]);
    assert_eq!(read.out.rejects, []);
    assert_eq!(read.out.heads[0].content, read.out.heads[1].content);
    let flags: Vec<bool> = read.out.rows.iter().map(|r| r.flags.has(Flags::UNKNOWN_FIELD)).collect();
    assert_eq!((flags, read.unknown_fields), (vec![false, false, true, true], 2));
    assert!(!read.series(&read.out.rows[2]).flagged);
}

#[test]
fn notices_may_lie_ahead() {
    let notice = |day: &str| set(set(trade(), "/kind", json!("pre_export_notice")), "/occurred_on", json!(day));
    Read::one(&notice("2025-04-09")); // 400 days
    assert_eq!(fault(&notice("2025-04-10")), ("out_of_range".into(), "occurred_on".into()));
    Read::one(&set(trade(), "/occurred_on", json!("2024-03-07")));
    Read::one(&set(trade(), "/occurred_on", json!("2004-03-05"))); // 7,305 days
}

#[test]
fn reports_from_the_future_are_refused_when_the_arrival_is_known() {
    let at = |seconds: i64| Settings { arrival: Some(UnixSeconds(seconds)), ..Settings::default() };
    let reported = 1_709_632_800; // 2024-03-05T10:00:00Z
    let event = [trade().to_string()];
    assert_eq!(Read::with(at(reported - limits::FUTURE_SECONDS_MAX), &event).out.rejects, []);
    let rejects = Read::with(at(reported - limits::FUTURE_SECONDS_MAX - 1), &event).out.rejects;
    assert_eq!((rejects[0].reason.as_str(), &*rejects[0].field), ("future", "reported_at"));
}

#[test]
fn a_source_has_at_most_so_many_access_classes() {
    let of = |source: &str, i: usize| {
        let list = json!([format!("ORG-{i}"), "ORG-0", "ORG-0"]);
        set(set(trade(), "/releasable_to", list), "/source", json!(source)).to_string()
    };
    let max = limits::ACCESS_CLASSES_MAX;
    let mut events: Vec<String> = (0..max).map(|i| of("a", i)).collect();
    events.extend([of("a", max), of("a", 3), of("b", max), set(trade(), "/source", json!("a")).to_string()]);
    let read = Read::of(&events);
    let rejected: Vec<_> = read.out.rejects.iter().map(|r| (r.input as usize, r.reason.as_str(), &*r.field)).collect();
    assert_eq!(rejected, [(max, "bad_marking", "releasable_to"), (max + 3, "bad_marking", "marking")]);
    let access = read.names.accesses.get(read.series(&read.out.rows[3]).access);
    assert_eq!(access.to_string(), "TLP:AMBER ORG-0,ORG-3");

    // One that goes on where another ended goes on counting.
    let (mut names, mut out) = (read.names, Observations::default());
    let mut next = Normalizer::new(Catalog::embedded(), Settings::default());
    next.know(&names);
    next.process(&batch(&[of("a", max + 1), of("a", 3), of("b", 1)]), &mut names, &mut out);
    assert_eq!(out.rejects.iter().map(|r| (r.input, r.reason.as_str())).collect::<Vec<_>>(), [(0, "bad_marking")]);
}

#[test]
fn a_record_elsewhere_than_its_key_belongs_is_misrouted() {
    let mut batch = batch(&[trade().to_string(), trade().to_string(), "{".to_owned()]);
    batch.misrouted = vec![1, 2];
    let (mut names, mut out) = (Names::default(), Observations::default());
    Normalizer::new(Catalog::embedded(), Settings::default()).process(&batch, &mut names, &mut out);
    let rejected: Vec<_> = out.rejects.iter().map(|r| (r.input, r.reason.as_str(), &*r.field)).collect();
    assert_eq!((out.heads.len(), rejected), (1, vec![(1, "misrouted", ""), (2, "misrouted", "")]));
}

#[test]
fn content_is_what_is_said_and_not_how() {
    let hash = |text: String| Read::of(&[text]).out.heads[0].content;
    let base = hash(trade().to_string());
    let same = trade().to_string().replace("12.5", "1.250e1").replace("10:00:00Z", "11:00:00.000+01:00");
    assert_eq!(hash(same), base);
    assert_eq!(hash(set(trade(), "/revision", json!(0)).to_string()), base);
    assert_eq!(hash(set(trade(), "/marking", json!("TLP:AMBER")).to_string()), base);
    for (pointer, value) in [
        ("/reported_at", json!("2024-03-05T10:00:01Z")),
        ("/item/name", json!("acetone")),
        ("/item/hs", json!("291524")),
        ("/item/description", json!("drums")),
        ("/quantity/value", json!(12.6)),
        ("/quantity/unit", json!("g")),
        ("/quantity/basis", json!("gross")),
        ("/quantity/qualifier", json!("about")),
        ("/quantity", Value::Null),
        ("/origin", json!("CNSHA")),
        ("/via", json!(["DE"])),
        ("/mode", json!("sea")),
        ("/consignor", json!("C-1")),
        ("/consignee", json!("C-1")),
        ("/permit", json!("C-1")),
        ("/refers_to", json!([{"source": "a", "event_id": "b"}])),
        ("/value", json!({"amount": 1, "currency": "USD"})),
        ("/marking", json!("TLP:RED")),
        ("/releasable_to", json!(["A"])),
        ("/period_days", json!(31)),
        ("/occurred_on", json!("2024-03-02")),
        ("/kind", json!("export")),
        ("/revision", json!(1)),
    ] {
        assert_ne!(hash(set(trade(), pointer, value).to_string()), base, "{pointer}");
    }
    let base = hash(seizure().to_string());
    for (pointer, value) in [
        ("/place/office", json!("GHENT")),
        ("/place/subdivision", Value::Null),
        ("/items/0/purity_percent", json!(41)),
        ("/items/0/form", json!("brick")),
        ("/incidents", json!(2)),
        ("/items", json!([{"name": "Heroin"}])),
    ] {
        assert_ne!(hash(set(seizure(), pointer, value).to_string()), base, "{pointer}");
    }
}
