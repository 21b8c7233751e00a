//! Turns files and Kafka partitions into batches of raw records, each with the place it came from.
//!
//! * [`FileReader`]: NDJSON, plain, gzip or zstd, one record a line, memory bounded whatever the file.
//! * [`FolderReader`]: a watched folder as an input, its files read on as they grow and come.
//! * [`folder_files`]: the files of a watched folder, in the order in which they are read.
//! * [`KafkaReader`]: the partitions of topics that a consumer group gives to this process, polled on a thread of its own.
//! * [`Publisher`]: records and the group's offsets in Kafka transactions; [`Ownership`]: who alone may; [`Admin`]: topics.
//! * [`Filler`], [`drain`], [`GroupWatch`]: for benches, a topic filled, read with nothing behind it, and watched.
//!
//! This is the only room that names rdkafka. It must not know how a record is interpreted: it splits bytes, counts
//! them and carries them. A record longer than `RECORD_BYTES_MAX` is kept in a file instead of in memory.

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(clippy::disallowed_methods, reason = "one of the rooms that read a clock: it waits for others")]

mod error;
mod event;
mod file;
mod folder;
mod kafka;
mod lines;
mod packing;
mod queue;
mod spill;

pub use error::{Compression, IngestError};
pub use event::{Assignment, SourceEvent, Term};
pub use file::FileReader;
pub use folder::{FolderCounts, FolderReader, FolderSettings, FolderSizes, folder_files};
pub use folder::{FolderFacts, LockState, probe_folder};
pub use kafka::{
    Admin, GroupOffset, GroupOffsets, Lane, OutRecord, OutView, Ownership, OwnershipSettings, PublishError, Publisher,
    PublisherSettings, TRANSACTION_RECORDS_MAX, TopicWish,
};
pub use kafka::{
    Cause, ClusterFacts, Found, GroupFacts, OutputFacts, PartitionFacts, ProbeError, ProbeSettings, TopicFacts,
    Unreached, probe,
};
pub use kafka::{
    Committed, HeldRights, KafkaReader, KafkaSettings, KafkaStanding, Membership, Partitioner, Placements,
    PublishRight, Reach, SourceTopic,
};
pub use kafka::{Drained, Filler, GroupWatch, drain};
