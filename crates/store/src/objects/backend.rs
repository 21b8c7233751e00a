//! Which backend stands behind an address.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use super::StoreUrl;
use crate::StoreError;

pub(super) fn open(url: &StoreUrl) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let refuse = |error: object_store::Error| StoreError::Url { url: url.to_string(), reason: error.to_string() };
    match url {
        StoreUrl::Memory => Ok(Arc::new(InMemory::new())),
        StoreUrl::Folder(folder) => {
            Ok(Arc::new(LocalFileSystem::new_with_prefix(folder).map_err(refuse)?.with_fsync(true)))
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

    use object_store::aws::AmazonS3Builder;
    use object_store::azure::MicrosoftAzureBuilder;
    use object_store::gcp::GoogleCloudStorageBuilder;
    use object_store::path::Path;
    use object_store::prefix::PrefixStore;
    use object_store::{ClientOptions, RetryConfig};

    // An error only says that the program has one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Tries are counted and bounded by the caller, which must see each answer: one hidden here could be a create's.
    let retry = RetryConfig { max_retries: 0, retry_timeout: Duration::ZERO, ..RetryConfig::default() };
    // The caller bounds a call by its size; this only ends a line that is dead.
    let options = || ClientOptions::from_env().with_timeout_disabled().with_connect_timeout(Duration::from_secs(10));
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = Path::parse(prefix.trim_matches('/'))?;
    Ok(match scheme {
        "s3" => {
            let builder = AmazonS3Builder::from_env().with_client_options(options()).with_retry(retry);
            Arc::new(PrefixStore::new(builder.with_bucket_name(bucket).build()?, prefix))
        }
        "gs" => {
            let builder = GoogleCloudStorageBuilder::from_env().with_client_options(options()).with_retry(retry);
            Arc::new(PrefixStore::new(builder.with_bucket_name(bucket).build()?, prefix))
        }
        _ => {
            let builder = MicrosoftAzureBuilder::from_env().with_client_options(options()).with_retry(retry);
            Arc::new(PrefixStore::new(builder.with_container_name(bucket).build()?, prefix))
        }
    })
}
