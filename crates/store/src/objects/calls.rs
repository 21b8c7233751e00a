//! The calls to a backend: tried again, bounded in time, and a create settled by looking.

use std::error::Error as _;
use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode};
use tokio::time::{sleep, timeout};

use super::{Created, Limits, Listed, StoreUrl};
use crate::StoreError;

pub(super) struct Calls {
    backend: Arc<dyn ObjectStore>,
    url: String,
    limits: Limits,
}

/// Why a try did not succeed.
enum Failure {
    /// The backend answered with an error.
    Answer(Error),
    /// No answer in time.
    Late(u128),
}

impl Failure {
    fn text(&self) -> String {
        match self {
            Failure::Answer(error) => chain(error),
            Failure::Late(ms) => format!("no answer within {ms} ms"),
        }
    }

    /// Whether another try could end otherwise.
    fn is_passing(&self) -> bool {
        !matches!(
            self,
            Failure::Answer(
                Error::PermissionDenied { .. }
                    | Error::Unauthenticated { .. }
                    | Error::NotImplemented { .. }
                    | Error::NotSupported { .. }
                    | Error::InvalidPath { .. }
                    | Error::UnknownConfigurationKey { .. }
            )
        )
    }

    fn is_full_disk(&self) -> bool {
        let Failure::Answer(error) = self else { return false };
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            if matches!(kind, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded)) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

impl Calls {
    pub(super) fn new(backend: Arc<dyn ObjectStore>, url: &StoreUrl, limits: Limits) -> Calls {
        Calls { backend, url: url.to_string(), limits }
    }

    #[cfg(feature = "faults")]
    pub(super) fn backend(&self) -> &Arc<dyn ObjectStore> {
        &self.backend
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The store's threads ended without an answer.
    pub(super) fn broken(&self) -> StoreError {
        self.unavailable("reach", "", 1, "its threads have ended".to_owned())
    }

    /// A create that is not settled by looking: whether the backend says that it has created.
    pub(super) async fn create_unsettled(&self, key: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let at = path(key)?;
        self.repeat("create", key, || async {
            match self.try_create(&at, bytes.clone()).await {
                Ok(()) => Ok(true),
                Err(Failure::Answer(Error::AlreadyExists { .. } | Error::Precondition { .. })) => Ok(false),
                Err(failure) => Err(failure),
            }
        })
        .await
    }

    pub(super) async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        let at = path(key)?;
        let mut tried = 0;
        loop {
            let failure = match self.try_create(&at, bytes.clone()).await {
                Ok(()) => return Ok(Created::New),
                Err(failure) => failure,
            };
            tried += 1;
            // Whatever was answered, what lies there decides: the answer to a create that succeeded may have been lost.
            let failure = match self.try_get(&at).await {
                Ok(Some(held)) => return Ok(if held == bytes { Created::Same } else { Created::Other }),
                Ok(None) => failure,
                // Not known what lies there: the next create tells.
                Err(unseen) => unseen,
            };
            self.before_next(tried, "create", key, failure).await?;
        }
    }

    pub(super) async fn replace(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        let at = path(key)?;
        self.repeat("write", key, || {
            let (at, bytes) = (at.clone(), bytes.clone());
            async move {
                let limit = self.limits.try_for(bytes.len());
                bounded(limit, self.backend.put(&at, bytes.into())).await.map(drop)
            }
        })
        .await
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let at = path(key)?;
        self.repeat("read", key, || self.try_get(&at)).await
    }

    pub(super) async fn stat(&self, key: &str) -> Result<Option<Listed>, StoreError> {
        let at = path(key)?;
        self.repeat("look at", key, || async {
            match bounded(self.limits.try_for(0), self.backend.head(&at)).await {
                Ok(meta) => Ok(Some(listed(meta))),
                Err(Failure::Answer(Error::NotFound { .. })) => Ok(None),
                Err(failure) => Err(failure),
            }
        })
        .await
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let at = path(key)?;
        self.repeat("delete", key, || async {
            match bounded(self.limits.try_for(0), self.backend.delete(&at)).await {
                Ok(()) | Err(Failure::Answer(Error::NotFound { .. })) => Ok(()),
                Err(failure) => Err(failure),
            }
        })
        .await
    }

    pub(super) async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        let at = path(prefix)?;
        let after = after.map(path).transpose()?;
        let mut found = self
            .repeat("list", prefix, || async {
                let stream = match &after {
                    Some(after) => self.backend.list_with_offset(Some(&at), after),
                    None => self.backend.list(Some(&at)),
                };
                let all: Vec<ObjectMeta> = bounded(self.limits.try_for(0), stream.try_collect()).await?;
                Ok(all.into_iter().map(listed).collect::<Vec<_>>())
            })
            .await?;
        found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    async fn try_create(&self, at: &Path, bytes: Bytes) -> Result<(), Failure> {
        let limit = self.limits.try_for(bytes.len());
        bounded(limit, self.backend.put_opts(at, bytes.into(), PutMode::Create.into())).await.map(drop)
    }

    async fn try_get(&self, at: &Path) -> Result<Option<Bytes>, Failure> {
        let answer = bounded(self.limits.try_for(0), self.backend.get(at)).await;
        let found = match answer {
            Ok(found) => found,
            Err(Failure::Answer(Error::NotFound { .. })) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let limit = self.limits.try_for(usize::try_from(found.meta.size).unwrap_or(usize::MAX));
        bounded(limit, found.bytes()).await.map(Some)
    }

    async fn repeat<T, F>(&self, what: &'static str, key: &str, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut tried = 0;
        loop {
            match call().await {
                Ok(value) => return Ok(value),
                Err(failure) => {
                    tried += 1;
                    self.before_next(tried, what, key, failure).await?;
                }
            }
        }
    }

    /// Waits before the next try, or says that there is none.
    async fn before_next(&self, tried: u32, what: &'static str, key: &str, failure: Failure) -> Result<(), StoreError> {
        if tried >= self.limits.tries || !failure.is_passing() {
            return Err(self.failed(what, key, tried, &failure));
        }
        sleep(self.limits.pause_after(tried - 1)).await;
        Ok(())
    }

    fn failed(&self, what: &'static str, key: &str, tries: u32, failure: &Failure) -> StoreError {
        if failure.is_full_disk() {
            return StoreError::DiskFull { key: key.to_owned(), url: self.url.clone(), cause: failure.text() };
        }
        self.unavailable(what, key, tries, failure.text())
    }

    fn unavailable(&self, what: &'static str, key: &str, tries: u32, cause: String) -> StoreError {
        StoreError::Unavailable { what, key: key.to_owned(), url: self.url.clone(), tries, cause }
    }
}

async fn bounded<T>(
    limit: std::time::Duration,
    call: impl Future<Output = object_store::Result<T>>,
) -> Result<T, Failure> {
    match timeout(limit, call).await {
        Ok(answer) => answer.map_err(Failure::Answer),
        Err(_) => Err(Failure::Late(limit.as_millis())),
    }
}

fn path(key: &str) -> Result<Path, StoreError> {
    Path::parse(key).map_err(|e| StoreError::damaged(key, e))
}

fn listed(meta: ObjectMeta) -> Listed {
    Listed { key: meta.location.into(), bytes: meta.size, modified_ms: meta.last_modified.timestamp_millis() }
}

/// An error and what caused it, each said once.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let word = error.to_string();
        if !text.contains(&word) {
            text.push_str(": ");
            text.push_str(&word);
        }
        cause = error.source();
    }
    text
}
