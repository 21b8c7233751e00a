//! Clients of the live stream, many at a time.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use headwater_catalog::Catalog;
use headwater_model::{Day, Marking};
use headwater_store::{Archive, DetectEntry, DetectLog, DrillOrder};

use super::http::begin;
use crate::clock::{self, Stopwatch};
use crate::detecting::exercise;
use crate::versions::versions;

/// Each client is a thread that reads lines: this is enough.
const STACK_BYTES: usize = 128 << 10;

/// How long they may take to be let in.
const LET_IN_AT_MOST: Duration = Duration::from_secs(120);

/// Between two alerts: the log is looked at twice a second, so most looks find one.
const PAUSE: Duration = Duration::from_millis(500);

/// How long the last alert may take to each of them.
const HEARD_AT_MOST: Duration = Duration::from_secs(60);

/// What was heard.
pub struct Heard {
    /// Until all clients were let in.
    pub let_in_s: f64,
    /// From the append to the log to each client, sorted.
    pub ms: Vec<f64>,
    /// From the first append until all was heard.
    pub seconds: f64,
}

/// Lets so many clients listen, appends so many alerts to the log, and waits until each client has heard all of them.
///
/// # Errors
/// What one client met, or how many were not let in, or did not hear all, in time.
pub fn listen(
    address: SocketAddr,
    archive: &Archive,
    catalog: &Catalog,
    clients: usize,
    alerts: usize,
) -> anyhow::Result<Heard> {
    let (let_in, all_ms) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(clients * alerts)));
    // Looked at with each line: a stream that says nothing keeps itself alive.
    let stop = AtomicBool::new(false);
    let clock = Stopwatch::start();
    // When each alert was appended, in ms of the clock.
    let appended: Mutex<BTreeMap<String, f64>> = Mutex::default();
    let log = DetectLog::new(archive.objects().clone());
    let client = || -> anyhow::Result<usize> {
        let (status, stream) = begin(address, "/api/v1/stream", "keep-alive")?;
        ensure!(status == 200, "a client of the stream was answered {status}");
        let_in.fetch_add(1, Ordering::SeqCst);
        let mut ms = Vec::with_capacity(alerts);
        for line in stream.lines() {
            let line = line?;
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let Some(id) = line.strip_prefix("id: ").and_then(|id| id.split('.').next()) else { continue };
            let now = clock.elapsed().as_secs_f64() * 1e3;
            let at = appended.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied();
            ms.push(now - at.with_context(|| format!("{id} was told and never appended"))?);
            if ms.len() == alerts {
                break;
            }
        }
        let heard = ms.len();
        ensure!(heard == alerts || stop.load(Ordering::Relaxed), "a stream ended after {heard} alerts");
        all_ms.lock().unwrap_or_else(PoisonError::into_inner).extend(ms);
        Ok(heard)
    };
    thread::scope(|scope| {
        let client = &client;
        let threads = (0..clients).map(|_| thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, client));
        let threads = threads.collect::<Result<Vec<_>, _>>().context("a thread for each client")?;
        let ended = || threads.iter().any(thread::ScopedJoinHandle::is_finished);
        let waited = Stopwatch::start();
        while let_in.load(Ordering::SeqCst) < clients && !ended() && waited.elapsed() < LET_IN_AT_MOST {
            clock::pause(Duration::from_millis(20));
        }
        let (let_in_s, listening) = (waited.seconds(), let_in.load(Ordering::SeqCst));
        let told = Stopwatch::start();
        let tell = |number| {
            let sent = append(&log, catalog, number, &|id| {
                let now = clock.elapsed().as_secs_f64() * 1e3;
                appended.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), now);
            });
            clock::pause(PAUSE);
            sent
        };
        let sent = if listening == clients { (0..alerts).try_for_each(tell) } else { Ok(()) };
        let waited = Stopwatch::start();
        let all = || threads.iter().all(thread::ScopedJoinHandle::is_finished);
        while listening == clients && sent.is_ok() && !all() && waited.elapsed() < HEARD_AT_MOST {
            clock::pause(Duration::from_millis(1));
        }
        let seconds = told.seconds();
        stop.store(true, Ordering::Relaxed);
        sent?;
        let heard: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        ensure!(heard.iter().all(Result::is_ok), "a client ended in a panic");
        let heard = heard.into_iter().flatten().collect::<anyhow::Result<Vec<usize>>>();
        let met = || format!("{listening} clients of {clients} were let in in {let_in_s:.1} s");
        let whole = heard.with_context(met)?.into_iter().filter(|heard| *heard == alerts).count();
        ensure!(whole == clients, "{}; {whole} heard all {alerts} alerts", met());
        let mut ms = std::mem::take(&mut *all_ms.lock().unwrap_or_else(PoisonError::into_inner));
        ms.sort_by(f64::total_cmp);
        Ok(Heard { let_in_s, ms, seconds })
    })
}

/// Appends one alert to the log, as detection does.
fn append(log: &DetectLog, catalog: &Catalog, number: usize, appended: &dyn Fn(&str)) -> anyhow::Result<()> {
    let order = DrillOrder {
        alert_id: format!("{number:032x}"),
        family: "opioids".to_owned(),
        market: "US".to_owned(),
        marking: Marking::Green,
        asked_ms: 0,
        ends_ms: i64::MAX,
    };
    let closed_to = Day(20_000);
    let alert = exercise::raised(&order, closed_to, catalog).context("the catalog has no such family")?;
    appended(&order.alert_id);
    let entry = DetectEntry {
        number: number as u64,
        closed_to,
        epochs: BTreeMap::new(),
        alerts: vec![alert],
        versions: versions(catalog),
        cells: None,
    };
    log.append(&entry)?;
    Ok(())
}
