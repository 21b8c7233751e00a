//! Objects that are created once: the one thing that the store asks of a disk or a cloud.

mod backend;
mod calls;
#[cfg(feature = "faults")]
mod faults;
mod limits;
mod probe;
mod proof;
mod staged;
mod url;

use std::future::Future;
use std::path::Path as Folder;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

pub use limits::Limits;
pub use probe::StoreFacts;
pub use url::StoreUrl;

use crate::StoreError;
use crate::layout::STORE_KEY;
use calls::Calls;

/// Version of the store that is written.
pub const STORE_FORMAT: u32 = 1;
/// Oldest version that is read: one before the current, and never one that no program wrote.
const STORE_FORMAT_OLDEST: u32 = if STORE_FORMAT > 1 { STORE_FORMAT - 1 } else { STORE_FORMAT };

/// Threads that wait for a cloud's answers: their work is little.
const RUNTIME_THREADS: usize = 2;
/// Threads that wait for the local disk.
const DISK_THREADS_MAX: usize = 16;
/// Calls in flight at a time in the calls that take many.
const PARALLEL: usize = 16;

/// What became of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The object was absent and is ours.
    New,
    /// Our very bytes lie there, from an earlier try or from one whose answer was lost: ours too.
    Same,
    /// Other bytes lie there.
    Other,
}

/// An object as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, in milliseconds since 1970, by the store's clock.
    pub modified_ms: i64,
}

/// What `headwater.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoreHead {
    format: u32,
    store: String,
}

/// A store's objects. Calls block; clones share the store.
///
/// ```
/// use headwater_store::{Created, Objects};
/// let objects = Objects::memory().unwrap();
/// assert_eq!(objects.create("a/b", "ours".into()).unwrap(), Created::New);
/// assert_eq!(objects.create("a/b", "ours".into()).unwrap(), Created::Same);
/// assert_eq!(objects.create("a/b", "theirs".into()).unwrap(), Created::Other);
/// assert_eq!(objects.get("a/b").unwrap().as_deref(), Some(&b"ours"[..]));
/// ```
#[derive(Clone)]
pub struct Objects {
    shared: Arc<Shared>,
}

struct Shared {
    calls: Arc<Calls>,
    /// None only while it is dropped.
    runtime: Option<Runtime>,
    url: StoreUrl,
    id: String,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which is refused within another runtime. Nothing runs here any more
        // whose answer somebody waits for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Objects {
    /// Opens a store to write in it: creates it where there is none, refuses one of another format, and proves that a
    /// second create of one key fails.
    pub fn open(url: &StoreUrl) -> Result<Objects, StoreError> {
        Objects::open_with(url, Limits::default())
    }

    /// As [`Objects::open`], with other limits.
    pub fn open_with(url: &StoreUrl, limits: Limits) -> Result<Objects, StoreError> {
        if let StoreUrl::Folder(folder) = url {
            backend::create_folder(folder)?;
            proof::hard_links(folder)?;
        }
        Objects::over(backend::open(url)?, url, limits)
    }

    /// Opens a store that exists, only to read. Nothing is written.
    pub fn open_to_read(url: &StoreUrl) -> Result<Objects, StoreError> {
        let absent = || StoreError::NoStore { url: url.to_string() };
        if matches!(url, StoreUrl::Folder(folder) if !folder.is_dir()) {
            return Err(absent());
        }
        let (runtime, calls) = start(backend::open(url)?, url, Limits::default())?;
        let head = wait(&runtime, &calls, |calls| async move { calls.get(STORE_KEY).await })?.ok_or_else(absent)?;
        let id = known(url, &head)?.store;
        Ok(Objects { shared: Arc::new(Shared { calls, runtime: Some(runtime), url: url.clone(), id }) })
    }

    /// An empty store in memory. Its clones share it.
    pub fn memory() -> Result<Objects, StoreError> {
        Objects::open(&StoreUrl::Memory)
    }

    /// As [`Objects::open_with`], over a store that is at hand; `url` is its name in errors.
    pub fn over(backend: Arc<dyn ObjectStore>, url: &StoreUrl, limits: Limits) -> Result<Objects, StoreError> {
        let (runtime, calls) = start(backend, url, limits)?;
        let word = proof::random_word(url)?;
        wait(&runtime, &calls, |calls| async move { proof::create_if_absent(&calls, &word).await })?;
        let head = StoreHead { format: STORE_FORMAT, store: proof::random_word(url)? };
        let text = serde_json::to_vec(&head).map_err(|e| StoreError::damaged(STORE_KEY, e))?;
        let held = wait(&runtime, &calls, |calls| async move {
            if let Some(held) = calls.get(STORE_KEY).await? {
                return Ok(held);
            }
            calls.create(STORE_KEY, text.into()).await?;
            // Another process may have been first.
            calls.get(STORE_KEY).await?.ok_or_else(|| StoreError::damaged(STORE_KEY, "it was created and is gone"))
        })?;
        let id = known(url, &held)?.store;
        Ok(Objects { shared: Arc::new(Shared { calls, runtime: Some(runtime), url: url.clone(), id }) })
    }

    /// As [`Objects::open`], over a store that errs as `faults` says: `seed=7,fail=0.05,lost_answer=0.05,torn=0.01`.
    #[cfg(feature = "faults")]
    pub fn open_with_faults(url: &StoreUrl, faults: &str) -> Result<Objects, StoreError> {
        let plan = faults::FaultPlan::parse(faults)
            .map_err(|reason| StoreError::Url { url: format!("{url} with faults {faults}"), reason })?;
        // The start itself is sound, so that a plan that kills or tears is of what comes after it.
        let sound = Objects::open(url)?;
        sound.with_faults(plan)
    }

    /// The same store, erring as `faults` says: what it holds is shared.
    #[cfg(feature = "faults")]
    pub fn faulty(&self, faults: &str) -> Result<Objects, StoreError> {
        let plan = faults::FaultPlan::parse(faults)
            .map_err(|reason| StoreError::Url { url: format!("{} with faults {faults}", self.url()), reason })?;
        self.with_faults(plan)
    }

    #[cfg(feature = "faults")]
    fn with_faults(&self, plan: faults::FaultPlan) -> Result<Objects, StoreError> {
        let limits = plan.limits;
        let backend = Arc::new(faults::Faulty::new(Arc::clone(self.shared.calls.backend()), plan));
        let (runtime, calls) = start(backend, self.url(), limits)?;
        let (url, id) = (self.url().clone(), self.id().to_owned());
        Ok(Objects { shared: Arc::new(Shared { calls, runtime: Some(runtime), url, id }) })
    }

    /// Opens a store whose backend errs as `faults` says from the first call on.
    #[cfg(feature = "faults")]
    pub fn open_erring(url: &StoreUrl, faults: &str) -> Result<Objects, StoreError> {
        let (backend, limits) = faulty(backend::open(url)?, url, faults)?;
        Objects::over(backend, url, limits)
    }

    /// Where it lies.
    pub fn url(&self) -> &StoreUrl {
        &self.shared.url
    }

    /// The random word by which this store is known.
    pub fn id(&self) -> &str {
        &self.shared.id
    }

    /// The folder, of a local store.
    pub fn folder(&self) -> Option<&Folder> {
        match &self.shared.url {
            StoreUrl::Folder(folder) => Some(folder),
            StoreUrl::Memory | StoreUrl::Objects(_) => None,
        }
    }

    /// Creates an object if it is absent. An error whose outcome is unknown is settled by looking: our bytes there are
    /// ours, others' are not, none means another try.
    pub fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        let key = key.to_owned();
        self.wait(|calls| async move { calls.create(&key, bytes).await })
    }

    /// Creates many, each as [`Objects::create`] does, some at a time; the answers stand in the order of the objects.
    pub fn create_all(&self, objects: Vec<(String, Bytes)>) -> Result<Vec<Result<Created, StoreError>>, StoreError> {
        self.wait(|calls| async move {
            let each = futures_util::stream::iter(objects).map(|(key, bytes)| {
                let calls = Arc::clone(&calls);
                async move { calls.create(&key, bytes).await }
            });
            Ok(each.buffered(PARALLEL).collect().await)
        })
    }

    /// Writes an object, over what lies there.
    pub fn replace(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.wait(|calls| async move { calls.replace(&key, bytes).await })
    }

    /// The bytes of an object, or `None` where there is none.
    pub fn get(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let key = key.to_owned();
        self.wait(|calls| async move { calls.get(&key).await })
    }

    /// The objects below `prefix` (whole steps of a key, without a slash at its end), by key.
    pub fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let prefix = prefix.to_owned();
        self.wait(|calls| async move { calls.list(&prefix, None).await })
    }

    /// Those whose key lies behind `after`.
    pub fn list_after(&self, prefix: &str, after: &str) -> Result<Vec<Listed>, StoreError> {
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        self.wait(|calls| async move { calls.list(&prefix, Some(&after)).await })
    }

    /// What a listing would say of one object.
    pub fn stat(&self, key: &str) -> Result<Option<Listed>, StoreError> {
        let key = key.to_owned();
        self.wait(|calls| async move { calls.stat(&key).await })
    }

    /// Deletes an object; one that is absent already is no error.
    pub fn delete(&self, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.wait(|calls| async move { calls.delete(&key).await })
    }

    /// Deletes the half-written files that a crash left in a local folder below `prefix`, written before `horizon`
    /// (milliseconds since 1970); gives their number. They are never listed.
    pub(crate) fn remove_staged(&self, prefix: &str, horizon: i64) -> Result<usize, StoreError> {
        self.folder().map_or(Ok(0), |folder| staged::remove(&folder.join(prefix), horizon))
    }

    fn wait<T, F>(&self, call: impl FnOnce(Arc<Calls>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let runtime = self.shared.runtime.as_ref().expect("taken only while the last clone is dropped");
        wait(runtime, &self.shared.calls, call)
    }
}

fn start(backend: Arc<dyn ObjectStore>, url: &StoreUrl, limits: Limits) -> Result<(Runtime, Arc<Calls>), StoreError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(RUNTIME_THREADS)
        .max_blocking_threads(DISK_THREADS_MAX)
        .thread_name("store")
        .enable_all()
        .build()
        .map_err(StoreError::io("cannot start the threads of", url.to_string()))?;
    Ok((runtime, Arc::new(Calls::new(backend, url, limits))))
}

/// Runs a call on the store's own threads and waits. Unlike `block_on` it may be called from within another runtime.
fn wait<T, F>(runtime: &Runtime, calls: &Arc<Calls>, call: impl FnOnce(Arc<Calls>) -> F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    let (answer, answered) = mpsc::sync_channel(1);
    let call = call(Arc::clone(calls));
    runtime.spawn(async move {
        // The receiver waits below and cannot be gone.
        let _ = answer.send(call.await);
    });
    answered.recv().unwrap_or_else(|_| Err(calls.broken()))
}

/// A backend that errs as `faults` says, and the limits of its calls.
#[cfg(feature = "faults")]
fn faulty(
    backend: Arc<dyn ObjectStore>,
    url: &StoreUrl,
    faults: &str,
) -> Result<(Arc<dyn ObjectStore>, Limits), StoreError> {
    let plan = faults::FaultPlan::parse(faults)
        .map_err(|reason| StoreError::Url { url: format!("{url} with faults {faults}"), reason })?;
    let limits = plan.limits;
    Ok((Arc::new(faults::Faulty::new(backend, plan)), limits))
}

fn known(url: &StoreUrl, head: &[u8]) -> Result<StoreHead, StoreError> {
    let head: StoreHead = serde_json::from_slice(head).map_err(|e| StoreError::damaged(STORE_KEY, e))?;
    if (STORE_FORMAT_OLDEST..=STORE_FORMAT).contains(&head.format) {
        return Ok(head);
    }
    Err(StoreError::Format {
        url: url.to_string(),
        found: head.format,
        oldest: STORE_FORMAT_OLDEST,
        newest: STORE_FORMAT,
    })
}
