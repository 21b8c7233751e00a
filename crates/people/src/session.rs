//! Sessions: people who are signed in.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::audit::Action;
use crate::secret;
use crate::{
    By, Denied, Grant, HANDLE_BYTES_MAX, Moment, People, PeopleError, SESSION_MS_MAX, SESSIONS_EACH_MAX, SESSIONS_MAX,
    USED_EVERY_MS, limit,
};

/// A session, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id; no secret.
    pub id: String,
    /// Who it is.
    pub subject: String,
    /// What they may do.
    pub grant: Grant,
    /// When they signed in.
    pub created: Moment,
    /// When it ends, whatever they do.
    pub expires: Moment,
    /// Milliseconds without a request after which it ends.
    pub idle_ms: i64,
    /// When they last did something, to the minute or a quarter of `idle_ms`.
    pub last_used: Moment,
}

impl People {
    /// Begins a session of `by`: the session, and the token that the reader's browser keeps. Beyond
    /// [`SESSIONS_EACH_MAX`] of one person the longest-standing ends.
    ///
    /// # Errors
    /// [`PeopleError::TooMany`] beyond [`SESSIONS_MAX`], [`PeopleError::OutOfRange`] for times that are none or beyond
    /// [`SESSION_MS_MAX`], a limit on subject or organisations, [`PeopleError::Sql`].
    pub async fn start_session(
        &self,
        grant: &Grant,
        idle_ms: i64,
        life_ms: i64,
        by: By<'_>,
    ) -> Result<(Session, String), PeopleError> {
        limit::text("subject", by.who, HANDLE_BYTES_MAX)?;
        limit::number("idle_ms", idle_ms, 1, SESSION_MS_MAX)?;
        limit::number("life_ms", life_ms, 1, SESSION_MS_MAX)?;
        let columns = grant.columns()?;
        let (id, token) = (secret::draw_id()?, secret::draw()?);
        let expires = by.at.after(life_ms);
        let mut tx = self.write().await?;
        tx.record(Action::SessionStarted, &id, &grant.told(), by).await?;
        sqlx::query("DELETE FROM sessions WHERE expires_ms <= $1 OR used_ms + idle_ms <= $1")
            .bind(by.at.0)
            .execute(&mut *tx.sql)
            .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE id IN
                 (SELECT id FROM sessions WHERE subject = $1 ORDER BY created_ms DESC, id LIMIT 1000 OFFSET $2)",
        )
        .bind(by.who)
        .bind(SESSIONS_EACH_MAX - 1)
        .execute(&mut *tx.sql)
        .await?;
        let row = sqlx::query("SELECT COUNT(*) FROM sessions").fetch_one(&mut *tx.sql).await?;
        limit::count("sessions", row.try_get(0)?, SESSIONS_MAX)?;
        sqlx::query(
            "INSERT INTO sessions (id, hash, subject, roles, marking, organisations, created_ms, expires_ms, idle_ms,
             used_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7)",
        )
        .bind(&id)
        .bind(secret::hash(&token))
        .bind(by.who)
        .bind(columns.roles)
        .bind(columns.marking)
        .bind(columns.organisations)
        .bind(by.at.0)
        .bind(expires.0)
        .bind(idle_ms)
        .execute(&mut *tx.sql)
        .await?;
        tx.commit().await?;
        let (subject, grant) = (by.who.to_owned(), grant.clone());
        Ok((Session { id, subject, grant, created: by.at, expires, idle_ms, last_used: by.at }, token))
    }

    /// The session of a token, where it is good at a time; being asked for keeps it from growing idle.
    ///
    /// # Errors
    /// [`PeopleError::Denied`] where it is not, [`PeopleError::Sql`].
    pub async fn session(&self, token: &str, now: Moment) -> Result<Session, PeopleError> {
        // Looked up by its hash: how long that takes tells of a hash, and of no secret.
        let row = sqlx::query("SELECT * FROM sessions WHERE hash = $1")
            .bind(secret::hash(token))
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Err(PeopleError::Denied(Denied::Unknown)) };
        let mut session = read(&row)?;
        if session.expires <= now {
            return Err(PeopleError::Denied(Denied::Expired));
        }
        if session.last_used.after(session.idle_ms) <= now {
            return Err(PeopleError::Denied(Denied::Idle));
        }
        if session.last_used.after(USED_EVERY_MS.min(session.idle_ms / 4)) <= now {
            sqlx::query("UPDATE sessions SET used_ms = $2 WHERE id = $1 AND used_ms < $2")
                .bind(&session.id)
                .bind(now.0)
                .execute(&self.pool)
                .await?;
            session.last_used = now;
        }
        Ok(session)
    }

    /// The sessions of a person that are good at a time, the newest first.
    ///
    /// # Errors
    /// [`PeopleError::Sql`].
    pub async fn sessions_of(&self, subject: &str, now: Moment) -> Result<Vec<Session>, PeopleError> {
        let found = sqlx::query(
            "SELECT * FROM sessions WHERE subject = $1 AND expires_ms > $2 AND used_ms + idle_ms > $2
             ORDER BY created_ms DESC, id",
        )
        .bind(subject)
        .bind(now.0)
        .fetch_all(&self.pool)
        .await?;
        found.iter().map(read).collect()
    }

    /// All sessions that are good at a time, by id, of those whose id comes after `after` (empty: from the first).
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for a page that is too large, [`PeopleError::Sql`].
    pub async fn sessions(&self, after: &str, rows: u32, now: Moment) -> Result<Vec<Session>, PeopleError> {
        let rows = limit::page(rows)?;
        let found = sqlx::query(
            "SELECT * FROM sessions WHERE id > $1 AND expires_ms > $2 AND used_ms + idle_ms > $2 ORDER BY id LIMIT $3",
        )
        .bind(after)
        .bind(now.0)
        .bind(rows)
        .fetch_all(&self.pool)
        .await?;
        found.iter().map(read).collect()
    }

    /// Ends a session, by its id. Whether there was one.
    ///
    /// # Errors
    /// [`PeopleError::Sql`].
    pub async fn end_session(&self, id: &str, by: By<'_>) -> Result<bool, PeopleError> {
        by.check()?;
        let mut tx = self.write().await?;
        tx.lock_audit().await?;
        let deleted = sqlx::query("DELETE FROM sessions WHERE id = $1 RETURNING subject")
            .bind(id)
            .fetch_optional(&mut *tx.sql)
            .await?;
        let Some(row) = deleted else { return Ok(false) };
        tx.record(Action::SessionEnded, id, row.try_get(0)?, by).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn read(row: &AnyRow) -> Result<Session, PeopleError> {
    Ok(Session {
        id: row.try_get("id")?,
        subject: row.try_get("subject")?,
        grant: Grant::read("sessions", row)?,
        created: Moment(row.try_get("created_ms")?),
        expires: Moment(row.try_get("expires_ms")?),
        idle_ms: row.try_get("idle_ms")?,
        last_used: Moment(row.try_get("used_ms")?),
    })
}
