//! A process that serves the API, asked as people do: by lines of a shell.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::broker::root;
use crate::process::{Live, program};

/// Moves the events of a simulated world into the inbox that a process reads.
pub fn arrive(folder: &Path) {
    fs::create_dir_all(folder.join("inbox")).unwrap();
    for name in ["trade.ndjson", "seizure.ndjson"] {
        fs::rename(folder.join("world").join(name), folder.join("inbox").join(name)).unwrap();
    }
}

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

/// Makes lines of a shell that are run in a folder reach a process under the address that they are written with, and find
/// the tests' own Python.
///
/// # Panics
/// With one line for the first tool that is missing.
pub fn stands_for(folder: &Path, written: &str, address: &str) {
    for tool in ["curl", "jq"] {
        let there = Command::new(tool).arg("--version").stdout(Stdio::null()).status();
        assert!(there.is_ok(), "{tool} is missing: install it (Debian: apt-get install {tool})");
    }
    fs::write(folder.join(".curlrc"), format!("connect-to = \"{written}:{address}\"\n")).unwrap();
    let python = program(&root().join("scripts/python-env"), &[]);
    fs::write(folder.join(".python"), Path::new(&python).parent().unwrap().to_str().unwrap()).unwrap();
}

/// A line of a shell, to be run in a folder, for which [`stands_for`] may have been called.
fn command(folder: &Path, line: &str) -> Command {
    let python = fs::read_to_string(folder.join(".python")).map(|python| format!("PATH='{python}':$PATH\n"));
    let mut command = Command::new("sh");
    command.args(["-c", &(python.unwrap_or_default() + line)]).current_dir(folder).env("CURL_HOME", folder);
    command
}

/// Runs a line of a shell in a folder; gives what it prints.
pub fn shell(folder: &Path, line: &str) -> Vec<u8> {
    let output = command(folder, line).output().unwrap();
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
    pub fn start(folder: &Path, line: &str) -> Listening {
        let mut child = command(folder, &format!("exec {line}")).stdout(Stdio::piped()).spawn().unwrap();
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
