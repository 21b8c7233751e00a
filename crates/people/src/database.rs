//! The database: opening it, and its transactions.

use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Executor, Transaction};

use crate::{Location, Moment, PeopleError, limit, schema};

/// SQLite has one writer at a time; the others read.
const SQLITE_CONNECTIONS_MAX: u32 = 4;
/// A process asks little at once; many processes share one PostgreSQL, which allows 100 by default.
const POSTGRES_CONNECTIONS_MAX: u32 = 8;
/// How long to wait for a connection, and in SQLite for another writer, before saying that it does not work.
const WAIT: Duration = Duration::from_secs(10);
/// How long one more attempt may take that is made to say why.
const CAUSE: Duration = Duration::from_secs(3);

/// The people's state in a database. Clone it freely: all clones share the connections.
#[derive(Clone, Debug)]
pub struct People {
    pub(crate) pool: AnyPool,
    postgres: bool,
}

/// Who does something, and when.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// Handle of a person, a key or the program itself; at most [`limit::HANDLE_BYTES_MAX`] bytes.
    pub who: &'a str,
    /// When.
    pub at: Moment,
}

impl By<'_> {
    pub(crate) fn check(&self) -> Result<(), PeopleError> {
        limit::text("who", self.who, limit::HANDLE_BYTES_MAX)
    }
}

/// A transaction that writes.
pub(crate) struct Writing {
    pub(crate) sql: Transaction<'static, Any>,
}

impl People {
    /// Opens a database, makes it where it is a file that does not exist, and brings its tables up to date.
    ///
    /// # Errors
    /// [`PeopleError::Open`] where it does not answer within ten seconds, [`PeopleError::NewerSchema`] where a later
    /// version of the program wrote to it.
    pub async fn open(location: &Location) -> Result<People, PeopleError> {
        let people = People::connect(location, location.url()?).await?;
        let mut tx = people.write().await?;
        schema::migrate(&mut tx.sql, people.postgres, location).await?;
        tx.commit().await?;
        Ok(people)
    }

    /// Opens a database that a process of this version has used, to look into it. Nothing is made or changed.
    ///
    /// # Errors
    /// [`PeopleError::Open`] where it is not there or does not answer, [`PeopleError::OlderSchema`],
    /// [`PeopleError::NewerSchema`].
    pub async fn look(location: &Location) -> Result<People, PeopleError> {
        let people = People::connect(location, location.url()?.replace("?mode=rwc", "?mode=rw")).await?;
        schema::is_current(&mut people.snapshot().await?, location).await?;
        Ok(people)
    }

    async fn connect(location: &Location, url: String) -> Result<People, PeopleError> {
        sqlx::any::install_default_drivers();
        let postgres = matches!(location, Location::Postgres(_));
        let failed = |source| PeopleError::Open { place: location.to_string(), source };
        let options: AnyConnectOptions = url.parse().map_err(failed)?;
        let connections = if postgres { POSTGRES_CONNECTIONS_MAX } else { SQLITE_CONNECTIONS_MAX };
        let pool = AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(WAIT)
            .after_connect(move |connection, _| Box::pin(prepare(connection, postgres)));
        // Statements and their values are nobody's business, and no event of the log.
        let options = options.disable_statement_logging();
        match pool.connect_with(options.clone()).await {
            Ok(pool) => Ok(People { pool, postgres }),
            // The pool tried again and again, and says no more than that it took too long.
            Err(late @ sqlx::Error::PoolTimedOut) => Err(failed(cause(options, postgres).await.unwrap_or(late))),
            Err(error) => Err(failed(error)),
        }
    }

    /// Ends all connections, once what they do is done.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Begins a transaction that writes: SQLite's takes the one right to write at once, so that it never has to give
    /// up half way.
    pub(crate) async fn write(&self) -> Result<Writing, PeopleError> {
        let begin = if self.postgres { "BEGIN" } else { "BEGIN IMMEDIATE" };
        Ok(Writing { sql: self.pool.begin_with(begin).await? })
    }

    /// Begins a transaction that reads, and sees the database as it is now to its end.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Any>, PeopleError> {
        let begin = if self.postgres { "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY" } else { "BEGIN" };
        Ok(self.pool.begin_with(begin).await?)
    }
}

/// Makes a connection what it must be.
async fn prepare(connection: &mut AnyConnection, postgres: bool) -> Result<(), sqlx::Error> {
    if !postgres {
        // FULL: what was acknowledged to a person outlives a loss of power.
        connection.execute("PRAGMA journal_mode = WAL").await?;
        connection.execute("PRAGMA synchronous = FULL").await?;
        connection.execute("PRAGMA busy_timeout = 10000").await?;
    }
    Ok(())
}

/// Why no connection comes about, where one attempt shows it.
async fn cause(options: AnyConnectOptions, postgres: bool) -> Option<sqlx::Error> {
    let attempt = async { prepare(&mut options.connect().await?, postgres).await };
    tokio::time::timeout(CAUSE, attempt).await.ok()?.err()
}

impl Writing {
    pub(crate) async fn commit(self) -> Result<(), PeopleError> {
        Ok(self.sql.commit().await?)
    }
}
