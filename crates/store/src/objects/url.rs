//! Where a store lies.

use std::fmt;
use std::path::PathBuf;

use crate::StoreError;

/// The place of a store, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A local folder.
    Folder(PathBuf),
    /// In memory of this process, for tests; each opening is a store of its own.
    Memory,
    /// `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
    Objects(String),
}

/// What an address of an object store begins with.
const SCHEMES: [&str; 3] = ["s3", "gs", "az"];

impl StoreUrl {
    /// Reads `[store] url`: an address with a scheme, `memory:`, else a folder.
    ///
    /// ```
    /// use headwater_store::StoreUrl;
    /// assert_eq!(StoreUrl::parse("data").unwrap(), StoreUrl::Folder("data".into()));
    /// assert_eq!(StoreUrl::parse("s3://b/p").unwrap(), StoreUrl::Objects("s3://b/p".into()));
    /// assert!(StoreUrl::parse("ftp://b/p").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<StoreUrl, StoreError> {
        let refuse = |reason: &str| StoreError::Url { url: text.to_owned(), reason: reason.to_owned() };
        match text.split_once("://") {
            _ if text.is_empty() => Err(refuse("it is empty")),
            _ if text == "memory:" => Ok(StoreUrl::Memory),
            None => Ok(StoreUrl::Folder(text.into())),
            Some(("file", path)) => Ok(StoreUrl::Folder(path.into())),
            Some((scheme, rest)) if SCHEMES.contains(&scheme) && !rest.is_empty() && !rest.starts_with('/') => {
                Ok(StoreUrl::Objects(text.to_owned()))
            }
            Some(_) => {
                Err(refuse("neither a folder nor s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX"))
            }
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreUrl::Folder(path) => path.display().fmt(f),
            StoreUrl::Memory => f.write_str("memory:"),
            StoreUrl::Objects(url) => f.write_str(url),
        }
    }
}
