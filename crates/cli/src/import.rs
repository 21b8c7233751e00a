//! `headwater import`: published tables in, events out.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use headwater_import::ImportError;
use headwater_import::cbp::{self, CbpOptions, Edition};

use crate::args;
use crate::failure::Failure;

/// `headwater import cbp`.
pub fn cbp(args: &args::Cbp) -> Result<(), Failure> {
    let options = CbpOptions {
        lag_days: args.lag_days,
        keep_going: args.keep_going,
        more_offices: args.office.iter().cloned().collect(),
    };
    if !args.editions.is_empty() {
        return cbp_editions(args, &options);
    }
    let mut tables = Vec::new();
    for path in &args.files {
        tables.push((path.to_string_lossy().into_owned(), open(path)?));
    }
    let import = cbp::import(tables, &options)?;
    write_out(args.out.as_deref(), |out| import.write_events(out))?;
    eprintln!("{} events written", import.events.len());
    skipped(import.rejects.len(), &args.rejects, |out| import.write_rejects(out))
}

/// Every table with the day of its publication.
fn cbp_editions(args: &args::Cbp, options: &CbpOptions) -> Result<(), Failure> {
    let mut editions = Vec::new();
    for (published_on, path) in &args.editions {
        let (published_on, file) = (*published_on, path.to_string_lossy().into_owned());
        editions.push(Edition { published_on, file, reader: open(path)? });
    }
    let import = cbp::import_editions(editions, options).map_err(|error| match error {
        ImportError::EditionTwice { .. } => Failure::Usage(error.to_string()),
        other => other.into(),
    })?;
    write_out(args.out.as_deref(), |out| import.write_events(out))?;
    let (new, changed, withdrawn, unchanged) = (import.new, import.changed, import.withdrawn, import.unchanged);
    eprintln!("{new} new, {changed} changed and {withdrawn} withdrawn rows written; {unchanged} said nothing new");
    if import.undecided > 0 {
        eprintln!(
            "{} rows lack from editions with skipped rows: they may be the skipped ones, so none was withdrawn",
            import.undecided
        );
    }
    skipped(import.rejects.len(), &args.rejects, |out| import.write_rejects(out))
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    Ok(BufReader::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?))
}

/// Writes the skipped rows, if any, and says so by the exit status.
fn skipped(
    count: usize,
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), Failure> {
    if count == 0 {
        return Ok(());
    }
    write_file(path, write)?;
    Err(Failure::RowsSkipped(format!("{count} rows skipped: see {}", path.display())))
}

/// Writes to a file, or to standard output where none is given.
fn write_out(path: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> anyhow::Result<()> {
    match path {
        Some(path) => write_file(path, |out| write(out)),
        None => Ok(write(&mut BufWriter::new(std::io::stdout().lock()))?),
    }
}

fn write_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> anyhow::Result<()> {
    let place = || format!("cannot write {}", path.display());
    let mut out = BufWriter::new(File::create(path).with_context(place)?);
    write(&mut out).and_then(|()| out.flush()).with_context(place)
}
