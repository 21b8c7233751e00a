//! How long questions to a large archive take, with its files read anew and with those kept from the question before.
//! `cargo bench -p headwater-history --bench drill -- --rows 1000000` for fewer rows than ten million.
#![allow(missing_docs, clippy::print_stdout, clippy::disallowed_methods)]

use std::time::Instant;

use headwater_catalog::Catalog;
use headwater_history::{Bounds, DayRange, Deadline, Filter, Granularity, History, ObservationQuery, VolumeQuery};
use headwater_model::*;
use headwater_normalize::{Normalizer, Settings, archive_schema};
use headwater_store::{
    Archive, Chain, EpochRows, EpochWriter, FoldPolicy, Objects, SourceDeclaration, SourceKind, StoreUrl,
};

const ROWS: usize = 10_000_000;
/// Records of an epoch, and of a batch.
const EPOCH: usize = 1 << 17;
/// Known days over which the rows are spread.
const DAYS: usize = 1_000;
const CACHE_BYTES: usize = 4 << 30;
const ITEMS: [&str; 6] = ["acetone", "toluene", "ephedrine", "acetic anhydride", "safrole", "piperidine"];
const LANDS: [&str; 10] = ["DE", "NL", "BE", "FR", "CN", "IN", "US", "MX", "BR", "TR"];

/// SplitMix64 (Steele, Lea, Flood 2014).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn base() -> Day {
    Day::parse("2021-01-01").expect("a date")
}

/// Records from one number on, one row each.
fn batch(state: &mut u64, from: usize, count: usize, rows: usize) -> RawBatch {
    let (mut data, mut records) = (Vec::new(), Vec::new());
    for number in from..from + count {
        let r = random(state);
        let pick = |shift: u32, of: usize| (r >> shift) as usize % of;
        let known = base() + (number * DAYS / rows) as i32;
        let line = format!(
            "{{\"event_id\":\"{number:09x}-{:08x}\",\"kind\":\"export\",\"occurred_on\":\"{}\",\
             \"reported_at\":\"{known}T08:00:00Z\",\"source\":\"customs-{}\",\"item\":{{\"name\":\"{}\"}},\
             \"quantity\":{{\"value\":{},\"unit\":\"kg\"}},\"origin\":\"{}\",\"destination\":\"{}\",\
             \"consignor\":\"C-{:06}\",\"marking\":\"TLP:GREEN\"}}",
            random(state) as u32,
            known - pick(0, 30) as i32,
            pick(6, 8),
            ITEMS[pick(12, ITEMS.len())],
            pick(18, 9_000),
            LANDS[pick(32, LANDS.len())],
            LANDS[pick(38, LANDS.len())],
            pick(44, 50_000),
        );
        let (start, len) = (data.len() as u32, line.len() as u32);
        data.extend_from_slice(line.as_bytes());
        records.push(RawRecord { start, len, offset: Offset(number as i64), line: 0 });
    }
    RawBatch {
        data: data.into(),
        records,
        origin: "trade-events".into(),
        partition: Partition(0),
        spilled: Vec::new(),
        misrouted: Vec::new(),
    }
}

/// Fills a store; gives the id of an event in its middle.
fn fill(archive: &Archive, rows: usize) -> String {
    let (source, origin) = ("trade".to_owned(), "trade-events".to_owned());
    archive.declare(&SourceDeclaration { source, kind: SourceKind::Topic, origin, partitions: 1 }).expect("a store");
    let input = Input { source: "trade".into(), partition: Partition(0) };
    let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default()).with_columns();
    let (mut names, mut out, mut state) = (Names::default(), Observations::default(), 1);
    let (mut chain, mut total, mut middle) = (Chain::begin(input.clone()), Counts::default(), String::new());
    for from in (0..rows).step_by(EPOCH) {
        let count = EPOCH.min(rows - from);
        let raw = batch(&mut state, from, count, rows);
        if (from..from + count).contains(&(rows / 2)) {
            let line = raw.bytes(&raw.records[rows / 2 - from]);
            let event: TradeEvent = serde_json::from_slice(line).expect("an event");
            middle = event.event_id;
        }
        normalizer.process(&raw, &mut names, &mut out);
        let columns = normalizer.record_batch(&raw, &names, &out).expect("columns are kept");
        let mut writer = EpochWriter::new(archive_schema(), None).expect("the archive's schema");
        let all = EpochRows { kept: (0..columns.num_rows() as u32).collect(), changes: Vec::new() };
        writer.write(&columns, &all, &names).expect("rows of that schema");
        let counts = Counts { read: count as u64, accepted: count as u64, ..Counts::default() };
        total += counts;
        let progress = |at: usize| Progress::Offset(Offset(at as i64));
        let head = EpochHead {
            input: input.clone(),
            epoch: chain.next(),
            origin: "trade-events".into(),
            partitions: 1,
            from: progress(from),
            to: progress(from + count),
            clock_before: None,
            clock: None,
            highest_known: None,
            counts,
            total,
            late_report: 0,
            late_total: 0,
            rows: 0,
            writer: "w".into(),
            build: "b".into(),
            previous: chain.checksum(),
        };
        let sealed = writer.seal(head).expect("into memory");
        chain.follow("of a bench", &sealed.head, sealed.checksum).expect("one chain");
        archive.commit(&[sealed]).remove(0).expect("a store");
    }
    let policy = FoldPolicy { epochs_min: 1, keep: 1, ..FoldPolicy::default() };
    archive.fold(&input, &policy).expect("one run");
    middle
}

fn main() {
    let given = std::env::args().skip_while(|arg| arg != "--rows").nth(1);
    let rows = given.and_then(|rows| rows.parse().ok()).unwrap_or(ROWS);
    let folder = tempfile::tempdir().expect("a folder");
    let objects = Objects::open(&StoreUrl::Folder(folder.path().join("store"))).expect("a store");
    let archive = Archive::new(objects);
    let start = Instant::now();
    let event_id = fill(&archive, rows);
    println!("{rows} rows written and folded in {:.1} s", start.elapsed().as_secs_f64());

    let reader = Clearance::new(Marking::Amber, ["A"]);
    let bounds = Bounds { rows_max: rows, memory_bytes_max: 4 << 30, deadline: Deadline::never(), ..Bounds::default() };
    let substances = vec!["ephedrine".to_owned()];
    let from = base() + DAYS as i32 / 2;
    let month = Some(DayRange { from, to: from + 30 });
    let asked = |filter: Filter| ObservationQuery { filter, ..ObservationQuery::default() };
    // Which of the sources it came from is not noted.
    let event = |n: u32| EventRef { source: format!("customs-{n}"), event_id: event_id.clone() };
    let events: Vec<EventRef> = (0..8).map(event).collect();
    let drills = [
        (
            "a substance in a month",
            asked(Filter { substances: substances.clone(), event_days: month, ..Filter::default() }),
        ),
        ("a month", asked(Filter { event_days: month, ..Filter::default() })),
        ("an event by its id", asked(Filter { events, ..Filter::default() })),
        ("a substance at all times", asked(Filter { substances, ..Filter::default() })),
    ];
    let time = |name: &str, ask: &dyn Fn(&History) -> u64| {
        let history = History::new(archive.clone(), CACHE_BYTES);
        let took = |history: &History| {
            let start = Instant::now();
            let found = ask(history);
            (start.elapsed().as_secs_f64() * 1e3, found)
        };
        let ((cold, found), (kept, _)) = (took(&history), took(&history));
        println!("{name}: {found} rows; {cold:.0} ms, with the files kept {kept:.0} ms");
    };
    for (name, query) in &drills {
        time(name, &|history| history.observations(&reader, &bounds, query).expect("an answer").totals.rows);
    }
    let volumes = VolumeQuery { granularity: Granularity::Month, windows: true, ..VolumeQuery::default() };
    time("volumes by month with windows", &|history| {
        let catalog = Catalog::embedded();
        history.volumes(&reader, &bounds, &catalog, &volumes).expect("an answer").rows.len() as u64
    });
}
