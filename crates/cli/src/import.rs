//! `headwater import`: published tables in, events out.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use headwater_import::Import;
use headwater_import::cbp::{self, CbpOptions};

use crate::args;
use crate::failure::Failure;

/// `headwater import cbp`.
pub fn cbp(args: &args::Cbp) -> Result<(), Failure> {
    let mut tables = Vec::new();
    for path in &args.files {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        tables.push((path.to_string_lossy().into_owned(), BufReader::new(file)));
    }
    let options = CbpOptions {
        lag_days: args.lag_days,
        keep_going: args.keep_going,
        more_offices: args.office.iter().cloned().collect(),
    };
    let import = cbp::import(tables, &options)?;
    match &args.out {
        Some(path) => write_file(path, |out| import.write_events(out))?,
        None => import.write_events(BufWriter::new(std::io::stdout().lock()))?,
    }
    eprintln!("{} events written", import.events.len());
    skipped(&import, &args.rejects)
}

/// Writes the skipped rows, if any, and says so by the exit status.
fn skipped(import: &Import, path: &Path) -> Result<(), Failure> {
    if import.rejects.is_empty() {
        return Ok(());
    }
    write_file(path, |out| import.write_rejects(out))?;
    Err(Failure::RowsSkipped(format!("{} rows skipped: see {}", import.rejects.len(), path.display())))
}

fn write_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> anyhow::Result<()> {
    let place = || format!("cannot write {}", path.display());
    let mut out = BufWriter::new(File::create(path).with_context(place)?);
    write(&mut out).and_then(|()| out.flush()).with_context(place)
}
