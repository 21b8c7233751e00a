//! What a process tells of itself while it runs: its metrics, whether it is alive, whether it is ready.
//!
//! Whoever works tells a [`Watch`] what happened; whoever asks gets an answer at once, from what was told last. Nothing
//! here waits for the work, and the work waits for nothing here.

mod inputs;
mod operations;
mod report;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use headwater_ingest::{FolderSizes, KafkaStanding, Ownership, Reach};
use headwater_model::{Alert, Input};
use headwater_runtime::metrics::{Metrics, Roles as Shown};
use headwater_runtime::{Pulse, Pulses, Shutdown};

use crate::args::Roles;
use crate::clock;
use crate::detecting::Standing;
use inputs::Watched;

pub use inputs::Counters;
pub use operations::serve;
pub use words::TOPICS;

/// How long a loop may stand still: more than any wait of one turn but those for the store, which are told apart.
const STALL: Duration = Duration::from_secs(60);

/// How long a commit may wait for the store at a stretch: every call of it gives up by itself, and there are some for
/// each of hundreds of inputs.
pub const STORE_AT_MOST: Duration = Duration::from_secs(900);

/// What a process tells of itself. Clones share it.
#[derive(Clone)]
pub struct Watch(Arc<Inner>);

struct Inner {
    metrics: Metrics,
    pulses: Pulses,
    ingest: Option<Pulse>,
    detect: Option<Pulse>,
    roles: Roles,
    shutdown: Shutdown,
    stall: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether what is read from has been begun: before, nothing can be assigned.
    begun: bool,
    inputs: BTreeMap<Input, Watched>,
    /// Readers by the name of their cluster.
    readers: Vec<(String, Arc<KafkaStanding>)>,
    /// Folders by the name of their source.
    folders: BTreeMap<Arc<str>, Arc<FolderSizes>>,
    /// Who else talks to a cluster.
    reaches: Vec<(String, Reach)>,
    /// What makes a detect the active one.
    ownership: Option<Arc<Ownership>>,
    store: Trouble,
    outputs: Trouble,
    standing: Option<Standing>,
}

/// Something that fails, since when, and why.
type Trouble = Option<(SystemTime, String)>;

/// It failed, again or for the first time.
fn failed(trouble: &mut Trouble, words: String) {
    let since = trouble.as_ref().map_or_else(clock::wall, |(since, _)| *since);
    *trouble = Some((since, words));
}

impl State {
    /// Everybody who talks to a cluster, by its name.
    fn clusters(&self) -> BTreeMap<&str, Vec<&Reach>> {
        let mut clusters: BTreeMap<&str, Vec<&Reach>> = BTreeMap::new();
        let readers = self.readers.iter().map(|(name, standing)| (name, standing.reach()));
        for (name, reach) in readers.chain(self.reaches.iter().map(|(name, reach)| (name, reach))) {
            clusters.entry(name).or_default().push(reach);
        }
        clusters
    }

    /// Since when nobody reaches a cluster, for each that nobody does.
    fn unreachable(&self) -> BTreeMap<&str, SystemTime> {
        let since = |reaches: Vec<&Reach>| {
            let all: Option<Vec<SystemTime>> = reaches.iter().map(|reach| reach.unreachable_since()).collect();
            all?.into_iter().max()
        };
        self.clusters().into_iter().filter_map(|(name, reaches)| Some((name, since(reaches)?))).collect()
    }
}

impl Watch {
    /// Of a process that begins; `outputs`: it publishes to a cluster.
    pub fn new(roles: Roles, outputs: bool, shutdown: &Shutdown) -> Watch {
        let pulses = Pulses::default();
        let shown = Shown { ingest: roles.ingest, detect: roles.detect, outputs };
        Watch(Arc::new(Inner {
            metrics: Metrics::new(shown, words::words(), pulses.clone()),
            ingest: roles.ingest.then(|| pulses.begin("ingest")),
            detect: roles.detect.then(|| pulses.begin("detect")),
            pulses,
            roles,
            shutdown: shutdown.clone(),
            stall: crate::live::stall().unwrap_or(STALL),
            state: Mutex::default(),
        }))
    }

    /// Of work that nobody asks about.
    pub fn unheard() -> Watch {
        Watch::new(Roles { ingest: false, detect: false, serve: false }, false, &Shutdown::new())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nobody panics while holding it.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the process was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.0.shutdown.is_requested()
    }

    /// The metrics themselves.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The ingest loop turns.
    pub fn ingest_turns(&self) {
        self.0.ingest.iter().for_each(Pulse::beat);
    }

    /// The ingest loop waits for the store.
    pub fn ingest_waits(&self) {
        self.0.ingest.iter().for_each(|pulse| pulse.wait(STORE_AT_MOST));
    }

    /// Another loop begins, and turns.
    pub fn begins(&self, name: &str) -> Pulse {
        self.0.pulses.begin(name)
    }

    /// The detect loop turns.
    pub fn detect_turns(&self) {
        self.0.detect.iter().for_each(Pulse::beat);
    }

    /// A cluster is read.
    pub fn reads_cluster(&self, name: &str, standing: Arc<KafkaStanding>) {
        self.state().readers.push((name.to_owned(), standing));
    }

    /// A folder is read.
    pub fn reads_folder(&self, source: &str, sizes: Arc<FolderSizes>) {
        self.state().folders.insert(source.into(), sizes);
    }

    /// Somebody else talks to a cluster.
    pub fn talks_to(&self, cluster: &str, reach: Reach) {
        self.state().reaches.push((cluster.to_owned(), reach));
    }

    /// Everything that is read from has been begun.
    pub fn has_begun(&self) {
        self.state().begun = true;
    }

    /// Who makes a detect the active one.
    pub fn owned_by(&self, cluster: &str, ownership: &Arc<Ownership>) {
        self.talks_to(cluster, ownership.reach());
        self.state().ownership = Some(Arc::clone(ownership));
    }

    /// A try of the store failed, and will be made again.
    pub fn store_failed(&self, error: &dyn std::fmt::Display) {
        self.metrics().store_failures.inc();
        self.metrics().store_failing.set(1);
        failed(&mut self.state().store, error.to_string());
    }

    /// The store has answered.
    pub fn store_answered(&self) {
        if self.metrics().store_failing.get() != 0 {
            self.metrics().store_failing.set(0);
            self.state().store = None;
        }
    }

    /// A transaction failed, and what it held is to be published again.
    pub fn publish_failed(&self, error: &dyn std::fmt::Display) {
        self.metrics().transactions_failed.inc();
        self.outputs_failed(error);
    }

    /// Nothing can be published for now.
    pub fn outputs_failed(&self, error: &dyn std::fmt::Display) {
        self.metrics().outputs_failing.set(1);
        failed(&mut self.state().outputs, error.to_string());
    }

    /// A transaction was committed that held so many records of each topic of [`TOPICS`].
    pub fn published(&self, records: [u64; TOPICS.len()]) {
        self.metrics().transactions_committed.inc();
        self.metrics().published.iter().zip(records).for_each(|(counter, records)| counter.inc_by(records));
        self.outputs_answered();
    }

    /// The outputs' cluster takes what is published.
    pub fn outputs_answered(&self) {
        if self.metrics().outputs_failing.get() != 0 {
            self.metrics().outputs_failing.set(0);
            self.state().outputs = None;
        }
    }

    /// Where detection stands.
    pub fn detects(&self, standing: &Standing) {
        let seconds = |day: headwater_model::Day| i64::from(day.0) * 86_400;
        let metrics = self.metrics();
        metrics.detect_active.set(i64::from(standing.active));
        metrics.unwatched.set(i64::try_from(standing.unwatched).unwrap_or(i64::MAX));
        standing.closed_to.into_iter().for_each(|day| metrics.closed.set(seconds(day)));
        let clocks = standing.clocks.iter();
        let clocks = clocks.map(|(source, clock)| (source.to_string(), clock.map(|day| seconds(day) as f64)));
        metrics.source_clocks.set(clocks.collect());
        self.state().standing = Some(standing.clone());
    }

    /// A step of detection failed.
    pub fn detect_failed(&self, error: &anyhow::Error) {
        // What keeps alerts from being published has been told by whoever publishes them.
        if error.chain().any(|cause| cause.is::<headwater_store::StoreError>()) {
            self.store_failed(error);
        }
    }

    /// This process has added revisions of alerts to the log.
    pub fn alerts(&self, alerts: &[Alert]) {
        alerts.iter().for_each(|alert| self.metrics().alerts[words::place(alert)].inc());
    }
}
