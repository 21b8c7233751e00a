//! Series by the name of a source or a cluster, bounded in number.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::catalogue as c;
use super::inputs::OTHER;
use super::{Metric, Sheet, Show};

/// So many sources are named in [`c::REJECTS`] and [`c::DETECT_SOURCE_CLOCK_TIMESTAMP_SECONDS`].
pub const SOURCES_MAX: usize = 16;

/// So many clusters are named.
pub const CLUSTERS_MAX: usize = 8;

/// The label of the `n`th of many names, in their order.
fn label(n: usize, name: &str, at_most: usize) -> &str {
    if n < at_most { name } else { OTHER }
}

/// Rejected records of each source by reason. Counts stay when a source goes.
pub struct Rejects {
    reasons: Vec<&'static str>,
    sources: Mutex<BTreeMap<Arc<str>, RejectCounts>>,
}

/// The counts of one source. Clones share them.
#[derive(Clone)]
pub struct RejectCounts(Arc<[AtomicU64]>);

impl Rejects {
    pub(super) fn new(reasons: Vec<&'static str>) -> Rejects {
        Rejects { reasons, sources: Mutex::default() }
    }

    /// The counts of a source.
    pub fn of(&self, source: &Arc<str>) -> RejectCounts {
        let none = || RejectCounts(self.reasons.iter().map(|_| AtomicU64::new(0)).collect());
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.entry(Arc::clone(source)).or_insert_with(none).clone()
    }
}

impl RejectCounts {
    /// One more, by the place of its reason in the list of reasons.
    pub fn add(&self, reason: usize) {
        if let Some(count) = self.0.get(reason) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Show for Rejects {
    const METRICS: &'static [Metric] = &[c::REJECTS];

    fn show(&self, sheet: &mut Sheet) {
        let mut sums: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        for (n, (source, counts)) in sources.iter().enumerate() {
            let sums = sums.entry(label(n, source, SOURCES_MAX)).or_insert_with(|| vec![0; self.reasons.len()]);
            sums.iter_mut().zip(counts.0.iter()).for_each(|(sum, count)| *sum += count.load(Ordering::Relaxed));
        }
        for (source, sums) in sums {
            for (reason, records) in self.reasons.iter().zip(sums) {
                sheet.add(&c::REJECTS, &[source, reason], records as f64);
            }
        }
    }
}

/// Gauges by name of which the lowest stands for those beyond the bound.
pub struct Lowest<const CLUSTERS: bool> {
    values: Mutex<BTreeMap<String, Option<f64>>>,
}

/// Clusters: 1 while one is reachable.
pub type Clusters = Lowest<true>;

/// The clock of each source.
pub type SourceClocks = Lowest<false>;

impl<const CLUSTERS: bool> Default for Lowest<CLUSTERS> {
    fn default() -> Self {
        Lowest { values: Mutex::default() }
    }
}

impl<const CLUSTERS: bool> Lowest<CLUSTERS> {
    /// Every value anew; one without a value has no series, and neither has what it is merged into.
    pub fn set(&self, values: BTreeMap<String, Option<f64>>) {
        *self.values.lock().unwrap_or_else(PoisonError::into_inner) = values;
    }
}

impl<const CLUSTERS: bool> Show for Lowest<CLUSTERS> {
    const METRICS: &'static [Metric] =
        if CLUSTERS { &[c::CLUSTER_REACHABLE] } else { &[c::DETECT_SOURCE_CLOCK_TIMESTAMP_SECONDS] };

    fn show(&self, sheet: &mut Sheet) {
        let at_most = if CLUSTERS { CLUSTERS_MAX } else { SOURCES_MAX };
        let mut lowest: BTreeMap<&str, Option<f64>> = BTreeMap::new();
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        for (n, (name, value)) in values.iter().enumerate() {
            let held = lowest.entry(label(n, name, at_most)).or_insert(*value);
            *held = held.zip(*value).map(|(a, b)| a.min(b));
        }
        for (name, value) in lowest {
            value.into_iter().for_each(|value| sheet.add(&Self::METRICS[0], &[name], value));
        }
    }
}
