//! Processes that a test starts: ended when they are dropped.
#![expect(clippy::disallowed_methods, reason = "it waits for other processes")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::binary;

/// How long anything may take before a test gives up: a loaded machine, not a slow product.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What the product promises for SIGTERM.
const STOP_AT_MOST: Duration = Duration::from_secs(10);

/// Runs a program; what it prints, without the newline.
pub fn program(program: &Path, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {args:?} ended with {}: {words}", program.display(), output.status);
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// `headwater run ...` in a folder, killed when dropped.
pub struct Live {
    child: Child,
    log: PathBuf,
    /// Bytes of the log of earlier starts.
    log_from: usize,
}

impl Live {
    /// Starts `headwater run ARGS...`; its log is added to a file of the folder.
    pub fn start(folder: &Path, log: &str, args: &[&str], environment: &[(&str, &str)]) -> Live {
        let log = folder.join(log);
        let log_from = fs::metadata(&log).map_or(0, |log| log.len() as usize);
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let child = Command::new(binary::path())
            .arg("run")
            .args(args)
            .current_dir(folder)
            .env("HEADWATER__STORE__COMMIT_MS", "100")
            .env("HEADWATER_LOG", "info")
            // A port of its own: tests run many at a time.
            .env("HEADWATER__METRICS__LISTEN", "127.0.0.1:0")
            .env("HEADWATER__SERVE__LISTEN", "127.0.0.1:0")
            .envs(environment.iter().copied())
            .stderr(file)
            .spawn()
            .unwrap();
        Live { child, log, log_from }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The lines of its log. A line that is being written is left out.
    ///
    /// # Panics
    /// When one is not a JSON object.
    pub fn events(&self) -> Vec<Value> {
        let log = self.log();
        let (whole, _) = log.rsplit_once('\n').unwrap_or_default();
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        whole.lines().map(read).collect()
    }

    /// How often it logged an event.
    pub fn said(&self, event: &str) -> usize {
        self.events().iter().filter(|line| line["event"] == event).count()
    }

    /// What it has logged, without what was logged under the same name before it.
    pub fn log_of_this_start(&self) -> String {
        let log = self.log();
        log.get(self.log_from..).unwrap_or(&log).to_owned()
    }

    /// Its end, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until something holds, as long as the process lives.
    pub fn until(&mut self, what: &str, mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            let ended = self.ended();
            assert!(ended.is_none(), "{ended:?} while waiting: {what}\n{}", self.log());
            assert!(began.elapsed() < PATIENCE, "not in time: {what}\n{}", self.log());
            pause(Duration::from_millis(50));
        }
    }

    /// How it ends by itself.
    pub fn end(&mut self, at_most: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(began.elapsed() < at_most, "still running after {at_most:?}\n{}", self.log());
            pause(Duration::from_millis(20));
        }
    }

    /// SIGTERM: it must end well, and in time.
    pub fn terminate(&mut self) {
        self.signal("TERM");
        let status = self.end(STOP_AT_MOST);
        assert_eq!(status.code(), Some(0), "{}", self.log());
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Sends a signal: `STOP` and `CONT` make a zombie.
    pub fn signal(&self, name: &str) {
        program(Path::new("kill"), &[&format!("-{name}"), &self.child.id().to_string()]);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits.
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Waits until something holds; says what did not.
///
/// # Panics
/// After [`PATIENCE`].
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        pause(Duration::from_millis(100));
    }
}

/// The UTC day of an hour ago: to it an input that is idle raises its clock.
pub fn idle_day() -> headwater_model::Day {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    headwater_model::Day(i32::try_from((now.as_secs() - 3_600) / 86_400).unwrap())
}
