//! What librdkafka says of itself, carried into our log.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use headwater_log::{KafkaSaid, KafkaTrouble, SAY_EVERY, Trouble};
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::IngestError;

/// Different troubles of one client that are told apart: each broker of a large cluster may have two of its own.
const TROUBLES_MAX: usize = 64;

/// The log of one client. A broker that is away says so many times a second; the log says it once in a while.
pub(super) struct Words {
    who: &'static str,
    said: Mutex<VecDeque<(String, Trouble, Instant)>>,
    cause: Mutex<Option<String>>,
}

impl Words {
    /// Of a client that does this.
    pub fn of(who: &'static str) -> Words {
        Words { who, said: Mutex::default(), cause: Mutex::default() }
    }

    /// Logs a warning, unless the same was logged just now.
    pub fn warn(&self, words: String) {
        if let Some(times) = self.is_due(&words, Instant::now()) {
            KafkaTrouble { client: self.who, answer: &words, times }.log();
        }
    }

    /// How often the same came since it was said last, where it is to be said now. What differs in its numbers alone,
    /// such as how long a broker was waited for, is the same.
    fn is_due(&self, words: &str, now: Instant) -> Option<u64> {
        let same = numberless(words);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        // What did not come for a while is over: when it comes again, it is news.
        said.retain(|(_, _, met)| now.saturating_duration_since(*met) < SAY_EVERY * 2);
        if let Some((_, trouble, met)) = said.iter_mut().find(|(known, _, _)| *known == same) {
            *met = now;
            return trouble.again(now).map(|lasting| lasting.times);
        }
        if said.len() >= TROUBLES_MAX {
            said.pop_front();
        }
        let mut trouble = Trouble::default();
        let due = trouble.again(now).map(|lasting| lasting.times);
        said.push_back((same, trouble, now));
        due
    }

    /// The last error that says why: not that all brokers are down, which follows whatever was the matter with each.
    pub fn last(&self) -> Option<String> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The words without their numbers.
fn numberless(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for char in words.chars() {
        match char {
            digit if digit.is_ascii_digit() => {
                if !text.ends_with('0') {
                    text.push('0');
                }
            }
            other => text.push(other),
        }
    }
    text
}

impl ClientContext for Words {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                self.warn(format!("{facility} {message}"));
            }
            _ => KafkaSaid { client: self.who, answer: &format!("{facility} {message}") }.log(),
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

/// Lets librdkafka say all that it has to say; how much of it is written, the log's own filter decides.
pub(super) fn heard(mut config: ClientConfig) -> ClientConfig {
    config.set_log_level(RDKafkaLogLevel::Debug);
    config
}

/// What librdkafka says of settings that it does not take. The value is not repeated: it may be a secret.
pub(super) fn refused(error: KafkaError) -> IngestError {
    match error {
        KafkaError::ClientConfig(_, message, key, _) => IngestError::ClientSetting { key, message },
        other => IngestError::Client { message: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_said_once_in_a_while_and_another_at_once() {
        let words = Words::of("consumer");
        let now = Instant::now();
        let text = |ms: u64, broker: &str| format!("{broker}: Connection refused (after {ms}ms, 30 identical)");
        assert_eq!(words.is_due(&text(0, "a:1"), now), Some(1));
        assert_eq!(words.is_due(&text(17, "a:1"), now), None, "only its numbers differ");
        assert_eq!(words.is_due(&text(3, "b:1"), now), Some(1));
        assert_eq!(words.is_due(&text(4, "a:1"), now + SAY_EVERY), Some(3));
        assert_eq!(words.is_due(&text(4, "a:1"), now + SAY_EVERY * 4), Some(1), "it was over");
        for n in 0..TROUBLES_MAX * 2 {
            words.is_due(&"x".repeat(n + 1), now + SAY_EVERY * 4);
        }
        assert_eq!(words.said.lock().unwrap().len(), TROUBLES_MAX);
    }
}
