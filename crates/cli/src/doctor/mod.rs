//! `headwater doctor`: looks at everything that a process stands on, and says what to do. It changes nothing that lasts.

mod access;
mod clock;
mod cluster;
mod finding;
mod folder;
mod machine;
mod store;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use headwater_runtime::{Config, Source};
use headwater_store::FolderRoom;

use self::clock::Clocks;
use self::finding::{Finding, Verdict};
use self::store::Holds;
use crate::args;
use crate::config;
use crate::failure::Failure;

/// How long all that is looked at of one thing may take: several questions of some seconds each.
const LOOK_AT_MOST: Duration = Duration::from_secs(45);

/// Looks at everything; status 1 where something does not work.
pub fn doctor(args: &args::Doctor) -> Result<(), Failure> {
    let config = config::load(args.config.as_deref())?;
    let mut findings = vec![configuration(&config, args.config.as_deref())];
    findings.extend(look(&config));
    let mut out = io::stdout().lock();
    if args.json {
        finding::write_json(&mut out, &findings)?;
    } else {
        finding::write(&mut out, &findings)?;
        eprintln!("{}", finding::sum(&findings));
    }
    match findings.iter().map(|finding| finding.result).max() {
        Some(Verdict::Fail) => Err(Failure::Told),
        _ => Ok(()),
    }
}

fn configuration(config: &Config, file: Option<&Path>) -> Finding {
    let target = file.map_or_else(|| "no file".to_owned(), |path| path.display().to_string());
    let (variables, sources) = (config::variables(), config.sources.len());
    let value =
        format!("valid; {sources} sources, {} clusters, {variables} keys in the environment", config.clusters.len());
    Finding::ok("configuration", &target, value)
}

/// Something that is looked at on a thread of its own, for it may not come back.
struct Look<T> {
    check: &'static str,
    target: String,
    until: Instant,
    found: Receiver<T>,
}

impl<T: Send + 'static> Look<T> {
    fn start(check: &'static str, target: &str, look: impl FnOnce() -> T + Send + 'static) -> io::Result<Look<T>> {
        let (tell, found) = sync_channel(1);
        let told = move || {
            // Nobody waits any more: it came too late.
            let _ = tell.send(look());
        };
        thread::Builder::new().name(check.into()).spawn(told)?;
        Ok(Look { check, target: target.to_owned(), until: crate::clock::now() + LOOK_AT_MOST, found })
    }

    /// What was found; or that nothing was in time.
    fn wait(self) -> Result<T, Finding> {
        let left = self.until.saturating_duration_since(crate::clock::now());
        self.found.recv_timeout(left).map_err(|_| {
            let value = format!("no end within {} s", LOOK_AT_MOST.as_secs());
            let remedy = "something below it hangs: a disk, a mount, a network. Look there first";
            Finding::fail(self.check, &self.target, value, remedy)
        })
    }
}

/// Everything in its order. The store comes first: what it holds is held against the topics. The rest is looked at side
/// by side.
fn look(config: &Config) -> Vec<Finding> {
    looked(config).unwrap_or_else(|error| {
        let remedy = "the machine has no more threads: see `ulimit -u` and the memory";
        vec![Finding::fail("threads", "process", error.to_string(), remedy)]
    })
}

fn looked(config: &Config) -> io::Result<Vec<Finding>> {
    let url = config::store_url(&config.store.location);
    let name = url.to_string();
    let store = Look::start("store", &name, move || store::look(&url))?;
    let cache = config.store.cache.clone();
    let name = cache.display().to_string();
    let cache = Look::start("cache", &name, move || (FolderRoom::of(&cache), cache))?;
    let mut folders = Vec::new();
    for (source, of) in &config.sources {
        if let Source::Folder { path } = of {
            let (source, path) = (source.clone(), path.clone());
            folders.push(Look::start("folder", &source.clone(), move || folder::look(&source, &path))?);
        }
    }
    let (settings, auth) = (config.clone(), config.serve.auth.clone());
    let people = Look::start("people", "[people]", move || access::database(&settings))?;
    let services = Look::start("sign-in", "[serve.auth]", move || access::services(&auth))?;
    let ports = [("metrics", config.metrics), ("serve", config.serve.listen)];
    let ports = ports.map(|(section, address)| Look::start("port", section, move || machine::port(section, address)));

    let mut findings = Vec::new();
    let (mut holds, mut store_ms, mut broker_ms) = (Holds::default(), None, None);
    match store.wait() {
        Ok(looked) => {
            findings.extend(looked.findings);
            (holds, store_ms) = (looked.holds, looked.written_ms);
        }
        Err(finding) => findings.push(finding),
    }
    match cache.wait() {
        Ok((room, cache)) => {
            let target = cache.display().to_string();
            findings.push(store::judge_room(&target, "cache", &room));
            findings.extend(store::judge_disk(&target, &room));
        }
        Err(finding) => findings.push(finding),
    }
    let holds = Arc::new(holds);
    let mut clusters = Vec::new();
    for asked in cluster::asked(config) {
        match asked {
            Ok(asked) => {
                let (name, holds) = (asked.name.clone(), Arc::clone(&holds));
                clusters.push(Look::start("brokers", &name, move || cluster::look(&asked, &holds))?);
            }
            Err(finding) => findings.push(finding),
        }
    }
    for look in clusters {
        match look.wait() {
            Ok((found, stamped_ms)) => {
                findings.extend(found);
                broker_ms = broker_ms.max(stamped_ms);
            }
            Err(finding) => findings.push(finding),
        }
    }
    for look in folders {
        match look.wait() {
            Ok(found) => findings.extend(found),
            Err(finding) => findings.push(finding),
        }
    }
    findings.extend(clock::judge(Clocks { now_ms: crate::clock::unix_ms(), store_ms, broker_ms }, &holds));
    findings.push(people.wait().unwrap_or_else(|finding| finding));
    findings.extend(services.wait().unwrap_or_else(|finding| vec![finding]));
    for look in ports {
        findings.push(look?.wait().unwrap_or_else(|finding| finding));
    }
    let inputs = inputs(config, &holds);
    findings.push(machine::files(inputs));
    findings.push(machine::memory(config));
    Ok(findings)
}

/// Inputs that one process may have to hold: those that the store knows, and one of each source that it does not.
fn inputs(config: &Config, holds: &Holds) -> u64 {
    config.sources.keys().map(|source| u64::from(holds.sources.get(source).copied().unwrap_or(1))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_come_back_is_given_up() {
        let (release, held) = sync_channel::<()>(1);
        let mut look = Look::start("store", "data", move || held.recv().is_ok()).unwrap();
        look.until = crate::clock::now();
        let finding = look.wait().unwrap_err();
        assert!(finding.result == Verdict::Fail && finding.target == "data", "{finding:?}");
        drop(release);
        assert_eq!(Look::start("store", "data", || 7).unwrap().wait().unwrap(), 7);
    }
}
