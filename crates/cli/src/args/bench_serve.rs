//! `headwater bench serve`.

use clap::Args;

#[derive(Debug, Args)]
pub struct BenchServe {
    /// Records of the store, an item each
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    pub events: u64,
    /// Substances times routes
    #[arg(long, value_name = "S", default_value_t = 100_000)]
    pub series: u64,
    /// Days that the reports are spread over
    #[arg(long, value_name = "DAYS", default_value_t = 400)]
    pub days: u64,
    /// Questions of each kind; of the records a twentieth
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = questions)]
    pub questions: usize,
    /// Clients that listen to the live stream
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clients)]
    pub clients: usize,
    /// Alerts that are told to them, two a second
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = alerts)]
    pub alerts: usize,
    /// The same seed gives the same events
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

fn within(text: &str, at_most: usize) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=at_most).contains(n)).ok_or_else(|| format!("a whole number from 1 to {at_most}"))
}

fn questions(text: &str) -> Result<usize, String> {
    within(text, 1_000_000)
}

/// As many as the API lets listen.
fn clients(text: &str) -> Result<usize, String> {
    within(text, 1_024)
}

/// Fewer than a client is sent at once that falls behind.
fn alerts(text: &str) -> Result<usize, String> {
    within(text, 1_000)
}
