//! The keys, their types, ranges and defaults.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::section::{Section, nearest};
use super::tree::{self, Node, Value};
use super::{ClientSetting, Cluster, Config, ConfigProblem, OnGap, Partitioner, Source, StoreLocation, StoreSettings};

type Problems = Vec<ConfigProblem>;

const DEFAULT_GROUP: &str = "headwater";
const DEFAULT_STORE: &str = "data";
const DEFAULT_METRICS: &str = "127.0.0.1:9464";

/// Below 10 ms a commit costs more than what it commits; above 10 min a crash costs more than people expect.
const COMMIT_MS: std::ops::RangeInclusive<u64> = 10..=600_000;
const COMMIT_MS_DEFAULT: u64 = 5_000;

/// From one small batch to what a small machine holds in memory.
const COMMIT_BYTES: std::ops::RangeInclusive<u64> = (64 << 10)..=(1 << 30);
const COMMIT_BYTES_DEFAULT: u64 = 64 << 20;

/// From what a few batches need to what no machine has. The default leaves a small machine room for the rest.
const LEDGER_BYTES: std::ops::RangeInclusive<u64> = (1 << 20)..=(1 << 42);
const LEDGER_BYTES_DEFAULT: u64 = 512 << 20;

/// One epoch alone is no run; beyond 65,536 the list of an input's epochs is longer than what folding saves.
const FOLD_EPOCHS: std::ops::RangeInclusive<u64> = 2..=65_536;
const FOLD_EPOCHS_DEFAULT: u64 = 256;

/// From every commit to what no input has.
const SNAPSHOT_ROWS: std::ops::RangeInclusive<u64> = 1..=1_000_000_000;
const SNAPSHOT_ROWS_DEFAULT: u64 = 500_000;

/// Name of the ledgers' folder: below a local store, or where the process was started if the store is elsewhere.
const CACHE_IN_STORE: &str = "cache";
const CACHE_ALONE: &str = "headwater-cache";

/// Writer schemas of a source. Each sender changes its own some times in a life, and few send to one topic.
const AVRO_SCHEMAS_MAX: usize = 100;

/// Kafka's own limit for a topic's name.
const TOPIC_BYTES_MAX: usize = 249;

/// Schemes of object stores.
const OBJECT_SCHEMES: [&str; 3] = ["s3", "gs", "az"];

/// Settings of the client library that hold a secret: they come from files only, so that no secret stands in a file
/// that people copy around, or in an environment that a crash report shows.
const SECRETS: [&str; 8] = [
    "sasl.password",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// Settings of the client library that other keys stand for.
const OWN_KEYS: [(&str, &str); 4] = [
    ("bootstrap.servers", "brokers"),
    ("metadata.broker.list", "brokers"),
    ("group.id", "group"),
    ("group.instance.id", "instance"),
];

/// Settings of the client library on which "every record is counted once" stands.
const FIXED: [&str; 8] = [
    "allow.auto.create.topics",
    "auto.commit.enable",
    "auto.offset.reset",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "isolation.level",
    "message.max.bytes",
];

pub(super) fn check(text: &str, environment: impl IntoIterator<Item = (String, String)>) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let mut root = tree::from_toml(text, &mut problems);
    tree::overlay(&mut root, environment);
    let mut root = Section::new(String::new(), root, &mut problems);

    let clusters = clusters(&mut root, &mut problems);
    let sources = sources(&mut root, &clusters, &mut problems);
    let outputs = outputs(&mut root, &clusters, &mut problems);
    let store = store(&mut root, &mut problems);
    let (people, anchor) = super::people::settings(&mut root, &store.location, &mut problems);
    let detect = super::detect::settings(&mut root, &mut problems);
    let serve = super::serve::settings(&mut root, &mut problems);
    let metrics = listen(&mut root, "metrics", DEFAULT_METRICS, &mut problems);
    root.finish(&mut problems);

    problems.sort();
    let clusters = clusters.into_iter().filter_map(|(name, cluster)| Some((name, cluster?))).collect();
    match (serve, metrics) {
        (Some(serve), Some(metrics)) if problems.is_empty() => {
            Ok(Config { clusters, sources, outputs, store, people, anchor, detect, serve, metrics })
        }
        _ => Err(problems),
    }
}

/// A cluster with a problem of its own is `None`: its name is known all the same.
type Clusters = BTreeMap<String, Option<Cluster>>;

fn clusters(root: &mut Section, problems: &mut Problems) -> Clusters {
    let mut section = root.section("clusters", problems);
    let named = named(&mut section, problems);
    named.into_iter().map(|(name, section)| (name, cluster(section, problems))).collect()
}

fn cluster(mut section: Section, problems: &mut Problems) -> Option<Cluster> {
    let brokers = section.required("brokers", problems).and_then(|found| {
        let wrong = found.value.split(',').find(|broker| !is_host_and_port(broker.trim()));
        if let Some(wrong) = wrong {
            let message = format!("{wrong:?} is not host:port");
            section.wrong("brokers", found.place.clone(), message, problems);
        }
        wrong.is_none().then_some(found.value.clone())
    });
    let group = section.text("group", problems);
    if let Some(empty) = group.as_ref().filter(|group| group.value.is_empty()) {
        section.wrong("group", empty.place.clone(), "is empty".into(), problems);
    }
    let instance = section.text("instance", problems).map(|found| found.value);
    let client = client(section.section("client", problems), problems);
    section.finish(problems);
    let group = group.map_or_else(|| DEFAULT_GROUP.to_owned(), |found| found.value);
    Some(Cluster { brokers: brokers?, group, instance, client })
}

fn client(mut section: Section, problems: &mut Problems) -> BTreeMap<String, ClientSetting> {
    let mut settings = BTreeMap::new();
    for (key, node) in section.named() {
        let value = match node.value {
            Value::Text(text) | Value::Untyped(text) => text,
            Value::Integer(integer) => integer.to_string(),
            Value::Bool(bool) => bool.to_string(),
            Value::Table(_) => {
                section.wrong(&key, node.place, "put the whole name in quotes: \"a.b.c\" = ...".into(), problems);
                continue;
            }
            Value::Other(kind) => {
                let message = format!("a string, an integer or a boolean is wanted, not {kind}");
                section.wrong(&key, node.place, message, problems);
                continue;
            }
        };
        let (name, setting) = match key.strip_suffix("_file") {
            Some(name) => (name, ClientSetting::File(PathBuf::from(value))),
            None => (key.as_str(), ClientSetting::Value(value)),
        };
        let message = if SECRETS.contains(&key.as_str()) {
            format!("is a secret: give the file that holds it as \"{key}_file\"")
        } else if let Some((_, own)) = OWN_KEYS.iter().find(|(theirs, _)| *theirs == name) {
            format!("is given as `{own}` of the cluster")
        } else if FIXED.contains(&name) {
            "cannot be set: the exactness of the counts rests on it".to_owned()
        } else if settings.contains_key(name) {
            format!("{name} is given twice, as itself and by a file")
        } else {
            settings.insert(name.to_owned(), setting);
            continue;
        };
        section.wrong(&key, node.place, message, problems);
    }
    settings
}

fn sources(root: &mut Section, clusters: &Clusters, problems: &mut Problems) -> BTreeMap<String, Source> {
    let mut section = root.section("sources", problems);
    let named = named(&mut section, problems);
    if named.is_empty() {
        let message = "nothing to read: at least one [sources.NAME] is required, with `cluster` and `topic` of a \
                       [clusters.NAME] that has `brokers`, or with the `path` of a folder";
        section.wrong_itself(message.into(), problems);
    }
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    for (name, section) in named {
        let (path, place) = (section.path().to_owned(), section.place().clone());
        let Some(source) = source(section, clusters, problems) else { continue };
        if let Some((other, _)) = sources.iter().find(|(_, other)| same_input(other, &source)) {
            let message = format!("reads the same as sources.{other}: its records would be counted as duplicates");
            problems.push(ConfigProblem { place, key: path, message, nearest: None });
        }
        sources.insert(name, source);
    }
    sources
}

fn source(mut section: Section, clusters: &Clusters, problems: &mut Problems) -> Option<Source> {
    let is_folder = section.has("path");
    let is_topic = section.has("cluster") || section.has("topic");
    let source = if is_folder && !is_topic {
        if section.has("avro") {
            let found = section.section("avro", problems);
            found.wrong_itself("a folder holds lines of JSON: only a topic holds Avro".into(), problems);
        }
        section.text("path", problems).and_then(|found| {
            if found.value.is_empty() {
                section.wrong("path", found.place, "is empty".into(), problems);
                return None;
            }
            Some(Source::Folder { path: found.value.into() })
        })
    } else {
        if is_folder {
            let found = section.text("path", problems);
            let place = found.map_or_else(|| section.place().clone(), |found| found.place);
            section.wrong("path", place, "a source is a topic or a folder, not both".into(), problems);
        }
        topic(&mut section, clusters, problems)
    };
    section.finish(problems);
    source
}

fn topic(section: &mut Section, clusters: &Clusters, problems: &mut Problems) -> Option<Source> {
    let cluster = known_cluster(section, clusters, problems);
    let topic = section.required("topic", problems).and_then(|found| {
        if !is_topic_name(&found.value) {
            let message = format!("{:?} is no topic: 1 to {TOPIC_BYTES_MAX} of A-Z a-z 0-9 . _ -", found.value);
            section.wrong("topic", found.place, message, problems);
            return None;
        }
        Some(found.value)
    });
    let words = [("any", Partitioner::Any), ("murmur2", Partitioner::Murmur2), ("crc32", Partitioner::Crc32)];
    let partitioner = section.choice("partitioner", &words, problems);
    let on_gap = section.choice("on_gap", &[("stop", OnGap::Stop), ("skip", OnGap::Skip)], problems);
    let avro = avro(section.section("avro", problems), problems);
    Some(Source::Topic { cluster: cluster?, topic: topic?, partitioner, on_gap, avro })
}

fn avro(mut section: Section, problems: &mut Problems) -> BTreeMap<u32, PathBuf> {
    let mut schemas = BTreeMap::new();
    for (key, node) in section.named() {
        let Some(id) = key.parse::<u32>().ok().filter(|id| id.to_string() == key) else {
            let message = format!("a schema id is wanted, a whole number from 0 to {}", u32::MAX);
            section.wrong(&key, node.place, message, problems);
            continue;
        };
        match node.value {
            Value::Text(file) | Value::Untyped(file) if !file.is_empty() => drop(schemas.insert(id, file.into())),
            Value::Text(_) | Value::Untyped(_) => section.wrong(&key, node.place, "is empty".into(), problems),
            other => {
                let message = format!("the file of a schema is wanted, not {}", other.kind());
                section.wrong(&key, node.place, message, problems);
            }
        }
    }
    if schemas.len() > AVRO_SCHEMAS_MAX {
        let message = format!("{} schemas are named, {AVRO_SCHEMAS_MAX} are allowed", schemas.len());
        section.wrong_itself(message, problems);
    }
    schemas
}

fn outputs(root: &mut Section, clusters: &Clusters, problems: &mut Problems) -> Option<String> {
    let wanted = root.has("outputs");
    let mut section = root.section("outputs", problems);
    let cluster = if wanted { known_cluster(&mut section, clusters, problems) } else { None };
    section.finish(problems);
    cluster
}

fn known_cluster(section: &mut Section, clusters: &Clusters, problems: &mut Problems) -> Option<String> {
    let found = section.required("cluster", problems)?;
    if clusters.contains_key(&found.value) {
        return Some(found.value);
    }
    problems.push(ConfigProblem {
        place: found.place,
        key: section.key("cluster"),
        message: format!("there is no [clusters.{}]", found.value),
        nearest: nearest(&found.value, clusters.keys().map(String::as_str)).map(|name| format!("{name:?}")),
    });
    None
}

fn store(root: &mut Section, problems: &mut Problems) -> StoreSettings {
    let mut section = root.section("store", problems);
    let url = section.text("url", problems);
    let location = match &url {
        None => StoreLocation::Folder(DEFAULT_STORE.into()),
        Some(found) => match found.value.split_once("://") {
            None if found.value.is_empty() => {
                section.wrong("url", found.place.clone(), "is empty".into(), problems);
                StoreLocation::Folder(DEFAULT_STORE.into())
            }
            None => StoreLocation::Folder(found.value.clone().into()),
            Some((scheme, rest)) => {
                if !OBJECT_SCHEMES.contains(&scheme) || rest.is_empty() || rest.starts_with('/') {
                    let message = format!("{:?} is no folder, s3://, gs:// or az:// with a bucket", found.value);
                    section.wrong("url", found.place.clone(), message, problems);
                }
                StoreLocation::Objects(found.value.clone())
            }
        },
    };
    let commit_ms = section.integer("commit_ms", COMMIT_MS_DEFAULT, COMMIT_MS, problems);
    let commit_bytes = section.integer("commit_bytes", COMMIT_BYTES_DEFAULT, COMMIT_BYTES, problems);
    let ledger_bytes = section.integer("ledger_bytes", LEDGER_BYTES_DEFAULT, LEDGER_BYTES, problems);
    let fold_epochs = section.integer("fold_epochs", FOLD_EPOCHS_DEFAULT, FOLD_EPOCHS, problems);
    let snapshot_rows = section.integer("snapshot_rows", SNAPSHOT_ROWS_DEFAULT, SNAPSHOT_ROWS, problems);
    let cache = match (section.text("cache", problems), &location) {
        (Some(found), _) => {
            if found.value.is_empty() {
                section.wrong("cache", found.place, "is empty".into(), problems);
            }
            found.value.into()
        }
        (None, StoreLocation::Folder(folder)) => folder.join(CACHE_IN_STORE),
        (None, StoreLocation::Objects(_)) => CACHE_ALONE.into(),
    };
    section.finish(problems);
    StoreSettings { location, commit_ms, commit_bytes, ledger_bytes, cache, fold_epochs, snapshot_rows }
}

fn listen(root: &mut Section, key: &'static str, default: &str, problems: &mut Problems) -> Option<SocketAddr> {
    let mut section = root.section(key, problems);
    let address = address(&mut section, default, problems);
    section.finish(problems);
    address
}

/// The address of `listen`; none where it is none.
pub(super) fn address(section: &mut Section, default: &str, problems: &mut Problems) -> Option<SocketAddr> {
    let found = section.text("listen", problems);
    let address = found.as_ref().map_or(default, |found| &found.value).parse().ok();
    if let (None, Some(found)) = (address, &found) {
        let message = format!("{:?} is no IP address and port, as in {default:?}", found.value);
        section.wrong("listen", found.place.clone(), message, problems);
    }
    address
}

/// The sections below one whose keys are names. A name stands in keys, in the environment and in log lines.
fn named(section: &mut Section, problems: &mut Problems) -> Vec<(String, Section)> {
    let mut sections = Vec::new();
    for (name, node) in section.named() {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            let message = "a name is made of a-z, 0-9, - and _".to_owned();
            section.wrong(&name, node.place, message, problems);
        } else {
            let Node { place, value } = node;
            let path = section.key(&name);
            sections.push((name, Section::new(path, Node { place, value }, problems)));
        }
    }
    sections
}

fn same_input(a: &Source, b: &Source) -> bool {
    match (a, b) {
        (Source::Topic { cluster: c, topic: t, .. }, Source::Topic { cluster, topic, .. }) => {
            c == cluster && t == topic
        }
        (Source::Folder { path: p }, Source::Folder { path }) => p == path,
        _ => false,
    }
}

fn is_host_and_port(broker: &str) -> bool {
    // A broker may carry the protocol in front, as in the client library.
    let address = broker.split_once("://").map_or(broker, |(_, address)| address);
    address.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(char::is_whitespace) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

fn is_topic_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=TOPIC_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain) && name != "." && name != ".."
}
