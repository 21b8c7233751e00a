//! A process of this same binary that is measured from outside, by what Linux tells of it in `/proc`.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::clock::{Stopwatch, pause};
use crate::{config, memory};

/// Ticks of a second in `/proc`: `USER_HZ`, the same on every machine that Rust runs Linux on.
const TICKS: f64 = 100.0;

/// Lines of a log that are kept to tell why a process failed.
const LAST_LINES: usize = 12;

/// How long a process that is told to stop may take: it promises 10 s.
const STOP_AT_MOST: f64 = 20.0;

/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A moment of a process.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Seconds since it was started.
    pub at_s: f64,
    /// Processor time that it took so far, user and system.
    pub cpu_s: f64,
}

/// What a process took in all.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    /// Seconds from start to end.
    pub wall_s: f64,
    /// Processor time, user and system.
    pub cpu_s: f64,
}

/// What its log said.
#[derive(Default)]
struct Heard {
    last: VecDeque<String>,
    /// When each line came that holds the mark.
    marks: Vec<(Moment, String)>,
}

/// A process of this binary. It is killed when dropped.
pub struct Process {
    child: Child,
    began: Arc<Stopwatch>,
    heard: Arc<Mutex<Heard>>,
    listener: Option<JoinHandle<()>>,
    /// Processor time of the children that ended before it.
    before_s: f64,
}

impl Process {
    /// Starts `headwater ARGS...`. It gets the environment without the keys of a configuration, but with those of `set`; of
    /// its log, the moments are noted when lines come that hold `mark`. What it prints is dropped.
    pub fn start<S: AsRef<OsStr>>(args: &[S], set: &[(String, String)], mark: &'static str) -> anyhow::Result<Process> {
        Process::begin(args, set, mark, Stdio::null())
    }

    /// Runs `headwater ARGS...` to its end; gives what it printed.
    pub fn run<S: AsRef<OsStr>>(args: &[S]) -> anyhow::Result<(Whole, String)> {
        Process::begin(args, &[], "\0", Stdio::piped())?.output()
    }

    fn begin<S: AsRef<OsStr>>(
        args: &[S],
        set: &[(String, String)],
        mark: &'static str,
        output: Stdio,
    ) -> anyhow::Result<Process> {
        let mut command = Command::new(config::this_program()?);
        for name in config::names_in_environment() {
            command.env_remove(name);
        }
        let before_s = children_s();
        let began = Arc::new(Stopwatch::start());
        let mut child = command
            .args(args)
            .envs(set.iter().map(|(name, value)| (name, value)))
            .env("HEADWATER_LOG", "info")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start this program once more")?;
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let listener = child.stderr.take().map(|log| {
            let (heard, began, id) = (Arc::clone(&heard), Arc::clone(&began), child.id());
            let listen = move || {
                for line in BufReader::new(log).lines().map_while(Result::ok) {
                    let mut heard = lock(&heard);
                    if line.contains(mark) {
                        heard.marks.push((moment(id, &began), line.clone()));
                    }
                    if heard.last.len() == LAST_LINES {
                        heard.last.pop_front();
                    }
                    heard.last.push_back(line);
                }
            };
            thread::spawn(listen)
        });
        Ok(Process { child, began, heard, listener, before_s })
    }

    /// Now.
    pub fn moment(&self) -> Moment {
        moment(self.child.id(), &self.began)
    }

    /// When the lines with the mark came, and what they were.
    pub fn marks(&self) -> Vec<(Moment, String)> {
        lock(&self.heard).marks.clone()
    }

    /// The most memory that it held so far.
    pub fn peak_rss_bytes(&self) -> u64 {
        memory::status(&self.child.id().to_string(), "VmHWM:").unwrap_or(0)
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        lock(&self.heard).last.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// An error once it has ended, which it should not have by itself.
    pub fn must_live(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                self.listen_out();
                Err(anyhow!("the measured process ended by itself, with {status}:\n{}", self.last_words()))
            }
        }
    }

    /// Tells it to stop, as an operator does, and waits.
    pub fn stop(mut self) -> anyhow::Result<Whole> {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            // One that has ended already says how it ended below.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let asked = Stopwatch::start();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if asked.seconds() > STOP_AT_MOST {
                return Err(anyhow!("the measured process does not stop:\n{}", self.last_words()));
            }
            pause(LOOK_EVERY);
        };
        let whole = self.whole();
        match status.success() {
            true => Ok(whole),
            false => Err(anyhow!("the measured process ended with {status}:\n{}", self.last_words())),
        }
    }

    /// kill -9.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn output(mut self) -> anyhow::Result<(Whole, String)> {
        let mut printed = String::new();
        if let Some(mut output) = self.child.stdout.take() {
            output.read_to_string(&mut printed)?;
        }
        let status = self.child.wait()?;
        let whole = self.whole();
        match status.success() {
            true => Ok((whole, printed)),
            false => Err(anyhow!("{}", self.last_words())),
        }
    }

    fn whole(&mut self) -> Whole {
        let wall_s = self.began.seconds();
        self.listen_out();
        Whole { wall_s, cpu_s: children_s() - self.before_s }
    }

    fn listen_out(&mut self) {
        if let Some(listener) = self.listener.take() {
            // It only reads, and ends with the log.
            let _ = listener.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail where it was waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    // Nobody panics while holding it.
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn moment(id: u32, began: &Stopwatch) -> Moment {
    let cpu_s = ticks(&id.to_string(), [11, 12]).unwrap_or(0.0);
    Moment { at_s: began.seconds(), cpu_s }
}

/// Processor time of this process.
pub fn own_s() -> f64 {
    ticks("self", [11, 12]).unwrap_or(0.0)
}

/// Processor time of the children of this process that have ended and were waited for.
fn children_s() -> f64 {
    ticks("self", [13, 14]).unwrap_or(0.0)
}

/// The sum of two fields of `/proc/PROCESS/stat`, counted behind the program's name, in seconds.
fn ticks(process: &str, fields: [usize; 2]) -> Option<f64> {
    sum_ticks(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?, fields)
}

fn sum_ticks(stat: &str, fields: [usize; 2]) -> Option<f64> {
    // The name may hold spaces and parentheses; the last one ends it.
    let (_, behind) = stat.rsplit_once(')')?;
    let values: Vec<&str> = behind.split_whitespace().collect();
    let [a, b] = fields.map(|field| values.get(field)?.parse::<u64>().ok());
    Some((a? + b?) as f64 / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_process_stand_behind_its_name() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 30 20 20 0 1 0 99";
        assert_eq!(sum_ticks(stat, [11, 12]), Some(3.0));
        assert_eq!(sum_ticks(stat, [13, 14]), Some(0.5));
        assert_eq!(sum_ticks("7 (a", [11, 12]), None);
        assert!(own_s() >= 0.0 && ticks("self", [11, 12]).is_some());
    }
}
