//! What librdkafka says of itself, carried into our log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::IngestError;

/// The same words are logged once in so long.
const REPEAT_AFTER: Duration = Duration::from_secs(10);

/// The log of one client. A broker that is away says so many times a second; the log says it once in a while.
pub(super) struct Words {
    who: &'static str,
    last: Mutex<Option<(String, Instant)>>,
    cause: Mutex<Option<String>>,
}

impl Words {
    /// Of a client that does this.
    pub fn of(who: &'static str) -> Words {
        Words { who, last: Mutex::default(), cause: Mutex::default() }
    }

    /// Logs a warning, unless the same was logged just now.
    pub fn warn(&self, words: String) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_some_and(|(said, at)| *said == words && at.elapsed() < REPEAT_AFTER) {
            return;
        }
        tracing::warn!("kafka {}: {words}", self.who);
        *last = Some((words, Instant::now()));
    }

    /// The last error that says why: not that all brokers are down, which follows whatever was the matter with each.
    pub fn last(&self) -> Option<String> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Words {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                self.warn(format!("{facility} {message}"));
            }
            _ => tracing::debug!("kafka {}: {facility} {message}", self.who),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        let words = code.map_or_else(|| reason.to_owned(), |code| format!("{code:?}: {reason}"));
        if code != Some(RDKafkaErrorCode::AllBrokersDown) {
            *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = Some(words.clone());
        }
        self.warn(words);
    }
}

/// A consumer that joins no group has nothing else to say.
impl ConsumerContext for Words {}

/// What librdkafka says of settings that it does not take. The value is not repeated: it may be a secret.
pub(super) fn refused(error: KafkaError) -> IngestError {
    match error {
        KafkaError::ClientConfig(_, message, key, _) => IngestError::ClientSetting { key, message },
        other => IngestError::Client { message: other.to_string() },
    }
}
