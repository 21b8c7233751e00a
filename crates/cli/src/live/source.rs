//! What is read from: the clusters and folders of a configuration, behind one face.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use headwater_ingest::{
    FolderReader, FolderSettings, IngestError, KafkaReader, KafkaSettings, Partitioner as Placed, SourceEvent,
    SourceTopic, Term,
};
use headwater_model::{Input, Progress};
use headwater_runtime::{Cluster, Config, OnGap, Partitioner, Source as Configured};

use crate::failure::Failure;

/// How often a folder in which nothing changes is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A cluster's consumer, or a folder.
pub enum Source {
    /// Every source of one cluster.
    Kafka {
        /// Name of the cluster in the configuration.
        cluster: String,
        /// Its reader.
        reader: KafkaReader,
    },
    /// One folder.
    Folder(FolderReader),
}

impl Source {
    /// Whether it reads topics of this cluster.
    pub fn is_of(&self, name: &str) -> bool {
        matches!(self, Source::Kafka { cluster, .. } if cluster == name)
    }

    /// The next event, or none for so long.
    pub fn next(&self, at_most: Duration) -> Option<SourceEvent> {
        match self {
            Source::Kafka { reader, .. } => reader.next(at_most),
            Source::Folder(reader) => reader.next(at_most),
        }
    }

    /// Reads an input from here on.
    pub fn start(&self, input: &Input, from: Option<&Progress>, term: Term) {
        match self {
            Source::Kafka { reader, .. } => reader.start(input, from, term),
            Source::Folder(reader) => reader.start(input, from, term),
        }
    }

    /// Reads nothing more of an input.
    pub fn stop(&self, input: &Input) {
        match self {
            Source::Kafka { reader, .. } => reader.stop(input),
            Source::Folder(reader) => reader.stop(input),
        }
    }

    /// Lets inputs go that were revoked.
    pub fn release(&self, inputs: &[Input]) {
        match self {
            Source::Kafka { reader, .. } => reader.release(inputs),
            Source::Folder(reader) => reader.release(inputs),
        }
    }
}

/// The settings of a cluster's client, with its secrets read from their files.
pub fn client(name: &str, cluster: &Cluster) -> Result<Vec<(String, String)>, Failure> {
    cluster.client_settings().map_err(|error| Failure::Usage(format!("clusters.{name}: {error}")))
}

/// What to read of each cluster, checked without talking to it. `held` is the number of partitions of each source as the
/// store holds it.
pub fn kafka(config: &Config, held: &BTreeMap<String, u32>) -> Result<Vec<(String, KafkaSettings)>, Failure> {
    let mut topics: BTreeMap<&str, Vec<SourceTopic>> = BTreeMap::new();
    for (name, source) in &config.sources {
        if let Configured::Topic { cluster, topic, partitioner, on_gap, .. } = source {
            topics.entry(cluster).or_default().push(SourceTopic {
                source: name.as_str().into(),
                topic: topic.as_str().into(),
                partitioner: match partitioner {
                    Partitioner::Any => Placed::Any,
                    Partitioner::Murmur2 => Placed::Murmur2,
                    Partitioner::Crc32 => Placed::Crc32,
                },
                partitions: held.get(name).copied(),
                on_gap_skip: *on_gap == OnGap::Skip,
            });
        }
    }
    let named = topics.into_iter().filter_map(|(name, topics)| Some((name, config.clusters.get(name)?, topics)));
    named
        .map(|(name, cluster, topics)| {
            let settings = KafkaSettings {
                brokers: cluster.brokers.clone(),
                group: cluster.group.clone(),
                instance: cluster.instance.clone(),
                client: client(name, cluster)?,
                topics,
            };
            KafkaReader::check(&settings).map_err(|error| Failure::Usage(format!("clusters.{name}: {error}")))?;
            Ok((name.to_owned(), settings))
        })
        .collect()
}

/// The folders of a configuration.
pub fn folders(config: &Config) -> impl Iterator<Item = (&str, &Path)> {
    config.sources.iter().filter_map(|(name, source)| match source {
        Configured::Folder { path } => Some((name.as_str(), path.as_path())),
        Configured::Topic { .. } => None,
    })
}

/// Begins to read a folder.
pub fn folder(name: &str, path: &Path) -> Result<FolderReader, IngestError> {
    let settings = FolderSettings { source: name.into(), path: path.into(), look_every: LOOK_EVERY };
    FolderReader::open(settings)
}
