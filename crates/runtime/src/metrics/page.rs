//! The metrics of one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use prometheus::core::Collector;
use prometheus::{
    CounterVec, Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use super::catalogue as c;
use super::inputs::Inputs;
use super::named::{Clusters, Rejects, SourceClocks};
use super::process::Process;
use super::sheet::Shown;
use super::stage::Stages;
use super::{Metric, Sheet, Show};
use crate::Pulses;

/// Upper bounds of the histogram of commits: from a local disk to an object store that had to be tried again.
const COMMIT_SECONDS: [f64; 8] = [0.005, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// The closed lists of words that label series.
#[derive(Clone, Debug)]
pub struct Words {
    /// The version.
    pub version: &'static str,
    /// Why a record is rejected.
    pub reasons: Vec<&'static str>,
    /// Topics that are published to.
    pub topics: Vec<&'static str>,
    /// Kinds of alerts.
    pub kinds: Vec<&'static str>,
    /// States of alerts.
    pub statuses: Vec<&'static str>,
}

/// Which metrics a process has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// It reads inputs.
    pub ingest: bool,
    /// It closes days, or stands by.
    pub detect: bool,
    /// It publishes to a cluster.
    pub outputs: bool,
}

/// Everything that a process shows. Values are set through typed fields, by handles that are made once.
pub struct Metrics {
    registry: Registry,
    /// The inputs.
    pub inputs: Arc<Inputs>,
    /// Rejected records.
    pub rejects: Arc<Rejects>,
    /// Clusters.
    pub clusters: Arc<Clusters>,
    /// [`c::READY`].
    pub ready: IntGauge,
    /// Time by stage.
    pub stages: Stages,
    /// [`c::EPOCHS_COMMITTED`].
    pub epochs: IntCounter,
    /// [`c::EPOCH_ROWS`].
    pub epoch_rows: IntCounter,
    /// [`c::EPOCH_BYTES`].
    pub epoch_bytes: IntCounter,
    /// [`c::COMMIT_DURATION_SECONDS`].
    pub commit_seconds: Histogram,
    /// [`c::STORE_FAILURES`].
    pub store_failures: IntCounter,
    /// [`c::STORE_FAILING`].
    pub store_failing: IntGauge,
    /// [`c::PUBLISHED_RECORDS`], by the place of the topic in [`Words::topics`].
    pub published: Vec<IntCounter>,
    /// [`c::TRANSACTIONS`] that were committed.
    pub transactions_committed: IntCounter,
    /// [`c::TRANSACTIONS`] that failed.
    pub transactions_failed: IntCounter,
    /// [`c::OUTPUTS_WAITING_RECORDS`].
    pub outputs_waiting: IntGauge,
    /// [`c::OUTPUTS_FAILING`].
    pub outputs_failing: IntGauge,
    /// [`c::LEDGER_MEMORY_BYTES`].
    pub ledger_bytes: IntGauge,
    /// [`c::LEDGER_SPILLED_ENTRIES`].
    pub ledger_spilled: IntGauge,
    /// [`c::LIVE_PANES`].
    pub live_panes: IntGauge,
    /// [`c::DETECT_ACTIVE`].
    pub detect_active: IntGauge,
    /// [`c::DETECT_UNWATCHED_CELLS`].
    pub unwatched: IntGauge,
    /// The last closed day.
    pub closed: Arc<Closed>,
    /// The clock of each source.
    pub source_clocks: Arc<SourceClocks>,
    /// [`c::ALERTS`], by the places of kind and status in [`Words`]: `kind * statuses + status`.
    pub alerts: Vec<IntCounter>,
}

/// A gauge that has no series until it is known.
pub struct Closed(AtomicI64);

impl Closed {
    /// 00:00 UTC of the last closed day, in seconds since 1970.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Default for Closed {
    fn default() -> Self {
        Closed(AtomicI64::new(i64::MIN))
    }
}

impl Show for Closed {
    const METRICS: &'static [Metric] = &[c::DETECT_CLOSED_TIMESTAMP_SECONDS];

    fn show(&self, sheet: &mut Sheet) {
        let seconds = self.0.load(Ordering::Relaxed);
        if seconds != i64::MIN {
            sheet.add(&c::DETECT_CLOSED_TIMESTAMP_SECONDS, &[], seconds as f64);
        }
    }
}

/// When the loops turned, as wall clock.
struct Turned(Pulses);

impl Show for Turned {
    const METRICS: &'static [Metric] = &[c::LOOP_TURNED_TIMESTAMP_SECONDS];

    fn show(&self, sheet: &mut Sheet) {
        let age = self.0.slowest().map_or(0.0, |slowest| slowest.age.as_secs_f64());
        sheet.add(&c::LOOP_TURNED_TIMESTAMP_SECONDS, &[], super::unix_seconds() - age);
    }
}

/// The version that runs.
struct Build(&'static str);

impl Show for Build {
    const METRICS: &'static [Metric] = &[c::BUILD_INFO];

    fn show(&self, sheet: &mut Sheet) {
        sheet.add(&c::BUILD_INFO, &[self.0], 1.0);
    }
}

fn opts(metric: &Metric) -> Opts {
    Opts::new(metric.name, metric.help)
}

/// Takes instruments in, where a process of these roles has them; elsewhere they count for nobody.
struct Register<'a>(&'a Registry);

impl Register<'_> {
    fn take<C: Collector + Clone + 'static>(&self, shown: bool, made: C) -> prometheus::Result<C> {
        if shown {
            self.0.register(Box::new(made.clone()))?;
        }
        Ok(made)
    }

    fn counter(&self, shown: bool, metric: &Metric) -> prometheus::Result<IntCounter> {
        self.take(shown, IntCounter::with_opts(opts(metric))?)
    }

    fn gauge(&self, shown: bool, metric: &Metric) -> prometheus::Result<IntGauge> {
        self.take(shown, IntGauge::with_opts(opts(metric))?)
    }

    fn counters(&self, shown: bool, metric: &Metric) -> prometheus::Result<IntCounterVec> {
        self.take(shown, IntCounterVec::new(opts(metric), metric.labels)?)
    }

    fn show<S: Show>(&self, shown: bool, what: S) -> prometheus::Result<Arc<S>> {
        let what = Arc::new(what);
        if shown {
            self.0.register(Box::new(Shown::of(&what)?))?;
        }
        Ok(what)
    }
}

impl Metrics {
    /// Those of a process.
    ///
    /// # Panics
    /// Never: the names are those of the catalogue, each taken in once, which every test that makes one proves.
    pub fn new(roles: Roles, words: Words, pulses: Pulses) -> Metrics {
        #[expect(clippy::expect_used, reason = "the names are constants of the catalogue, each registered once")]
        Metrics::try_new(roles, words, pulses).expect("the catalogue's names are sound and unlike each other")
    }

    fn try_new(roles: Roles, words: Words, pulses: Pulses) -> prometheus::Result<Metrics> {
        let registry = Registry::new();
        let of = Register(&registry);
        let Roles { ingest, detect, outputs } = roles;
        of.show(true, Build(words.version))?;
        of.show(true, Turned(pulses))?;
        of.show(true, Process)?;
        let stages = of.take(true, CounterVec::new(opts(&c::STAGE_BUSY_SECONDS), c::STAGE_BUSY_SECONDS.labels)?)?;
        let commit = &c::COMMIT_DURATION_SECONDS;
        let buckets = HistogramOpts::new(commit.name, commit.help).buckets(COMMIT_SECONDS.to_vec());
        let published = of.counters(outputs, &c::PUBLISHED_RECORDS)?;
        let transactions = of.counters(outputs, &c::TRANSACTIONS)?;
        let alerts = of.counters(detect, &c::ALERTS)?;
        let of_alert = |kind: &&str| words.statuses.iter().map(|s| alerts.with_label_values(&[*kind, *s])).collect();
        Ok(Metrics {
            inputs: of.show(ingest, Inputs::default())?,
            rejects: of.show(ingest, Rejects::new(words.reasons.clone()))?,
            clusters: of.show(true, Clusters::default())?,
            ready: of.gauge(true, &c::READY)?,
            stages: Stages::new(&stages),
            epochs: of.counter(ingest, &c::EPOCHS_COMMITTED)?,
            epoch_rows: of.counter(ingest, &c::EPOCH_ROWS)?,
            epoch_bytes: of.counter(ingest, &c::EPOCH_BYTES)?,
            commit_seconds: of.take(ingest, Histogram::with_opts(buckets)?)?,
            store_failures: of.counter(true, &c::STORE_FAILURES)?,
            store_failing: of.gauge(true, &c::STORE_FAILING)?,
            published: words.topics.iter().map(|topic| published.with_label_values(&[*topic])).collect(),
            transactions_committed: transactions.with_label_values(&["committed"]),
            transactions_failed: transactions.with_label_values(&["failed"]),
            outputs_waiting: of.gauge(outputs && ingest, &c::OUTPUTS_WAITING_RECORDS)?,
            outputs_failing: of.gauge(outputs, &c::OUTPUTS_FAILING)?,
            ledger_bytes: of.gauge(ingest, &c::LEDGER_MEMORY_BYTES)?,
            ledger_spilled: of.gauge(ingest, &c::LEDGER_SPILLED_ENTRIES)?,
            live_panes: of.gauge(ingest, &c::LIVE_PANES)?,
            detect_active: of.gauge(detect, &c::DETECT_ACTIVE)?,
            unwatched: of.gauge(detect, &c::DETECT_UNWATCHED_CELLS)?,
            closed: of.show(detect, Closed::default())?,
            source_clocks: of.show(detect, SourceClocks::default())?,
            alerts: words.kinds.iter().flat_map(|kind| -> Vec<IntCounter> { of_alert(kind) }).collect(),
            registry,
        })
    }

    /// The page that a scrape gets, in Prometheus's text format.
    ///
    /// # Errors
    /// A sentence, where the page cannot be written.
    pub fn render(&self) -> Result<Vec<u8>, String> {
        let mut page = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut page).map_err(|error| error.to_string())?;
        Ok(page)
    }

    /// What the page is, for the header of an answer.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";
}
