use headwater_model::{Checksum, Counts, Day, EpochHead, EpochNumber, Offset, Progress, Reason, Reject};

use headwater_serve::{Operations, Report};
use serde_json::Value;

use super::report::rfc3339;
use super::*;
use crate::live::Committed;

fn watch(ingest: bool, detect: bool) -> (Watch, Shutdown) {
    let shutdown = Shutdown::new();
    (Watch::new(Roles { ingest, detect, serve: false }, true, &shutdown), shutdown)
}

fn input(text: &str) -> Input {
    Input::parse(text).unwrap()
}

fn parsed(report: Report) -> (bool, Value) {
    (report.good, serde_json::from_str(&report.json).unwrap())
}

fn readiness(watch: &Watch) -> (bool, Value) {
    parsed(Operations::readiness(watch))
}

fn nothing() -> Committed {
    Committed { head: None, checksum: None, progress: Progress::Offset(Offset(0)), clock: None }
}

fn head(of: &str, read: u64, rejected: u64) -> EpochHead {
    let counts = Counts { read, rejected, accepted: read - rejected, ..Counts::default() };
    EpochHead {
        input: input(of),
        epoch: EpochNumber(3),
        origin: "topic".into(),
        partitions: 1,
        from: Progress::Offset(Offset(0)),
        to: Progress::Offset(Offset(i64::try_from(read).unwrap())),
        clock_before: None,
        clock: Some(Day(100)),
        highest_known: None,
        counts,
        total: counts,
        late_report: 2,
        late_total: 2,
        rows: read,
        writer: "w".into(),
        build: "b".into(),
        previous: None::<Checksum>,
    }
}

#[test]
fn a_process_becomes_ready_step_by_step() {
    let (watch, shutdown) = watch(true, true);
    let (ready, told) = readiness(&watch);
    assert!(!ready);
    assert_eq!(told["waiting_for"].as_array().unwrap().len(), 2, "{told}");
    watch.has_begun();
    let standing = Standing {
        closed_to: Some(Day(99)),
        held_by: crate::detecting::Holder::NoSource,
        active: false,
        busy: false,
        late: 0,
        unwatched: 3,
        clocks: [("trade".into(), Some(Day(100))), ("other".into(), None)].into(),
    };
    watch.detects(&standing);
    let page = String::from_utf8(watch.metrics().render().unwrap()).unwrap();
    assert!(page.contains("\nheadwater_detect_unwatched_cells 3\n"), "{page}");
    let (ready, told) = readiness(&watch);
    assert!(ready, "it has no share, and stands by: {told}");
    assert_eq!(told["detection"]["held_by"], "no source is configured");
    let sizes = Arc::new(FolderSizes::default());
    watch.reads_folder("inbox", sizes);
    let (ready, told) = readiness(&watch);
    assert_eq!((ready, &told["waiting_for"][0]), (false, &"inbox/0, which is about to be restored".into()));
    watch.restoring(&input("inbox/0"));
    let (ready, told) = readiness(&watch);
    assert_eq!((ready, &told["waiting_for"][0]), (false, &"inbox/0, which is being restored".into()));
    assert_eq!(told["inputs"]["inbox/0"]["state"], "restoring");
    watch.reading(&input("inbox/0"), &nothing(), 7);
    let (ready, told) = readiness(&watch);
    assert!(ready, "{told}");
    assert_eq!(told["inputs"]["inbox/0"]["state"], "reading");
    shutdown.request();
    assert!(!readiness(&watch).0, "it stops");
}

#[test]
fn what_is_wrong_is_told_and_leaves_it_ready() {
    let (watch, _) = watch(true, false);
    watch.has_begun();
    let (good, bad, gone) = (input("trade/0"), input("trade/1"), input("trade/2"));
    for input in [&good, &bad, &gone] {
        watch.restoring(input);
        watch.reading(input, &nothing(), 0);
    }
    watch.stopped(&gone, "its sums leave 64 bits");
    watch.committed(&good, &head("trade/0", 500, 5), 1_000);
    watch.committed(&bad, &head("trade/1", 50, 49), 1_000);
    assert_eq!(readiness(&watch).1["many_rejected"], serde_json::json!({}), "50 records make no share");
    watch.committed(&bad, &head("trade/1", 150, 51), 1_000);
    watch.store_failed(&"the disk is full");
    watch.outputs_failed(&"nobody answers");
    let (ready, told) = readiness(&watch);
    assert!(ready, "{told}");
    assert_eq!(told["many_rejected"]["trade"], 0.34, "the last epoch alone makes a share");
    assert_eq!(told["stopped"], serde_json::json!({"trade/2": "its sums leave 64 bits"}));
    assert_eq!(told["inputs"]["trade/2"]["state"], "stopped");
    assert_eq!(told["inputs"]["trade/0"]["clock"], "1970-04-11");
    assert_eq!(
        (&told["store_failing"]["why"], &told["outputs_failing"]["why"]),
        (&"the disk is full".into(), &"nobody answers".into())
    );
    watch.store_answered();
    watch.published([1, 0, 2]);
    let (_, told) = readiness(&watch);
    assert!(told["store_failing"].is_null() && told["outputs_failing"].is_null(), "{told}");
    watch.gone(&[gone, good]);
    assert_eq!(readiness(&watch).1["inputs"].as_object().unwrap().len(), 1);
}

#[test]
fn a_share_is_taken_from_as_few_epochs_as_make_one() {
    let (watch, _) = watch(true, false);
    let of = input("trade/0");
    watch.restoring(&of);
    let share = |read, rejected| {
        watch.committed(&of, &head("trade/0", read, rejected), 1);
        watch.state().inputs[&of].figures().rejected_ratio
    };
    assert_eq!(share(60, 60), None);
    assert_eq!(share(40, 0), Some(0.6));
    assert_eq!(share(59, 0), Some(60.0 / 159.0), "without the first it would be 99");
    assert_eq!(share(1, 1), Some(0.01), "the first is no longer needed");
    assert_eq!(share(0, 0), Some(0.01), "an epoch without a record changes nothing");
}

#[test]
fn what_is_counted_is_shown_and_begins_anew_with_an_input_that_is_restored() {
    let (watch, _) = watch(true, false);
    let of = input("trade/0");
    let counters = watch.restoring(&of);
    let reject = |reason| Reject { input: 0, reason, field: "".into(), message: String::new() };
    let counts = Counts { read: 5, accepted: 2, duplicate: 1, superseded: 0, rejected: 2, conflict: 1 };
    counters.took(&counts, &[reject(Reason::BadUtf8), reject(Reason::Misrouted)], 9);
    let page = || String::from_utf8(Operations::metrics(&watch).unwrap().0).unwrap();
    let labels = r#"partition="0",source="trade""#;
    let expected = [
        format!("headwater_input_records_read_total{{{labels}}} 5\n"),
        format!("headwater_input_records_total{{outcome=\"rejected\",{labels}}} 2\n"),
        format!("headwater_input_conflicts_total{{{labels}}} 1\n"),
        format!("headwater_input_ledger_entries{{{labels}}} 9\n"),
        "headwater_rejects_total{reason=\"bad_utf8\",source=\"trade\"} 1\n".to_owned(),
        "headwater_rejects_total{reason=\"misrouted\",source=\"trade\"} 1\n".to_owned(),
        "headwater_rejects_total{reason=\"bad_json\",source=\"trade\"} 0\n".to_owned(),
    ];
    let shown = page();
    expected.iter().for_each(|line| assert!(shown.contains(line), "{line}\n{shown}"));
    watch.restoring(&of);
    assert!(page().contains(&format!("headwater_input_records_read_total{{{labels}}} 0\n")));
    drop(counters);
    watch.gone(&[of]);
    let shown = page();
    assert!(!shown.contains("headwater_input_records_read_total{"), "{shown}");
    assert!(shown.contains("headwater_rejects_total{reason=\"bad_utf8\",source=\"trade\"} 1\n"), "{shown}");
}

#[test]
fn a_cluster_is_away_when_nobody_reaches_it() {
    let (watch, _) = watch(true, false);
    watch.has_begun();
    let (reader, publisher) = (Arc::new(KafkaStanding::default()), Reach::default());
    watch.reads_cluster("main", Arc::clone(&reader));
    watch.talks_to("main", publisher.clone());
    let away = || readiness(&watch).1["clusters_unreachable"].clone();
    let shown = || String::from_utf8(Operations::metrics(&watch).unwrap().0).unwrap();
    assert!(away()["main"]["since"].is_string());
    assert!(shown().contains("headwater_cluster_reachable{cluster=\"main\"} 0\n"));
    publisher.set(true);
    assert_eq!(away(), serde_json::json!({}));
    assert!(shown().contains("headwater_cluster_reachable{cluster=\"main\"} 1\n"));
    let (ready, told) = readiness(&watch);
    assert_eq!((ready, &told["waiting_for"][0]), (false, &"its share of the group of clusters.main".into()));
}

#[test]
fn times_are_written_for_people() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_323_199);
    assert_eq!(rfc3339(time), "2026-02-28T23:59:59Z");
}
