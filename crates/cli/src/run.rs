//! `headwater run`: every partition from the beginning, then on and on; the four files replaced whenever caught up.
//!
//! Nothing is kept between two starts but the results: a start reads everything again. The group's offsets are committed
//! after the files that hold what lies below them, for people who watch the lag.

#![expect(clippy::disallowed_methods, reason = "it says when records arrived, and waits")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headwater_ingest::{
    Committed, FileReader, KafkaReader, KafkaSettings, Partitioner as Placing, SourceEvent, SourceTopic, Term,
    folder_files,
};
use headwater_model::{Counts, Input, Offset, Progress};
use headwater_normalize::{Settings, UnixSeconds};
use headwater_runtime::{Config, Partitioner, Shutdown, Source, StoreLocation, init_logging};
use headwater_store::{OutputFolder, Summary};

use crate::args;
use crate::catalog::load;
use crate::config;
use crate::core::Core;
use crate::failure::Failure;
use crate::results;

/// Longest wait for an event: what a signal may have to wait.
const WAIT: Duration = Duration::from_millis(100);

/// How often folders are looked at.
const FOLDERS_EVERY: Duration = Duration::from_secs(1);

/// How often the log says how far a rebuild is, and at most how often what was written.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// How long a commit of offsets may take, and how long to wait before it is tried again. Results do not wait for it.
const COMMIT_AT_MOST: Duration = Duration::from_secs(3);
const COMMIT_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Of the records since the last results, a share of rejected ones that is worth a warning, in percent.
const REJECTED_PERCENT: u64 = 10;

/// Reads until told to stop.
pub fn run(args: &args::Run) -> Result<(), Failure> {
    init_logging().map_err(|error| Failure::Usage(error.to_string()))?;
    let config = config::load(args.config.as_deref())?;
    let folder = store_folder(&config)?;
    let clusters = clusters(&config)?;
    let catalog = load(&args.overlay)?;
    let shutdown = Shutdown::on_signals()?;
    let folder = OutputFolder::create(folder)?;
    let core = Core::new(catalog, Settings::default(), &folder)?;
    let now = Instant::now();
    let clusters = clusters.into_iter().map(|(name, settings)| Cluster::start(name, settings));
    let mut run = Run {
        clusters: clusters.collect::<Result<_, _>>()?,
        folders: folders(&config),
        looked_at: None,
        seen: BTreeSet::new(),
        commit_every: Duration::from_millis(config.store.commit_ms),
        started_at: now,
        written: None,
        logged_at: now,
        folder,
        core,
        shutdown,
    };
    tracing::info!(store = %run.folder.path().display(), "rebuilding: everything is read from its beginning");
    match run.go() {
        Err(error) if error.is::<Stopped>() => Ok(()),
        other => other,
    }?;
    let read = run.counts().read;
    drop(run.clusters);
    tracing::info!(read, "stopped");
    Ok(())
}

/// Told to stop amid something that takes long.
#[derive(Debug)]
struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("told to stop")
    }
}

impl std::error::Error for Stopped {}

/// The local folder for the results; what this version cannot do yet is refused or said.
fn store_folder(config: &Config) -> Result<PathBuf, Failure> {
    if config.outputs.is_some() {
        tracing::warn!("[outputs]: this version publishes to no topics; results are files in the store's folder");
    }
    for (name, source) in &config.sources {
        if matches!(source, Source::Topic { partitioner, .. } if *partitioner != Partitioner::Any) {
            tracing::warn!("sources.{name}.partitioner: this version does not check where keys are placed");
        }
    }
    match &config.store.location {
        StoreLocation::Folder(path) => Ok(path.clone()),
        StoreLocation::Objects(url) => {
            Err(Failure::Usage(format!("store.url: this version keeps its results in a local folder, not in {url}")))
        }
    }
}

/// What to read of each cluster. The client's settings are checked before anything starts.
fn clusters(config: &Config) -> Result<Vec<(String, KafkaSettings)>, Failure> {
    let mut topics: BTreeMap<&str, Vec<SourceTopic>> = BTreeMap::new();
    for (name, source) in &config.sources {
        if let Source::Topic { cluster, topic, .. } = source {
            topics.entry(cluster).or_default().push(SourceTopic {
                source: name.as_str().into(),
                topic: topic.as_str().into(),
                partitioner: Placing::Any,
                partitions: None,
                on_gap_skip: false,
            });
        }
    }
    let named = topics.into_iter().filter_map(|(name, topics)| Some((name, config.clusters.get(name)?, topics)));
    named
        .map(|(name, cluster, topics)| {
            let settings = KafkaSettings {
                brokers: cluster.brokers.clone(),
                group: cluster.group.clone(),
                instance: cluster.instance.clone(),
                client: cluster.client_settings().map_err(|error| Failure::Usage(error.to_string()))?,
                topics,
            };
            let wrong = |error| Failure::Usage(format!("clusters.{name}: {error}"));
            KafkaReader::check(&settings).map_err(wrong)?;
            Ok((name.to_owned(), settings))
        })
        .collect()
}

fn folders(config: &Config) -> Vec<PathBuf> {
    let path = |source: &Source| match source {
        Source::Folder { path } => Some(path.clone()),
        Source::Topic { .. } => None,
    };
    config.sources.values().filter_map(path).collect()
}

/// A cluster being read.
struct Cluster {
    name: String,
    reader: KafkaReader,
    /// Each input: where it is read to, and whether that is its end.
    inputs: BTreeMap<Input, (i64, bool)>,
    /// The positions when it last was caught up. Everything below them is in the core.
    reached: Option<BTreeMap<Input, Committed>>,
    /// Whether it was caught up since the last results, or still is.
    caught_up: bool,
    /// Whether a record came after it was caught up.
    behind: bool,
    committed: Option<BTreeMap<Input, Committed>>,
    commit_again_at: Option<Instant>,
}

impl Cluster {
    fn start(name: String, settings: KafkaSettings) -> anyhow::Result<Cluster> {
        let reader = KafkaReader::join(&settings)?;
        let (inputs, reached, caught_up, behind, committed, commit_again_at) =
            (BTreeMap::new(), None, false, false, None, None);
        Ok(Cluster { name, reader, inputs, reached, caught_up, behind, committed, commit_again_at })
    }

    /// Commits the positions that the results hold. A failure is logged and tried again: only the group's lag shows it.
    fn commit(&mut self) {
        let Some(positions) = self.reached.as_ref().filter(|reached| self.committed.as_ref() != Some(*reached)) else {
            return;
        };
        if self.commit_again_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        match self.reader.commit(positions, COMMIT_AT_MOST) {
            Ok(()) => {
                self.committed = Some(positions.clone());
                self.commit_again_at = None;
            }
            Err(error) => {
                tracing::warn!(cluster = self.name, "{error}");
                self.commit_again_at = Some(Instant::now() + COMMIT_AGAIN_AFTER);
            }
        }
    }
}

/// What the results hold, and when they were written.
struct Written {
    at: Instant,
    counts: Counts,
}

struct Run {
    clusters: Vec<Cluster>,
    folders: Vec<PathBuf>,
    looked_at: Option<Instant>,
    /// Files read.
    seen: BTreeSet<PathBuf>,
    commit_every: Duration,
    started_at: Instant,
    written: Option<Written>,
    logged_at: Instant,
    folder: OutputFolder,
    core: Core,
    shutdown: Shutdown,
}

impl Run {
    fn go(&mut self) -> anyhow::Result<()> {
        while !self.shutdown.is_requested() {
            self.read_folders()?;
            if self.clusters.is_empty() {
                self.wait();
            }
            for ix in 0..self.clusters.len() {
                self.read_cluster(ix)?;
            }
            if self.is_due() {
                self.write()?;
            }
            if self.is_written() {
                self.clusters.iter_mut().for_each(Cluster::commit);
            }
            self.log_progress();
        }
        Ok(())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "folders have nothing to wait on; a signal waits no longer than this"
    )]
    fn wait(&self) {
        std::thread::sleep(WAIT);
    }

    /// Takes what a cluster has, up to the point where it is caught up.
    fn read_cluster(&mut self, ix: usize) -> anyhow::Result<()> {
        let several = self.clusters.len() > 1;
        let until = Instant::now() + WAIT;
        loop {
            let cluster = &mut self.clusters[ix];
            let prefix = if several { format!("{}/", cluster.name) } else { String::new() };
            match cluster.reader.next(until.saturating_duration_since(Instant::now())) {
                None => return Ok(()),
                Some(SourceEvent::Assigned(assignments)) => {
                    for assignment in assignments {
                        self.core.open(&format!("{prefix}{}/{}", assignment.origin, assignment.input.partition));
                        cluster.reader.start(&assignment.input, None, Term(0));
                        cluster.inputs.insert(assignment.input, (0, false));
                    }
                }
                Some(SourceEvent::Revoked { inputs, .. }) => {
                    inputs.iter().for_each(|input| drop(cluster.inputs.remove(input)));
                    cluster.reader.release(&inputs);
                }
                Some(SourceEvent::Batch { input, batch, to, .. }) => {
                    cluster.behind = true;
                    cluster.inputs.insert(input, (offset(&to), false));
                    let input = format!("{prefix}{}/{}", batch.origin, batch.partition);
                    self.core.arriving(now()?);
                    self.core.push(&input, &batch)?;
                    if Instant::now() >= until {
                        return Ok(());
                    }
                }
                Some(SourceEvent::Moved { input, to, .. }) => {
                    cluster.inputs.insert(input, (offset(&to), false));
                }
                Some(SourceEvent::AtEnd { input, .. }) => {
                    cluster.inputs.entry(input).or_default().1 = true;
                    if cluster.inputs.values().all(|(_, at_end)| *at_end) {
                        let reached = cluster.inputs.iter().map(|(input, (next, _))| {
                            (input.clone(), Committed { offset: Offset(*next), metadata: String::new() })
                        });
                        cluster.reached = Some(reached.collect());
                        (cluster.caught_up, cluster.behind) = (true, false);
                        return Ok(());
                    }
                }
                Some(SourceEvent::Grown { source, from, to }) => {
                    anyhow::bail!("cluster {}: source {source} grew from {from} to {to} partitions", cluster.name);
                }
                Some(SourceEvent::Stopped { error, .. } | SourceEvent::Failed(error)) => {
                    return Err(anyhow::Error::new(error).context(format!("cluster {}", cluster.name)));
                }
            }
        }
    }

    /// Reads the files that are new in the folders.
    fn read_folders(&mut self) -> anyhow::Result<()> {
        if self.looked_at.is_some_and(|at| at.elapsed() < FOLDERS_EVERY) {
            return Ok(());
        }
        for folder in &self.folders {
            for file in folder_files(folder)? {
                if self.seen.insert(file.clone()) {
                    read_file(&mut self.core, &file, &self.shutdown)?;
                }
            }
        }
        self.looked_at = Some(Instant::now());
        Ok(())
    }

    /// Whether results are to be written: all is caught up, something is new, and the last ones are old enough.
    fn is_due(&self) -> bool {
        let due = self.written.as_ref().is_none_or(|written| {
            written.at.elapsed() >= self.commit_every && written.counts.read != self.counts().read
        });
        due && self.clusters.iter().all(|cluster| cluster.caught_up)
    }

    /// Whether the results hold everything that was read.
    fn is_written(&self) -> bool {
        self.written.as_ref().is_some_and(|written| written.counts.read == self.counts().read)
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.core.inputs.iter().for_each(|input| counts += input.counts);
        counts
    }

    fn write(&mut self) -> anyhow::Result<()> {
        self.core.inputs.sort_by(|a, b| a.file.cmp(&b.file));
        let (started_at, shutdown) = (self.started_at, &self.shutdown);
        let summary = results::write(
            &self.core,
            &self.folder,
            || started_at.elapsed().as_secs_f64(),
            |_, _| if shutdown.is_requested() { Err(Stopped.into()) } else { Ok(()) },
        )?;
        self.core.rejects.publish_copy()?;
        for cluster in &mut self.clusters {
            cluster.caught_up = !cluster.behind;
        }
        self.log_written(&summary);
        self.written = Some(Written { at: Instant::now(), counts: summary.counts });
        Ok(())
    }

    fn log_written(&mut self, summary: &Summary) {
        let now = summary.counts;
        let before = self.written.as_ref().map_or(Counts::default(), |written| written.counts);
        let (read, rejected) = (now.read - before.read, now.rejected - before.rejected);
        if rejected * 100 > read * REJECTED_PERCENT {
            tracing::warn!(read, rejected, "many records are rejected: see rejects.ndjson");
        }
        if self.written.is_none() || self.logged_at.elapsed() >= LOG_EVERY {
            self.logged_at = Instant::now();
            let alerts: u64 = summary.alerts_by_kind.values().sum();
            let Counts { read, accepted, duplicate, superseded, rejected, .. } = now;
            tracing::info!(read, accepted, duplicate, superseded, rejected, alerts, "caught up, results written");
        }
    }

    /// While it rebuilds.
    fn log_progress(&mut self) {
        if self.written.is_none() && self.logged_at.elapsed() >= LOG_EVERY {
            self.logged_at = Instant::now();
            tracing::info!(read = self.counts().read, "rebuilding");
        }
    }
}

fn offset(progress: &Progress) -> i64 {
    match progress {
        Progress::Offset(Offset(next)) => *next,
        Progress::Files(_) => 0,
    }
}

fn read_file(core: &mut Core, file: &Path, shutdown: &Shutdown) -> anyhow::Result<()> {
    let name = file.to_string_lossy();
    core.open(&name);
    let mut reader = FileReader::open(file)?;
    while let Some(batch) = reader.next_batch()? {
        if shutdown.is_requested() {
            return Err(Stopped.into());
        }
        core.arriving(now()?);
        core.push(&name, &batch)?;
    }
    Ok(())
}

fn now() -> anyhow::Result<UnixSeconds> {
    Ok(UnixSeconds(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?))
}
