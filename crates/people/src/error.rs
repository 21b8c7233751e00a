//! Why something was not done.

use std::path::PathBuf;

use crate::{Command, State, Triage, View};

/// Why somebody is not let in. A page says the same to all: which it was is for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nothing of that kind is known.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
    /// It was not used for too long.
    Idle,
}

impl Denied {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Denied::Unknown => "unknown",
            Denied::Expired => "expired",
            Denied::Revoked => "revoked",
            Denied::Idle => "idle",
        }
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// A text that must say something says nothing.
    #[error("{field} is empty")]
    Empty {
        /// Which.
        field: &'static str,
    },
    /// A text is too long.
    #[error("{field}: {begins:?} has {bytes} bytes, {max} are allowed")]
    TooLong {
        /// Which.
        field: &'static str,
        /// Its first characters.
        begins: String,
        /// Its length.
        bytes: usize,
        /// What is allowed.
        max: usize,
    },
    /// A text holds what no page can show.
    #[error("{field} holds the control character {character:?}")]
    Control {
        /// Which.
        field: &'static str,
        /// The character.
        character: char,
    },
    /// A number is too small or too large.
    #[error("{field}: {value} is not within {min} to {max}")]
    OutOfRange {
        /// Which.
        field: &'static str,
        /// The number.
        value: i64,
        /// The least allowed.
        min: i64,
        /// The most allowed.
        max: i64,
    },
    /// One more would be too many.
    #[error("there are {count} {what} already, {max} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: i64,
        /// How many there may be.
        max: i64,
    },
    /// Somebody else changed it meanwhile: what stands now is here.
    #[error("alert {} is at version {} now, {seen} was seen", current.alert, current.version)]
    Stale {
        /// The version that the change named.
        seen: u64,
        /// What stands now.
        current: Box<Triage>,
    },
    /// The view was saved otherwise meanwhile: what stands now is here.
    #[error("view {} is at version {} now, {seen} was seen", current.id, current.version)]
    StaleView {
        /// The version that the change named.
        seen: u64,
        /// What stands now.
        current: Box<View>,
    },
    /// The owner has another view of that name.
    #[error("there is a view {name:?} already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The command makes no sense in that state.
    #[error("alert {alert} is {state}: it cannot be {}", command.past())]
    Refused {
        /// The alert.
        alert: String,
        /// Its state.
        state: State,
        /// What was asked.
        command: Command,
    },
    /// Who asks is not let in.
    #[error("not let in: {}", .0.as_str())]
    Denied(Denied),
    /// A text is no JSON object.
    #[error("{field} is no JSON object: {why}")]
    NotAnObject {
        /// Which.
        field: &'static str,
        /// What the parser says.
        why: String,
    },
    /// The audit log does not go on from what was kept of it.
    #[error("the audit log is not as it was: entry {sequence} is not the one that the anchor was made of")]
    AuditBroken {
        /// Number of the entry.
        sequence: u64,
    },
    /// A file is no anchor of an audit log.
    #[error("{}: no anchor of an audit log: a number, a space and 64 hexadecimal digits are wanted", path.display())]
    Anchor {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no random bytes.
    #[error("no random bytes: {why}")]
    Random {
        /// What it says.
        why: String,
    },
    /// The place of the database cannot be read as one.
    #[error("{url:?} is no database: {why}")]
    Location {
        /// The place, without a password.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The database cannot be opened.
    #[error("cannot open {place}: {source}")]
    Open {
        /// The place, without a password.
        place: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// No process of this version has used it yet.
    #[error("{place} has schema {found}, this program reads {known}: start `headwater run` on it first")]
    OlderSchema {
        /// The place, without a password.
        place: String,
        /// Schema of the database.
        found: i64,
        /// Schema of the program.
        known: i64,
    },
    /// A later version of the program wrote to it.
    #[error("{place} has schema {found}, this program knows up to {known}: use a later one")]
    NewerSchema {
        /// The place, without a password.
        place: String,
        /// Schema of the database.
        found: i64,
        /// Schema of the program.
        known: i64,
    },
    /// A row says what this program never wrote.
    #[error("{table}.{column} holds {value:?}, which this program never writes")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// A file beside the database cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database did not do it.
    #[error("the database of the people's state: {0}")]
    Sql(#[from] sqlx::Error),
}
