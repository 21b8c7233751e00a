//! The store: waiting for it, snapshots, folding, sweeping.

use std::fmt::Display;

use headwater_model::{EpochNumber, Partition};

events! {
    STORE "headwater::store"

    /// The store does not take epochs. Reading waits, nothing is lost. Said when it begins and then at most every 30 s.
    WARN CommitFailing<'a> "commit_failing" "the store does not take epochs, trying again"
    "The error names the cause: a full disk, no way to the object store, no right to write. `headwater doctor` looks at \
     each."
    { epochs: u64, times: u64, ms: u64, error: &'a dyn Display }

    /// The store takes epochs again.
    INFO CommitRecovered "commit_recovered" "the store takes epochs again" ""
    { times: u64, ms: u64 }

    /// The store does not answer a question at a start or a restore. It is asked again. Said when it begins and then at
    /// most every 30 s.
    WARN StoreWaiting<'a> "store_waiting" "the store does not answer, trying again"
    "As for `commit_failing`."
    { times: u64, ms: u64, error: &'a dyn Display }

    /// The store answers again.
    INFO StoreAnswers "store_answers" "the store answers again" ""
    { times: u64, ms: u64 }

    /// A snapshot of an input was written: a restore reads only the epochs behind it.
    INFO SnapshotWritten<'a> "snapshot_written" "snapshot written" ""
    { source: &'a str, partition: Partition, epoch: EpochNumber, ledger: u64, ms: u64 }

    /// A snapshot could not be written. Nothing rests on it; it is tried again after as many rows.
    WARN SnapshotFailed<'a> "snapshot_failed" "no snapshot"
    "As for `commit_failing`, if it repeats: without a snapshot the next start takes longer."
    { source: &'a str, partition: Partition, error: &'a dyn Display }

    /// A snapshot is damaged or of another: an older one, or the epochs, are read instead.
    WARN SnapshotUnusable<'a> "snapshot_unusable" "a snapshot cannot be used, an older one is"
    "`headwater archive verify` names every damaged object; this one may be deleted."
    { source: &'a str, partition: Partition, epoch: EpochNumber, error: &'a dyn Display }

    /// Epochs of an input were folded: `files` files stand for all epochs before `epoch`.
    INFO EpochsFolded<'a> "epochs_folded" "folded" ""
    { source: &'a str, partition: Partition, epoch: EpochNumber, files: u64, ms: u64 }

    /// Files of an input that nothing needs any more were deleted.
    INFO Swept<'a> "swept" "swept" ""
    { source: &'a str, partition: Partition, files: u64 }

    /// Folding or sweeping failed. Nothing rests on it; it is tried again. Said when it begins and then at most every
    /// 30 s.
    WARN HousekeepingFailing<'a> "housekeeping_failing" "housekeeping fails"
    "As for `commit_failing`; a damaged object is named by `headwater archive verify`."
    { source: &'a str, partition: Partition, times: u64, ms: u64, error: &'a dyn Display }

    /// Folding and sweeping go on again.
    INFO HousekeepingRecovered "housekeeping_recovered" "housekeeping goes on again" ""
    { times: u64, ms: u64 }
}
