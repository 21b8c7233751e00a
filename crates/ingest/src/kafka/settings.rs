//! What to read of a cluster.

use std::fmt;
use std::sync::Arc;

use super::Partitioner;

/// A topic that is read, as one source.
#[derive(Clone, Debug)]
pub struct SourceTopic {
    /// Name of the source.
    pub source: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
    /// Where the source is held to place its records.
    pub partitioner: Partitioner,
    /// Partitions that the store knows it by, where it knows it.
    pub partitions: Option<u32>,
    /// Whether to go on at the log's start where what comes next was deleted already, instead of stopping.
    pub on_gap_skip: bool,
}

/// What to read of one cluster.
#[derive(Clone)]
pub struct KafkaSettings {
    /// Addresses to begin with, `host:port`, separated by commas.
    pub brokers: String,
    /// The group to be a member of.
    pub group: String,
    /// Name of this process in the group, under which it may come back without a rebalance.
    pub instance: Option<String>,
    /// Settings of librdkafka, laid over our own.
    pub client: Vec<(String, String)>,
    /// Of these the group shares out the partitions.
    pub topics: Vec<SourceTopic>,
}

impl fmt::Debug for KafkaSettings {
    /// Without the client's settings, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KafkaSettings { brokers, group, instance, topics, .. } = self;
        f.debug_struct("KafkaSettings")
            .field("brokers", brokers)
            .field("group", group)
            .field("instance", instance)
            .field("topics", topics)
            .finish_non_exhaustive()
    }
}
