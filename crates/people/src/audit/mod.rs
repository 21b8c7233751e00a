//! The audit log: what was done, by whom, when.
//!
//! Each entry's hash is the SHA-256 of the hash before it (32 zero bytes before the first) and of the entry: the words
//! `headwater audit 1`, then sequence and time as 8 bytes, then actor, action, object and detail, each after its length
//! in bytes as 8 bytes; all numbers with the highest byte first. So nothing can be changed, taken out, put in or moved
//! without every later hash being another. How many entries there are and the last hash stand in a table of their own,
//! and may be kept in a file elsewhere ([`People::anchor`]): a tail that is cut off shows against either. Whoever may
//! write to the database and to that file can still make a whole new log; keep the file where they cannot.
//!
//! Entries are appended one after the other, also by several processes: each takes the table's one row first. The log is
//! never shortened; an entry is about 300 bytes.

mod anchor;
mod verify;

use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::database::Writing;
use crate::secret::hex;
use crate::{AUDIT_DETAIL_BYTES_MAX, AUDIT_OBJECT_BYTES_MAX, By, Moment, People, PeopleError, limit};

pub use verify::{Fault, Verdict};

/// What an entry's encoding begins with.
const FORMAT: &[u8] = b"headwater audit 1";

/// What was done: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Something of TLP:RED was shown.
    ViewedRed,
    /// Something of TLP:AMBER+STRICT was shown.
    ViewedAmberStrict,
    /// Something was taken away as a file.
    Exported,
    /// An alert was triaged.
    Triaged,
    /// A note was added to an alert.
    Noted,
    /// A key was made.
    KeyCreated,
    /// A key was taken back.
    KeyRevoked,
    /// Somebody signed in.
    SessionStarted,
    /// A session was ended.
    SessionEnded,
    /// Somebody could not sign in.
    SignInFailed,
    /// An exercise alert was ordered.
    DrillOrdered,
}

impl Action {
    /// All.
    pub const ALL: [Action; 11] = [
        Action::ViewedRed,
        Action::ViewedAmberStrict,
        Action::Exported,
        Action::Triaged,
        Action::Noted,
        Action::KeyCreated,
        Action::KeyRevoked,
        Action::SessionStarted,
        Action::SessionEnded,
        Action::SignInFailed,
        Action::DrillOrdered,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::ViewedRed => "viewed_red",
            Action::ViewedAmberStrict => "viewed_amber_strict",
            Action::Exported => "exported",
            Action::Triaged => "triaged",
            Action::Noted => "noted",
            Action::KeyCreated => "key_created",
            Action::KeyRevoked => "key_revoked",
            Action::SessionStarted => "session_started",
            Action::SessionEnded => "session_ended",
            Action::SignInFailed => "sign_in_failed",
            Action::DrillOrdered => "drill_ordered",
        }
    }
}

/// An entry. The action is a word, so that one that this program does not know can still be read and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1, without gaps.
    pub sequence: u64,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: String,
    /// What: a word of [`Action`].
    pub action: String,
    /// To what: the id of an alert, a key, a session, the name of a file.
    pub object: String,
    /// What else there is to say.
    pub detail: String,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

impl Entry {
    /// The hash that it must have after the hash before it.
    fn hash_after(&self, previous: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(bytes(previous));
        hash.update(FORMAT);
        hash.update(self.sequence.to_be_bytes());
        hash.update(self.at.0.to_be_bytes());
        for text in [&self.actor, &self.action, &self.object, &self.detail] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hex(&hash.finalize())
    }
}

/// The bytes of a hash in hexadecimal; of what is none, its own, which no entry's hash can come from.
fn bytes(hash: &str) -> Vec<u8> {
    let pair = |at: usize| hash.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let read: Option<Vec<u8>> = (0..hash.len()).step_by(2).map(pair).collect();
    read.filter(|read| read.len() == 32).unwrap_or_else(|| hash.as_bytes().to_vec())
}

impl Writing {
    /// Takes the log's lock early, where rows are to be locked that come after it in the order of the crate's head.
    pub(crate) async fn lock_audit(&mut self) -> Result<(), PeopleError> {
        sqlx::query("UPDATE audit_head SET entries = entries WHERE id = 1").execute(&mut *self.sql).await?;
        Ok(())
    }

    /// Appends an entry.
    pub(crate) async fn record(
        &mut self,
        action: Action,
        object: &str,
        detail: &str,
        by: By<'_>,
    ) -> Result<(), PeopleError> {
        by.check()?;
        limit::free_text("object", object, AUDIT_OBJECT_BYTES_MAX)?;
        limit::free_text("detail", detail, AUDIT_DETAIL_BYTES_MAX)?;
        let take = "UPDATE audit_head SET entries = entries + 1 WHERE id = 1 RETURNING entries, hash";
        let head = sqlx::query(take).fetch_one(&mut *self.sql).await?;
        let (sequence, previous): (i64, String) = (head.try_get(0)?, head.try_get(1)?);
        let entry = Entry {
            sequence: sequence.unsigned_abs(),
            at: by.at,
            actor: by.who.to_owned(),
            action: action.as_str().to_owned(),
            object: object.to_owned(),
            detail: detail.to_owned(),
            hash: String::new(),
        };
        let hash = entry.hash_after(&previous);
        sqlx::query(
            "INSERT INTO audit (sequence, at_ms, actor, action, object, detail, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(sequence)
        .bind(entry.at.0)
        .bind(entry.actor)
        .bind(entry.action)
        .bind(entry.object)
        .bind(entry.detail)
        .bind(&hash)
        .execute(&mut *self.sql)
        .await?;
        sqlx::query("UPDATE audit_head SET hash = $1 WHERE id = 1").bind(hash).execute(&mut *self.sql).await?;
        Ok(())
    }
}

impl People {
    /// Appends what was done outside this room: something marked was shown, something was exported, somebody could not
    /// sign in. What this room does it writes down itself.
    ///
    /// # Errors
    /// A limit on a text, [`PeopleError::Sql`]: then what was to be written down must not be done either.
    pub async fn record(&self, action: Action, object: &str, detail: &str, by: By<'_>) -> Result<(), PeopleError> {
        let mut tx = self.write().await?;
        tx.record(action, object, detail, by).await?;
        tx.commit().await
    }

    /// The entries before a number (`u64::MAX`: from the last), the newest first, at most `rows` of them.
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for a page that is too large, [`PeopleError::Sql`].
    pub async fn entries(&self, before: u64, rows: u32) -> Result<Vec<Entry>, PeopleError> {
        let rows = limit::page(rows)?;
        let found = sqlx::query("SELECT * FROM audit WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2")
            .bind(i64::try_from(before).unwrap_or(i64::MAX))
            .bind(rows)
            .fetch_all(&self.pool)
            .await?;
        found.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<Entry, PeopleError> {
    Ok(Entry {
        sequence: row.try_get::<i64, _>("sequence")?.unsigned_abs(),
        at: Moment(row.try_get("at_ms")?),
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        object: row.try_get("object")?,
        detail: row.try_get("detail")?,
        hash: row.try_get("hash")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_the_one_that_is_described() {
        let text = |text: &str| [&(text.len() as u64).to_be_bytes()[..], text.as_bytes()].concat();
        let entry = Entry {
            sequence: 258,
            at: Moment(-2),
            actor: "ana".into(),
            action: "exported".into(),
            object: String::new(),
            detail: "é".into(),
            hash: String::new(),
        };
        let mut encoded = [[0xab_u8; 32].as_slice(), FORMAT, &[0, 0, 0, 0, 0, 0, 1, 2]].concat();
        encoded.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]);
        encoded.extend([text("ana"), text("exported"), text(""), text("é")].concat());
        assert_eq!(entry.hash_after(&"ab".repeat(32)), hex(&Sha256::digest(encoded)));
    }
}
