//! Filling a topic, for benches: as fast as one client can, and not in transactions.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::security;
use super::words::{Words, refused};
use crate::IngestError;

/// Large batches, so that the broker has little to do, a queue bounded by bytes alone, and reports of failures only; keys
/// lie where a Java client puts them. The client gives up a
/// record after `message.timeout.ms`, so a fill ends even where the brokers go away.
const DEFAULTS: [(&str, &str); 11] = [
    ("acks", "all"),
    ("batch.size", "1048576"),
    ("client.id", "headwater"),
    ("compression.type", "zstd"),
    ("delivery.report.only.error", "true"),
    ("linger.ms", "50"),
    ("log.connection.close", "false"),
    ("message.timeout.ms", "30000"),
    ("partitioner", "murmur2_random"),
    ("queue.buffering.max.kbytes", "131072"),
    ("queue.buffering.max.messages", "1000000"),
];

/// Records between two looks at what is reported.
const LOOK_EVERY: u64 = 4_096;

/// How long a full queue is waited for at a time.
const MOMENT: Duration = Duration::from_millis(5);

/// How long the last records may take.
const FINISH_AT_MOST: Duration = Duration::from_secs(60);

/// Hears of the records that were not taken.
struct Reports {
    words: Words,
    failed: Mutex<Option<String>>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.words.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.words.error(error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert_with(|| format!("partition {}: {error}", message.partition()));
        }
    }
}

/// Sends records to one topic.
pub struct Filler {
    producer: BaseProducer<Reports>,
    topic: Arc<str>,
    sent: u64,
}

impl Filler {
    /// To a topic that is there.
    ///
    /// # Errors
    /// [`IngestError::ClientSetting`] or [`IngestError::Client`].
    pub fn start(brokers: &str, client: &[(String, String)], topic: &str) -> Result<Filler, IngestError> {
        security::check(client)?;
        let mut config = ClientConfig::new();
        let theirs = client.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let own = [("bootstrap.servers", brokers), ("allow.auto.create.topics", "false")];
        for (key, value) in DEFAULTS.into_iter().chain(theirs).chain(own) {
            config.set(key, value);
        }
        let reports = Reports { words: Words::of("filler"), failed: Mutex::default() };
        let producer = config.create_with_context(reports).map_err(refused)?;
        Ok(Filler { producer, topic: topic.into(), sent: 0 })
    }

    /// Sends a record; the key's hash chooses the partition. A full queue is waited for.
    ///
    /// # Errors
    /// [`IngestError::Topic`] when the record, or an earlier one, was not taken.
    pub fn send(&mut self, key: &[u8], value: &[u8]) -> Result<(), IngestError> {
        loop {
            let record = BaseRecord::<[u8], [u8]>::to(&self.topic).key(key).payload(value);
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    self.producer.poll(MOMENT);
                    self.check()?;
                }
                Err((error, _)) => return Err(self.failed(error.to_string())),
            }
        }
        self.sent += 1;
        if self.sent.is_multiple_of(LOOK_EVERY) {
            self.producer.poll(Duration::ZERO);
            self.check()?;
        }
        Ok(())
    }

    /// Waits until the brokers have every record.
    ///
    /// # Errors
    /// [`IngestError::Topic`] when one was not taken, or not in time.
    pub fn finish(self) -> Result<(), IngestError> {
        let deadline = Instant::now() + FINISH_AT_MOST;
        while self.producer.in_flight_count() > 0 {
            if Instant::now() >= deadline {
                return Err(self.failed(format!("not all records were taken within {} s", FINISH_AT_MOST.as_secs())));
            }
            self.producer.poll(MOMENT);
            self.check()?;
        }
        self.check()
    }

    fn check(&self) -> Result<(), IngestError> {
        let reports = self.producer.client().context();
        let failed = reports.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failed.map_or(Ok(()), |message| Err(self.failed(message)))
    }

    fn failed(&self, message: String) -> IngestError {
        let said = self.producer.client().context().words.last();
        let message = said.map_or(message.clone(), |said| format!("{message}; {said}"));
        IngestError::Topic { topic: self.topic.to_string(), message }
    }
}
