//! `headwater doctor` as operators run it: against a real Kafka, a real store, and what may be wrong with each.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headwater_tests::binary;
use headwater_tests::broker::Broker;
use headwater_tests::cluster::{CONFIG, World};
use headwater_tests::feed::event;
use headwater_tests::port;
use headwater_tests::process::Live;
use headwater_tests::store::committed;
use serde_json::Value;

const OUTPUTS: &str = "[outputs]\ncluster = \"main\"";

/// What it found, and its status.
struct Told {
    findings: Vec<Value>,
    status: Option<i32>,
}

/// Runs it in a folder, on ports that nobody else has.
fn doctor(folder: &Path, environment: &[(&str, &str)]) -> Told {
    let ports: Vec<String> = (0..2).map(|_| free()).collect();
    let own = [("HEADWATER__METRICS__LISTEN", &*ports[0]), ("HEADWATER__SERVE__LISTEN", &*ports[1])];
    let config = folder.join(CONFIG).is_file();
    let args = if config { vec!["doctor", "--json", "--config", CONFIG] } else { vec!["doctor", "--json"] };
    let output = binary::headwater(folder, &args, &[&own[..], environment].concat());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.is_empty(), "words beside the list: {words}");
    let findings = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {words}"));
    Told { findings, status: output.status.code() }
}

/// An address that nobody listens on.
fn free() -> String {
    format!("127.0.0.1:{}", port::free())
}

impl Told {
    fn all(&self, check: &str) -> Vec<&Value> {
        self.findings.iter().filter(|finding| finding["check"] == check).collect()
    }

    /// Those that are not well, but for what the machine of the test brings with it.
    fn troubles(&self) -> Vec<&Value> {
        let of_the_machine = ["disk", "memory", "open files"];
        let is_trouble =
            |finding: &&Value| finding["result"] != "ok" && !of_the_machine.iter().any(|c| finding["check"] == *c);
        self.findings.iter().filter(is_trouble).collect()
    }

    /// It failed, by one check of this name whose value and remedy hold these words.
    fn fails(&self, check: &str, value: &str, remedy: &str) {
        let failed: Vec<&Value> = self.findings.iter().filter(|finding| finding["result"] == "fail").collect();
        let has =
            |finding: &&Value, name: &str, words: &str| finding[name].as_str().is_some_and(|text| text.contains(words));
        let named = failed
            .iter()
            .any(|finding| finding["check"] == check && has(finding, "value", value) && has(finding, "do", remedy));
        assert!(named, "{check}: {value}, do {remedy} is not in {failed:#?}");
        assert_eq!(self.status, Some(1));
    }
}

/// Everything below a folder, with its bytes.
fn tree(folder: &Path) -> BTreeSet<(PathBuf, Option<Vec<u8>>)> {
    let (mut found, mut open) = (BTreeSet::new(), vec![folder.to_path_buf()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path.clone());
                found.insert((path, None));
            } else {
                let bytes = fs::read(&path).unwrap();
                found.insert((path, Some(bytes)));
            }
        }
    }
    found
}

/// Topics that are not the broker's own, and groups.
fn held(kafka: &Broker) -> (BTreeSet<String>, BTreeSet<String>) {
    let text = kafka.foreign("held.py", &[]);
    let held: Value = serde_json::from_str(&text).unwrap();
    let names =
        |key: &str| held[key].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    (names("topics"), names("groups"))
}

#[test]
fn before_the_first_start_all_is_well_and_nothing_is_made() {
    // A broker of its own, so that nobody else makes topics meanwhile.
    let world = World::new(Arc::new(Broker::start()), "fresh", OUTPUTS);
    let (files, kafka) = (tree(world.folder()), held(&world.kafka));
    let told = doctor(world.folder(), &[]);
    assert!(told.troubles().is_empty() && told.status == Some(0), "{:#?}", told.findings);
    let words =
        |check: &str| told.all(check).iter().map(|finding| finding["value"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(words("store").iter().all(|words| words.contains("will be made")), "{:?}", words("store"));
    assert_eq!(words("output").len(), 4);
    assert!(words("output").iter().all(|words| words.contains("the first start makes it")));
    assert_eq!(words("topic"), ["2 partitions, new to the store", "4 partitions, new to the store"]);
    assert_eq!(words("group"), ["nobody is in it"]);
    assert_eq!(words("transactions"), ["can be begun"]);
    assert_eq!(words("read").len(), 2);
    assert_eq!(tree(world.folder()), files, "it left something in the folder");
    assert_eq!(held(&world.kafka), kafka, "it left something in the cluster");

    // For people: a line each, and what to do below what is not well.
    let text = binary::headwater(world.folder(), &["doctor", "--config", CONFIG], &[]);
    let lines = String::from_utf8(text.stdout).unwrap();
    assert!(lines.starts_with(&format!("ok    configuration {CONFIG}: valid; ")), "{lines}");
    assert!(
        lines
            .lines()
            .all(|line| ["ok    ", "warn  ", "fail  ", "      do: "].iter().any(|begin| line.starts_with(begin)))
    );
    assert!(String::from_utf8(text.stderr).unwrap().contains(" failed, "));
}

#[test]
fn beside_a_process_it_tells_who_is_there_and_how_far() {
    let mut world = World::new(Broker::shared(), "beside", OUTPUTS);
    let trade = world.trade();
    let mut run = world.run("all", "run", &[]);
    world.produce(&trade, &(0..500).map(event).collect::<Vec<_>>(), &[]);
    world.equals();
    world.without_lag();
    let told = doctor(world.folder(), &[]);
    assert!(told.troubles().is_empty() && told.status == Some(0), "{:#?}", told.troubles());
    let group = told.all("group")[0]["value"].as_str().unwrap();
    assert!(group.contains("1 in it: headwater at"), "{group}");
    assert_eq!(told.all("store format")[0]["value"], "1");
    let offsets: Vec<&str> = told.all("offsets").iter().map(|finding| finding["value"].as_str().unwrap()).collect();
    assert_eq!(offsets[1], "0 records to read; the group has offsets of 4 partitions");
    let policies: Vec<&str> = told.all("policy").iter().map(|finding| finding["value"].as_str().unwrap()).collect();
    assert_eq!(policies.iter().filter(|policy| policy.ends_with("compact")).count(), 2, "{policies:?}");
    assert!(run.ended().is_none());
    run.terminate();

    // The log was cut, the topic has grown, a topic of results deletes: each is named before a start runs into it.
    let later = world.file(&(500..900).map(event).collect::<Vec<_>>());
    world.kafka.produce(&trade, &later, &[]);
    world.kafka.foreign("delete.py", &[&trade, "5"]);
    doctor(world.folder(), &[]).fails("offsets", "deleted unread", "on_gap");
    world.kafka.topic(&world.seizure(), 3, &[]);
    doctor(world.folder(), &[]).fails("topic", "3 partitions, and the store knows it with 2", "new store");
}

#[test]
fn a_cluster_that_cannot_be_used_is_named_by_its_cause() {
    let world = World::new(Broker::shared(), "causes", OUTPUTS);
    let configure = |brokers: &str, client: &str| world.configure(brokers, client, OUTPUTS);
    configure(&free(), "");
    doctor(world.folder(), &[]).fails("brokers", "nobody listens", "start the broker");
    configure("no-such-host.invalid:9092", "");
    doctor(world.folder(), &[]).fails("brokers", "unknown host", "brokers");
    configure(world.kafka.brokers(), "\"no.such.setting\" = 1\n");
    doctor(world.folder(), &[]).fails("settings", "no.such.setting", "clusters.main.client");
    configure(world.kafka.brokers(), "\"ssl.key.password_file\" = \"nowhere\"\n");
    doctor(world.folder(), &[]).fails("settings", "nowhere", "secret");
    let text =
        fs::read_to_string(world.folder().join(CONFIG)).unwrap().replace("\"ssl.key.password_file\" = \"nowhere\"", "");
    fs::write(world.folder().join(CONFIG), text.replace("causes-trade", "causes-none")).unwrap();
    doctor(world.folder(), &[]).fails("topic", "there is none in main", "sources.trade");
}

#[cfg(feature = "tls")]
#[test]
fn by_tls_and_sasl_certificate_password_and_rights_are_told_apart() {
    let world = World::new(Broker::shared(), "rights", OUTPUTS);
    let configure = |user: &str, password: &str, change: &dyn Fn(&str, String) -> Option<String>| {
        let way = world.kafka.secure("PLAIN", user, password);
        fs::write(world.folder().join("secret"), format!("{password}\n")).unwrap();
        let settings = way.client.iter().filter_map(|(name, value)| match &**name {
            "sasl.password" => Some("\"sasl.password_file\" = \"secret\"\n".to_owned()),
            _ => change(name, value.clone()).map(|value| format!("{name:?} = {value:?}\n")),
        });
        world.configure(&way.brokers, &settings.collect::<String>(), OUTPUTS);
    };
    let same = |_: &str, value: String| Some(value);
    configure("plain", "plain-secret", &same);
    let told = doctor(world.folder(), &[]);
    assert!(told.troubles().is_empty() && told.status == Some(0), "{:#?}", told.troubles());
    configure("plain", "zx-wrong-7431", &same);
    let told = doctor(world.folder(), &[]);
    told.fails("brokers", "wrong user or password", "sasl.password_file");
    assert!(!format!("{:?}", told.findings).contains("zx-wrong-7431"), "a secret is told");
    configure("plain", "plain-secret", &|name, value| (name != "ssl.ca.location").then_some(value));
    doctor(world.folder(), &[]).fails("brokers", "certificate is not trusted", "ssl.ca.location");
    configure("plain", "plain-secret", &|name, value| {
        Some(if name == "security.protocol" { "plaintext".to_owned() } else { value })
    });
    doctor(world.folder(), &[]).fails("brokers", "speaks TLS", "security.protocol");

    // One who may nothing is told each right that is missing.
    configure("guest", "guest-secret", &same);
    let told = doctor(world.folder(), &[]);
    let topic = told.all("topic");
    assert!(topic.iter().all(|finding| finding["result"] == "fail"), "{topic:#?}");
    told.fails("topic", "may not see", "right to read the topic rights-trade");
    told.fails("transactions", "cannot be begun", "transactional ids rights.*");
    assert!(told.all("output").iter().all(|finding| finding["result"] == "fail"), "{:#?}", told.all("output"));
}

/// A folder to read and a store, before the first start.
fn local() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inbox")).unwrap();
    fs::write(folder.path().join("inbox/a.ndjson"), format!("{}\n", event(1))).unwrap();
    folder
}

#[test]
fn a_folder_and_a_store_are_looked_at_and_left_as_they_were() {
    let folder = local();
    let before = tree(folder.path());
    let told = doctor(folder.path(), &[]);
    assert!(told.troubles().is_empty() && told.status == Some(0), "{:#?}", told.troubles());
    assert_eq!(tree(folder.path()), before);
    assert_eq!(told.all("folder")[0]["value"], "can be read; 1 files of events");

    let mut run = Live::start(folder.path(), "log", &[], &[]);
    run.until("it is committed", || committed(folder.path()).read == 1);
    let told = doctor(folder.path(), &[]);
    assert_eq!(told.status, Some(0), "{:#?}", told.troubles());
    let lock = told.all("lock")[0];
    assert_eq!(lock["result"], "warn");
    assert!(lock["value"].as_str().unwrap().ends_with("(headwater) reads it"), "{lock}");
    run.terminate();
    let before = tree(folder.path());
    let told = doctor(folder.path(), &[]);
    assert!(told.troubles().is_empty(), "{:#?}", told.troubles());
    assert_eq!(told.all("store content")[0]["value"], "1 sources, 1 inputs with epochs");
    assert_eq!(tree(folder.path()), before);

    // Held by somebody else's program.
    let lock = File::open(folder.path().join("inbox/.headwater.lock")).unwrap();
    lock.lock().unwrap();
    doctor(folder.path(), &[]).fails(
        "lock",
        &format!("process {}", std::process::id()),
        "one folder is read by one process",
    );
}

#[test]
fn a_store_that_cannot_be_written_as_it_must_be_is_refused() {
    let folder = local();
    let data = folder.path().join("data");
    fs::write(&data, "no folder").unwrap();
    doctor(folder.path(), &[]).fails("store", "is not a folder", "name a folder");
    fs::remove_file(&data).unwrap();
    fs::create_dir(&data).unwrap();
    let ignores = [("HEADWATER_FAULTS", "ignore_condition=1")];
    doctor(folder.path(), &ignores).fails("store create", "create-if-absent", "If-None-Match");
    let full = [("HEADWATER_FAULTS", "full_after=0,full_for=1000,tries=1")];
    doctor(folder.path(), &full).fails("store create", "full", "make room");
    fs::write(data.join("headwater.json"), "{\"format\": 900, \"store\": \"x\"}").unwrap();
    doctor(folder.path(), &[]).fails("store format", "900", "version");
    fs::remove_file(data.join("headwater.json")).unwrap();
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "something is left");
}

#[test]
fn where_people_s_state_is_kept_is_looked_at_and_left_as_it_was() {
    let folder = local();
    let words = |told: &Told| told.all("people")[0]["value"].as_str().unwrap().to_owned();
    assert_eq!(words(&doctor(folder.path(), &[])), "not there yet: the first start makes it");
    let mut run = Live::start(folder.path(), "log", &[], &[]);
    let log = || fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    run.until("it has its database", || log().contains("\"read_model_ready\""));
    run.terminate();
    let before = tree(folder.path());
    let told = doctor(folder.path(), &[]);
    assert_eq!(words(&told), "answers; its tables are those of this version");
    assert!(tree(folder.path()) == before && told.troubles().is_empty(), "{:#?}", told.troubles());

    fs::write(folder.path().join("other"), "no database ".repeat(100)).unwrap();
    let other = [("HEADWATER__PEOPLE__URL", "other")];
    doctor(folder.path(), &other).fails("people", "not a database", "another file in [people]");
    let nowhere = [("HEADWATER__PEOPLE__URL", "gone/people.sqlite")];
    doctor(folder.path(), &nowhere).fails("people", "no folder gone", "make the folder");
    let away = format!("postgres://ana:zx-wrong-7431@{}/people", free());
    fs::write(folder.path().join("url"), away).unwrap();
    let told = doctor(folder.path(), &[("HEADWATER__PEOPLE__URL_FILE", "url")]);
    told.fails("people", "efused", "start it, or correct host");
    assert!(!format!("{:?}", told.findings).contains("zx-wrong-7431"), "a secret is told");
}

#[test]
fn keys_of_tokens_that_cannot_be_had_are_named() {
    let folder = local();
    let url = format!("http://{}/keys", free());
    let set = |keys: (&'static str, &str)| {
        let environment = [
            ("HEADWATER__SERVE__AUTH__MODE", "keys"),
            ("HEADWATER__SERVE__AUTH__JWT__ISSUER", "https://tokens.example.org"),
            ("HEADWATER__SERVE__AUTH__JWT__AUDIENCE", "headwater"),
            ("HEADWATER__SERVE__AUTH__JWT__ALGORITHM", "EdDSA"),
            keys,
        ];
        doctor(folder.path(), &environment)
    };
    set(("HEADWATER__SERVE__AUTH__JWT__KEYS_URL", &url)).fails("token keys", &url, "[serve.auth.jwt]");
    fs::write(folder.path().join("keys.json"), r#"{"keys": []}"#).unwrap();
    set(("HEADWATER__SERVE__AUTH__JWT__KEYS_FILE", "keys.json")).fails("token keys", "none of 0 keys", "their kind");
    // RFC 8037, appendix A.2.
    let key = r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    fs::write(folder.path().join("keys.json"), format!("{{\"keys\": [{key}]}}")).unwrap();
    let told = set(("HEADWATER__SERVE__AUTH__JWT__KEYS_FILE", "keys.json"));
    assert_eq!((&told.all("token keys")[0]["value"], told.status), (&"answers; 1 key".into(), Some(0)));
}

#[test]
fn folders_ports_and_configuration_that_are_not_right_are_named() {
    let folder = local();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    doctor(folder.path(), &[("HEADWATER__METRICS__LISTEN", &address)]).fails(
        "port",
        "another program",
        "[metrics] listen",
    );
    drop(taken);
    doctor(folder.path(), &[("HEADWATER__SOURCES__GONE__PATH", "gone")]).fails("folder", "no such file", "make it");
    doctor(folder.path(), &[("HEADWATER__STORE__LEDGER_BYTES", "4398046511104")]).fails(
        "memory",
        "MiB",
        "ledger_bytes",
    );
    let wrong = binary::headwater(folder.path(), &["doctor", "--json"], &[("HEADWATER__STOR__URL", "x")]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("stor"), "the key is named");
}
