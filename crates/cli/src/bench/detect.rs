//! The scoreboard of methods: draws cells, lets each method choose its constants, and prints what it finds.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use headwater_score::{Board, PRODUCT, Plan, Report, Row, page, rows};

use crate::args::BenchDetect;
use crate::clock::{Stopwatch, thread_seconds};
use crate::failure::Failure;
use crate::memory::rss_bytes;

/// `headwater bench detect`.
pub fn detect(args: &BenchDetect) -> Result<(), Failure> {
    let rows = chosen(rows(), &args.methods)?;
    let plan = if args.long { Plan::long(args.seed) } else { Plan::short(args.seed) };
    let plan = Plan { cells: args.cells.unwrap_or(plan.cells), ..plan };
    let board = Board::new(plan)?;
    let clock = Stopwatch::start();
    let has_product = rows.iter().any(|row| row.name == PRODUCT);
    // First of all: what others leave behind would be taken for room that is free.
    let bytes_per_cell = match has_product && rss_bytes().is_some() {
        true => Some(board.bytes_per_cell(&|| rss_bytes().unwrap_or(0))),
        false => None,
    };
    let mut report = Report { plan, scores: Vec::new(), bytes_per_cell, calibration: None };
    for row in &rows {
        let begin = clock.seconds();
        report.scores.extend(board.score(row, &thread_seconds));
        writeln!(std::io::stderr(), "{}: {:.0} s", row.name, clock.seconds() - begin)?;
    }
    if has_product {
        report.calibration = Some(board.calibration(&headwater_detect::Config::default()));
    }
    if let Some(folder) = &args.out {
        write_page(folder, &report, &command(args))?;
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}

/// Writes the page and its pictures.
fn write_page(folder: &Path, report: &Report, command: &str) -> anyhow::Result<()> {
    for (name, text) in page(report, command) {
        let path = folder.join(name);
        let within = path.parent().unwrap_or(folder);
        fs::create_dir_all(within).with_context(|| format!("cannot make the folder {}", within.display()))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The command that gives these figures again.
fn command(args: &BenchDetect) -> String {
    let mut command = "headwater bench detect".to_owned();
    if args.long {
        command += " --long";
    }
    command += &format!(" --seed {}", args.seed);
    if let Some(cells) = args.cells {
        command += &format!(" --cells {cells}");
    }
    if !args.methods.is_empty() {
        command += &format!(" --methods {}", args.methods.join(","));
    }
    command
}

/// The rows that were asked for, in the board's order.
fn chosen(rows: Vec<Row>, wanted: &[String]) -> Result<Vec<Row>, Failure> {
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    if let Some(unknown) = wanted.iter().find(|wanted| !names.contains(&wanted.as_str())) {
        return Err(Failure::Usage(format!("--methods: {unknown:?} is none of {}", names.join(", "))));
    }
    Ok(rows.into_iter().filter(|row| wanted.is_empty() || wanted.iter().any(|wanted| wanted == row.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_name_and_an_unknown_one_is_refused() {
        let all = rows().len();
        assert_eq!(chosen(rows(), &[]).unwrap().len(), all);
        let one = chosen(rows(), &["reference".to_owned()]).unwrap();
        assert_eq!(one.iter().map(|row| row.name).collect::<Vec<_>>(), ["reference"]);
        let refused = chosen(rows(), &["refernce".to_owned()]).err().unwrap().to_string();
        assert!(refused.contains("\"refernce\"") && refused.contains("reference"), "{refused}");
    }
}
