//! Which backend stands behind an address.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use super::StoreUrl;
use crate::StoreError;

/// Creates a folder, and brings it to the disk in each folder that is created for it.
pub(super) fn create_folder(folder: &Path) -> Result<(), StoreError> {
    let absent: Vec<&Path> = folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists()).collect();
    fs::create_dir_all(folder).map_err(StoreError::io("cannot create folder", folder))?;
    for created in absent {
        let parent = created.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(parent).and_then(|parent| parent.sync_all());
        synced.map_err(StoreError::io("cannot sync folder", parent))?;
    }
    Ok(())
}

pub(super) fn open(url: &StoreUrl) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let refuse = |error: object_store::Error| StoreError::Url { url: url.to_string(), reason: error.to_string() };
    match url {
        StoreUrl::Memory => Ok(Arc::new(InMemory::new())),
        StoreUrl::Folder(folder) => {
            let store = LocalFileSystem::new_with_prefix(folder).map_err(refuse)?;
            // Without the cleanup every snapshot that goes would leave its folder.
            Ok(Arc::new(store.with_fsync(true).with_automatic_cleanup(true)))
        }
        #[cfg(feature = "cloud")]
        StoreUrl::Objects(text) => cloud(text).map_err(refuse),
        #[cfg(not(feature = "cloud"))]
        StoreUrl::Objects(_) => Err(StoreError::Url {
            url: url.to_string(),
            reason: "this program was built without object stores (cargo feature `cloud`)".to_owned(),
        }),
    }
}

/// The address names bucket and prefix; keys, region and endpoint come from the variables that each cloud's own tools
/// read (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_NAME`, ...).
#[cfg(feature = "cloud")]
fn cloud(text: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    use std::time::Duration;

    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
    use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
    use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
    use object_store::prefix::PrefixStore;
    use object_store::{ClientConfigKey, RetryConfig};

    // The caller bounds a call by its size; the client's own limit would cut a large object off.
    const TIMEOUT: ClientConfigKey = ClientConfigKey::Timeout;
    const LONG: &str = "1 hour";

    // An error only says that the program has one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Tries are counted and bounded by the caller, which must see each answer: one hidden here could be a create's.
    let retry = RetryConfig { max_retries: 0, retry_timeout: Duration::ZERO, ..RetryConfig::default() };
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = object_store::path::Path::parse(prefix.trim_matches('/'))?;
    Ok(match scheme {
        "s3" => {
            let builder = AmazonS3Builder::from_env().with_retry(retry).with_bucket_name(bucket);
            let store = builder.with_config(AmazonS3ConfigKey::Client(TIMEOUT), LONG).build()?;
            Arc::new(PrefixStore::new(store, prefix))
        }
        "gs" => {
            let builder = GoogleCloudStorageBuilder::from_env().with_retry(retry).with_bucket_name(bucket);
            let store = builder.with_config(GoogleConfigKey::Client(TIMEOUT), LONG).build()?;
            Arc::new(PrefixStore::new(store, prefix))
        }
        _ => {
            let builder = MicrosoftAzureBuilder::from_env().with_retry(retry).with_container_name(bucket);
            let store = builder.with_config(AzureConfigKey::Client(TIMEOUT), LONG).build()?;
            Arc::new(PrefixStore::new(store, prefix))
        }
    })
}
