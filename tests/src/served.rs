//! A process that serves the API, asked as people do: by lines of a shell.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::process::Live;

/// Waits until a process that logs to `folder/log` answers; gives its address.
pub fn address(run: &mut Live, folder: &Path, log: &str) -> String {
    run.until("the API answers", || folder.join(log).exists() && said(folder, log, "read_model_ready").is_some());
    said(folder, log, "api_served").unwrap()["addr"].as_str().unwrap().to_owned()
}

/// The last line of a log that tells of an event.
pub fn said(folder: &Path, log: &str, event: &str) -> Option<Value> {
    let log = fs::read_to_string(folder.join(log)).unwrap();
    log.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|line| line["event"] == event)
}

/// Runs a line of a shell in a folder; gives what it prints.
pub fn shell(folder: &Path, line: &str) -> Vec<u8> {
    let output = Command::new("sh").args(["-c", line]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What a line of a shell prints, which is JSON.
pub fn json(folder: &Path, line: &str) -> Value {
    let printed = shell(folder, line);
    serde_json::from_slice(&printed)
        .unwrap_or_else(|error| panic!("{line}: {error}: {}", String::from_utf8_lossy(&printed)))
}

/// A line of a shell that goes on, killed when dropped.
pub struct Listening {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Listening {
    /// Starts it.
    pub fn start(line: &str) -> Listening {
        let mut child =
            Command::new("sh").args(["-c", &format!("exec {line}")]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Listening { child, lines }
    }

    /// The rest of the next line that begins so.
    ///
    /// # Panics
    /// When it ends before.
    pub fn next(&mut self, begins: &str) -> String {
        let found =
            self.lines.by_ref().map_while(Result::ok).find_map(|line| Some(line.strip_prefix(begins)?.to_owned()));
        found.unwrap_or_else(|| panic!("it ended before a line that begins {begins:?}"))
    }

    /// The name and the data of the next event of a stream of server-sent events.
    pub fn event(&mut self) -> (String, Value) {
        (self.next("event: "), serde_json::from_str(&self.next("data: ")).unwrap())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
