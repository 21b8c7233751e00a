//! Inputs: taken on, restored, read, committed, stopped, gone.

use std::fmt::Display;

use headwater_model::{Day, EpochNumber, Partition};

events! {
    INPUT "headwater::input"

    /// The process has an input now, and restores it.
    INFO InputAssigned<'a> "input_assigned" "assigned" ""
    { source: &'a str, partition: Partition, partitions: u32, topic: &'a str }

    /// The input stands as it was committed last (`epoch`; absent where nothing was) and is read on from there. `from`:
    /// `snapshot`, `epochs` (the files from the first one on), `nothing`. `rows` and `bytes`: read behind the snapshot.
    INFO InputRestored<'a> "input_restored" "restored" ""
    { source: &'a str, partition: Partition, epoch: Option<EpochNumber>, from: &'a str, records: u64, ledger: u64,
      rows: u64, bytes: u64, ms: u64 }

    /// The input was read to the end that it has now. Said once after each start of reading.
    INFO InputAtEnd<'a> "input_at_end" "at the end" ""
    { source: &'a str, partition: Partition }

    /// The first epoch since the input was taken on, or since commits failed, is in the store.
    INFO InputCommitted<'a> "input_committed" "commits" ""
    { source: &'a str, partition: Partition, epoch: EpochNumber, records: u64, rows: u64 }

    /// An epoch is in the store. One every few seconds and input, so it is not said unless asked for.
    DEBUG EpochCommitted<'a> "epoch_committed" "committed" ""
    { source: &'a str, partition: Partition, epoch: EpochNumber, records: u64, rows: u64, rejected: u64, bytes: u64 }

    /// Another process has written this epoch: it owned the input in between. The input is restored and goes on.
    WARN EpochTaken<'a> "epoch_taken" "another process wrote this epoch: restoring"
    "Once, after a process stood still for long: nothing. Again and again: two processes read one source into one store; \
     give each source one consumer group, and each folder one process."
    { source: &'a str, partition: Partition, epoch: EpochNumber }

    /// More than a tenth of the records of an epoch were rejected. Said when it begins and then at most every 30 s an
    /// input.
    WARN ManyRejected<'a> "many_rejected" "many records are rejected"
    "`headwater rejects list` says why; mend the producer, then `headwater rejects replay`."
    { source: &'a str, partition: Partition, epoch: EpochNumber, records: u64, rejected: u64, times: u64 }

    /// Fewer records are rejected again.
    INFO FewRejected<'a> "few_rejected" "few records are rejected again" ""
    { source: &'a str, partition: Partition, times: u64, ms: u64 }

    /// The input is no longer read; the error says why. What is committed stays.
    ERROR InputStopped<'a> "input_stopped" "cannot be read on" "As `remedy` says."
    { source: &'a str, partition: Partition, epoch: Option<EpochNumber>, error: &'a dyn Display, remedy: &'a str }

    /// The topic has another number of partitions than the store holds: its keys now lie in other partitions, so that
    /// revisions of one event would meet in none. The source is no longer read.
    ERROR PartitionsGrown<'a> "partitions_grown" "partitions_grown: the topic's keys lie in other partitions now; the source is no longer read"
    "Read the source again from its start into a new store."
    { source: &'a str, from: u32, to: u32 }

    /// The input was given up in good order: what was read of it is committed.
    INFO InputRevoked<'a> "input_revoked" "inputs went elsewhere" ""
    { source: &'a str, partition: Partition, epoch: Option<EpochNumber> }

    /// The group took the input away before this process heard of it. What was read of it and not committed is read
    /// again by its next owner.
    WARN InputLost<'a> "input_lost" "inputs went elsewhere, and were lost"
    "Often: the process stands still for longer than `session.timeout.ms`, or cannot reach the broker."
    { source: &'a str, partition: Partition, epoch: Option<EpochNumber> }

    /// What was published of the input before this start is not known, so all of it goes out again: readers see the same
    /// values once more.
    WARN PublishedUnknown<'a> "published_unknown" "not known what was published, all of it is again" ""
    { source: &'a str, partition: Partition, error: &'a dyn Display }

    /// The clock of an input stands behind the days that are closed, as seen by detection: its rows count late.
    WARN RowsLate<'a> "rows_late" "rows of a day that was closed before they were committed"
    "Declare a source before the days that it tells of are closed: start it before, or into a new store."
    { file: &'a str, rows: u64, day: Option<Day> }
}
