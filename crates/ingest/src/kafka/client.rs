//! The consumer: its settings, its log, and the questions that are asked of it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::KafkaSettings;
use crate::IngestError;

/// The same words are logged once in so long.
const REPEAT_AFTER: Duration = Duration::from_secs(10);

/// How long one question to a broker may take.
pub(super) const ASK_AT_MOST: Duration = Duration::from_secs(2);

/// Ours, which the user may change. What a partition fetches is bounded by bytes, not by number of messages, and a full
/// queue is looked at again soon: the defaults (100,000 messages, 1 s) starve small messages and flood with large ones.
const DEFAULTS: [(&str, &str); 9] = [
    ("client.id", "headwater"),
    ("fetch.error.backoff.ms", "100"),
    ("fetch.message.max.bytes", "4194304"),
    ("fetch.queue.backoff.ms", "20"),
    ("fetch.wait.max.ms", "100"),
    ("log.connection.close", "false"),
    ("queued.max.messages.kbytes", "65536"),
    ("queued.min.messages", "1000000"),
    ("socket.keepalive.enable", "true"),
];

/// Those on which the exactness of what is read rests.
const FIXED: [(&str, &str); 6] = [
    ("allow.auto.create.topics", "false"),
    ("auto.offset.reset", "earliest"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "false"),
    ("isolation.level", "read_committed"),
];

pub(super) type Consumer = BaseConsumer<Context>;

/// Carries librdkafka's words into our log, the same words only once in a while.
#[derive(Default)]
pub(super) struct Context {
    last: Mutex<Option<(String, Instant)>>,
}

impl Context {
    /// Logs a warning, unless the same was logged just now.
    pub fn warn(&self, words: String) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_some_and(|(said, at)| *said == words && at.elapsed() < REPEAT_AFTER) {
            return;
        }
        tracing::warn!("kafka: {words}");
        *last = Some((words, Instant::now()));
    }

    /// The last warning.
    pub fn last(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(words, _)| words.clone())
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!("kafka: {facility} {message}");
            }
            _ => tracing::debug!("kafka: {facility} {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.warn(match error.rdkafka_error_code() {
            Some(code) => format!("{code:?}: {reason}"),
            None => reason.to_owned(),
        });
    }
}

impl ConsumerContext for Context {}

fn config(settings: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
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

fn refused(error: KafkaError) -> IngestError {
    match error {
        KafkaError::ClientConfig(_, message, key, _) => IngestError::ClientSetting { key, message },
        other => IngestError::Client { message: other.to_string() },
    }
}

/// Whether librdkafka knows every setting and takes its value. The value is not repeated: it may be a secret.
pub(super) fn check(settings: &KafkaSettings) -> Result<(), IngestError> {
    config(settings).create_native_config().map(drop).map_err(refused)
}

pub(super) fn consumer(settings: &KafkaSettings) -> Result<Consumer, IngestError> {
    check(settings)?;
    config(settings).create_with_context(Context::default()).map_err(refused)
}

/// Number of partitions of a topic; `Ok(None)` when no broker answered.
///
/// # Errors
/// [`IngestError::Topic`] when the cluster says that there is no such topic, or refuses it.
pub(super) fn partitions(consumer: &Consumer, topic: &str) -> Result<Option<usize>, IngestError> {
    let metadata = match consumer.fetch_metadata(Some(topic), ASK_AT_MOST) {
        Ok(metadata) => metadata,
        Err(error) => {
            consumer.context().warn(format!("no answer about topic {topic}: {error}"));
            return Ok(None);
        }
    };
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else { return Ok(None) };
    match found.error().map(RDKafkaErrorCode::from) {
        None => Ok(Some(found.partitions().len())),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
            Err(IngestError::Topic { topic: topic.to_owned(), message: "there is no such topic".into() })
        }
        Some(RDKafkaErrorCode::LeaderNotAvailable) => Ok(None),
        Some(code) => Err(IngestError::Topic { topic: topic.to_owned(), message: code.to_string() }),
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
