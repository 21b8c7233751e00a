//! What a process tells at its operations endpoint, asked as a scraper and a probe ask.

#![expect(clippy::disallowed_methods, reason = "it waits for another process")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Live, PATIENCE, pause};

/// The endpoint of a process.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint(SocketAddr);

/// A scrape.
#[derive(Clone, Debug, Default)]
pub struct Scrape {
    /// The value of each series, by its name and labels as they are written.
    pub series: BTreeMap<String, f64>,
    /// Every family's name, with its type.
    pub families: BTreeMap<String, String>,
}

impl Endpoint {
    /// Where a process says in its log that it listens; waits until it does.
    pub fn of(run: &mut Live) -> Endpoint {
        let mut found = None;
        let in_log = |log: &str| {
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.rev().find(|line| line["event"] == "metrics_served")?["addr"].as_str()?.parse().ok()
        };
        let began = Instant::now();
        while found.is_none() {
            found = in_log(&run.log_of_this_start());
            assert!(began.elapsed() < PATIENCE && run.ended().is_none(), "it does not listen\n{}", run.log());
            pause(Duration::from_millis(20));
        }
        Endpoint(found.unwrap())
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.0
    }

    /// Status and body of a page.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.0).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn report(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.get(path);
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}")))
    }

    /// `/healthz`.
    pub fn health(&self) -> (u16, Value) {
        self.report("/healthz")
    }

    /// `/readyz`.
    pub fn readiness(&self) -> (u16, Value) {
        self.report("/readyz")
    }

    /// `/metrics`.
    pub fn scrape(&self) -> Scrape {
        let (status, page) = self.get("/metrics");
        assert_eq!(status, 200, "{page}");
        let mut scrape = Scrape::default();
        for line in page.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, kind) = family.split_once(' ').unwrap();
                scrape.families.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let before = scrape.series.insert(series.to_owned(), value.parse().unwrap());
                assert!(before.is_none(), "{series} came twice");
            }
        }
        scrape
    }
}

impl Scrape {
    /// The value of a series, by its labels in the order of their names.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let key = if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) };
        self.series.get(&key).copied()
    }

    /// The sum of a family's series; none where it has none.
    pub fn sum(&self, name: &str) -> Option<f64> {
        let of = |series: &str| series == name || series.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'));
        let values: Vec<f64> = self.series.iter().filter(|(key, _)| of(key)).map(|(_, value)| *value).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// The names of all families.
    pub fn names(&self) -> BTreeSet<String> {
        self.families.keys().cloned().collect()
    }
}
