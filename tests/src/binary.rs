//! The real `headwater` as a process, and its four files read back.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type, Int64Type};
use headwater_model::{Alert, Day};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

/// The binary beside the running test.
///
/// # Panics
/// When it is not built, with the command that builds it.
pub fn path() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().and_then(Path::parent).unwrap().join("headwater");
    assert!(binary.is_file(), "{} is not there: run `cargo build -p headwater` first", binary.display());
    binary
}

/// Runs `headwater ARGS...` in a folder, with variables added to the environment.
pub fn headwater(folder: &Path, args: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(path()).args(args).current_dir(folder).envs(environment.iter().copied()).output().unwrap()
}

/// Runs `headwater ARGS...`, which must succeed, and gives its standard output.
pub fn succeeds(folder: &Path, args: &[&str]) -> String {
    let output = headwater(folder, args, &[]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "headwater {args:?} ended with {}:\n{words}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// What a replay left in its folder.
pub struct Outcome {
    folder: PathBuf,
}

/// Replays files (names relative to `folder`) into `folder/out`.
pub fn replay(folder: &Path, events: &[&str], out: &str) -> Outcome {
    succeeds(folder, &[&["replay", "--events"], events, &["--out", out]].concat());
    Outcome::at(folder.join(out))
}

impl Outcome {
    /// What lies in a folder.
    pub fn at(folder: PathBuf) -> Outcome {
        Outcome { folder }
    }

    /// The bytes of one of the files.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let path = self.folder.join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// `summary.json`.
    pub fn summary(&self) -> Value {
        serde_json::from_slice(&self.bytes("summary.json")).unwrap()
    }

    /// One figure of `summary.json`.
    pub fn count(&self, name: &str) -> u64 {
        self.summary()[name].as_u64().unwrap_or_else(|| panic!("summary.json has no count {name}"))
    }

    /// Every revision in `alerts.ndjson`, in order.
    pub fn alerts(&self) -> Vec<Alert> {
        let bytes = self.bytes("alerts.ndjson");
        bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect()
    }

    /// `rejects.ndjson`, line by line.
    pub fn rejects(&self) -> Vec<Value> {
        let bytes = self.bytes("rejects.ndjson");
        bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect()
    }

    /// `volumes.parquet`, row by row.
    pub fn volumes(&self) -> Vec<Volume> {
        volumes(&self.folder.join("volumes.parquet"))
    }
}

/// A file of volumes that is not split, row by row.
pub fn volumes(path: &Path) -> Vec<Volume> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut rows = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
        let (days, periods) = (column("day").as_primitive::<Date32Type>(), column("period_days"));
        let periods = periods.as_primitive::<Int32Type>();
        let text = |name: &str, i: usize| column(name).as_string::<i32>().value(i).to_owned();
        let number = |name: &str, i: usize| column(name).as_primitive::<Int64Type>().value(i);
        rows.extend((0..batch.num_rows()).map(|i| Volume {
            day: Day(days.value(i)),
            period_days: periods.value(i),
            substance: text("substance", i),
            route: text("route", i),
            source: text("source", i),
            evidence: text("evidence", i),
            mass_mg: number("mass_mg", i),
            pieces: number("pieces", i),
            incidents: number("incidents", i),
            events: number("events", i),
            rolling:
                [7, 28, 91, 364].map(|w| (number(&format!("mass_mg_{w}d"), i), number(&format!("incidents_{w}d"), i))),
        }));
    }
    rows
}

/// A row of `volumes.parquet`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the columns of the contract
pub struct Volume {
    pub day: Day,
    pub period_days: i32,
    pub substance: String,
    pub route: String,
    pub source: String,
    pub evidence: String,
    pub mass_mg: i64,
    pub pieces: i64,
    pub incidents: i64,
    pub events: i64,
    /// Mass and incidents of the windows of 7, 28, 91 and 364 days.
    pub rolling: [(i64, i64); 4],
}

impl Volume {
    /// The row as the oracle writes it for a day, without a split.
    pub fn line(&self, as_of: Day) -> String {
        let rolling: Vec<String> = self.rolling.iter().map(|(mass, incidents)| format!("{mass},{incidents}")).collect();
        format!(
            "{as_of},{},{},{},{},{},{},,,,,{},{},{},{},{}",
            self.day,
            self.period_days,
            self.substance,
            self.route,
            self.source,
            self.evidence,
            self.mass_mg,
            self.pieces,
            self.incidents,
            self.events,
            rolling.join(",")
        )
    }
}

/// The last revision of each alert, by id.
pub fn standing(alerts: &[Alert]) -> BTreeMap<&str, &Alert> {
    alerts.iter().map(|alert| (alert.alert_id.as_str(), alert)).collect()
}
