//! Triage in the database.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Command, Reason, State, Triage, note};
use crate::audit::Action;
use crate::change::ChangeKind;
use crate::database::Writing;
use crate::{ALERT_BYTES_MAX, BULK_MAX, By, Moment, People, PeopleError, TRANSITIONS_MAX, limit};

/// What became of one alert of a bulk action: how it stands now, or why it was not changed.
pub type Outcome = Result<Triage, PeopleError>;

impl People {
    /// How an alert stands at a time.
    ///
    /// # Errors
    /// A limit on the id, [`PeopleError::Sql`].
    pub async fn triage(&self, alert: &str, now: Moment) -> Result<Triage, PeopleError> {
        limit::text("alert", alert, ALERT_BYTES_MAX)?;
        let row = sqlx::query(
            "SELECT alert, version, state, until_ms, reason, assignee, changed_by, changed_ms
             FROM triage WHERE alert = $1",
        )
        .bind(alert)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map_or_else(|| Ok(Triage::new(alert)), |row| read(&row))?.at(now))
    }

    /// How alerts stand at a time, by id, of those that were ever changed and whose id comes after `after` (empty: from
    /// the first).
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for a page that is too large, [`PeopleError::Sql`].
    pub async fn triages(&self, after: &str, rows: u32, now: Moment) -> Result<Vec<Triage>, PeopleError> {
        let rows = limit::page(rows)?;
        let found = sqlx::query(
            "SELECT alert, version, state, until_ms, reason, assignee, changed_by, changed_ms
             FROM triage WHERE alert > $1 AND version > 0 ORDER BY alert LIMIT $2",
        )
        .bind(after)
        .bind(rows)
        .fetch_all(&self.pool)
        .await?;
        found.iter().map(|row| Ok(read(row)?.at(now))).collect()
    }

    /// Changes an alert that was seen at a version.
    ///
    /// # Errors
    /// [`PeopleError::Stale`] with what stands now where somebody was faster, and what [`Triage::apply`] refuses.
    pub async fn change(&self, alert: &str, seen: u64, command: &Command, by: By<'_>) -> Result<Triage, PeopleError> {
        self.change_noted(alert, seen, command, None, by).await
    }

    /// As [`People::change`], with a note in the same transaction: both are kept, or neither.
    ///
    /// # Errors
    /// As [`People::change`], and the limits of [`People::note`].
    pub async fn change_noted(
        &self,
        alert: &str,
        seen: u64,
        command: &Command,
        body: Option<&str>,
        by: By<'_>,
    ) -> Result<Triage, PeopleError> {
        by.check()?;
        let mut tx = self.write().await?;
        let changed = tx.change(alert, seen, command, by).await?;
        if let Some(body) = body {
            note::add(&mut tx, alert, body, by).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Changes alerts, each seen at a version, by one command. Each is changed or not on its own account; they are
    /// changed at once, by id.
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for more than [`BULK_MAX`], [`PeopleError::Sql`]; what is stale or refused stands in
    /// the outcomes.
    pub async fn change_many(
        &self,
        alerts: &[(String, u64)],
        command: &Command,
        by: By<'_>,
    ) -> Result<Vec<(String, Outcome)>, PeopleError> {
        by.check()?;
        limit::number("alerts", alerts.len() as i64, 1, BULK_MAX as i64)?;
        let mut sorted: Vec<&(String, u64)> = alerts.iter().collect();
        sorted.sort();
        let mut tx = self.write().await?;
        let mut outcomes = Vec::with_capacity(sorted.len());
        // Every lock on an alert before the first on the number of changes: see the order in the crate's head.
        for (alert, _) in &sorted {
            limit::text("alert", alert, ALERT_BYTES_MAX)?;
            tx.lock(alert).await?;
        }
        for (alert, seen) in sorted {
            let outcome = match tx.change(alert, *seen, command, by).await {
                Err(failed @ PeopleError::Sql(_)) => return Err(failed),
                outcome => outcome,
            };
            outcomes.push((alert.clone(), outcome));
        }
        tx.commit().await?;
        Ok(outcomes)
    }

    /// Writes down that acknowledgements expired: at most [`BULK_MAX`], by id, and how many they were. It is what readers
    /// see anyway; written down it is told to others as a change.
    ///
    /// # Errors
    /// [`PeopleError::Sql`].
    pub async fn expire(&self, now: Moment) -> Result<usize, PeopleError> {
        let due = sqlx::query(
            "SELECT alert FROM triage WHERE state = 'acknowledged' AND until_ms <= $1 ORDER BY alert LIMIT $2",
        )
        .bind(now.0)
        .bind(BULK_MAX as i64)
        .fetch_all(&self.pool)
        .await?;
        if due.is_empty() {
            return Ok(0);
        }
        let mut tx = self.write().await?;
        let mut locked = Vec::with_capacity(due.len());
        for row in &due {
            locked.push(tx.lock(row.try_get(0)?).await?);
        }
        let mut expired = 0;
        for triage in locked {
            expired += usize::from(tx.fall_back(&triage, now).await?.version > triage.version);
        }
        tx.commit().await?;
        Ok(expired)
    }
}

impl Writing {
    /// Locks an alert's row until the transaction ends, and reads it.
    pub(super) async fn lock(&mut self, alert: &str) -> Result<Triage, PeopleError> {
        sqlx::query(
            "INSERT INTO triage (alert, version, state, until_ms, reason, assignee, changed_by, changed_ms)
             VALUES ($1, 0, 'new', 0, '', '', '', 0) ON CONFLICT (alert) DO NOTHING",
        )
        .bind(alert)
        .execute(&mut *self.sql)
        .await?;
        let row = sqlx::query(
            "UPDATE triage SET version = version WHERE alert = $1
             RETURNING alert, version, state, until_ms, reason, assignee, changed_by, changed_ms",
        )
        .bind(alert)
        .fetch_one(&mut *self.sql)
        .await?;
        read(&row)
    }

    async fn change(&mut self, alert: &str, seen: u64, command: &Command, by: By<'_>) -> Result<Triage, PeopleError> {
        limit::text("alert", alert, ALERT_BYTES_MAX)?;
        let stored = self.lock(alert).await?;
        let current = stored.at(by.at);
        if current.version != seen {
            return Err(PeopleError::Stale { seen, current: Box::new(current) });
        }
        limit::count("transitions", i64::try_from(current.version).unwrap_or(i64::MAX), TRANSITIONS_MAX)?;
        let changed = current.apply(command, by)?;
        self.fall_back(&stored, by.at).await?;
        self.store(&current, &changed, by.at).await?;
        Ok(changed)
    }

    /// Writes down how a row stands at a time, where that is not what it says.
    async fn fall_back(&mut self, stored: &Triage, now: Moment) -> Result<Triage, PeopleError> {
        let current = stored.at(now);
        if current.version > stored.version {
            self.store(stored, &current, now).await?;
        }
        Ok(current)
    }

    /// Writes a transition, and that there was one; `now` is when it is written, which for what expired is later.
    async fn store(&mut self, from: &Triage, to: &Triage, now: Moment) -> Result<(), PeopleError> {
        let (until, reason) = match to.state {
            State::Acknowledged { until } => (until.0, ""),
            State::Closed { reason } => (0, reason.as_str()),
            _ => (0, ""),
        };
        let (who, at) = to.changed.as_ref().map_or(("", Moment(0)), |(who, at)| (who.as_str(), *at));
        let assignee = to.assignee.as_deref().unwrap_or_default();
        let version = i64::try_from(to.version).unwrap_or(i64::MAX);
        sqlx::query(
            "UPDATE triage SET version = $2, state = $3, until_ms = $4, reason = $5, assignee = $6, changed_by = $7,
             changed_ms = $8 WHERE alert = $1",
        )
        .bind(&to.alert)
        .bind(version)
        .bind(to.state.word())
        .bind(until)
        .bind(reason)
        .bind(assignee)
        .bind(who)
        .bind(at.0)
        .execute(&mut *self.sql)
        .await?;
        sqlx::query(
            "INSERT INTO transitions
             (alert, version, at_ms, by_whom, from_state, from_assignee, to_state, to_assignee)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&to.alert)
        .bind(version)
        .bind(at.0)
        .bind(who)
        .bind(from.state.to_string())
        .bind(from.assignee.as_deref().unwrap_or_default())
        .bind(to.state.to_string())
        .bind(assignee)
        .execute(&mut *self.sql)
        .await?;
        self.changed(now, ChangeKind::Triage, &to.alert).await?;
        let named = |triage: &Triage| match &triage.assignee {
            Some(assignee) => format!("{} of {assignee}", triage.state),
            None => triage.state.to_string(),
        };
        let detail = format!("version {version}: {} to {}", named(from), named(to));
        self.record(Action::Triaged, &to.alert, &detail, By { who, at }).await
    }
}

/// Reads a row of the table `triage`.
fn read(row: &AnyRow) -> Result<Triage, PeopleError> {
    let (word, reason): (String, String) = (row.try_get(2)?, row.try_get(4)?);
    let state = match word.as_str() {
        "new" => Some(State::New),
        "acknowledged" => Some(State::Acknowledged { until: Moment(row.try_get(3)?) }),
        "assigned" => Some(State::Assigned),
        "closed" => Reason::parse(&reason).map(|reason| State::Closed { reason }),
        "reopened" => Some(State::Reopened),
        _ => None,
    };
    let Some(state) = state else {
        return Err(PeopleError::Corrupt { table: "triage", column: "state", value: format!("{word} {reason}") });
    };
    let version = row.try_get::<i64, _>(1)?.unsigned_abs();
    let who: String = row.try_get(6)?;
    let changed = if who.is_empty() { None } else { Some((who, Moment(row.try_get(7)?))) };
    Ok(Triage { alert: row.try_get(0)?, version, state, assignee: filled(row.try_get(5)?), changed })
}

/// Empty text in a row stands for nobody.
pub(super) fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
