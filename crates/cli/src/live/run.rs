//! One process: its sources, its store, its roles.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use headwater_catalog::Catalog;
use headwater_ingest::{IngestError, KafkaReader, Ownership, OwnershipSettings, PublisherSettings, Reach};
use headwater_log::{
    Lasting, OutputsReady, OutputsWaiting, ProcessFailed, ProcessStarted, ProcessStopped, StopAsked, Trouble,
    init_logging, log_panics,
};
use headwater_model::Alert;
use headwater_normalize::WriterSchemas;
use headwater_runtime::metrics::Stage;
use headwater_runtime::{Cluster, Config, Shutdown};
use headwater_serve::Rate;
use headwater_store::{Archive, FoldPolicy, LedgerCache, Limits};

use super::alerts::KafkaAlerts;
use super::housekeeping::Housekeeping;
use super::leaving::{Kept, LEAVE_AT_MOST, leave_in_time};
use super::outputs::Topics;
use super::patience::patiently;
use super::pipeline::{Parts, Pipeline};
use super::records::DETECT_TOPIC;
use super::restore::Restore;
use super::settings::Settings;
use super::source::{self, Source};
use super::step;
use crate::archive::Stored;
use crate::args::{self, Roles};
use crate::budgets;
use crate::catalog::load;
use crate::clock::Stopwatch;
use crate::config;
use crate::detecting::{AlertSink, Heard, Surroundings, Told, run_detect};
use crate::failure::Failure;
use crate::serving::Serving;
use crate::watch::{self, Watch};
use crate::writer_schemas;

/// Between two tries to reach a cluster when the process begins.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Runs until told to stop.
pub fn run(args: &args::Run) -> Result<(), Failure> {
    init_logging().map_err(|error| Failure::Usage(error.to_string()))?;
    log_panics();
    #[cfg(feature = "faults")]
    step::arm().map_err(Failure::Usage)?;
    let roles = args.roles().map_err(Failure::Usage)?;
    let config = config::load(args.config.as_deref())?;
    if args.config.is_none() {
        // Somebody's first try: the folders that it works with need not be there.
        source::folders(&config)
            .try_for_each(|(_, path)| fs::create_dir_all(path).with_context(|| path.display().to_string()))?;
    }
    let catalog = load(&args.overlay)?;
    let shutdown = Shutdown::on_signals()?;
    begin(args, &config, roles);
    let (listen, kept) = (Some(config.metrics), Kept::default());
    let (asked, told) = (shutdown.clone(), kept.clone());
    let live = Live { config, roles, catalog, shutdown, kept, listen, tell: Box::new(|_| {}) };
    match leave_in_time(&asked, &told, LEAVE_AT_MOST, || live.run()) {
        Err(Failure::Failed(error)) => {
            ProcessFailed { error: &format_args!("{error:#}") }.log();
            Err(Failure::Told)
        }
        other => other,
    }
}

/// Says what the process is and what it was told by.
fn begin(args: &args::Run, config: &Config, roles: Roles) {
    let named = [("ingest", roles.ingest), ("detect", roles.detect), ("serve", roles.serve)];
    let roles: Vec<&str> = named.into_iter().filter_map(|(name, has)| has.then_some(name)).collect();
    let file = args.config.as_deref().map_or_else(|| "none".into(), |path| path.to_string_lossy());
    ProcessStarted {
        build: env!("CARGO_PKG_VERSION"),
        roles: &roles.join(" "),
        config: &file,
        variables: config::variables() as u64,
        sources: config.sources.len() as u64,
        store: &config.store.location,
        pid: std::process::id(),
    }
    .log();
}

/// Hears alerts as they are told.
pub type Tell = Box<dyn FnMut(&[Alert]) + Send>;

/// A process that is to run.
pub struct Live {
    /// What it is told.
    pub config: Config,
    /// What it does.
    pub roles: Roles,
    /// The reference data.
    pub catalog: Arc<Catalog>,
    /// When to stop.
    pub shutdown: Shutdown,
    /// Told when it has stopped and committed.
    pub kept: Kept,
    /// Where it tells how the work goes, if anywhere.
    pub listen: Option<SocketAddr>,
    /// Hears every alert of the log as it is told, where detection runs.
    pub tell: Tell,
}

impl Live {
    /// Runs until told to stop. What ends one part of the work ends all of it.
    pub fn run(self) -> Result<(), Failure> {
        let Live { config, roles, catalog, shutdown, kept, listen, tell } = self;
        // What is told wrongly is said before anything is begun or waited for.
        let detector = budgets::detector(&config.detect, &catalog)?;
        let mut schemas = BTreeMap::new();
        if roles.ingest {
            source::kafka(&config, &BTreeMap::new())?;
            schemas = writer_schemas::of(&config)?;
        }
        let url = config::store_url(&config.store.location);
        let archive = Archive::new(step::open(&url, limits())?);
        let watch = Watch::new(roles, config.outputs.is_some(), &shutdown);
        // Until everything has stopped: how a process ends is told too.
        let _server = listen.map(|address| watch::serve(&watch, address)).transpose()?;
        let (committed, heard) = sync_channel(1);
        let ingest = if roles.ingest {
            Some(Ingest::prepare(&config, schemas, &archive, &catalog, &watch, &shutdown, committed)?)
        } else {
            None
        };
        let sink = match roles.detect {
            true => Some(Sink::of(&config, &watch, tell)?),
            false => None,
        };
        // Behind the inputs' locks: a second process on the same folder is told of those.
        let serving = if roles.serve {
            Some(Serving::start(&config, detector.budgets.clone(), &archive, &catalog, Rate::API)?)
        } else {
            None
        };
        let policy = FoldPolicy { epochs_min: config.store.fold_epochs, ..FoldPolicy::default() };
        thread::scope(|scope| {
            let (archive, watch, shutdown) = (&archive, &watch, &shutdown);
            let detect = sink.map(|sink| {
                let (catalog, config) = (Arc::clone(&catalog), &config);
                let token = shutdown.token("detect");
                scope.spawn(move || {
                    detect(archive, catalog, detector, config, sink, heard, watch);
                    drop(token);
                })
            });
            if let Some(serving) = &serving {
                scope.spawn(move || serving.follow(&Stored::new(archive.clone()), &|| shutdown.is_requested()));
            }
            let outcome = match ingest {
                Some(Ingest { pipeline, housekeeping }) => {
                    let policy = &policy;
                    scope.spawn(move || housekeeping.run(archive, policy, shutdown));
                    let _token = shutdown.token("ingest");
                    pipeline.run(&kept)
                }
                None => {
                    while !shutdown.is_requested() {
                        crate::clock::pause(AGAIN_AFTER);
                    }
                    StopAsked {}.log();
                    kept.set();
                    Ok(0)
                }
            };
            let stopping = Stopwatch::start();
            shutdown.request();
            if let Some(detect) = detect
                && detect.join().is_err()
            {
                return Err(Failure::Failed(anyhow::anyhow!("detection ended in a panic")));
            }
            let inputs = outcome.map_err(Failure::Failed)? as u64;
            ProcessStopped { inputs, ms: stopping.ms() }.log();
            Ok(())
        })
    }
}

/// The ingest role, ready to begin.
struct Ingest {
    pipeline: Pipeline,
    housekeeping: Housekeeping,
}

impl Ingest {
    fn prepare(
        config: &Config,
        schemas: BTreeMap<String, Arc<WriterSchemas>>,
        archive: &Archive,
        catalog: &Arc<Catalog>,
        watch: &Watch,
        shutdown: &Shutdown,
        committed: SyncSender<()>,
    ) -> Result<Ingest, Failure> {
        let writer = word()?;
        let topics = topics(config, watch, &writer)?;
        let sources = sources(config, archive, watch)?;
        let outputs = topics.map(|topics| topics.start(archive.clone(), &sources)).transpose()?;
        let ledger_bytes = usize::try_from(config.store.ledger_bytes).unwrap_or(usize::MAX);
        let restore =
            Restore::new(archive.clone(), LedgerCache::open(&config.store.cache)?, ledger_bytes, watch.clone());
        let settings = Settings::of(&config.store, config.detect.idle_ms, writer);
        let housekeeping = Housekeeping::default();
        let pipeline = Pipeline::new(Parts {
            archive: archive.clone(),
            catalog: Arc::clone(catalog),
            schemas,
            settings,
            sources,
            restore,
            outputs,
            housekeeping: housekeeping.clone(),
            heard: committed,
            watch: watch.clone(),
            shutdown: shutdown.clone(),
        });
        Ok(Ingest { pipeline, housekeeping })
    }
}

fn sources(config: &Config, archive: &Archive, watch: &Watch) -> Result<Vec<Source>, Failure> {
    let held = patiently(watch, || Ok(archive.sources()?))?.into_iter().map(|held| (held.source, held.partitions));
    let held: BTreeMap<String, u32> = held.collect();
    let mut sources = Vec::new();
    for (cluster, settings) in source::kafka(config, &held)? {
        let reader = KafkaReader::join(&settings).with_context(|| format!("clusters.{cluster}"))?;
        watch.reads_cluster(&cluster, reader.standing());
        sources.push(Source::Kafka { cluster, reader });
    }
    for (name, path) in source::folders(config) {
        let reader = source::folder(name, path).with_context(|| format!("sources.{name}"))?;
        watch.reads_folder(name, reader.sizes());
        sources.push(Source::Folder(reader));
    }
    watch.has_begun();
    Ok(sources)
}

/// The topics that results are published to; a cluster that does not answer yet is waited for.
fn topics(config: &Config, watch: &Watch, writer: &str) -> Result<Option<Topics>, Failure> {
    let Some((name, cluster)) = output_cluster(config) else { return Ok(None) };
    let settings = PublisherSettings {
        brokers: cluster.brokers.clone(),
        client: source::client(name, cluster)?,
        transactional_id: format!("{}.{writer}", cluster.group),
    };
    let reach = Reach::default();
    watch.talks_to(name, reach.clone());
    let (timer, mut trouble) = (Stopwatch::start(), Trouble::default());
    loop {
        watch.ingest_turns();
        match Topics::connect(name, settings.clone(), reach.clone(), watch.clone()) {
            Ok(topics) => {
                OutputsReady { cluster: name, ms: timer.ms() }.log();
                return Ok(Some(topics));
            }
            Err(error @ IngestError::ClientSetting { .. }) => return Err(Failure::Usage(error.to_string())),
            Err(error) if watch.is_stopping() => return Err(error.into()),
            Err(error) => {
                watch.outputs_failed(&error);
                if let Some(Lasting { times, ms }) = trouble.again(crate::clock::now()) {
                    OutputsWaiting { cluster: name, times, ms, error: &error }.log();
                }
                crate::clock::pause(AGAIN_AFTER);
            }
        }
    }
}

fn output_cluster(config: &Config) -> Option<(&str, &Cluster)> {
    let name = config.outputs.as_deref()?;
    Some((name, config.clusters.get(name)?))
}

/// Where alerts go, and what makes a detect the active one.
struct Sink {
    kafka: Option<KafkaAlerts>,
    ownership: Option<Arc<Ownership>>,
    watch: Watch,
    tell: Tell,
}

impl Sink {
    fn of(config: &Config, watch: &Watch, tell: Tell) -> Result<Sink, Failure> {
        let Some((name, cluster)) = output_cluster(config) else {
            return Ok(Sink { kafka: None, ownership: None, watch: watch.clone(), tell });
        };
        let client = source::client(name, cluster)?;
        let group = format!("{}.detect", cluster.group);
        let ownership = Ownership::start(&OwnershipSettings {
            brokers: cluster.brokers.clone(),
            client: client.clone(),
            group,
            topic: DETECT_TOPIC.into(),
        })?;
        let ownership = Arc::new(ownership);
        watch.owned_by(name, &ownership);
        let kafka = KafkaAlerts::new(&cluster.brokers, client, &cluster.group, watch.clone());
        Ok(Sink { kafka: Some(kafka), ownership: Some(ownership), watch: watch.clone(), tell })
    }
}

impl AlertSink for Sink {
    fn publish(&mut self, alerts: &[Alert]) -> anyhow::Result<()> {
        if let Some(kafka) = &mut self.kafka {
            // A publisher that starts ends the one of the active detect: whoever is active no more must not start one.
            if self.ownership.as_ref().is_some_and(|ownership| !ownership.owned()) {
                anyhow::bail!("another process is the active detect now");
            }
            kafka.publish(alerts)?;
        }
        (self.tell)(alerts);
        Ok(())
    }

    fn added(&mut self, alerts: &[Alert]) {
        self.watch.alerts(alerts);
    }
}

fn detect(
    archive: &Archive,
    catalog: Arc<Catalog>,
    detector: headwater_detect::Config,
    config: &Config,
    sink: Sink,
    committed: Receiver<()>,
    watch: &Watch,
) {
    let ownership = sink.ownership.clone();
    let mut heard = Heard::default();
    let surroundings = Surroundings {
        config: detector,
        sources: config.sources.keys().map(|name| Arc::from(name.as_str())).collect(),
        // It is asked between files and between days.
        stop: &|| {
            watch.detect_turns();
            watch.is_stopping()
        },
        sink,
        active: || ownership.as_ref().is_none_or(|ownership| ownership.owned()),
        committed,
        tell: |told: Told<'_>| match told {
            Told::Step(took) => watch.metrics().stages.took(Stage::Detect, took),
            Told::Failed(error) => watch.detect_failed(error),
            Told::Standing(standing) => {
                watch.store_answered();
                watch.detects(standing);
                heard.hear(standing, crate::clock::now());
            }
        },
    };
    run_detect(&Stored::new(archive.clone()), catalog, surroundings);
}

/// One call gives up early, for the pipeline tries again for as long as it takes and must see a stop meanwhile.
fn limits() -> Limits {
    Limits { try_ms: 5_000, tries: 2, ..Limits::default() }
}

/// A word that no other process has.
fn word() -> anyhow::Result<String> {
    let mut word = [0; 8];
    getrandom::fill(&mut word).context("the system gives no random bytes")?;
    Ok(format!("{:016x}", u64::from_le_bytes(word)))
}
