//! The consumer's settings, and the questions that are asked of it.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::group::Group;
use super::standing::STATISTICS_MS;
use super::words::{heard, refused};
use super::{KafkaSettings, Shared};
use crate::IngestError;

/// How long one question to a broker may take.
const ASK_AT_MOST: Duration = Duration::from_secs(1);

/// How long a partition that goes elsewhere waits for its taker, at most: the whole group waits with it.
const RELEASE_AT_MOST: Duration = Duration::from_secs(5);

/// librdkafka's own `session.timeout.ms`.
const SESSION_MS: u64 = 45_000;

/// Ours, which the user may change. What a partition fetches is bounded by bytes, not by number of messages, and a full
/// queue is looked at again soon: the defaults (100,000 messages, 1 s) starve small messages and flood with large ones.
const DEFAULTS: [(&str, &str); 10] = [
    ("client.id", "headwater"),
    ("fetch.error.backoff.ms", "100"),
    ("fetch.message.max.bytes", "4194304"),
    ("fetch.queue.backoff.ms", "20"),
    ("fetch.wait.max.ms", "100"),
    ("log.connection.close", "false"),
    ("queued.max.messages.kbytes", "65536"),
    ("queued.min.messages", "1000000"),
    ("socket.keepalive.enable", "true"),
    ("topic.metadata.refresh.interval.ms", "10000"),
];

/// Those on which the exactness of what is read rests, and what people are told of it. An offset that the log no longer has is an error, not a leap; the
/// classic protocol is the one whose rebalances are delta by delta in this version of librdkafka.
const FIXED: [(&str, &str); 9] = [
    ("allow.auto.create.topics", "false"),
    ("auto.offset.reset", "error"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "false"),
    ("group.protocol", "classic"),
    ("isolation.level", "read_committed"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("statistics.interval.ms", STATISTICS_MS),
];

pub(super) type Consumer = BaseConsumer<Group>;

/// The whole of a consumer's settings.
pub(super) fn config(settings: &KafkaSettings) -> ClientConfig {
    let mut config = heard(ClientConfig::new());
    let own = [("bootstrap.servers", &settings.brokers), ("group.id", &settings.group)];
    let theirs = settings.client.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let own = own.into_iter().map(|(key, value)| (key, value.as_str()));
    for (key, value) in DEFAULTS.into_iter().chain(theirs).chain(FIXED).chain(own) {
        config.set(key, value);
    }
    if let Some(instance) = &settings.instance {
        config.set("group.instance.id", instance);
    }
    config
}

/// Whether librdkafka knows every setting and takes its value. The value is not repeated: it may be a secret.
pub(super) fn check(settings: &KafkaSettings) -> Result<(), IngestError> {
    config(settings).create_native_config().map(drop).map_err(refused)
}

pub(super) fn consumer(settings: &KafkaSettings, shared: Arc<Shared>) -> Result<Consumer, IngestError> {
    config(settings).create_with_context(Group::new(shared)).map_err(refused)
}

/// How long a revoke waits for the taker: less than what the group waits for this process.
pub(super) fn release_at_most(settings: &KafkaSettings) -> Duration {
    let set = settings.client.iter().rev().find(|(key, _)| key == "session.timeout.ms");
    let session_ms = set.and_then(|(_, value)| value.parse().ok()).unwrap_or(SESSION_MS);
    Duration::from_millis(session_ms / 2).min(RELEASE_AT_MOST)
}

/// Number of partitions of a topic; `Ok(None)` when there is no answer, or no such topic: it may come.
///
/// # Errors
/// [`IngestError::Topic`] when the cluster refuses it.
pub(super) fn partitions(consumer: &Consumer, topic: &str) -> Result<Option<u32>, IngestError> {
    let words = consumer.context().words();
    let metadata = match consumer.fetch_metadata(Some(topic), ASK_AT_MOST) {
        Ok(metadata) => metadata,
        Err(error) => {
            words.warn(format!("no answer about topic {topic}: {error}"));
            return Ok(None);
        }
    };
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else { return Ok(None) };
    match found.error().map(RDKafkaErrorCode::from) {
        None => Ok(u32::try_from(found.partitions().len()).ok().filter(|count| *count > 0)),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
            words.warn(format!("there is no topic {topic}; waiting for it"));
            Ok(None)
        }
        Some(code @ RDKafkaErrorCode::TopicAuthorizationFailed) => {
            Err(IngestError::Topic { topic: topic.to_owned(), message: code.to_string() })
        }
        Some(code) => {
            words.warn(format!("topic {topic}: {code}"));
            Ok(None)
        }
    }
}

/// Which offset of a partition to ask for.
#[derive(Clone, Copy)]
pub(super) enum Edge {
    /// The first that is there.
    Low,
    /// The next to be written; where a transaction is open, its first.
    High,
}

/// Asks for an edge of some partitions of a topic, in their order; `None` where there is no answer.
pub(super) fn edges(consumer: &Consumer, topic: &str, partitions: &[i32], edge: Edge) -> Option<Vec<i64>> {
    // The times -2 and -1 stand for the two edges, as in the protocol; so one question does for all partitions.
    let time = match edge {
        Edge::Low => rdkafka::Offset::Beginning,
        Edge::High => rdkafka::Offset::End,
    };
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    let added = partitions.iter().try_for_each(|partition| list.add_partition_offset(topic, *partition, time));
    let asked = added.and_then(|()| consumer.offsets_for_times(list, ASK_AT_MOST));
    let found = asked.and_then(|list| {
        let offset = |partition: &i32| match list.find_partition(topic, *partition) {
            Some(element) => element.error().map(|()| element.offset()),
            None => Ok(rdkafka::Offset::Invalid),
        };
        partitions.iter().map(offset).collect::<Result<Vec<_>, KafkaError>>()
    });
    match found {
        Ok(offsets) => {
            let absolute = |offset| if let rdkafka::Offset::Offset(offset) = offset { Some(offset) } else { None };
            offsets.into_iter().map(absolute).collect()
        }
        Err(error) => {
            consumer.context().words().warn(format!("no answer about offsets of topic {topic}: {error}"));
            None
        }
    }
}

/// Whether waiting cannot mend an error.
pub(super) fn is_fatal(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        Authentication, ClusterAuthorizationFailed, GroupAuthorizationFailed, TopicAuthorizationFailed,
    };
    matches!(error, KafkaError::MessageConsumptionFatal(_))
        || matches!(
            error.rdkafka_error_code(),
            Some(Authentication | ClusterAuthorizationFailed | GroupAuthorizationFailed | TopicAuthorizationFailed)
        )
}
