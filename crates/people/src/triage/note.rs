//! What people write about an alert.

use sqlx::Row;

use crate::audit::Action;
use crate::change::ChangeKind;
use crate::database::Writing;
use crate::{ALERT_BYTES_MAX, By, Moment, NOTE_BYTES_MAX, NOTES_MAX, People, PeopleError, limit};

/// A note. It is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its number on the alert, from 1.
    pub number: u64,
    /// When.
    pub at: Moment,
    /// Who.
    pub by: String,
    /// What it says.
    pub body: String,
}

impl People {
    /// Adds a note to an alert. It names no version: notes do not contradict each other.
    ///
    /// # Errors
    /// [`PeopleError::TooMany`] beyond [`NOTES_MAX`], a limit on id or text, [`PeopleError::Sql`].
    pub async fn note(&self, alert: &str, body: &str, by: By<'_>) -> Result<Note, PeopleError> {
        by.check()?;
        let mut tx = self.write().await?;
        tx.lock(alert).await?;
        let note = add(&mut tx, alert, body, by).await?;
        tx.commit().await?;
        Ok(note)
    }

    /// The notes on an alert after a number (0: from the first), at most `rows` of them.
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for a page that is too large, [`PeopleError::Sql`].
    pub async fn notes(&self, alert: &str, after: u64, rows: u32) -> Result<Vec<Note>, PeopleError> {
        let rows = limit::page(rows)?;
        let found = sqlx::query(
            "SELECT number, at_ms, by_whom, body FROM notes WHERE alert = $1 AND number > $2 ORDER BY number LIMIT $3",
        )
        .bind(alert)
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(rows)
        .fetch_all(&self.pool)
        .await?;
        let mut notes = Vec::with_capacity(found.len());
        for row in found {
            let number = row.try_get::<i64, _>(0)?.unsigned_abs();
            notes.push(Note { number, at: Moment(row.try_get(1)?), by: row.try_get(2)?, body: row.try_get(3)? });
        }
        Ok(notes)
    }
}

/// Adds a note to an alert whose row is locked.
pub(super) async fn add(tx: &mut Writing, alert: &str, body: &str, by: By<'_>) -> Result<Note, PeopleError> {
    limit::text("alert", alert, ALERT_BYTES_MAX)?;
    limit::text("note", body, NOTE_BYTES_MAX)?;
    let row = sqlx::query("SELECT COUNT(*) FROM notes WHERE alert = $1").bind(alert).fetch_one(&mut *tx.sql).await?;
    let count: i64 = row.try_get(0)?;
    limit::count("notes", count, NOTES_MAX)?;
    sqlx::query("INSERT INTO notes (alert, number, at_ms, by_whom, body) VALUES ($1, $2, $3, $4, $5)")
        .bind(alert)
        .bind(count + 1)
        .bind(by.at.0)
        .bind(by.who)
        .bind(body)
        .execute(&mut *tx.sql)
        .await?;
    tx.changed(by.at, ChangeKind::Note, alert).await?;
    tx.record(Action::Noted, alert, &format!("note {}", count + 1), by).await?;
    Ok(Note { number: count.unsigned_abs() + 1, at: by.at, by: by.who.to_owned(), body: body.to_owned() })
}
