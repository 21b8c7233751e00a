//! How often sources report, and when they were silent.

use headwater_model::Day;
use serde_json::{Value, json};

use super::bed::{Bed, everything, json, model, record, run};
use crate::read::fixture::Record;

/// The last day that detection closed, as the fixture has it.
const TODAY: i32 = 20_000;

/// A record of one day, known on it.
fn on(source: &str, day: i32) -> Record {
    Record { source: source.to_owned(), first: Day(day), known_on: Day(day), ..record() }
}

fn day(day: i32) -> String {
    Day(day).to_string()
}

#[test]
fn a_source_says_how_often_it_reports_and_when_it_was_silent() {
    let bed = Bed::new();
    let weekly = |last: i32, weeks: i32| (0..weeks).map(move |n| on("W", TODAY - last - n * 7));
    // Silent for 90 days, then for the last 60; another reports after what is closed.
    let records: Vec<Record> = weekly(60, 5).chain(weekly(178, 20)).chain([on("B", TODAY + 30)]).collect();
    let model = model(&records, &[]);
    let routes = bed.routes(&model, everything());
    run(async {
        let list = json(&routes, "/api/v1/sources").await;
        let (once, weekly) = (&list["sources"][0], &list["sources"][1]);
        assert_eq!(weekly["usual_gap_days"], 7);
        let past = json!({"from": day(TODAY - 177), "to": day(TODAY - 89)});
        assert_eq!(weekly["silences"], json!([past, {"from": day(TODAY - 59)}]));
        assert_eq!((&once["usual_gap_days"], &once["silences"]), (&Value::Null, &json!([])), "one day is no habit");
        assert_eq!(list["recent_to"], day(TODAY + 30));
        // A silence leaves the year with its last day.
        for (year_to, silences) in [(TODAY - 89 + 363, 2), (TODAY - 89 + 364, 1)] {
            model.change(|held| held.tell([], Day(year_to)));
            let list = json(&routes, "/api/v1/sources").await;
            assert_eq!(list["sources"][1]["silences"].as_array().unwrap().len(), silences);
        }
    });
}

#[test]
fn silence_is_told_of_days_that_are_closed() {
    let bed = Bed::new();
    let daily: Vec<Record> = (0..30).map(|n| on("D", TODAY - 14 - n)).collect();
    let told = |more: i32| {
        let records: Vec<Record> = daily.iter().cloned().chain([on("B", TODAY + more)]).collect();
        let routes = bed.routes(&model(&records, &[]), everything());
        run(async { json(&routes, "/api/v1/sources").await["sources"][1]["silences"].clone() })
    };
    assert_eq!(told(0), json!([]), "fourteen days are no silence");
    assert_eq!(told(1), json!([]), "nor are more of which not everything may have been read");
}
