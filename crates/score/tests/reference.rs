//! The scoreboard's row `reference` against the prototype's own values on its eight cells.
#![allow(clippy::unwrap_used)]
#![expect(clippy::disallowed_methods, reason = "the folder of shared tables is named by the environment")]

use std::path::Path;

use headwater_model::Evidence;
use headwater_score::{Event, Method, Reference, View};

/// Days of the prototype's cells, and of their history.
const DAYS: (i32, i32) = (2_184, 1_092);
/// The prototype's values are written to six decimals of single precision.
const AGREEMENT: f64 = 1e-4;

fn numbers(line: &str) -> Vec<f64> {
    line.split(',').map(|cell| cell.parse().unwrap()).collect()
}

fn cell(path: &Path) -> View {
    let text = std::fs::read_to_string(path).unwrap();
    let head: Vec<i32> = text.lines().next().unwrap().split(' ').filter_map(|word| word.parse().ok()).collect();
    let event = |line: &str| {
        let row: Vec<i32> = numbers(line).into_iter().map(|number| number as i32).collect();
        Event { counted: row[0], day: row[1] * 7, stratum: row[2] as usize, label: row[3] as usize, delta: 1 }
    };
    View {
        labels: head[0] as usize,
        strata: vec![Evidence::PreExportNotice, Evidence::Seizure, Evidence::Seizure],
        days: DAYS.0,
        history_days: DAYS.1,
        control: (head[1] >= 0).then(|| (head[1], head[2] as usize)),
        events: text.lines().skip(2).map(event).collect(),
        secret: None,
    }
}

#[test]
fn the_reference_is_the_prototype() {
    let folder = std::env::var("HEADWATER_SHARED").expect("HEADWATER_SHARED names the folder of shared tables");
    // A relative name is meant from the root of the checkout.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).join("detect/cells");
    let (mut compared, mut worst) = (0, 0.0f64);
    for number in 0..8 {
        let trace = Reference.run(&cell(&folder.join(format!("{number}.csv"))));
        let expected = std::fs::read_to_string(folder.join(format!("{number}.expected.csv"))).unwrap();
        for line in expected.lines().skip(1) {
            let row = numbers(line);
            let day = row[0] as usize - DAYS.1 as usize;
            let differences = [row[1] - f64::from(trace.statistic()[day]), row[4] - f64::from(trace.second()[day])];
            let difference = differences.into_iter().fold(0.0, |worst: f64, by| worst.max(by.abs()));
            assert!(difference < AGREEMENT, "cell {number}, day {}: {differences:?}", row[0]);
            assert_eq!(trace.named(day), [row[2], row[3]].map(|label| Some(label as usize)), "cell {number} {line}");
            (compared, worst) = (compared + 1, worst.max(difference));
        }
    }
    assert_eq!(compared, 8 * 156);
    assert!(worst > 0.0, "values in six decimals differ in the last");
}
