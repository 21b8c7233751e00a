//! The loop of an ingest process: events of its sources in, epochs committed, and what is committed published.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use headwater_catalog::Catalog;
use headwater_ingest::{Assignment, SourceEvent, Term};
use headwater_log::{EpochTaken, PartitionsGrown, SnapshotFailed, StopAsked};
use headwater_model::{Input, Progress, RawBatch};
use headwater_normalize::WriterSchemas;
use headwater_runtime::Shutdown;
use headwater_runtime::metrics::Stage;
use headwater_store::{Archive, SourceDeclaration, SourceKind};
use headwater_window::WindowError;

use super::commit::{self, Outcome, Tried};
use super::housekeeping::Housekeeping;
use super::input::{LiveInput, Sealed};
use super::leaving::Kept;
use super::offsets::Offsets;
use super::outputs::Outputs;
use super::patience::patiently;
use super::restore::Restore;
use super::settings::Settings;
use super::source::Source;
use super::step;
use super::wall::Wall;
use super::{publication, said, snapshot};
use crate::clock::Stopwatch;
use crate::watch::Watch;

/// Longest look at one source before the others, the commits and a stop get their turn.
const TURN: Duration = Duration::from_millis(50);

/// Longest wait when no source has anything.
const WAIT: Duration = Duration::from_millis(20);

/// Why the inputs of a source that has grown are not read.
const PARTITIONS_GROWN: &str = "partitions_grown: read the source again from its start into a new store";

/// What a pipeline is made of.
pub struct Parts {
    /// The store.
    pub archive: Archive,
    /// The reference data.
    pub catalog: Arc<Catalog>,
    /// The Avro schemas of each source.
    pub schemas: BTreeMap<String, Arc<WriterSchemas>>,
    /// What it is told.
    pub settings: Settings,
    /// Sources that were started.
    pub sources: Vec<Source>,
    /// Brings inputs back from the store.
    pub restore: Restore,
    /// Where results are published, if anywhere.
    pub outputs: Option<Outputs>,
    /// Folds and sweeps what this process owns.
    pub housekeeping: Housekeeping,
    /// Tells detection in the same process.
    pub heard: SyncSender<()>,
    /// Hears how the work goes.
    pub watch: Watch,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// An ingest process.
pub struct Pipeline {
    archive: Archive,
    catalog: Arc<Catalog>,
    schemas: BTreeMap<String, Arc<WriterSchemas>>,
    settings: Settings,
    sources: Vec<Source>,
    /// The inputs that are read, each with the number of its source.
    inputs: BTreeMap<Input, (usize, LiveInput)>,
    /// Sources whose topic has another number of partitions than the store holds.
    grown: BTreeSet<Arc<str>>,
    restore: Restore,
    outputs: Option<Outputs>,
    offsets: Offsets,
    housekeeping: Housekeeping,
    heard: SyncSender<()>,
    wall: Wall,
    watch: Watch,
    shutdown: Shutdown,
    last_term: u64,
    /// When the inputs were last looked at for a commit.
    looked_at: Option<Instant>,
}

impl Pipeline {
    /// A pipeline that has read nothing.
    pub fn new(parts: Parts) -> Pipeline {
        let Parts {
            archive,
            catalog,
            schemas,
            settings,
            sources,
            restore,
            outputs,
            housekeeping,
            heard,
            watch,
            shutdown,
        } = parts;
        Pipeline {
            archive,
            catalog,
            schemas,
            settings,
            sources,
            inputs: BTreeMap::new(),
            grown: BTreeSet::new(),
            restore,
            outputs,
            offsets: Offsets::default(),
            housekeeping,
            heard,
            wall: Wall::start(),
            watch,
            shutdown,
            last_term: 0,
            looked_at: None,
        }
    }

    /// Reads until told to stop; then commits, tells that it has, and publishes. Gives the number of its inputs.
    pub fn run(mut self, kept: &Kept) -> anyhow::Result<usize> {
        while !self.shutdown.is_requested() {
            self.watch.ingest_turns();
            self.read()?;
            if self.is_due() {
                self.commit(|_| true)?;
                self.measure();
            }
            self.published()?;
            self.snapshot();
        }
        StopAsked {}.log();
        self.commit(|_| true)?;
        kept.set();
        if let Some(outputs) = self.outputs.take() {
            outputs.finish();
        }
        self.offsets.commit(&self.sources, now());
        Ok(self.inputs.len())
    }

    /// Lets every source have its turn; waits a moment when none has anything.
    fn read(&mut self) -> anyhow::Result<()> {
        if self.outputs.as_ref().is_some_and(Outputs::is_full) {
            crate::clock::pause(WAIT);
            return Ok(());
        }
        let mut busy = false;
        for source in 0..self.sources.len() {
            let until = now() + TURN;
            while let Some(event) = self.sources[source].next(Duration::ZERO) {
                busy = true;
                self.hear(source, event)?;
                if now() >= until || self.open_bytes() >= self.settings.commit_bytes {
                    break;
                }
            }
        }
        if !busy && let Some(event) = self.sources.first().and_then(|source| source.next(WAIT)) {
            self.hear(0, event)?;
        }
        Ok(())
    }

    fn hear(&mut self, source: usize, event: SourceEvent) -> anyhow::Result<()> {
        match event {
            SourceEvent::Assigned(assignments) => self.assigned(source, assignments),
            SourceEvent::Revoked { inputs, lost } => self.revoked(source, &inputs, lost),
            SourceEvent::Batch { input, term, batch, to } => self.take(source, &input, term, &batch, &to),
            SourceEvent::Moved { input, term, to } => {
                if let Some(live) = self.current(&input, term) {
                    live.move_to(&to);
                }
                Ok(())
            }
            SourceEvent::AtEnd { input, term } => {
                if let Some(live) = self.current(&input, term) {
                    live.at_end(now());
                }
                Ok(())
            }
            SourceEvent::Grown { source, from, to } => {
                self.grow(&source, from, to);
                Ok(())
            }
            SourceEvent::Stopped { input, error } => {
                said::stopped(&input, self.inputs.get(&input).map(|(_, live)| live), &error, false);
                self.drop_input(&input);
                Err(anyhow::Error::new(error).context(format!("{input} cannot be read on")))
            }
            SourceEvent::Failed(error) => Err(error.into()),
        }
    }

    /// The input, if what comes of it is of its latest start.
    fn current(&mut self, input: &Input, term: Term) -> Option<&mut LiveInput> {
        self.inputs.get_mut(input).map(|(_, live)| live).filter(|live| live.term == term)
    }

    fn take(
        &mut self,
        source: usize,
        input: &Input,
        term: Term,
        batch: &RawBatch,
        to: &Progress,
    ) -> anyhow::Result<()> {
        let time = self.wall.now();
        let Some(live) = self.current(input, term) else { return Ok(()) };
        step::pass("live::taken");
        let Err(error) = live.take(batch, to, time, now()) else { return Ok(()) };
        if matches!(error.downcast_ref(), Some(WindowError::Cold(_))) {
            // Its disk concerns every ledger. A start restores them into a new cache: nothing that is committed is lost.
            return Err(error.context(format!("{input} cannot be read on")));
        }
        // A fault in its data, such as a sum beyond 64 bits: it alone stops.
        said::stopped(input, Some(live), &format_args!("{error:#}"), true);
        self.drop_input(input);
        self.watch.stopped(input, &format!("{error:#}"));
        self.sources[source].stop(input);
        Ok(())
    }

    /// Takes on inputs that were given to this process.
    fn assigned(&mut self, source: usize, assignments: Vec<Assignment>) -> anyhow::Result<()> {
        for assignment in assignments {
            let input = assignment.input.clone();
            said::assigned(&assignment);
            if self.grown.contains(&input.source) || !self.declare(source, &assignment)? {
                self.sources[source].stop(&input);
                self.watch.stopped(&input, PARTITIONS_GROWN);
                continue;
            }
            self.begin(source, assignment)?;
        }
        Ok(())
    }

    /// Whether the store knows the source as it is now.
    fn declare(&mut self, source: usize, assignment: &Assignment) -> anyhow::Result<bool> {
        let Assignment { input, origin, partitions } = assignment;
        let is_folder = matches!(self.sources[source], Source::Folder(_));
        let ours = SourceDeclaration {
            source: input.source.to_string(),
            kind: if is_folder { SourceKind::Folder } else { SourceKind::Topic },
            origin: origin.to_string(),
            partitions: *partitions,
        };
        let held = patiently(&self.watch, || Ok(self.archive.declare(&ours)?))?;
        if held.kind != ours.kind || (!is_folder && held.origin != ours.origin) {
            anyhow::bail!(
                "the store holds sources.{} as {:?} {}, and it is configured as {:?} {}: give it another name",
                input.source,
                held.kind,
                held.origin,
                ours.kind,
                ours.origin
            );
        }
        if held.partitions != *partitions {
            self.grow(&input.source, held.partitions, *partitions);
            return Ok(false);
        }
        Ok(true)
    }

    fn grow(&mut self, source: &Arc<str>, from: u32, to: u32) {
        if self.grown.insert(Arc::clone(source)) {
            PartitionsGrown { source, from, to }.log();
        }
        let inputs: Vec<Input> = self.inputs.keys().filter(|input| input.source == *source).cloned().collect();
        for input in inputs {
            if let Some((source, _)) = self.inputs.get(&input) {
                self.sources[*source].stop(&input);
            }
            self.drop_input(&input);
            self.watch.stopped(&input, PARTITIONS_GROWN);
        }
    }

    /// Restores an input from the store and reads on.
    fn begin(&mut self, source: usize, assignment: Assignment) -> anyhow::Result<()> {
        let input = assignment.input.clone();
        self.drop_input(&input);
        let counters = self.watch.restoring(&input);
        self.last_term += 1;
        let term = Term(self.last_term);
        let publishes = self.outputs.is_some();
        let timer = Stopwatch::start();
        let time = self.wall.now();
        let is_folder = matches!(self.sources[source], Source::Folder(_));
        let share = self.restore.ledger_bytes() / (self.inputs.len() + 1);
        let restored =
            patiently(&self.watch, || self.restore.input(&input, is_folder, share, publishes, time.seconds))?;
        counters.took_long(Stage::Restore, timer.elapsed());
        let (bytes, restored_from) = (restored.bytes, restored.from);
        let from = restored.committed.head.as_ref().map(|_| restored.committed.progress.clone());
        let catalog = Arc::clone(&self.catalog);
        let schemas = self.schemas.get(&*assignment.input.source).cloned().unwrap_or_default();
        let mut live = LiveInput::new(assignment, term, catalog, schemas, restored, counters)?;
        said::restored(&live, restored_from, bytes, timer.ms());
        // First: what is queued before the start has its right to publish would be dropped as another's.
        self.sources[source].start(&input, from.as_ref(), term);
        self.publish_again(source, &mut live)?;
        self.watch.reading(&input, &live.committed, live.window.ledger.len());
        self.inputs.insert(input.clone(), (source, live));
        self.share_memory();
        Ok(())
    }

    /// Queues what is committed of an input and was not published.
    fn publish_again(&mut self, source: usize, live: &mut LiveInput) -> anyhow::Result<()> {
        let Some(outputs) = &self.outputs else { return Ok(()) };
        let archive = &self.archive;
        let published =
            patiently(&self.watch, || Ok(Offsets::published(archive, &self.sources[source], outputs, live)?))?;
        if let Some(again) = patiently(&self.watch, || publication::again(archive, live, published, &self.watch))? {
            let publication = publication::of(&self.catalog, outputs, &self.sources, source, live, again)?;
            outputs.push(publication);
        }
        Ok(())
    }

    /// Commits what is open of inputs that go elsewhere, unless another may own them already, and lets them go.
    fn revoked(&mut self, source: usize, inputs: &[Input], lost: bool) -> anyhow::Result<()> {
        if !lost {
            self.commit(|input| inputs.contains(input))?;
        }
        for input in inputs {
            said::gone(input, self.inputs.get(input).map(|(_, live)| live), lost);
            self.drop_input(input);
        }
        self.share_memory();
        self.watch.gone(inputs);
        self.sources[source].release(inputs);
        Ok(())
    }

    fn drop_input(&mut self, input: &Input) {
        if self.inputs.remove(input).is_some() {
            self.offsets.forget(input);
            if let Some(outputs) = &self.outputs {
                outputs.forget(input);
            }
        }
    }

    /// Every ledger gets its share of the process's memory.
    fn share_memory(&mut self) {
        let share = self.restore.ledger_bytes() / self.inputs.len().max(1);
        for (_, live) in self.inputs.values_mut() {
            live.window.ledger.set_limit(share);
        }
        self.housekeeping.own(self.inputs.keys().cloned());
    }

    fn open_bytes(&self) -> u64 {
        self.inputs.values().map(|(_, live)| live.open_bytes()).sum()
    }

    fn is_due(&self) -> bool {
        if self.open_bytes() >= self.settings.commit_bytes {
            return true;
        }
        let oldest = self.inputs.values().filter_map(|(_, live)| live.open_since()).min();
        match oldest {
            Some(oldest) => since(oldest) >= self.settings.commit_every,
            // Moves and clocks wait for nobody.
            None => self.looked_at.is_none_or(|at| since(at) >= self.settings.commit_every),
        }
    }

    /// Commits the open epochs of the inputs that a test picks, where they say something.
    fn commit(&mut self, picked: impl Fn(&Input) -> bool) -> anyhow::Result<()> {
        self.looked_at = Some(now());
        let (time, idle_after) = (self.wall.now(), self.settings.idle_after);
        let began = now();
        let mut sealed: BTreeMap<Input, Sealed> = BTreeMap::new();
        for (input, (_, live)) in &mut self.inputs {
            if picked(input) && live.has_news(time, idle_after) {
                sealed.insert(input.clone(), live.seal(time, idle_after, &self.settings.writer)?);
            }
        }
        if sealed.is_empty() {
            return Ok(());
        }
        step::pass("live::sealed");
        let Tried { outcomes, failed } = commit::commit(&self.archive, &self.watch, sealed)?;
        let took = since(began);
        self.watch.metrics().stages.took(Stage::Commit, took);
        self.watch.metrics().commit_seconds.observe(took.as_secs_f64());
        step::pass("live::committed");
        let mut lost = Vec::new();
        for (input, outcome) in outcomes {
            match outcome {
                Outcome::Committed(sealed) => self.committed(&input, *sealed, failed)?,
                Outcome::Lost => lost.push(input),
                Outcome::Failed(error) => {
                    return Err(anyhow::Error::new(error).context(format!("cannot commit an epoch of {input}")));
                }
            }
        }
        // Full: it has not even looked at the last time yet.
        let _ = self.heard.try_send(());
        for input in lost {
            let Some((source, live)) = self.inputs.get(&input) else { continue };
            EpochTaken { source: &input.source, partition: input.partition, epoch: live.committed.next() }.log();
            let (source, assignment) = (*source, live.assignment.clone());
            self.begin(source, assignment)?;
        }
        Ok(())
    }

    /// An epoch is in the store: the input goes on behind it, and it is queued to be published.
    fn committed(&mut self, input: &Input, sealed: Sealed, failed: bool) -> anyhow::Result<()> {
        let Some((source, live)) = self.inputs.get_mut(input) else { return Ok(()) };
        let (source, head) = (*source, sealed.epoch.head);
        live.said.committed(&head, sealed.epoch.bytes.len() as u64, failed, now());
        self.watch.committed(input, &head, sealed.epoch.bytes.len());
        let begin = live.committed.clone();
        live.commit(head, sealed.epoch.checksum)?;
        let with_outputs = self.outputs.as_ref().is_some_and(|outputs| self.sources[source].is_of(outputs.cluster()));
        if !with_outputs {
            self.offsets.reached(source, live);
        }
        if let Some(outputs) = &self.outputs
            && let Some(changed) = publication::changed(live, &begin, sealed.rejects)
        {
            outputs.push(publication::of(&self.catalog, outputs, &self.sources, source, live, changed)?);
        }
        Ok(())
    }

    fn published(&mut self) -> anyhow::Result<()> {
        self.outputs.as_ref().map_or(Ok(()), Outputs::check)?;
        let began = now();
        self.offsets.commit(&self.sources, now());
        self.watch.metrics().stages.took(Stage::Publish, since(began));
        Ok(())
    }

    /// Writes the snapshots that are due. Nothing rests on one: a store that does not take it now is asked again.
    fn snapshot(&mut self) {
        for (input, (_, live)) in &mut self.inputs {
            if !snapshot::is_due(live, self.settings.snapshot_rows) {
                continue;
            }
            let began = now();
            if let Err(error) = snapshot::write(&self.archive, live, &self.watch) {
                SnapshotFailed { source: &input.source, partition: input.partition, error: &error }.log();
                live.rows_since_snapshot = 0;
            }
            self.watch.metrics().stages.took(Stage::Snapshot, since(began));
        }
    }

    /// What the inputs hold in memory, for people.
    fn measure(&self) {
        let (mut bytes, mut spilled, mut panes) = (0, 0, 0);
        for (_, live) in self.inputs.values() {
            bytes += live.window.ledger.bytes();
            spilled += live.window.ledger.cold_len();
            panes += live.net.len();
        }
        let metrics = self.watch.metrics();
        metrics.ledger_bytes.set(bytes as i64);
        metrics.ledger_spilled.set(spilled as i64);
        metrics.live_panes.set(panes as i64);
    }
}

#[expect(clippy::disallowed_methods, reason = "it waits for others, and commits by time")]
fn now() -> Instant {
    Instant::now()
}

fn since(then: Instant) -> Duration {
    now().saturating_duration_since(then)
}
