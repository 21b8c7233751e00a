//! What can be wrong with a wish for a world.

/// Why no world was made.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// Not a scenario of the closed list.
    #[error("unknown scenario {name:?}; there are:{known}")]
    UnknownScenario {
        /// The name given.
        name: String,
        /// The list, one a line.
        known: String,
    },
    /// The span of years has no room for history and shifts.
    #[error(
        "{years} years of which {history_years} are history: at least 2 years, at most {limit}, and at least one after the history"
    )]
    Years {
        /// Years of the world.
        years: u16,
        /// Of which nothing is planted in.
        history_years: u16,
        /// Years allowed.
        limit: u16,
    },
    /// The multiplier of the events per week is out of range.
    #[error("a scale of {scale} is out of range: more than 0, at most {limit}")]
    Scale {
        /// The scale given.
        scale: f64,
        /// The most allowed.
        limit: f64,
    },
    /// The last day leaves no room for the years before it.
    #[error("a world that ends on {end} would begin before 1970 or end after 2190")]
    End {
        /// The day given.
        end: headwater_model::Day,
    },
    /// The catalog has too few families that can shift.
    #[error("the catalog has {found} families of at least {least} substances, a world needs {needed}")]
    Families {
        /// Families that would do.
        found: usize,
        /// Substances that a family needs.
        least: usize,
        /// Families that the scenario needs.
        needed: usize,
    },
    /// A figure of a load is out of range.
    #[error("{what}: {value} is out of range, {low} to {high} are allowed")]
    Load {
        /// Which figure.
        what: &'static str,
        /// As given.
        value: u64,
        /// The least allowed.
        low: u64,
        /// The most allowed.
        high: u64,
    },
}
