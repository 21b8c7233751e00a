//! Which of several processes may do what only one may do: the owner of the one partition of a topic.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use headwater_log::{ClientLeft, OwnershipEnded, OwnershipTaken};
use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;

use super::security;
use super::standing::{Reach, STATISTICS_MS};
use super::words::{Words, heard, refused};
use crate::IngestError;

/// How long the thread waits for the group's news at a time; whether to stop is looked at in between.
const POLL: Duration = Duration::from_millis(100);

/// How long leaving the group may take; the broker may be gone.
const STOP_AT_MOST: Duration = Duration::from_secs(5);

/// Ours, which the user may change. A session of 10 s: the standby takes over that long after a death at the latest.
const DEFAULTS: [(&str, &str); 6] = [
    ("client.id", "headwater"),
    ("heartbeat.interval.ms", "2000"),
    ("log.connection.close", "false"),
    ("session.timeout.ms", "10000"),
    ("socket.keepalive.enable", "true"),
    // So soon a topic that was not there yet is seen.
    ("topic.metadata.refresh.interval.ms", "5000"),
];

/// An owner stays the owner when others join (cooperative-sticky), and one that leaves leaves at once, which a static
/// member does not.
const FIXED: [(&str, &str); 6] = [
    ("allow.auto.create.topics", "false"),
    ("auto.offset.reset", "latest"),
    ("enable.auto.commit", "false"),
    ("group.protocol", "classic"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("statistics.interval.ms", STATISTICS_MS),
];

/// Who takes part.
#[derive(Clone)]
pub struct OwnershipSettings {
    /// Addresses to begin with, `host:port`, separated by commas.
    pub brokers: String,
    /// Settings of librdkafka, laid over our own.
    pub client: Vec<(String, String)>,
    /// The group among whose members one is the owner; of this purpose alone.
    pub group: String,
    /// A topic of one partition. Nothing is written to it.
    pub topic: String,
}

impl fmt::Debug for OwnershipSettings {
    /// Without the client's settings, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OwnershipSettings { brokers, group, topic, .. } = self;
        write!(f, "OwnershipSettings {{ brokers: {brokers:?}, group: {group:?}, topic: {topic:?}, .. }}")
    }
}

/// Membership in a group of which one member is the owner.
///
/// It ends before the group gives the partition to another, and at the latest when this process has not been heard of
/// for the session's timeout. A process that was stopped in between may believe in it a moment too long when it wakes:
/// the fixed transactional id of what it publishes is the fence for that.
pub struct Ownership {
    state: Arc<State>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How often it was taken or ended: odd while it is owned.
#[derive(Default)]
struct State {
    turns: AtomicU64,
    /// Whether the group has answered: this process is the owner, or stands by.
    joined: AtomicBool,
    reach: Reach,
}

impl State {
    /// The tenure, where there is one. They are numbered from 1 in this process.
    fn tenure(&self) -> Option<u64> {
        let turns = self.turns.load(Ordering::SeqCst);
        (turns % 2 == 1).then_some(turns.div_ceil(2))
    }

    /// Takes or ends it; whether that is news.
    fn set(&self, owned: bool) -> bool {
        let turn = |turns: u64| ((turns % 2 == 1) != owned).then_some(turns + 1);
        self.turns.fetch_update(Ordering::SeqCst, Ordering::SeqCst, turn).is_ok()
    }
}

/// Hears the group.
struct Member {
    words: Words,
    state: Arc<State>,
    topic: String,
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.words.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.words.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.state.reach.hear(&statistics);
    }
}

impl ConsumerContext for Member {
    /// Ends it before the group hears that the partition is given up.
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let ends = match rebalance {
            Rebalance::Revoke(partitions) => partitions.count() > 0,
            Rebalance::Error(_) => true,
            Rebalance::Assign(_) => false,
        };
        if ends && self.state.set(false) {
            OwnershipEnded { topic: &self.topic }.log();
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        // A rebalance that gives nothing new is one too.
        if let Rebalance::Assign(partitions) = rebalance {
            if partitions.count() > 0 && self.state.set(true) {
                OwnershipTaken { topic: &self.topic }.log();
            }
            self.state.joined.store(true, Ordering::SeqCst);
        }
    }
}

impl Ownership {
    /// Joins the group on a thread of its own. A broker that is away is waited for.
    ///
    /// # Errors
    /// [`IngestError::ClientSetting`] or [`IngestError::Client`].
    pub fn start(settings: &OwnershipSettings) -> Result<Ownership, IngestError> {
        security::check(&settings.client)?;
        let (state, stop) = (Arc::new(State::default()), Arc::new(AtomicBool::new(false)));
        let member = Member { words: Words::of("ownership"), state: Arc::clone(&state), topic: settings.topic.clone() };
        let consumer: BaseConsumer<Member> = config(settings).create_with_context(member).map_err(refused)?;
        consumer.subscribe(&[&settings.topic]).map_err(refused)?;
        let (told, ours) = (Arc::clone(&stop), Arc::clone(&state));
        let thread = thread::Builder::new()
            .name("ownership".into())
            .spawn(move || {
                while !told.load(Ordering::SeqCst) {
                    // Nobody writes to the topic: what comes are errors, which the session outlives or not.
                    if let Some(Err(error)) = consumer.poll(POLL) {
                        consumer.context().words.warn(error.to_string());
                        if consumer.client().fatal_error().is_some() {
                            ours.set(false);
                        }
                    }
                }
                ours.set(false);
                // Dropped on the thread that polled it, it leaves the group.
                drop(consumer);
            })
            .map_err(|source| IngestError::Client { message: source.to_string() })?;
        Ok(Ownership { state, stop, thread: Some(thread) })
    }

    /// Whether this process is the owner now. To be asked right before anything that only the owner may do.
    pub fn owned(&self) -> bool {
        self.state.tenure().is_some()
    }

    /// Whether the group has said who is the owner, this process or another.
    pub fn joined(&self) -> bool {
        self.state.joined.load(Ordering::SeqCst)
    }

    /// Whether the cluster is reached.
    pub fn reach(&self) -> Reach {
        self.state.reach.clone()
    }

    /// The number of this ownership, where it is owned: another number, or none, means that somebody else may have been
    /// the owner in between. Numbered from 1 in this process.
    pub fn tenure(&self) -> Option<u64> {
        self.state.tenure()
    }
}

impl Drop for Ownership {
    /// Gives it up and leaves the group, within 5 s.
    fn drop(&mut self) {
        self.state.set(false);
        self.stop.store(true, Ordering::SeqCst);
        let deadline = Instant::now() + STOP_AT_MOST;
        if let Some(thread) = self.thread.take() {
            while !thread.is_finished() {
                if Instant::now() >= deadline {
                    ClientLeft { client: "ownership" }.log();
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
            let _ = thread.join();
        }
    }
}

fn config(settings: &OwnershipSettings) -> ClientConfig {
    let mut config = heard(ClientConfig::new());
    let theirs = settings.client.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let own = [("bootstrap.servers", settings.brokers.as_str()), ("group.id", settings.group.as_str())];
    for (key, value) in DEFAULTS.into_iter().chain(theirs).chain(FIXED).chain(own) {
        if key != "group.instance.id" {
            config.set(key, value);
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenure_is_numbered_and_ends() {
        let state = State::default();
        assert_eq!(state.tenure(), None);
        assert!(!state.set(false), "it was not owned");
        assert!(state.set(true));
        assert!(!state.set(true), "it is owned already");
        assert_eq!(state.tenure(), Some(1));
        assert!(state.set(false));
        assert_eq!(state.tenure(), None);
        assert!(state.set(true));
        assert_eq!(state.tenure(), Some(2));
    }
}
