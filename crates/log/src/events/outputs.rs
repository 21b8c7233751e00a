//! What is published.

use std::fmt::Display;

events! {
    OUTPUTS "headwater::outputs"

    /// A topic of results was missing and has been made.
    INFO TopicCreated<'a> "topic_created" "topic made" ""
    { topic: &'a str, partitions: u32, policy: &'a str }

    /// The cluster of the results does not answer at a start. It is waited for, and nothing is read until then.
    WARN OutputsWaiting<'a> "outputs_waiting" "the outputs' cluster is not ready, trying again"
    "`headwater doctor` says whether it is reachable, by which name, and what is missing."
    { cluster: &'a str, times: u64, ms: u64, error: &'a dyn Display }

    /// The cluster of the results answers.
    INFO OutputsReady<'a> "outputs_ready" "the outputs' cluster is ready" ""
    { cluster: &'a str, ms: u64 }

    /// The first transaction of this process, or the first since publishing failed, is committed.
    INFO OutputsPublishing<'a> "outputs_publishing" "published" ""
    { cluster: &'a str, records: u64, times: u64, ms: u64 }

    /// A transaction is committed. One every few seconds, so it is not said unless asked for.
    DEBUG TransactionCommitted<'a> "transaction_committed" "published" ""
    { cluster: &'a str, records: u64, ms: u64 }

    /// What is committed could not be published. It is tried again; the store is the truth, and what waits is bounded:
    /// beyond it reading stops. Said when it begins and then at most every 30 s.
    WARN OutputsFailing<'a> "outputs_failing" "not published yet"
    "The error names the cause. `headwater doctor` says whether the cluster is reachable and may be written."
    { cluster: &'a str, waiting: u64, times: u64, ms: u64, error: &'a dyn Display }

    /// The group's offsets could not be committed. Only the lag that others see is wrong until it succeeds. Said when it
    /// begins and then at most every 30 s.
    WARN OffsetsFailing<'a> "offsets_failing" "the group's offsets are not committed"
    "As for `outputs_failing`."
    { cluster: &'a str, times: u64, ms: u64, error: &'a dyn Display }

    /// The group's offsets are committed again.
    INFO OffsetsRecovered<'a> "offsets_recovered" "the group's offsets are committed again" ""
    { cluster: &'a str, times: u64, ms: u64 }
}
