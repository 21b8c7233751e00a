//! The bare client's drain, in a process of its own, so that it is measured as the product is.

use std::io::Write;

use anyhow::{Context, ensure};
use headwater_ingest::{Drained, drain as drain_topic};
use serde::{Deserialize, Serialize};

use super::figures::Way;
use super::load::LoadTopic;
use super::process::{Process, own_s};
use super::workplace::{Workplace, settings};
use crate::args::BenchDrain;
use crate::failure::Failure;
use crate::memory::peak_rss_bytes;

/// Bytes of the first record that are told: enough to see whose it is.
const FIRST_BYTES: usize = 512;

/// What the process prints.
#[derive(Debug, Serialize, Deserialize)]
struct Printed {
    records: u64,
    bytes: u64,
    /// So that no byte was read for nothing.
    sum: u64,
    first: String,
    seconds: f64,
    cpu_s: f64,
    peak_rss_bytes: u64,
}

/// `headwater bench drain`: reads a topic to its end and prints what it took, as JSON.
pub fn drain(args: &BenchDrain) -> Result<(), Failure> {
    let settings = settings(&args.cluster, "headwater-bench-drain");
    let before = own_s();
    let drained = drain_topic(&settings, &args.topic, args.partitions)?;
    let cpu_s = own_s() - before;
    let Drained { records, bytes, sum, first, seconds, .. } = drained;
    let first = String::from_utf8_lossy(&first[..first.len().min(FIRST_BYTES)]).into_owned();
    let printed = Printed { records, bytes, sum, first, seconds, cpu_s, peak_rss_bytes: peak_rss_bytes() };
    serde_json::to_writer(std::io::stdout().lock(), &printed).map_err(std::io::Error::from)?;
    writeln!(std::io::stdout())?;
    Ok(())
}

/// One drain by the bare client.
#[derive(Clone, Debug)]
pub struct BareRun {
    /// Records in the topic.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// The beginning of the first record.
    pub first: String,
    /// From the first record to the end of every partition.
    pub steady: Way,
    /// The whole process.
    pub whole: Way,
}

/// Drains a topic by the bare client.
pub fn run(place: &Workplace, topic: &LoadTopic) -> anyhow::Result<BareRun> {
    let cluster = place.cluster();
    let mut args: Vec<String> = ["bench", "drain", "--brokers", &cluster.brokers, "--topic", &topic.name]
        .map(str::to_owned)
        .into_iter()
        .collect();
    args.extend(["--partitions".to_owned(), topic.partitions.to_string()]);
    for (key, value) in &cluster.client {
        args.extend(["--client".to_owned(), format!("{key}={value}")]);
    }
    let (whole, printed) = Process::run(&args).context("the bare client's drain")?;
    let Printed { records, bytes, first, seconds, cpu_s, peak_rss_bytes, .. } =
        serde_json::from_str(&printed).context("what the bare client's drain printed")?;
    ensure!(records > 0, "topic {} holds no records", topic.name);
    Ok(BareRun {
        records,
        bytes,
        first,
        steady: Way { records, bytes, wall_s: seconds, cpu_s, peak_rss_bytes },
        whole: Way { records, bytes, wall_s: whole.wall_s, cpu_s: whole.cpu_s, peak_rss_bytes },
    })
}
