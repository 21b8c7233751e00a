//! A database of a test's own, on SQLite and on PostgreSQL.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use headwater_people::{By, Location, Moment, People};
use sqlx::{AnyPool, Executor};

/// A time from which tests count.
pub const START: Moment = Moment(1_790_000_000_000);

/// Somebody, so many milliseconds after [`START`].
pub fn by(who: &str, ms: i64) -> By<'_> {
    By { who, at: START.after(ms) }
}

/// A server of PostgreSQL, stopped when dropped.
struct Server {
    folder: tempfile::TempDir,
    url: String,
}

fn script(words: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
    let output = Command::new(script).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Server {
    /// One for those tests that run at the same time; it ends with the last of them.
    fn shared() -> Arc<Server> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        shared.upgrade().unwrap_or_else(|| {
            let folder = tempfile::tempdir().unwrap();
            let url = script(&["start", folder.path().to_str().unwrap()]);
            let started = Arc::new(Server { folder, url });
            *shared = Arc::downgrade(&started);
            started
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script(&["stop", self.folder.path().to_str().unwrap()]);
    }
}

/// An empty database.
pub struct Bed {
    pub location: Location,
    folder: tempfile::TempDir,
    _server: Option<Arc<Server>>,
}

impl Bed {
    pub fn sqlite() -> Bed {
        let folder = tempfile::tempdir().unwrap();
        // A name that is no URL.
        let location = Location::File(folder.path().join("people ?#%.sqlite"));
        Bed { location, folder, _server: None }
    }

    pub async fn postgres() -> Bed {
        static NAMES: AtomicUsize = AtomicUsize::new(0);
        let server = Server::shared();
        let name = format!("test_{}", NAMES.fetch_add(1, Ordering::Relaxed));
        sqlx::any::install_default_drivers();
        let pool = AnyPool::connect(&server.url).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        pool.execute(create).await.unwrap();
        pool.close().await;
        let location = Location::parse(&server.url.replace("/postgres?", &format!("/{name}?"))).unwrap();
        Bed { location, folder: tempfile::tempdir().unwrap(), _server: Some(server) }
    }

    /// A handle of its own connections, as another process has it.
    pub async fn open(&self) -> People {
        People::open(&self.location).await.unwrap()
    }

    /// Statements by somebody who has the database, and not by way of the program.
    pub async fn sql(&self, statement: &str) {
        let url = match &self.location {
            Location::File(_) => format!("sqlite://{}/people%20%3F%23%25.sqlite", self.folder.path().display()),
            Location::Postgres(url) => url.clone(),
        };
        let pool = AnyPool::connect(&url).await.unwrap();
        pool.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.unwrap();
        pool.close().await;
    }

    /// A file of the test's own.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Runs a test on an empty database of each kind.
pub fn on_both<F: Future<Output = ()>>(test: impl Fn(Bed) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test(Bed::sqlite()));
    runtime.block_on(async { test(Bed::postgres().await).await });
}
