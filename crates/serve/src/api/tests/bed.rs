//! The API over a read model, with people's state in a folder of the test's own.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use headwater_catalog::Catalog;
use headwater_model::{Alert, Budgets, Clearance, Day, Evidence, Marking, Versions};
use headwater_people::{Location, Moment, People, Role};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use crate::api::{Grounds, api, document};
use crate::read::fixture::{NEEDS, Record, held, open};
use crate::{Clock, Gate, OpenGate, Problem, Rate, ReadModel, Reader, SignInNotice};

/// A store filled with real epochs, as the room of the archive's questions tests itself with.
#[path = "../../../../history/tests/support/mod.rs"]
pub mod support;

/// A time at which tests begin.
pub const START: Moment = Moment(1_790_000_000_000);

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

pub fn versions() -> Versions {
    Versions { catalog: "c".into(), model: "m".into(), build: "b".into() }
}

/// What processes share: a database, a store, and a time.
pub struct Bed {
    pub people: People,
    pub store: support::Store,
    pub now: Arc<AtomicI64>,
    pub notice: SignInNotice,
    location: Location,
    _server: Option<Postgres>,
    _folder: tempfile::TempDir,
}

/// A server of PostgreSQL in a folder, stopped when dropped.
struct Postgres(PathBuf);

impl Postgres {
    fn script(words: [&str; 2]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
        let output = Command::new(script).args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        Postgres::script(["stop", self.0.to_str().unwrap()]);
    }
}

impl Bed {
    /// On SQLite.
    pub fn new() -> Bed {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("people.sqlite"));
        Bed::at(location, None, folder)
    }

    /// On a PostgreSQL of its own.
    pub fn postgres() -> Bed {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::parse(&Postgres::script(["start", folder.path().to_str().unwrap()])).unwrap();
        let server = Postgres(folder.path().to_owned());
        Bed::at(location, Some(server), folder)
    }

    fn at(location: Location, server: Option<Postgres>, folder: tempfile::TempDir) -> Bed {
        let people = run(People::open(&location)).unwrap();
        Bed {
            people,
            store: support::Store::in_memory(1),
            now: Arc::new(AtomicI64::new(START.0)),
            notice: SignInNotice::default(),
            location,
            _server: server,
            _folder: folder,
        }
    }

    /// Lets time pass.
    pub fn pass(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    /// What a process of its own serves, with its own connections to the database.
    pub fn process(&self, model: &Arc<ReadModel>, gate: impl Gate) -> Router {
        self.process_at(model, gate, Rate { burst: 1_000_000, per_minute: 1 })
    }

    /// The time.
    pub fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Arc::new(move || Moment(now.load(Ordering::SeqCst)))
    }

    /// As [`Bed::process`], asked at a rate.
    pub fn process_at(&self, model: &Arc<ReadModel>, gate: impl Gate, rate: Rate) -> Router {
        let grounds = Grounds {
            model: Arc::clone(model),
            history: self.store.history(),
            people: run(People::open(&self.location)).unwrap(),
            gate: Arc::new(gate),
            versions: versions(),
            clock: self.clock(),
            rate,
            notice: self.notice.clone(),
        };
        let _within = runtime().enter();
        api(grounds)
    }

    /// What one process serves to the local reader.
    pub fn routes(&self, model: &Arc<ReadModel>, reader: Clearance) -> Router {
        self.process(model, OpenGate::new(reader))
    }
}

/// Lets one reader in.
pub struct As(pub Reader);

impl As {
    pub fn new(handle: &str, roles: &[Role], clearance: Clearance) -> As {
        As(Reader { handle: handle.into(), roles: roles.to_vec(), clearance: Arc::new(clearance) })
    }
}

impl Gate for As {
    fn admit<'a>(
        &'a self,
        _: &'a axum::http::request::Parts,
    ) -> futures_util::future::BoxFuture<'a, Result<Reader, Problem>> {
        Box::pin(futures_util::future::ready(Ok(self.0.clone())))
    }

    fn mode(&self) -> &'static str {
        "test"
    }
}

pub fn model(records: &[Record], alerts: &[Alert]) -> Arc<ReadModel> {
    let model = Arc::new(ReadModel::new(Catalog::embedded(), Budgets::common(10), NEEDS));
    model.publish(held(records, alerts));
    model
}

pub fn everything() -> Clearance {
    Clearance::new(Marking::Red, ["*"])
}

/// Of a label alone.
pub fn up_to(marking: Marking) -> Clearance {
    Clearance::new(marking, [] as [&str; 0])
}

pub async fn ask(routes: &Router, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    answer(routes, request).await
}

pub async fn answer(routes: &Router, request: Request<Body>) -> (u16, HeaderMap, Vec<u8>) {
    let answer = routes.clone().oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    (head.status.as_u16(), head.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

pub async fn json(routes: &Router, path: &str) -> Value {
    let (status, _, body) = ask(routes, path).await;
    let value: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, 200, "{path}: {value}");
    value
}

/// What sending JSON is answered by.
pub async fn send(routes: &Router, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let (status, _, body) = answer(routes, request.body(Body::from(body.to_string())).unwrap()).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

pub async fn post(routes: &Router, path: &str, body: Value) -> (u16, Value) {
    send(routes, Method::POST, path, &body).await
}

pub fn record() -> Record {
    Record {
        substance: "npp",
        origin: "CN",
        market: "MX",
        source: "SIM-A".into(),
        evidence: Evidence::Export,
        access: open(Marking::Amber),
        first: Day(18_000),
        period_days: 1,
        known_on: Day(18_010),
        mass_mg: 5,
        incidents: 1,
    }
}

/// Every operation of the document: its method and its path.
pub fn operations() -> Vec<(Method, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().iter();
    let methods = |(path, item): (&String, &Value)| -> Vec<(Method, String)> {
        let methods = item.as_object().unwrap().keys();
        methods.map(|method| (method.to_uppercase().parse().unwrap(), path.clone())).collect()
    };
    paths.flat_map(methods).collect()
}

/// Every path of the document that answers a GET at once, with an id where it wants one.
pub fn paths(id: &str) -> Vec<String> {
    let gets = operations().into_iter().filter(|(method, path)| method == Method::GET && !path.ends_with("/stream"));
    gets.map(|(_, path)| path.replace("{id}", id)).collect()
}
