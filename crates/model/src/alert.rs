//! The alert: what is published, revision by revision, under one id. Field by field the contract of `headwater.alerts.v1`.
//!
//! Everything here is ordered (vectors and sorted maps), so that the same alert is always the same bytes. Every float is
//! finite: JSON has no other.

use serde::{Deserialize, Serialize};

use crate::{Day, Evidence, Marking};

mod phrase;
mod words;

pub use phrase::*;
pub use words::*;

/// One revision of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Hash of kind, scope, family, market, place, falling, rising and ordinal; fixed when first raised.
    pub alert_id: String,
    /// 1 when raised, one more with every revision.
    pub revision: u32,
    /// What this revision says of the alert.
    pub status: AlertStatus,
    /// Why there is a further revision; absent on the first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub changes: Option<Changes>,
    /// What kind of change it tells.
    pub kind: Kind,
    /// How wide it was looked at.
    pub scope: Scope,
    /// ISO 3166 alpha-2 code of the market, or `world`.
    pub market: String,
    /// The subdivision, office or origin where the scope is one.
    pub place: Option<String>,
    /// One sentence: what fell, what rose, where, since when.
    pub headline: String,
    /// The sentence as template and arguments, for other languages.
    pub headline_parts: Phrase,
    /// Id of the precursor or market family.
    pub family: String,
    /// What fell.
    pub falling: Vec<Mover>,
    /// What rose.
    pub rising: Vec<Mover>,
    /// When it began.
    pub onset: Onset,
    /// What `before` and `after` mean in every figure.
    pub windows: Windows,
    /// The closed day on which it was first raised.
    pub detected_at: Day,
    /// The closed day of this revision.
    pub as_of: Day,
    /// The day up to which the slowest of its sources has reported nine tenths of what it will.
    pub complete_to: Day,
    /// The source that sets it.
    pub complete_to_set_by: String,
    /// How probable it is that a change has happened.
    pub likelihood: Likelihood,
    /// How good the ground is on which that stands; never multiplied with the likelihood.
    pub confidence: Confidence,
    /// In which order to look.
    pub priority: Priority,
    /// Adjusted e-BH value over the cells of its kind and scope tested that day, in [0, 1].
    pub fdr: f64,
    /// The log statistic and its bar.
    pub statistic: Statistic,
    /// Who reports it.
    pub strata: Vec<StratumFigures>,
    /// Share of the falling flow that moved.
    pub moved_fraction: Interval,
    /// The family as a whole: level or mix?
    pub family_total: FamilyTotal,
    /// The routes that moved most.
    pub routes: Vec<RouteFigures>,
    /// All other routes, so that columns add up.
    pub routes_other: RoutesOther,
    /// The records behind it.
    pub evidence: AlertEvidence,
    /// What speaks against it, computed.
    pub counter_evidence: Vec<CounterEvidence>,
    /// Dated control facts of the substances that moved, in the market, on the route and at the United Nations.
    pub control_context: Vec<ControlContext>,
    /// The narrowest label among the records used.
    pub marking: Marking,
    /// Organisations that may see it; empty = everyone whose clearance suffices.
    pub releasable_to: Vec<String>,
    /// Every figure comes from records up to this label.
    pub computed_up_to: Marking,
    /// Raised for practice.
    pub exercise: bool,
    /// A contributing source is simulated.
    pub simulated: bool,
    /// What it was made with.
    pub versions: Versions,
    /// Of a `reporting_gap`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gap: Option<Gap>,
    /// Of an `emergence`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub emergence: Option<Emergence>,
    /// Of a `surge`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub surge: Option<Surge>,
    /// Of an `unmapped_growth`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unmapped: Option<Unmapped>,
}

/// What a revision changes, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// The revision before this one.
    pub from_revision: u32,
    /// Why.
    pub reason: ChangeReason,
    /// What changed, as template and arguments.
    pub parts: Phrase,
}

/// A share with its interval, each in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The estimate.
    pub value: f64,
    /// Lower end of the 90 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// An estimate with its 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The middle.
    pub median: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A substance (for a displacement: a route) that fell or rose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mover {
    /// Catalog id; for a displacement the route (`CN>MX>US`), or the origin (`CN`) where routes are too scattered to be
    /// told apart, and at world scope.
    pub id: String,
    /// The catalog's name, or the names of the countries.
    pub name: String,
    /// CAS number where the catalog has one.
    pub cas: Option<String>,
    /// Share of the family's reported mass (of its incidents where nothing reports mass) before; for a displacement of
    /// what has a known route.
    pub share_before: Share,
    /// And after.
    pub share_after: Share,
    /// Milligrams before.
    pub mass_mg_before: i64,
    /// And after.
    pub mass_mg_after: i64,
    /// Incidents before, over all strata.
    pub records_before: u32,
    /// And after.
    pub records_after: u32,
}

/// When a shift began, as a posterior over event time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Onset {
    /// Median.
    pub date: Day,
    /// Lower end of the interval.
    pub earliest: Day,
    /// Upper end.
    pub latest: Day,
    /// Probability of the interval.
    pub level: f64,
}

/// Two days, both included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

/// What `before` and `after` mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Windows {
    /// Ends before the onset may have begun.
    pub before: Window,
    /// Begins with the onset.
    pub after: Window,
}

/// How probable a change is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Likelihood {
    /// In [0.01, 0.99]: never none, never certain.
    pub probability: f64,
    /// The words for it.
    pub words: LikelihoodWords,
}

/// How good the ground is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// The level.
    pub level: ConfidenceLevel,
    /// Why, in words, the weightiest first.
    pub reasons: Vec<String>,
}

/// In which order to look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Priority {
    /// How soon.
    pub band: Band,
    /// Expected value per analyst minute; only its order means something.
    pub score: f64,
    /// Whether the week's budget that it falls to had room for it ([`crate::Budgets`]).
    pub within_budget: bool,
    /// 1 = first among the alerts raised in the seven days up to this one's first raise: those within their budgets
    /// first, by score.
    pub rank: u32,
}

/// A value of the log statistic on a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatisticPoint {
    /// Last day of an event week.
    pub day: Day,
    /// Natural logarithm.
    pub value: f64,
}

/// The log statistic of the cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistic {
    /// Natural logarithm of the Shiryaev-Roberts sum, in units of the prior weight of one year.
    pub value: f64,
    /// An alert is raised above it.
    pub bar: f64,
    /// The false alarms for which the bar is set.
    pub false_alarms_per_1000_market_years: f64,
    /// Its course over event weeks, from what is known on `as_of`.
    pub series: Vec<StatisticPoint>,
}

/// What one reporter's one kind of evidence says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StratumFigures {
    /// Reporting organisation.
    pub source: String,
    /// Kind of evidence.
    pub evidence: Evidence,
    /// Incidents of what fell, before.
    pub falling_before: u32,
    /// Incidents of what rose, before.
    pub rising_before: u32,
    /// Incidents of what fell, after.
    pub falling_after: u32,
    /// Incidents of what rose, after.
    pub rising_after: u32,
    /// The statistic without this reporter; absent where there is no other.
    pub statistic_without: Option<f64>,
    /// Days by which nine tenths of its reports have come, over the last 364 days.
    pub delay_p90_days: u16,
    /// Share of what rose in its incidents of the two, before; absent where it had neither.
    pub share_before: Option<Share>,
    /// And after.
    pub share_after: Option<Share>,
}

/// The family's mass, and what its rate did; for a displacement that of known routes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FamilyTotal {
    /// Milligrams before.
    pub mass_mg_before: i64,
    /// And after.
    pub mass_mg_after: i64,
    /// What the rate did.
    pub level: Level,
}

/// One route's mass of what fell and rose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteFigures {
    /// Written `CN>MX>US`.
    pub route: String,
    /// Milligrams before.
    pub mass_mg_before: i64,
    /// And after.
    pub mass_mg_after: i64,
}

/// The routes not named one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoutesOther {
    /// How many.
    pub count: u32,
    /// Milligrams before.
    pub mass_mg_before: i64,
    /// And after.
    pub mass_mg_after: i64,
}

/// An event that carries much of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopEvent {
    /// Reporting organisation.
    pub source: String,
    /// Its id within the source.
    pub event_id: String,
    /// By how much the statistic falls without it.
    pub weight: f64,
    /// On which side it stands.
    pub role: Role,
}

/// The records behind an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertEvidence {
    /// Events of what fell and rose in the two windows.
    pub count: u32,
    /// Share of those events' incidents whose substance or mass was derived, in [0, 1].
    pub flagged_share: f64,
    /// Those that carry most, the heaviest first.
    pub top_events: Vec<TopEvent>,
}

/// One question put to the alert and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CounterEvidence {
    /// The question.
    pub check: Check,
    /// The answer.
    pub result: CheckResult,
    /// What was computed, where it is a number.
    pub value: Option<f64>,
    /// What it is held against.
    pub bar: Option<f64>,
    /// The sentence, as template and arguments.
    pub parts: Phrase,
}

/// A dated control fact beside an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlContext {
    /// Catalog id.
    pub substance: String,
    /// `UN`, `EU` or a country's code.
    pub jurisdiction: String,
    /// As the official list words it.
    pub status: String,
    /// In force since, where known.
    pub date: Option<Day>,
    /// Whether an official source names that day.
    pub day_confirmed: bool,
    /// Whether it lies after `as_of`.
    pub upcoming: bool,
}

/// What an alert was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Of the reference data.
    pub catalog: String,
    /// Of the statistic.
    pub model: String,
    /// Of the program.
    pub build: String,
}

/// Of a `reporting_gap`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Who is silent.
    pub source: String,
    /// For how long.
    pub silent_days: u16,
    /// Its habit.
    pub usual_gap_days: u16,
    /// Cells not watched for it.
    pub cells: u32,
}

/// Of an `emergence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergence {
    /// First seen by our sources.
    pub first_day: Day,
    /// Incidents since.
    pub incidents: u32,
}

/// Of a `surge`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surge {
    /// Rate over the rate of its own season.
    pub ratio_to_season: f64,
}

/// Of an `unmapped_growth`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unmapped {
    /// The basket.
    pub hs: String,
    /// Unmapped share before, in [0, 1].
    pub share_before: f64,
    /// And after.
    pub share_after: f64,
    /// The names most often written.
    pub top_raw_names: Vec<String>,
}
