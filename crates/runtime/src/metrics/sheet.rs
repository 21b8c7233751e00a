//! What a scrape sees, family by family.

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto;

use super::{Kind, Metric};

/// Families of series under their names.
#[derive(Default)]
pub struct Sheet {
    families: BTreeMap<&'static str, proto::MetricFamily>,
}

impl Sheet {
    /// Adds a series; its labels' values are in the order of the metric's labels.
    pub fn add(&mut self, metric: &Metric, labels: &[&str], value: f64) {
        debug_assert_eq!(labels.len(), metric.labels.len(), "{}", metric.name);
        let family = self.families.entry(metric.name).or_insert_with(|| family(metric));
        let pairs = metric.labels.iter().zip(labels).map(|(name, value)| {
            let mut pair = proto::LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        let mut pairs: Vec<proto::LabelPair> = pairs.collect();
        // As the library writes those of its own instruments.
        pairs.sort_by(|a, b| a.name().cmp(b.name()));
        let mut series = proto::Metric::from_label(pairs);
        if metric.kind == Kind::Counter {
            let mut counter = proto::Counter::default();
            counter.set_value(value);
            series.set_counter(counter);
        } else {
            let mut gauge = proto::Gauge::default();
            gauge.set_value(value);
            series.set_gauge(gauge);
        }
        family.mut_metric().push(series);
    }
}

fn family(metric: &Metric) -> proto::MetricFamily {
    let mut family = proto::MetricFamily::default();
    family.set_name(metric.name.to_owned());
    family.set_help(metric.help.to_owned());
    family.set_field_type(match metric.kind {
        Kind::Counter => proto::MetricType::COUNTER,
        Kind::Gauge | Kind::Histogram => proto::MetricType::GAUGE,
    });
    family
}

/// Something whose series are made when they are asked for.
pub trait Show: Send + Sync + 'static {
    /// Its metrics: counters and gauges.
    const METRICS: &'static [Metric];

    /// Puts down its series as they are now.
    fn show(&self, sheet: &mut Sheet);
}

/// [`Show`] as the registry takes it.
pub struct Shown<S> {
    what: Arc<S>,
    described: Vec<Desc>,
}

impl<S: Show> Shown<S> {
    /// Of something that others hold too.
    ///
    /// # Errors
    /// When a name of the catalogue is none.
    pub fn of(what: &Arc<S>) -> prometheus::Result<Shown<S>> {
        let described = S::METRICS.iter().map(|metric| {
            let labels = metric.labels.iter().map(|label| (*label).to_owned()).collect();
            Desc::new(metric.name.to_owned(), metric.help.to_owned(), labels, Default::default())
        });
        Ok(Shown { what: Arc::clone(what), described: described.collect::<prometheus::Result<_>>()? })
    }
}

impl<S: Show> Collector for Shown<S> {
    fn desc(&self) -> Vec<&Desc> {
        self.described.iter().collect()
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let mut sheet = Sheet::default();
        self.what.show(&mut sheet);
        sheet.families.into_values().collect()
    }
}
