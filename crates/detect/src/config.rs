//! Every constant of the detector, each with its reason.
//!
//! Where no other reason is given, the value is the one that a prototype reached its figures with on simulated cells;
//! "E-detectors" is Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change detection"
//! (2022).

use headwater_model::Budgets;

use crate::limits::Limits;

/// Name of the statistic in an alert's `versions.model`: changes whenever the same panes may give another number.
pub const MODEL: &str = "e-shift-7";

/// How a [`crate::Detector`] decides. `Config::default()` is what the product runs with.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Constants of the statistic.
    pub statistic: StatisticConfig,
    /// The cell's log statistic must exceed it.
    pub bar: f64,
    /// The false alarms that `bar` lets through together with `corroboration_bar`; told in the alert. Counted on simulated
    /// quiet cells, not promised: `headwater bench detect` counts them anew.
    pub false_alarms_per_1000_market_years: f64,
    /// Nats that the other reporters must add to what any one of them says alone. The lower it is, the earlier is a shift
    /// told, and the sooner a campaign of one police force or a change in one laboratory passes for one.
    pub added_bar: f64,
    /// What the pair must say for itself where records are left out: the largest operation, one market of the world's, one
    /// office of the only reporter's, those that are derived.
    pub corroboration_bar: f64,
    /// Without its strongest block the leading pair must hold this many nats over its prior weight alone: else one
    /// block (a batch of laboratory reports, one operation) is all there is. ln 2: evidence, however little.
    pub one_block_margin: f64,
    /// The leading pair must carry this share of the cell's sum: below it, no pair can be named.
    pub lead_share_min: f64,
    /// A reporter with less than this share of the pair's incidents can neither carry nor corroborate.
    pub reporter_share_min: f64,
    /// Where the share of derived records among the pair's rises by more than this from before the onset to after, the
    /// statistic without them must exceed the lower bar too. A tenth: a few codes among many names ask for nothing.
    pub derived_rise_max: f64,
    /// Days after a raise in which no pair that shares a substance is raised in the same cell.
    pub refractory_days: i32,
    /// Days after which an alert expires: a year later the change is the new normal.
    pub expire_days: i32,
    /// Days between two looks at a standing alert, or at a cell above the bar that did not pass. Corrections are
    /// looked at on their day.
    pub look_days: i32,
    /// A standing alert is updated when its probability moves by as much,
    pub update_probability: f64,
    /// or its onset by as many days,
    pub update_onset_days: i32,
    /// or its moved fraction or a share by as much.
    pub update_share: f64,
    /// Shifts expected in a market-year: what the likelihood's posterior odds begin with.
    /// Five in a hundred: controlled substances are replaced about once in two decades in one market.
    pub shifts_per_market_year: f64,
    /// Subdivisions and offices that are watched.
    pub limits: Limits,
    /// Alerts that a desk can work through in a week: what ranks them, and marks those beyond.
    pub budgets: Budgets,
    /// Build of the program, for the alert's `versions.build`.
    pub build: String,
    /// Every alert is practice.
    pub exercise: bool,
}

/// Constants of the statistic.
#[derive(Clone, Debug, PartialEq)]
pub struct StatisticConfig {
    /// Precision of the beta-binomial: labels inside a block are as alike as ten draws from one urn.
    pub precision: f64,
    /// Most that one block can multiply the evidence by.
    pub cap: f64,
    /// Standard errors that the baseline odds are raised by,
    pub z: f64,
    /// and a further margin in log odds. At one false alarm in 1,000 market-years, of 700 planted cells each: 0.10 with a
    /// half-life of 300 weeks found 0.71, 0.15 with 100 weeks 0.76, 0.20 with 60 weeks 0.79.
    pub margin: f64,
    /// Inflation of the baseline's variance over the binomial.
    pub inflation: f64,
    /// Weeks that the baseline lags behind, so that a slow ramp does not eat itself.
    pub lag_weeks: i32,
    /// Weeks in which the baseline's memory halves: shares drift by some tenths in log odds within a few years, and a
    /// longer memory takes the drift for a shift (figures at `margin`).
    pub half_life_weeks: f64,
    /// Weeks in which the weight of a change that may have begun halves: what began long ago and was not told is no news.
    /// Without it one cell whose shares wandered off once stands above any bar for years.
    pub memory_weeks: f64,
    /// Fractions of the falling flow that moved.
    pub fractions: [f64; FRACTIONS],
    /// Strength of the discount for measured overdispersion. It is measured over eight weeks, and what wanders carries on
    /// into the next eight: where a week's log share keeps 0.8 of the last one's, the variance of a long mean is 1.9 times
    /// what such bins show. But a real shift that goes on for years is measured too: at 2 the change from heroin to
    /// fentanyl at the southwest border of the United States is muted (docs/cbp.md).
    pub overdispersion: f64,
    /// Least baseline events of the falling substance in a stratum.
    pub baseline_min: f64,
    /// Weeks of a cell's own history before it is tested: twelve months, so that no season is met for the first time.
    pub history_weeks: i32,
    /// Prior weight added around a control date of the falling substance,
    pub control_weight: f64,
    /// from as many days before it
    pub control_days_before: i32,
    /// until as many after.
    pub control_days_after: i32,
}

/// Alternatives on the grid.
pub const FRACTIONS: usize = 3;

impl Default for Config {
    fn default() -> Config {
        Config {
            statistic: StatisticConfig::default(),
            bar: 1.5,
            false_alarms_per_1000_market_years: 1.0,
            added_bar: 0.7,
            corroboration_bar: 2.1,
            one_block_margin: std::f64::consts::LN_2,
            lead_share_min: 0.1,
            reporter_share_min: 0.05,
            derived_rise_max: 0.1,
            refractory_days: 182,
            expire_days: 364,
            look_days: 7,
            update_probability: 0.05,
            update_onset_days: 28,
            update_share: 0.1,
            shifts_per_market_year: 0.05,
            limits: Limits::default(),
            budgets: Budgets::common(10),
            build: env!("CARGO_PKG_VERSION").into(),
            exercise: false,
        }
    }
}

impl StatisticConfig {
    /// What a week keeps of the sum of the weeks before.
    pub(crate) fn kept(&self) -> f64 {
        0.5f64.powf(1.0 / self.memory_weeks)
    }
}

impl Default for StatisticConfig {
    fn default() -> StatisticConfig {
        StatisticConfig {
            precision: 10.0,
            cap: 8.0,
            z: 0.5,
            margin: 0.20,
            inflation: 1.5,
            lag_weeks: 26,
            half_life_weeks: 60.0,
            memory_weeks: 26.0,
            fractions: [0.25, 0.5, 0.85],
            overdispersion: 1.25,
            baseline_min: 4.5,
            history_weeks: 52,
            control_weight: 1.0,
            control_days_before: 60,
            control_days_after: 270,
        }
    }
}
