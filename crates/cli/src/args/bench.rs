//! What can be said to `headwater bench`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Fill a topic of a Kafka cluster with simulated events and drain it twice: by the bare client, and by `headwater
    /// run --role ingest` until all of it is committed and published, exactly
    Pipeline(BenchPipeline),
    /// Read a topic with the bare client: what `pipeline` measures the product against, as a process of its own
    #[command(hide = true)]
    Drain(BenchDrain),
}

#[derive(Debug, Args)]
pub struct BenchPipeline {
    #[command(flatten)]
    pub cluster: BenchCluster,
    #[command(flatten)]
    pub load: BenchLoad,
    /// Partitions of the topic
    #[arg(long, value_name = "P", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000))]
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
    /// One JSON object instead of tables
    #[arg(long)]
    pub json: bool,
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
#[derive(Clone, Debug, Args)]
pub struct BenchLoad {
    /// Records
    #[arg(long, value_name = "N", default_value_t = 3_000_000)]
    pub events: u64,
    /// Substances times routes
    #[arg(long, value_name = "S", default_value_t = 1_000)]
    pub series: u64,
    /// Days that the reports are spread over; with 1 there is one pane a series
    #[arg(long, value_name = "DAYS", default_value_t = 400)]
    pub days: u64,
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

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| "not KEY=VALUE".to_owned())?;
    Ok((key.to_owned(), value.to_owned()))
}
