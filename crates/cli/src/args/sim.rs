//! `headwater sim`.

use std::path::PathBuf;

use clap::Args;
use headwater_model::Day;

use crate::args::day;

#[derive(Debug, Args)]
pub struct Sim {
    /// The same seed gives the same world, byte for byte
    #[arg(long, value_name = "N")]
    pub seed: u64,
    /// What happens in the world; a name that does not exist lists those that do
    #[arg(long, value_name = "NAME", default_value = "mixed")]
    pub scenario: String,
    /// Folder for the three files
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Last day of the world
    #[arg(long, value_name = "DATE", default_value = "2025-12-31", value_parser = day)]
    pub end: Day,
    /// Multiplies the events of a week
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub scale: f64,
}
