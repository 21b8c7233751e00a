//! Saved views: a reader's filters under a name.

use sqlx::Row;

use crate::{By, FILTERS_BYTES_MAX, Moment, NAME_BYTES_MAX, People, PeopleError, VIEWS_MAX, limit};

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its name, one of a kind per owner.
    pub name: String,
    /// The filters: a JSON object, as it was given.
    pub filters: String,
    /// When it was last saved.
    pub changed: Moment,
}

impl People {
    /// Saves a view of `owner`, in place of one of that name.
    ///
    /// # Errors
    /// [`PeopleError::NotAnObject`] for filters that are no JSON object, [`PeopleError::TooMany`] beyond [`VIEWS_MAX`],
    /// a limit on a text, [`PeopleError::Sql`].
    pub async fn save_view(&self, name: &str, filters: &str, owner: By<'_>) -> Result<(), PeopleError> {
        owner.check()?;
        limit::text("name", name, NAME_BYTES_MAX)?;
        limit::text("filters", filters, FILTERS_BYTES_MAX)?;
        if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(filters) {
            return Err(PeopleError::NotAnObject { field: "filters", why: error.to_string() });
        }
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO views (owner, name, filters, changed_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (owner, name) DO UPDATE SET filters = excluded.filters, changed_ms = excluded.changed_ms",
        )
        .bind(owner.who)
        .bind(name)
        .bind(filters)
        .bind(owner.at.0)
        .execute(&mut *tx.sql)
        .await?;
        let row =
            sqlx::query("SELECT COUNT(*) FROM views WHERE owner = $1").bind(owner.who).fetch_one(&mut *tx.sql).await?;
        // Counted with the new one in it, which is not kept if it is one too many.
        limit::count("views", row.try_get::<i64, _>(0)? - 1, VIEWS_MAX)?;
        tx.commit().await
    }

    /// The views of a reader, by name.
    ///
    /// # Errors
    /// [`PeopleError::Sql`].
    pub async fn views(&self, owner: &str) -> Result<Vec<View>, PeopleError> {
        let found = sqlx::query("SELECT name, filters, changed_ms FROM views WHERE owner = $1 ORDER BY name")
            .bind(owner)
            .fetch_all(&self.pool)
            .await?;
        let view = |row: sqlx::any::AnyRow| {
            Ok(View { name: row.try_get(0)?, filters: row.try_get(1)?, changed: Moment(row.try_get(2)?) })
        };
        found.into_iter().map(view).collect()
    }

    /// Forgets a view. Whether there was one.
    ///
    /// # Errors
    /// [`PeopleError::Sql`].
    pub async fn delete_view(&self, owner: &str, name: &str) -> Result<bool, PeopleError> {
        let done = sqlx::query("DELETE FROM views WHERE owner = $1 AND name = $2")
            .bind(owner)
            .bind(name)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
