//! `headwater bench serve`: what the API's answers cost over a large store, and what its live streams do.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use headwater_catalog::Catalog;
use headwater_model::{Budgets, Day};
use headwater_runtime::Config;
use headwater_serve::Rate;
use headwater_sim::{Load, LoadSpec};
use headwater_store::{Archive, Objects, StoreUrl};
use serde_json::Value;
use tempfile::TempDir;

use super::build::build;
use super::figures::{mib, number};
use super::http::get;
use super::listeners;
use super::table::Table;
use crate::archive::Stored;
use crate::args::BenchServe;
use crate::clock::{self, Stopwatch};
use crate::failure::Failure;
use crate::memory::rss_bytes;
use crate::open_files;
use crate::serving::Serving;

/// Memory of the ledger while the store is built: more than events take, so that nothing is spilled.
const LEDGER_BYTES: usize = 4 << 30;

/// How often one client may ask here: as often as it likes, or its limit is what is measured.
const RATE: Rate = Rate { burst: u32::MAX, per_minute: u32::MAX };

/// Records of the load whose substances, markets and days are asked for, evenly over all of it.
const SAMPLES: usize = 256;

/// Days that a question of volumes is about.
const QUESTION_DAYS: i32 = 91;

/// How long the store may take to be read.
const READY_AT_MOST: Duration = Duration::from_secs(3_600);

/// What is asked for.
struct Sample {
    substance: String,
    market: String,
    day: Day,
}

/// A row of the answer.
struct Asked {
    what: &'static str,
    ms: Vec<f64>,
    rss_bytes: u64,
}

/// Builds a store, serves it, asks it, listens to it.
pub fn serve(args: &BenchServe) -> Result<(), Failure> {
    let spec = LoadSpec {
        seed: args.seed,
        events: args.events,
        series: args.series,
        days: args.days,
        duplicates: 0,
        revisions: 0,
    };
    let catalog = Catalog::embedded();
    let samples = samples(&spec, &catalog)?;
    open_files::raise();
    let folder = TempDir::with_prefix("headwater-bench-").context("no folder for temporary files")?;
    let data = folder.path().join("data");
    eprintln!("building a store of {} events, {} series, {} days", spec.events, spec.series, spec.days);
    let (built, _) = build(&data, &folder.path().join("cache"), &spec, 1, LEDGER_BYTES)?;
    eprintln!("built in {:.1} s", built.seconds);
    let archive = Archive::new(Objects::open(&StoreUrl::Folder(data.clone()))?);
    let config = config(folder.path(), &data)?;
    let serving = Serving::start(&config, Budgets::common(10), &archive, &catalog, RATE)?;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let following = scope.spawn(|| {
            serving.follow(&Stored::new(archive.clone()), &|| stop.load(Ordering::Relaxed));
        });
        let measured = measure(args, &samples, serving.address(), &archive, &catalog);
        stop.store(true, Ordering::Relaxed);
        following.join().map_err(|_| anyhow!("reading the store ended in a panic"))?;
        measured
    })
}

fn measure(
    args: &BenchServe,
    samples: &[Sample],
    address: SocketAddr,
    archive: &Archive,
    catalog: &Arc<Catalog>,
) -> Result<(), Failure> {
    let clock = Stopwatch::start();
    while get(address, "/api/v1/alerts")?.status != 200 {
        if clock.elapsed() > READY_AT_MOST {
            return Err(anyhow!("the store is not read after {:.0} s", clock.seconds()).into());
        }
        clock::pause(Duration::from_millis(100));
    }
    let (ready_s, before) = (clock.seconds(), rss());
    let week = |sample: &Sample| {
        let Sample { substance, market, day } = sample;
        let from = *day - QUESTION_DAYS;
        format!(
            "/api/v1/volumes?substance={substance}&market={market}&granularity=week&window=28&from={from}&to={day}&limit=200"
        )
    };
    let month = |sample: &Sample| {
        let Sample { market, day, .. } = sample;
        let from = *day - QUESTION_DAYS;
        format!("/api/v1/volumes?market={market}&granularity=month&roll_up=market&from={from}&to={day}&limit=200")
    };
    let records = |sample: &Sample| {
        let Sample { substance, market, day } = sample;
        let from = *day - QUESTION_DAYS;
        format!("/api/v1/observations?substance={substance}&market={market}&from={from}&to={day}&limit=100")
    };
    let few = (args.questions / 20).max(1);
    let mut asked = vec![
        ask("volumes of a substance in a market, weeks, rolling", address, samples, args.questions, &week)?,
        ask("volumes of a market, months", address, samples, args.questions, &month)?,
        ask("records of a substance in a market, first", address, samples, few, &records)?,
        ask("records of a substance in a market, again", address, samples, few, &records)?,
    ];
    let heard = listeners::listen(address, archive, catalog, args.clients, args.alerts)?;
    asked.push(Asked { what: "live stream, from the log to a client", ms: heard.ms.clone(), rss_bytes: rss() });
    asked.push(ask("volumes of a substance in a market, once more", address, samples, args.questions, &week)?);
    let mut table = Table::new(1, &["what", "n", "p50 ms", "p99 ms", "most ms", "RSS after, MiB"]);
    for Asked { what, ms, rss_bytes } in &asked {
        let at = |share: f64| number(quantile(ms, share), 1);
        let (n, rss) = (number(ms.len() as f64, 0), number(mib(*rss_bytes), 0));
        table.row(vec![(*what).to_owned(), n, at(0.5), at(0.99), at(1.0), rss]);
    }
    let mut out = std::io::stdout().lock();
    write!(out, "{table}")?;
    writeln!(
        out,
        "\nread in {ready_s:.1} s; RSS then {} MiB, at the end {} MiB; {} events to {} clients, {} events/s; let in in {:.1} s",
        number(mib(before), 0),
        number(mib(rss()), 0),
        number(heard.ms.len() as f64, 0),
        args.clients,
        number(heard.ms.len() as f64 / heard.seconds, 0),
        heard.let_in_s
    )?;
    Ok(())
}

/// Asks so often, one question after the other.
fn ask(
    what: &'static str,
    address: SocketAddr,
    samples: &[Sample],
    times: usize,
    path: &dyn Fn(&Sample) -> String,
) -> anyhow::Result<Asked> {
    let mut ms = Vec::with_capacity(times);
    for sample in samples.iter().cycle().take(times) {
        let (clock, path) = (Stopwatch::start(), path(sample));
        let answer = get(address, &path)?;
        ms.push(clock.elapsed().as_secs_f64() * 1e3);
        ensure!(answer.status == 200, "{path}: {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    ms.sort_by(f64::total_cmp);
    eprintln!("{what}: {} ms at most of {times}", number(quantile(&ms, 1.0), 1));
    Ok(Asked { what, ms, rss_bytes: rss() })
}

/// What is asked for: of records of the load itself, so that there is something to find.
fn samples(spec: &LoadSpec, catalog: &Catalog) -> Result<Vec<Sample>, Failure> {
    let mut load = Load::new(spec).map_err(|error| Failure::Usage(error.to_string()))?;
    let every = (spec.events / SAMPLES as u64).max(1);
    let (mut value, mut samples) = (Vec::new(), Vec::new());
    for number in 0.. {
        if load.next(&mut value).is_none() {
            break;
        }
        if number % every != 0 {
            continue;
        }
        let record: Value = serde_json::from_slice(&value)?;
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let substance = catalog.by_cas(&text("/item/cas")).map(|ix| catalog.substance(ix).id.to_string());
        let day = Day::parse(&text("/occurred_on"));
        if let (Some(substance), Some(day)) = (substance, day) {
            samples.push(Sample { substance, market: text("/destination"), day });
        }
    }
    match samples.is_empty() {
        true => Err(anyhow!("the load names no substance of the catalog").into()),
        false => Ok(samples),
    }
}

/// A part of sorted figures; 0 of none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.max(1) - 1).copied().unwrap_or(0.0)
}

fn rss() -> u64 {
    rss_bytes().unwrap_or(0)
}

/// A reader who sees everything, on a port that the system chooses.
fn config(folder: &Path, data: &Path) -> Result<Config, Failure> {
    let set = |key: &str, value: String| (format!("HEADWATER__{key}"), value);
    let keys = [
        set("SOURCES__INBOX__PATH", folder.display().to_string()),
        set("STORE__URL", data.display().to_string()),
        set("SERVE__LISTEN", "127.0.0.1:0".to_owned()),
        set("SERVE__AUTH__CLEARANCE", "TLP:RED".to_owned()),
        set("SERVE__AUTH__ORGANISATIONS", "*".to_owned()),
    ];
    Config::load(None, keys).map_err(|error| Failure::Usage(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_least_that_so_many_do_not_exceed() {
        let sorted: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|share| quantile(&sorted, share)), [100.0, 198.0, 200.0]);
        assert_eq!((quantile(&[7.0], 0.01), quantile(&[], 0.5)), (7.0, 0.0));
    }
}
