//! What can go wrong while reading.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip, of one or more members.
    Gzip,
    /// zstd, of one or more frames.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        })
    }
}

/// Why reading stopped. Each variant names the file, or the cluster, and the value at fault.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// No such file or folder.
    #[error("{}: no such file or folder", path.display())]
    NotFound {
        /// As named by the user.
        path: PathBuf,
    },
    /// The process may not read it.
    #[error("{}: permission denied", path.display())]
    PermissionDenied {
        /// As named by the user.
        path: PathBuf,
    },
    /// A folder where a file is wanted.
    #[error("{}: is a folder, a file is wanted", path.display())]
    IsFolder {
        /// As named by the user.
        path: PathBuf,
    },
    /// A file where a folder is wanted.
    #[error("{}: is not a folder", path.display())]
    NotFolder {
        /// As named by the user.
        path: PathBuf,
    },
    /// Another process holds the folder's lock.
    #[error("{}: another process reads this folder; one folder is read by one process", path.display())]
    FolderInUse {
        /// As configured.
        path: PathBuf,
    },
    /// What is known of a folder's progress is not a folder's.
    #[error("{}: its progress is that of a topic's partition, not of files; was the source a topic before?", path.display())]
    NotFiles {
        /// As configured.
        path: PathBuf,
    },
    /// The name promises a packed file, the first bytes deny it.
    #[error("{}: named as {compression}, but its first bytes are not {compression}'s", path.display())]
    NotPacked {
        /// As named by the user.
        path: PathBuf,
        /// What its name promises.
        compression: Compression,
    },
    /// A packed file ends too early.
    #[error("{}: the {compression} data are cut off at byte {at}", path.display())]
    Truncated {
        /// As named by the user.
        path: PathBuf,
        /// Its packing.
        compression: Compression,
        /// Bytes of the file (packed) read so far.
        at: u64,
    },
    /// A packed file is damaged.
    #[error("{}: the {compression} data are damaged before byte {at}: {source}", path.display())]
    Damaged {
        /// As named by the user.
        path: PathBuf,
        /// Its packing.
        compression: Compression,
        /// Bytes of the file (packed) read so far.
        at: u64,
        /// What the decoder says.
        source: io::Error,
    },
    /// The system could not read.
    #[error("{}: cannot read at byte {at}: {source}", path.display())]
    Read {
        /// As named by the user.
        path: PathBuf,
        /// Bytes of the file read so far.
        at: u64,
        /// What the system says.
        source: io::Error,
    },
    /// A record too large for memory could not be kept in the folder for temporary files.
    #[error("cannot keep a record too large for memory in {}: {source}", folder.display())]
    Spill {
        /// The folder for temporary files.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// librdkafka refuses a setting. The value is not repeated: it may be a secret.
    #[error("client setting {key}: {message}")]
    ClientSetting {
        /// Name of the setting.
        key: String,
        /// What librdkafka says.
        message: String,
    },
    /// The Kafka client failed in a way that waiting does not mend.
    #[error("kafka: {message}")]
    Client {
        /// What librdkafka says.
        message: String,
    },
    /// No broker answers.
    #[error("kafka: no broker of {brokers} answered within {seconds} s: {message}")]
    Unreachable {
        /// As configured.
        brokers: String,
        /// How long they were given.
        seconds: u64,
        /// The last thing that the client said.
        message: String,
    },
    /// A topic cannot be read.
    #[error("kafka topic {topic}: {message}")]
    Topic {
        /// Its name.
        topic: String,
        /// Why.
        message: String,
    },
    /// What comes next was deleted from the log before it was read.
    #[error(
        "kafka topic {topic}/{partition}: offset {wanted} comes next, but the log now begins at {low}: restore the log, \
         or read all of it into a new store, or set on_gap = \"skip\" to go on without the records between"
    )]
    LogStart {
        /// The topic.
        topic: String,
        /// The partition.
        partition: headwater_model::Partition,
        /// The next offset by the store's progress.
        wanted: i64,
        /// The first offset of the log.
        low: i64,
    },
    /// What comes next is beyond the end of the log.
    #[error(
        "kafka topic {topic}/{partition}: offset {wanted} comes next, but the log ends at {high}: the topic was made \
         anew, or cut short; restore it, or read it into a new store"
    )]
    LogEnd {
        /// The topic.
        topic: String,
        /// The partition.
        partition: headwater_model::Partition,
        /// The next offset by the store's progress.
        wanted: i64,
        /// The next offset that the log will write.
        high: i64,
    },
    /// Offsets were not committed.
    #[error("kafka: offsets were not committed: {message}")]
    Commit {
        /// Why.
        message: String,
    },
}
