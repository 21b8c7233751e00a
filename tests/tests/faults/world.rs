//! A simulated world under faults: its alerts are those of a replay that nothing disturbs.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use headwater_model::{Alert, Day};
use headwater_tests::binary::{self, Outcome, replay};
use headwater_tests::feed::{Dice, known_on};
use headwater_tests::process::{Live, pause};
use headwater_tests::store::{committed, exported};

use crate::bed::seed;

const NEVER_IDLE: (&str, &str) = ("HEADWATER__DETECT__IDLE_MS", "86400000");
const SOON_IDLE: (&str, &str) = ("HEADWATER__DETECT__IDLE_MS", "1000");
/// Folds and snapshots while everything else happens.
const OFTEN: [(&str, &str); 2] = [("HEADWATER__STORE__FOLD_EPOCHS", "2"), ("HEADWATER__STORE__SNAPSHOT_ROWS", "500")];

struct World {
    temporary: tempfile::TempDir,
    /// In the order of their known days: none comes late.
    lines: Vec<String>,
    judge: Outcome,
    last_known: Day,
}

impl World {
    fn new() -> World {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        fs::create_dir(folder.join("inbox")).unwrap();
        binary::succeeds(folder, &["sim", "--seed", "7", "--scenario", "substitution", "--out", "sim"]);
        let files = ["sim/seizure.ndjson", "sim/trade.ndjson"];
        let judge = replay(folder, &files, "judge");
        assert!(!judge.alerts().is_empty(), "it compares nothing");
        let text = files.map(|file| fs::read_to_string(folder.join(file)).unwrap()).concat();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_by_cached_key(|line| known_of(line));
        let last_known = known_of(lines.last().unwrap());
        World { temporary, lines, judge, last_known }
    }

    fn folder(&self) -> &Path {
        self.temporary.path()
    }

    fn start(&self, environment: &[(&str, &str)]) -> Live {
        Live::start(self.folder(), "log", &[], environment)
    }

    /// Part `number` of `of` of the world, at the end of the one file.
    fn feed(&self, number: usize, of: usize) {
        let n = self.lines.len();
        let text: String =
            self.lines[n * number / of..n * (number + 1) / of].iter().map(|line| line.clone() + "\n").collect();
        let file = self.folder().join("inbox/world.ndjson");
        File::options().create(true).append(true).open(file).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// So many parts of a whole are committed, and nothing beyond them.
    fn wait(&self, run: &mut Live, parts: usize, of: usize) {
        let fed = (self.lines.len() * parts / of) as u64;
        run.until(&format!("{fed} records are committed"), || committed(self.folder()).read >= fed);
        assert_eq!(committed(self.folder()).read, fed);
    }

    /// The alerts up to the last day on which something became known: later ones are of the days since.
    fn alerts(&self) -> Vec<Alert> {
        let args = ["export", "alerts", "--data", "data", "--out", "alerts.ndjson"];
        if !binary::headwater(self.folder(), &args, &[]).status.success() {
            return Vec::new();
        }
        let mut alerts = Outcome::at(self.folder().into()).alerts();
        alerts.retain(|alert| alert.as_of <= self.last_known);
        alerts
    }

    /// The end of a run: alerts, volumes, accounts and objects.
    fn judge(&self, run: &mut Live) {
        let judged = self.judge.alerts();
        run.until("the alerts of a replay", || self.alerts() == judged);
        run.terminate();
        assert!(exported(self.folder(), &[]) == self.judge.bytes("volumes.parquet"), "volumes differ");
        let counts = committed(self.folder());
        let figures = [counts.read, counts.accepted, counts.duplicate, counts.superseded, counts.rejected];
        assert_eq!(figures, ["read", "accepted", "duplicate", "superseded", "rejected"].map(|n| self.judge.count(n)));
        binary::succeeds(self.folder(), &["archive", "verify", "--data", "data"]);
    }
}

fn known_of(line: &str) -> Day {
    let record: serde_json::Value = serde_json::from_str(line).unwrap();
    known_on(record["reported_at"].as_str().unwrap())
}

#[test]
fn alerts_of_a_run_that_is_killed_over_a_store_that_errs_are_those_of_a_replay() {
    const PARTS: usize = 4;
    let world = World::new();
    let mut dice = Dice::new(seed());
    let (mut kills, mut errors) = (0, 0);
    for part in 0..PARTS {
        let faults = format!(
            "seed={},fail=0.05,lost_answer=0.1,hang=0.005,try_ms=500,tries=2,pause_ms=1,pause_ms_max=5",
            seed().wrapping_add(part as u64)
        );
        let environment = [&OFTEN[..], &[NEVER_IDLE, ("HEADWATER_FAULTS", faults.as_str())]].concat();
        let mut run = world.start(&environment);
        world.feed(part, PARTS);
        pause(Duration::from_millis(dice.below(2_000) as u64));
        run.kill();
        kills += 1;
        let mut run = world.start(&environment);
        world.wait(&mut run, part + 1, PARTS);
        run.kill();
        kills += 1;
        errors = run.log().matches("planted").count();
    }
    assert!(errors > 0, "nothing went wrong");
    let mut run = world.start(&[&OFTEN[..], &[SOON_IDLE]].concat());
    world.judge(&mut run);
    eprintln!("faults alerts: {} records, {kills} kills, {errors} errors", world.lines.len());
}

/// The input is idle again and again under a clock that is 40 days ahead. Counted by it, what comes afterwards would all
/// be late, and the alerts others.
#[test]
fn a_clock_that_jumps_ahead_and_back_changes_no_alert() {
    const PARTS: usize = 3;
    let idle = ("HEADWATER__DETECT__IDLE_MS", "5000");
    let world = World::new();
    let clock = world.folder().join("clock");
    fs::write(&clock, "0").unwrap();
    let mut run = world.start(&[idle, ("HEADWATER_FAULTS_CLOCK", clock.to_str().unwrap())]);
    run.until("it reads", || run_log(world.folder()).contains("restored"));
    for (part, days) in [40, 0, -40].into_iter().enumerate() {
        fs::write(&clock, (days * 86_400).to_string()).unwrap();
        pause(Duration::from_secs(6));
        world.feed(part, PARTS);
        world.wait(&mut run, part + 1, PARTS);
    }
    assert!(run.log().matches("the wall clock was set").count() >= 3, "{}", run.log());
    run.terminate();
    let mut run = world.start(&[SOON_IDLE]);
    world.judge(&mut run);
}

fn run_log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}
