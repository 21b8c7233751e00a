//! A real Prometheus, with the configuration and the rules of the repository.

#![expect(clippy::disallowed_methods, reason = "it waits for another process")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Instant;

use serde_json::Value;

use crate::broker::root;
use crate::process::{PATIENCE, pause};

/// A Prometheus of a test's own, killed when dropped.
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

/// One sample of a query.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its labels.
    pub labels: Value,
    /// Its value.
    pub value: f64,
}

impl Prometheus {
    /// Starts it with `deploy/prometheus`, but on these targets, asking every second, and with rules that wait for two
    /// seconds where they wait at all.
    pub fn start(targets: &[SocketAddr]) -> Prometheus {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| fs::read_to_string(root().join("deploy/prometheus").join(name)).unwrap();
        let of_repository = "\"127.0.0.1:9464\"";
        let targets: Vec<String> = targets.iter().map(|target| format!("\"{target}\"")).collect();
        let config = read("prometheus.yml");
        assert!(config.contains(of_repository) && config.contains("_interval: 15s"));
        let config = config.replace(of_repository, &targets.join(", ")).replace("_interval: 15s", "_interval: 1s");
        fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let shortened = |line: &str| match line.split_once("for: ") {
            Some((before, _)) if before.trim().is_empty() => format!("{before}for: 2s\n"),
            _ => format!("{line}\n"),
        };
        let rules: String = read("alerts.yml").lines().map(shortened).collect();
        fs::write(folder.path().join("alerts.yml"), rules).unwrap();

        let log = folder.path().join("log");
        let option = |name: &str, file: &str| format!("--{name}={}", folder.path().join(file).display());
        let mut child = Command::new("prometheus")
            .args([option("config.file", "prometheus.yml"), option("storage.tsdb.path", "data")])
            .arg("--web.listen-address=127.0.0.1:0")
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("prometheus (Debian: apt-get install prometheus): {error}"));
        let began = Instant::now();
        let address = loop {
            let text = fs::read_to_string(&log).unwrap();
            let listens = text.lines().filter(|line| line.contains("msg=\"Listening on\""));
            if let Some(address) = listens.filter_map(|line| line.split("address=").nth(1)?.trim().parse().ok()).next()
            {
                break address;
            }
            let is_alive = child.try_wait().unwrap().is_none() && began.elapsed() < PATIENCE;
            assert!(is_alive, "Prometheus does not start\n{text}");
            pause(std::time::Duration::from_millis(50));
        };
        let mut prometheus = Prometheus { child, address, folder };
        // It listens before its storage answers.
        while let Err(error) = prometheus.api("query?query=1") {
            let is_alive = prometheus.child.try_wait().unwrap().is_none() && began.elapsed() < PATIENCE;
            assert!(is_alive, "Prometheus does not answer: {error}\n{}", prometheus.log());
            pause(std::time::Duration::from_millis(50));
        }
        prometheus
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The answer of its API; the error that it gives otherwise.
    ///
    /// # Errors
    /// In its words.
    pub fn api(&self, path: &str) -> Result<Value, String> {
        let mut stream = TcpStream::connect(self.address).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // By HTTP/1.0 the answer comes whole.
        write!(stream, "GET /api/v1/{path} HTTP/1.0\r\n\r\n").map_err(|error| error.to_string())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        let mut body: Value = serde_json::from_str(body).map_err(|error| format!("{error}: {answer}"))?;
        match body["status"] == "success" {
            true => Ok(body["data"].take()),
            false => Err(body["error"].as_str().unwrap_or_default().to_owned()),
        }
    }

    /// The samples of an expression at this moment.
    ///
    /// # Errors
    /// When it takes the expression for none.
    pub fn query(&self, expression: &str) -> Result<Vec<Sample>, String> {
        let data = self.api(&format!("query?query={}", encoded(expression)))?;
        let samples = data["result"].as_array().ok_or_else(|| format!("no vector: {data}"))?;
        let sample = |sample: &Value| Sample {
            labels: sample["metric"].clone(),
            value: sample["value"][1].as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN),
        };
        Ok(samples.iter().map(sample).collect())
    }

    /// The one value of an expression.
    pub fn value(&self, expression: &str) -> Option<f64> {
        match &self.query(expression).unwrap()[..] {
            [sample] => Some(sample.value),
            _ => None,
        }
    }

    /// The alerts of a rule that are pending or fire.
    pub fn alerts(&self, name: &str) -> Vec<Value> {
        let alerts = self.api("alerts").unwrap()["alerts"].as_array().cloned().unwrap_or_default();
        alerts.into_iter().filter(|alert| alert["labels"]["alertname"] == name).collect()
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: &u8| match byte.is_ascii_alphanumeric() {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.as_bytes().iter().map(byte).collect()
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every expression of a Grafana dashboard of the repository, with the title of its panel, variables put in as Grafana
/// puts them in where everything is chosen.
pub fn expressions(dashboard: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join(Path::new(dashboard))).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            let chosen = expression.replace("$__rate_interval", "1m").replace("$instance", ".+");
            found.push((panel["title"].as_str().unwrap().to_owned(), chosen.replace("$source", ".+")));
        }
    }
    found
}
