//! The machine: open files, memory, ports.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use headwater_runtime::Config;
use rustix::process::{Resource, getrlimit};

use super::finding::Finding;

/// Files and connections of a process that has no input: threads, catalogue, store, clients.
const FILES_BASE: u64 = 256;
/// Files of an input: those of its spilled ledger, and its share of calls to the store.
const FILES_INPUT: u64 = 24;

/// Memory of a process beside its ledgers and open epochs: the program, panes, what librdkafka has fetched ahead.
const MEMORY_BASE: u64 = 384 << 20;
/// An open epoch is held as records, as columns and as a file.
const MEMORY_EPOCH: u64 = 3;

/// How long somebody who holds a port may take to answer.
const ANSWER_AT_MOST: Duration = Duration::from_secs(2);
/// Bytes of an answer that are looked at.
const ANSWER_BYTES: u64 = 256 << 10;

const MIB: u64 = 1 << 20;

/// Open files, for so many inputs.
pub fn files(inputs: u64) -> Finding {
    judge_files(getrlimit(Resource::Nofile).current, inputs)
}

fn judge_files(limit: Option<u64>, inputs: u64) -> Finding {
    let (check, target) = ("open files", "limit");
    let wanted = FILES_BASE + inputs * FILES_INPUT;
    match limit {
        None => Finding::ok(check, target, "unlimited"),
        Some(limit) if limit >= wanted => {
            Finding::ok(check, target, format!("{limit} here; {inputs} inputs want {wanted}"))
        }
        Some(limit) => Finding::warn(
            check,
            target,
            format!("{limit} here; {inputs} inputs in one process want {wanted}"),
            format!("raise it (`ulimit -n {wanted}`, `LimitNOFILE=` of the unit), or share the inputs among processes"),
        ),
    }
}

/// Memory, against what the configuration lets the process take.
pub fn memory(config: &Config) -> Finding {
    let all = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let group = group.iter().find_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
    let limit = all.into_iter().chain(group).min();
    judge_memory(limit, config.store.ledger_bytes, config.store.commit_bytes)
}

/// Bytes of the machine.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok().map(|kib: u64| kib * 1024)
}

fn judge_memory(limit: Option<u64>, ledger_bytes: u64, commit_bytes: u64) -> Finding {
    let (check, target) = ("memory", "process");
    let wanted = ledger_bytes.saturating_add(commit_bytes.saturating_mul(MEMORY_EPOCH)).saturating_add(MEMORY_BASE);
    let Some(limit) = limit else {
        return Finding::warn(check, target, "not known", format!("see that {} MiB may be used", wanted / MIB));
    };
    let value = format!(
        "{} MiB for this process; up to {} MiB wanted (ledger_bytes {} MiB, commit_bytes {} MiB)",
        limit / MIB,
        wanted / MIB,
        ledger_bytes / MIB,
        commit_bytes / MIB
    );
    let remedy =
        "lower `[store] ledger_bytes` (what does not fit goes to the cache on disk) or `commit_bytes`, or give it more";
    if ledger_bytes >= limit {
        Finding::fail(check, target, value, remedy)
    } else if wanted > limit {
        Finding::warn(check, target, value, remedy)
    } else {
        Finding::ok(check, target, value)
    }
}

/// Who has an address.
#[derive(Debug)]
enum Port {
    Free,
    /// A headwater that answers.
    Ours,
    /// Somebody else, or a headwater that does not answer.
    Held,
    Refused(io::Error),
}

/// Whether an address can be listened on.
pub fn port(section: &'static str, address: SocketAddr) -> Finding {
    let port = match TcpListener::bind(address) {
        Ok(_) => Port::Free,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if is_ours(address) {
                Port::Ours
            } else {
                Port::Held
            }
        }
        Err(error) => Port::Refused(error),
    };
    judge_port(section, address, &port)
}

/// Whether somebody there has our metrics.
fn is_ours(address: SocketAddr) -> bool {
    let mut answer = Vec::new();
    // What has come is looked at, however the connection ends.
    let _ = ask(address, &mut answer);
    String::from_utf8_lossy(&answer).contains("headwater_build_info")
}

fn ask(address: SocketAddr, answer: &mut Vec<u8>) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_AT_MOST)?;
    stream.set_read_timeout(Some(ANSWER_AT_MOST))?;
    stream.set_write_timeout(Some(ANSWER_AT_MOST))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    stream.take(ANSWER_BYTES).read_to_end(answer).map(drop)
}

fn judge_port(section: &'static str, address: SocketAddr, port: &Port) -> Finding {
    let target = format!("{section} {address}");
    match port {
        Port::Free => Finding::ok("port", &target, "free"),
        Port::Ours => Finding::ok("port", &target, "held by a headwater that answers"),
        Port::Held => Finding::fail(
            "port",
            &target,
            "held by another program",
            format!("end what listens there (`ss -ltnp`), or set `[{section}] listen`"),
        ),
        Port::Refused(error) => Finding::fail(
            "port",
            &target,
            error.to_string(),
            format!("set `[{section}] listen` to an address of this machine, and a port above 1023"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    #[test]
    fn open_files_are_held_against_the_inputs() {
        assert_eq!(judge_files(Some(1024), 6).result, Verdict::Ok);
        let low = judge_files(Some(1024), 64);
        assert!(low.result == Verdict::Warn && low.remedy.unwrap().contains("1792"));
        assert_eq!(judge_files(None, 5_000).result, Verdict::Ok);
    }

    #[test]
    fn memory_is_held_against_the_settings() {
        assert_eq!(total("MemTotal:       16384 kB\nMemFree: 1 kB"), Some(16 << 20));
        assert_eq!(judge_memory(Some(4 << 30), 512 << 20, 64 << 20).result, Verdict::Ok);
        assert_eq!(judge_memory(Some(1 << 30), 512 << 20, 64 << 20).result, Verdict::Warn);
        assert_eq!(judge_memory(Some(512 << 20), 512 << 20, 64 << 20).result, Verdict::Fail);
        assert_eq!(judge_memory(None, 1, 1).result, Verdict::Warn);
        assert_eq!(judge_memory(Some(1), u64::MAX, u64::MAX).result, Verdict::Fail);
    }

    #[test]
    fn a_port_is_free_held_or_not_of_this_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.extend(byte);
            }
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nheadwater_build_info{version=\"1\"} 1\n").unwrap();
        });
        assert_eq!(port("metrics", address).value, "held by a headwater that answers");
        answer.join().unwrap();
        let listener = TcpListener::bind(address).unwrap();
        let other = std::thread::spawn(move || drop(listener.accept().unwrap()));
        // Bound by a listener that answers nothing.
        let held = port("metrics", address);
        other.join().unwrap();
        assert!(held.result == Verdict::Fail && held.remedy.unwrap().contains("[metrics] listen"));
        let refused = judge_port("serve", address, &Port::Refused(io::Error::from(io::ErrorKind::AddrNotAvailable)));
        assert_eq!(refused.result, Verdict::Fail);
        assert_eq!(judge_port("serve", address, &Port::Free).result, Verdict::Ok);
    }
}
