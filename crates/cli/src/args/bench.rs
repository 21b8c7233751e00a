//! What can be said to `headwater bench`.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::args::BenchServe;

/// A topic with more takes a broker on one machine minutes to make.
const PARTITIONS: RangeInclusive<u32> = 1..=1_000;

/// What a ledger may take where nobody says so: the product's default.
const LEDGER_BYTES: u64 = 512 << 20;

/// As many series as there are pairs of two letters, times 20 substances, rounded down.
const PANES_MAX: u64 = 5_000_000;

/// Some 50 GB in memory.
const IDENTITIES_MAX: u64 = 200_000_000;

#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Fill a topic of a Kafka cluster with simulated events and drain it twice: by the bare client, and by `headwater
    /// run --role ingest` until all of it is committed and published, exactly
    Pipeline(BenchPipeline),
    /// Restore a partition with many observations as a start does: from its snapshot, and from its epochs alone
    Restore(BenchRestore),
    /// Memory and disk of what a process keeps: bytes a live pane, bytes an event
    State(BenchState),
    /// Build a large store and serve it: how long questions take, and how live streams of many clients keep up
    Serve(BenchServe),
    /// Methods of finding shifts side by side on simulated cells: what each finds at the same budget of false alarms
    Detect(BenchDetect),
    /// Read a topic with the bare client: what `pipeline` measures the product against, as a process of its own
    #[command(hide = true)]
    Drain(BenchDrain),
    /// Restore a store once, as a process of its own
    #[command(hide = true)]
    RestoreOnce(BenchRestoreOnce),
    /// Keep so much of one kind, as a process of its own
    #[command(hide = true)]
    StateOnce(BenchStateOnce),
}

#[derive(Debug, Args)]
pub struct BenchPipeline {
    #[command(flatten)]
    pub cluster: BenchCluster,
    #[command(flatten)]
    pub load: BenchLoad,
    /// Partitions of the topic
    #[arg(long, value_name = "P", default_value_t = 4, value_parser = clap::value_parser!(u32).range(i64::from(*PARTITIONS.start())..=i64::from(*PARTITIONS.end())))]
    pub partitions: u32,
    /// Name of the topic; one that is there is read as it is. Without it the topic has a name of its own
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Leave the topic there that this made
    #[arg(long)]
    pub keep: bool,
    /// Publish into output topics that are there already, and leave the simulated volumes in them
    #[arg(long)]
    pub share_outputs: bool,
    /// A key of the product's configuration, as in store.commit_ms=1000; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// Drain so often by each, in turns, and give the median and the range
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// The same for growing numbers of partitions or series, as in partitions=1,4,16,64 or series=1000,1000000, each on a
    /// topic of its own
    #[arg(long, value_name = "WHAT=N,N", value_parser = sweep, conflicts_with_all = ["topic", "kill"])]
    pub sweep: Option<Sweep>,
    /// Then once more: kill it in the middle, start it again, and see how long it takes to go on
    #[arg(long)]
    pub kill: bool,
    /// JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

/// What grows from step to step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// The topic's partitions.
    Partitions(Vec<u32>),
    /// Substances times routes.
    Series(Vec<u64>),
}

/// Where a bench finds Kafka.
#[derive(Clone, Debug, Args)]
pub struct BenchCluster {
    /// Addresses to begin with, separated by commas
    #[arg(long, value_name = "HOST:PORT")]
    pub brokers: String,
    /// A setting of librdkafka, as in session.timeout.ms=6000; may be given more than once
    #[arg(long = "client", value_name = "KEY=VALUE", value_parser = pair)]
    pub client: Vec<(String, String)>,
}

/// What events a bench makes.
#[derive(Clone, Copy, Debug, Args)]
pub struct BenchLoad {
    /// Records; 3,000,000, to restore 10,000,000 a partition
    #[arg(long, value_name = "N")]
    pub events: Option<u64>,
    /// Substances times routes
    #[arg(long, value_name = "S", default_value_t = 1_000)]
    pub series: u64,
    /// Days that the reports are spread over; with 1 there is one pane a series. 400, in a sweep of series 1
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u64>,
    /// Percent of the records that are sent again as they were
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    pub duplicates: u64,
    /// Percent of the records that correct an earlier one
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    pub revisions: u64,
    /// The same seed gives the same events
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct BenchDrain {
    #[command(flatten)]
    pub cluster: BenchCluster,
    /// The topic
    #[arg(long, value_name = "TOPIC")]
    pub topic: String,
    /// Its partitions
    #[arg(long, value_name = "P")]
    pub partitions: u32,
}

#[derive(Debug, Args)]
pub struct BenchRestore {
    /// Restore what a store in this folder holds, instead of a simulated one; nothing is written to it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["events", "series", "days", "duplicates", "revisions", "seed", "partitions"])]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub load: BenchLoad,
    /// Partitions, each with so many events
    #[arg(long, value_name = "P", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub partitions: u32,
    /// Bytes of memory that the ledgers may take, as store.ledger_bytes
    #[arg(long, value_name = "BYTES", default_value_t = LEDGER_BYTES)]
    pub ledger_bytes: u64,
    /// Restore so often each way, in turns, and give the median and the range
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchRestoreOnce {
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder for what the ledgers cannot hold
    #[arg(long, value_name = "DIR")]
    pub cache: PathBuf,
    /// Bytes of memory that the ledgers may take
    #[arg(long, value_name = "BYTES")]
    pub ledger_bytes: u64,
    /// Read all epochs, as if there were no snapshot
    #[arg(long)]
    pub without_snapshots: bool,
}

#[derive(Debug, Args)]
pub struct BenchState {
    /// Numbers of panes
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "1000,10000,100000,1000000", value_parser = clap::value_parser!(u64).range(1..=PANES_MAX))]
    pub panes: Vec<u64>,
    /// Numbers of events
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "1000000,10000000", value_parser = clap::value_parser!(u64).range(1..=IDENTITIES_MAX))]
    pub identities: Vec<u64>,
    /// Bytes of memory that a ledger may take which spills, as store.ledger_bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, value_parser = clap::value_parser!(u64).range(1 << 20..))]
    pub ledger_bytes: u64,
    /// JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchStateOnce {
    /// Of which kind
    pub what: Keep,
    /// How many
    pub count: u64,
    /// Folder for what a ledger cannot hold
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Bytes of memory that a ledger may take which spills
    #[arg(long, value_name = "BYTES")]
    pub ledger_bytes: u64,
}

#[derive(Debug, Args)]
pub struct BenchDetect {
    /// Judged at 1 false alarm per 1,000 market-years instead of 10, on more cells: hours instead of minutes
    #[arg(long)]
    pub long: bool,
    /// The same seed gives the same cells
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Quiet cells that set the thresholds; as many judge them, half as many have shifts of each kind. 300, with --long 3,000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=headwater_score::CELLS_MAX))]
    pub cells: Option<u64>,
    /// Rows, all of them where this is not given
    #[arg(long, value_name = "ROW,ROW", value_delimiter = ',')]
    pub methods: Vec<String>,
    /// JSON instead of tables
    #[arg(long)]
    pub json: bool,
    /// Write scoreboard.md and its pictures into this folder, too
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Panes of 1,000 series, day by day
    PanesByDay,
    /// Panes of one day, each of its own series
    PanesBySeries,
    /// Events in memory
    Identities,
    /// Events in a ledger that spills
    SpilledIdentities,
}

impl Keep {
    /// As it is called on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// As people call it.
    pub fn words(self) -> &'static str {
        match self {
            Keep::PanesByDay => "panes of 1,000 series, day by day",
            Keep::PanesBySeries => "panes of one day, each of its own series",
            Keep::Identities => "events in memory",
            Keep::SpilledIdentities => "events in a ledger that spills",
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| "not KEY=VALUE".to_owned())?;
    Ok((key.to_owned(), value.to_owned()))
}

fn sweep(text: &str) -> Result<Sweep, String> {
    fn steps<T: FromStr>(list: &str) -> Result<Vec<T>, String> {
        list.split(',').map(|step| step.parse().map_err(|_| format!("{step:?} is not a whole number"))).collect()
    }
    let (what, list) = pair(text)?;
    match what.as_str() {
        "partitions" => {
            let partitions: Vec<u32> = steps(&list)?;
            match partitions.iter().find(|step| !PARTITIONS.contains(step)) {
                Some(step) => {
                    Err(format!("{step} partitions: {} to {} are allowed", PARTITIONS.start(), PARTITIONS.end()))
                }
                None => Ok(Sweep::Partitions(partitions)),
            }
        }
        "series" => steps(&list).map(Sweep::Series),
        other => Err(format!("{other:?} is none of partitions, series")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_what_and_steps() {
        assert_eq!(sweep("partitions=1,4"), Ok(Sweep::Partitions(vec![1, 4])));
        assert_eq!(sweep("series=1000"), Ok(Sweep::Series(vec![1_000])));
        for wrong in ["partitions", "partitions=", "partitions=0", "partitions=1,x", "colours=1", "series=-1"] {
            assert!(sweep(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pair_keeps_what_is_behind_its_first_sign() {
        assert_eq!(pair("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".to_owned())));
        assert!(pair("a").is_err());
    }
}
