//! The tables, and how an older database comes to have them.

use sqlx::{Any, Row, Transaction};

use crate::PeopleError;

/// Each step, in order; its number counts from 1. A step that was released is never changed: the next one mends it.
const STEPS: &[&str] = &[
    include_str!("../migrations/0001_triage.sql"),
    include_str!("../migrations/0002_access.sql"),
    include_str!("../migrations/0003_views.sql"),
];

/// Any number that nobody else locks by: "people" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(123627842366565)";

/// Brings the tables up to date within a transaction. Two processes that start at once do it one after the other.
pub(crate) async fn migrate(
    tx: &mut Transaction<'static, Any>,
    postgres: bool,
    place: &dyn std::fmt::Display,
) -> Result<(), PeopleError> {
    if postgres {
        sqlx::query(LOCK).execute(&mut **tx).await?;
    }
    sqlx::query("CREATE TABLE IF NOT EXISTS people_schema (version BIGINT PRIMARY KEY)").execute(&mut **tx).await?;
    let found = version(tx, place).await?;
    for (step, version) in STEPS.iter().zip(1_i64..).filter(|(_, version)| *version > found) {
        for statement in statements(step) {
            sqlx::query(statement).execute(&mut **tx).await?;
        }
        sqlx::query("INSERT INTO people_schema (version) VALUES ($1)").bind(version).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Refuses a database whose tables are not those of this version; one that has none is at version 0.
pub(crate) async fn is_current(
    tx: &mut Transaction<'static, Any>,
    place: &dyn std::fmt::Display,
) -> Result<(), PeopleError> {
    let found = match version(tx, place).await {
        Err(PeopleError::Sql(sqlx::Error::Database(error))) if error.message().contains("people_schema") => 0,
        found => found?,
    };
    let known = STEPS.len() as i64;
    if found == known { Ok(()) } else { Err(PeopleError::OlderSchema { place: place.to_string(), found, known }) }
}

/// How many steps a database has been through, of those that are known.
async fn version(tx: &mut Transaction<'static, Any>, place: &dyn std::fmt::Display) -> Result<i64, PeopleError> {
    let row =
        sqlx::query("SELECT COALESCE(MAX(version), 0) AS version FROM people_schema").fetch_one(&mut **tx).await?;
    let (found, known) = (row.try_get(0)?, STEPS.len() as i64);
    if found > known {
        return Err(PeopleError::NewerSchema { place: place.to_string(), found, known });
    }
    Ok(found)
}

/// The statements of a step: each ends with a semicolon at the end of a line.
fn statements(step: &'static str) -> impl Iterator<Item = &'static str> {
    step.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}
