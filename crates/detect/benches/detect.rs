//! What the detector costs: microseconds per event in a quiet cell, in a planted one and in a whole world replayed through
//! [`Detector`], and bytes of state per cell. The cells are simulated (`headwater_sim::Cells`), the clock is a core's.
//!
//! Of a program on a machine that others use too, only the time that it was on a core is its own: where the kernel tells it
//! (`/proc/thread-self/schedstat`), that is what is printed. A word given chooses the lines that hold it.
//!
//! The checksum of a line is that of every value or alert given: a change that is to change none shows the same.
#![allow(clippy::unwrap_used, clippy::print_stdout)]
#![allow(clippy::disallowed_methods)] // A bench reads a clock: nothing but what it prints depends on it.

use std::sync::Arc;
use std::time::Instant;

use headwater_catalog::Catalog;
use headwater_detect::{Config, Detector, Mix};
use headwater_model::{
    Access, Country, Day, EventDay, Evidence, KnownDay, Names, Pane, PaneKey, Place, Route, Series, Sums,
};
use headwater_sim::{CellKind, Cells, CountedCell};
use xxhash_rust::xxh3::Xxh3;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// Cells of each kind.
const CELLS: u64 = 60;
/// Runs of each line, of which the fastest counts: the others met another program.
const RUNS: usize = 3;
/// First day of a cell: an event week begins.
const DAY_0: i32 = 7 * 2_000;
/// As in the scoreboard: the statistic from which on corroboration is asked for, once a week.
const ASKED_FROM: f64 = 1.0;
/// Markets of the world, each with the places of its two subdivisions and four offices.
const MARKETS: [&[u8; 2]; 6] = [b"US", b"DE", b"GB", b"AU", b"ZA", b"BR"];
const ORIGINS: [&[u8; 2]; 6] = [b"CN", b"IN", b"MX", b"AF", b"NL", b"TR"];

fn main() {
    let cells = Cells::new().unwrap();
    for (name, kind) in [("quiet cell", CellKind::Null), ("planted cell", CellKind::Substitution)] {
        let drawn: Vec<CountedCell> = (0..CELLS).map(|n| cells.cell(kind, 7, n)).collect();
        let events = drawn.iter().map(|cell| cell.events.len()).sum();
        line(name, events, || {
            let mut sum = Xxh3::new();
            drawn.iter().for_each(|cell| drop(run_cell(cell, &mut sum)));
            sum.digest()
        });
    }
    let world = World::new(&cells);
    line("world through the detector", world.events, || world.run());
    state(&cells);
}

/// Nanoseconds this thread was on a core, or has been there at all.
fn clock(began: Instant) -> f64 {
    let on_core = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_core = on_core.and_then(|text| text.split(' ').next()?.parse().ok());
    on_core.unwrap_or_else(|| began.elapsed().as_nanos() as f64)
}

/// Whether a line was asked for.
fn is_asked(name: &str) -> bool {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
    words.peek().is_none() || words.any(|word| name.contains(&word))
}

/// Runs something and prints what an event of it costs.
fn line(name: &str, events: usize, mut run: impl FnMut() -> u64) {
    if !is_asked(name) {
        return;
    }
    let start = Instant::now();
    let (mut least, mut sum, mut taken) = (f64::INFINITY, 0, 0);
    for _ in 0..RUNS {
        let (before, began) = (heap::taken(), clock(start));
        sum = run();
        (least, taken) = (least.min(clock(start) - began), heap::taken() - before);
    }
    let events = events as f64;
    println!(
        "{name:<28} {:>8.2} us per event {:>8.1} allocations per event   checksum {sum:016x}",
        1e-3 * least / events,
        taken as f64 / events
    );
}

/// What a cell of seven substances and three strata holds after six years.
fn state(cells: &Cells) {
    if !is_asked("state") {
        return;
    }
    let widest = |cell: &CountedCell| cell.substances == 7;
    let drawn: Vec<CountedCell> = (0..).map(|n| cells.cell(CellKind::Null, 11, n)).filter(widest).take(20).collect();
    let bytes = drawn.iter().map(|cell| {
        let before = heap::live();
        let mix = run_cell(cell, &mut Xxh3::new());
        let held = heap::live() - before;
        drop(mix);
        held
    });
    let bytes: Vec<usize> = bytes.collect();
    let mean = bytes.iter().sum::<usize>() / bytes.len();
    println!(
        "{:<28} {mean:>8} bytes per cell, at most {} (7 substances, 3 strata, 6 years)",
        "state",
        bytes.iter().max().unwrap()
    );
}

/// A cell as the scoreboard drives it: closed on every day that counts something or begins a week.
fn run_cell(cell: &CountedCell, sum: &mut Xxh3) -> Mix {
    let trade: Vec<bool> = cell.reporters.iter().map(|evidence| evidence.is_trade()).collect();
    let mut controls = vec![Vec::new(); cell.substances];
    if let Some((day, label)) = cell.control {
        controls[label].push(Day(DAY_0 + day));
    }
    let config = Config::default();
    let mut mix = Mix::new(cell.substances, &trade, controls, config.statistic);
    let (mut events, mut look) = (cell.events.iter().peekable(), 0);
    for day in 0..cell.days {
        let mut changed = day % 7 == 0;
        while let Some(event) = events.next_if(|event| event.counted == day) {
            let (stratum, label) = (usize::from(event.reporter), usize::from(event.substance));
            mix.count(Day(DAY_0 + event.day), stratum, label, i64::from(event.delta));
            changed = true;
        }
        if day < cell.history_days || !changed {
            continue;
        }
        let Some(value) = mix.close(Day(DAY_0 + day)) else { continue };
        sum.update(&value.log.to_bits().to_le_bytes());
        sum.update(&value.lead.to_bits().to_le_bytes());
        sum.update(&[value.falling as u8, value.rising as u8]);
        if value.log >= ASKED_FROM && day >= look {
            let corroboration = mix.corroboration(Day(DAY_0 + day), &value, config.reporter_share_min);
            sum.update(&corroboration.added.to_bits().to_le_bytes());
            sum.update(&corroboration.beyond_one_block.to_bits().to_le_bytes());
            look = day + config.look_days;
        }
    }
    mix
}

/// The panes of some markets: half of them quiet, in the others substances or routes move.
struct World {
    catalog: Arc<Catalog>,
    names: Names,
    /// By day.
    panes: Vec<(Day, Vec<Pane>)>,
    events: usize,
}

impl World {
    fn new(cells: &Cells) -> World {
        let (catalog, mut names) = (Catalog::embedded(), Names::default());
        let tested = catalog.families().iter().filter(|family| family.tested);
        let family = tested.max_by_key(|family| family.members.len()).unwrap();
        let kinds = [CellKind::Null, CellKind::Substitution, CellKind::Null, CellKind::Displacement];
        let mut panes = Vec::new();
        for (at, market) in MARKETS.iter().enumerate() {
            let market = Country::from_letters(**market).unwrap();
            let cell = cells.cell(kinds[at % kinds.len()], 5, at as u64);
            for (n, event) in cell.events.iter().enumerate() {
                let (source, place) = (usize::from(event.reporter), n % 4);
                let evidence = cell.reporters[source];
                let route = Route::new(Country::from_letters(*ORIGINS[usize::from(event.route)]).unwrap(), [], market);
                let subdivision = Some(["North", "South"][place % 2].into());
                let place = Place { country: market, subdivision, office: Some(format!("office {place}").into()) };
                let marking = headwater_model::Marking::Green;
                let access = Access { marking, ..Access::default() };
                let substance = family.members[usize::from(event.substance) % family.members.len()];
                let series = Series {
                    substance: names.substances.intern(&*catalog.substance(substance).id),
                    route: names.routes.intern_with(&route, Clone::clone),
                    source: names.sources.intern(["SIM-A", "SIM-B", "SIM-C"][source]),
                    evidence,
                    place: (evidence == Evidence::Seizure).then(|| names.places.intern_with(&place, Clone::clone)),
                    access: names.accesses.intern_with(&access, Clone::clone),
                    flagged: false,
                };
                let key = PaneKey {
                    series: names.series.intern_with(&series, |series| *series),
                    event_day: EventDay(Day(DAY_0 + event.day)),
                    period_days: 1,
                    known_on: KnownDay(Day(DAY_0 + event.counted)),
                };
                let delta = i64::from(event.delta);
                let sums = Sums { incidents: delta, events: delta, mass_mg: 1_000_000 * delta, ..Sums::default() };
                panes.push(Pane { key, sums });
            }
        }
        let events = panes.len();
        panes.sort_by_key(|pane| pane.key.known_on);
        let days = panes.chunk_by(|a, b| a.key.known_on == b.key.known_on);
        let panes = days.map(|day| (day[0].key.known_on.0, day.to_vec())).collect();
        World { catalog, names, panes, events }
    }

    fn run(&self) -> u64 {
        let mut detector = Detector::new(Arc::clone(&self.catalog), Config::default());
        let mut sum = Xxh3::new();
        for (day, panes) in &self.panes {
            detector.close(KnownDay(*day), panes, &self.names);
            for alert in detector.conclude(&[], &self.names) {
                sum.update(format!("{alert:?}").as_bytes());
            }
        }
        sum.digest()
    }
}

/// The system's allocator, counted.
#[allow(unsafe_code)] // The trait of an allocator is unsafe; every call is handed on as it came.
mod heap {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    static LIVE: AtomicUsize = AtomicUsize::new(0);
    static TAKEN: AtomicUsize = AtomicUsize::new(0);

    pub struct Counting;

    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            LIVE.fetch_add(layout.size(), Relaxed);
            TAKEN.fetch_add(1, Relaxed);
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            LIVE.fetch_sub(layout.size(), Relaxed);
            unsafe { System.dealloc(at, layout) }
        }
    }

    /// Bytes held now.
    pub fn live() -> usize {
        LIVE.load(Relaxed)
    }

    /// Allocations so far.
    pub fn taken() -> usize {
        TAKEN.load(Relaxed)
    }
}
