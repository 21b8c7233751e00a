//! What can be said to `headwater detect`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use headwater_model::Day;

use super::{Overlay, day};

#[derive(Debug, Subcommand)]
pub enum Detect {
    /// Why an alert was raised, or why a cell raises none: its statistic over time by pair and reporter, and the blocks
    /// that moved it most
    Explain(Explain),
}

#[derive(Debug, Args)]
pub struct Explain {
    /// An alert's id, or a cell: [KIND/]FAMILY/MARKET[/PLACE] as in opioids/US, opioids/US/North,
    /// substitution/opioids/US/office/Miami, displacement/ats/NL, opioids/world
    #[arg(value_name = "ALERT_ID|CELL")]
    pub what: String,
    /// Files of events, one JSON object a line; .gz and .zst are unpacked
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub events: Vec<PathBuf>,
    /// The closed day; without it the last known one, or that of the alert's last figures
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub day: Option<Day>,
    /// Draw it into this file as SVG, too
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Configuration file (TOML): its budgets rank the alert
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub overlay: Overlay,
}
