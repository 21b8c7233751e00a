//! Nationwide Drug Seizures, the table that US Customs and Border Protection publishes by fiscal year and month.
//!
//! One row = one month, component (ports of entry or Border Patrol), region, land filter, office and drug: how many
//! seizures and how many pounds. Facts about it, seen in the editions FY2019 to FY2022 (10,092 rows):
//!
//! * A US fiscal year runs from October to September: FY2019 OCT is October 2018.
//! * No two rows of an edition are equal in all dimensions, and ports of entry have two rows (`Land Only`, `Other`) for
//!   one office, month and drug. All seven dimensions therefore make the identity; a repeat within one table is an
//!   error, not a sum. Files that overlap may repeat each other's rows as long as the figures are the same.
//! * Every count is at least 1, and 34 rows weigh `0.0` pounds (traces): both figures are kept as they stand. A count of
//!   0 has not been seen; it is kept too, because a published weight must stay in the volume. Negative figures are
//!   errors.
//!
//! The table is published anew every month, and an edition corrects what earlier ones said. [`import`] takes one edition
//! and supposes that each of its months became known [`LAG_DAYS`] after its end; [`import_editions`] takes each edition
//! with the day of its publication and gives what it changed.

mod editions;
mod offices;
mod row;

use std::collections::BTreeSet;
use std::io::Read;

use crate::Import;
use crate::error::{ImportError, RowError, RowProblem};
use crate::lines::Rows;

pub use editions::{CHANGES_MAX, Change, Edition, Editions, FIRST_EDITION, import_editions};
pub use offices::OFFICES;
pub use row::{COLUMNS, SOURCE};
use row::{Header, Known, Taken};

/// Days from the end of a month to its publication, as a rule: the portal is brought up to date in the middle of the
/// month after the next.
pub const LAG_DAYS: u32 = 45;
/// Most days of delay: ten years. Records known more than 20 years after their day would be rejected as too late.
pub const LAG_DAYS_MAX: u32 = 3_650;
/// Largest table: four fiscal years take 1 MB, so a larger one is a file of another kind. Its rows, of 80 bytes as a rule,
/// are then at most 0.8 million, and take about 1 GB while they are read.
pub const TABLE_BYTES_MAX: u64 = 64 << 20;

/// How to read the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CbpOptions {
    /// `reported_at` = last day of the month + so many days, at midnight UTC. An edition has a day of its own.
    pub lag_days: u32,
    /// Skip rows with errors and hand them back as rejects, rather than stop at the first.
    pub keep_going: bool,
    /// Offices beyond [`OFFICES`], as a new edition writes them.
    pub more_offices: BTreeSet<String>,
}

impl Default for CbpOptions {
    fn default() -> CbpOptions {
        CbpOptions { lag_days: LAG_DAYS, keep_going: false, more_offices: BTreeSet::new() }
    }
}

/// Turns tables, each with the name that its errors shall carry, into seizure events. The outcome does not depend on
/// the order of the tables.
///
/// # Errors
/// A reader that fails, a header that is not the table's, a lag beyond [`LAG_DAYS_MAX`]; without
/// [`CbpOptions::keep_going`] also the first row with an error, by (file, line).
pub fn import<N: Into<String>, R: Read>(
    tables: impl IntoIterator<Item = (N, R)>,
    options: &CbpOptions,
) -> Result<Import, ImportError> {
    if options.lag_days > LAG_DAYS_MAX {
        return Err(ImportError::LagDays { days: options.lag_days, limit: LAG_DAYS_MAX });
    }
    let mut taken = Vec::new();
    let mut rejects = Vec::new();
    for (index, (file, reader)) in tables.into_iter().enumerate() {
        let known = Known::Lag(options.lag_days);
        read_table(index, file.into(), reader, known, options, &mut taken, &mut rejects)?;
    }
    taken.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut import = Import::default();
    let mut held: Option<Taken> = None;
    for next in taken {
        match &held {
            Some(first) if first.event.event_id == next.event.event_id => match repeat_of(first, &next) {
                None => import.repeats += 1,
                Some(problem) => rejects.push(next.error("", problem)),
            },
            _ => import.events.extend(held.replace(next).map(|t| t.event)),
        }
    }
    import.events.extend(held.map(|t| t.event));
    rejects.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    match rejects.first() {
        Some(first) if !options.keep_going => Err(Box::new(first.clone()).into()),
        _ => Ok(Import { rejects, ..import }),
    }
}

/// What is wrong with a second row of the same dimensions; `None` = it says the same in another table.
fn repeat_of(first: &Taken, next: &Taken) -> Option<RowProblem> {
    if first.table == next.table {
        return Some(RowProblem::Repeated { line: first.line });
    }
    (first.figures() != next.figures()).then(|| RowProblem::OtherEdition {
        file: first.file.clone(),
        line: first.line,
        other: first.figures(),
    })
}

fn read_table(
    index: usize,
    file: String,
    reader: impl Read,
    known: Known,
    options: &CbpOptions,
    taken: &mut Vec<Taken>,
    rejects: &mut Vec<RowError>,
) -> Result<(), ImportError> {
    let mut text = Vec::new();
    let read = reader.take(TABLE_BYTES_MAX + 1).read_to_end(&mut text);
    if let Err(source) = read {
        return Err(ImportError::Read { file, source });
    }
    if text.len() as u64 > TABLE_BYTES_MAX {
        return Err(ImportError::TooLarge { file, limit: TABLE_BYTES_MAX });
    }
    let mut rows = Rows::new(&text);
    let header = Header::read(&file, rows.next())?;
    for row in rows {
        match header.take(index, &file, &row, known, options) {
            Ok(row) => taken.push(row),
            Err((column, problem)) => {
                let raw = String::from_utf8_lossy(row.raw).into_owned();
                rejects.push(RowError { file: file.clone(), line: row.line, column, problem, raw });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
