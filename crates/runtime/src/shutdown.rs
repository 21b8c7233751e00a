//! An orderly stop.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};

/// How often what is still pending is named in the log while waiting.
const PENDING_LOG_EVERY: Duration = Duration::from_secs(2);

/// Exit status of a process that is told to stop a second time.
const ABANDONED: i32 = 1;

/// Says when to stop, and knows who has not stopped yet.
///
/// ```
/// # use std::time::Duration;
/// # use headwater_runtime::Shutdown;
/// let shutdown = Shutdown::new();
/// let token = shutdown.token("reader");
/// let thread = std::thread::spawn(move || while !token.is_requested() { std::thread::yield_now() });
/// shutdown.request();
/// assert!(shutdown.wait(Duration::from_secs(5)).is_empty());
/// # thread.join().unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Shutdown {
    requested: Arc<AtomicBool>,
    holders: Arc<Holders>,
}

#[derive(Default)]
struct Holders {
    /// Name and number of tokens.
    names: Mutex<BTreeMap<String, usize>>,
    changed: Condvar,
}

impl Holders {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        // Nobody can panic while counting, and a count stays right if they do.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shutdown {
    /// A stop that only [`Shutdown::request`] asks for.
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// A stop that the first SIGTERM or SIGINT asks for as well. A second signal ends the process with status 1.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn on_signals() -> io::Result<Shutdown> {
        let shutdown = Shutdown::default();
        for signal in [SIGTERM, SIGINT] {
            // Handlers run in the order in which they are registered: this one sees what earlier signals left.
            signal_hook::flag::register_conditional_shutdown(signal, ABANDONED, Arc::clone(&shutdown.requested))?;
            signal_hook::flag::register(signal, Arc::clone(&shutdown.requested))?;
        }
        Ok(shutdown)
    }

    /// Asks everybody to stop.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
    }

    /// Whether a stop was asked for.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// A token for one that must be waited for, under the name that the log gives it. Dropping it says "stopped".
    pub fn token(&self, name: &str) -> ShutdownToken {
        *self.holders.lock().entry(name.to_owned()).or_default() += 1;
        ShutdownToken { name: name.to_owned(), shutdown: self.clone() }
    }

    /// Waits until every token is dropped, at most that long, and names in the log who is still pending every two
    /// seconds. Returns the names of those that did not stop in time: none is the good case.
    pub fn wait(&self, at_most: Duration) -> Vec<String> {
        let deadline = Instant::now() + at_most;
        let mut names = self.holders.lock();
        let mut next_log = Instant::now() + PENDING_LOG_EVERY;
        loop {
            let now = Instant::now();
            if names.is_empty() || now >= deadline {
                return names.keys().cloned().collect();
            }
            if now >= next_log {
                next_log = now + PENDING_LOG_EVERY;
                let pending: Vec<&str> = names.keys().map(String::as_str).collect();
                headwater_log::Stopping { pending: &pending.join(" ") }.log();
            }
            let pause = deadline.min(next_log) - now;
            names = self.holders.changed.wait_timeout(names, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Held by one that must be waited for when the process stops.
pub struct ShutdownToken {
    name: String,
    shutdown: Shutdown,
}

impl ShutdownToken {
    /// Whether a stop was asked for.
    pub fn is_requested(&self) -> bool {
        self.shutdown.is_requested()
    }
}

impl Drop for ShutdownToken {
    fn drop(&mut self) {
        let mut names = self.shutdown.holders.lock();
        if let Some(count) = names.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                names.remove(&self.name);
            }
        }
        drop(names);
        self.shutdown.holders.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn waits_for_every_token_and_names_the_late() {
        let shutdown = Shutdown::new();
        assert!(shutdown.wait(Duration::ZERO).is_empty());
        let (quick, slow, twin) = (shutdown.token("quick"), shutdown.token("slow"), shutdown.token("slow"));
        let thread = thread::spawn(move || {
            while !quick.is_requested() {
                thread::sleep(Duration::from_millis(1));
            }
        });
        assert!(!shutdown.is_requested());
        shutdown.request();
        thread.join().unwrap();
        assert_eq!(shutdown.wait(Duration::from_millis(10)), ["slow"]);
        drop(slow);
        assert_eq!(shutdown.wait(Duration::from_millis(10)), ["slow"]);
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            drop(twin);
        });
        assert!(shutdown.wait(Duration::from_secs(10)).is_empty());
        thread.join().unwrap();
    }

    #[test]
    fn the_first_signal_asks() {
        let shutdown = Shutdown::on_signals().unwrap();
        let other = Shutdown::new();
        signal_hook::low_level::raise(SIGTERM).unwrap();
        assert!(shutdown.is_requested());
        assert!(!other.is_requested());
    }
}
