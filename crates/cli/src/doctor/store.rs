//! The store: whether it can be written as it must be, what it holds, and the room on its disk.

use std::collections::BTreeMap;
use std::path::Path;

use headwater_model::{Day, Input, KnownDay, Progress};
use headwater_store::{Archive, FolderRoom, Limits, Objects, Room, StoreError, StoreFacts, StoreUrl};

use super::finding::Finding;
use crate::checkpoint::last_head;

/// Below so many bytes, or such a share (percent), a disk is about to be full: a busy day of one input is some 100 MiB,
/// and a fold needs room for what it rewrites.
const FREE_BYTES_MIN: u64 = 2 << 30;
const FREE_PERCENT_MIN: u64 = 10;

/// Files that must still fit on a disk: epochs of a day of some inputs.
const FREE_FILES_MIN: u64 = 100_000;

const GIB: f64 = (1_u64 << 30) as f64;

/// What a store says of its inputs.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    /// Partitions of each source.
    pub sources: BTreeMap<String, u32>,
    /// Each input's end.
    pub inputs: BTreeMap<Input, Held>,
}

/// Where an input stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// The next offset, of a topic.
    pub next: Option<i64>,
    /// Its clock.
    pub clock: Option<Day>,
    /// The latest known day of its records.
    pub highest_known: Option<KnownDay>,
}

/// What was found, and what the store holds.
pub struct Looked {
    /// About the store.
    pub findings: Vec<Finding>,
    /// What it holds.
    pub holds: Holds,
    /// When it says that something was written just now, in milliseconds since 1970.
    pub written_ms: Option<i64>,
}

/// One call gives up early: a person waits.
fn limits() -> Limits {
    Limits { try_ms: 5_000, tries: 2, ..Limits::default() }
}

/// Looks at a store. Nothing of what is made for it stays.
pub fn look(url: &StoreUrl) -> Looked {
    let target = url.to_string();
    let mut looked = Looked { findings: Vec::new(), holds: Holds::default(), written_ms: None };
    if let StoreUrl::Folder(folder) = url {
        let room = FolderRoom::of(folder);
        looked.findings.push(judge_room(&target, "store", &room));
        looked.findings.extend(judge_disk(&target, &room));
        if !room.exists || room.writable.is_err() || !room.at.is_dir() {
            return looked;
        }
    }
    match probe(url) {
        Ok(facts) => {
            looked.findings.extend(judge(&target, &facts));
            looked.written_ms = facts.written_ms.ok().flatten();
            if let Ok(Some(_)) = facts.format {
                match holds(url) {
                    Ok(holds) => {
                        let (sources, inputs) = (holds.sources.len(), holds.inputs.len());
                        let value = format!("{sources} sources, {inputs} inputs with epochs");
                        looked.findings.push(Finding::ok("store content", &target, value));
                        looked.holds = holds;
                    }
                    Err(error) => looked.findings.push(Finding::fail(
                        "store content",
                        &target,
                        format!("{error:#}"),
                        "run `headwater archive verify`: it names every object that is damaged or missing; bring it back from a backup",
                    )),
                }
            }
        }
        Err(error) => looked.findings.push(failed(&target, &error)),
    }
    looked
}

#[cfg(not(feature = "faults"))]
fn probe(url: &StoreUrl) -> Result<StoreFacts, StoreError> {
    Objects::probe(url, limits())
}

/// With the errors that a test plants, as `headwater run` has them.
#[cfg(feature = "faults")]
#[expect(clippy::disallowed_methods, reason = "what a test plants is no configuration")]
fn probe(url: &StoreUrl) -> Result<StoreFacts, StoreError> {
    match std::env::var("HEADWATER_FAULTS") {
        Ok(faults) => Objects::probe_erring(url, &faults),
        Err(_) => Objects::probe(url, limits()),
    }
}

fn holds(url: &StoreUrl) -> anyhow::Result<Holds> {
    let archive = Archive::new(Objects::open_to_read(url)?);
    let mut holds = Holds::default();
    for source in archive.sources()? {
        for input in source.inputs() {
            let Some(head) = last_head(&archive, &archive.listing(&input)?)? else { continue };
            let next = match head.to {
                Progress::Offset(next) => Some(next.0),
                Progress::Files(_) => None,
            };
            holds.inputs.insert(input, Held { next, clock: head.clock, highest_known: head.highest_known });
        }
        holds.sources.insert(source.source, source.partitions);
    }
    Ok(holds)
}

/// Whether a folder can be written, or made.
pub fn judge_room(target: &str, check: &'static str, room: &FolderRoom) -> Finding {
    let at = room.at.display();
    match (&room.writable, room.exists) {
        (Ok(()), true) => Finding::ok(check, target, "the folder is there and can be written"),
        (Ok(()), false) => Finding::ok(check, target, format!("it is not there and will be made in {at}")),
        (Err(error), _) if !Path::is_dir(&room.at) => Finding::fail(
            check,
            target,
            format!("{at} is not a folder ({error})"),
            "name a folder, or remove what stands there",
        ),
        (Err(error), true) => Finding::fail(
            check,
            target,
            format!("cannot be written: {error}"),
            "give the process's user the right to write it, mount it writable, or make room on its disk",
        ),
        (Err(error), false) => Finding::fail(
            check,
            target,
            format!("it is not there and cannot be made in {at}: {error}"),
            "make it for the process's user, or name another place",
        ),
    }
}

/// Whether a disk has room.
pub fn judge_disk(target: &str, room: &FolderRoom) -> Option<Finding> {
    let Room { free_bytes, all_bytes, free_files } = match &room.room {
        Ok(room) => *room,
        Err(error) => {
            return Some(Finding::warn("disk", target, format!("not known: {error}"), "look at it with `df`"));
        }
    };
    let percent = free_bytes.saturating_mul(100).checked_div(all_bytes).unwrap_or(0);
    let value = format!("{:.1} GiB free of {:.1} GiB ({percent} %)", free_bytes as f64 / GIB, all_bytes as f64 / GIB);
    if free_files.is_some_and(|files| files < FREE_FILES_MIN) {
        let files = free_files.unwrap_or(0);
        let remedy = "make room, or use a filesystem with more inodes; `[store] fold_epochs` lower keeps fewer files";
        return Some(Finding::warn("disk", target, format!("{value}, but only {files} more files"), remedy));
    }
    Some(if free_bytes < FREE_BYTES_MIN || percent < FREE_PERCENT_MIN {
        let remedy = "make room or use a larger disk: when it is full nothing more is committed, and reading waits";
        Finding::warn("disk", target, value, remedy)
    } else {
        Finding::ok("disk", target, value)
    })
}

fn judge(target: &str, facts: &StoreFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &facts.proof {
        Ok(()) => findings.push(Finding::ok(
            "store create",
            target,
            "objects can be written, and a second create of one is refused",
        )),
        Err(error) => findings.push(failed(target, error)),
    }
    findings.push(match &facts.format {
        Ok(Some(format)) => Finding::ok("store format", target, format!("{format}")),
        Ok(None) => Finding::ok("store format", target, "no store yet: the first start makes it"),
        Err(error @ StoreError::Format { .. }) => Finding::fail(
            "store format",
            target,
            error.to_string(),
            "run the version that wrote it, or the one between; or read the sources into a new store",
        ),
        Err(error) => Finding::fail(
            "store format",
            target,
            error.to_string(),
            "it cannot be read: give the right to read it, or bring headwater.json back from a backup",
        ),
    });
    findings
}

fn failed(target: &str, error: &StoreError) -> Finding {
    let (check, remedy) = match error {
        StoreError::NoCondition { .. } => (
            "store create",
            "use an object store that honours If-None-Match on a put (S3, GCS, Azure, MinIO, Ceph do): two owners of a \
             partition would overwrite each other's epochs here",
        ),
        StoreError::NoHardLinks { .. } => {
            ("store create", "put the store on a filesystem with hard links (ext4, xfs, ...), or into an object store")
        }
        StoreError::DiskFull { .. } => ("store create", "make room on its disk, or raise the quota"),
        StoreError::Url { .. } => {
            ("store", "correct `[store] url`; object stores need a build with `--features cloud`")
        }
        StoreError::Unavailable { .. } => (
            "store create",
            "the answer names the cause: the network, the name of the bucket, the key (see README), or the right to write",
        ),
        _ => ("store create", "give the process's user the right to write it"),
    };
    Finding::fail(check, target, error.to_string(), remedy)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::doctor::finding::Verdict;

    fn room(writable: io::Result<()>, exists: bool, free_bytes: u64, free_files: Option<u64>) -> FolderRoom {
        let all_bytes = 100 << 30;
        FolderRoom { at: "/".into(), exists, writable, room: Ok(Room { free_bytes, all_bytes, free_files }) }
    }

    #[test]
    fn a_folder_is_written_made_or_not() {
        let denied = || Err(io::Error::from(io::ErrorKind::PermissionDenied));
        for (room, result, words) in [
            (room(Ok(()), true, 0, None), Verdict::Ok, "can be written"),
            (room(Ok(()), false, 0, None), Verdict::Ok, "will be made"),
            (room(denied(), true, 0, None), Verdict::Fail, "cannot be written"),
            (room(denied(), false, 0, None), Verdict::Fail, "cannot be made"),
        ] {
            let finding = judge_room("data", "store", &room);
            assert!(finding.result == result && finding.value.contains(words), "{finding:?}");
        }
    }

    #[test]
    fn a_disk_is_nearly_full_by_share_by_bytes_or_by_files() {
        let disk = |free_bytes, free_files| judge_disk("data", &room(Ok(()), true, free_bytes, free_files)).unwrap();
        assert_eq!(disk(50 << 30, None).result, Verdict::Ok);
        assert_eq!(disk(50 << 30, None).value, "50.0 GiB free of 100.0 GiB (50 %)");
        assert_eq!(disk(9 << 30, None).result, Verdict::Warn);
        assert_eq!(disk(50 << 30, Some(7)).result, Verdict::Warn);
        assert_eq!(disk(50 << 30, Some(FREE_FILES_MIN)).result, Verdict::Ok);
        let small = Room { free_bytes: 1 << 30, all_bytes: 2 << 30, free_files: None };
        let small = FolderRoom { room: Ok(small), ..room(Ok(()), true, 0, None) };
        assert_eq!(judge_disk("data", &small).unwrap().result, Verdict::Warn, "half of little is little");
    }

    #[test]
    fn a_store_is_judged_part_by_part() {
        let url = || "s3://b/p".to_owned();
        let facts = |proof, format| StoreFacts { proof, written_ms: Ok(None), format };
        let well = judge("s", &facts(Ok(()), Ok(Some(1))));
        assert!(well.iter().all(|finding| finding.result == Verdict::Ok), "{well:?}");
        let ignores = judge("s", &facts(Err(StoreError::NoCondition { url: url() }), Ok(None)));
        assert_eq!(ignores[0].result, Verdict::Fail);
        assert!(ignores[0].remedy.as_deref().unwrap().contains("If-None-Match"), "{ignores:?}");
        let other = StoreError::Format { url: url(), found: 9, oldest: 1, newest: 1 };
        let other = judge("s", &facts(Ok(()), Err(other)));
        assert_eq!((other[0].result, other[1].result), (Verdict::Ok, Verdict::Fail));
        assert!(other[1].remedy.as_deref().unwrap().contains("version"), "{other:?}");
    }
}
