//! The process: its start, its end, and what concerns all of it.

use std::fmt::Display;

events! {
    PROCESS "headwater::process"

    /// The process begins.
    INFO ProcessStarted<'a> "process_started" "started" ""
    { build: &'a str, roles: &'a str, config: &'a str, variables: u64, sources: u64, store: &'a dyn Display, pid: u32 }

    /// `/metrics`, `/healthz` and `/readyz` are served there.
    INFO MetricsServed<'a> "metrics_served" "metrics" ""
    { addr: &'a dyn Display }

    /// A question of a probe or a scraper could not be taken or answered.
    WARN OperationsFailed<'a> "operations_failed" "a probe or a scrape is not answered"
    "Out of files: raise the limit of open files. Else report the error."
    { error: &'a dyn Display }

    /// The process was told to stop: it reads no more, commits and publishes what it has.
    INFO StopAsked "stop_asked" "asked to stop" "A second signal ends it at once; what is not committed is read again."
    {}

    /// Somebody within the process has not stopped yet.
    INFO Stopping<'a> "stopping" "stopping" ""
    { pending: &'a str }

    /// The process ends as it was told to, without those that did not stop in time, for a broker or a store does not
    /// answer. What was read is committed; what could not be published goes out at the next start.
    WARN StopCutShort<'a> "stop_cut_short" "stopped without those that do not answer" ""
    { pending: &'a str }

    /// The process ends as it was told to. What is committed and could not be published goes out at the next start.
    INFO ProcessStopped "process_stopped" "stopped" ""
    { inputs: u64, ms: u64 }

    /// The process ends by itself, with status 1: nothing of what was read is lost, and a start goes on behind the last
    /// commit.
    ERROR ProcessFailed<'a> "process_failed" "the process ends" "The error names the place and what to do. Where it names \
     nothing, start again; `headwater doctor` looks at everything around the process."
    { error: &'a dyn Display }

    /// A thread came to a place that it must never come to: a fault of the program. The process ends.
    ERROR Panicked<'a> "panicked" "a fault of the program" "Start again, and report the place, the build and the lines before."
    { thread: &'a str, place: &'a str, error: &'a dyn Display }

    /// The wall clock was set, or the machine slept. No day is closed by the wall clock until it has run evenly for ten
    /// minutes.
    WARN ClockJumped "clock_jumped" "the wall clock was set or stood still" "Let the machine keep its time by NTP."
    { seconds: i64 }

    /// An event was written 1,000 times in a minute; the rest of the minute is left out. `times`: what was left out in
    /// the minute before.
    WARN LogLimited<'a> "log_limited" "left out for the rest of the minute, for it is said too often"
    "Look at the lines before: whatever they say happens in a loop."
    { limited: &'a str, times: u64 }
}
