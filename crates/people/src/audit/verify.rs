//! Whether the audit log is as it was written.

use std::fmt;
use std::path::Path;

use sqlx::Row;

use super::{anchor, read};
use crate::{People, PeopleError};

/// Entries read at once.
const PAGE: i64 = 1_000;

/// The hash before the first entry.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Entries that are as they were written, from the first on.
    pub entries: u64,
    /// Hash of the last of them.
    pub hash: String,
    /// The first that is not.
    pub fault: Option<Fault>,
}

/// What is wrong, and with which entry first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not what was written: changed, moved here or put in.
    Altered {
        /// Its number.
        sequence: u64,
    },
    /// It is not there, though it was written.
    Missing {
        /// Its number.
        sequence: u64,
    },
    /// The head of the log in the database says otherwise.
    Head {
        /// Number of the entry at which they part.
        sequence: u64,
    },
    /// The file that keeps the head says otherwise.
    Anchor {
        /// Number of the entry at which they part.
        sequence: u64,
    },
}

impl Fault {
    /// Number of the first entry that is wrong.
    pub fn sequence(self) -> u64 {
        match self {
            Fault::Altered { sequence }
            | Fault::Missing { sequence }
            | Fault::Head { sequence }
            | Fault::Anchor { sequence } => sequence,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Altered { sequence } => write!(f, "entry {sequence} is not what was written"),
            Fault::Missing { sequence } => write!(f, "entry {sequence} is missing"),
            Fault::Head { sequence } => write!(f, "entry {sequence} is not the one that the log's head was kept of"),
            Fault::Anchor { sequence } => write!(f, "entry {sequence} is not the one that the anchor was made of"),
        }
    }
}

impl People {
    /// Reads the whole audit log and holds it against its hashes, its head, and the file of an anchor where there is
    /// one. Others may append meanwhile.
    ///
    /// # Errors
    /// [`PeopleError::File`] where the anchor cannot be read, [`PeopleError::Anchor`] where it is none,
    /// [`PeopleError::Sql`].
    pub async fn verify_audit(&self, anchor: Option<&Path>) -> Result<Verdict, PeopleError> {
        // Before the log: what is in the file was in the log by then.
        let anchor = anchor.map(anchor::load).transpose()?.flatten();
        let mut sql = self.snapshot().await?;
        let head = sqlx::query("SELECT entries, hash FROM audit_head WHERE id = 1").fetch_optional(&mut *sql).await?;
        let head = match head {
            Some(row) => Some((row.try_get::<i64, _>(0)?.unsigned_abs(), row.try_get::<String, _>(1)?)),
            None => None,
        };
        let mut verdict = Verdict { entries: 0, hash: NO_HASH.to_owned(), fault: None };
        loop {
            let found = sqlx::query("SELECT * FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2")
                // From below every number, so that an entry before the first is seen too.
                .bind(if verdict.entries == 0 { i64::MIN } else { verdict.entries as i64 })
                .bind(PAGE)
                .fetch_all(&mut *sql)
                .await?;
            for row in &found {
                let (sequence, stored) = (verdict.entries + 1, row.try_get::<i64, _>("sequence")?);
                verdict.fault = if stored < 1 {
                    Some(Fault::Altered { sequence })
                } else if stored.unsigned_abs() > sequence {
                    Some(Fault::Missing { sequence })
                } else {
                    let entry = read(row)?;
                    let hash = entry.hash_after(&verdict.hash);
                    let anchored =
                        anchor.as_ref().is_none_or(|anchor| anchor.entries != sequence || anchor.hash == hash);
                    if hash != entry.hash {
                        Some(Fault::Altered { sequence })
                    } else if !anchored {
                        Some(Fault::Anchor { sequence })
                    } else {
                        verdict = Verdict { entries: sequence, hash, fault: None };
                        continue;
                    }
                };
                return Ok(verdict);
            }
            if found.len() < PAGE as usize {
                break;
            }
        }
        let last = verdict.entries;
        let anchored = anchor.map_or(0, |anchor| anchor.entries);
        verdict.fault = match head {
            None => Some(Fault::Head { sequence: last }),
            Some((entries, _)) if entries.max(anchored) > last => Some(Fault::Missing { sequence: last + 1 }),
            Some((entries, _)) if entries < last => Some(Fault::Head { sequence: entries + 1 }),
            Some((_, hash)) if hash != verdict.hash => Some(Fault::Head { sequence: last }),
            Some(_) => None,
        };
        Ok(verdict)
    }
}
