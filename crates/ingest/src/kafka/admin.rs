//! The topics that we write to.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use headwater_log::TopicCreated;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::ClientContext as _;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::security;
use super::words::{Words, heard, refused};
use crate::IngestError;

/// How long one question to a broker may take; a caller's patience may be longer, and hold several.
const ASK_AT_MOST: Duration = Duration::from_secs(5);

/// How long is waited between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// A topic that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicWish {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is made; one that exists keeps its number.
    pub partitions: u32,
    /// Whether the last value of a key is kept for ever, or every record for a while.
    pub compacted: bool,
}

impl TopicWish {
    /// Its `cleanup.policy`.
    pub(super) fn policy(&self) -> &'static str {
        if self.compacted { "compact" } else { "delete" }
    }
}

/// Asks the cluster about topics, and makes them.
pub struct Admin {
    client: AdminClient<Words>,
    brokers: String,
}

impl Admin {
    /// Of a cluster: addresses to begin with and settings of librdkafka. Talks to no broker yet.
    ///
    /// # Errors
    /// [`IngestError::ClientSetting`] or [`IngestError::Client`].
    pub fn start(brokers: &str, client: &[(String, String)]) -> Result<Admin, IngestError> {
        security::check(client)?;
        let mut config = heard(ClientConfig::new());
        let theirs = client.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        // Asking for a topic must not make it, with whatever number of partitions the broker likes.
        let own = [("bootstrap.servers", brokers), ("allow.auto.create.topics", "false")];
        for (key, value) in [("client.id", "headwater")].into_iter().chain(theirs).chain(own) {
            config.set(key, value);
        }
        let client = config.create_with_context(Words::of("admin")).map_err(refused)?;
        Ok(Admin { client, brokers: brokers.to_owned() })
    }

    /// Makes the topics that are missing, with the broker's own replication, and waits until they are there. Those that
    /// are there stay as they are.
    ///
    /// # Errors
    /// [`IngestError::Topic`] where one is missing and may not be made, with what to ask for; [`IngestError::Unreachable`]
    /// when no broker answers for so long.
    pub fn ensure_topics(&self, wishes: &[TopicWish], at_most: Duration) -> Result<(), IngestError> {
        let deadline = Instant::now() + at_most;
        loop {
            let found = self.topics(deadline, at_most)?;
            let missing: Vec<&TopicWish> = wishes.iter().filter(|wish| !found.contains_key(&*wish.name)).collect();
            if missing.is_empty() {
                return Ok(());
            }
            self.create(&missing)?;
            self.pause(deadline, at_most)?;
        }
    }

    /// Partitions of a topic, or `None` where there is no such topic.
    ///
    /// # Errors
    /// [`IngestError::Unreachable`] when no broker answers for so long.
    pub fn partitions(&self, topic: &str, at_most: Duration) -> Result<Option<u32>, IngestError> {
        Ok(self.topics(Instant::now() + at_most, at_most)?.get(topic).copied())
    }

    /// Deletes topics; those that are not there are deleted already.
    ///
    /// # Errors
    /// [`IngestError::Topic`] where one may not be deleted; [`IngestError::Unreachable`] when no broker answers.
    pub fn delete_topics(&self, topics: &[&str]) -> Result<(), IngestError> {
        let options = AdminOptions::new().request_timeout(Some(ASK_AT_MOST)).operation_timeout(Some(ASK_AT_MOST));
        let answer = wait(self.client.delete_topics(topics, &options), ASK_AT_MOST + PAUSE);
        let unreachable = |message: String| {
            let (brokers, seconds) = (self.brokers.clone(), ASK_AT_MOST.as_secs());
            Err(IngestError::Unreachable { brokers, seconds, message })
        };
        let results = match answer {
            Some(Ok(results)) => results,
            Some(Err(error)) => return unreachable(error.to_string()),
            None => return unreachable("no answer to the wish that topics be deleted".into()),
        };
        for result in results {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)) => {}
                Err((topic, code)) => {
                    return Err(IngestError::Topic { topic, message: format!("it cannot be deleted: {code}") });
                }
            }
        }
        Ok(())
    }

    /// Deletes a group without members, offsets and all; one that is not there is deleted already.
    ///
    /// # Errors
    /// [`IngestError::Client`] where it may not be deleted, or no broker answers.
    pub fn delete_group(&self, group: &str) -> Result<(), IngestError> {
        let options = AdminOptions::new().request_timeout(Some(ASK_AT_MOST));
        let failed = |why: String| Err(IngestError::Client { message: format!("group {group} is not deleted: {why}") });
        let results = match wait(self.client.delete_groups(&[group], &options), ASK_AT_MOST + PAUSE) {
            Some(Ok(results)) => results,
            Some(Err(error)) => return failed(error.to_string()),
            None => return failed("no answer".into()),
        };
        match results.into_iter().next() {
            Some(Err((_, code))) if code != RDKafkaErrorCode::GroupIdNotFound => failed(code.to_string()),
            _ => Ok(()),
        }
    }

    /// Every topic that this client may see, with its number of partitions. Topics are not asked for by name: a broker
    /// that makes topics by itself would make them.
    fn topics(&self, deadline: Instant, at_most: Duration) -> Result<BTreeMap<String, u32>, IngestError> {
        loop {
            let ask = ASK_AT_MOST.min(deadline.saturating_duration_since(Instant::now())).max(PAUSE);
            match self.client.inner().fetch_metadata(None, ask) {
                Ok(metadata) => {
                    let there = metadata.topics().iter().filter(|topic| !topic.partitions().is_empty());
                    let count = |partitions: usize| u32::try_from(partitions).unwrap_or(u32::MAX);
                    return Ok(there.map(|topic| (topic.name().to_owned(), count(topic.partitions().len()))).collect());
                }
                Err(error) => self.client.inner().context().error(error, "no answer about topics"),
            }
            self.pause(deadline, at_most)?;
        }
    }

    /// Asks once. A failure that time may mend is only logged: the caller looks again.
    fn create(&self, wishes: &[&TopicWish]) -> Result<(), IngestError> {
        let made: Vec<NewTopic<'_>> = wishes
            .iter()
            .map(|wish| {
                let partitions = i32::try_from(wish.partitions).unwrap_or(i32::MAX);
                NewTopic::new(&wish.name, partitions, TopicReplication::Fixed(-1)).set("cleanup.policy", wish.policy())
            })
            .collect();
        let options = AdminOptions::new().request_timeout(Some(ASK_AT_MOST)).operation_timeout(Some(ASK_AT_MOST));
        let words = self.client.inner().context();
        let answer = wait(self.client.create_topics(&made, &options), ASK_AT_MOST + PAUSE);
        let results = match answer {
            Some(Ok(results)) => results,
            Some(Err(error)) => {
                words.error(error, "no answer to the wish for topics");
                return Ok(());
            }
            None => {
                words.warn("no answer to the wish for topics".into());
                return Ok(());
            }
        };
        for (wish, result) in wishes.iter().zip(results) {
            let Err((topic, code)) = result else {
                TopicCreated { topic: &wish.name, partitions: wish.partitions, policy: wish.policy() }.log();
                continue;
            };
            if !may_mend(code) {
                let (partitions, policy) = (wish.partitions, wish.policy());
                let message = format!(
                    "there is no such topic, and it cannot be made: {code}; make it with {partitions} partitions and \
                     cleanup.policy={policy}, or let this client make topics"
                );
                return Err(IngestError::Topic { topic, message });
            }
            if code != RDKafkaErrorCode::TopicAlreadyExists {
                words.error(KafkaError::AdminOp(code), &format!("topic {topic} cannot be made yet: {code}"));
            }
        }
        Ok(())
    }

    fn pause(&self, deadline: Instant, at_most: Duration) -> Result<(), IngestError> {
        if Instant::now() >= deadline {
            let said = self.client.inner().context().last();
            return Err(IngestError::Unreachable {
                brokers: self.brokers.clone(),
                seconds: at_most.as_secs(),
                message: said.unwrap_or_else(|| "it said nothing".into()),
            });
        }
        thread::sleep(PAUSE);
        Ok(())
    }
}

/// Whether a topic that cannot be made now may be there, or be made, in a moment.
fn may_mend(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::TopicAlreadyExists
            | Code::NotController
            | Code::RequestTimedOut
            | Code::OperationTimedOut
            | Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::NetworkException
            | Code::LeaderNotAvailable
            | Code::CoordinatorLoadInProgress
            | Code::ThrottlingQuotaExceeded
    )
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an answer on this thread; `None` when it did not come in time.
pub(super) fn wait<T>(answer: impl Future<Output = T>, at_most: Duration) -> Option<T> {
    let deadline = Instant::now() + at_most;
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut answer = pin!(answer);
    loop {
        if let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(answer);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_time_mends_is_not_what_a_right_mends() {
        assert!(may_mend(RDKafkaErrorCode::TopicAlreadyExists) && may_mend(RDKafkaErrorCode::NotController));
        for code in [
            RDKafkaErrorCode::TopicAuthorizationFailed,
            RDKafkaErrorCode::ClusterAuthorizationFailed,
            RDKafkaErrorCode::PolicyViolation,
            RDKafkaErrorCode::InvalidReplicationFactor,
        ] {
            assert!(!may_mend(code), "{code:?}");
        }
    }

    #[test]
    fn an_answer_is_waited_for_and_one_that_never_comes_is_not() {
        assert_eq!(wait(async { 7 }, Duration::from_secs(60)), Some(7));
        assert_eq!(wait(std::future::pending::<()>(), Duration::from_millis(20)), None);
    }
}
