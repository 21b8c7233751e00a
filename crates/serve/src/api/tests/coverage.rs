//! Where little is seen, and why.

use headwater_model::{Day, Marking};
use serde_json::{Value, json};

use super::bed::{Bed, ask, everything, json, model, record, run, up_to};
use crate::read::fixture::{Record, open};

/// The last day that detection closed, as the fixture has it.
const TODAY: i32 = 20_000;

/// A record of one day, known on it.
fn on(source: &str, market: &'static str, day: i32) -> Record {
    let source = source.to_owned();
    Record { source, market, first: Day(day), known_on: Day(day), ..record() }
}

/// So many records of each source, each some days before the other, the last of them `last` days ago.
fn each(sources: &[&str], market: &'static str, records: i32, days: i32, last: i32) -> Vec<Record> {
    let every = |source: &&str| (0..records).map(|n| on(source, market, TODAY - last - n * days)).collect::<Vec<_>>();
    sources.iter().flat_map(every).collect()
}

fn day(day: i32) -> String {
    Day(day).to_string()
}

/// One cell for each lack and for each way not to lack it by a hair.
fn records() -> Vec<Record> {
    let silent = each(&["C"], "MX", 71, 10, 50).into_iter().map(|of| Record { access: open(Marking::Red), ..of });
    let late = (TODAY + 1..TODAY + 4).map(|day| on("A", "SE", day));
    let elsewhere =
        |substance, market| each(&["A"], market, 3, 40, 0).into_iter().map(move |of| Record { substance, ..of });
    [
        each(&["A", "B"], "US", 20, 40, 0),
        each(&["A", "B"], "MX", 20, 40, 0),
        silent.collect(),
        // Eight incidents of a kind in the year are too few, one that reports nine suffices.
        each(&["A", "B"], "CA", 9, 49, 14),
        [each(&["A"], "CH", 9, 49, 14), each(&["B"], "CH", 10, 40, 4)].concat(),
        // A history of 363 days is too short, one of 364 is not.
        each(&["A", "B"], "NL", 12, 33, 0),
        [on("A", "BE", TODAY - 364)].into_iter().chain(each(&["A", "B"], "BE", 12, 33, 0)).collect(),
        each(&["A"], "DE", 20, 40, 0),
        // Who reports each week is not silent for a fortnight.
        [each(&["A"], "PL", 20, 40, 0), each(&["E"], "PL", 60, 7, 14)].concat(),
        // Everything at once.
        each(&["D"], "JP", 3, 5, 90),
        // What became known before the year, or is not closed yet, is no part of it.
        each(&["A", "B"], "GB", 20, 40, 364),
        late.collect(),
        // What belongs to no family that is tested, and what came nowhere.
        elsewhere("unmapped:x", "FR").collect(),
        elsewhere("xylazine", "FR").collect(),
        elsewhere("npp", "XX").collect(),
    ]
    .concat()
}

#[test]
fn each_lack_is_told_of_the_cells_that_have_it_and_of_no_other() {
    let bed = Bed::new();
    let model = model(&records(), &[]);
    let routes = bed.routes(&model, everything());
    run(async {
        let cell = |market: &str, reasons: &[&str], sources: &[&str], silent: &[&str], records: i32, since: Value| {
            json!({
                "family": "fentanyl", "market": market, "reasons": reasons, "sources": sources, "silent": silent,
                "records": records, "since": since,
            })
        };
        let all = ["source_silent", "too_few_records", "short_history", "one_reporter"];
        let expected = [
            cell("JP", &all, &["D"], &["D"], 3, day(TODAY - 89).into()),
            cell("MX", &all[..1], &["A", "B", "C"], &["C"], 10 + 10 + 32, day(TODAY - 49).into()),
            cell("CA", &all[1..2], &["A", "B"], &[], 8 + 8, Value::Null),
            cell("NL", &all[2..3], &["A", "B"], &[], 12 + 12, day(TODAY - 363).into()),
            cell("DE", &all[3..], &["A"], &[], 10, Value::Null),
        ];
        let list = json(&routes, "/api/v1/coverage").await;
        assert_eq!(list["little"].as_array().unwrap(), &expected);
        // Beside them the United States, Switzerland, Belgium and Poland, which lack nothing.
        assert_eq!((&list["cells"], &list["little_total"]), (&9.into(), &5.into()));
        assert_eq!((&list["closed_to"], &list["simulated"]), (&day(TODAY).into(), &false.into()));
        assert_eq!((&list["marking"], &list["computed_up_to"]), (&"TLP:RED".into(), &"TLP:RED".into()));

        // The same as a file, which is written down and marked.
        let (_, headers, csv) = ask(&routes, "/api/v1/coverage?format=csv").await;
        let csv = String::from_utf8(csv).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "family,market,reasons,sources,silent,records,since");
        assert_eq!(lines[2], format!("fentanyl,MX,source_silent,\"A,B,C\",C,52,{}", day(TODAY - 49)));
        assert_eq!((lines[3], lines.len()), ("fentanyl,CA,too_few_records,\"A,B\",,16,", 6));
        assert_eq!(headers["headwater-marking"], "TLP:RED");
        assert!(headers["content-disposition"].to_str().unwrap().contains("coverage.csv"));
        let (_, _, arrow) = ask(&routes, "/api/v1/coverage?format=arrow").await;
        let batch = arrow_ipc::reader::StreamReader::try_new(&arrow[..], None).unwrap().next().unwrap().unwrap();
        assert_eq!((batch.num_rows(), batch.column_by_name("since").unwrap().null_count()), (5, 2));

        // Time passes: what nobody reported for a year is no cell, and what is told is not what was.
        model.change(|held| held.tell([], Day(TODAY + 364)));
        let later = json(&routes, "/api/v1/coverage").await;
        assert_eq!((&later["cells"], &later["little"][0]["market"]), (&1.into(), &"SE".into()));
    });
}

#[test]
fn a_cell_and_a_silence_are_of_what_the_reader_sees() {
    let bed = Bed::new();
    let model = model(&records(), &[]);
    let (routes, none) = (bed.routes(&model, up_to(Marking::Amber)), bed.routes(&model, up_to(Marking::Green)));
    run(async {
        let list = json(&routes, "/api/v1/coverage").await;
        let markets: Vec<&str> =
            list["little"].as_array().unwrap().iter().map(|cell| cell["market"].as_str().unwrap()).collect();
        // Without the one who is silent nothing is lacking in Mexico.
        assert_eq!((markets, &list["cells"]), (vec!["JP", "CA", "NL", "DE"], &9.into()));
        assert_eq!((&list["marking"], &list["computed_up_to"]), (&"TLP:AMBER".into(), &"TLP:AMBER".into()));
        assert!(!list.to_string().contains("\"C\""), "{list}");
        // Nor is there a cell of which they see nothing.
        let list = json(&none, "/api/v1/coverage").await;
        assert_eq!((&list["cells"], &list["little"], &list["marking"]), (&0.into(), &json!([]), &Value::Null));
    });
}

#[test]
fn a_substance_is_of_each_of_its_families_and_what_is_simulated_is_said() {
    let bed = Bed::new();
    let records: Vec<Record> =
        each(&["SIM-A"], "US", 3, 40, 0).into_iter().map(|of| Record { substance: "acetone", ..of }).collect();
    let routes = bed.routes(&model(&records, &[]), everything());
    run(async {
        let list = json(&routes, "/api/v1/coverage").await;
        let families: Vec<&str> =
            list["little"].as_array().unwrap().iter().map(|cell| cell["family"].as_str().unwrap()).collect();
        assert_eq!((families, &list["simulated"]), (vec!["cocaine", "heroin"], &true.into()));
    });
}
