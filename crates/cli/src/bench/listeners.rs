//! Clients of the live stream, many at a time.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// What was heard.
pub struct Heard {
    /// From the append to the log to each client, sorted.
    pub ms: Vec<f64>,
    /// From the first append until all was heard.
    pub seconds: f64,
}

/// Lets so many clients listen, appends so many alerts to the log, and waits until each client has heard all of them.
pub fn listen(
    address: SocketAddr,
    archive: &Archive,
    catalog: &Catalog,
    clients: usize,
    alerts: usize,
) -> anyhow::Result<Heard> {
    let (let_in, all_ms) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(clients * alerts)));
    let clock = Stopwatch::start();
    // When each alert was appended, in ms of the clock.
    let appended: Mutex<BTreeMap<String, f64>> = Mutex::default();
    let log = DetectLog::new(archive.objects().clone());
    let client = || -> anyhow::Result<()> {
        let (status, stream) = begin(address, "/api/v1/stream", "keep-alive")?;
        ensure!(status == 200, "a client of the stream was answered {status}");
        let_in.fetch_add(1, Ordering::SeqCst);
        let mut ms = Vec::with_capacity(alerts);
        for line in stream.lines() {
            let line = line?;
            let Some(id) = line.strip_prefix("id: ").and_then(|id| id.split('.').next()) else { continue };
            let now = clock.elapsed().as_secs_f64() * 1e3;
            let at = appended.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied();
            ms.push(now - at.with_context(|| format!("{id} was told and never appended"))?);
            if ms.len() == alerts {
                break;
            }
        }
        ensure!(ms.len() == alerts, "a client heard {} alerts of {alerts}", ms.len());
        all_ms.lock().unwrap_or_else(PoisonError::into_inner).extend(ms);
        Ok(())
    };
    thread::scope(|scope| {
        let client = &client;
        let threads = (0..clients).map(|_| thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, client));
        let threads = threads.collect::<Result<Vec<_>, _>>().context("a thread for each client")?;
        let waited = Stopwatch::start();
        while let_in.load(Ordering::SeqCst) < clients {
            let ended = threads.iter().any(thread::ScopedJoinHandle::is_finished);
            if ended || waited.elapsed() > LET_IN_AT_MOST {
                break;
            }
            clock::pause(Duration::from_millis(20));
        }
        let told = Stopwatch::start();
        for number in 0..alerts {
            append(&log, catalog, number, &|id| {
                let now = clock.elapsed().as_secs_f64() * 1e3;
                appended.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), now);
            })?;
            clock::pause(PAUSE);
        }
        for thread in threads {
            thread.join().map_err(|_| anyhow::anyhow!("a client ended in a panic"))??;
        }
        let seconds = told.seconds();
        let mut ms = std::mem::take(&mut *all_ms.lock().unwrap_or_else(PoisonError::into_inner));
        ms.sort_by(f64::total_cmp);
        Ok(Heard { ms, seconds })
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
