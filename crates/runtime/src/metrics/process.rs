//! What the system says of the process, from `/proc`; nothing where there is none.

use std::fs;

use super::catalogue as c;
use super::{Metric, Sheet, Show};

/// Ticks of a second in `/proc`: what Linux shows to programs, on every architecture that we build for.
const TICKS: f64 = 100.0;

/// The process itself.
pub struct Process;

/// The figures of `/proc/self/stat` that are shown.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    threads: f64,
    started_after_boot: f64,
    virtual_bytes: f64,
}

impl Stat {
    /// The name of the program stands in parentheses and may hold anything, so fields are counted from behind it.
    fn parse(text: &str) -> Option<Stat> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        // Numbered from 1 in the manual, and the third is the first behind the name.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Stat {
            cpu_seconds: (field(14)? + field(15)?) / TICKS,
            threads: field(20)?,
            started_after_boot: field(22)? / TICKS,
            virtual_bytes: field(23)?,
        })
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The number behind a word at the beginning of a line.
fn number(text: &str, word: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(word)?.split_whitespace().next()?.parse().ok())
}

impl Show for Process {
    const METRICS: &'static [Metric] = &[
        c::PROCESS_CPU_SECONDS,
        c::PROCESS_OPEN_FDS,
        c::PROCESS_MAX_FDS,
        c::PROCESS_VIRTUAL_MEMORY_BYTES,
        c::PROCESS_RESIDENT_MEMORY_BYTES,
        c::PROCESS_START_TIME_SECONDS,
        c::PROCESS_THREADS,
    ];

    fn show(&self, sheet: &mut Sheet) {
        let mut add = |metric: &Metric, value: Option<f64>| {
            value.into_iter().for_each(|value| sheet.add(metric, &[], value));
        };
        let stat = Stat::parse(&read("/proc/self/stat"));
        let boot = number(&read("/proc/stat"), "btime");
        add(&c::PROCESS_CPU_SECONDS, stat.as_ref().map(|stat| stat.cpu_seconds));
        add(&c::PROCESS_THREADS, stat.as_ref().map(|stat| stat.threads));
        add(&c::PROCESS_VIRTUAL_MEMORY_BYTES, stat.as_ref().map(|stat| stat.virtual_bytes));
        add(&c::PROCESS_START_TIME_SECONDS, stat.zip(boot).map(|(stat, boot)| boot + stat.started_after_boot));
        let resident = number(&read("/proc/self/status"), "VmRSS:");
        add(&c::PROCESS_RESIDENT_MEMORY_BYTES, resident.map(|kib| kib * 1024.0));
        add(&c::PROCESS_OPEN_FDS, fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as f64));
        add(&c::PROCESS_MAX_FDS, number(&read("/proc/self/limits"), "Max open files"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let text = "7 (a) b) (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 12345 1048576 300 184467";
        let expected = Stat { cpu_seconds: 3.0, threads: 9.0, started_after_boot: 123.45, virtual_bytes: 1_048_576.0 };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("7 (cut) S 1"), None);
        assert_eq!(number("btime 17\nVmRSS:\t  12 kB\n", "VmRSS:"), Some(12.0));
        assert_eq!(number("Max open files            unlimited  x", "Max open files"), None);
    }
}
