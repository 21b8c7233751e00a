//! Every metric there is. What is not here cannot be shown.

use super::{Kind, Metric};

/// Declares each metric as a constant and all of them as one list, so that none can be left out of it.
macro_rules! catalogue {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $unit:literal when $when:literal: $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: Metric = Metric {
            name: $name, kind: Kind::$kind, labels: &[$($label),*], unit: $unit, when: $when, help: $help,
        };)*
        /// The catalogue, in the order in which people read it.
        pub const CATALOGUE: &[Metric] = &[$($constant),*];
    };
}

catalogue! {
BUILD_INFO = Gauge "headwater_build_info" ["version"] "1" when "":
    "The version that runs; the value is 1.";
INPUT_RECORDS_READ = Counter "headwater_input_records_read_total" ["source", "partition"] "records" when "role ingest, for an input that it has":
    "Records read since this process took the input.";
INPUT_RECORDS = Counter "headwater_input_records_total" ["source", "partition", "outcome"] "records" when "role ingest, for an input that it has":
    "The same records by what became of them: accepted, duplicate, superseded, rejected. Their sum is what was read, in every scrape.";
INPUT_CONFLICTS = Counter "headwater_input_conflicts_total" ["source", "partition"] "records" when "role ingest, for an input that it has":
    "Duplicates whose content differs from what is held; the first arrival holds.";
INPUT_LATE_REPORTS = Counter "headwater_input_late_reports_total" ["source", "partition"] "rows" when "role ingest, for an input that it has":
    "Committed rows that are counted on a later day than the one on which they were known.";
INPUT_LAG_RECORDS = Gauge "headwater_input_lag_records" ["source", "partition"] "records" when "role ingest, for a partition of a topic whose end is known":
    "Records between what is committed to the store and the end of the log as it was last heard of.";
INPUT_LAG_BYTES = Gauge "headwater_input_lag_bytes" ["source", "partition"] "bytes" when "role ingest, for a folder that was looked at":
    "Bytes of the folder's files that are not committed to the store; a packed file counts whole until all of it is.";
INPUT_CLOCK_TIMESTAMP_SECONDS = Gauge "headwater_input_clock_timestamp_seconds" ["source", "partition"] "seconds" when "role ingest, for an input that has a clock":
    "00:00 UTC of the day that the input's clock shows.";
INPUT_EPOCH = Gauge "headwater_input_epoch" ["source", "partition"] "1" when "role ingest, for an input that has an epoch":
    "Number of the input's last committed epoch.";
INPUT_COMMITTED_TIMESTAMP_SECONDS = Gauge "headwater_input_committed_timestamp_seconds" ["source", "partition"] "seconds" when "role ingest, once this process has committed an epoch of the input":
    "When this process last committed an epoch of the input.";
INPUT_RESTORED = Gauge "headwater_input_restored" ["source", "partition"] "0 or 1" when "role ingest, for an input that it has":
    "1 once the input is restored from the store and read, 0 while it is being restored.";
INPUT_STOPPED = Gauge "headwater_input_stopped" ["source", "partition"] "0 or 1" when "role ingest, for an input that it has":
    "1 when the input is no longer read though it is this process's: its partitions have grown, or its data cannot be taken. The log says why.";
INPUT_REJECTED_RATIO = Gauge "headwater_input_rejected_ratio" ["source", "partition"] "ratio" when "role ingest, once the input's last epochs hold 100 records":
    "Share of rejected ones among the records of the input's last epochs.";
INPUT_LEDGER_ENTRIES = Gauge "headwater_input_ledger_entries" ["source", "partition"] "entries" when "role ingest, for an input that it has":
    "Identities that the input's ledger holds, in memory and spilled.";
REJECTS = Counter "headwater_rejects_total" ["source", "reason"] "records" when "role ingest, for a source of an input that it has or had":
    "Records that this process rejected, by reason.";
STAGE_BUSY_SECONDS = Counter "headwater_stage_busy_seconds_total" ["stage"] "seconds" when "":
    "Time that each stage has taken, waits for a store or a cluster included.";
EPOCHS_COMMITTED = Counter "headwater_epochs_committed_total" [] "epochs" when "role ingest":
    "Epochs that this process has committed.";
EPOCH_ROWS = Counter "headwater_epoch_rows_total" [] "rows" when "role ingest":
    "Rows of the epochs that this process has committed.";
EPOCH_BYTES = Counter "headwater_epoch_bytes_total" [] "bytes" when "role ingest":
    "Bytes of the epochs that this process has committed.";
COMMIT_DURATION_SECONDS = Histogram "headwater_commit_duration_seconds" [] "seconds" when "role ingest":
    "How long a commit took, of all epochs that were due, until the store had them.";
STORE_FAILURES = Counter "headwater_store_failures_total" [] "tries" when "":
    "Tries of the store that failed and may succeed later.";
STORE_FAILING = Gauge "headwater_store_failing" [] "0 or 1" when "":
    "1 while the last try of the store has failed.";
PUBLISHED_RECORDS = Counter "headwater_published_records_total" ["topic"] "records" when "with outputs":
    "Records that this process has published, in transactions that were committed.";
TRANSACTIONS = Counter "headwater_transactions_total" ["outcome"] "transactions" when "with outputs":
    "Transactions by outcome: committed, failed. What a failed one held is published by a later one.";
OUTPUTS_WAITING_RECORDS = Gauge "headwater_outputs_waiting_records" [] "records" when "role ingest with outputs":
    "Committed records that wait to be published.";
OUTPUTS_FAILING = Gauge "headwater_outputs_failing" [] "0 or 1" when "with outputs":
    "1 while the last try to publish has failed.";
CLUSTER_REACHABLE = Gauge "headwater_cluster_reachable" ["cluster"] "0 or 1" when "with a Kafka cluster":
    "1 while a broker of the cluster answers this process.";
LEDGER_MEMORY_BYTES = Gauge "headwater_ledger_memory_bytes" [] "bytes" when "role ingest":
    "Memory that the ledgers hold.";
LEDGER_SPILLED_ENTRIES = Gauge "headwater_ledger_spilled_entries" [] "entries" when "role ingest":
    "Identities of the ledgers that lie in the cache folder instead of memory.";
LIVE_PANES = Gauge "headwater_live_panes" [] "panes" when "role ingest":
    "Sums that the inputs of this process hold: one for each day, period and combination of names.";
DETECT_ACTIVE = Gauge "headwater_detect_active" [] "0 or 1" when "role detect":
    "1 while it is this process that closes days; the others stand by.";
DETECT_CLOSED_TIMESTAMP_SECONDS = Gauge "headwater_detect_closed_timestamp_seconds" [] "seconds" when "role detect, once a day was closed":
    "00:00 UTC of the last closed day.";
DETECT_SOURCE_CLOCK_TIMESTAMP_SECONDS = Gauge "headwater_detect_source_clock_timestamp_seconds" ["source"] "seconds" when "role detect, for a source whose every partition has a clock":
    "00:00 UTC of the day of the source's lowest clock: days before it can be closed as far as this source goes.";
DETECT_UNWATCHED_CELLS = Gauge "headwater_detect_unwatched_cells" [] "cells" when "role detect":
    "Subdivisions and offices, each counted for every family and kind of change, that no shift is looked for in by themselves: there was no room among the most active ones. The wider areas count their records.";
ALERTS = Counter "headwater_alerts_total" ["kind", "status"] "revisions" when "role detect":
    "Revisions of alerts that this process has added to the log.";
READY = Gauge "headwater_ready" [] "0 or 1" when "":
    "1 while the process is ready, as /readyz has it: joined, with its assignment, and all of it restored.";
LOOP_TURNED_TIMESTAMP_SECONDS = Gauge "headwater_loop_turned_timestamp_seconds" [] "seconds" when "":
    "When the process's loops last turned: of several, the one that has stood still longest.";
PROCESS_CPU_SECONDS = Counter "process_cpu_seconds_total" [] "seconds" when "on Linux":
    "Processor time of this process, user and system.";
PROCESS_OPEN_FDS = Gauge "process_open_fds" [] "files" when "on Linux":
    "Open file descriptors.";
PROCESS_MAX_FDS = Gauge "process_max_fds" [] "files" when "on Linux, with a limit":
    "File descriptors that may be open.";
PROCESS_VIRTUAL_MEMORY_BYTES = Gauge "process_virtual_memory_bytes" [] "bytes" when "on Linux":
    "Address space of this process.";
PROCESS_RESIDENT_MEMORY_BYTES = Gauge "process_resident_memory_bytes" [] "bytes" when "on Linux":
    "Memory of this process.";
PROCESS_START_TIME_SECONDS = Gauge "process_start_time_seconds" [] "seconds" when "on Linux":
    "When this process began.";
PROCESS_THREADS = Gauge "process_threads" [] "threads" when "on Linux":
    "Threads of this process.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unlike_and_end_in_their_unit() {
        let names: BTreeSet<&str> = CATALOGUE.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), CATALOGUE.len());
        for metric in CATALOGUE {
            let Metric { name, unit, .. } = metric;
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            assert!(name.starts_with("headwater_") || name.starts_with("process_"), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            let last = name.trim_end_matches("_total");
            if ["seconds", "bytes", "ratio"].contains(unit) {
                assert!(last.ends_with(unit), "{name} is in {unit}");
            }
            assert!(metric.help.ends_with('.') && !metric.help.contains('|'), "{name}: {}", metric.help);
        }
    }
}
