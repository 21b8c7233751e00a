//! `headwater rejects replay`: rejects given to their source again, as they arrived.
//!
//! They come as new records: one that is good by now counts, one that is not is rejected again, one that counts already
//! is a duplicate. So nothing is counted twice, however often they are given back.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use headwater_ingest::{OutRecord, Publisher, PublisherSettings, TRANSACTION_RECORDS_MAX};
use headwater_model::Checksum;
use headwater_normalize::WriterSchemas;
use headwater_runtime::{Cluster, Config, Partitioner, Source};
use headwater_store::{Archive, OutputFolder, Partial, SourceDeclaration, SourceKind};
use serde::Deserialize;

use crate::archive_cmd::open_to_read;
use crate::args;
use crate::failure::Failure;
use crate::rejects::{Found, each};
use crate::writer_schemas;

/// How long a broker may let us wait before the first record.
const START_AT_MOST: Duration = Duration::from_secs(30);

/// Bytes of one transaction: what a producer's queue holds, several times.
const TRANSACTION_BYTES: usize = 16 << 20;

/// `headwater rejects replay`.
pub fn replay(which: &args::Which, store: &args::Store) -> Result<(), Failure> {
    let (archive, config) = open_to_read(store)?;
    let mut takers: BTreeMap<String, Taker> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    each(&archive, which, |found| {
        let bytes = found.bytes(&archive)?;
        // A reject that was given back and rejected again is there twice.
        if !seen.insert((found.source.source.clone(), Checksum::of(&bytes))) {
            return Ok(ControlFlow::Continue(()));
        }
        let taker = match takers.entry(found.source.source.clone()) {
            std::collections::btree_map::Entry::Occupied(taker) => taker.into_mut(),
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(Taker::of(found.source, config.as_ref(), &archive)?)
            }
        };
        taker.take(&found, bytes)?;
        Ok(ControlFlow::Continue(()))
    })?;
    if takers.is_empty() {
        eprintln!("no rejects to give back");
    }
    for (source, taker) in takers {
        eprintln!("{source}: {}", taker.finish()?);
    }
    Ok(())
}

/// Whoever takes the rejects of a source.
enum Taker {
    Folder(Inbox),
    Topic(Box<Topic>),
}

impl Taker {
    /// The source as it is configured now or, of a folder, as the store knows it.
    fn of(source: &SourceDeclaration, config: Option<&Config>, archive: &Archive) -> anyhow::Result<Taker> {
        let name = &source.source;
        let configured = config.map(|config| (config, config.sources.get(name)));
        match (source.kind, configured) {
            (SourceKind::Folder, None) => Ok(Taker::Folder(Inbox::begin(Path::new(&source.origin))?)),
            (SourceKind::Folder, Some((_, Some(Source::Folder { path })))) => Ok(Taker::Folder(Inbox::begin(path)?)),
            (SourceKind::Topic, None) => {
                bail!("source {name} is the topic {}: --config FILE must say how its cluster is reached", source.origin)
            }
            (SourceKind::Topic, Some((config, Some(source @ Source::Topic { cluster, topic, partitioner, .. })))) => {
                let cluster =
                    config.clusters.get(cluster).ok_or_else(|| anyhow!("there is no [clusters.{cluster}]"))?;
                let id = format!("headwater.rejects.{}", archive.objects().id());
                let schemas = writer_schemas::of_source(name, source).map_err(|wrong| anyhow!(wrong.join("\n")))?;
                Ok(Taker::Topic(Box::new(Topic::begin(cluster, topic, *partitioner, schemas, id)?)))
            }
            (_, Some((_, None))) => {
                bail!("there is no [sources.{name}] in the configuration, and the store holds rejects of it")
            }
            (_, Some(_)) => bail!("[sources.{name}]: the store knows it as {:?}, {}", source.kind, source.origin),
        }
    }

    fn take(&mut self, found: &Found<'_>, bytes: Vec<u8>) -> anyhow::Result<()> {
        match self {
            Taker::Folder(inbox) => inbox.take(&found.id, &bytes),
            Taker::Topic(topic) => topic.take(found, bytes),
        }
    }

    fn finish(self) -> anyhow::Result<String> {
        match self {
            Taker::Folder(inbox) => inbox.finish(),
            Taker::Topic(topic) => topic.finish(),
        }
    }
}

/// A file for a watched folder. Its name tells which records are in it, so that the same ones are the same file: a
/// reader that has read it does not read it again.
struct Inbox {
    folder: PathBuf,
    file: Partial,
    records: BTreeSet<Checksum>,
}

impl Inbox {
    fn begin(folder: &Path) -> anyhow::Result<Inbox> {
        if !folder.is_dir() {
            bail!("{}: no such folder, seen from here", folder.display());
        }
        // Hidden until it is whole, and nobody else's.
        let file = OutputFolder::create(folder)?.begin(&format!("rejects-{}", std::process::id()))?;
        Ok(Inbox { folder: folder.to_owned(), file, records: BTreeSet::new() })
    }

    fn take(&mut self, id: &str, bytes: &[u8]) -> anyhow::Result<()> {
        if bytes.contains(&b'\n') {
            bail!("{id} has a line end within: it cannot stand in a file of lines");
        }
        let cannot = || format!("cannot write to {}", self.folder.display());
        self.file.write_all(bytes).and_then(|()| self.file.write_all(b"\n")).with_context(cannot)?;
        self.records.insert(Checksum::of(bytes));
        Ok(())
    }

    fn finish(self) -> anyhow::Result<String> {
        let name = name(&self.records);
        let path = self.folder.join(&name);
        if path.exists() {
            return Ok(format!("{} was given back before", path.display()));
        }
        self.file.publish_as(&name)?;
        Ok(format!("{} records in {}", self.records.len(), path.display()))
    }
}

/// The name of a file with these records, in whatever order.
fn name(records: &BTreeSet<Checksum>) -> String {
    let all: Vec<u8> = records.iter().flat_map(|record| record.0.to_be_bytes()).collect();
    format!("rejects-{}.ndjson", Checksum::of(&all))
}

/// A topic that the records are produced to, in transactions.
struct Topic {
    topic: Arc<str>,
    partitioner: Partitioner,
    schemas: Arc<WriterSchemas>,
    publisher: Publisher,
    pending: Vec<OutRecord>,
    pending_bytes: usize,
    given: u64,
    /// Records whose `event_id` cannot be read, where the key says the partition.
    left: u64,
}

impl Topic {
    fn begin(
        cluster: &Cluster,
        topic: &str,
        partitioner: Partitioner,
        schemas: WriterSchemas,
        id: String,
    ) -> anyhow::Result<Topic> {
        let mut client = cluster.client_settings()?;
        let word = match partitioner {
            Partitioner::Any => None,
            Partitioner::Murmur2 => Some("murmur2"),
            Partitioner::Crc32 => Some("consistent"),
        };
        client.extend(word.map(|word| ("partitioner".to_owned(), word.to_owned())));
        let settings = PublisherSettings { brokers: cluster.brokers.clone(), client, transactional_id: id };
        let publisher = Publisher::start(&settings, START_AT_MOST).with_context(|| format!("topic {topic}"))?;
        let (pending, pending_bytes, given, left) = (Vec::new(), 0, 0, 0);
        let (topic, schemas) = (topic.into(), Arc::new(schemas));
        Ok(Topic { topic, partitioner, schemas, publisher, pending, pending_bytes, given, left })
    }

    fn take(&mut self, found: &Found<'_>, bytes: Vec<u8>) -> anyhow::Result<()> {
        let key = event_id(&bytes, &self.schemas);
        let partition = match (self.partitioner, &key) {
            // Where it came from: its other revisions are there, however their producer chose.
            (Partitioner::Any, _) => Some(found.reject.partition),
            (_, Some(_)) => None,
            (_, None) => {
                self.left += 1;
                return Ok(());
            }
        };
        let key = key.map(String::into_bytes).unwrap_or_default();
        self.pending_bytes += key.len() + bytes.len();
        let topic = Arc::clone(&self.topic);
        self.pending.push(OutRecord { topic, partition, key, value: Some(bytes), headers: Vec::new() });
        if self.pending.len() >= TRANSACTION_RECORDS_MAX || self.pending_bytes >= TRANSACTION_BYTES {
            self.publish()?;
        }
        Ok(())
    }

    fn publish(&mut self) -> anyhow::Result<()> {
        let given = self.given;
        let told = || format!("topic {}: {given} records were given back, the next ones not", self.topic);
        self.publisher.publish(&self.pending, None).with_context(told)?;
        self.given += self.pending.len() as u64;
        self.pending.clear();
        self.pending_bytes = 0;
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<String> {
        self.publish()?;
        let mut words = format!("{} records produced to {}", self.given, self.topic);
        if self.left > 0 {
            words += &format!("; {} left, for they have no event_id that says their partition", self.left);
        }
        Ok(words)
    }
}

/// The key that a producer would have given the record.
fn event_id(bytes: &[u8], schemas: &Arc<WriterSchemas>) -> Option<String> {
    #[derive(Deserialize)]
    struct Keyed {
        event_id: String,
    }
    // No JSON begins as Avro's frame does.
    serde_json::from_slice::<Keyed>(bytes).ok().map(|keyed| keyed.event_id).or_else(|| schemas.event_id(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_normalize::WriterSchema;

    fn give(folder: &Path, records: &[&[u8]]) -> String {
        let mut inbox = Inbox::begin(folder).unwrap();
        records.iter().for_each(|record| inbox.take("x", record).unwrap());
        inbox.finish().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        std::fs::read_dir(folder).unwrap().map(name).collect()
    }

    #[test]
    fn the_same_records_are_the_same_file_in_any_order() {
        let dir = tempfile::tempdir().unwrap();
        assert!(give(dir.path(), &[b"{1", b"{2"]).starts_with("2 records in "));
        let first = names(dir.path());
        assert_eq!(first.len(), 1, "{first:?}");
        assert!(first[0].starts_with("rejects-") && first[0].ends_with(".ndjson"), "{first:?}");
        assert_eq!(std::fs::read(dir.path().join(&first[0])).unwrap(), b"{1\n{2\n");
        assert!(give(dir.path(), &[b"{2", b"{1"]).ends_with("was given back before"));
        assert_eq!(names(dir.path()), first);
        give(dir.path(), &[b"{2"]);
        assert_eq!(names(dir.path()).len(), 2);
    }

    #[test]
    fn what_is_no_line_is_refused_and_nothing_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let mut inbox = Inbox::begin(dir.path()).unwrap();
        let error = inbox.take("s/0@5", b"a\nb").unwrap_err().to_string();
        assert!(error.contains("s/0@5"), "{error}");
        drop(inbox);
        assert_eq!(names(dir.path()), Vec::<String>::new());
        let absent = Inbox::begin(&dir.path().join("no")).err().unwrap().to_string();
        assert!(absent.contains("no such folder"), "{absent}");
    }

    #[test]
    fn a_key_is_read_where_there_is_one() {
        let schema = r#"{"type": "record", "name": "E", "fields": [{"name": "source", "type": "string"},
            {"name": "event_id", "type": "string"}, {"name": "reported_at", "type": "string"}]}"#;
        let schemas = Arc::new(WriterSchemas::from_iter([(1, WriterSchema::parse(schema).unwrap())]));
        let read = |bytes: &[u8]| event_id(bytes, &schemas);
        assert_eq!(read(br#"{"kind":5,"event_id":"E-1","x":[{}]}"#).as_deref(), Some("E-1"));
        assert_eq!(read(b"\x00\x00\x00\x00\x01\x02s\x06E-2\x00").as_deref(), Some("E-2"));
        let framed = [&b"\x00\x01"[..], b"\x00\x00\x00\x00\x02\x02s\x06E-2\x00"];
        for none in [&b"{"[..], b"[]", b"", br#"{"event_id":5}"#, framed[0], framed[1], br#"{"id":"E"}"#] {
            assert_eq!(read(none), None);
        }
    }
}
