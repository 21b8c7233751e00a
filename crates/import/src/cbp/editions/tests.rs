use std::collections::BTreeSet;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::RowProblem;

const HEADER: &str =
    "FY,Month (abbv),Component,Region,Land Filter,Area of Responsibility,Drug Type,Count of Event,Sum Qty (lbs)";
/// The first months of fiscal year 2019, October to March.
const MONTHS: [&str; 6] = ["OCT", "NOV", "DEC", "JAN", "FEB", "MAR"];
const DRUGS: [&str; 3] = ["Heroin", "Fentanyl", "Cocaine"];

fn row(month: &str, drug: &str, figures: &str) -> String {
    format!("2019,{month},U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,{drug},{figures}")
}

fn edition(day: &str, rows: &[String]) -> Edition<io::Cursor<String>> {
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    Edition { published_on: Day::parse(day).unwrap(), file: format!("{day}.csv"), reader: io::Cursor::new(text) }
}

fn imported(editions: impl IntoIterator<Item = Edition<io::Cursor<String>>>) -> Editions {
    import_editions(editions, &CbpOptions::default()).unwrap()
}

fn lines(import: &Editions) -> Vec<Value> {
    let mut text = Vec::new();
    import.write_events(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn counts(import: &Editions) -> [u64; 5] {
    [import.new, import.changed, import.withdrawn, import.unchanged, import.undecided]
}

#[test]
fn an_edition_writes_what_it_changed_under_its_day() {
    let first = [row("OCT", "Heroin", "2,3.5"), row("OCT", "Cocaine", "1,9"), row("NOV", "Heroin", "4,1.25")];
    let second = [row("OCT", "Heroin", "2,3.50"), row("NOV", "Heroin", "5,1.25"), row("DEC", "Heroin", "6,2")];
    let import = imported([edition("2019-02-15", &second), edition("2019-01-15", &first)]);
    assert_eq!(counts(&import), [4, 1, 1, 1, 0]);
    let lines = lines(&import);
    assert_eq!(lines.len(), 6);
    let said: BTreeSet<(&str, u64, &str, u64)> = lines
        .iter()
        .map(|line| {
            let text = |field: &str| line[field].as_str().unwrap_or_default();
            let number = |field: &str| line[field].as_u64().unwrap_or_default();
            (text("reported_at"), number("revision"), text("occurred_on"), number("incidents"))
        })
        .collect();
    let (january, february) = ("2019-01-15T00:00:00Z", "2019-02-15T00:00:00Z");
    let expected = [
        (january, 6_954, "2018-10-01", 1),
        (january, 6_954, "2018-10-01", 2),
        (january, 6_954, "2018-11-01", 4),
        (february, 6_985, "", 0), // the withdrawal says no more than which
        (february, 6_985, "2018-11-01", 5),
        (february, 6_985, "2018-12-01", 6),
    ];
    assert_eq!(said, BTreeSet::from(expected));
    let gone = lines.iter().find(|line| line["status"] == "withdrawn").unwrap();
    let cocaine = lines.iter().find(|line| line["incidents"] == 1).unwrap();
    assert_eq!((&gone["event_id"], &gone["source"]), (&cocaine["event_id"], &cocaine["source"]));
}

#[test]
fn an_edition_withdraws_nothing_outside_its_months() {
    let first = MONTHS.map(|month| row(month, "Heroin", "1,1"));
    // December is lacking between November and January; October and February on are not spoken of.
    let second = [row("NOV", "Heroin", "1,1"), row("JAN", "Heroin", "1,1")];
    let import = imported([edition("2019-05-15", &first), edition("2019-06-15", &second)]);
    assert_eq!(counts(&import), [6, 0, 1, 2, 0]);
    let lines = lines(&import);
    let december = lines.iter().find(|line| line["occurred_on"] == "2018-12-01").unwrap();
    assert_eq!(lines.last().unwrap()["event_id"], december["event_id"]);
    let import = imported([edition("2019-05-15", &first), edition("2019-06-15", &[])]);
    assert_eq!(counts(&import), [6, 0, 0, 0, 0], "an edition without rows speaks of no month");
}

#[test]
fn a_row_that_comes_back_is_written_again() {
    let with = [row("OCT", "Heroin", "1,1"), row("OCT", "Cocaine", "1,1")];
    let days = ["2019-01-15", "2019-02-15", "2019-03-15"];
    let import = imported([edition(days[0], &with), edition(days[1], &with[..1]), edition(days[2], &with)]);
    assert_eq!(counts(&import), [3, 0, 1, 2, 0]);
    let revisions: Vec<(u64, bool)> =
        lines(&import).iter().map(|line| (line["revision"].as_u64().unwrap(), line["status"] == "withdrawn")).collect();
    assert_eq!(revisions, [(6_954, false), (6_954, false), (6_985, true), (7_013, false)]);
}

#[test]
fn days_of_editions_differ_and_are_not_before_their_revisions() {
    let refused = |days: [&str; 2]| {
        import_editions(days.map(|day| edition(day, &[])), &CbpOptions::default()).unwrap_err().to_string()
    };
    let mut twice = [edition("2019-01-15", &[]), edition("2019-01-15", &[])];
    twice[0].file = "b.csv".into();
    twice[1].file = "a.csv".into();
    let error = import_editions(twice, &CbpOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("a.csv and b.csv are both editions of 2019-01-15"), "{error}");
    let error = refused(["2019-01-15", "1999-12-31"]);
    assert!(error.starts_with("1999-12-31.csv: an edition of 1999-12-31: "), "{error}");
    assert!(error.contains("since 2000-01-01"), "{error}");
    assert!(import_editions([edition("2000-01-01", &[])], &CbpOptions::default()).is_ok());
}

#[test]
fn faults_are_those_of_a_table_and_a_month_still_to_come() {
    let options = CbpOptions::default();
    let error = |day: &str, rows: &[String]| match import_editions([edition(day, rows)], &options) {
        Err(ImportError::Row(row)) => (row.line, row.column, row.problem),
        other => panic!("{other:?}"),
    };
    let good = row("OCT", "Heroin", "1,1");
    assert_eq!(error("2019-01-15", &[good.clone(), good.clone()]), (3, "", RowProblem::Repeated { line: 2 }));
    let (first, edition_day) = (Day::parse("2019-02-01").unwrap(), Day::parse("2019-01-31").unwrap());
    let ahead = [good.clone(), row("FEB", "Heroin", "1,1")];
    assert_eq!(
        error("2019-01-31", &ahead),
        (3, "Month (abbv)", RowProblem::AfterEdition { first, edition: edition_day })
    );
    assert_eq!(imported([edition("2019-02-01", &ahead)]).new, 2, "a month that has begun may be told of");
    // The first fault by day, not by the order of the arguments.
    let [late, early] = [edition("2019-02-15", &["x".into()]), edition("2019-01-15", &[good, "y".into()])];
    let told = import_editions([late, early], &options).unwrap_err().to_string();
    assert!(told.starts_with("2019-01-15.csv, line 3"), "{told}");
}

#[test]
fn an_edition_with_skipped_rows_takes_nothing_back() {
    let first = [row("OCT", "Heroin", "1,1"), row("OCT", "Cocaine", "1,1"), row("OCT", "Fentanyl", "1,1")];
    let second = [row("OCT", "Heroin", "2,1"), row("OCT", "Cocaine", "many,1")];
    let options = CbpOptions { keep_going: true, ..CbpOptions::default() };
    let editions = || [edition("2019-01-15", &first), edition("2019-02-15", &second)];
    let import = import_editions(editions(), &options).unwrap();
    assert_eq!(counts(&import), [3, 1, 0, 0, 2]);
    assert_eq!((import.rejects.len(), import.rejects[0].line), (1, 3));
    // What it lacked is still held: the next whole edition decides.
    let whole = edition("2019-03-15", &[row("OCT", "Heroin", "2,1"), row("OCT", "Cocaine", "1,1")]);
    let import = import_editions(editions().into_iter().chain([whole]), &options).unwrap();
    assert_eq!(counts(&import), [3, 1, 1, 2, 2]);
}

#[test]
fn numbers_are_the_same_by_their_value() {
    for (one, other) in
        [("3.5", "3.50"), ("0", "0.0"), ("0e9", "0.000"), ("35e-1", "3.5"), ("1E3", "1000"), ("0.010", "1e-2")]
    {
        assert!(same_number(one, other) && same_number(other, one), "{one} and {other}");
    }
    for (one, other) in [("3.5", "35"), ("10", "1"), ("0.1", "0.01"), ("1e-3", "1e3"), ("0", "1e-30")] {
        assert!(!same_number(one, other), "{one} and {other}");
    }
    // Apart by less than a float tells.
    assert!(!same_number("8.37994694842960001", "8.37994694842960002"));
    assert!(!same_number("1e-99999999999999999999", "2e-99999999999999999999"));
}

/// Rows by (month, drug), with figures.
type Table = BTreeMap<(usize, usize), (u32, u32)>;

fn texts(table: &Table) -> Vec<String> {
    let text = |((month, drug), (count, pounds)): (&(usize, usize), &(u32, u32))| {
        row(MONTHS[*month], DRUGS[*drug], &format!("{count},{pounds}.5"))
    };
    table.iter().map(text).collect()
}

/// Days of editions, a month apart, after the last month of any table.
fn edition_day(index: usize) -> String {
    format!("2019-{:02}-15", 4 + index)
}

/// What stands after an edition: it inside its months, what stood before outside.
fn naive(standing: &mut Table, edition: &Table) {
    let months = || edition.keys().map(|(month, _)| *month);
    if let (Some(first), Some(last)) = (months().min(), months().max()) {
        standing.retain(|(month, _), _| *month < first || *month > last);
    }
    standing.extend(edition);
}

/// What lines leave standing: by identity the highest revision, unless it is a withdrawal. Every line must change it.
fn replayed(lines: &[Value]) -> BTreeMap<String, (u64, String)> {
    let mut revisions = BTreeMap::new();
    let mut standing = BTreeMap::new();
    for line in lines {
        let id = line["event_id"].as_str().unwrap().to_owned();
        let revision = line["revision"].as_u64().unwrap();
        let before = revisions.insert(id.clone(), revision);
        assert!(before.is_none_or(|before| before < revision), "{id}: {before:?} and then {revision}");
        if line["status"] == "withdrawn" {
            assert!(standing.remove(&id).is_some(), "{id} did not stand");
        } else {
            let figures = (line["incidents"].as_u64().unwrap(), line["items"].to_string());
            assert_ne!(standing.insert(id, figures.clone()), Some(figures), "a line that changes nothing");
        }
    }
    standing
}

fn tables() -> impl Strategy<Value = Vec<Table>> {
    vec(btree_map((0..MONTHS.len(), 0..DRUGS.len()), (1..3u32, 0..3u32), 0..14), 1..6)
}

proptest! {
    #[test]
    fn what_stands_is_the_last_edition_and_what_lies_outside_it(tables in tables(), seed in any::<u64>()) {
        let mut editions: Vec<_> =
            tables.iter().enumerate().map(|(i, table)| edition(&edition_day(i), &texts(table))).collect();
        let whole = lines(&imported(editions.clone()));
        let given = editions.len();
        editions.rotate_left(seed as usize % given);
        prop_assert_eq!(&lines(&imported(editions)), &whole, "the order of the arguments shows");

        let mut model = Table::new();
        for (index, table) in tables.iter().enumerate() {
            naive(&mut model, table);
            let so_far = tables[..=index].iter().enumerate().map(|(i, t)| edition(&edition_day(i), &texts(t)));
            let so_far = lines(&imported(so_far));
            prop_assert_eq!(&so_far[..], &whole[..so_far.len()], "an edition more changes what was written before");
            // What stands must be what a first edition with just these rows would say.
            let only = lines(&imported([edition(&edition_day(index), &texts(&model))]));
            prop_assert_eq!(replayed(&so_far), replayed(&only));
        }
    }
}
