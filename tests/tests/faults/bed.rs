//! A folder in which a run is broken, what was fed to it, and the oracle that judges it.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use headwater_model::Counts;
use headwater_tests::binary::{self, volumes};
use headwater_tests::feed::Dice;
use headwater_tests::oracle::{Oracle, Split};
use headwater_tests::process::{Live, pause};
use headwater_tests::store::{committed, exported};
use headwater_tests::streams::{KNOWN, OVERLAY, Shape, stream};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Which faults, where none is given.
const SEED: u64 = 20_161_018;

/// Seconds of the random rounds, where none are given.
const SECONDS: u64 = 30;

/// The seed of this run.
pub fn seed() -> u64 {
    std::env::var("HEADWATER_FAULT_SEED").map_or(SEED, |seed| seed.parse().expect("HEADWATER_FAULT_SEED is a number"))
}

/// How long random rounds go on.
pub fn seconds() -> u64 {
    let seconds = std::env::var("HEADWATER_FAULT_SECONDS");
    seconds.map_or(SECONDS, |seconds| seconds.parse().expect("HEADWATER_FAULT_SECONDS is a number"))
}

/// What was done, said when the bed goes.
#[derive(Debug, Default)]
pub struct Done {
    pub rounds: usize,
    pub kills: usize,
    pub steps: usize,
    pub errors: usize,
}

pub struct Bed {
    name: &'static str,
    temporary: tempfile::TempDir,
    /// Everything that was fed, in the order in which it is read.
    lines: Vec<String>,
    /// Drawn and not yet fed.
    drawn: Vec<String>,
    runner: TestRunner,
    pub dice: Dice,
    pub counts: Done,
}

impl Bed {
    pub fn new(name: &'static str, seed: u64) -> Bed {
        let temporary = tempfile::tempdir().unwrap();
        fs::create_dir(temporary.path().join("inbox")).unwrap();
        fs::write(temporary.path().join("overlay.toml"), OVERLAY).unwrap();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let (lines, drawn, counts) = (Vec::new(), Vec::new(), Done::default());
        Bed { name, temporary, lines, drawn, runner, dice: Dice::new(seed), counts }
    }

    pub fn folder(&self) -> &Path {
        self.temporary.path()
    }

    pub fn start(&self, environment: &[(&str, &str)]) -> Live {
        self.start_with(&[], environment)
    }

    pub fn start_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Live {
        Live::start(self.folder(), "log", &[&["--catalog", "overlay.toml"], args].concat(), environment)
    }

    fn draw(&mut self, events: usize, conflicts: bool) -> Vec<String> {
        stream(Shape { events, conflicts }).new_tree(&mut self.runner).unwrap().current()
    }

    /// So many events at most, whose records agree wherever they share a revision.
    pub fn draw_without_conflicts(&mut self, events: usize) -> Vec<String> {
        self.draw(events, false)
    }

    /// The same, for what is fed next: where nobody knows in which order it is read.
    pub fn draw_without_conflicts_to_feed(&mut self, events: usize) {
        self.drawn = self.draw(events, false);
    }

    fn next(&mut self) -> String {
        while self.drawn.is_empty() {
            self.drawn = self.draw(40, true);
        }
        self.drawn.remove(0)
    }

    /// One line.
    pub fn feed_one(&mut self) {
        let line = self.next();
        self.append("inbox/a.ndjson", &[line]);
    }

    /// Some lines at the end of the one file.
    pub fn feed_some(&mut self) {
        self.feed_into("inbox/a.ndjson");
    }

    /// Some lines at the end of a file.
    pub fn feed_into(&mut self, file: &str) {
        let lines: Vec<String> = (0..1 + self.dice.below(30)).map(|_| self.next()).collect();
        self.append(file, &lines);
    }

    /// Some of what is drawn, at the end of a file; false where nothing is left.
    pub fn feed_drawn(&mut self, file: &str) -> bool {
        let some = (1 + self.dice.below(20)).min(self.drawn.len());
        let lines: Vec<String> = self.drawn.drain(..some).collect();
        self.append(file, &lines);
        some > 0
    }

    /// Lines at the end of a file, written in two pieces.
    pub fn append(&mut self, file: &str, lines: &[String]) {
        let text: String = lines.iter().map(|line| line.clone() + "\n").collect();
        let mut file = File::options().create(true).append(true).open(self.folder().join(file)).unwrap();
        let cut = self.dice.below(text.len().max(1));
        file.write_all(&text.as_bytes()[..cut]).unwrap();
        pause(Duration::from_millis(self.dice.below(5) as u64));
        file.write_all(&text.as_bytes()[cut..]).unwrap();
        self.lines.extend_from_slice(lines);
    }

    fn wait(&self, run: &mut Live) -> Counts {
        let fed = self.lines.len() as u64;
        run.until(&format!("{fed} records are committed"), || committed(self.folder()).read >= fed);
        let counts = committed(self.folder());
        assert_eq!(counts.read, counts.accepted + counts.duplicate + counts.superseded + counts.rejected);
        assert_eq!(counts.read, fed, "records were counted twice");
        counts
    }

    /// Waits until everything is committed, and judges volumes and accounts.
    pub fn settle(&mut self, run: &mut Live) {
        let c = self.wait(run);
        let tally = self.judge();
        assert_eq!(
            (c.read, c.accepted, c.duplicate, c.superseded, c.rejected, c.conflict),
            (tally.read, tally.accepted, tally.duplicate, tally.superseded, tally.rejected, tally.conflict)
        );
    }

    /// The same where the order of arrival is nobody's: how records are classed depends on it, what they sum to does not.
    pub fn settle_in_any_order(&mut self, run: &mut Live) {
        let counts = self.wait(run);
        let tally = self.judge();
        assert_eq!((counts.read, counts.rejected), (tally.read, tally.rejected));
    }

    fn judge(&mut self) -> headwater_tests::oracle::Tally {
        let oracle = Oracle::of(self.lines.iter().map(String::as_str), &KNOWN);
        self.exported();
        let day = oracle.known_days().pop().unwrap_or(headwater_tests::streams::FIRST);
        let rows = volumes(&self.folder().join("exported.parquet"));
        let mut lines: Vec<String> = rows.iter().map(|row| row.line(day)).collect();
        lines.sort();
        assert_eq!(lines, oracle.volumes(&[day], Split::default()), "volumes differ from the oracle's");
        self.counts.rounds += 1;
        oracle.tally()
    }

    /// The bytes of the exported volumes.
    pub fn exported(&self) -> Vec<u8> {
        exported(self.folder(), &["--catalog", "overlay.toml"])
    }

    /// The volumes of a replay of a file.
    pub fn replayed(&self, file: &str) -> Vec<u8> {
        let args = ["replay", "--events", file, "--out", "straight", "--catalog", "overlay.toml"];
        binary::succeeds(self.folder(), &args);
        fs::read(self.folder().join("straight/volumes.parquet")).unwrap()
    }

    /// Every object of the store is whole and in its chain.
    pub fn verify(&self) {
        binary::succeeds(self.folder(), &["archive", "verify", "--data", "data"]);
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        let Done { rounds, kills, steps, errors } = self.counts;
        eprintln!(
            "faults {}: {} records, judged {rounds} times, {kills} kills, {steps} deaths at a step, {errors} errors",
            self.name,
            self.lines.len()
        );
    }
}
