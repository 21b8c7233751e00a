//! Processes of `headwater run` on one configuration file and a real Kafka, fed and read by clients that are not ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headwater_model::Alert;
use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{self, Outcome, Volume, replay};
use crate::broker::Broker;
use crate::process::{Live, eventually};
use crate::store::{checkpoints, committed};

/// The file that every process of a world is started from.
pub const CONFIG: &str = "headwater.toml";

/// Two topics, a store beside a configuration, and what was produced so far.
pub struct World {
    /// The cluster.
    pub kafka: Arc<Broker>,
    folder: TempDir,
    name: &'static str,
    produced: Vec<String>,
    /// Messages without a value: rejects that no file can hold.
    tombstones: u64,
}

/// The figures of a key that all readers know: mass, pieces, incidents, events.
pub type Sums = BTreeMap<(String, i64, String, String, String, String), [i64; 4]>;

impl World {
    /// Makes the topics `NAME-trade` of 4 and `NAME-seizure` of 2 partitions and a configuration; `more` ends its table
    /// `[sources.trade]` and goes on behind it.
    pub fn new(kafka: Arc<Broker>, name: &'static str, more: &str) -> World {
        let folder = tempfile::tempdir().unwrap();
        let world = World { kafka, folder, name, produced: Vec::new(), tombstones: 0 };
        world.kafka.topic(&world.trade(), 4, &[]);
        world.kafka.topic(&world.seizure(), 2, &[]);
        world.configure(world.kafka.brokers(), "", more);
        world
    }

    /// Writes the configuration; `client` is of the cluster's client.
    pub fn configure(&self, brokers: &str, client: &str, more: &str) {
        let World { name, .. } = self;
        let text = format!(
            "[store]\nurl = \"data\"\n[clusters.main]\nbrokers = \"{brokers}\"\ngroup = \"{name}\"\n\
             [clusters.main.client]\n\"session.timeout.ms\" = 6000\n{client}\n\
             [sources.seizure]\ncluster = \"main\"\ntopic = \"{name}-seizure\"\n\
             [sources.trade]\ncluster = \"main\"\ntopic = \"{name}-trade\"\n{more}\n"
        );
        fs::write(self.folder().join(CONFIG), text).unwrap();
    }

    /// Where the processes run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The topic of trade events.
    pub fn trade(&self) -> String {
        format!("{}-trade", self.name)
    }

    /// The topic of seizure events.
    pub fn seizure(&self) -> String {
        format!("{}-seizure", self.name)
    }

    /// Starts a process of a role.
    pub fn run(&self, role: &str, log: &str, environment: &[(&str, &str)]) -> Live {
        let log = format!("{log}.log");
        Live::start(self.folder(), &log, &["--config", CONFIG, "--role", role], environment)
    }

    /// Produces lines; how many were.
    pub fn produce(&mut self, topic: &str, lines: &[impl AsRef<[u8]>], more: &[&str]) -> u64 {
        let file = self.file(lines);
        self.kafka.produce(topic, &file, more)
    }

    /// Produces records that are no lines, each with its key. What they say is told apart, by [`World::file`].
    pub fn produce_bytes(&self, topic: &str, records: &[(String, Vec<u8>)]) -> u64 {
        let path = self.folder().join("produced.base64");
        let coded = records.iter().map(|(key, bytes)| format!("{key} {}\n", STANDARD.encode(bytes)));
        fs::write(&path, coded.collect::<String>()).unwrap();
        self.kafka.produce(topic, &path, &["--base64"])
    }

    /// Produces lines, and messages without a value.
    pub fn produce_with_tombstones(&mut self, topic: &str, lines: &[impl AsRef<[u8]>], tombstones: u64) {
        self.tombstones += tombstones;
        self.produce(topic, lines, &["--tombstones", &tombstones.to_string()]);
    }

    /// A file of lines that counts as produced.
    pub fn file(&mut self, lines: &[impl AsRef<[u8]>]) -> PathBuf {
        let name = format!("produced-{:03}.ndjson", self.produced.len());
        let path = self.folder().join(&name);
        let text: Vec<u8> = lines.iter().flat_map(|line| [line.as_ref(), b"\n"].concat()).collect();
        fs::write(&path, text).unwrap();
        self.produced.push(name);
        path
    }

    /// A replay of all that was produced.
    pub fn judge(&self) -> Outcome {
        let files: Vec<&str> = self.produced.iter().map(String::as_str).collect();
        replay(self.folder(), &files, "judge")
    }

    /// Waits until everything is committed; then volumes and account are those of a replay of the same lines.
    pub fn equals(&self) -> Outcome {
        let judge = self.judge();
        let read = judge.count("read") + self.tombstones;
        eventually(&format!("{}: {read} records are committed", self.name), || committed(self.folder()).read >= read);
        let total = committed(self.folder());
        let account = (total.read, total.accepted, total.duplicate, total.superseded, total.conflict, total.rejected);
        let [accepted, duplicate, superseded, conflict, rejected] =
            ["accepted", "duplicate", "superseded", "conflict", "rejected"].map(|name| judge.count(name));
        assert_eq!(account, (read, accepted, duplicate, superseded, conflict, rejected + self.tombstones));
        assert!(self.exported() == judge.bytes("volumes.parquet"), "volumes differ");
        judge
    }

    /// The bytes of `export volumes --config`.
    pub fn exported(&self) -> Vec<u8> {
        let args = ["export", "volumes", "--config", CONFIG, "--out", "exported.parquet"];
        binary::succeeds(self.folder(), &args);
        fs::read(self.folder().join("exported.parquet")).unwrap()
    }

    /// The alert log by `export alerts --config`; nothing while there is no log.
    pub fn alerts(&self) -> Vec<Alert> {
        let args = ["export", "alerts", "--config", CONFIG, "--out", "alerts.ndjson"];
        if !binary::headwater(self.folder(), &args, &[]).status.success() {
            return Vec::new();
        }
        let text = fs::read_to_string(self.folder().join("alerts.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until the group has nothing left to read.
    pub fn without_lag(&self) {
        let (trade, seizure) = (self.trade(), self.seizure());
        eventually(&format!("{}: no lag", self.name), || {
            let offsets = self.kafka.offsets(self.name, &[&trade, &seizure]);
            offsets.len() == 6 && offsets.iter().all(|(_, _, committed, end)| committed == end)
        });
    }

    /// What a foreign reader holds of this world in a topic: the last value of each key.
    pub fn published(&self, topic: &str) -> Vec<Value> {
        let ours = format!("{}-", self.name);
        let mut rows = self.kafka.last_values(topic);
        let is_ours = |row: &Value| row["key"].as_str().unwrap().trim_start_matches("[\"").starts_with(&ours);
        rows.retain(is_ours);
        rows
    }

    /// Rows and marks that were published are the exported volumes and the checkpoints; gives all of them.
    pub fn published_equals(&self) -> Vec<Value> {
        self.exported();
        let rows = self.published("headwater.volumes.v1");
        let values: Vec<Value> =
            rows.iter().map(|row| serde_json::from_str(row["value"].as_str().unwrap()).unwrap()).collect();
        let (marks, rows): (Vec<Value>, Vec<Value>) = values.iter().cloned().partition(|v| v["counts"].is_object());
        let mut sums = Sums::new();
        for row in &rows {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let number = |name: &str| row[name].as_i64().unwrap();
            let figures = ["mass_mg", "pieces", "incidents", "events"].map(number);
            assert!(figures.iter().any(|figure| *figure != 0), "a tombstone it should be: {row}");
            let key = (
                text("day"),
                number("period_days"),
                text("substance"),
                text("route"),
                text("source"),
                text("evidence"),
            );
            let sum = sums.entry(key).or_default();
            (0..4).for_each(|i| sum[i] += figures[i]);
        }
        sums.retain(|_, sum| sum.iter().any(|figure| *figure != 0));
        let exported: Sums = binary::volumes(&self.folder().join("exported.parquet")).iter().map(keyed).collect();
        assert!(!exported.is_empty(), "it compares nothing");
        assert!(sums == exported, "published volumes differ: {:?}", first_difference(&sums, &exported));

        let marks: BTreeMap<&str, &Value> =
            marks.iter().map(|mark| (mark["input_partition"].as_str().unwrap(), mark)).collect();
        let lines = checkpoints(self.folder());
        assert_eq!(marks.len(), lines.len());
        for line in lines {
            let partition = line["input"].as_str().unwrap().rsplit('/').next().unwrap();
            let mark = marks[&*format!("{}/{partition}", line["origin"].as_str().unwrap())];
            assert_eq!((&mark["epoch"], &mark["clock"]), (&line["epoch"], &line["clock"]), "{line}");
            let mut counts = line["total"].clone();
            counts["late_report"] = line["late_report"].clone();
            assert_eq!(mark["counts"], counts, "{line}");
        }
        values
    }
}

/// A row's key without its families and ends.
type Key = (String, i64, String, String, String, String);

fn keyed(row: &Volume) -> (Key, [i64; 4]) {
    let Volume { day, period_days, substance, route, source, evidence, .. } = row;
    let (substance, route, source, evidence) = (substance.clone(), route.clone(), source.clone(), evidence.clone());
    let key = (day.to_string(), i64::from(*period_days), substance, route, source, evidence);
    (key, [row.mass_mg, row.pieces, row.incidents, row.events])
}

fn first_difference(a: &Sums, b: &Sums) -> Option<String> {
    let keys = a.keys().chain(b.keys());
    let mut differing = keys.filter(|key| a.get(key) != b.get(key));
    differing.next().map(|key| format!("{key:?}: {:?} and {:?}", a.get(key), b.get(key)))
}

/// The bytes that a foreign reader or a file of rejects shows as text, or as base64 under another name.
pub fn bytes_of(row: &Value, name: &str) -> Vec<u8> {
    match row[name].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => STANDARD.decode(row[format!("{name}_base64")].as_str().unwrap()).unwrap(),
    }
}

#[allow(clippy::print_stderr)]
impl Drop for World {
    /// Shows the ends of the logs where a test failed.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for entry in fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let text = fs::read_to_string(&path).unwrap_or_default();
                let lines: Vec<&str> = text.lines().collect();
                eprintln!("--- {}\n{}", path.display(), lines[lines.len().saturating_sub(40)..].join("\n"));
            }
        }
        checkpoints(self.folder()).iter().for_each(|line| eprintln!("{line}"));
    }
}
