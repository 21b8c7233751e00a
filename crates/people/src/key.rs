//! API keys: what a program shows to be let in.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::audit::Action;
use crate::secret;
use crate::{
    By, Denied, Grant, KEY_MS_MAX, KEYS_MAX, Moment, NAME_BYTES_MAX, People, PeopleError, USED_EVERY_MS, limit,
};

/// What a token begins with, so that whoever finds one knows what it is.
const PREFIX: &str = "hwk_";
/// Characters of a key's id.
const ID_CHARS: usize = 16;

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, a part of the token; no secret.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
    /// By whom and when it was made.
    pub created: (String, Moment),
    /// When it ends.
    pub expires: Moment,
    /// By whom and when it was taken back.
    pub revoked: Option<(String, Moment)>,
    /// When it was last used, to the minute.
    pub last_used: Option<Moment>,
}

impl ApiKey {
    /// Whether a text looks like the token of a key; it need not be a good one.
    pub fn is_one(token: &str) -> bool {
        token.starts_with(PREFIX)
    }
}

impl People {
    /// Makes a key: the key, and its token, which is shown this once and cannot be read again.
    ///
    /// # Errors
    /// [`PeopleError::TooMany`] beyond [`KEYS_MAX`] keys that are good, [`PeopleError::OutOfRange`] for one that ends in
    /// the past or later than [`KEY_MS_MAX`] from now, a limit on name or organisations, [`PeopleError::Sql`].
    pub async fn create_key(
        &self,
        name: &str,
        grant: &Grant,
        expires: Moment,
        by: By<'_>,
    ) -> Result<(ApiKey, String), PeopleError> {
        by.check()?;
        limit::text("name", name, NAME_BYTES_MAX)?;
        limit::number("expires", expires.0, by.at.0.saturating_add(1), by.at.after(KEY_MS_MAX).0)?;
        let columns = grant.columns()?;
        let (id, drawn) = (secret::draw_id()?, secret::draw()?);
        let mut tx = self.write().await?;
        // First, so that two who make the last allowed key do it one after the other.
        tx.record(Action::KeyCreated, &id, &format!("{name}: {}", grant.told()), by).await?;
        sqlx::query("DELETE FROM api_keys WHERE expires_ms < $1")
            .bind(by.at.after(-KEY_MS_MAX).0)
            .execute(&mut *tx.sql)
            .await?;
        let row = sqlx::query("SELECT COUNT(*) FROM api_keys WHERE revoked_by = '' AND expires_ms > $1")
            .bind(by.at.0)
            .fetch_one(&mut *tx.sql)
            .await?;
        limit::count("keys", row.try_get(0)?, KEYS_MAX)?;
        sqlx::query(
            "INSERT INTO api_keys (id, hash, name, roles, marking, organisations, created_by, created_ms, expires_ms,
             revoked_by, revoked_ms, used_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0, 0)",
        )
        .bind(&id)
        .bind(secret::hash(&drawn))
        .bind(name)
        .bind(columns.roles)
        .bind(columns.marking)
        .bind(columns.organisations)
        .bind(by.who)
        .bind(by.at.0)
        .bind(expires.0)
        .execute(&mut *tx.sql)
        .await?;
        tx.commit().await?;
        let token = format!("{PREFIX}{id}_{drawn}");
        let created = (by.who.to_owned(), by.at);
        let (name, grant) = (name.to_owned(), grant.clone());
        Ok((ApiKey { id, name, grant, created, expires, revoked: None, last_used: None }, token))
    }

    /// The key of a token, where it is good at a time.
    ///
    /// # Errors
    /// [`PeopleError::Denied`] where it is not, [`PeopleError::Sql`].
    pub async fn key(&self, token: &str, now: Moment) -> Result<ApiKey, PeopleError> {
        let unknown = PeopleError::Denied(Denied::Unknown);
        let Some((id, shown)) = parts(token) else { return Err(unknown) };
        let row = sqlx::query("SELECT * FROM api_keys WHERE id = $1").bind(id).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Err(unknown) };
        if !secret::is(shown, row.try_get("hash")?) {
            return Err(unknown);
        }
        let mut key = read(&row)?;
        if key.revoked.is_some() {
            return Err(PeopleError::Denied(Denied::Revoked));
        }
        if key.expires <= now {
            return Err(PeopleError::Denied(Denied::Expired));
        }
        if key.last_used.is_none_or(|last| last.after(USED_EVERY_MS) <= now) {
            sqlx::query("UPDATE api_keys SET used_ms = $2 WHERE id = $1 AND used_ms < $2")
                .bind(id)
                .bind(now.0)
                .execute(&self.pool)
                .await?;
            key.last_used = Some(now);
        }
        Ok(key)
    }

    /// The keys by id, of those whose id comes after `after` (empty: from the first): good ones, and for a time those
    /// that no longer are.
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for a page that is too large, [`PeopleError::Sql`].
    pub async fn keys(&self, after: &str, rows: u32) -> Result<Vec<ApiKey>, PeopleError> {
        let rows = limit::page(rows)?;
        let found = sqlx::query("SELECT * FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(rows)
            .fetch_all(&self.pool)
            .await?;
        found.iter().map(read).collect()
    }

    /// Takes a key back. Whether it was there and good.
    ///
    /// # Errors
    /// [`PeopleError::Sql`].
    pub async fn revoke_key(&self, id: &str, by: By<'_>) -> Result<bool, PeopleError> {
        by.check()?;
        let mut tx = self.write().await?;
        tx.lock_audit().await?;
        let done =
            sqlx::query("UPDATE api_keys SET revoked_by = $2, revoked_ms = $3 WHERE id = $1 AND revoked_by = ''")
                .bind(id)
                .bind(by.who)
                .bind(by.at.0)
                .execute(&mut *tx.sql)
                .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        tx.record(Action::KeyRevoked, id, "", by).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// The id and the secret of a token.
fn parts(token: &str) -> Option<(&str, &str)> {
    let rest = token.strip_prefix(PREFIX)?;
    let (id, secret) = (rest.get(..ID_CHARS)?, rest.get(ID_CHARS..)?.strip_prefix('_')?);
    Some((id, secret))
}

fn read(row: &AnyRow) -> Result<ApiKey, PeopleError> {
    let (revoked_by, used): (String, i64) = (row.try_get("revoked_by")?, row.try_get("used_ms")?);
    let revoked = if revoked_by.is_empty() { None } else { Some((revoked_by, Moment(row.try_get("revoked_ms")?))) };
    Ok(ApiKey {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        grant: Grant::read("api_keys", row)?,
        created: (row.try_get("created_by")?, Moment(row.try_get("created_ms")?)),
        expires: Moment(row.try_get("expires_ms")?),
        revoked,
        last_used: (used != 0).then_some(Moment(used)),
    })
}
