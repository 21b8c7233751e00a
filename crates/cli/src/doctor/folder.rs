//! A folder that is read.

use std::path::Path;

use headwater_ingest::{FolderFacts, IngestError, LockState, probe_folder};

use super::finding::Finding;

/// Looks at the folder of a source.
pub fn look(source: &str, path: &Path) -> Vec<Finding> {
    judge(&format!("{source} ({})", path.display()), &probe_folder(path))
}

fn judge(target: &str, facts: &FolderFacts) -> Vec<Finding> {
    let mut findings = vec![match &facts.files {
        Ok(files) => Finding::ok("folder", target, format!("can be read; {files} files of events")),
        Err(error) => {
            let remedy = match error {
                IngestError::NotFound { .. } => "make it, or correct `path`",
                IngestError::NotFolder { .. } => "name a folder: the files in it are read",
                IngestError::PermissionDenied { .. } => "give the process's user the right to read it",
                _ => "see to the disk or the mount below it",
            };
            Finding::fail("folder", target, error.to_string(), remedy)
        }
    }];
    if facts.files.is_err() {
        return findings;
    }
    findings.push(match &facts.lock {
        Ok(LockState::Free) => Finding::ok("lock", target, "nobody reads it"),
        Ok(LockState::Held { by: Some((pid, name)) }) if name == "headwater" => Finding::warn(
            "lock",
            target,
            format!("process {pid} ({name}) reads it"),
            "well if that is the one; one folder is read by one process",
        ),
        Ok(LockState::Held { by }) => {
            let by = by
                .as_ref()
                .map_or_else(|| "another process".to_owned(), |(pid, name)| format!("process {pid} ({name})"));
            let remedy = "one folder is read by one process: end it, or give this one another folder";
            Finding::fail("lock", target, format!("{by} holds it"), remedy)
        }
        Err(error) => {
            Finding::fail("lock", target, error.to_string(), "give the process's user the right to open the folder")
        }
    });
    findings.push(match &facts.writable {
        Ok(()) => Finding::ok("give back", target, "rejects can be given back as files"),
        Err(error) => Finding::warn(
            "give back",
            target,
            format!("cannot be written: {error}"),
            "it is read all the same; for `headwater rejects replay` give the right to write it",
        ),
    });
    findings
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::doctor::finding::Verdict;

    fn results(facts: &FolderFacts) -> Vec<Verdict> {
        judge("inbox", facts).iter().map(|finding| finding.result).collect()
    }

    #[test]
    fn a_folder_is_read_held_or_not_there() {
        let free = || Ok(LockState::Free);
        let held = |name: &str| Ok(LockState::Held { by: Some((7, name.to_owned())) });
        let facts = |lock| FolderFacts { files: Ok(3), lock, writable: Ok(()) };
        assert_eq!(results(&facts(free())), [Verdict::Ok; 3]);
        assert_eq!(results(&facts(held("headwater")))[1], Verdict::Warn);
        assert_eq!(results(&facts(held("flock")))[1], Verdict::Fail);
        assert!(judge("inbox", &facts(held("flock")))[1].value.contains("process 7 (flock)"));
        let denied = FolderFacts { writable: Err(io::Error::from(io::ErrorKind::PermissionDenied)), ..facts(free()) };
        assert_eq!(results(&denied), [Verdict::Ok, Verdict::Ok, Verdict::Warn]);
        let absent = FolderFacts { files: Err(IngestError::NotFound { path: "inbox".into() }), ..facts(free()) };
        assert_eq!(results(&absent), [Verdict::Fail]);
    }
}
