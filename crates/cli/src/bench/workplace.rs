//! What a bench makes and takes away again: a folder, topics, groups.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use headwater_ingest::{Admin, KafkaSettings, TopicWish};
use headwater_runtime::Shutdown;
use tempfile::TempDir;

use crate::args::BenchCluster;
use crate::failure::Failure;
use crate::live::{ALERTS_TOPIC, DETECT_TOPIC, REJECTS_TOPIC, VOLUMES_TOPIC};

/// How long the cluster may take to answer.
const ASK_AT_MOST: Duration = Duration::from_secs(10);

/// Topics that a product which publishes makes where they are missing.
const OUTPUTS: [&str; 4] = [VOLUMES_TOPIC, ALERTS_TOPIC, REJECTS_TOPIC, DETECT_TOPIC];

/// A folder and a cluster to work in. What was made is taken away when it is dropped.
pub struct Workplace {
    cluster: BenchCluster,
    admin: Admin,
    folder: TempDir,
    name: String,
    topics: Vec<String>,
    groups: Vec<String>,
    shutdown: Shutdown,
}

impl Workplace {
    /// In the folder for temporary files, and on a cluster that answers.
    ///
    /// # Errors
    /// When no broker answers, or a setting is wrong.
    pub fn open(cluster: &BenchCluster) -> Result<Workplace, Failure> {
        let shutdown = Shutdown::on_signals()?;
        let admin = Admin::start(&cluster.brokers, &cluster.client).map_err(|e| Failure::Usage(e.to_string()))?;
        admin.partitions(VOLUMES_TOPIC, ASK_AT_MOST)?;
        let folder = TempDir::with_prefix("headwater-bench-").context("no folder for temporary files")?;
        let name = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (topics, groups) = (Vec::new(), Vec::new());
        Ok(Workplace { cluster: cluster.clone(), admin, folder, name, topics, groups, shutdown })
    }

    /// A word that no other bench has.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its cluster.
    pub fn cluster(&self) -> &BenchCluster {
        &self.cluster
    }

    /// An error once the bench is told to stop.
    pub fn go_on(&self) -> anyhow::Result<()> {
        if self.shutdown.is_requested() {
            bail!("stopped before it was done");
        }
        Ok(())
    }

    /// Partitions of a topic; none where there is no such topic.
    pub fn partitions(&self, topic: &str) -> anyhow::Result<Option<u32>> {
        Ok(self.admin.partitions(topic, ASK_AT_MOST)?)
    }

    /// Makes a topic, to be taken away unless it is kept.
    pub fn make_topic(&mut self, topic: &str, partitions: u32, keep: bool) -> anyhow::Result<()> {
        if !keep {
            self.topics.push(topic.to_owned());
        }
        let wish = TopicWish { name: topic.into(), partitions, compacted: false };
        Ok(self.admin.ensure_topics(&[wish], ASK_AT_MOST)?)
    }

    /// Takes a topic away at once.
    pub fn drop_topic(&mut self, topic: &str) -> anyhow::Result<()> {
        if self.topics.iter().any(|own| own == topic) {
            self.admin.delete_topics(&[topic])?;
            self.topics.retain(|own| own != topic);
        }
        Ok(())
    }

    /// The output topics that are missing are taken away with the rest. Where there are some already, somebody may use
    /// them.
    ///
    /// # Errors
    /// Where there are some and they are not to be shared.
    pub fn own_outputs(&mut self, share: bool) -> anyhow::Result<()> {
        for topic in OUTPUTS {
            match self.partitions(topic)? {
                None => self.topics.push(topic.to_owned()),
                Some(_) if share => {}
                Some(_) => bail!(
                    "the cluster has a topic {topic} already, and this would publish simulated volumes into it: use a \
                     cluster of its own, or --share-outputs"
                ),
            }
        }
        Ok(())
    }

    /// The name of one more group, which is to be taken away.
    pub fn make_group(&mut self) -> String {
        let group = format!("{}-{}", self.name, self.groups.len() + 1);
        self.groups.push(group.clone());
        group
    }

    /// The product's settings of a consumer.
    pub fn settings(&self, group: &str) -> KafkaSettings {
        settings(&self.cluster, group)
    }
}

/// The product's settings of a consumer of a cluster.
pub fn settings(cluster: &BenchCluster, group: &str) -> KafkaSettings {
    KafkaSettings {
        brokers: cluster.brokers.clone(),
        group: group.to_owned(),
        instance: None,
        client: cluster.client.clone(),
        topics: Vec::new(),
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        if !topics.is_empty()
            && let Err(error) = self.admin.delete_topics(&topics)
        {
            eprintln!("headwater: left behind the topics {}: {error}", topics.join(", "));
        }
        for group in &self.groups {
            if let Err(error) = self.admin.delete_group(group) {
                eprintln!("headwater: left behind: {error}");
            }
        }
    }
}
