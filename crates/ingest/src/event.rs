//! What a source says to whoever takes its records.

use std::sync::Arc;

use headwater_model::{Input, Progress, RawBatch};

use crate::IngestError;

/// One start of reading an input, numbered by the taker: what comes of an earlier start is told by it and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub u64);

/// An input that this process may now read. Nothing of it comes before it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Which.
    pub input: Input,
    /// The topic, or the folder as configured.
    pub origin: Arc<str>,
    /// Partitions of the topic; 1 for a folder.
    pub partitions: u32,
}

/// What happened, in the order in which it happened.
pub enum SourceEvent {
    /// Inputs were given to this process, beside those that it has.
    Assigned(Vec<Assignment>),
    /// Inputs go elsewhere. The right to publish of them is gone already; the reader waits (a bounded time) until they
    /// are released. `lost`: they may have another owner already, so nothing more may be committed of them.
    Revoked {
        /// Which.
        inputs: Vec<Input>,
        /// Whether another may own them already.
        lost: bool,
    },
    /// Records of one input.
    Batch {
        /// Whose.
        input: Input,
        /// Of which start.
        term: Term,
        /// The records.
        batch: RawBatch,
        /// How far the input is read with them; of a folder the files of this batch.
        to: Progress,
    },
    /// An input moved on without a record: past the marks of transactions, past what was aborted, past blank lines.
    Moved {
        /// Which.
        input: Input,
        /// Of which start.
        term: Term,
        /// How far it is read.
        to: Progress,
    },
    /// Everything that the input had when it was last asked (just now) is in earlier events. Said when its end is
    /// first reached, and again every few seconds for as long as it stays there; never while the source does not answer.
    AtEnd {
        /// Which.
        input: Input,
        /// Of which start.
        term: Term,
    },
    /// A topic has another number of partitions than it had: its inputs are no longer read.
    Grown {
        /// The source.
        source: Arc<str>,
        /// Partitions that it had.
        from: u32,
        /// Partitions that it has.
        to: u32,
    },
    /// An input cannot be read on: only it stops.
    Stopped {
        /// Which.
        input: Input,
        /// Why, and what can be done.
        error: IngestError,
    },
    /// The source as a whole cannot be read. Nothing follows.
    Failed(IngestError),
}
