//! The product's detector over lines of JSON, in process: for tests that need many worlds or parts of one.

use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_detect::{CellKey, Config, Detector, Evaluation, PairValue, evaluate};
use headwater_model::{Alert, Day, KnownDay, Marking, Pane};
use headwater_window::Window;

use crate::product;

/// Records a batch: what a reader of files hands on at a time is of this order.
const BATCH_RECORDS: usize = 4_096;

/// Records taken in, and every revision of every alert they raise, day by closed day.
pub struct Replayed {
    catalog: Arc<Catalog>,
    window: Window,
    /// Every revision, in the order raised.
    pub alerts: Vec<Alert>,
}

/// Takes records in this order and walks their known days, each calendar day between the first and the last.
pub fn replayed(lines: &[impl AsRef<[u8]>]) -> Replayed {
    let catalog = Catalog::embedded();
    let window = product::window(&catalog, lines, BATCH_RECORDS);
    let panes = window.panes.sorted(&window.names);
    let mut detector = Detector::new(Arc::clone(&catalog), Config::default());
    let mut alerts = Vec::new();
    let days: Vec<KnownDay> = panes.days().map(|(day, _)| day).collect();
    for day in days.first().map_or(0, |d| d.0.0)..days.last().map_or(0, |d| d.0.0 + 1) {
        let day = KnownDay(Day(day));
        let queries = detector.close(day, panes.known_on(day), &window.names);
        let answers = window.ledger.trace(&queries, &window.names).unwrap();
        alerts.extend(detector.conclude(&answers, &window.names));
    }
    Replayed { catalog, window, alerts }
}

/// The statistic of an alert's cell on the day of the alert's revision, from other records.
pub fn statistic(lines: &[impl AsRef<[u8]>], alert: &Alert) -> Option<Evaluation> {
    let catalog = Catalog::embedded();
    let window = product::window(&catalog, lines, BATCH_RECORDS);
    let panes: Vec<Pane> = window.panes.sorted(&window.names).up_to(None).to_vec();
    let (key, day) = (CellKey::of(alert).unwrap(), KnownDay(alert.as_of));
    evaluate(&key, day, alert.computed_up_to, &panes, &window.names, &catalog, &Config::default().statistic)
}

/// What an alert's pair says for itself in an evaluation; nothing where it cannot be tested.
pub fn own_log(evaluation: &Evaluation, alert: &Alert) -> f64 {
    let pair = |p: &&PairValue| p.falling == alert.falling[0].id && p.rising == alert.rising[0].id;
    evaluation.pairs.iter().find(pair).map_or(f64::NEG_INFINITY, |p| p.own_log)
}

impl Replayed {
    /// The first revision of each alert.
    pub fn raised(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().filter(|alert| alert.revision == 1)
    }

    /// The statistic of a cell at the end of each of some days, from the records known by then, but for those of an
    /// office, and nothing told before; a day on which nothing could be tested is left out.
    pub fn course(&self, key: &CellKey, days: &[Day], without: Option<&str>) -> Vec<(Day, Evaluation)> {
        let names = &self.window.names;
        let office = |pane: &Pane| names.places.get(names.series.get(pane.key.series).place?).office.as_deref();
        let mut panes: Vec<Pane> = self.window.panes.sorted(names).up_to(None).to_vec();
        panes.retain(|pane| without.is_none() || office(pane) != without);
        let (names, catalog, config) = (&self.window.names, &self.catalog, Config::default().statistic);
        let on = |day: Day| evaluate(key, KnownDay(day), Marking::Red, &panes, names, catalog, &config);
        days.iter().filter_map(|day| Some((*day, on(*day)?))).collect()
    }

    /// The days on which something became known.
    pub fn known_days(&self) -> Vec<Day> {
        self.window.panes.sorted(&self.window.names).days().map(|(day, _)| day.0).collect()
    }

    /// Whether an alert names a substance, on either side.
    pub fn names(alert: &Alert, substance: &str) -> bool {
        alert.falling.iter().chain(&alert.rising).any(|mover| mover.id == substance)
    }

    /// Identities held.
    pub fn identities(&self) -> usize {
        self.window.ledger.len()
    }

    /// The catalog used.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }
}
