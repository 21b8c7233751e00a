//! A process that is told to stop ends in time, whoever does not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::anyhow;
use headwater_log::StopCutShort;
use headwater_runtime::Shutdown;

use crate::clock::now;
use crate::failure::Failure;

/// How long those who stop may take: less than the 10 s in which the process is to end. An open transaction alone may
/// take all of them, and a client that leaves its group some more.
pub const LEAVE_AT_MOST: Duration = Duration::from_secs(8);

/// How often is looked whether a stop was asked for, and whether all is kept.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// As much as the system gives the first thread.
const STACK_BYTES: usize = 8 << 20;

/// Whether all that was read is committed, and nothing more is read: from then on nothing is lost by an end at once.
#[derive(Clone, Default)]
pub struct Kept(Arc<AtomicBool>);

impl Kept {
    /// It is.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Does the work on a thread of its own and gives what came of it; or leaves it behind when a stop was asked for so long
/// ago and all is kept. What is not kept yet is waited for.
///
/// # Errors
/// Those of the work, and when it panics or the system refuses the thread.
pub fn leave_in_time(
    shutdown: &Shutdown,
    kept: &Kept,
    at_most: Duration,
    work: impl FnOnce() -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let (tell, ended) = sync_channel(1);
    thread::Builder::new().name("live".into()).stack_size(STACK_BYTES).spawn(move || drop(tell.send(work())))?;
    let mut leave_at = None;
    loop {
        match ended.recv_timeout(LOOK_EVERY) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::Failed(anyhow!("the work ended in a panic"))),
            Err(RecvTimeoutError::Timeout) if !shutdown.is_requested() => {}
            Err(RecvTimeoutError::Timeout) => {
                let leave_at = *leave_at.get_or_insert_with(|| now() + at_most);
                if now() >= leave_at && kept.get() {
                    StopCutShort { pending: &shutdown.wait(Duration::ZERO).join(" ") }.log();
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn gives_what_came_of_the_work() {
        let (shutdown, kept) = (Shutdown::new(), Kept::default());
        shutdown.request();
        kept.set();
        let ended = leave_in_time(&shutdown, &kept, LEAVE_AT_MOST, || Ok(()));
        assert!(ended.is_ok());
        let failed = leave_in_time(&shutdown, &kept, LEAVE_AT_MOST, || Err(Failure::Usage("wrong".into())));
        assert!(matches!(failed, Err(Failure::Usage(words)) if words == "wrong"));
        let panicked = leave_in_time(&shutdown, &kept, LEAVE_AT_MOST, || panic!("a fault"));
        assert!(matches!(panicked, Err(Failure::Failed(error)) if error.to_string().contains("panic")));
    }

    #[test]
    fn leaves_behind_what_does_not_stop_but_not_before_all_is_kept() {
        let (shutdown, kept) = (Shutdown::new(), Kept::default());
        shutdown.request();
        let (told, (_hold, held)) = (kept.clone(), channel::<()>());
        let work = move || {
            crate::clock::pause(3 * LOOK_EVERY);
            told.set();
            let _ = held.recv();
            Ok(())
        };
        assert!(leave_in_time(&shutdown, &kept, Duration::ZERO, work).is_ok());
        assert!(kept.get());
    }

    #[test]
    fn nobody_is_left_behind_while_no_stop_was_asked_for() {
        let (shutdown, kept) = (Shutdown::new(), Kept::default());
        kept.set();
        let work = || {
            crate::clock::pause(3 * LOOK_EVERY);
            Err(Failure::Usage("late".into()))
        };
        assert!(leave_in_time(&shutdown, &kept, Duration::ZERO, work).is_err());
    }
}
