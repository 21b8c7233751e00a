//! Standing alerts: when they move enough to be told again, and how they end.

use headwater_model::{Alert, AlertStatus, ChangeReason, Changes, Day, Phrase};

use crate::cell::CellKey;
use crate::config::Config;
use crate::found::Found;
use crate::labels::Label;
use crate::likelihood::likelihood;
use crate::round;
use crate::told::Told;

/// An alert that stands.
pub(crate) struct Standing {
    /// Its last revision.
    pub alert: Alert,
    pub key: CellKey,
    /// The two labels.
    pub pair: (Label, Label),
    /// What had been told before it: its own statistic knows no more.
    pub told: Vec<Told>,
    /// The day on which it was last looked at.
    pub looked_on: Day,
    /// Something of its cell was taken back since it was raised,
    pub corrected: bool,
    /// since its last revision.
    pub corrected_lately: bool,
}

impl Standing {
    /// The last revision: its time is over.
    pub fn expired(self, day: Day) -> Alert {
        next(self.alert, day, AlertStatus::Expired, ChangeReason::Expired, Phrase::new("expired"))
    }

    /// The last revision of one that a wider alert tells from now on.
    pub fn merged(self, day: Day, wider: &Alert) -> Alert {
        let parts = Phrase::new("merged").with("into", wider.alert_id.as_str()).with("scope", wider.scope.as_str());
        next(self.alert, day, AlertStatus::Expired, ChangeReason::Expired, parts)
    }
}

/// The last revision: corrections took the evidence away. Its figures are those of the revision before, but for what
/// the statistic says now.
pub(crate) fn withdrawn(standing: Standing, day: Day, log: Option<f64>, config: &Config) -> Alert {
    let before = standing.alert.statistic.value;
    let now = round::log(log.unwrap_or(0.0));
    let parts = Phrase::new("withdrawn").with("statistic_before", before).with("statistic", now);
    let mut alert = next(standing.alert, day, AlertStatus::Withdrawn, ChangeReason::EvidenceWithdrawn, parts);
    alert.statistic.value = now;
    let reporters: std::collections::BTreeSet<&str> = alert.strata.iter().map(|s| s.source.as_str()).collect();
    alert.likelihood = likelihood(now, reporters.len(), config);
    alert
}

fn next(mut alert: Alert, day: Day, status: AlertStatus, reason: ChangeReason, parts: Phrase) -> Alert {
    alert.changes = Some(Changes { from_revision: alert.revision, reason, parts });
    alert.revision += 1;
    alert.status = status;
    alert.as_of = day;
    alert
}

/// By how much an alert moved: only what moved by a stated amount.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Moves {
    probability: Option<(f64, f64)>,
    onset: Option<(Day, Day)>,
    moved_fraction: Option<(f64, f64)>,
    rising_share: Option<(f64, f64)>,
}

impl Moves {
    /// What moved since the last revision; none where nothing did.
    pub fn between(last: &Alert, found: &Found, config: &Config) -> Option<Moves> {
        let over = |from: f64, to: f64, least: f64| ((to - from).abs() >= least).then_some((from, to));
        let probability = likelihood(found.analysis.level.log, found.reporters.len(), config).probability;
        let onset = (last.onset.date, found.onset.date);
        let [_, share] = found.figures.share(found.analysis.rising);
        let last_share = last.rising.first().map_or(0.0, |r| r.share_after.value);
        let moves = Moves {
            probability: over(last.likelihood.probability, probability, config.update_probability),
            onset: ((onset.1 - onset.0).abs() >= config.update_onset_days).then_some(onset),
            moved_fraction: over(last.moved_fraction.median, round::share(found.moved.median), config.update_share),
            rising_share: over(last_share, round::share(share.value), config.update_share),
        };
        (moves != Moves::default()).then_some(moves)
    }
}

/// The sentence of an update.
pub(crate) fn changes(moves: &Moves) -> Phrase {
    let mut parts = Phrase::new("updated");
    let pairs = [
        ("probability", moves.probability),
        ("moved_fraction", moves.moved_fraction),
        ("rising_share", moves.rising_share),
    ];
    for (name, pair) in pairs {
        if let Some((from, to)) = pair {
            parts = parts.with(&format!("{name}_from"), from).with(&format!("{name}_to"), to);
        }
    }
    if let Some((from, to)) = moves.onset {
        parts = parts.with("onset_from", from).with("onset_to", to);
    }
    parts
}
