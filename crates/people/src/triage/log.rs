//! How an alert came to stand as it does.

use sqlx::Row;

use super::row::filled;
use super::{State, Triage};
use crate::{Moment, People, PeopleError, limit};

/// One step of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The version that it led to, from 1.
    pub version: u64,
    /// When.
    pub at: Moment,
    /// Who.
    pub by: String,
    /// The state and the assignee before.
    pub from: (State, Option<String>),
    /// The state and the assignee after.
    pub to: (State, Option<String>),
}

impl Transition {
    /// What stands after a log, replayed from its first step; `None` where a step does not begin where the one before it
    /// ended.
    pub fn replay(alert: &str, log: &[Transition]) -> Option<Triage> {
        let mut triage = Triage::new(alert);
        for step in log {
            if step.version != triage.version + 1 || step.from != (triage.state, triage.assignee) {
                return None;
            }
            let (state, assignee) = step.to.clone();
            let changed = Some((step.by.clone(), step.at));
            triage = Triage { alert: triage.alert, version: step.version, state, assignee, changed };
        }
        Some(triage)
    }
}

impl People {
    /// The steps of an alert after a version (0: from the first), at most `rows` of them.
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for a page that is too large, [`PeopleError::Sql`].
    pub async fn transitions(&self, alert: &str, after: u64, rows: u32) -> Result<Vec<Transition>, PeopleError> {
        let rows = limit::page(rows)?;
        let found = sqlx::query(
            "SELECT version, at_ms, by_whom, from_state, from_assignee, to_state, to_assignee
             FROM transitions WHERE alert = $1 AND version > $2 ORDER BY version LIMIT $3",
        )
        .bind(alert)
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(rows)
        .fetch_all(&self.pool)
        .await?;
        let mut log = Vec::with_capacity(found.len());
        for row in found {
            log.push(Transition {
                version: row.try_get::<i64, _>(0)?.unsigned_abs(),
                at: Moment(row.try_get(1)?),
                by: row.try_get(2)?,
                from: (state("from_state", row.try_get(3)?)?, filled(row.try_get(4)?)),
                to: (state("to_state", row.try_get(5)?)?, filled(row.try_get(6)?)),
            });
        }
        Ok(log)
    }
}

fn state(column: &'static str, text: String) -> Result<State, PeopleError> {
    State::parse(&text).ok_or(PeopleError::Corrupt { table: "transitions", column, value: text })
}
