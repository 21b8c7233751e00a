//! What can be said on the command line.

mod bench;
mod bench_serve;
mod drill;
mod explain;
mod import;
mod sim;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use headwater_model::{Day, Input, Reason, SplitBy};

pub use bench::{
    Bench, BenchCluster, BenchDetect, BenchDrain, BenchLoad, BenchPipeline, BenchRestore, BenchRestoreOnce, BenchState,
    BenchStateOnce, Keep, Sweep,
};
pub use bench_serve::BenchServe;
pub use drill::Drill;
pub use explain::{Detect, Explain};
pub use import::{Cbp, Import};
pub use sim::Sim;

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
    /// Read trade and seizure events from a folder or Kafka and keep alerts and volumes up to date
    Run(Run),
    /// Look at everything that a process stands on, and say what to do; it changes nothing that lasts. Status 1 if
    /// something does not work
    Doctor(Doctor),
    /// Read files of events, or the archive, and write alerts.ndjson, volumes.parquet, rejects.ndjson and summary.json
    Replay(Replay),
    /// Write the volumes or the alerts of a store into a file; a process may be writing to the store meanwhile
    #[command(subcommand)]
    Export(Export),
    /// The files of a store that hold its rows
    #[command(subcommand)]
    Archive(Archive),
    /// What is committed of each input
    #[command(subcommand)]
    Checkpoint(Checkpoint),
    /// The log of what people did
    #[command(subcommand)]
    Audit(Audit),
    /// Tell an exercise alert, marked as one, on the way of every alert: to practise triage. It needs a process that raises
    /// alerts over the store, and ends by itself
    Drill(Drill),
    /// Records that were not taken
    #[command(subcommand)]
    Rejects(Rejects),
    /// Turn a published table into events
    #[command(subcommand)]
    Import(Import),
    /// Write a simulated world: trade.ndjson, seizure.ndjson and truth.json
    Sim(Sim),
    /// Look at the reference data, or check a file of your own
    #[command(subcommand)]
    Catalog(Catalog),
    /// The metrics that a process shows
    #[command(subcommand)]
    Metrics(Metrics),
    /// Check a configuration file
    #[command(subcommand)]
    Config(Config),
    /// Look into the statistic behind the alerts
    #[command(subcommand)]
    Detect(Detect),
    /// Measure on this machine what the work costs; nothing of a store of yours is read or written
    #[command(subcommand)]
    Bench(Bench),
}

/// Reference data of your own.
#[derive(Debug, Args)]
pub struct Overlay {
    /// A catalog file merged over the built-in one; may be given more than once
    #[arg(long = "catalog", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Which store: a folder, or what a configuration names. Without either the environment says, or it is ./data.
#[derive(Debug, Args)]
pub struct Store {
    /// Folder of the store
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub data: Option<PathBuf>,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
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
    /// Where the API listens; with --once there is none
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: String,
}

#[derive(Debug, Args)]
pub struct Run {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What the process does; may be given more than once. Without a file and keys in the environment it reads the
    /// folder ./inbox into the store ./data
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',', default_value = "all")]
    pub roles: Vec<Role>,
    #[command(flatten)]
    pub overlay: Overlay,
}

/// A part of the work that a process can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything
    All,
    /// Read inputs and commit them to the store
    Ingest,
    /// Follow the store and raise alerts
    Detect,
    /// Serve the API
    Serve,
    /// Deliveries
    Notify,
}

/// The roles that a process was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Reads inputs.
    pub ingest: bool,
    /// Raises alerts.
    pub detect: bool,
    /// Serves the API.
    pub serve: bool,
}

impl Run {
    /// The roles; a sentence where this version has no such role.
    pub fn roles(&self) -> Result<Roles, String> {
        let has = |role| self.roles.contains(&role);
        let all = has(Role::All);
        if let Some(absent) = self.roles.iter().find(|role| !all && **role == Role::Notify) {
            let word = absent.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            return Err(format!(
                "--role {word}: this version has no such role; there are all, ingest, detect and serve"
            ));
        }
        Ok(Roles { ingest: all || has(Role::Ingest), detect: all || has(Role::Detect), serve: all || has(Role::Serve) })
    }
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// Configuration file (TOML), as for `run`
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One JSON list of {check, target, result, value, do} instead of lines
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Replay {
    /// Files of events, one JSON object a line; .gz and .zst are unpacked
    #[arg(
        long,
        value_name = "FILE",
        num_args = 1..,
        required_unless_present = "from_archive",
        conflicts_with_all = ["from_archive", "data"]
    )]
    pub events: Vec<PathBuf>,
    /// Read what a store holds
    #[arg(long, requires_all = ["from", "to"])]
    pub from_archive: bool,
    /// First known day that is closed
    #[arg(long, value_name = "DATE", value_parser = day, requires = "from_archive")]
    pub from: Option<Day>,
    /// Last known day that is closed
    #[arg(long, value_name = "DATE", value_parser = day, requires = "from_archive")]
    pub to: Option<Day>,
    #[command(flatten)]
    pub store: Store,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub overlay: Overlay,
}

#[derive(Debug, Subcommand)]
pub enum Export {
    /// The exact volumes, as Parquet
    Volumes(ExportVolumes),
    /// Every revision of every alert, one JSON object a line; with --as-of the last revision of each as of that day
    Alerts(ExportAlerts),
}

#[derive(Debug, Args)]
pub struct ExportVolumes {
    #[command(flatten)]
    pub store: Store,
    /// The file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Only what was known by the end of that day
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub as_of: Option<Day>,
    /// Keep rows apart by more than their key; one or more, separated by commas
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub by: Vec<By>,
    #[command(flatten)]
    pub overlay: Overlay,
}

/// What rows of volumes can be kept apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Country, subdivision and office of a seizure
    Place,
    /// Who may see it
    Access,
    /// Whether amount or substance were derived
    Flagged,
    /// Day on which the change was known
    #[value(name = "known_on", alias = "known-on")]
    KnownOn,
}

impl ExportVolumes {
    /// All that rows are kept apart by.
    pub fn split(&self) -> SplitBy {
        let has = |by| self.by.contains(&by);
        SplitBy {
            place: has(By::Place),
            access: has(By::Access),
            flagged: has(By::Flagged),
            known_on: has(By::KnownOn),
        }
    }
}

#[derive(Debug, Args)]
pub struct ExportAlerts {
    #[command(flatten)]
    pub store: Store,
    /// The file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The last revision of each alert as of that day
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub as_of: Option<Day>,
}

#[derive(Debug, Subcommand)]
pub enum Archive {
    /// The Parquet files whose rows are the archive, one path or address a line
    Files(Store),
    /// Read every object of the store and say what is wrong; exit status 1 if anything is
    Verify(Store),
}

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Read the whole log and name the first entry that is not as it was written; exit status 1 if there is one. What is
    /// printed is an anchor: how many entries there are, and the hash of the last
    Verify {
        /// A file that holds an anchor from before: the log must go on from it; without it that of `people.anchor`
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
pub enum Checkpoint {
    /// Each input with its last epoch, floor, snapshot, clock, progress and account
    List(Store),
    /// What an epoch says of itself, as JSON
    Inspect {
        /// SOURCE/PARTITION, or SOURCE/PARTITION/EPOCH; without EPOCH the last one
        #[arg(value_name = "INPUT[/EPOCH]")]
        epoch: String,
        #[command(flatten)]
        store: Store,
    },
    /// Read what a start would restore each input from, and say what is wrong; exit status 1 if anything is
    Verify(Store),
}

#[derive(Debug, Subcommand)]
pub enum Rejects {
    /// One JSON object a line: id, place, reason, field, message
    List {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        store: Store,
    },
    /// The record's bytes as they arrived
    Show {
        /// As `list` gives it
        id: String,
        #[command(flatten)]
        store: Store,
    },
    /// Give them to their source again: a file in its folder, or messages in its topic
    Replay {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        store: Store,
    },
}

/// Some of the rejects.
#[derive(Debug, Default, Args)]
pub struct Which {
    /// Only those with this reason
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub reason: Option<Reason>,
    /// Only those of this input, SOURCE/PARTITION
    #[arg(long, value_name = "INPUT", value_parser = input)]
    pub input: Option<Input>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
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
pub enum Metrics {
    /// Name and labels, kind, unit, which processes have it, and what it says; a line each, separated by tabs
    List {
        /// As a table for a page
        #[arg(long)]
        markdown: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Say what is wrong, where, and which key may have been meant
    Check {
        /// Configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        #[command(flatten)]
        overlay: Overlay,
    },
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "not a date YYYY-MM-DD".to_owned())
}

fn input(text: &str) -> Result<Input, String> {
    Input::parse(text).ok_or_else(|| "not SOURCE/PARTITION, as in trade/3".to_owned())
}

fn reason(text: &str) -> Result<Reason, String> {
    let words = || Reason::ALL.map(Reason::as_str).join(", ");
    Reason::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or_else(|| format!("none of {}", words()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    fn roles(words: &[&str]) -> Result<Roles, String> {
        let given = words.iter().flat_map(|word| ["--role", word]);
        let cli = Cli::try_parse_from(["headwater", "run"].into_iter().chain(given)).map_err(|e| e.to_string())?;
        let Command::Run(run) = cli.command else { return Err("not run".into()) };
        run.roles()
    }

    #[test]
    fn roles_add_up_and_absent_ones_are_refused() {
        let every = Roles { ingest: true, detect: true, serve: true };
        let none = Roles { ingest: false, detect: false, serve: false };
        assert_eq!(roles(&[]), Ok(every));
        assert_eq!(roles(&["all", "notify"]), Ok(every));
        assert_eq!(roles(&["ingest", "detect"]), Ok(Roles { serve: false, ..every }));
        assert_eq!(roles(&["ingest,detect"]), Ok(Roles { serve: false, ..every }));
        assert_eq!(roles(&["serve"]), Ok(Roles { serve: true, ..none }));
        assert_eq!(roles(&["ingest"]), Ok(Roles { ingest: true, ..none }));
        assert_eq!(roles(&["detect"]), Ok(Roles { detect: true, ..none }));
        assert!(roles(&["ingest", "notify"]).unwrap_err().contains("--role notify"));
        assert!(roles(&["notify"]).unwrap_err().contains("--role notify"));
        assert!(roles(&["nonsense"]).is_err());
    }

    #[test]
    fn a_replay_reads_files_or_the_archive() {
        let parses = |args: &str| Cli::try_parse_from(args.split(' ')).is_ok();
        assert!(parses("headwater replay --events a b --out o"));
        assert!(parses("headwater replay --from-archive --from 2024-01-01 --to 2024-02-01 --out o"));
        assert!(parses("headwater replay --from-archive --data d --from 2024-01-01 --to 2024-02-01 --out o"));
        assert!(!parses("headwater replay --out o"));
        assert!(!parses("headwater replay --from-archive --out o"));
        assert!(parses("headwater replay --events a --config c --out o"));
        assert!(!parses("headwater replay --events a --data d --out o"));
        assert!(!parses("headwater replay --events a --from 2024-01-01 --out o"));
        assert!(!parses("headwater replay --events a --from-archive --from 2024-01-01 --to 2024-02-01 --out o"));
    }

    #[test]
    fn a_split_is_a_list_of_words() {
        let split = |by: &str| {
            let args = ["headwater", "export", "volumes", "--data", "d", "--out", "o", "--by", by];
            match Cli::try_parse_from(args).ok()?.command {
                Command::Export(Export::Volumes(args)) => Some(args.split()),
                _ => None,
            }
        };
        assert_eq!(split("place,known_on"), Some(SplitBy { place: true, known_on: true, ..SplitBy::default() }));
        assert_eq!(split("access,flagged"), Some(SplitBy { access: true, flagged: true, ..SplitBy::default() }));
        assert_eq!(split("colour"), None);
    }
}
