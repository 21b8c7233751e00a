//! What breaks, planted by a seed: after it the volumes equal the oracle's to the milligram, and every record is
//! accounted for once.
//!
//! `HEADWATER_FAULT_SECONDS` bounds how long the random rounds go on (30 where it is not given), `HEADWATER_FAULT_SEED`
//! says which. The binary must be built with `--features headwater/faults`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]
#![expect(clippy::disallowed_methods, reason = "rounds go on for a while, and the seed may be given")]

mod bed;
mod disk;
mod world;

use std::fs;
use std::time::{Duration, Instant};

use bed::{Bed, seconds, seed};
use headwater_tests::binary;
use headwater_tests::feed::event;
use headwater_tests::process::{PATIENCE, eventually, pause};
use headwater_tests::store::checkpoints;

#[test]
fn killed_at_random_points() {
    let mut bed = Bed::new("killed_at_random_points", seed());
    let until = Instant::now() + Duration::from_secs(seconds());
    let mut run = bed.start(&[]);
    while Instant::now() < until {
        bed.feed_some();
        pause(Duration::from_millis(bed.dice.below(150) as u64));
        if bed.dice.below(3) == 0 {
            bed.counts.kills += 1;
            run.kill();
            if bed.dice.below(3) == 0 {
                bed.feed_some();
            }
            run = bed.start(&[]);
        }
        if bed.dice.below(12) == 0 {
            bed.settle(&mut run);
        }
    }
    bed.settle(&mut run);
    run.terminate();
    bed.verify();
}

/// The steps that a run on a folder comes to. What is swept out is a day old: those steps are gone through inside the
/// store's own tests.
const STEPS: [&str; 16] = [
    "store::epoch::create",
    "store::epoch::created",
    "store::epoch::floor_checked",
    "store::snapshot::begin",
    "store::snapshot::part",
    "store::snapshot::parts",
    "store::snapshot::manifest",
    "store::fold::begin",
    "store::fold::folded",
    "store::fold::all_folded",
    "store::fold::floor",
    "store::sweep::begin",
    "store::sweep::end",
    "live::taken",
    "live::sealed",
    "live::committed",
];

#[test]
fn dead_at_every_step() {
    let mut bed = Bed::new("dead_at_every_step", seed());
    let often = [
        ("HEADWATER__STORE__COMMIT_MS", "10"),
        ("HEADWATER__STORE__FOLD_EPOCHS", "2"),
        ("HEADWATER__STORE__SNAPSHOT_ROWS", "1"),
    ];
    for step in STEPS {
        // Sometimes on the first pass, sometimes later.
        let passes = if step.contains("fold") || step.contains("sweep") { 0 } else { bed.dice.below(3) };
        let armed = format!("{step}={passes}*off->return(abort)");
        let mut run = bed.start(&[&often[..], &[("HEADWATER_STEPS", armed.as_str())]].concat());
        let began = Instant::now();
        let status = loop {
            if let Some(status) = run.ended() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "{step} was never passed\n{}", run.log());
            bed.feed_one();
            pause(Duration::from_millis(30));
        };
        assert_eq!(status.code(), None, "{step}: it was to die, and ended with {status}\n{}", run.log());
        bed.counts.steps += 1;
        let mut run = bed.start(&often);
        bed.settle(&mut run);
        run.kill();
        bed.verify();
    }
}

#[test]
fn a_store_that_errs_costs_time_and_no_record() {
    let plans = [
        "fail=0.2,lost_answer=0.2,slow=0.2,slow_ms=20,tries=2,pause_ms=1,pause_ms_max=5",
        "hang=0.4,fail=0.1,try_ms=200,tries=2,pause_ms=1,pause_ms_max=5",
        "full_after=4,full_for=25,tries=2,pause_ms=1,pause_ms_max=5",
    ];
    for (number, plan) in plans.into_iter().enumerate() {
        let mut bed = Bed::new("a_store_that_errs", seed() + number as u64);
        let faults = format!("seed={},{plan}", seed() + number as u64);
        let mut run = bed.start(&[("HEADWATER_FAULTS", faults.as_str())]);
        for _ in 0..6 {
            bed.feed_some();
            pause(Duration::from_millis(100));
        }
        bed.settle(&mut run);
        let words = ["planted", "no answer within", "is full"][number];
        assert!(run.log().contains(words), "{plan}: nothing went wrong\n{}", run.log());
        run.kill();
        bed.counts.errors += run.log().matches(words).count();
        let mut run = bed.start(&[]);
        bed.feed_some();
        bed.settle(&mut run);
        run.terminate();
        bed.verify();
    }
}

#[test]
fn a_torn_epoch_is_named_and_not_half_read() {
    let mut bed = Bed::new("a_torn_epoch", seed());
    let mut run = bed.start(&[]);
    bed.feed_some();
    bed.settle(&mut run);
    run.terminate();

    let mut run = bed.start(&[("HEADWATER_FAULTS", "torn=1,tries=1")]);
    bed.feed_some();
    assert_eq!(run.end(PATIENCE).code(), Some(1), "{}", run.log());
    let epochs = bed.folder().join("data/epochs/inbox/0");
    let torn = fs::read_dir(&epochs).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    let key = format!("epochs/inbox/0/{}", torn.file_name().unwrap().to_str().unwrap());
    assert!(run.log().contains(&key), "{key} is not named\n{}", run.log());
    let verify = binary::headwater(bed.folder(), &["archive", "verify", "--data", "data"], &[]);
    assert_eq!(verify.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&verify.stdout).contains(&key), "archive verify does not name it");

    // What it would have held is read again.
    fs::remove_file(torn).unwrap();
    let mut run = bed.start(&[]);
    bed.settle(&mut run);
    run.terminate();
    bed.verify();
}

#[test]
fn two_owners_of_one_input_count_each_line_once() {
    let mut bed = Bed::new("two_owners", seed());
    let config = |inbox: &str| format!("[sources.inbox]\npath = \"{inbox}\"\n");
    for inbox in ["inbox", "other"] {
        fs::create_dir_all(bed.folder().join(inbox)).unwrap();
        fs::write(bed.folder().join(format!("{inbox}.toml")), config(inbox)).unwrap();
    }
    let mut one = bed.start_with(&["--config", "inbox.toml"], &[]);
    let mut two = bed.start_with(&["--config", "other.toml"], &[]);
    bed.draw_without_conflicts_to_feed(200);
    for file in ["inbox/a.ndjson", "other/b.ndjson"].into_iter().cycle() {
        if !bed.feed_drawn(file) {
            break;
        }
        pause(Duration::from_millis(60));
    }
    bed.settle_in_any_order(&mut one);
    two.until("the other lives", || true);
    let log = one.log() + &two.log();
    assert!(log.contains("another process wrote this epoch"), "they never met\n{log}");
    one.terminate();
    two.terminate();
    bed.verify();
}

#[test]
fn shuffled_and_repeated_files_sum_to_the_same() {
    let mut bed = Bed::new("shuffled", seed());
    let lines = bed.draw_without_conflicts(200);
    let mut run = bed.start(&[]);
    let mut twice: Vec<String> = lines.iter().chain(&lines).cloned().collect();
    for at in (1..twice.len()).rev() {
        let other = bed.dice.below(at + 1);
        twice.swap(at, other);
    }
    for (number, some) in twice.chunks(37).enumerate() {
        bed.append(&format!("inbox/{number:03}.ndjson"), some);
    }
    bed.settle_in_any_order(&mut run);
    run.terminate();
    bed.verify();
}

#[test]
fn a_clock_that_is_set_wrong_for_a_while_closes_no_day_for_ever() {
    let mut bed = Bed::new("clock", seed());
    let clock = bed.folder().join("clock");
    fs::write(&clock, "0").unwrap();
    let environment = [("HEADWATER_FAULTS_CLOCK", clock.to_str().unwrap()), ("HEADWATER__DETECT__IDLE_MS", "1000")];
    let mut run = bed.start(&environment);
    bed.feed_some();
    bed.settle(&mut run);
    let idle_day = headwater_tests::process::idle_day();
    let days = |folder: &std::path::Path| -> Vec<String> {
        checkpoints(folder).iter().filter_map(|line| line["clock"].as_str().map(str::to_owned)).collect()
    };
    run.until("the idle clock", || days(bed.folder()).iter().any(|day| *day >= idle_day.to_string()));
    for shift in [40 * 86_400, -40 * 86_400, 0] {
        fs::write(&clock, shift.to_string()).unwrap();
        pause(Duration::from_secs(2));
        // Records that a clock 40 days behind takes for the future's would be rejected: none of these is.
        bed.feed_some();
        bed.settle(&mut run);
    }
    assert!(run.log().contains("the wall clock was set"), "{}", run.log());
    assert!(days(bed.folder()).iter().all(|day| *day <= (idle_day + 1).to_string()), "{:?}", days(bed.folder()));
    run.terminate();
    bed.verify();
}

#[test]
fn a_ledger_larger_than_its_memory_still_knows_every_event() {
    let mut bed = Bed::new("spilled", seed());
    let small = [("HEADWATER__STORE__LEDGER_BYTES", "1048576")];
    // Every second event is told again; every fifth is corrected in March, and what February said of it comes after that.
    let lines: Vec<String> = (0..52_000).map(event).collect();
    let corrected = |revision: u32, month: &str| -> Vec<String> {
        let revised = |line: &String| {
            let known = line.replace("\"reported_at\":\"2024-01-", &format!("\"reported_at\":\"2024-{month}-"));
            let heavier = known.replace("\"value\":", &format!("\"value\":{revision}"));
            heavier.replace("\"kind\":", &format!("\"revision\":{revision},\"kind\":"))
        };
        lines.iter().step_by(5).map(revised).collect()
    };
    let repeats: Vec<String> = lines.iter().step_by(2).cloned().collect();
    let files = [("a", lines.clone()), ("b", corrected(2, "03")), ("c", repeats), ("d", corrected(1, "02"))];
    let names = files.each_ref().map(|(name, _)| format!("{name}.ndjson"));
    let mut fed = 0;
    for ((_, lines), name) in files.iter().zip(&names) {
        fs::write(bed.folder().join(name), lines.join("\n") + "\n").unwrap();
        fed += lines.len() as u64;
    }
    let judge = binary::replay(bed.folder(), &names.each_ref().map(String::as_str), "judge");
    let give = |name: &String| fs::rename(bed.folder().join(name), bed.folder().join("inbox").join(name)).unwrap();
    let read = || headwater_tests::store::committed(bed.folder());
    names[..2].iter().for_each(give);
    let mut run = bed.start(&small);
    run.until("the first are read", || read().read == 62_400);
    let cache = bed.folder().join("data/cache");
    let spilled = walk(&cache);
    assert!(spilled > 1 << 20, "only {spilled} bytes were put into the cache");
    run.kill();
    names[2..].iter().for_each(give);
    let mut run = bed.start(&small);
    run.until("the others", || read().read == fed);
    run.terminate();
    let figures = [read().read, read().accepted, read().duplicate, read().superseded, read().rejected];
    assert_eq!(figures, ["read", "accepted", "duplicate", "superseded", "rejected"].map(|name| judge.count(name)));
    assert!(judge.count("duplicate") > 10_000 && judge.count("superseded") == 10_400, "{figures:?}");
    assert!(headwater_tests::store::exported(bed.folder(), &[]) == judge.bytes("volumes.parquet"), "volumes differ");
    bed.verify();
    eventually("the cache to go with its process", || walk(&cache) == 0);
    (bed.counts.rounds, bed.counts.kills) = (1, 1);
}

/// Bytes of the files below a folder.
fn walk(folder: &std::path::Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => walk(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(size).sum()
}

#[test]
fn a_golden_set_crashed_equals_it_straight() {
    for name in ["corrections", "periods", "units"] {
        let mut bed = Bed::new("golden", seed());
        let golden = headwater_tests::broker::root().join("tests/golden").join(format!("{name}.ndjson"));
        let text = fs::read_to_string(golden).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (number, step) in ["live::taken", "store::epoch::created", "live::committed"].into_iter().enumerate() {
            let armed = format!("{step}=return(abort)");
            let mut run = bed.start(&[("HEADWATER_STEPS", armed.as_str())]);
            let share = lines.len().div_ceil(3);
            bed.append(
                "inbox/a.ndjson",
                &lines[(number * share).min(lines.len())..((number + 1) * share).min(lines.len())],
            );
            assert_eq!(run.end(PATIENCE).code(), None, "{step}");
            bed.counts.steps += 1;
        }
        let mut run = bed.start(&[]);
        bed.settle(&mut run);
        run.terminate();
        fs::write(bed.folder().join("all.ndjson"), text).unwrap();
        let straight = bed.replayed("all.ndjson");
        assert!(bed.exported() == straight, "{name}: crashed and straight differ");
        bed.verify();
    }
}
