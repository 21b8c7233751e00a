//! `headwater demo`: a simulated world through the whole pipeline, each alert printed as it is raised.
//!
//! The world's files arrive in an inbox, one a known week, and are read as `headwater run` reads any folder. Stopped at
//! any point, by whatever, the next start goes on where this one was.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use headwater_catalog::Catalog;
use headwater_model::{Alert, AlertStatus, Day};
use headwater_runtime::{Config, PeopleDatabase, Shutdown};
use headwater_serve::Rate;
use headwater_sim::{Scenario, Spec, World};
use headwater_store::{
    ALERTS_FILE, Archive, DetectLog, Objects, OutputFolder, REJECTS_FILE, SUMMARY_FILE, StoreUrl, VOLUMES_FILE,
};
use serde::{Deserialize, Serialize};

use crate::archive::{Span, Stored, replay};
use crate::args::{self, Roles};
use crate::clock::{self, Stopwatch};
use crate::failure::Failure;
use crate::live::{Kept, Live};
use crate::replay::account;
use crate::serving::Serving;

/// Tells a folder of ours from one that happens to have the name, and which world is in it.
const MARKER: &str = ".headwater-demo";

/// How long a week of the world takes when somebody watches: six years in half a minute.
const WEEK: Duration = Duration::from_millis(100);

/// How long the inbox must be quiet for the last days to be closed. With pauses a slow disk must not look like the end.
const IDLE_MS_ONCE: u64 = 1_000;
const IDLE_MS_PACED: u64 = 5_000;

/// How often it is looked whether everything is told.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The world of a demo folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    seed: u64,
    /// The last day of the world: the day before the demo was begun.
    end: Day,
    /// Everything was told: the next start begins a new world.
    done: bool,
}

/// Takes a world through the pipeline, from where an earlier start left it.
pub fn demo(args: &args::Demo) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let marker = prepare(&args.dir, args.seed)?;
    let (inbox, data) = (args.dir.join("inbox"), args.dir.join("data"));
    let world = World::new(&Spec::new(marker.seed, Scenario::Mixed, marker.end));
    let world = world.map_err(|e| Failure::Usage(e.to_string()))?;
    let catalog = Catalog::embedded();
    // What stops the demo, and what ends the run when everything was told.
    let (stopped, shutdown) = (Shutdown::on_signals()?, Shutdown::new());
    let config = config(&inbox, &data, args)?;
    if args.once {
        write_weeks(&world, &inbox, Duration::ZERO, &|| stopped.is_requested())?;
    }
    let objects = Objects::open(&StoreUrl::Folder(data.clone()))?;
    let serving = if args.once { None } else { Some(serve(&config, &objects, &catalog)?) };
    if let Some(serving) = &serving {
        eprintln!("watch it arrive on http://{}/", serving.address());
    }
    let live = Live {
        config,
        roles: Roles { ingest: true, detect: true, serve: false },
        listen: None,
        catalog: Arc::clone(&catalog),
        shutdown: shutdown.clone(),
        kept: Kept::default(),
        tell: Box::new(|alerts| {
            // Whoever reads our standard output may have gone away: the files tell all of it.
            let _ = tell(&mut io::stdout().lock(), alerts);
        }),
    };
    let ended = || stopped.is_requested() || shutdown.is_requested();
    let store = Stored::new(Archive::new(objects.clone()));
    thread::scope(|scope| {
        if let Some(serving) = &serving {
            scope.spawn(|| serving.follow(&store, &|| stopped.is_requested()));
        }
        let feeder = scope.spawn(|| {
            let pace = if args.once { Duration::ZERO } else { WEEK };
            let told = feed(&world, &inbox, pace, marker.end, &DetectLog::new(objects.clone()), &ended);
            shutdown.request();
            told
        });
        let ran = live.run();
        shutdown.request();
        let told = feeder.join().map_err(|_| anyhow!("the world ended in a panic").into());
        let concluded = ran.and(told).and_then(|told| match told? {
            false => {
                eprintln!("stopped; the next start goes on from here");
                Ok(())
            }
            true => conclude(args, marker, &catalog, &store, &watch, &data),
        });
        match (&concluded, &serving) {
            (Ok(()), Some(serving)) if !stopped.is_requested() => {
                eprintln!(
                    "\nThe desk is open on http://{address}/, the API on http://{address}/api/v1/alerts, until stopped (Ctrl-C)",
                    address = serving.address()
                );
            }
            _ => stopped.request(),
        }
        concluded
    })
}

/// Replays what was told, into the result files, and says where to look.
fn conclude(
    args: &args::Demo,
    marker: Marker,
    catalog: &Arc<Catalog>,
    store: &Stored,
    watch: &Stopwatch,
    data: &Path,
) -> Result<(), Failure> {
    let folder = OutputFolder::create(args.dir.join("results"))?;
    let span = Span { from: Day(i32::MIN), to: marker.end };
    let replayed = replay(store, catalog, &headwater_detect::Config::default(), span, &folder, || watch.seconds())?;
    if replayed.differs.is_some() {
        return Err(anyhow!("the archive's alerts are not those that were told").into());
    }
    write_marker(&args.dir, Marker { done: true, ..marker })?;
    eprintln!("{}", account(&replayed.summary, folder.path()));
    eprintln!("(replayed from the archive: the alerts are those told above, revision for revision)");
    write_where_to_look(&mut io::stdout().lock(), folder.path(), data)?;
    Ok(())
}

/// The world to go on with: that of the folder, or a new one in an empty folder of ours.
fn prepare(dir: &Path, seed: u64) -> Result<Marker, Failure> {
    let cannot = || format!("cannot prepare {}", dir.display());
    fs::create_dir_all(dir).with_context(cannot)?;
    let held = match fs::read(dir.join(MARKER)) {
        Ok(text) => serde_json::from_slice::<Marker>(&text).ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::read_dir(dir).with_context(cannot)?.next().is_some() {
                let dir = dir.display();
                return Err(Failure::Usage(format!("{dir} is not empty and no demo folder: give another with --dir")));
            }
            None
        }
        Err(error) => return Err(anyhow::Error::new(error).context(cannot()).into()),
    };
    if let Some(marker) = held.filter(|marker| marker.seed == seed && !marker.done) {
        eprintln!("going on with the simulated world that ends on {} in {}", marker.end, dir.display());
        return Ok(marker);
    }
    let marker = Marker { seed, end: clock::yesterday()?, done: false };
    write_marker(dir, marker)?;
    // What was decided of another world's alerts too: ids are the same where the world is.
    let people = ["", "-wal", "-shm"].map(|more| format!("{}{more}", PeopleDatabase::FILE));
    for name in ["inbox", "data", "results"].into_iter().chain(people.iter().map(String::as_str)) {
        let path = dir.join(name);
        let removed = if path.is_file() { fs::remove_file(&path) } else { fs::remove_dir_all(&path) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(anyhow::Error::new(error).context(cannot()).into());
            }
            _ => {}
        }
    }
    fs::create_dir_all(dir.join("inbox")).with_context(cannot)?;
    eprintln!("a simulated world that ends yesterday arrives in {}, a file a week", dir.join("inbox").display());
    Ok(marker)
}

fn write_marker(dir: &Path, marker: Marker) -> anyhow::Result<()> {
    let path = dir.join(MARKER);
    fs::write(&path, serde_json::to_vec(&marker)?).with_context(|| path.display().to_string())
}

/// The API; where another process has the address, says how to give another.
fn serve(config: &Config, objects: &Objects, catalog: &Arc<Catalog>) -> Result<Serving, Failure> {
    let budgets = crate::budgets::detector(&config.detect, catalog)?.budgets;
    Serving::start(config, budgets, &Archive::new(objects.clone()), catalog, Rate::API).map_err(|failure| match failure
    {
        Failure::Failed(error) => Failure::Failed(error.context("give another address with --listen")),
        other => other,
    })
}

fn config(inbox: &Path, data: &Path, args: &args::Demo) -> Result<Config, Failure> {
    let set = |key: &str, value: String| (format!("HEADWATER__{key}"), value);
    let idle_ms = if args.once { IDLE_MS_ONCE } else { IDLE_MS_PACED };
    let keys = [
        set("SOURCES__WORLD__PATH", inbox.display().to_string()),
        set("STORE__URL", data.display().to_string()),
        set("STORE__COMMIT_MS", "200".to_owned()),
        set("DETECT__IDLE_MS", idle_ms.to_string()),
        set("SERVE__LISTEN", args.listen.clone()),
        // All of it is made up.
        set("SERVE__SIMULATED", "true".to_owned()),
        set("SERVE__AUTH__CLEARANCE", "TLP:RED".to_owned()),
        set("SERVE__AUTH__ORGANISATIONS", "*".to_owned()),
    ];
    Config::load(None, keys).map_err(|error| Failure::Usage(error.to_string()))
}

/// Writes the weeks that are not there yet, then waits until the last day is told. Says whether it came to that, or was
/// stopped before.
fn feed(
    world: &World,
    inbox: &Path,
    pace: Duration,
    end: Day,
    log: &DetectLog,
    stop: &dyn Fn() -> bool,
) -> anyhow::Result<bool> {
    write_weeks(world, inbox, pace, stop)?;
    while !stop() {
        // In the first hour of a day nothing vouches for the day before yet.
        let last = end.min(clock::last_closable());
        if log.closed_to()?.is_some_and(|closed| closed >= last) {
            return Ok(true);
        }
        clock::pause(LOOK_EVERY);
    }
    Ok(false)
}

/// One file a known week, named by the week's first day, its lines in the order in which they were sent. It comes into
/// the inbox whole.
fn write_weeks(world: &World, inbox: &Path, pace: Duration, stop: &dyn Fn() -> bool) -> anyhow::Result<()> {
    let there: BTreeSet<PathBuf> = fs::read_dir(inbox)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .with_context(|| inbox.display().to_string())?;
    let records: Vec<_> = world.records().collect();
    for week in records.chunk_by(|a, b| a.known_on().0.week() == b.known_on().0.week()) {
        if stop() {
            return Ok(());
        }
        let path = inbox.join(format!("{}.ndjson", Day(week[0].known_on().0.week() * 7)));
        if there.contains(&path) {
            continue;
        }
        let partial = path.with_extension("tmp");
        let written = File::create(&partial).and_then(|file| {
            let mut file = BufWriter::new(file);
            week.iter().try_for_each(|record| record.write(&mut file))?;
            file.flush()
        });
        written.and_then(|()| fs::rename(&partial, &path)).with_context(|| path.display().to_string())?;
        clock::pause(pace);
    }
    Ok(())
}

/// Prints alerts as they are told.
fn tell(out: &mut impl Write, alerts: &[Alert]) -> io::Result<()> {
    for alert in alerts {
        let id = alert.alert_id.get(..8).unwrap_or(&alert.alert_id);
        match alert.status {
            AlertStatus::Raised => writeln!(
                out,
                "{}  {id}  {}  ({}, confidence {}; simulated)",
                alert.as_of, alert.headline, alert.likelihood.words, alert.confidence.level
            )?,
            status => writeln!(out, "{}  {id}  {status}, revision {}", alert.as_of, alert.revision)?,
        }
    }
    out.flush()
}

fn write_where_to_look(out: &mut impl Write, results: &Path, data: &Path) -> io::Result<()> {
    let rows = [
        (ALERTS_FILE, "every revision of every alert, one JSON object a line"),
        (REJECTS_FILE, "what could not be read, byte for byte, and why"),
        (SUMMARY_FILE, "the account of the run"),
        (VOLUMES_FILE, "exact volumes by day, substance, route, source and kind of evidence"),
    ];
    writeln!(out, "\nWhere to look:")?;
    for (file, what) in rows {
        writeln!(out, "  {:<40} {what}", results.join(file).display().to_string())?;
    }
    writeln!(out, "  {:<40} the store; `headwater checkpoint list --data {0}` says what is in it", data.display())?;
    let volumes = results.join(VOLUMES_FILE);
    writeln!(
        out,
        "  duckdb -c \"SELECT coalesce(market_family, family) AS family, market, round(sum(mass_mg) / 1e6) AS kg \
         FROM '{}' GROUP BY ALL ORDER BY kg DESC\"",
        volumes.display()
    )
}
