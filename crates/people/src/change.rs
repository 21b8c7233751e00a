//! What changed, for other processes that show it live.
//!
//! A change takes its number from a row that stays locked until its transaction ends: numbers become visible in their
//! order and without gaps, so whoever has read up to a number has missed nothing before it. Polling needs no more than a
//! look-up by primary key, and works on both databases alike.

use sqlx::Row;

use crate::database::Writing;
use crate::{CHANGES_MAX, Moment, People, PeopleError, limit};

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The triage of an alert.
    Triage,
    /// The notes on an alert: there is one more.
    Note,
}

impl ChangeKind {
    const ALL: [ChangeKind; 2] = [ChangeKind::Triage, ChangeKind::Note];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Triage => "triage",
            ChangeKind::Note => "note",
        }
    }
}

/// Something changed: whoever shows it reads it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number, from 1, without gaps.
    pub sequence: u64,
    /// When.
    pub at: Moment,
    /// What kind of thing.
    pub kind: ChangeKind,
    /// Which: the id of an alert.
    pub object: String,
}

/// What changed since a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// In their order, at most as many as were asked for.
    pub changes: Vec<Change>,
    /// Changes after the number are no longer kept: read everything again, then go on from [`People::last_change`] as
    /// it was before.
    pub missed: bool,
}

impl Writing {
    /// Says that something changed.
    pub(crate) async fn changed(&mut self, at: Moment, kind: ChangeKind, object: &str) -> Result<(), PeopleError> {
        let take = "UPDATE counters SET value = value + 1 WHERE name = 'change' RETURNING value";
        let sequence: i64 = sqlx::query(take).fetch_one(&mut *self.sql).await?.try_get(0)?;
        sqlx::query("INSERT INTO changes (sequence, at_ms, kind, object) VALUES ($1, $2, $3, $4)")
            .bind(sequence)
            .bind(at.0)
            .bind(kind.as_str())
            .bind(object)
            .execute(&mut *self.sql)
            .await?;
        sqlx::query("DELETE FROM changes WHERE sequence <= $1")
            .bind(sequence - CHANGES_MAX)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }
}

impl People {
    /// Number of the last change; 0 before the first.
    ///
    /// # Errors
    /// [`PeopleError::Sql`].
    pub async fn last_change(&self) -> Result<u64, PeopleError> {
        let row = sqlx::query("SELECT value FROM counters WHERE name = 'change'").fetch_one(&self.pool).await?;
        Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
    }

    /// The number of the last change before all that were written at a time or later, and whether some of those are no
    /// longer kept. The time is that of whoever wrote the change: leave room for clocks that differ.
    ///
    /// # Errors
    /// [`PeopleError::Sql`].
    pub async fn change_before(&self, at: Moment) -> Result<(u64, bool), PeopleError> {
        let row = sqlx::query(
            "SELECT (SELECT value FROM counters WHERE name = 'change'),
                 COALESCE((SELECT MIN(sequence) FROM changes WHERE at_ms >= $1), 0),
                 COALESCE((SELECT MIN(sequence) FROM changes), 0)",
        )
        .bind(at.0)
        .fetch_one(&self.pool)
        .await?;
        let number = |column| Ok::<u64, PeopleError>(row.try_get::<i64, _>(column)?.unsigned_abs());
        let (last, first_since, first_kept) = (number(0)?, number(1)?, number(2)?);
        let before = if first_since == 0 { last } else { first_since - 1 };
        Ok((before, first_kept > 1 && first_since == first_kept))
    }

    /// The changes after a number, at most `rows` of them.
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for a page that is too large, [`PeopleError::Sql`].
    pub async fn changes(&self, after: u64, rows: u32) -> Result<Changes, PeopleError> {
        let rows = limit::page(rows)?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let found = sqlx::query(
            "SELECT sequence, at_ms, kind, object FROM changes WHERE sequence > $1 ORDER BY sequence LIMIT $2",
        )
        .bind(after)
        .bind(rows)
        .fetch_all(&self.pool)
        .await?;
        let mut changes = Vec::with_capacity(found.len());
        for row in found {
            let kind: String = row.try_get(2)?;
            let Some(kind) = ChangeKind::ALL.into_iter().find(|known| known.as_str() == kind) else {
                return Err(PeopleError::Corrupt { table: "changes", column: "kind", value: kind });
            };
            let sequence = row.try_get::<i64, _>(0)?.unsigned_abs();
            changes.push(Change { sequence, at: Moment(row.try_get(1)?), kind, object: row.try_get(3)? });
        }
        let missed = changes.first().is_some_and(|first| first.sequence > after.unsigned_abs() + 1);
        Ok(Changes { changes, missed })
    }
}
