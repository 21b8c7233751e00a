//! Files of a local folder that are being written: they have a name of their own until they are whole.

use std::fs;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::StoreError;

/// Stands between an object's name and a number while its file is written.
const STAGED: char = '#';

/// Deletes those written before `horizon`, in milliseconds since 1970, in a folder and the folders in it.
pub(super) fn remove(folder: &Path, horizon: i64) -> Result<usize, StoreError> {
    let failed = |source| StoreError::Io { what: "cannot sweep", path: folder.to_path_buf(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(failed(error)),
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            removed += remove(&entry.path(), horizon)?;
            continue;
        }
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.rsplit_once(STAGED)).map(|(_, number)| number);
        if !number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())) {
            continue;
        }
        let modified = entry.metadata().and_then(|about| about.modified()).map_err(failed)?;
        let age = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        if i64::try_from(age.as_millis()).is_ok_and(|modified| modified < horizon) {
            fs::remove_file(entry.path()).map_err(failed)?;
            removed += 1;
        }
    }
    Ok(removed)
}
