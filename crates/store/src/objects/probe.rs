//! What can be known of a store without making one: what is created for the proof is removed again.

use std::sync::Arc;

use object_store::ObjectStore;

use super::calls::Calls;
use super::{Limits, Objects, StoreHead, StoreUrl, backend, known, proof, start, wait};
use crate::StoreError;
use crate::layout::STORE_KEY;

/// What is known of a store.
#[derive(Debug)]
pub struct StoreFacts {
    /// Whether objects can be created, and each only once: the proof of every start.
    pub proof: Result<(), StoreError>,
    /// When the store says that an object was written that was written just now, in milliseconds since 1970.
    pub written_ms: Result<Option<i64>, StoreError>,
    /// Its format; none where it is no store yet.
    pub format: Result<Option<u32>, StoreError>,
}

impl Objects {
    /// Looks at a store. A folder must be there.
    ///
    /// # Errors
    /// An address that cannot be understood or opened.
    pub fn probe(url: &StoreUrl, limits: Limits) -> Result<StoreFacts, StoreError> {
        if let StoreUrl::Folder(folder) = url {
            proof::hard_links(folder)?;
        }
        probe_over(backend::open(url)?, url, limits)
    }

    /// As [`Objects::probe`], of a store that errs as `faults` says.
    #[cfg(feature = "faults")]
    pub fn probe_erring(url: &StoreUrl, faults: &str) -> Result<StoreFacts, StoreError> {
        let (backend, limits) = super::faulty(backend::open(url)?, url, faults)?;
        probe_over(backend, url, limits)
    }
}

fn probe_over(backend: Arc<dyn ObjectStore>, url: &StoreUrl, limits: Limits) -> Result<StoreFacts, StoreError> {
    let (runtime, calls) = start(backend, url, limits)?;
    let (word, second) = (proof::random_word(url)?, proof::random_word(url)?);
    let proof = wait(&runtime, &calls, |calls| async move { proof::create_if_absent(&calls, &word).await });
    let written_ms = match &proof {
        Ok(()) => wait(&runtime, &calls, |calls| async move { written(&calls, &second).await }),
        Err(_) => Ok(None),
    };
    let head = wait(&runtime, &calls, |calls| async move { calls.get(STORE_KEY).await });
    let format = head.and_then(|head| match head {
        Some(head) => known(url, &head).map(|StoreHead { format, .. }| Some(format)),
        None => Ok(None),
    });
    // As everywhere: dropping it would wait for threads whose answers nobody waits for.
    runtime.shutdown_background();
    Ok(StoreFacts { proof, written_ms, format })
}

async fn written(calls: &Calls, word: &str) -> Result<Option<i64>, StoreError> {
    let key = proof::key(word);
    calls.create(&key, "now".into()).await?;
    let listed = calls.stat(&key).await;
    calls.delete(&key).await?;
    Ok(listed?.map(|listed| listed.modified_ms))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_is_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let url = StoreUrl::Folder(dir.path().to_path_buf());
        let facts = Objects::probe(&url, Limits::default()).unwrap();
        assert!(facts.proof.is_ok(), "{facts:?}");
        assert!(facts.written_ms.unwrap().unwrap() > 0);
        assert_eq!(facts.format.unwrap(), None);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "no store was made");
        drop(Objects::open(&url).unwrap());
        let before: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(Objects::probe(&url, Limits::default()).unwrap().format.unwrap(), Some(super::super::STORE_FORMAT));
        let after: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(before, after);
    }

    #[test]
    fn a_store_of_another_format_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(STORE_KEY), "{\"format\": 900, \"store\": \"x\"}").unwrap();
        let facts = Objects::probe(&StoreUrl::Folder(dir.path().to_path_buf()), Limits::default()).unwrap();
        assert!(matches!(facts.format, Err(StoreError::Format { found: 900, .. })));
    }

    #[cfg(feature = "faults")]
    #[test]
    fn a_store_that_ignores_the_condition_is_found_out() {
        let dir = tempfile::tempdir().unwrap();
        let url = StoreUrl::Folder(dir.path().to_path_buf());
        let facts = Objects::probe_erring(&url, "ignore_condition=1").unwrap();
        assert!(matches!(facts.proof, Err(StoreError::NoCondition { .. })));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let facts = Objects::probe_erring(&url, "fail=1,tries=2,pause_ms=1").unwrap();
        assert!(matches!(facts.proof, Err(StoreError::Unavailable { .. })));
    }
}
