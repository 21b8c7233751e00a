//! Published tables, which are no part of this project.

#![expect(clippy::disallowed_methods, reason = "the place of the tables is no configuration of the product")]

use std::path::{Path, PathBuf};

/// A file of the folder that `HEADWATER_SHARED` names; a relative name is meant from the root of the checkout.
///
/// # Panics
/// When the variable is not set, or the file is not there.
pub fn shared(file: &str) -> PathBuf {
    let shared = std::env::var_os("HEADWATER_SHARED");
    let shared = shared.unwrap_or_else(|| panic!("HEADWATER_SHARED is not set: it names the folder that holds {file}"));
    // Absolute, for the binary is started in a folder of its own.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(shared).join(file);
    std::fs::canonicalize(&path).unwrap_or_else(|error| panic!("HEADWATER_SHARED: {}: {error}", path.display()))
}
