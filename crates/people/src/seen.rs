//! What each reader has seen of each alert.

use sqlx::Row;

use crate::{ALERT_BYTES_MAX, By, Moment, People, PeopleError, SEEN_MAX, limit};

/// What a reader has seen of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The alert.
    pub alert: String,
    /// The highest revision that the reader looked at.
    pub revision: u32,
    /// When the reader last did.
    pub last_looked: Moment,
}

impl People {
    /// Keeps that a reader looked at a revision of an alert. Neither the revision nor the time ever falls.
    ///
    /// # Errors
    /// A limit on the ids, [`PeopleError::Sql`].
    pub async fn looked(&self, reader: By<'_>, alert: &str, revision: u32) -> Result<(), PeopleError> {
        reader.check()?;
        limit::text("alert", alert, ALERT_BYTES_MAX)?;
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO seen (reader, alert, revision, looked_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (reader, alert) DO UPDATE SET
                 revision = CASE WHEN excluded.revision > seen.revision THEN excluded.revision ELSE seen.revision END,
                 looked_ms = CASE WHEN excluded.looked_ms > seen.looked_ms THEN excluded.looked_ms ELSE seen.looked_ms END",
        )
        .bind(reader.who)
        .bind(alert)
        .bind(i64::from(revision))
        .bind(reader.at.0)
        .execute(&mut *tx.sql)
        .await?;
        sqlx::query(
            "DELETE FROM seen WHERE reader = $1 AND alert IN
                 (SELECT alert FROM seen WHERE reader = $1 ORDER BY looked_ms DESC, alert LIMIT 1000 OFFSET $2)",
        )
        .bind(reader.who)
        .bind(SEEN_MAX)
        .execute(&mut *tx.sql)
        .await?;
        tx.commit().await
    }

    /// What a reader has seen, by alert, of those whose id comes after `after` (empty: from the first).
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for a page that is too large, [`PeopleError::Sql`].
    pub async fn seen(&self, reader: &str, after: &str, rows: u32) -> Result<Vec<Seen>, PeopleError> {
        let rows = limit::page(rows)?;
        let found = sqlx::query(
            "SELECT alert, revision, looked_ms FROM seen WHERE reader = $1 AND alert > $2 ORDER BY alert LIMIT $3",
        )
        .bind(reader)
        .bind(after)
        .bind(rows)
        .fetch_all(&self.pool)
        .await?;
        let seen = |row: sqlx::any::AnyRow| {
            let revision: i64 = row.try_get(1)?;
            let revision = u32::try_from(revision).map_err(|_| corrupt(revision))?;
            Ok(Seen { alert: row.try_get(0)?, revision, last_looked: Moment(row.try_get(2)?) })
        };
        found.into_iter().map(seen).collect()
    }
}

fn corrupt(revision: i64) -> PeopleError {
    PeopleError::Corrupt { table: "seen", column: "revision", value: revision.to_string() }
}
