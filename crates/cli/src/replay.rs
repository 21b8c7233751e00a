//! `headwater replay`: files or the archive in, the four files out. No Kafka, no wall clock in the results.

use std::path::{Path, PathBuf};

use headwater_ingest::FileReader;
use headwater_model::Day;
use headwater_normalize::Settings;
use headwater_store::{OutputFolder, Summary};

use crate::archive::{self, Span, Stored};
use crate::archive_cmd::open_to_read;
use crate::args;
use crate::budgets;
use crate::catalog::load;
use crate::clock::Stopwatch;
use crate::config;
use crate::core::Core;
use crate::failure::Failure;
use crate::progress::bytes_bar;
use crate::results;

/// Replays the files in the order of their paths, whatever the order in which they are named.
pub fn replay(args: &args::Replay) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let catalog = load(&args.overlay)?;
    let detector = budgets::detector(&config::load(args.store.config.as_deref())?.detect, &catalog)?;
    let files = in_order(&args.events)?;
    let folder = OutputFolder::create(&args.out)?;
    let mut core = Core::new(catalog, Settings::default(), &folder)?;
    read_files(&mut core, &files)?;
    let summary = results::write(&core, &detector, &folder, || watch.seconds(), |_, _| Ok(()))?;
    core.rejects.publish()?;
    eprintln!("{}", account(&summary, &args.out));
    Ok(())
}

/// Walks the days of a store again and says whether the same alerts come of them.
pub fn from_archive(args: &args::Replay, from: Day, to: Day) -> Result<(), Failure> {
    if to < from {
        return Err(Failure::Usage(format!("--to {to} is before --from {from}")));
    }
    let watch = Stopwatch::start();
    let catalog = load(&args.overlay)?;
    let detector = budgets::detector(&config::load(args.store.config.as_deref())?.detect, &catalog)?;
    let (archive, _) = open_to_read(&args.store)?;
    let folder = OutputFolder::create(&args.out)?;
    let span = Span { from, to };
    let replayed = archive::replay(&Stored::new(archive), &catalog, &detector, span, &folder, || watch.seconds())?;
    eprintln!("{}", account(&replayed.summary, &args.out));
    if let Some(alert) = replayed.differs {
        let (id, revision, day) = (&alert.alert_id, alert.revision, alert.as_of);
        eprintln!(
            "the alerts are not those that were told: {id} revision {revision} of {day} is the first that differs"
        );
    }
    Ok(())
}

/// The files by path. One file named twice is a slip of the hand, and would be counted as so many duplicates.
pub fn in_order(files: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = files.to_vec();
    files.sort();
    match files.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Failure::Usage(format!("{} is named twice", pair[0].display()))),
        None => Ok(files),
    }
}

/// Reads every record of the files into the core, with a bar on a terminal.
pub fn read_files(core: &mut Core, files: &[PathBuf]) -> anyhow::Result<()> {
    let readers = files.iter().map(FileReader::open).collect::<Result<Vec<_>, _>>()?;
    let bar = bytes_bar(readers.iter().map(FileReader::bytes_total).sum());
    for (path, mut reader) in files.iter().zip(readers) {
        let name = path.to_string_lossy();
        let before = bar.position();
        core.open(&name);
        while let Some(batch) = reader.next_batch()? {
            core.push(&name, &batch)?;
            bar.set_position(before + reader.bytes_read());
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The closing words.
pub fn account(summary: &Summary, folder: &Path) -> String {
    let c = summary.counts;
    let alerts: u64 = summary.alerts_by_kind.values().sum();
    format!(
        "{} records read: {} accepted, {} duplicate, {} superseded, {} rejected; {alerts} alerts; results in {}",
        c.read,
        c.accepted,
        c.duplicate,
        c.superseded,
        c.rejected,
        folder.display()
    )
}
