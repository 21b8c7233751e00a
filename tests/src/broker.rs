//! A real Apache Kafka of the test's own, and the clients that are not ours.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};

use serde_json::Value;

use crate::process::program;

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A broker of our own, stopped when dropped.
pub struct Broker {
    folder: tempfile::TempDir,
    brokers: String,
    python: PathBuf,
}

/// A process of somebody else's program, killed when dropped.
pub struct Foreign(Child);

impl Foreign {
    /// The first line that it prints and that is not empty.
    pub fn line(&mut self) -> String {
        let output = BufReader::new(self.0.stdout.as_mut().unwrap());
        output.lines().map(Result::unwrap).find(|line| !line.is_empty()).unwrap()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How a client reaches the broker by TLS and SASL.
#[derive(Clone, Debug)]
pub struct Secure {
    /// Address of that listener.
    pub brokers: String,
    /// Settings of librdkafka.
    pub client: Vec<(String, String)>,
}

impl Broker {
    /// Starts a broker that listens without and with TLS and SASL.
    pub fn start() -> Broker {
        let folder = tempfile::tempdir().unwrap();
        let python = program(&root().join("scripts/python-env"), &[]).into();
        let at = folder.path().to_str().unwrap();
        let brokers = program(&root().join("scripts/kafka"), &["start", at, "--secure"]);
        Broker { folder, brokers, python }
    }

    /// One broker for those tests of a binary that run at the same time; it ends with the last of them.
    pub fn shared() -> Arc<Broker> {
        static SHARED: Mutex<Weak<Broker>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Broker::start());
            *shared = Arc::downgrade(&started);
            started
        })
    }

    /// Address of the listener without TLS.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// The way in by TLS and SASL for one of the users of `scripts/kafka`.
    pub fn secure(&self, mechanism: &str, user: &str, password: &str) -> Secure {
        let folder = self.folder.path().join("secure");
        let authority = folder.join("ca.pem");
        let brokers = std::fs::read_to_string(folder.join("address")).unwrap().trim().to_owned();
        let settings = [
            ("security.protocol", "sasl_ssl"),
            ("ssl.ca.location", authority.to_str().unwrap()),
            ("sasl.mechanism", mechanism),
            ("sasl.username", user),
            ("sasl.password", password),
        ];
        Secure { brokers, client: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into() }
    }

    /// Starts it again after [`Broker::stop`], with the same address and data.
    pub fn again(&self) {
        let brokers = program(&root().join("scripts/kafka"), &["start", self.folder.path().to_str().unwrap()]);
        assert_eq!(brokers, self.brokers);
    }

    /// Stops it.
    pub fn stop(&self) {
        program(&root().join("scripts/kafka"), &["stop", self.folder.path().to_str().unwrap()]);
    }

    /// Sends it a signal: after `STOP` it keeps its connections and answers nothing, until `CONT`.
    pub fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).unwrap();
        program(Path::new("kill"), &[&format!("-{name}"), pid.trim()]);
    }

    /// Runs `tests/foreign/NAME.py BROKERS ARGS...`.
    pub fn foreign(&self, name: &str, args: &[&str]) -> String {
        self.foreign_by(&self.brokers, name, args)
    }

    fn foreign_by(&self, brokers: &str, name: &str, args: &[&str]) -> String {
        let script = root().join("tests/foreign").join(name);
        program(&self.python, &[&[script.to_str().unwrap(), brokers], args].concat())
    }

    /// Starts `tests/foreign/NAME.py BROKERS ARGS...`, which goes on until it is killed; its output is a pipe.
    pub fn foreign_process(&self, name: &str, args: &[&str]) -> Foreign {
        let script = root().join("tests/foreign").join(name);
        let mut command = Command::new(&self.python);
        Foreign(command.arg(script).arg(&self.brokers).args(args).stdout(Stdio::piped()).spawn().unwrap())
    }

    /// Makes a topic, with settings `NAME=VALUE`.
    pub fn topic(&self, topic: &str, partitions: u32, settings: &[&str]) {
        self.foreign("topic.py", &[&[topic, &partitions.to_string()], settings].concat());
    }

    /// Produces the lines of a file; gives how many.
    pub fn produce(&self, topic: &str, file: &Path, more: &[&str]) -> u64 {
        self.foreign("produce.py", &[&[topic, file.to_str().unwrap()], more].concat()).parse().unwrap()
    }

    /// Topic, partition, committed and end offset of each partition of some topics for a group.
    pub fn offsets(&self, group: &str, topics: &[&str]) -> Vec<(String, i64, i64, i64)> {
        serde_json::from_str(&self.foreign("lag.py", &[&[group], topics].concat())).unwrap()
    }

    /// The last value of each key of a topic, as a foreign reader of committed records sees them.
    pub fn last_values(&self, topic: &str) -> Vec<Value> {
        rows(&self.foreign("last_values.py", &[topic]))
    }

    /// Every committed record of a topic.
    pub fn records(&self, topic: &str) -> Vec<Value> {
        rows(&self.foreign("last_values.py", &[topic, "--all"]))
    }

    /// Every committed record of a topic, read by TLS and SASL.
    pub fn records_by(&self, secure: &Secure, topic: &str) -> Vec<Value> {
        let settings: Vec<String> = secure.client.iter().map(|(name, value)| format!("--set={name}={value}")).collect();
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        rows(&self.foreign_by(&secure.brokers, "last_values.py", &[&[topic, "--all"], &settings[..]].concat()))
    }
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = Command::new(root().join("scripts/kafka")).arg("stop").arg(self.folder.path()).status();
    }
}
