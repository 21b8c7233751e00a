//! `headwater bench restore`: how long a start takes that finds a store, from its snapshot and from its epochs alone.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use headwater_model::Input;
use headwater_store::{Archive, LedgerCache, Listing, SourceKind, layout};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::build::{self, Built};
use super::exact;
use super::figures::{Spread, mib, number};
use super::load;
use super::process::{Process, own_s};
use super::table::Table;
use crate::args::{BenchRestore, BenchRestoreOnce};
use crate::clock::{Stopwatch, unix_ms};
use crate::failure::Failure;
use crate::live::Restore;
use crate::memory::peak_rss_bytes;
use crate::watch::Watch;

/// What one restore of all inputs of a store took, in a process that did nothing else.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Once {
    /// Inputs, one after the other, as a start does it.
    inputs: u64,
    /// Records that they read before.
    records: u64,
    /// Events that the ledgers hold.
    identities: u64,
    /// Of those, on disk.
    spilled: u64,
    /// Panes that are not zero.
    panes: u64,
    /// Rows of epochs that were read.
    rows: u64,
    /// Bytes of snapshots and epochs that were read.
    bytes: u64,
    seconds: f64,
    cpu_s: f64,
    peak_rss_bytes: u64,
}

/// `headwater bench restore-once`: restores every input of a store and prints what it took, as JSON.
pub fn once(args: &BenchRestoreOnce) -> Result<(), Failure> {
    let archive = build::archive(&args.data)?;
    let ledger_bytes = usize::try_from(args.ledger_bytes).unwrap_or(usize::MAX);
    let restore = Restore::new(archive.clone(), LedgerCache::open(&args.cache)?, ledger_bytes, Watch::unheard());
    let declared = archive.sources()?;
    let inputs: Vec<(Input, bool)> = declared
        .iter()
        .flat_map(|source| source.inputs().map(|input| (input, source.kind == SourceKind::Folder)))
        .collect();
    let share = ledger_bytes / inputs.len().max(1);
    let (clock, before, now) = (Stopwatch::start(), own_s(), unix_ms() / 1_000);
    let (mut held, mut bytes, mut rows) = (Vec::new(), 0, 0);
    for (input, is_folder) in &inputs {
        let mut listing = archive.listing(input)?;
        if args.without_snapshots {
            listing.snapshots.clear();
        }
        bytes += bytes_of(&archive, &listing)?;
        let restored = restore.listed(&listing, *is_folder, share, true, now).with_context(|| input.to_string())?;
        rows += restored.rows;
        // Kept, as a process keeps what it reads on.
        held.push(restored);
    }
    let (seconds, cpu_s) = (clock.seconds(), own_s() - before);
    let sum = |count: fn(&crate::live::Restored) -> u64| held.iter().map(count).sum();
    let once = Once {
        inputs: inputs.len() as u64,
        records: sum(|of| of.window.counts.read),
        identities: sum(|of| of.window.ledger.len() as u64),
        spilled: sum(|of| of.window.ledger.cold_len() as u64),
        panes: sum(|of| of.net.len() as u64),
        rows,
        bytes,
        seconds,
        cpu_s,
        peak_rss_bytes: peak_rss_bytes(),
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &once).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

/// Bytes of the files that a restore reads: the last snapshot's and the epochs' behind it, or all of the archive's.
fn bytes_of(archive: &Archive, listing: &Listing) -> anyhow::Result<u64> {
    let plan = headwater_store::plan(listing)?;
    let files = |files: &[headwater_store::ArchiveFile]| files.iter().map(|file| file.bytes).sum::<u64>();
    let Some(last) = plan.snapshots.first() else { return Ok(files(&plan.whole().collect::<Vec<_>>())) };
    let key = layout::manifest_key(&listing.input, *last);
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let snapshot: u64 = archive.objects().list(folder)?.iter().map(|object| object.bytes).sum();
    Ok(snapshot + files(plan.after(*last)))
}

/// Where the store is.
enum Place {
    /// Made for this, and removed with it.
    Own(TempDir),
    /// The user's.
    Theirs(PathBuf),
}

impl Place {
    fn folder(&self) -> PathBuf {
        match self {
            Place::Own(folder) => folder.path().join("store"),
            Place::Theirs(folder) => folder.clone(),
        }
    }
}

/// Builds a store, or takes the one that is there, and restores it both ways.
pub fn restore(args: &BenchRestore) -> Result<(), Failure> {
    let work = TempDir::with_prefix("headwater-bench-").context("no folder for temporary files")?;
    let (place, built) = match &args.data {
        Some(folder) if build::archive(folder).is_ok() => (Place::Theirs(folder.clone()), None),
        Some(folder) => {
            return Err(Failure::Usage(format!("--data {}: there is no store", folder.display())));
        }
        None => {
            let spec = load::spec(&args.load, EVENTS, load::DAYS)?;
            let own = TempDir::with_prefix("headwater-bench-").context("no folder for temporary files")?;
            let store = own.path().join("store");
            eprintln!("building a store of {} simulated events in each of {} partitions", spec.events, args.partitions);
            let ledger_bytes = usize::try_from(args.ledger_bytes).unwrap_or(usize::MAX);
            let cache = work.path().join("building");
            let (built, sums) = build::build(&store, &cache, &spec, args.partitions, ledger_bytes)?;
            eprintln!("built in {:.1} s", built.seconds);
            if let [sums] = &sums[..] {
                exact::check(&store, built.records, Some(sums))?;
            }
            (Place::Own(own), Some(built))
        }
    };
    let (mut from_snapshot, mut from_epochs) = (Vec::new(), Vec::new());
    for round in 1..=args.repeat {
        eprintln!("{round} of {}: restoring from the snapshot", args.repeat);
        let whole = run(&place.folder(), work.path(), args.ledger_bytes, false)?;
        eprintln!("{round} of {}: restoring from epochs alone", args.repeat);
        let alone = run(&place.folder(), work.path(), args.ledger_bytes, true)?;
        let same = |once: &Once| (once.inputs, once.records, once.identities, once.panes);
        ensure_same(same(&whole) == same(&alone), &whole, &alone)?;
        from_snapshot.push(whole);
        from_epochs.push(alone);
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        #[derive(Serialize)]
        struct Report<'a> {
            built: Option<Built>,
            from_snapshot: &'a [Once],
            from_epochs: &'a [Once],
        }
        let report = Report { built, from_snapshot: &from_snapshot, from_epochs: &from_epochs };
        serde_json::to_writer_pretty(&mut out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    print(&mut out, built, args.ledger_bytes, &from_snapshot, &from_epochs)?;
    Ok(())
}

/// Records of each partition of a store that is built, where nobody says so.
const EVENTS: u64 = 10_000_000;

fn ensure_same(same: bool, whole: &Once, alone: &Once) -> anyhow::Result<()> {
    ensure!(same, "the snapshot and the epochs give different inputs: {whole:?} and {alone:?}");
    Ok(())
}

fn run(store: &Path, work: &Path, ledger_bytes: u64, without_snapshots: bool) -> anyhow::Result<Once> {
    let text = |path: &Path| path.to_str().map(str::to_owned).context("the name of a folder is no text");
    let mut args: Vec<String> = ["bench", "restore-once", "--data"].map(str::to_owned).into_iter().collect();
    args.extend([text(store)?, "--cache".to_owned(), text(&work.join("cache"))?]);
    args.extend(["--ledger-bytes".to_owned(), ledger_bytes.to_string()]);
    if without_snapshots {
        args.push("--without-snapshots".to_owned());
    }
    let (_, printed) = Process::run(&args).context("restoring")?;
    serde_json::from_str(&printed).context("what the restore printed")
}

fn print(
    out: &mut impl Write,
    built: Option<Built>,
    ledger_bytes: u64,
    from_snapshot: &[Once],
    from_epochs: &[Once],
) -> std::io::Result<()> {
    let mut table = Table::new(
        1,
        &[
            "restored from",
            "partitions",
            "observations",
            "s",
            "observations/s",
            "CPU s",
            "rows of epochs read",
            "MiB read",
            "peak RSS MiB",
            "identities",
            "of those spilled",
            "panes",
        ],
    );
    let mut row = |what: &str, runs: &[Once]| {
        let cell = |decimals, pick: fn(&Once) -> f64| Spread::of(runs.iter().map(pick)).cell(decimals);
        table.row(vec![
            what.to_owned(),
            cell(0, |once| once.inputs as f64),
            cell(0, |once| once.records as f64),
            cell(2, |once| once.seconds),
            cell(0, |once| once.records as f64 / once.seconds),
            cell(2, |once| once.cpu_s),
            cell(0, |once| once.rows as f64),
            cell(1, |once| mib(once.bytes)),
            cell(0, |once| mib(once.peak_rss_bytes)),
            cell(0, |once| once.identities as f64),
            cell(0, |once| once.spilled as f64),
            cell(0, |once| once.panes as f64),
        ]);
    };
    row("the snapshot and the epochs behind it", from_snapshot);
    row("epochs alone", from_epochs);
    writeln!(out, "{table}")?;
    let mut settings = Table::new(2, &["setting", "value"]);
    let mut setting = |what: &str, value: String| settings.row(vec![what.to_owned(), value]);
    setting("runs of each", from_snapshot.len().to_string());
    setting("store.ledger_bytes", ledger_bytes.to_string());
    if let Some(Built { records, seconds }) = built {
        let rate = number(records as f64 / seconds, 0);
        setting("built by the parts of a run, without Kafka", format!("{seconds:.1} s, {rate} events/s"));
    }
    write!(out, "{settings}")
}
