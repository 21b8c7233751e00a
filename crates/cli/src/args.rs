//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use headwater_model::Day;

/// Sees the shift: substitution and displacement in the upstream of the illicit drug supply.
#[derive(Debug, Parser)]
#[command(name = "headwater", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a simulated world through the whole pipeline and print each alert as it is raised
    Demo(Demo),
    /// Read trade and seizure events from Kafka and keep alerts and volumes up to date
    Run(Run),
    /// Read files of events and write alerts.ndjson, volumes.parquet, rejects.ndjson and summary.json
    Replay(Replay),
    /// Turn a published table into events
    #[command(subcommand)]
    Import(Import),
    /// Write a simulated world: trade.ndjson, seizure.ndjson and truth.json
    Sim(Sim),
    /// Look at the reference data, or check a file of your own
    #[command(subcommand)]
    Catalog(Catalog),
    /// Check a configuration file
    #[command(subcommand)]
    Config(Config),
}

/// Reference data of your own.
#[derive(Debug, Args)]
pub struct Overlay {
    /// A catalog file merged over the built-in one; may be given more than once
    #[arg(long = "catalog", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Do not pause between weeks
    #[arg(long)]
    pub once: bool,
    /// Folder of the demo: its inbox and its results
    #[arg(long, value_name = "DIR", default_value = "headwater-demo")]
    pub dir: PathBuf,
    /// Which world
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct Run {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub overlay: Overlay,
}

#[derive(Debug, Args)]
pub struct Replay {
    /// Files of events, one JSON object a line; .gz and .zst are unpacked
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub events: Vec<PathBuf>,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub overlay: Overlay,
}

#[derive(Debug, Subcommand)]
pub enum Import {
    /// US Customs and Border Protection: nationwide drug seizures, CSV
    Cbp(Cbp),
}

#[derive(Debug, Args)]
pub struct Cbp {
    /// The tables
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where to write the events; standard output if not given
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Days from the end of a month to its publication
    #[arg(long, value_name = "N", default_value_t = headwater_import::cbp::LAG_DAYS, value_parser = clap::value_parser!(u32).range(0..=i64::from(headwater_import::cbp::LAG_DAYS_MAX)))]
    pub lag_days: u32,
    /// An office that the table may name beside those known; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub office: Vec<String>,
    /// Write bad rows to the rejects file and go on; exit status 3 if there were any
    #[arg(long)]
    pub keep_going: bool,
    /// The rejects file
    #[arg(long, value_name = "FILE", default_value = "import-rejects.ndjson", requires = "keep_going")]
    pub rejects: PathBuf,
}

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

#[derive(Debug, Subcommand)]
pub enum Catalog {
    /// Check the built-in catalog, or files that are to be merged over it
    Check {
        /// Files of your own
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List the substances, or show one with its sources
    Show {
        /// Id, name, synonym or CAS number
        substance: Option<String>,
        #[command(flatten)]
        overlay: Overlay,
    },
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Say what is wrong, where, and which key may have been meant
    Check {
        /// Configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "not a date YYYY-MM-DD".to_owned())
}
