//! Sign-ins under way: what must be remembered between sending somebody to the sign-in service and their return.

use sqlx::Row;

use crate::secret;
use crate::{Denied, LOGIN_MS, LOGIN_TEXT_BYTES_MAX, LOGINS_MAX, Moment, People, PeopleError, limit};

/// A sign-in under way (OpenID Connect Core 1.0, section 3.1; PKCE, RFC 7636).
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// What the sign-in service must repeat in the token.
    pub nonce: String,
    /// The PKCE verifier.
    pub verifier: String,
    /// Where the reader wanted to go.
    pub return_to: String,
}

/// Without its secrets.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("return_to", &self.return_to).finish_non_exhaustive()
    }
}

impl Login {
    /// Draws a sign-in that is to lead back to `return_to`: its `state`, and the rest.
    ///
    /// # Errors
    /// [`PeopleError::Random`].
    pub fn draw(return_to: &str) -> Result<(String, Login), PeopleError> {
        let (nonce, verifier) = (secret::draw()?, secret::draw()?);
        Ok((secret::draw()?, Login { nonce, verifier, return_to: return_to.to_owned() }))
    }
}

impl People {
    /// Remembers a sign-in by its `state` for [`LOGIN_MS`]. Beyond [`LOGINS_MAX`] those that end first are forgotten:
    /// whoever begins many cannot keep others out for longer than they go on.
    ///
    /// # Errors
    /// A limit on a text, [`PeopleError::Sql`].
    pub async fn begin_login(&self, state: &str, login: &Login, now: Moment) -> Result<(), PeopleError> {
        for (field, text) in [("state", state), ("nonce", &login.nonce), ("verifier", &login.verifier)] {
            limit::text(field, text, LOGIN_TEXT_BYTES_MAX)?;
        }
        limit::free_text("return_to", &login.return_to, LOGIN_TEXT_BYTES_MAX)?;
        let mut tx = self.write().await?;
        // One after the other: two that clear away the same rows would wait for each other.
        sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'login'").execute(&mut *tx.sql).await?;
        sqlx::query("DELETE FROM logins WHERE expires_ms <= $1").bind(now.0).execute(&mut *tx.sql).await?;
        sqlx::query(
            "DELETE FROM logins WHERE hash IN
                 (SELECT hash FROM logins ORDER BY expires_ms DESC, hash LIMIT 1000 OFFSET $1)",
        )
        .bind(LOGINS_MAX - 1)
        .execute(&mut *tx.sql)
        .await?;
        sqlx::query("INSERT INTO logins (hash, nonce, verifier, return_to, expires_ms) VALUES ($1, $2, $3, $4, $5)")
            .bind(secret::hash(state))
            .bind(&login.nonce)
            .bind(&login.verifier)
            .bind(&login.return_to)
            .bind(now.after(LOGIN_MS).0)
            .execute(&mut *tx.sql)
            .await?;
        tx.commit().await
    }

    /// Takes a sign-in by its `state`, once: whoever comes second finds none.
    ///
    /// # Errors
    /// [`PeopleError::Denied`] where there is none or it took too long, [`PeopleError::Sql`].
    pub async fn take_login(&self, state: &str, now: Moment) -> Result<Login, PeopleError> {
        let mut tx = self.write().await?;
        let taken = sqlx::query("DELETE FROM logins WHERE hash = $1 RETURNING nonce, verifier, return_to, expires_ms")
            .bind(secret::hash(state))
            .fetch_optional(&mut *tx.sql)
            .await?;
        tx.commit().await?;
        let Some(row) = taken else { return Err(PeopleError::Denied(Denied::Unknown)) };
        if Moment(row.try_get(3)?) <= now {
            return Err(PeopleError::Denied(Denied::Expired));
        }
        Ok(Login { nonce: row.try_get(0)?, verifier: row.try_get(1)?, return_to: row.try_get(2)? })
    }
}
