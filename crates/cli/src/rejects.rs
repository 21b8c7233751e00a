//! `headwater rejects`: the records that were not taken, as the archive keeps them.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;

use anyhow::{Context, anyhow};
use headwater_model::{Checksum, Input, Reason};
use headwater_store::{Archive, ArchivedReject, SourceDeclaration, SourceKind};
use serde::Serialize;

use crate::archive_cmd::{open, open_to_read};
use crate::args;
use crate::failure::Failure;

/// A reject with the name that people know it by.
pub struct Found<'a> {
    /// See [`Ids`].
    pub id: String,
    /// The source that it came from.
    pub source: &'a SourceDeclaration,
    /// The source's input.
    pub input: &'a Input,
    /// The reject.
    pub reject: ArchivedReject,
}

impl Found<'_> {
    /// Its bytes as they arrived.
    pub fn bytes(&self, archive: &Archive) -> anyhow::Result<Vec<u8>> {
        let ArchivedReject { topic, offset, raw, .. } = &self.reject;
        if let Some(raw) = raw {
            return Ok(raw.clone());
        }
        let raw = archive.get_raw(self.input, topic, *offset)?;
        Ok(raw.ok_or_else(|| anyhow!("{}: its bytes are not in the store", self.id))?.to_vec())
    }
}

/// Names rejects: `trade/3@1234` by partition and offset, `inbox/a.ndjson@567` by file and byte. A file that was
/// replaced, or a topic that was made anew, may have two at one place: the second is `...@567#2`. Sixteen bytes a reject
/// are kept to know.
#[derive(Default)]
struct Ids(BTreeMap<Checksum, u32>);

impl Ids {
    fn next(&mut self, source: &SourceDeclaration, reject: &ArchivedReject) -> String {
        let ArchivedReject { topic, partition, offset, .. } = reject;
        let place = match source.kind {
            SourceKind::Topic => format!("{}/{partition}@{offset}", source.source),
            SourceKind::Folder => {
                let file = topic.rsplit(['/', '\\']).next().unwrap_or(topic);
                format!("{}/{file}@{offset}", source.source)
            }
        };
        let times = self.0.entry(Checksum::of(place.as_bytes())).or_insert(0);
        *times += 1;
        if *times == 1 { place } else { format!("{place}#{times}") }
    }
}

/// Whether a reject is among those asked for.
fn is_wanted(which: &args::Which, input: &Input, reason: Reason) -> bool {
    which.reason.is_none_or(|wanted| wanted == reason) && which.input.as_ref().is_none_or(|wanted| wanted == input)
}

/// Hands out the rejects asked for, input by input, in the order of the archive, until there are no more or `each` has
/// enough.
pub fn each(
    archive: &Archive,
    which: &args::Which,
    mut each: impl FnMut(Found<'_>) -> anyhow::Result<ControlFlow<()>>,
) -> anyhow::Result<()> {
    let mut left = which.limit.unwrap_or(usize::MAX);
    for source in archive.sources()? {
        for input in source.inputs().filter(|input| which.input.as_ref().is_none_or(|wanted| wanted == input)) {
            let mut ids = Ids::default();
            for file in archive.files(&input)? {
                for reject in open(archive, &file)?.rejects().with_context(|| file.key.clone())? {
                    let reject = reject.with_context(|| file.key.clone())?;
                    let id = ids.next(&source, &reject);
                    if !is_wanted(which, &input, reject.reason) {
                        continue;
                    }
                    if left == 0 {
                        return Ok(());
                    }
                    left -= 1;
                    if each(Found { id, source: &source, input: &input, reject })?.is_break() {
                        return Ok(());
                    }
                }
            }
        }
    }
    Ok(())
}

/// `headwater rejects list`.
pub fn list(which: &args::Which, store: &args::Store) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Line<'a> {
        id: &'a str,
        input: String,
        topic: &'a str,
        partition: i32,
        offset: i64,
        reason: Reason,
        field: &'a str,
        message: &'a str,
        /// Length of the record; none where its bytes lie in the store as an object of their own.
        bytes: Option<usize>,
    }

    let (archive, _) = open_to_read(store)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    each(&archive, which, |found| {
        let reject = &found.reject;
        let line = Line {
            id: &found.id,
            input: found.input.to_string(),
            topic: &reject.topic,
            partition: reject.partition.0,
            offset: reject.offset.0,
            reason: reject.reason,
            field: &reject.field,
            message: &reject.message,
            bytes: reject.raw.as_ref().map(Vec::len),
        };
        serde_json::to_writer(&mut out, &line).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        Ok(ControlFlow::Continue(()))
    })?;
    out.flush()?;
    Ok(())
}

/// `headwater rejects show`: the bytes, and nothing else.
pub fn show(id: &str, store: &args::Store) -> Result<(), Failure> {
    let (archive, _) = open_to_read(store)?;
    let mut bytes = None;
    each(&archive, &args::Which::default(), |found| {
        if found.id != id {
            return Ok(ControlFlow::Continue(()));
        }
        bytes = Some(found.bytes(&archive)?);
        Ok(ControlFlow::Break(()))
    })?;
    let bytes = bytes.ok_or_else(|| anyhow!("there is no reject {id}: `headwater rejects list` gives their ids"))?;
    std::io::stdout().lock().write_all(&bytes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use headwater_model::{Offset, Partition};

    use super::*;

    #[test]
    fn ids_are_places_and_two_at_one_place_are_told_apart() {
        let mut source = SourceDeclaration {
            source: "s".to_owned(),
            kind: SourceKind::Folder,
            origin: "in".to_owned(),
            partitions: 1,
        };
        let mut reject = ArchivedReject {
            topic: "in/a.ndjson".into(),
            partition: Partition(0),
            offset: Offset(5),
            reason: Reason::BadJson,
            field: String::new(),
            message: String::new(),
            raw: None,
        };
        let mut ids = Ids::default();
        assert_eq!(ids.next(&source, &reject), "s/a.ndjson@5");
        assert_eq!(ids.next(&source, &reject), "s/a.ndjson@5#2");
        reject.offset = Offset(6);
        assert_eq!(ids.next(&source, &reject), "s/a.ndjson@6");
        source.kind = SourceKind::Topic;
        reject.partition = Partition(3);
        assert_eq!(Ids::default().next(&source, &reject), "s/3@6");
    }
}
