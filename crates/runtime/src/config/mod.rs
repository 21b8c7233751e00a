//! The configuration of a process: one TOML file, and every key also as environment.

mod auth;
mod check;
mod detect;
mod people;
mod problem;
mod section;
mod serve;
mod show;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use auth::{AuthMode, AuthSettings, ClaimSettings, JwtSettings, KeyPlace, OidcSettings};
pub use detect::{BudgetSettings, DetectSettings};
pub use people::{AnchorSettings, PeopleDatabase};
pub use problem::{ConfigError, ConfigProblem, Place};
pub use serve::ServeSettings;

/// Everything a process can be told, checked and complete: what was absent has its default. Shown
/// ([`std::fmt::Display`]) as the TOML that says the same, secrets only by the names of their files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Kafka clusters by name.
    pub clusters: BTreeMap<String, Cluster>,
    /// What is read, by name; at least one.
    pub sources: BTreeMap<String, Source>,
    /// Name of the cluster that results are published to.
    pub outputs: Option<String>,
    /// Where results are kept.
    pub store: StoreSettings,
    /// Where the people's own state is kept.
    pub people: PeopleDatabase,
    /// Where the head of its audit log is kept beside it.
    pub anchor: Option<AnchorSettings>,
    /// When shifts are looked for, and how many can be worked through.
    pub detect: DetectSettings,
    /// The API, and who is let in.
    pub serve: ServeSettings,
    /// Address of the metrics.
    pub metrics: SocketAddr,
}

/// A Kafka cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Addresses to begin with, `host:port`, separated by commas.
    pub brokers: String,
    /// Consumer group.
    pub group: String,
    /// Name of this process in the group, for static membership.
    pub instance: Option<String>,
    /// Settings of the client library, by its own names.
    pub client: BTreeMap<String, ClientSetting>,
}

/// A setting of the Kafka client library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientSetting {
    /// As it stands.
    Value(String),
    /// A secret: the value is what the file holds, less a newline at its end.
    File(PathBuf),
}

/// Something to read events from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A topic of a cluster.
    Topic {
        /// Name of the cluster.
        cluster: String,
        /// The topic.
        topic: String,
        /// How its producers place keys.
        partitioner: Partitioner,
        /// What to do where the log no longer holds what is to be read next.
        on_gap: OnGap,
        /// Files of the Avro schemas by which records in the Confluent frame were written, by the frame's schema id.
        avro: BTreeMap<u32, PathBuf>,
    },
    /// A folder of NDJSON files.
    Folder {
        /// The folder.
        path: PathBuf,
    },
}

/// How producers turn a key into a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioner {
    /// Not held to anything.
    Any,
    /// As Java clients do.
    Murmur2,
    /// As librdkafka's clients do.
    Crc32,
}

/// What to do where a topic's log begins after the record that is to be read next: records were deleted unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnGap {
    /// Fail, and say what is missing.
    Stop,
    /// Say what is missing and go on where the log begins.
    Skip,
}

/// Where results are kept, and how often they are committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// Where.
    pub location: StoreLocation,
    /// Milliseconds between two commits.
    pub commit_ms: u64,
    /// Bytes of input between two commits.
    pub commit_bytes: u64,
    /// Bytes of memory that the ledgers of the process may hold; what does not fit is kept in `cache`.
    pub ledger_bytes: u64,
    /// Folder for what the ledgers cannot hold in memory. It may be lost: the store rebuilds it.
    pub cache: PathBuf,
    /// Epochs of an input that are folded into one file.
    pub fold_epochs: u64,
    /// A snapshot is written for no fewer rows: reading so many takes no longer than reading a snapshot.
    pub snapshot_rows: u64,
}

/// A place for results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// A local folder; relative to the folder that the process was started in.
    Folder(PathBuf),
    /// An object store: `s3://`, `gs://` or `az://`, bucket and prefix.
    Objects(String),
}

impl Config {
    /// A configuration to begin with, for people who have none: every key that must be given, and the usual ones.
    pub const EXAMPLE: &str = include_str!("example.toml");

    /// What the name of a variable begins with that is a key.
    pub const PREFIX: &str = tree::PREFIX;

    /// What a process does that is told of no source: it reads the folder `inbox` and keeps its results in `data`, both
    /// in the folder that it was started in.
    const LOCAL: &str = "[sources.inbox]\npath = \"inbox\"\n";

    /// Checks a configuration: the file's text, and the environment, of which only names that begin with
    /// `HEADWATER__` count.
    ///
    /// # Errors
    /// Every problem there is, in the order of the file, then of the environment.
    pub fn check(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, Vec<ConfigProblem>> {
        check::check(text, environment)
    }

    /// Reads and checks a file, or the environment alone where there is none; where that names no source either, the
    /// folder `inbox` is read, and results are kept in `data`.
    ///
    /// # Errors
    /// [`ConfigError`], whose text is one line a problem.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, ConfigError> {
        let environment: Vec<(String, String)> = environment.into_iter().collect();
        let (file, text) = match path {
            None if environment.iter().any(|(name, _)| tree::names_source(name)) => {
                ("configuration".into(), String::new())
            }
            None => ("configuration".into(), Config::LOCAL.to_owned()),
            Some(path) => (path.display().to_string(), read(path)?),
        };
        let mut config =
            Config::check(&text, environment).map_err(|problems| ConfigError::Problems { file, problems })?;
        if let Some(path) = path {
            config.beside(path)?;
        }
        Ok(config)
    }

    /// Makes paths that are relative to the configuration's file good anywhere.
    fn beside(&mut self, file: &Path) -> Result<(), ConfigError> {
        let folder = std::path::absolute(file).map_err(|source| ConfigError::Read { path: file.into(), source })?;
        let folder = folder.parent().unwrap_or(Path::new(""));
        for source in self.sources.values_mut() {
            if let Source::Topic { avro, .. } = source {
                avro.values_mut().for_each(|schema| *schema = folder.join(&*schema));
            }
        }
        Ok(())
    }

    /// Whether the environment holds any key: then a process can be started without a file.
    pub fn in_environment(environment: impl IntoIterator<Item = (String, String)>) -> bool {
        environment.into_iter().any(|(name, _)| name.starts_with(tree::PREFIX))
    }
}

impl Cluster {
    /// The settings of the client library with the secrets read from their files.
    ///
    /// # Errors
    /// [`ConfigError::Read`] names the file of a secret that cannot be read.
    pub fn client_settings(&self) -> Result<Vec<(String, String)>, ConfigError> {
        self.client
            .iter()
            .map(|(key, setting)| {
                let value = match setting {
                    ClientSetting::Value(value) => value.clone(),
                    ClientSetting::File(path) => read(path)?.trim_end_matches(['\n', '\r']).to_owned(),
                };
                Ok((key.clone(), value))
            })
            .collect()
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.into(), source })
}
