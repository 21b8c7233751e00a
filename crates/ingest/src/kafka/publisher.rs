//! Records and the group's offsets in Kafka transactions.

use std::borrow::Borrow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headwater_model::{Offset, Partition};
use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::lane::{self, Lane, OutRecord, OutView};
use super::publisher_verdict::{Facts, PublishError};
use super::security;
use super::standing::{Reach, STATISTICS_MS};
use super::words::{Words, heard, refused};
use crate::IngestError;

/// How long a transaction may take until it is given up. With [`ABORT_AT_MOST`] it is the 10 s that the broker gives it
/// too (`transaction.timeout.ms`), and what a revoke may have to wait for.
const WORK_AT_MOST: Duration = Duration::from_secs(7);

/// How long giving it up may take.
const ABORT_AT_MOST: Duration = Duration::from_secs(3);

/// How long a full queue, or the brokers, are waited for at a time.
const MOMENT: Duration = Duration::from_millis(1);

/// Most records of one transaction: what one revoke may have to wait for. Each transaction costs five round trips.
pub const TRANSACTION_RECORDS_MAX: usize = 50_000;

/// What is sent to one partition before the brokers have it: one batch, less than librdkafka's `batch.size` and
/// `batch.num.messages`. Its idempotent producer has one batch in flight for a partition, and while a second one waits
/// its thread spins (2.12.1: `rd_kafka_toppar_producer_serve` asks to be woken at once for what it may not send).
const LANE_BYTES: usize = 900_000;
/// See [`LANE_BYTES`].
const LANE_RECORDS: usize = 9_000;
/// What a record takes in a batch beside key, value and headers, at most.
const RECORD_OVERHEAD_BYTES: usize = 40;

/// Ours, which the user may change. Records without a partition lie where a Java client looks for them.
const DEFAULTS: [(&str, &str); 8] = [
    ("client.id", "headwater"),
    ("compression.level", "1"),
    ("compression.type", "zstd"),
    ("linger.ms", "5"),
    ("log.connection.close", "false"),
    ("partitioner", "murmur2_random"),
    ("queue.buffering.max.kbytes", "65536"),
    ("socket.keepalive.enable", "true"),
];

/// Those on which exactly once, and the bound in time, rest.
const FIXED: [(&str, &str); 8] = [
    ("acks", "all"),
    ("allow.auto.create.topics", "false"),
    ("delivery.report.only.error", "true"),
    ("enable.idempotence", "true"),
    ("message.timeout.ms", "10000"),
    ("socket.timeout.ms", "5000"),
    ("statistics.interval.ms", STATISTICS_MS),
    ("transaction.timeout.ms", "10000"),
];

/// Who publishes, and where.
#[derive(Clone)]
pub struct PublisherSettings {
    /// Addresses to begin with, `host:port`, separated by commas.
    pub brokers: String,
    /// Settings of librdkafka, laid over our own.
    pub client: Vec<(String, String)>,
    /// A producer that starts under this id ends the one that had it.
    pub transactional_id: String,
}

impl fmt::Debug for PublisherSettings {
    /// Without the client's settings, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PublisherSettings { brokers, transactional_id, .. } = self;
        write!(f, "PublisherSettings {{ brokers: {brokers:?}, transactional_id: {transactional_id:?}, .. }}")
    }
}

/// How far the group has published one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOffset {
    /// The input's topic.
    pub topic: Arc<str>,
    /// And partition.
    pub partition: Partition,
    /// The next offset to read: lag reaches 0.
    pub next: Offset,
    /// Kept beside the offset, for people: `epoch=17`.
    pub metadata: String,
}

/// The group's offsets, which are committed with the records or not at all.
pub struct GroupOffsets {
    /// Of the reader's group, read as the transaction begins: it holds the generation that fences a zombie.
    pub metadata: ConsumerGroupMetadata,
    /// Each partition once.
    pub positions: Vec<GroupOffset>,
}

/// Hears of records that were not delivered, on the client's polling thread.
struct Reports {
    words: Words,
    reach: Reach,
    /// The first of the open transaction.
    failed: Mutex<Option<(RDKafkaErrorCode, String)>>,
}

impl Reports {
    fn failed(&self) -> MutexGuard<'_, Option<(RDKafkaErrorCode, String)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.words.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.words.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.reach.hear(&statistics);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
            let said = || (code, format!("topic {} partition {}: {code}", message.topic(), message.partition()));
            self.failed().get_or_insert_with(said);
        }
    }
}

/// One transactional producer.
///
/// Everything that is published goes in transactions, the group's offsets with it, so that a reader of committed records
/// sees all of one or nothing. It is used by one thread at a time.
pub struct Publisher {
    producer: ThreadedProducer<Reports>,
    usable: bool,
}

impl Publisher {
    /// Checks the settings without talking to a broker.
    ///
    /// # Errors
    /// [`IngestError::ClientSetting`] names the setting that librdkafka refuses.
    pub fn check(settings: &PublisherSettings) -> Result<(), IngestError> {
        security::check(&settings.client)?;
        config(settings).create_native_config().map(drop).map_err(refused)
    }

    /// Starts a producer, which ends (fences) another of the same id and decides what that one left open. Waits so long
    /// for a broker.
    ///
    /// # Errors
    /// [`PublishError::Retriable`] when no broker answered in time, [`PublishError::Fatal`] when it may not publish or
    /// a setting is wrong.
    pub fn start(settings: &PublisherSettings, at_most: Duration) -> Result<Publisher, PublishError> {
        Publisher::start_watched(settings, at_most, Reach::default())
    }

    /// The same; `reach` is kept up to date for as long as the producer lives.
    ///
    /// # Errors
    /// As [`Publisher::start`].
    pub fn start_watched(
        settings: &PublisherSettings,
        at_most: Duration,
        reach: Reach,
    ) -> Result<Publisher, PublishError> {
        let deadline = Instant::now() + at_most;
        let wrong = |error: IngestError| PublishError::Fatal { message: error.to_string() };
        Publisher::check(settings).map_err(wrong)?;
        let reports = Reports { words: Words::of("publisher"), reach, failed: Mutex::default() };
        let producer: ThreadedProducer<Reports> =
            config(settings).create_with_context(reports).map_err(|error| wrong(refused(error)))?;
        let publisher = Publisher { producer, usable: true };
        loop {
            let Err(error) = publisher.producer.init_transactions(left(deadline)) else { return Ok(publisher) };
            let facts = publisher.facts(&error);
            if !facts.retriable || Instant::now() >= deadline {
                let said = publisher.producer.client().context().words.last();
                let message = said.map_or(facts.message.clone(), |said| format!("{}; {said}", facts.message));
                return Err(Facts { message, ..facts }.verdict());
            }
        }
    }

    /// Whether it can be used again after what it answered last.
    pub fn usable(&self) -> bool {
        self.usable
    }

    /// Publishes records and offsets in one transaction, within 10 s: all of it, or nothing of it is visible. Nothing at
    /// all to publish is no transaction.
    ///
    /// The offsets go last. When the broker accepts their generation every record lies in its log already, so before
    /// whatever the next owner of the partition writes: even if this process sleeps before it commits, the last value of
    /// a key is the newer one.
    ///
    /// # Errors
    /// See [`PublishError`]; the transaction is over in any case.
    pub fn publish<R: Borrow<OutRecord>>(
        &mut self,
        records: &[R],
        offsets: Option<&GroupOffsets>,
    ) -> Result<(), PublishError> {
        let mut lanes = lane::of(records);
        let mut lanes: Vec<&mut dyn Lane> = lanes.iter_mut().map(|lane| lane as &mut dyn Lane).collect();
        self.publish_lanes(&mut lanes, offsets)
    }

    /// Publishes the records of lanes, as [`Publisher::publish`] does: no more than [`TRANSACTION_RECORDS_MAX`] in all.
    /// The records of a lane keep their order; several lanes go side by side.
    ///
    /// # Errors
    /// See [`PublishError`]; the transaction is over in any case.
    pub fn publish_lanes(
        &mut self,
        lanes: &mut [&mut dyn Lane],
        offsets: Option<&GroupOffsets>,
    ) -> Result<(), PublishError> {
        if !self.usable {
            return Err(PublishError::Fatal { message: "this publisher is used up".into() });
        }
        if lanes.is_empty() && offsets.is_none_or(|offsets| offsets.positions.is_empty()) {
            return Ok(());
        }
        let deadline = Instant::now() + WORK_AT_MOST;
        self.producer.begin_transaction().map_err(|error| self.over(&error))?;
        *self.producer.client().context().failed() = None;
        if let Err(facts) = self.fill(lanes, offsets, deadline) {
            return Err(self.abort(facts));
        }
        self.commit(deadline)
    }

    /// Sends everything and waits until the brokers have it.
    fn fill(
        &self,
        lanes: &mut [&mut dyn Lane],
        offsets: Option<&GroupOffsets>,
        deadline: Instant,
    ) -> Result<(), Facts> {
        let mut open: Vec<usize> = (0..lanes.len()).collect();
        while !open.is_empty() {
            let mut left = Vec::with_capacity(open.len());
            for number in open {
                if self.send_some(lanes[number], deadline)? {
                    left.push(number);
                }
            }
            self.delivered(deadline)?;
            open = left;
        }
        let Some(offsets) = offsets else { return Ok(()) };
        let mut list = TopicPartitionList::with_capacity(offsets.positions.len());
        for position in &offsets.positions {
            let mut element = list.add_partition(&position.topic, position.partition.0);
            element.set_metadata(&position.metadata);
            let next = rdkafka::Offset::Offset(position.next.0);
            element.set_offset(next).map_err(|error| self.facts(&error))?;
        }
        loop {
            let Err(error) = self.producer.send_offsets_to_transaction(&list, &offsets.metadata, left(deadline)) else {
                return Ok(());
            };
            let facts = self.facts(&error);
            if facts.fatal || facts.abortable || !facts.retriable || Instant::now() >= deadline {
                return Err(facts);
            }
            std::thread::sleep(MOMENT);
        }
    }

    /// Hands a batch of a lane to the client. Says whether there may be more.
    fn send_some(&self, lane: &mut dyn Lane, deadline: Instant) -> Result<bool, Facts> {
        let (topic, partition) = (Arc::clone(lane.topic()), lane.partition());
        let (mut bytes, mut records) = (0, 0);
        while bytes < LANE_BYTES && records < LANE_RECORDS {
            let Some(record) = lane.next() else { return Ok(false) };
            bytes += record.bytes() + RECORD_OVERHEAD_BYTES;
            records += 1;
            self.send(&topic, partition, &record, deadline)?;
        }
        Ok(true)
    }

    /// Waits until the brokers have what was sent.
    fn delivered(&self, deadline: Instant) -> Result<(), Facts> {
        loop {
            if let Some((code, message)) = self.producer.client().context().failed().clone() {
                let facts = Facts { code, fatal: false, abortable: true, retriable: false, message };
                return Err(self.cause().unwrap_or(facts));
            }
            let left = self.producer.in_flight_count();
            if left == 0 {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(late(format!("the brokers did not take {left} records in time")));
            }
            std::thread::sleep(MOMENT);
        }
    }

    /// Hands one record to the client; a full queue is waited for.
    fn send(
        &self,
        topic: &str,
        partition: Option<Partition>,
        record: &OutView<'_>,
        deadline: Instant,
    ) -> Result<(), Facts> {
        loop {
            let mut made = BaseRecord::<[u8], [u8]>::to(topic).key(record.key);
            if let Some(value) = record.value {
                made = made.payload(value);
            }
            if let Some(partition) = partition {
                made = made.partition(partition.0);
            }
            if !record.headers.is_empty() {
                let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
                for (key, value) in record.headers {
                    headers = headers.insert(Header { key, value: Some(value) });
                }
                made = made.headers(headers);
            }
            let Err((error, _)) = self.producer.send(made) else { return Ok(()) };
            let facts = self.facts(&error);
            if facts.code != RDKafkaErrorCode::QueueFull {
                let message = format!("topic {topic}: {}", facts.message);
                return Err(Facts { message, ..facts });
            }
            if let Some((code, message)) = self.producer.client().context().failed().clone() {
                return Err(Facts { code, message, ..facts });
            }
            if Instant::now() >= deadline {
                return Err(late("the queue of records stayed full".into()));
            }
            std::thread::sleep(MOMENT);
        }
    }

    fn commit(&mut self, deadline: Instant) -> Result<(), PublishError> {
        loop {
            let Err(error) = self.producer.commit_transaction(left(deadline)) else { return Ok(()) };
            let facts = self.facts(&error);
            let begun = !matches!(error, KafkaError::Flush(_));
            if !begun || (facts.abortable && !facts.fatal) {
                return Err(self.abort(facts));
            }
            if facts.fatal || !facts.retriable {
                return Err(self.over(&error));
            }
            if Instant::now() >= deadline {
                self.usable = false;
                return Err(PublishError::Undecided { message: facts.message });
            }
            std::thread::sleep(MOMENT);
        }
    }

    /// Ends a transaction that failed. What cannot even be aborted the broker aborts, after `transaction.timeout.ms` or
    /// when the next producer of this id starts.
    fn abort(&mut self, why: Facts) -> PublishError {
        if why.fatal {
            self.usable = false;
            return why.verdict();
        }
        let deadline = Instant::now() + ABORT_AT_MOST;
        loop {
            let Err(error) = self.producer.abort_transaction(left(deadline)) else { return why.verdict() };
            let facts = self.facts(&error);
            if facts.fatal || !facts.retriable || Instant::now() >= deadline {
                self.usable = false;
                return if facts.fatal { facts.verdict() } else { why.verdict() };
            }
            std::thread::sleep(MOMENT);
        }
    }

    /// The verdict on an error after which the producer is of no more use.
    fn over(&mut self, error: &KafkaError) -> PublishError {
        self.usable = false;
        self.facts(error).verdict()
    }

    fn facts(&self, error: &KafkaError) -> Facts {
        Facts::of(error, self.producer.client().fatal_error())
    }

    /// Why the client is of no more use, if it is.
    fn cause(&self) -> Option<Facts> {
        let (code, message) = self.producer.client().fatal_error()?;
        Some(Facts { code, fatal: true, abortable: false, retriable: false, message })
    }
}

fn late(message: String) -> Facts {
    let code = RDKafkaErrorCode::OperationTimedOut;
    Facts { code, fatal: false, abortable: true, retriable: false, message }
}

/// The rest of the time, at least a moment: 0 would ask the client not to try at all.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(MOMENT)
}

fn config(settings: &PublisherSettings) -> ClientConfig {
    let mut config = heard(ClientConfig::new());
    let theirs = settings.client.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let own =
        [("bootstrap.servers", settings.brokers.as_str()), ("transactional.id", settings.transactional_id.as_str())];
    for (key, value) in DEFAULTS.into_iter().chain(theirs).chain(FIXED).chain(own) {
        config.set(key, value);
    }
    config
}
