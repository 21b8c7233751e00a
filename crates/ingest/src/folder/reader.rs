//! A folder as a source.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use headwater_log::{FolderBack, FolderWaiting};
use headwater_model::{FileProgress, Input, Partition, Progress, RawBatch};

use super::counts::{Counters, FolderCounts};
use super::files::{Files, Looked, Out};
use super::lock::Lock;
use super::sizes::FolderSizes;
use crate::queue::Queue;
use crate::{Assignment, IngestError, SourceEvent, Term};

/// A look begins this soon after one that found something, for more may come.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How often the end is said again while nothing comes.
const AT_END_EVERY: Duration = Duration::from_secs(2);

/// A look that took no longer tells of the end even if it found something: what it saw is only this old.
const JUST_NOW: Duration = Duration::from_secs(1);

/// A look at thousands of files takes its time; between two that find nothing lies so many times as much, so that
/// looking costs a tenth of a core at most. Never longer than this for its sake.
const REST: u32 = 9;
const REST_MAX: Duration = Duration::from_secs(10);

/// How long the thread waits for room before it asks whether it is still wanted.
const WAIT_AT_MOST: Duration = Duration::from_millis(100);

/// What to read.
#[derive(Clone, Debug)]
pub struct FolderSettings {
    /// Name of the source in the configuration.
    pub source: Arc<str>,
    /// The folder, as configured.
    pub path: PathBuf,
    /// Time from one look at the folder to the next while nothing changes; 1 s is a good value. After a change the next
    /// look comes within 200 ms; with very many files looks are rarer.
    pub look_every: Duration,
}

/// Reads the files of a folder as one input, on a thread of its own: first what is there, then what comes.
///
/// The files (see [`crate::folder_files`]) are read in the order of their names, whole lines only; a last line without
/// newline waits for its newline. Once something of it was taken, a file is known by its name and its first bytes
/// ([`FileProgress`]):
///
/// * one that grows is read on from where reading stood;
/// * one with other first bytes is a new file, read from its beginning (`replaced`);
/// * one that is shorter than what was read of it, or that has no line end where reading stood, was cut and maybe
///   written to again. It is named (`truncated`) and read again from its beginning: what it still has is told by the
///   ledger to be known already, so nothing counts twice, and what was written after the cut is not lost. A line that
///   the cut left unfinished is not taken;
/// * one that is removed is read to its end if it was open; what was not read of it by then is lost, and named
///   (`removed`).
///
/// Packed files (gzip, zstd; several members) are unpacked as far as they go: a member that is cut off may still be
/// being written, so its whole lines are taken and the rest is waited for. At the good end of the packed data the last
/// line needs no newline; if text comes behind it after all, the file is read again as one that was cut. Of damaged data
/// nothing more is taken: the file is named (`damaged`) and left until it changes. Positions are those of the unpacked
/// text; to read on, a packed file is unpacked again, once to see that it is sound and once to be read.
///
/// What is read and not yet taken is bounded in bytes: beyond it the thread stops reading. A folder that goes away is
/// waited for. One process at a time reads a folder: the second is refused.
pub struct FolderReader {
    input: Input,
    path: PathBuf,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What both threads hold.
struct Shared {
    queue: Queue<SourceEvent>,
    order: Mutex<Order>,
    ordered: Condvar,
    /// Of the latest order, so that the thread sees without a lock that there is another.
    version: AtomicU64,
    counts: Counters,
    sizes: Arc<FolderSizes>,
}

/// What the taker wants.
#[derive(Clone, Default)]
struct Order {
    version: u64,
    read: Option<(BTreeMap<String, FileProgress>, Term)>,
    closed: bool,
}

impl FolderReader {
    /// Takes the folder's lock and says that its input may be started. Nothing is read before.
    ///
    /// # Errors
    /// [`IngestError::FolderInUse`], [`IngestError::NotFound`], [`IngestError::NotFolder`],
    /// [`IngestError::PermissionDenied`] or [`IngestError::Read`].
    pub fn open(settings: FolderSettings) -> Result<FolderReader, IngestError> {
        let lock = Lock::take(&settings.path)?;
        let input = Input { source: Arc::clone(&settings.source), partition: Partition(0) };
        let shared = Arc::new(Shared {
            queue: Queue::default(),
            order: Mutex::default(),
            ordered: Condvar::new(),
            version: AtomicU64::new(0),
            counts: Counters::default(),
            sizes: Arc::default(),
        });
        shared.queue.push(SourceEvent::Assigned(vec![Assignment {
            input: input.clone(),
            origin: settings.path.to_string_lossy().into(),
            partitions: 1,
        }]));
        let path = settings.path.clone();
        let refused = |source| IngestError::Read { path: path.clone(), at: 0, source };
        let watcher = Watcher { settings, input: input.clone(), lock, shared: Arc::clone(&shared) };
        let thread = thread::Builder::new().name("folder".into()).spawn(move || watcher.run()).map_err(refused)?;
        Ok(FolderReader { input, path, shared, thread: Some(thread) })
    }

    /// The next event, or `None` when there is none for so long. The files of spilled records of earlier batches may
    /// go once those batches are dropped.
    pub fn next(&self, at_most: Duration) -> Option<SourceEvent> {
        let finished = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        let event = self.shared.queue.pop(at_most);
        if event.is_none() && finished {
            let gone = std::io::Error::other("the reading thread is gone");
            return Some(SourceEvent::Failed(IngestError::Read { path: self.path.clone(), at: 0, source: gone }));
        }
        event
    }

    /// Starts to read the input, or starts it anew, from where `progress` stands (all files that were ever read); without
    /// progress, from the beginning. Events of an earlier start may still come, under their own term.
    pub fn start(&self, input: &Input, progress: Option<&Progress>, term: Term) {
        if *input != self.input {
            return;
        }
        match progress {
            None => self.order(Some((BTreeMap::new(), term))),
            Some(Progress::Files(files)) => self.order(Some((files.clone(), term))),
            Some(Progress::Offset(_)) => {
                self.order(None);
                let error = IngestError::NotFiles { path: self.path.clone() };
                self.shared.queue.push(SourceEvent::Stopped { input: input.clone(), error });
            }
        }
    }

    /// Reads no further until it is started again.
    pub fn stop(&self, input: &Input) {
        if *input == self.input {
            self.order(None);
        }
    }

    /// The same: a folder is never revoked, but whoever takes events treats all sources alike.
    pub fn release(&self, inputs: &[Input]) {
        inputs.iter().for_each(|input| self.stop(input));
    }

    /// What happened to files, beside growing.
    pub fn counts(&self) -> FolderCounts {
        self.shared.counts.now()
    }

    /// How large its files are.
    pub fn sizes(&self) -> Arc<FolderSizes> {
        Arc::clone(&self.shared.sizes)
    }

    fn order(&self, read: Option<(BTreeMap<String, FileProgress>, Term)>) {
        let mut order = self.shared.lock();
        order.read = read;
        self.shared.changed(order);
    }
}

impl Drop for FolderReader {
    fn drop(&mut self) {
        let mut order = self.shared.lock();
        order.closed = true;
        self.shared.changed(order);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Order> {
        // Nobody panics while holding it.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self, mut order: MutexGuard<'_, Order>) {
        order.version += 1;
        self.version.store(order.version, Ordering::SeqCst);
        drop(order);
        self.ordered.notify_all();
        self.queue.wake();
    }

    /// Waits at most so long for an order later than `version`; for ever without a time.
    fn wait(&self, version: u64, at_most: Option<Duration>) -> Option<Order> {
        let deadline = at_most.map(|at_most| Instant::now() + at_most);
        let mut order = self.lock();
        while order.version == version {
            order = match deadline {
                None => self.ordered.wait(order).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.ordered.wait_timeout(order, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        Some(order.clone())
    }
}

/// The reading thread.
struct Watcher {
    settings: FolderSettings,
    input: Input,
    lock: Lock,
    shared: Arc<Shared>,
}

impl Watcher {
    fn run(mut self) {
        let mut order = Order::default();
        // Beyond one order, so that the files of long records live as long as the batches that hold them.
        let mut files = Files::new(&self.settings.path, Arc::clone(&self.shared.sizes));
        loop {
            if order.closed {
                return;
            }
            let next = match order.read.take() {
                None => self.shared.wait(order.version, None),
                Some((known, term)) => {
                    files.restart(known);
                    match self.watch(&mut files, order.version, term) {
                        Ok(next) => Some(next),
                        Err(error) => {
                            self.shared.queue.push(SourceEvent::Failed(error));
                            return;
                        }
                    }
                }
            };
            order = next.unwrap_or(order);
        }
    }

    /// Looks at the folder again and again until there is another order.
    fn watch(&mut self, files: &mut Files, version: u64, term: Term) -> Result<Order, IngestError> {
        let shared = Arc::clone(&self.shared);
        let mut at_end: Option<Instant> = None;
        let mut missing = false;
        loop {
            let began = Instant::now();
            let mut out = ToQueue { shared: &shared, input: &self.input, version, term, sent: false };
            let looked = match self.lock.hold() {
                Ok(()) => files.look(&shared.counts, &mut out),
                Err(error) => Err(error),
            };
            let sent = out.sent;
            let wait = match looked {
                Ok(looked) => {
                    if std::mem::take(&mut missing) {
                        FolderBack { source: &self.input.source }.log();
                    }
                    let due = at_end.is_none_or(|said| said.elapsed() >= AT_END_EVERY);
                    let fresh = began.elapsed() <= JUST_NOW;
                    if looked == Looked::All && ((!sent && due) || (sent && fresh)) {
                        shared.queue.push(SourceEvent::AtEnd { input: self.input.clone(), term });
                        at_end = Some(Instant::now());
                    } else if sent {
                        at_end = None;
                    }
                    match (sent, fresh) {
                        (true, false) => Duration::ZERO,
                        (true, true) => LOOK_AGAIN.min(self.settings.look_every),
                        (false, _) => self.settings.look_every.max((began.elapsed() * REST).min(REST_MAX)),
                    }
                }
                // One process too many is no trouble that waiting mends.
                Err(error @ IngestError::FolderInUse { .. }) => return Err(error),
                Err(error) => {
                    if !missing {
                        FolderWaiting { source: &self.input.source, error: &error }.log();
                    }
                    (missing, at_end) = (true, None);
                    self.settings.look_every
                }
            };
            if let Some(order) = shared.wait(version, Some(wait)) {
                return Ok(order);
            }
        }
    }
}

/// Where the files' records go.
struct ToQueue<'a> {
    shared: &'a Shared,
    input: &'a Input,
    version: u64,
    term: Term,
    sent: bool,
}

impl Out for ToQueue<'_> {
    fn batch(&mut self, batch: RawBatch, to: Progress) {
        self.sent = true;
        self.shared.queue.push(SourceEvent::Batch { input: self.input.clone(), term: self.term, batch, to });
    }

    fn moved(&mut self, to: Progress) {
        self.sent = true;
        self.shared.queue.push(SourceEvent::Moved { input: self.input.clone(), term: self.term, to });
    }

    fn wanted(&mut self) -> bool {
        loop {
            if self.shared.version.load(Ordering::SeqCst) != self.version {
                return false;
            }
            if self.shared.queue.room(WAIT_AT_MOST) {
                return true;
            }
        }
    }
}
