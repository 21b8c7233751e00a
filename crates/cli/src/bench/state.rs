//! `headwater bench state`: memory and disk of what a process keeps, by live pane and by event.

use std::convert::Infallible;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, anyhow};
use headwater_model::{
    Access, Country, Day, EventDay, Evidence, Flags, Head, Id, Identity, KnownDay, Marking, Names, PaneKey, Rank,
    Route, Row, Series, Span, Status, Sums,
};
use headwater_sim::LOAD_SOURCE;
use headwater_store::{ColdLedger, LedgerCache};
use headwater_window::{Cold, ColdError, Entries, InsertError, Ledger, NetVolumes, Panes};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::figures::{mib, number};
use super::process::Process;
use super::table::Table;
use crate::args::{BenchState, BenchStateOnce, Keep};
use crate::failure::Failure;
use crate::memory;

/// Series of which every day has a pane each, where panes are spread over days.
const SERIES: u64 = 1_000;

/// The first day of the panes: 2024-01-01.
const FIRST_DAY: i32 = 19_723;

/// What was kept, in a process of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    what: Keep,
    count: u64,
    /// Bytes by the structures' own accounting.
    own_bytes: u64,
    /// By how much the process grew while it filled them.
    rss_bytes: u64,
    /// Identities: those on disk.
    spilled: u64,
    /// Of the own bytes: what knows which identities are on disk.
    filter_bytes: u64,
    /// Bytes on disk.
    disk_bytes: u64,
    /// Panes: own bytes of the net volumes, which a running input keeps of them.
    net_bytes: u64,
}

/// `headwater bench state-once`: keeps so much of one kind and prints what it takes, as JSON.
pub fn once(args: &BenchStateOnce) -> Result<(), Failure> {
    let kept = match args.what {
        Keep::PanesByDay => panes(args.what, args.count, args.count.min(SERIES))?,
        Keep::PanesBySeries => panes(args.what, args.count, args.count)?,
        Keep::Identities => identities(args.count, None)?,
        Keep::SpilledIdentities => {
            let cache = args.cache.as_deref().ok_or_else(|| anyhow!("a cache is wanted"))?;
            identities(args.count, Some((cache, args.ledger_bytes)))?
        }
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &kept).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn rss() -> u64 {
    memory::status("self", "VmRSS:").unwrap_or(0)
}

/// So many panes of so many series, day by day.
fn panes(what: Keep, count: u64, of_series: u64) -> anyhow::Result<Kept> {
    let before = rss();
    let (mut names, mut panes) = (Names::default(), Panes::default());
    let series: Vec<Id<Series>> =
        (0..of_series).map(|number| series(&mut names, number)).collect::<Option<_>>().context("too many series")?;
    for number in 0..count {
        let day = Day(FIRST_DAY + (number / of_series) as i32);
        let series = series[(number % of_series) as usize];
        let key = PaneKey { series, event_day: EventDay(day), period_days: 1, known_on: KnownDay(day) };
        let sums = Sums { mass_mg: 1 + number as i64, pieces: 0, incidents: 1, events: 1 };
        panes.add(key, sums).map_err(|_| anyhow!("the sums leave 64 bits"))?;
    }
    let rss_bytes = rss().saturating_sub(before);
    anyhow::ensure!(panes.len() as u64 == count, "{} panes instead of {count}", panes.len());
    let mut net = NetVolumes::untold();
    for pane in panes.sorted(&names).up_to(None) {
        net.add(pane.key.series, pane.key.event_day, pane.key.period_days, pane.sums, &names)?;
    }
    let net_bytes = net.bytes() as u64;
    let own_bytes = panes.bytes() as u64;
    Ok(Kept { what, count, own_bytes, rss_bytes, spilled: 0, filter_bytes: 0, disk_bytes: 0, net_bytes })
}

/// A series of its own for every number.
fn series(names: &mut Names, number: u64) -> Option<Id<Series>> {
    const LETTERS: u64 = 26;
    let country = |number: u64| {
        let letter = |number: u64| b'A' + (number % LETTERS) as u8;
        Country::from_letters([letter(number / LETTERS), letter(number)])
    };
    let (substance, route) = (number % 20, number / 20);
    let all = LETTERS * LETTERS;
    let (from, to) = (country(route % all)?, country((route + 1 + route / all) % all)?);
    let route = Route::new(from, [], to);
    let series = Series {
        substance: names.substances.intern(format!("substance-{substance}").as_str()),
        route: names.routes.intern_with(&route, Clone::clone),
        source: names.sources.intern(LOAD_SOURCE),
        evidence: Evidence::Export,
        place: None,
        access: names.accesses.intern_with(&Access::open(Marking::Amber), Clone::clone),
        flagged: false,
    };
    Some(names.series.intern_with(&series, |series| *series))
}

/// So many events of one record and one item each; with a cache, in a ledger that may take so much memory.
fn identities(count: u64, cache: Option<(&Path, u64)>) -> anyhow::Result<Kept> {
    let mut names = Names::default();
    let series = series(&mut names, 0).context("a series")?;
    let source = names.sources.intern(LOAD_SOURCE);
    let mut ledger = Ledger::default();
    let open = cache.map(|(folder, limit)| anyhow::Ok((LedgerCache::open(folder)?, limit))).transpose()?;
    let mut disk = None;
    if let Some((cache, limit)) = &open {
        let shared = Shared(Arc::new(Mutex::new(cache.ledger()?)));
        disk = Some(Arc::clone(&shared.0));
        ledger.set_cold(Box::new(shared));
        ledger.set_limit(usize::try_from(*limit).unwrap_or(usize::MAX));
    }
    let before = rss();
    for number in 0..count {
        let event_id = format!("{:024x}", u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060));
        let day = Day(FIRST_DAY + (number * 400 / count) as i32);
        let head = Head {
            identity: Identity::of(LOAD_SOURCE, &event_id),
            rank: Rank { revision: 0, status: Status::Reported },
            known_on: KnownDay(day),
            content: number,
            source,
            event_id: Span { owned: false, start: 0, len: event_id.len() as u32 },
            first_row: 0,
            rows: 1,
            input: 0,
        };
        let row = Row {
            series,
            event_day: EventDay(day),
            period_days: 1,
            item: 0,
            flags: Flags::default(),
            mass_mg: Some(1 + number as i64 * 1_000),
            pieces: None,
            incidents: 1,
        };
        let taken = ledger.insert(&head, &[row], event_id.as_bytes(), |_| Ok::<(), Infallible>(()));
        taken.map_err(|error| match error {
            InsertError::Cold(error) => anyhow::Error::from(error),
            InsertError::Emit(never) => match never {},
        })?;
    }
    let rss_bytes = rss().saturating_sub(before);
    anyhow::ensure!(ledger.len() as u64 == count, "{} identities instead of {count}", ledger.len());
    let disk_bytes = disk.map_or(0, |disk| Shared(disk).lock().disk_bytes());
    Ok(Kept {
        what: if open.is_some() { Keep::SpilledIdentities } else { Keep::Identities },
        count,
        own_bytes: ledger.bytes() as u64,
        rss_bytes,
        spilled: ledger.cold_len() as u64,
        filter_bytes: ledger.filter_bytes() as u64,
        disk_bytes,
        net_bytes: 0,
    })
}

/// A cold store that can be asked for its size while a ledger has it.
struct Shared(Arc<Mutex<ColdLedger>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, ColdLedger> {
        // Nobody panics while holding it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cold for Shared {
    fn get(&mut self, identity: Identity, value: &mut Vec<u8>) -> Result<bool, ColdError> {
        self.lock().get(identity, value)
    }

    fn put_all(&mut self, entries: &mut dyn Entries) -> Result<(), ColdError> {
        self.lock().put_all(entries)
    }

    fn for_each(&self, each: &mut dyn FnMut(Identity, &[u8]) -> ControlFlow<()>) -> Result<(), ColdError> {
        self.lock().for_each(each)
    }
}

/// Measures each number of each kind in a process of its own.
pub fn state(args: &BenchState) -> Result<(), Failure> {
    let work = TempDir::with_prefix("headwater-bench-").context("no folder for temporary files")?;
    let cache = work.path().join("cache");
    let cache = cache.to_str().context("the folder for temporary files has a name that is no text")?;
    let wanted = |what: Keep, counts: &[u64]| counts.iter().map(|count| (what, *count)).collect::<Vec<_>>();
    let all = [
        wanted(Keep::PanesByDay, &args.panes),
        wanted(Keep::PanesBySeries, &args.panes),
        wanted(Keep::Identities, &args.identities),
        wanted(Keep::SpilledIdentities, &args.identities),
    ];
    let mut kept: Vec<Kept> = Vec::new();
    for (what, count) in all.into_iter().flatten() {
        eprintln!("{}: {}", what.words(), number(count as f64, 0));
        let mut once: Vec<String> = ["bench", "state-once"].map(str::to_owned).into_iter().collect();
        once.extend([what.name(), count.to_string(), "--cache".to_owned(), cache.to_owned()]);
        once.extend(["--ledger-bytes".to_owned(), args.ledger_bytes.to_string()]);
        let (_, printed) = Process::run(&once).with_context(|| what.words())?;
        kept.push(serde_json::from_str(&printed).context("what the process printed")?);
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &kept).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    print(&mut out, args, &kept)?;
    Ok(())
}

fn print(out: &mut impl Write, args: &BenchState, kept: &[Kept]) -> std::io::Result<()> {
    let each = |bytes: u64, count: u64| number(bytes as f64 / count.max(1) as f64, 1);
    let head = ["panes", "number", "own bytes each", "RSS growth each", "net volumes, bytes each", "RSS growth MiB"];
    let mut table = Table::new(1, &head);
    let are_panes = |kept: &&Kept| matches!(kept.what, Keep::PanesByDay | Keep::PanesBySeries);
    for of in kept.iter().filter(are_panes) {
        table.row(vec![
            of.what.words().to_owned(),
            number(of.count as f64, 0),
            each(of.own_bytes, of.count),
            each(of.rss_bytes, of.count),
            each(of.net_bytes, of.count),
            number(mib(of.rss_bytes), 1),
        ]);
    }
    writeln!(out, "{table}")?;
    let head = [
        "identities",
        "number",
        "own bytes each",
        "RSS growth each",
        "spilled",
        "filter bytes a spilled one",
        "disk bytes a spilled one",
        "own MiB",
        "RSS growth MiB",
    ];
    let mut table = Table::new(1, &head);
    for of in kept.iter().filter(|of| !are_panes(of)) {
        table.row(vec![
            of.what.words().to_owned(),
            number(of.count as f64, 0),
            each(of.own_bytes, of.count),
            each(of.rss_bytes, of.count),
            number(of.spilled as f64, 0),
            each(of.filter_bytes, of.spilled),
            each(of.disk_bytes, of.spilled),
            number(mib(of.own_bytes), 1),
            number(mib(of.rss_bytes), 1),
        ]);
    }
    writeln!(out, "{table}")?;
    let mut settings = Table::new(2, &["setting", "value"]);
    settings.row(vec!["store.ledger_bytes of the spilling ledgers".to_owned(), args.ledger_bytes.to_string()]);
    write!(out, "{settings}")
}
