//! The Kafka clients.

use headwater_model::Partition;

events! {
    KAFKA "headwater::kafka"

    /// The process is a member of a consumer group. Which partitions it gets is said by `input_assigned`; a member
    /// beyond the number of partitions stands by.
    INFO GroupJoined<'a> "group_joined" "joined the group" ""
    { group: &'a str, brokers: &'a str, inputs: u64 }

    /// The Kafka client library says that something is wrong. The same words are said once in 30 s, with how often they
    /// came (`times`).
    WARN KafkaTrouble<'a> "kafka_trouble" "kafka"
    "A broker that is away is waited for. Where it lasts: `headwater doctor` names refused, wrong certificate, wrong \
     password, unknown name."
    { client: &'a str, answer: &'a str, times: u64 }

    /// The Kafka client library says something of its work.
    DEBUG KafkaSaid<'a> "kafka_said" "kafka" ""
    { client: &'a str, answer: &'a str }

    /// Records were deleted from the log before they were read, and `on_gap` is `skip`: reading goes on where the log
    /// begins.
    WARN RecordsSkipped<'a> "records_skipped" "offsets are gone from the log's start"
    "Keep the topic for longer than the longest outage (`retention.ms`)."
    { topic: &'a str, partition: Partition, lost: i64 }

    /// The producers of a topic place keys in different ways: revisions of one event may lie in two partitions, where
    /// none replaces the other.
    WARN KeysMixed<'a> "keys_mixed" "the topic's producers place keys in different ways"
    "Set one partitioner for all producers, and say it as `partitioner` of the source: what does not fit is rejected then."
    { topic: &'a str, murmur2: u64, crc32: u64, other: u64 }

    /// The process is the owner of a topic's one partition: of several it is the active one.
    INFO OwnershipTaken<'a> "ownership_taken" "this process is the owner" ""
    { topic: &'a str }

    /// Another process is the owner, or will be.
    INFO OwnershipEnded<'a> "ownership_ended" "another process is the owner now, or will be" ""
    { topic: &'a str }

    /// A transaction is still open as its reader ends; the broker ends it.
    WARN TransactionOpen "transaction_open" "a transaction is still open as the reader ends" ""
    {}

    /// A Kafka client did not stop in time and is left behind, for no broker answers.
    WARN ClientLeft<'a> "client_left" "the Kafka client does not stop and is left behind" ""
    { client: &'a str }
}
