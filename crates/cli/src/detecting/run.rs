//! The loop of `--role detect`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use headwater_catalog::Catalog;
use headwater_detect::Config;
use headwater_log::{DetectFailing, DetectRecovered, Lasting, Trouble};

use crate::archive::Holdings;
use crate::clock::Stopwatch;
use crate::detecting::{AlertSink, Detecting, Standing};

/// How often the store is looked at when nobody says that something was committed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long it waits after an error.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What the loop is handed.
pub struct Surroundings<'a, S, A, T> {
    /// How the detector decides.
    pub config: Config,
    /// The names of the configured sources.
    pub sources: BTreeSet<Arc<str>>,
    /// Whether to stop.
    pub stop: &'a dyn Fn() -> bool,
    /// Where alerts go.
    pub sink: S,
    /// Whether this process may close days.
    pub active: A,
    /// Says that the same process has committed something.
    pub committed: Receiver<()>,
    /// Hears how it goes.
    pub tell: T,
}

/// How detection goes.
pub enum Told<'a> {
    /// It has taken a step, which took so long.
    Step(Duration),
    /// It stands elsewhere than before.
    Standing(&'a Standing),
    /// A step failed, and is tried again.
    Failed(&'a anyhow::Error),
}

/// Detects until it is told to stop. An error is logged and tried again: the store may be back.
pub fn run_detect<S, A, T>(holdings: &impl Holdings, catalog: Arc<Catalog>, mut around: Surroundings<'_, S, A, T>)
where
    S: AlertSink,
    A: Fn() -> bool,
    T: FnMut(Told<'_>),
{
    let mut detecting = Detecting::new(catalog, around.config, around.sources);
    let (mut last, mut trouble): (Option<Standing>, _) = (None, Trouble::default());
    while !(around.stop)() {
        let watch = Stopwatch::start();
        let stepped = detecting.step(holdings, (around.active)(), &mut around.sink, around.stop);
        (around.tell)(Told::Step(watch.elapsed()));
        let pause = match stepped {
            Ok(standing) => {
                if let Some(Lasting { times, ms }) = trouble.over(crate::clock::now()) {
                    DetectRecovered { times, ms }.log();
                }
                if last.as_ref().is_none_or(|last| *last != standing) {
                    (around.tell)(Told::Standing(&standing));
                }
                let busy = standing.busy;
                last = Some(standing);
                if busy { Duration::ZERO } else { LOOK_EVERY }
            }
            Err(error) => {
                (around.tell)(Told::Failed(&error));
                if let Some(Lasting { times, ms }) = trouble.again(crate::clock::now()) {
                    DetectFailing { times, ms, error: &format_args!("{error:#}") }.log();
                }
                AGAIN_AFTER
            }
        };
        wait(&around.committed, pause);
    }
}

/// Waits, no longer than until something is committed; all that was committed until then is one reason to look.
fn wait(committed: &Receiver<()>, pause: Duration) {
    match committed.recv_timeout(pause) {
        Ok(()) => while committed.try_recv().is_ok() {},
        Err(RecvTimeoutError::Timeout) => {}
        Err(RecvTimeoutError::Disconnected) => std::thread::park_timeout(pause),
    }
}
