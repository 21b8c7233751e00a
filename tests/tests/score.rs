//! `headwater bench detect` with few cells: that every row is printed, that the same seed gives the same figures, and
//! that what cannot be is refused. What the figures are is the scoreboard's business.
#![allow(clippy::unwrap_used)]

use headwater_score::rows;
use headwater_tests::binary::{headwater, succeeds};
use serde_json::Value;

fn run(args: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = succeeds(folder.path(), &[&["bench", "detect"], args].concat());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "left behind");
    output
}

/// A report without what the clock says.
fn figures(text: &str) -> Value {
    let mut report: Value = serde_json::from_str(text).unwrap();
    for score in report["scores"].as_array_mut().unwrap() {
        assert!(score["us_per_event"].take().as_f64().unwrap() > 0.0);
    }
    report
}

#[test]
fn every_row_is_printed() {
    let text = run(&["--cells", "12"]);
    for row in rows() {
        let lines = text.lines().filter(|line| line.starts_with(&format!("| {} |", row.name))).count();
        // One table is of those alone that come with a threshold.
        assert!((4..=5).contains(&lines), "{}: {text}", row.name);
    }
}

#[test]
fn the_product_s_row_says_what_a_cell_takes() {
    let report = |methods: &str| -> Value {
        serde_json::from_str(&run(&["--cells", "4", "--methods", methods, "--json"])).unwrap()
    };
    // Nobody else's cell is measured. Seven substances in three strata without a gap take 1.22 MB at most.
    assert_eq!(report("reference")["bytes_per_cell"], Value::Null);
    let bytes = report("headwater")["bytes_per_cell"].as_u64().unwrap();
    assert!((50_000..1_250_000).contains(&bytes), "{bytes}");
    let text = run(&["--cells", "4", "--methods", "headwater,reference"]);
    let column = |row: &str, name: &str| {
        let table = text.split("\n\n").find(|table| table.starts_with("| beyond the model")).unwrap();
        let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let at = cells(table.lines().next().unwrap()).iter().position(|head| head == name).unwrap();
        cells(table.lines().find(|line| line.starts_with(&format!("| {row} |"))).unwrap())[at].clone()
    };
    assert!(column("headwater", "bytes per cell").parse::<u64>().unwrap() > 50_000);
    assert_eq!(column("reference", "bytes per cell"), "-");
}

#[test]
fn a_seed_gives_its_figures_and_a_budget_is_kept_where_it_was_set() {
    let args = ["--cells", "8", "--methods", "reference", "--json", "--seed"];
    let of = |seed: &str| figures(&run(&[&args[..], &[seed]].concat()));
    let report = of("5");
    assert_eq!(report, of("5"));
    assert_ne!(report["scores"], of("6")["scores"]);
    let scores = report["scores"].as_array().unwrap();
    assert_eq!(
        scores.iter().map(|score| score["method"].as_str().unwrap()).collect::<Vec<_>>(),
        ["reference", "reference - corroborated"]
    );
    for score in scores {
        assert_eq!(score["substitution"]["recall"][2]["cells"], 4);
        assert_eq!(score["substitution"]["false_alarms"]["market_years"], 24.0);
    }
}

#[test]
fn a_page_names_its_command_and_its_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["bench", "detect", "--cells", "4", "--methods", "reference,cmh", "--seed", "9", "--out", "docs"];
    let tables = succeeds(folder.path(), &args);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("docs").join(name)).unwrap();
    let page = read("scoreboard.md");
    assert!(page.contains("headwater bench detect --seed 9 --cells 4 --methods reference,cmh\n"), "{page}");
    assert!(page.contains(&tables), "{page}");
    let pictures: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("![")?.split_once("]("))
        .map(|(_, file)| file.trim_end_matches(')'))
        .collect();
    assert_eq!(pictures.len(), 4);
    for picture in pictures {
        let svg = read(picture);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        for row in ["reference", "reference - corroborated", "cmh"] {
            assert!(svg.contains(&format!(">{row}</text>")), "{picture}: {row}");
        }
    }
}

#[test]
fn an_unknown_row_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = headwater(folder.path(), &["bench", "detect", "--methods", "astrology"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("astrology") && words.contains("reference"), "{words}");
}
