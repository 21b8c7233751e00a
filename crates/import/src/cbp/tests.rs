use super::*;
use crate::RowProblem;
use headwater_model::{Day, EventPlace, Marking, SeizureEvent};
use proptest::prelude::*;

const HEADER: &str =
    "FY,Month (abbv),Component,Region,Land Filter,Area of Responsibility,Drug Type,Count of Event,Sum Qty (lbs)";
const GOOD: &str =
    "2019,OCT,Office of Field Operations,Southwest Border,Land Only,TUCSON FIELD OFFICE,Heroin,2,6.61386786e-05";

fn table(rows: &[&str]) -> String {
    let mut text = HEADER.to_owned();
    for row in rows {
        text.push_str("\r\n");
        text.push_str(row);
    }
    text + "\r\n"
}

fn one(text: &str, options: &CbpOptions) -> Result<Import, ImportError> {
    import([("cbp.csv", text.as_bytes())], options)
}

fn events(rows: &[&str]) -> Vec<SeizureEvent> {
    one(&table(rows), &CbpOptions::default()).unwrap().events
}

fn with(column: &str, value: &str) -> String {
    let place = COLUMNS.iter().position(|c| *c == column).unwrap();
    let mut fields: Vec<&str> = GOOD.split(',').collect();
    fields[place] = value;
    fields.join(",")
}

fn problem(row: &str) -> (u64, &'static str, RowProblem) {
    match one(&table(&[GOOD, row]), &CbpOptions::default()) {
        Err(ImportError::Row(e)) => {
            assert_eq!((e.file.as_str(), e.raw.as_str()), ("cbp.csv", row));
            (e.line, e.column, e.problem)
        }
        other => panic!("{row}: {other:?}"),
    }
}

#[test]
fn a_row_becomes_an_event_with_its_figures_as_written() {
    let [event] = &events(&[GOOD])[..] else { panic!("one event") };
    assert_eq!((event.occurred_on.as_str(), event.period_days), ("2018-10-01", Some(31)));
    assert_eq!(event.reported_at, "2018-12-15T00:00:00Z");
    assert_eq!((event.source.as_str(), event.revision, event.incidents), ("US-CBP", Some(0), Some(2)));
    assert_eq!(event.marking, Some(Marking::Clear));
    let (country, subdivision, office) =
        ("US".to_owned(), Some("Southwest Border".to_owned()), Some("TUCSON FIELD OFFICE".to_owned()));
    assert_eq!(event.place, EventPlace::Parts { country, subdivision, office });
    let mut line = Vec::new();
    one(&table(&[GOOD]), &CbpOptions::default()).unwrap().write_events(&mut line).unwrap();
    let line = String::from_utf8(line).unwrap();
    assert!(line.contains(r#""items":[{"name":"Heroin","quantity":{"value":6.61386786e-05,"unit":"lb"}}]"#), "{line}");
    assert_eq!(line.matches('\n').count(), 1);
}

#[test]
fn a_fiscal_year_runs_from_october_to_september() {
    let expected = [
        ("OCT", "2019-10-01", 31),
        ("DEC", "2019-12-01", 31),
        ("JAN", "2020-01-01", 31),
        ("FEB", "2020-02-01", 29),
        ("SEP", "2020-09-01", 30),
    ];
    for (month, first, days) in expected {
        let row = with("Month (abbv)", month).replace("2019,", "2020,");
        let [event] = &events(&[&row])[..] else { panic!("one event") };
        assert_eq!((event.occurred_on.as_str(), event.period_days), (first, Some(days)), "{month}");
        let published = Day::parse(first).unwrap() + i32::from(days) - 1 + 45;
        assert_eq!(event.reported_at, format!("{published}T00:00:00Z"));
    }
}

#[test]
fn every_dimension_makes_another_event_and_figures_do_not() {
    let id = |row: &str| events(&[row])[0].event_id.clone();
    let others = [
        ("FY", "2020"),
        ("Month (abbv)", "NOV"),
        ("Component", "U.S. Border Patrol"),
        ("Region", "Northern Border"),
        ("Land Filter", "Other"),
        ("Area of Responsibility", "TUCSON SECTOR"),
        ("Drug Type", "Fentanyl"),
    ];
    for (column, value) in others {
        assert_ne!(id(GOOD), id(&with(column, value)), "{column}");
    }
    assert_eq!(id(GOOD), id(&with("Sum Qty (lbs)", "7")));
    assert_eq!(id(GOOD), id(&with("Count of Event", "9")));
    // Written down once: an id that changes between builds would count every published row twice.
    assert_eq!(id(GOOD), "46e494d2466801256dd5988a7364d8b2");
}

#[test]
fn each_fault_names_line_column_and_value() {
    let cases = [
        ("FY", "19", "not a fiscal year of four digits: \"19\""),
        ("FY", "1919", "1919 is out of range: fiscal years 2003 to 2100"),
        ("Month (abbv)", "Oct", "unknown month \"Oct\": one of \"JAN\", "),
        ("Component", "Coast Guard", "unknown component \"Coast Guard\": one of \"Office of Field Operations\", "),
        ("Region", "Moon", "unknown region \"Moon\": one of "),
        ("Land Filter", "Sea", "unknown land filter \"Sea\": one of \"Land Only\", \"Other\""),
        ("Area of Responsibility", "Tucson Field Office", "(did you mean \"TUCSON FIELD OFFICE\"?)"),
        ("Area of Responsibility", "NOME SECTOR", "(--office)"),
        ("Drug Type", " ", "empty"),
        ("Count of Event", "2.5", "not a whole number: \"2.5\""),
        ("Count of Event", "-2", "-2 is out of range: 0 to 1000000000"),
        ("Count of Event", "99999999999", "99999999999 is out of range"),
        ("Sum Qty (lbs)", "12 lb", "not a decimal number"),
        ("Sum Qty (lbs)", "NaN", "not a decimal number"),
        ("Sum Qty (lbs)", "-0.5", "-0.5 is out of range"),
        ("Sum Qty (lbs)", "1e300", "1e300 is out of range"),
    ];
    for (column, value, message) in cases {
        let (line, at, problem) = problem(&with(column, value));
        assert_eq!((line, at), (3, column), "{value}");
        assert!(problem.to_string().contains(message), "{problem} lacks {message}");
    }
    assert_eq!(problem("2019,OCT"), (3, "", RowProblem::Fields { found: 2, expected: 9 }));
    assert_eq!(problem(&with("Sum Qty (lbs)", "7")), (3, "", RowProblem::Repeated { line: 2 }));
}

#[test]
fn a_count_or_weight_of_zero_is_kept() {
    let event = &events(&[&with("Count of Event", "0")])[0];
    assert_eq!(event.incidents, Some(0));
    let event = &events(&[&with("Sum Qty (lbs)", "0.0")])[0];
    assert_eq!(event.items[0].quantity.as_ref().unwrap().value.as_str(), "0.0");
}

#[test]
fn a_field_that_is_not_utf_8_is_a_fault_of_its_row() {
    let mut text = table(&[GOOD]).into_bytes();
    text.extend(b"2019,OCT,U.S. Border Patrol,Southwest Border,Other,TUCSON SECTOR,Hero\xEFna,1,1\n");
    let options = CbpOptions { keep_going: true, ..CbpOptions::default() };
    let import = import([("cbp.csv", &text[..])], &options).unwrap();
    assert_eq!(import.events.len(), 1);
    let [reject] = &import.rejects[..] else { panic!("one reject") };
    assert_eq!((reject.line, reject.column), (3, "Drug Type"));
    assert!(matches!(reject.problem, RowProblem::Utf8(_)));
}

#[test]
fn a_wrong_header_is_told_by_its_column() {
    let renamed = table(&[GOOD]).replace("Drug Type", "Drug");
    let error = one(&renamed, &CbpOptions { keep_going: true, ..CbpOptions::default() }).unwrap_err().to_string();
    assert!(error.starts_with("cbp.csv, line 1: the header's column 7 is \"Drug\", not one of \"FY\""), "{error}");
    let missing = table(&[]).replace(",Sum Qty (lbs)", "");
    let error = one(&missing, &CbpOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("cbp.csv, line 1: the header has no column \"Sum Qty (lbs)\""), "{error}");
    let error = one("", &CbpOptions::default()).unwrap_err().to_string();
    assert!(error.contains("no column \"FY\""), "{error}");
    let twice = table(&[]).replace("Region", "FY");
    assert!(matches!(one(&twice, &CbpOptions::default()), Err(ImportError::UnknownColumn { number: 4, .. })));
}

#[test]
fn columns_may_stand_in_any_order() {
    let turn = |line: &str| line.split(',').rev().collect::<Vec<_>>().join(",");
    let text = format!("{}\n{}\n", turn(HEADER), turn(GOOD));
    assert_eq!(one(&text, &CbpOptions::default()).unwrap().events, events(&[GOOD]));
}

#[test]
fn keep_going_writes_the_rest_and_hands_back_every_faulty_row() {
    let (bad, good) = (with("Region", "Moon"), with("Drug Type", "Cocaine"));
    let options = CbpOptions { keep_going: true, ..CbpOptions::default() };
    let import = one(&table(&[&bad, GOOD, &good, "x"]), &options).unwrap();
    assert_eq!(import.events.len(), 2);
    let mut lines = Vec::new();
    import.write_rejects(&mut lines).unwrap();
    let lines: Vec<serde_json::Value> =
        String::from_utf8(lines).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0]["line"].as_u64(), lines[0]["column"].as_str()), (Some(2), Some("Region")));
    assert_eq!(lines[0]["raw"], bad);
    assert_eq!((lines[1]["line"].as_u64(), lines[1]["file"].as_str()), (Some(5), Some("cbp.csv")));
}

#[test]
fn a_new_office_can_be_allowed_by_name() {
    let row = with("Area of Responsibility", "NOME SECTOR");
    let options = CbpOptions { more_offices: ["NOME SECTOR".to_owned()].into(), ..CbpOptions::default() };
    assert_eq!(one(&table(&[&row]), &options).unwrap().events.len(), 1);
}

#[test]
fn tables_may_overlap_but_not_contradict_each_other() {
    let (a, b) = (table(&[GOOD]), table(&[&with("Drug Type", "Lsd"), GOOD]));
    let both = import([("a.csv", a.as_bytes()), ("b.csv", b.as_bytes())], &CbpOptions::default()).unwrap();
    assert_eq!((both.events.len(), both.repeats), (2, 1));
    let other = table(&[&with("Sum Qty (lbs)", "7")]);
    let error = import([("b.csv", other.as_bytes()), ("a.csv", a.as_bytes())], &CbpOptions::default()).unwrap_err();
    let expected = "b.csv, line 2, column \"\": a.csv, line 2 gives other figures for the same row (2 seizures, 6.61386786e-05 lb)";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn a_lag_is_days_after_the_months_last_and_has_a_limit() {
    let lag = |lag_days| one(&table(&[GOOD]), &CbpOptions { lag_days, ..CbpOptions::default() });
    assert_eq!(lag(0).unwrap().events[0].reported_at, "2018-10-31T00:00:00Z");
    assert!(matches!(lag(LAG_DAYS_MAX + 1), Err(ImportError::LagDays { .. })));
}

proptest! {
    #[test]
    fn the_order_of_rows_and_tables_does_not_show(order in Just((0..24usize).collect::<Vec<_>>()).prop_shuffle(), cut in 0..24usize) {
        let row = |i: usize| with("Drug Type", ["Heroin", "Fentanyl"][i % 2]).replace("OCT", ["OCT", "JAN", "FEB", "MAY", "JUN", "SEP"][i / 4]).replace("Land Only", ["Land Only", "Other"][i / 2 % 2]);
        let sorted = events(&(0..24).map(row).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert!(sorted.is_sorted_by_key(|e| (e.reported_at.clone(), e.event_id.clone())));
        let rows: Vec<String> = order.into_iter().map(row).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let (a, b) = (table(&rows[..cut]), table(&rows[cut..]));
        let tables = [("z.csv", a.as_bytes()), ("a.csv", b.as_bytes())];
        prop_assert_eq!(import(tables, &CbpOptions::default()).unwrap().events, sorted);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let options = CbpOptions { keep_going: true, ..CbpOptions::default() };
        let _ = import([("x", &bytes[..])], &options);
        let mut text = table(&[GOOD]).into_bytes();
        text.extend(&bytes);
        let import = import([("x", &text[..])], &options).unwrap();
        prop_assert!(import.events.len() <= 1 + bytes.len() / 8);
    }
}
