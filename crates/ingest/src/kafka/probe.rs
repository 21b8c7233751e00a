//! What can be known of a cluster without taking part: nothing is read into a group, written, made or changed.
//!
//! The one trace is a transactional id, `GROUP.doctor`, where transactions are asked for: no client can learn whether it
//! may use transactions without naming one. It holds nothing and the cluster forgets it by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message as _, Timestamp};
use rdkafka::producer::{BaseProducer, Producer as _};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::admin::{TopicWish, wait};
use super::ear::{Ear, Unreached};
use super::security;
use super::words::{heard, refused};
use crate::IngestError;

/// How long one question may take: a broker that is well answers in milliseconds.
const ASK_AT_MOST: Duration = Duration::from_secs(5);

/// How long is waited for records of a topic: an answer with data, or the word that there are none, comes at once.
const READ_AT_MOST: Duration = Duration::from_secs(5);

/// Words that wait to be told, and how long the next is waited for.
const LISTEN_TO_MAX: usize = 256;
const LISTEN_AT_MOST: Duration = Duration::from_millis(100);

/// How long all partitions of a topic may take together.
const EDGES_AT_MOST: Duration = Duration::from_secs(10);

/// Ours, which the user may change: what is not there after so long is away, for a person waits for the answer.
const DEFAULTS: [(&str, &str); 3] = [
    ("client.id", "headwater-doctor"),
    // Why a connection fails is among what only this lets it say. Nothing of it is shown but that.
    ("debug", "broker"),
    ("socket.connection.setup.timeout.ms", "4000"),
];

/// Nothing is made by asking, nothing is committed, and the end of a partition is told.
const FIXED: [(&str, &str); 6] = [
    ("allow.auto.create.topics", "false"),
    ("auto.offset.reset", "error"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
    ("isolation.level", "read_committed"),
];

/// Whom to ask, and about what.
#[derive(Clone)]
pub struct ProbeSettings {
    /// Addresses to begin with, `host:port`, separated by commas.
    pub brokers: String,
    /// Settings of librdkafka.
    pub client: Vec<(String, String)>,
    /// The group that the product joins.
    pub group: String,
    /// Topics that are read.
    pub topics: Vec<Arc<str>>,
    /// Topics that are written, where results go to this cluster.
    pub outputs: Vec<TopicWish>,
}

impl fmt::Debug for ProbeSettings {
    /// Without the client's settings, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProbeSettings { brokers, group, topics, outputs, .. } = self;
        f.debug_struct("ProbeSettings")
            .field("brokers", brokers)
            .field("group", group)
            .field("topics", topics)
            .field("outputs", outputs)
            .finish_non_exhaustive()
    }
}

/// What is known of a cluster.
#[derive(Debug)]
pub struct ClusterFacts {
    /// Addresses of its brokers, as they give them.
    pub brokers: Vec<String>,
    /// What went wrong on the way although some broker answered.
    pub troubles: Vec<Unreached>,
    /// Of each topic that is read.
    pub topics: BTreeMap<Arc<str>, TopicFacts>,
    /// Of each topic that is written.
    pub outputs: BTreeMap<Arc<str>, OutputFacts>,
    /// The group: its state and members, or why that is not known.
    pub group: Result<GroupFacts, String>,
    /// Whether transactions can be begun; none where nothing is written.
    pub transactions: Option<Result<(), String>>,
}

/// Whether a topic is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// With so many partitions.
    Partitions(u32),
    /// It is not.
    Missing,
    /// This client may not know.
    Forbidden,
    /// It is not known, for this reason.
    Unknown(String),
}

/// A topic that is read.
#[derive(Clone, Debug)]
pub struct TopicFacts {
    /// Whether it is there.
    pub found: Found,
    /// Its edges and what the group has committed, by partition; those without an answer are absent.
    pub partitions: BTreeMap<i32, PartitionFacts>,
    /// Whether its records may be read.
    pub readable: Result<(), String>,
    /// Whether the group's offsets may be read.
    pub offsets: Result<(), String>,
    /// Its `cleanup.policy`, where it may be known.
    pub policy: Option<String>,
    /// Newest time that a broker itself gave to a record (milliseconds since 1970), where its brokers give times.
    pub stamped_ms: Option<i64>,
}

/// A partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionFacts {
    /// The first offset that is there.
    pub low: i64,
    /// The next to be written.
    pub high: i64,
    /// The group's offset.
    pub committed: Option<i64>,
}

/// A topic that is written.
#[derive(Clone, Debug)]
pub struct OutputFacts {
    /// Whether it is there.
    pub found: Found,
    /// Whether its old values of a key may go.
    pub compacted: bool,
    /// Its `cleanup.policy`, where it may be known.
    pub policy: Option<String>,
    /// Whether it could be made, where it is missing.
    pub may_make: Option<Result<(), String>>,
}

/// The state of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupFacts {
    /// The cluster's word; empty where there is no such group yet.
    pub state: String,
    /// `client id at host` of each member.
    pub members: Vec<String>,
}

/// Asks a cluster.
///
/// # Errors
/// Settings that librdkafka does not take, or the reason why no broker answers.
pub fn probe(settings: &ProbeSettings) -> Result<ClusterFacts, ProbeError> {
    security::check(&settings.client)?;
    let config = config(settings);
    let consumer: BaseConsumer<Ear> = config.create_with_context(Ear::default()).map_err(refused)?;
    let metadata = match consumer.fetch_metadata(None, ASK_AT_MOST) {
        Ok(metadata) => metadata,
        Err(error) => {
            listen(&consumer);
            return Err(ProbeError::Unreached(consumer.context().why(&error.to_string())));
        }
    };
    let brokers = metadata.brokers().iter().map(|broker| format!("{}:{}", broker.host(), broker.port())).collect();
    let there: BTreeSet<&str> = metadata.topics().iter().map(|topic| topic.name()).collect();
    let admin: AdminClient<Ear> = config.create_with_context(Ear::default()).map_err(refused)?;
    let policies = policies(&admin, settings, &there);
    let topics = settings.topics.iter().map(|name| (Arc::clone(name), topic(&consumer, name, policies.get(&**name))));
    let topics = topics.collect();
    let outputs = settings.outputs.iter();
    let outputs = outputs.map(|wish| (Arc::clone(&wish.name), output(&consumer, &admin, wish, &policies))).collect();
    let group = group(&consumer, &settings.group);
    let transactions = (!settings.outputs.is_empty()).then(|| transactions(&config, &settings.group));
    listen(&consumer);
    let troubles = consumer.context().troubles();
    Ok(ClusterFacts { brokers, troubles, topics, outputs, group, transactions })
}

/// Why nothing is known of a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Its settings are refused.
    #[error(transparent)]
    Settings(#[from] IngestError),
    /// No broker answers.
    #[error("{0}")]
    Unreached(Unreached),
}

fn config(settings: &ProbeSettings) -> ClientConfig {
    let mut config = heard(ClientConfig::new());
    let theirs = settings.client.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let own = [("bootstrap.servers", settings.brokers.as_str()), ("group.id", settings.group.as_str())];
    for (key, value) in DEFAULTS.into_iter().chain(theirs).chain(FIXED).chain(own) {
        config.set(key, value);
    }
    config
}

/// Lets the client tell what it has to tell: it does so where it is polled.
fn listen(consumer: &BaseConsumer<Ear>) {
    for _ in 0..LISTEN_TO_MAX {
        if consumer.poll(LISTEN_AT_MOST).is_none() {
            return;
        }
    }
}

/// Whether a topic is there, asked for by name: one that may not be seen is told from one that is not there.
fn found(consumer: &BaseConsumer<Ear>, name: &str) -> Found {
    let metadata = match consumer.fetch_metadata(Some(name), ASK_AT_MOST) {
        Ok(metadata) => metadata,
        Err(error) => return Found::Unknown(error.to_string()),
    };
    let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == name) else { return Found::Missing };
    match topic.error().map(RDKafkaErrorCode::from) {
        None if topic.partitions().is_empty() => Found::Missing,
        None => Found::Partitions(u32::try_from(topic.partitions().len()).unwrap_or(u32::MAX)),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Found::Missing,
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Found::Forbidden,
        Some(code) => Found::Unknown(code.to_string()),
    }
}

/// `cleanup.policy` of the topics that are there, where this client may know it.
fn policies(admin: &AdminClient<Ear>, settings: &ProbeSettings, there: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let written = settings.outputs.iter().map(|wish| &*wish.name);
    let names: Vec<&str> =
        settings.topics.iter().map(|name| &**name).chain(written).filter(|name| there.contains(name)).collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    let asked: Vec<ResourceSpecifier<'_>> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let options = AdminOptions::new().request_timeout(Some(ASK_AT_MOST));
    let Some(Ok(answers)) = wait(admin.describe_configs(&asked, &options), ASK_AT_MOST) else { return BTreeMap::new() };
    let policy = |answer: rdkafka::admin::ConfigResource| {
        let value = answer.get("cleanup.policy")?.value.clone()?;
        match answer.specifier {
            OwnedResourceSpecifier::Topic(name) => Some((name, value)),
            _ => None,
        }
    };
    answers.into_iter().flatten().filter_map(policy).collect()
}

fn topic(consumer: &BaseConsumer<Ear>, name: &str, policy: Option<&String>) -> TopicFacts {
    let found = found(consumer, name);
    let mut facts = TopicFacts {
        partitions: BTreeMap::new(),
        readable: Ok(()),
        offsets: Ok(()),
        policy: policy.cloned(),
        stamped_ms: None,
        found,
    };
    let Found::Partitions(count) = facts.found else { return facts };
    let all: Vec<i32> = (0..i32::try_from(count).unwrap_or(i32::MAX)).collect();
    let deadline = Instant::now() + EDGES_AT_MOST;
    for partition in &all {
        let left = deadline.saturating_duration_since(Instant::now()).min(ASK_AT_MOST);
        if left.is_zero() {
            break;
        }
        if let Ok((low, high)) = consumer.fetch_watermarks(name, *partition, left) {
            facts.partitions.insert(*partition, PartitionFacts { low, high, committed: None });
        }
    }
    match committed(consumer, name, &all) {
        Ok(offsets) => {
            for (partition, offset) in offsets {
                if let Some(facts) = facts.partitions.get_mut(&partition) {
                    facts.committed = Some(offset);
                }
            }
        }
        Err(error) => facts.offsets = Err(error.to_string()),
    }
    match read(consumer, name, &all) {
        Ok(stamped_ms) => facts.stamped_ms = stamped_ms,
        Err(error) => facts.readable = Err(error),
    }
    facts
}

fn committed(consumer: &BaseConsumer<Ear>, name: &str, partitions: &[i32]) -> Result<BTreeMap<i32, i64>, KafkaError> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(name, *partition);
    }
    let deadline = Instant::now() + EDGES_AT_MOST;
    let list = loop {
        match consumer.committed_offsets(list.clone(), ASK_AT_MOST) {
            // A coordinator that has been found just now, of a cluster that never had a group, may not know it yet.
            Err(error) if is_settling(&error) && Instant::now() < deadline => listen(consumer),
            other => break other?,
        }
    };
    let mut found = BTreeMap::new();
    for element in list.elements() {
        element.error()?;
        if let rdkafka::Offset::Offset(offset) = element.offset() {
            found.insert(element.partition(), offset);
        }
    }
    Ok(found)
}

/// Whether a group's coordinator is about to know that it is one.
fn is_settling(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator};
    let code = error.rdkafka_error_code();
    matches!(code, Some(CoordinatorLoadInProgress | CoordinatorNotAvailable | NotCoordinator))
}

/// Reads the last record of each partition, without being a member of any group; gives the newest time that a broker gave.
fn read(consumer: &BaseConsumer<Ear>, name: &str, partitions: &[i32]) -> Result<Option<i64>, String> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        let last = list.add_partition_offset(name, *partition, rdkafka::Offset::OffsetTail(1));
        last.map_err(|error| error.to_string())?;
    }
    consumer.assign(&list).map_err(|error| error.to_string())?;
    let outcome = read_assigned(consumer, partitions);
    let _ = consumer.unassign();
    outcome
}

fn read_assigned(consumer: &BaseConsumer<Ear>, partitions: &[i32]) -> Result<Option<i64>, String> {
    let mut waited: BTreeSet<i32> = partitions.iter().copied().collect();
    let (mut newest, deadline) = (None, Instant::now() + READ_AT_MOST);
    while !waited.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("no answer of {} partitions within {} s", waited.len(), READ_AT_MOST.as_secs()));
        }
        match consumer.poll(left) {
            None => {}
            Some(Ok(message)) => {
                if let Timestamp::LogAppendTime(ms) = message.timestamp() {
                    newest = newest.max(Some(ms));
                }
                waited.remove(&message.partition());
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                waited.remove(&partition);
            }
            // Whatever else is the matter may pass before the time is over.
            Some(Err(error)) => {
                if let Some(code @ RDKafkaErrorCode::TopicAuthorizationFailed) = error.rdkafka_error_code() {
                    return Err(code.to_string());
                }
            }
        }
    }
    Ok(newest)
}

fn output(
    consumer: &BaseConsumer<Ear>,
    admin: &AdminClient<Ear>,
    wish: &TopicWish,
    policies: &BTreeMap<String, String>,
) -> OutputFacts {
    let found = found(consumer, &wish.name);
    let may_make = (found == Found::Missing).then(|| may_make(admin, wish));
    OutputFacts { found, compacted: wish.compacted, policy: policies.get(&*wish.name).cloned(), may_make }
}

/// Asks whether a topic could be made; the broker only checks the wish.
fn may_make(admin: &AdminClient<Ear>, wish: &TopicWish) -> Result<(), String> {
    let partitions = i32::try_from(wish.partitions).unwrap_or(i32::MAX);
    let topic = NewTopic::new(&wish.name, partitions, TopicReplication::Fixed(-1)).set("cleanup.policy", wish.policy());
    let options = AdminOptions::new().request_timeout(Some(ASK_AT_MOST)).validate_only(true);
    let answer = wait(admin.create_topics([&topic], &options), ASK_AT_MOST);
    let results = answer.ok_or("no answer")?.map_err(|error| error.to_string())?;
    match results.into_iter().next() {
        Some(Err((_, code))) if code != RDKafkaErrorCode::TopicAlreadyExists => Err(code.to_string()),
        _ => Ok(()),
    }
}

fn group(consumer: &BaseConsumer<Ear>, name: &str) -> Result<GroupFacts, String> {
    let list = consumer.fetch_group_list(Some(name), ASK_AT_MOST).map_err(|error| error.to_string())?;
    let Some(group) = list.groups().iter().find(|group| group.name() == name) else { return Ok(GroupFacts::default()) };
    let members = group.members().iter().map(|member| format!("{} at {}", member.client_id(), member.client_host()));
    Ok(GroupFacts { state: group.state().to_owned(), members: members.collect() })
}

/// Whether a transactional producer can begin.
fn transactions(config: &ClientConfig, group: &str) -> Result<(), String> {
    let mut config = config.clone();
    for key in
        ["group.id", "auto.offset.reset", "enable.auto.commit", "enable.auto.offset.store", "enable.partition.eof"]
    {
        config.remove(key);
    }
    config.remove("isolation.level").set("transactional.id", format!("{group}.doctor"));
    let producer: BaseProducer<Ear> =
        config.create_with_context(Ear::default()).map_err(|error| refused(error).to_string())?;
    producer.init_transactions(ASK_AT_MOST).map_err(|error| error.to_string())
}
