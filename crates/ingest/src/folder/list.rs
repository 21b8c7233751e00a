//! The files of a watched folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::failed;
use super::stat::Stat;
use crate::IngestError;

/// Endings of the files that are read. Others are left alone: a writer's `x.ndjson.tmp` becomes ours when it is renamed.
const ENDINGS: [&str; 6] = [".ndjson", ".ndjson.gz", ".ndjson.zst", ".jsonl", ".jsonl.gz", ".jsonl.zst"];

/// The files of a folder that hold events (NDJSON or JSON lines, plain, gzip or zstd), in the order of their names.
///
/// Hidden files and folders inside are left alone.
///
/// # Errors
/// [`IngestError::NotFound`], [`IngestError::NotFolder`], [`IngestError::PermissionDenied`] or [`IngestError::Read`].
pub fn folder_files(folder: &Path) -> Result<Vec<PathBuf>, IngestError> {
    Ok(list(folder)?.into_keys().map(|name| folder.join(name)).collect())
}

/// The same, by name, with what the system says of each.
pub(super) fn list(folder: &Path) -> Result<BTreeMap<OsString, Stat>, IngestError> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let entry = entry.map_err(|error| failed(folder, error))?;
        let file_name = entry.file_name();
        let name = file_name.to_string_lossy();
        let wanted = !name.starts_with('.') && ENDINGS.iter().any(|ending| name.ends_with(ending));
        // A link to a file counts as a file.
        if wanted
            && let Ok(metadata) = fs::metadata(entry.path())
            && metadata.is_file()
        {
            files.insert(file_name, Stat::of(&metadata));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finished_event_files_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.ndjson", "a.jsonl.gz", "c.ndjson.zst", ".d.ndjson", "e.ndjson.tmp", "f.csv"] {
            fs::write(dir.path().join(name), "{}").unwrap();
        }
        fs::create_dir(dir.path().join("g.ndjson")).unwrap();
        let names: Vec<_> = folder_files(dir.path()).unwrap();
        let names: Vec<_> = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.jsonl.gz", "b.ndjson", "c.ndjson.zst"]);
        let missing = folder_files(&dir.path().join("no")).unwrap_err();
        assert!(matches!(missing, IngestError::NotFound { .. }), "{missing}");
        let file = folder_files(&dir.path().join("f.csv")).unwrap_err();
        assert!(matches!(file, IngestError::NotFolder { .. }), "{file}");
    }
}
