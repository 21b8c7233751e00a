//! What can go wrong with a question.

use headwater_model::Day;
use headwater_store::StoreError;

/// Why a question has no answer. Where the asker can put it right, [`field`](HistoryError::field) names the field of the
/// question at fault and [`value`](HistoryError::value) what stood there.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A range of days ends before it begins.
    #[error("{field}: {from} to {to} ends before it begins")]
    DaysReversed {
        /// Of the question.
        field: &'static str,
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// A range of days is longer than is allowed.
    #[error("{field}: {from} to {to} are {days} days, and at most {limit} can be asked for")]
    TooManyDays {
        /// Of the question.
        field: &'static str,
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
        /// Its length.
        days: i64,
        /// The most.
        limit: u32,
    },
    /// A list is longer than is allowed.
    #[error("{field}: {given} values, and at most {limit} can be asked for")]
    ListTooLong {
        /// Of the question.
        field: &'static str,
        /// How many stand there.
        given: usize,
        /// The most.
        limit: usize,
    },
    /// A list that must name something is empty.
    #[error("{field}: nothing is asked for")]
    Empty {
        /// Of the question.
        field: &'static str,
    },
    /// A value stands on both sides of a comparison.
    #[error("{field}: {value} cannot fall and rise at once")]
    OnBothSides {
        /// Of the question.
        field: &'static str,
        /// Which value.
        value: String,
    },
    /// No page can have so many rows.
    #[error("page.size: {given}, and it must be 1 to {limit}")]
    PageSize {
        /// As asked.
        given: usize,
        /// The most.
        limit: usize,
    },
    /// A cursor that no answer to this question gave.
    #[error("page.after: {value}: {reason}")]
    Cursor {
        /// As given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More files would have to be looked into than is allowed.
    #[error("the archive has {files} files, and a question may look into {limit}: wait for the next folding")]
    TooManyFiles {
        /// How many there are.
        files: usize,
        /// The most.
        limit: usize,
    },
    /// More rows match than one answer may hold.
    #[error("{field}: more than {limit} rows match: ask for less")]
    TooManyRows {
        /// The field that narrows it best.
        field: &'static str,
        /// The most.
        limit: usize,
    },
    /// The answer needs more memory than is allowed.
    #[error("{field}: the answer needs more than {limit} bytes of memory: ask for less")]
    TooMuchMemory {
        /// The field that narrows it best.
        field: &'static str,
        /// The most.
        limit: usize,
    },
    /// Time was up before the last file.
    #[error("time was up after {read} of {files} files")]
    Deadline {
        /// Files looked into.
        read: usize,
        /// Files to look into.
        files: usize,
    },
    /// A sum leaves 64 bits.
    #[error("the sum of {what} leaves 64 bits")]
    Overflow {
        /// Of what.
        what: String,
    },
    /// An answer could not be written in the format asked for.
    #[error("cannot write the answer as {format}: {reason}")]
    Format {
        /// Which.
        format: &'static str,
        /// The library's own word.
        reason: String,
    },
    /// A file of the archive lacks a column or has it otherwise.
    #[error("object {key} cannot be used: {problem}")]
    Damaged {
        /// The object.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HistoryError {
    /// The field of the question at fault, where the asker can put it right.
    pub fn field(&self) -> Option<&'static str> {
        use HistoryError as E;
        match self {
            E::DaysReversed { field, .. }
            | E::TooManyDays { field, .. }
            | E::ListTooLong { field, .. }
            | E::Empty { field }
            | E::OnBothSides { field, .. }
            | E::TooManyRows { field, .. }
            | E::TooMuchMemory { field, .. } => Some(field),
            E::PageSize { .. } => Some("page.size"),
            E::Cursor { .. } => Some("page.after"),
            E::TooManyFiles { .. }
            | E::Deadline { .. }
            | E::Overflow { .. }
            | E::Format { .. }
            | E::Damaged { .. }
            | E::Store(_) => None,
        }
    }

    /// What stood in that field.
    pub fn value(&self) -> Option<String> {
        use HistoryError as E;
        match self {
            E::DaysReversed { from, to, .. } | E::TooManyDays { from, to, .. } => Some(format!("{from}..{to}")),
            E::ListTooLong { given, .. } | E::PageSize { given, .. } => Some(given.to_string()),
            E::OnBothSides { value, .. } | E::Cursor { value, .. } => Some(value.clone()),
            _ => None,
        }
    }

    /// Whether the same question may be answered later: time was up, or the store did not answer.
    pub fn is_passing(&self) -> bool {
        match self {
            HistoryError::Deadline { .. } => true,
            HistoryError::Store(error) => error.is_passing(),
            _ => false,
        }
    }
}
