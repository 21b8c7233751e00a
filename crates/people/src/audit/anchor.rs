//! The head of the audit log in a file: how many entries there were, and the hash of the last.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use sqlx::Row;

use crate::{People, PeopleError};

/// Bytes that such a file may have: a number, a space, a hash.
const BYTES_MAX: usize = 128;

/// A head that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) entries: u64,
    pub(super) hash: String,
}

/// Reads a file; nothing where there is none yet.
pub(super) fn load(path: &Path) -> Result<Option<Anchor>, PeopleError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|source| PeopleError::File { path: path.into(), source })?,
    };
    let wrong = || PeopleError::Anchor { path: path.into() };
    if text.len() > BYTES_MAX {
        return Err(wrong());
    }
    let (entries, hash) = text.trim_end().split_once(' ').ok_or_else(wrong)?;
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    Ok(Some(Anchor { entries: entries.parse().map_err(|_| wrong())?, hash: hash.to_owned() }))
}

impl People {
    /// Keeps the head of the audit log in a file, as `ENTRIES HASH`, whole or not at all. A file that the log does not
    /// go on from is left as it is: it is the proof.
    ///
    /// # Errors
    /// [`PeopleError::AuditBroken`] where the log does not go on from what the file says, [`PeopleError::File`],
    /// [`PeopleError::Anchor`] for a file that is none, [`PeopleError::Sql`].
    pub async fn anchor(&self, path: &Path) -> Result<(), PeopleError> {
        let kept = load(path)?;
        if let Some(kept) = kept.filter(|kept| kept.entries > 0) {
            let row = sqlx::query("SELECT hash FROM audit WHERE sequence = $1")
                .bind(i64::try_from(kept.entries).unwrap_or(i64::MAX))
                .fetch_optional(&self.pool)
                .await?;
            let hash: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
            if hash.as_ref() != Some(&kept.hash) {
                return Err(PeopleError::AuditBroken { sequence: kept.entries });
            }
        }
        let head = sqlx::query("SELECT entries, hash FROM audit_head WHERE id = 1").fetch_one(&self.pool).await?;
        let (entries, hash): (i64, String) = (head.try_get(0)?, head.try_get(1)?);
        write(path, &format!("{entries} {hash}\n")).map_err(|source| PeopleError::File { path: path.into(), source })
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let mut file = fs::File::create(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path)
}
