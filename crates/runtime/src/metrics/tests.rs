use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::inputs::{OTHER, OTHER_SOURCES_MAX};
use super::*;
use crate::Pulses;

/// As many as an instance may show, by the design.
const SERIES_MAX: usize = 2_000;

const REASONS: [&str; 17] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"];

fn metrics() -> Metrics {
    let words = Words {
        version: "1.2.3",
        reasons: REASONS.into(),
        topics: vec!["volumes", "alerts", "rejects"],
        kinds: vec!["1", "2", "3", "4", "5", "6"],
        statuses: vec!["raised", "updated", "withdrawn", "expired"],
    };
    Metrics::new(Roles { ingest: true, detect: true, outputs: true }, words, Pulses::default())
}

/// The series of a page, by what stands before the value.
fn series(metrics: &Metrics) -> BTreeMap<String, f64> {
    parsed(metrics.render().unwrap())
}

fn parsed(page: Vec<u8>) -> BTreeMap<String, f64> {
    let page = String::from_utf8(page).unwrap();
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let parsed = lines.map(|line| line.rsplit_once(' ').unwrap()).map(|(key, value)| (key.to_owned(), value));
    let series: BTreeMap<String, f64> = parsed.map(|(key, value)| (key, value.parse().unwrap())).collect();
    assert_eq!(series.len(), page.lines().filter(|line| !line.starts_with('#')).count(), "a series came twice");
    series
}

fn name(series: &str) -> &str {
    series.split('{').next().unwrap()
}

/// Everything that an input can show.
fn full(n: u64) -> InputFigures {
    InputFigures {
        read: 10 * n + 4,
        accepted: 4 * n + 1,
        duplicate: 3 * n + 1,
        superseded: 2 * n + 1,
        rejected: n + 1,
        conflicts: n,
        late_reports: 2 * n,
        lag_records: Some(n),
        lag_bytes: n.is_multiple_of(7).then_some(n),
        clock_seconds: Some(86_400 * n as i64),
        epoch: Some(n),
        committed_seconds: Some(n as f64 + 0.5),
        restored: true,
        stopped: false,
        rejected_ratio: Some(0.25),
        ledger_entries: n,
    }
}

#[test]
fn three_hundred_inputs_of_forty_sources_stay_within_the_bound() {
    let metrics = metrics();
    let mut handles = Vec::new();
    for n in 0..300 {
        let source: Arc<str> = format!("source-{:02}", n % 40).into();
        let handle = metrics.inputs.begin(&source, n / 40);
        // One lag each, as every input has: records of a topic, or bytes of a folder.
        handle.update(|figures| *figures = InputFigures { lag_bytes: None, ..full(n as u64) });
        handles.push(handle);
        let rejects = metrics.rejects.of(&source);
        (0..REASONS.len()).for_each(|reason| rejects.add(reason));
    }
    let clock = |n| (format!("source-{n:02}"), Some(f64::from(n)));
    metrics.source_clocks.set((0..40).map(clock).collect());
    metrics.clusters.set((0..40).map(|n| (format!("cluster-{n:02}"), Some(1.0))).collect());
    metrics.closed.set(86_400);
    let series = series(&metrics);
    assert!(series.len() <= SERIES_MAX, "{} series", series.len());
    assert!(series.len() > 1_800, "{} series: the test lacks some", series.len());
    let of = |metric: &Metric| series.keys().filter(|key| name(key) == metric.name).count();
    assert_eq!(of(&catalogue::INPUT_EPOCH), INPUTS_MAX + OTHER_SOURCES_MAX + 1);
    assert_eq!(of(&catalogue::REJECTS), 17 * REASONS.len());
    assert_eq!(of(&catalogue::CLUSTER_REACHABLE), 9);
    assert_eq!(of(&catalogue::DETECT_SOURCE_CLOCK_TIMESTAMP_SECONDS), 17);
    // Nothing is lost by merging.
    let read: f64 = series.iter().filter(|(key, _)| name(key) == catalogue::INPUT_RECORDS_READ.name).map(|s| s.1).sum();
    assert_eq!(read as u64, (0..300).map(|n| 10 * n + 4).sum::<u64>());
    let rejects: f64 = series.iter().filter(|(key, _)| name(key) == catalogue::REJECTS.name).map(|s| s.1).sum();
    assert_eq!(rejects as usize, 300 * REASONS.len());
    assert_eq!(series[r#"headwater_detect_source_clock_timestamp_seconds{source="other"}"#], 16.0, "the lowest");
    drop(handles);
}

#[test]
fn every_name_of_the_catalogue_is_shown_and_no_other() {
    let metrics = metrics();
    let (topic, folder) = (metrics.inputs.begin(&"t".into(), 0), metrics.inputs.begin(&"f".into(), 0));
    topic.update(|figures| *figures = InputFigures { lag_bytes: None, ..full(1) });
    folder.update(|figures| *figures = InputFigures { lag_bytes: Some(1), lag_records: None, ..full(1) });
    metrics.rejects.of(&"t".into());
    metrics.closed.set(0);
    metrics.clusters.set([("main".to_owned(), Some(1.0))].into());
    metrics.source_clocks.set([("t".to_owned(), Some(1.0))].into());
    let page = String::from_utf8(metrics.render().unwrap()).unwrap();
    let typed = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let shown: BTreeSet<String> = typed.map(str::to_owned).collect();
    let listed = CATALOGUE.iter().map(|metric| format!("{} {}", metric.name, metric.kind)).collect();
    assert_eq!(shown, listed);
    for metric in CATALOGUE {
        assert!(page.contains(&format!("# HELP {} {}", metric.name, metric.help)), "{}", metric.name);
    }
}

#[test]
fn a_process_shows_what_its_roles_have() {
    let shown = |roles| {
        let words = Words { version: "1", reasons: vec![], topics: vec!["t"], kinds: vec!["k"], statuses: vec!["s"] };
        let metrics = Metrics::new(roles, words, Pulses::default());
        series(&metrics).keys().map(|key| name(key).to_owned()).collect::<BTreeSet<_>>()
    };
    let ingest = shown(Roles { ingest: true, ..Roles::default() });
    assert!(ingest.contains("headwater_epochs_committed_total") && !ingest.contains("headwater_alerts_total"));
    assert!(!ingest.contains("headwater_transactions_total"));
    let detect = shown(Roles { detect: true, outputs: true, ..Roles::default() });
    assert!(detect.contains("headwater_alerts_total") && !detect.contains("headwater_epochs_committed_total"));
    assert!(detect.contains("headwater_transactions_total") && !detect.contains("headwater_outputs_waiting_records"));
    assert!(!detect.contains("headwater_detect_closed_timestamp_seconds"), "none is closed yet");
    for always in CATALOGUE.iter().filter(|metric| !metric.is_conditional()) {
        assert!(ingest.contains(always.name) && detect.contains(always.name), "{}", always.name);
    }
}

#[test]
fn an_input_that_goes_takes_its_series_with_it() {
    let metrics = metrics();
    let handle = metrics.inputs.begin(&"s".into(), 3);
    let held = handle.clone();
    handle.update(|figures| figures.read = 7);
    let key = r#"headwater_input_records_read_total{partition="3",source="s"}"#;
    drop(handle);
    assert_eq!(series(&metrics).get(key), Some(&7.0));
    // It comes again, before the last of the earlier handles is gone.
    let again = metrics.inputs.begin(&"s".into(), 3);
    assert_eq!(series(&metrics).get(key), Some(&0.0));
    drop(held);
    assert_eq!(series(&metrics).get(key), Some(&0.0));
    drop(again);
    assert_eq!(series(&metrics).get(key), None);
}

#[test]
fn a_source_may_be_called_as_the_rest_is() {
    let metrics = metrics();
    let begin = |n: i32| metrics.inputs.begin(&if n < 260 { format!("s-{n:03}") } else { OTHER.into() }.into(), n);
    let handles: Vec<_> = (0..300).map(begin).collect();
    let series = series(&metrics);
    assert!(series.contains_key(r#"headwater_input_restored{partition="other",source="other"}"#));
    drop(handles);
}

#[test]
fn a_scrape_sees_all_of_a_change_or_nothing() {
    let metrics = metrics();
    let handle = metrics.inputs.begin(&"s".into(), 0);
    let (writer, done) = (handle.clone(), AtomicBool::new(false));
    let seen = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !done.load(Ordering::SeqCst) {
                n += 1;
                writer.update(|figures| *figures = full(n));
            }
        });
        let seen: Vec<_> = (0..200).map(|_| metrics.render()).collect();
        done.store(true, Ordering::SeqCst);
        seen
    });
    for page in seen {
        let series = parsed(page.unwrap());
        let sum: f64 = series.iter().filter(|s| name(s.0) == catalogue::INPUT_RECORDS.name).map(|s| s.1).sum();
        assert_eq!(series[r#"headwater_input_records_read_total{partition="0",source="s"}"#], sum);
    }
}

/// Sources with their inputs' figures, more inputs than have series of their own.
fn many() -> impl Strategy<Value = Vec<(u8, InputFigures)>> {
    let figures = (
        (0..1_000_000u64, 0..1_000_000u64, 0..1_000_000u64, 0..1_000_000u64),
        proptest::option::of(0..1_000_000u64),
        proptest::option::weighted(0.9, 0..1_000_000i64),
        (any::<bool>(), proptest::bool::weighted(0.05)),
    );
    let figures =
        figures.prop_map(|((accepted, duplicate, superseded, rejected), lag_records, clock, (restored, stopped))| {
            let read = accepted + duplicate + superseded + rejected;
            let clock_seconds = clock;
            InputFigures {
                read,
                accepted,
                duplicate,
                superseded,
                rejected,
                lag_records,
                clock_seconds,
                restored,
                stopped,
                ..InputFigures::default()
            }
        });
    proptest::collection::vec((0..12u8, figures), 101..180)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_merged_equals_the_sums(all in many()) {
        let metrics = metrics();
        let mut held: BTreeMap<(Arc<str>, i32), (InputHandle, InputFigures)> = BTreeMap::new();
        for (n, (source, figures)) in all.into_iter().enumerate() {
            let source: Arc<str> = format!("s-{source:02}").into();
            let handle = metrics.inputs.begin(&source, n as i32);
            handle.update(|held| *held = figures.clone());
            held.insert((source, n as i32), (handle, figures));
        }
        let series = series(&metrics);
        let rest: Vec<_> = held.iter().skip(INPUTS_MAX).map(|((source, _), (_, figures))| (source, figures)).collect();
        let sources: Vec<&Arc<str>> = rest.iter().map(|(source, _)| *source).collect::<BTreeSet<_>>().into_iter().collect();
        for (n, source) in sources.iter().enumerate() {
            let named = if n < OTHER_SOURCES_MAX { source } else { OTHER };
            let merged: Vec<&InputFigures> = rest.iter().filter(|(of, _)| {
                let at = sources.iter().position(|source| source == of).unwrap();
                if n < OTHER_SOURCES_MAX { of == source } else { at >= OTHER_SOURCES_MAX }
            }).map(|(_, figures)| *figures).collect();
            let get = |metric: &Metric| series.get(&format!("{}{{partition=\"other\",source=\"{named}\"}}", metric.name)).copied();
            prop_assert_eq!(get(&catalogue::INPUT_RECORDS_READ), Some(merged.iter().map(|f| f.read).sum::<u64>() as f64));
            let rejected = format!("{}{{outcome=\"rejected\",partition=\"other\",source=\"{named}\"}}", catalogue::INPUT_RECORDS.name);
            prop_assert_eq!(series.get(&rejected).copied(), Some(merged.iter().map(|f| f.rejected).sum::<u64>() as f64));
            let lag = merged.iter().any(|f| f.lag_records.is_some()).then(|| merged.iter().filter_map(|f| f.lag_records).sum::<u64>() as f64);
            prop_assert_eq!(get(&catalogue::INPUT_LAG_RECORDS), lag);
            let clock = merged.iter().map(|f| f.clock_seconds).collect::<Option<Vec<_>>>().and_then(|clocks| clocks.into_iter().min());
            prop_assert_eq!(get(&catalogue::INPUT_CLOCK_TIMESTAMP_SECONDS), clock.map(|clock| clock as f64));
            prop_assert_eq!(get(&catalogue::INPUT_RESTORED), Some(f64::from(u8::from(merged.iter().all(|f| f.restored)))));
            prop_assert_eq!(get(&catalogue::INPUT_STOPPED), Some(f64::from(u8::from(merged.iter().any(|f| f.stopped)))));
        }
    }
}
