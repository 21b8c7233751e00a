//! `headwater demo`: a simulated world through the whole pipeline, each alert printed as it is raised.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use headwater_catalog::Catalog;
use headwater_ingest::folder_files;
use headwater_model::{Alert, AlertStatus, Day, KnownDay};
use headwater_normalize::Settings;
use headwater_sim::{Scenario, Spec, World};
use headwater_store::{ALERTS_FILE, OutputFolder, REJECTS_FILE, SUMMARY_FILE, VOLUMES_FILE};

use crate::args;
use crate::clock::{self, Stopwatch};
use crate::core::Core;
use crate::failure::Failure;
use crate::replay::{account, read_files};
use crate::results;

/// Tells a folder of ours from one that happens to have the name: only ours is cleared.
const MARKER: &str = ".headwater-demo";

/// How long a week of the world takes when somebody watches: six years in half a minute.
const WEEK: Duration = Duration::from_millis(100);

/// Writes a world that ends yesterday into the inbox, one file a known week, and takes it through the pipeline.
pub fn demo(args: &args::Demo) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let inbox = clear(&args.dir)?;
    let spec = Spec::new(args.seed, Scenario::Mixed, clock::yesterday()?);
    let world = World::new(&spec).map_err(|e| Failure::Usage(e.to_string()))?;
    write_weeks(&world, &inbox)?;
    eprintln!("a simulated world of {} years, ending yesterday, is in {}", spec.years, inbox.display());

    let folder = OutputFolder::create(args.dir.join("data"))?;
    let mut core = Core::new(Catalog::embedded(), Settings::default(), &folder)?;
    read_files(&mut core, &folder_files(&inbox)?)?;
    let pause = if args.once { Duration::ZERO } else { WEEK };
    let mut out = io::stdout().lock();
    let summary = results::write(&core, &folder, || watch.seconds(), |day, alerts| tell(&mut out, day, alerts, pause))?;
    core.rejects.publish()?;
    eprintln!("{}", account(&summary, folder.path()));
    write_where_to_look(&mut out, folder.path())?;
    Ok(())
}

/// An empty inbox in a demo folder of ours.
fn clear(dir: &Path) -> Result<PathBuf, Failure> {
    let cannot = || format!("cannot prepare {}", dir.display());
    let inbox = dir.join("inbox");
    fs::create_dir_all(dir).with_context(cannot)?;
    let marker = dir.join(MARKER);
    if !marker.exists() && fs::read_dir(dir).with_context(cannot)?.next().is_some() {
        let dir = dir.display();
        return Err(Failure::Usage(format!("{dir} is not empty and no demo folder: give another with --dir")));
    }
    File::create(&marker).with_context(cannot)?;
    if inbox.exists() {
        fs::remove_dir_all(&inbox).with_context(cannot)?;
    }
    fs::create_dir_all(&inbox).with_context(cannot)?;
    Ok(inbox)
}

/// One file a known week, named by the week's first day, its lines in the order in which they were sent.
fn write_weeks(world: &World, inbox: &Path) -> anyhow::Result<()> {
    let mut week = None;
    let mut file: Option<BufWriter<File>> = None;
    for record in world.records() {
        let this = record.known_on().0.week();
        if week != Some(this) {
            let path = inbox.join(format!("{}.ndjson", Day(this * 7)));
            file = Some(File::create(&path).map(BufWriter::new).with_context(|| path.display().to_string())?);
            week = Some(this);
        }
        if let Some(file) = &mut file {
            record.write(file)?;
        }
    }
    file.as_mut().map_or(Ok(()), Write::flush)?;
    Ok(())
}

/// Prints the alerts of a closed day; after each week it waits.
fn tell(out: &mut impl Write, day: KnownDay, alerts: &[Alert], pause: Duration) -> anyhow::Result<()> {
    for alert in alerts {
        let id = alert.alert_id.get(..8).unwrap_or(&alert.alert_id);
        match alert.status {
            AlertStatus::Raised => writeln!(
                out,
                "{}  {id}  {}  ({}, confidence {}; simulated)",
                day.0, alert.headline, alert.likelihood.words, alert.confidence.level
            )?,
            status => writeln!(out, "{}  {id}  {status}, revision {}", day.0, alert.revision)?,
        }
        out.flush()?;
    }
    if day.0.0.rem_euclid(7) == 0 {
        clock::pause(pause);
    }
    Ok(())
}

fn write_where_to_look(out: &mut impl Write, data: &Path) -> io::Result<()> {
    let rows: BTreeMap<_, _> = [
        (ALERTS_FILE, "every revision of every alert, one JSON object a line"),
        (REJECTS_FILE, "what could not be read, byte for byte, and why"),
        (SUMMARY_FILE, "the account of the run"),
        (VOLUMES_FILE, "exact volumes by day, substance, route, source and kind of evidence"),
    ]
    .into();
    writeln!(out, "\nWhere to look:")?;
    for (file, what) in rows {
        writeln!(out, "  {:<40} {what}", data.join(file).display().to_string())?;
    }
    let volumes = data.join(VOLUMES_FILE);
    writeln!(
        out,
        "  duckdb -c \"SELECT coalesce(market_family, family) AS family, market, round(sum(mass_mg) / 1e6) AS kg \
         FROM '{}' GROUP BY ALL ORDER BY kg DESC\"",
        volumes.display()
    )
}
