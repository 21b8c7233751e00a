//! What is published: committed epochs wait here for a thread of their own, and what a crash left unpublished is published
//! again by the next start.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use headwater_ingest::{
    Admin, GroupOffset, IngestError, OutRecord, PublisherSettings, Reach, TRANSACTION_RECORDS_MAX, Term, TopicWish,
};
use headwater_model::{EpochNumber, Input, Offset};
use headwater_store::Archive;

use super::publishing::Publishing;
use super::records::{ALERTS_TOPIC, DETECT_TOPIC, REJECTS_TOPIC, VOLUMES_TOPIC};
use super::rows::Rows;
use super::source::Source;
use crate::watch::Watch;

/// Records that may wait to be published before nothing more is read: back-pressure instead of memory.
const WAITING_MAX: usize = 400_000;

/// How long the cluster may take to answer.
const ASK_AT_MOST: Duration = Duration::from_secs(10);

/// How long a thread that is to give up may take: no longer than one transaction.
const GIVE_UP_AT_MOST: Duration = Duration::from_secs(10);

/// Partitions of a topic that is created for the volumes: as many readers can share the work.
const VOLUME_PARTITIONS: u32 = 6;

/// A committed epoch on its way out, or a part of one.
pub struct Outgoing {
    /// In the order of coming.
    number: u64,
    /// Whose.
    pub input: Input,
    /// Number of the source that it is read from.
    pub source: usize,
    /// By which start.
    pub term: Term,
    /// Which.
    pub epoch: EpochNumber,
    /// Changed rows: they come before the records.
    pub rows: Arc<Rows>,
    /// Which of them.
    pub some: Range<usize>,
    /// Rejects, and last the mark.
    pub records: Vec<OutRecord>,
    /// Committed for the group with the records. A part that is not the last repeats where the epoch begins: the broker
    /// asks whether this process still owns the partition whenever offsets come.
    pub position: Option<Position>,
    /// Whether the epoch ends with it.
    pub last: bool,
}

impl Outgoing {
    /// Its records.
    pub fn len(&self) -> usize {
        self.some.len() + self.records.len()
    }
}

/// Where an input stands, for its group.
#[derive(Clone, Debug)]
pub struct Position {
    /// Its topic.
    pub topic: Arc<str>,
    /// The next offset to read.
    pub next: Offset,
    /// The last epoch below it.
    pub epoch: Option<EpochNumber>,
}

/// What is to be published of an epoch.
pub struct Publication {
    /// Whose.
    pub input: Input,
    /// Number of the source that it is read from.
    pub source: usize,
    /// By which start.
    pub term: Term,
    /// Which.
    pub epoch: EpochNumber,
    /// Changed keys.
    pub rows: Rows,
    /// Rejects, and last the mark.
    pub records: Vec<OutRecord>,
    /// Where the epoch begins and ends, where the input is of the outputs' cluster.
    pub positions: Option<(Position, Position)>,
}

/// The output topics of one cluster, there and ready.
pub struct Topics {
    cluster: String,
    settings: PublisherSettings,
    partitions: u32,
    reach: Reach,
    watch: Watch,
}

impl Topics {
    /// Of a cluster, for one who publishes as `settings` say. Topics that are missing are created.
    ///
    /// # Errors
    /// When the cluster does not answer: it may be tried again.
    pub fn connect(
        cluster: &str,
        settings: PublisherSettings,
        reach: Reach,
        watch: Watch,
    ) -> Result<Topics, IngestError> {
        let admin = Admin::start(&settings.brokers, &settings.client)?;
        admin.ensure_topics(&wishes(), ASK_AT_MOST)?;
        let partitions = admin.partitions(VOLUMES_TOPIC, ASK_AT_MOST)?.unwrap_or(VOLUME_PARTITIONS);
        reach.set(true);
        watch.outputs_answered();
        Ok(Topics { cluster: cluster.to_owned(), settings, partitions, reach, watch })
    }

    /// Begins to publish what is committed of these sources.
    pub fn start(self, archive: Archive, sources: &[Source]) -> anyhow::Result<Outputs> {
        let Topics { cluster, settings, partitions, reach, watch } = self;
        let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::new(), watch: watch.clone() });
        let members = sources.iter().map(|source| match source {
            Source::Kafka { cluster, reader } => Some((cluster.clone(), reader.membership())),
            Source::Folder(_) => None,
        });
        let publishing = Publishing::new(cluster.clone(), settings, members.collect(), archive, reach, watch);
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("publish".into()).spawn(move || publishing.run(&theirs))?;
        Ok(Outputs { cluster, partitions, shared, thread: Some(thread) })
    }
}

/// What both threads hold.
pub struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    watch: Watch,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<Outgoing>>,
    records: usize,
    came: u64,
    failing: bool,
    /// Nothing more comes.
    ending: bool,
}

impl Queue {
    fn keep(&mut self, wanted: impl Fn(&Outgoing) -> bool) {
        self.waiting.retain(|outgoing| wanted(outgoing));
        self.records = self.waiting.iter().map(|outgoing| outgoing.len()).sum();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nobody panics while holding it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how many records wait.
    fn tell(&self, queue: &Queue) {
        self.watch.metrics().outputs_waiting.set(queue.records as i64);
    }

    /// The oldest that wait, as many as one transaction takes; waits for them. None at the end, when all has gone out or
    /// the cluster does not take it.
    pub fn take(&self) -> Option<Vec<Arc<Outgoing>>> {
        let mut queue = self.queue();
        while queue.waiting.is_empty() && !queue.ending {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.waiting.is_empty() || (queue.ending && queue.failing) {
            return None;
        }
        let mut records = 0;
        let mut taken = Vec::new();
        for outgoing in &queue.waiting {
            records += outgoing.len();
            if records > TRANSACTION_RECORDS_MAX && !taken.is_empty() {
                break;
            }
            taken.push(Arc::clone(outgoing));
        }
        Some(taken)
    }

    /// Records that wait.
    pub fn records(&self) -> usize {
        self.queue().records
    }

    /// These went out, or need not.
    pub fn went_out(&self, taken: &[Arc<Outgoing>]) {
        let mut queue = self.queue();
        queue.failing = false;
        queue.keep(|outgoing| taken.iter().all(|taken| taken.number != outgoing.number));
        self.tell(&queue);
    }

    /// The cluster does not take them. Waits a while, or until the end.
    pub fn failed(&self, pause: Duration) {
        let mut queue = self.queue();
        queue.failing = true;
        drop(self.changed.wait_timeout_while(queue, pause, |queue| !queue.ending));
    }
}

/// Publishes to the topics of one cluster, on a thread of its own.
pub struct Outputs {
    cluster: String,
    /// Partitions of the volumes' topic.
    partitions: u32,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Outputs {
    /// Partitions of the volumes' topic.
    pub fn partitions(&self) -> u32 {
        self.partitions
    }

    /// The cluster's name in the configuration.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Whether so much waits that nothing more should be read.
    pub fn is_full(&self) -> bool {
        self.shared.queue().records >= WAITING_MAX
    }

    /// Takes an epoch to be published, in parts where it is larger than a transaction.
    pub fn push(&self, publication: Publication) {
        let Publication { input, source, term, epoch, rows, mut records, positions } = publication;
        let (begin, end) = positions.unzip();
        let rows = Arc::new(rows);
        let mut first = 0;
        let mut queue = self.shared.queue();
        loop {
            let some = first..rows.len().min(first + TRANSACTION_RECORDS_MAX);
            first = some.end;
            let room = if first == rows.len() { TRANSACTION_RECORDS_MAX - some.len() } else { 0 };
            let rest = records.split_off(room.min(records.len()));
            let here = std::mem::replace(&mut records, rest);
            let last = first == rows.len() && records.is_empty();
            let position = if last { end.clone() } else { begin.clone() };
            let (number, input, rows) = (queue.came, input.clone(), Arc::clone(&rows));
            queue.came += 1;
            queue.records += some.len() + here.len();
            let outgoing = Outgoing { number, input, source, term, epoch, rows, some, records: here, position, last };
            queue.waiting.push_back(Arc::new(outgoing));
            if last {
                break;
            }
        }
        self.shared.tell(&queue);
        drop(queue);
        self.shared.changed.notify_all();
    }

    /// Forgets what waits of an input: another process publishes it, or it is restored.
    pub fn forget(&self, input: &Input) {
        let mut queue = self.shared.queue();
        queue.keep(|outgoing| outgoing.input != *input);
        self.shared.tell(&queue);
    }

    /// Whether its thread still works.
    ///
    /// # Errors
    /// When it does not: nothing would ever go out again.
    pub fn check(&self) -> anyhow::Result<()> {
        match &self.thread {
            Some(thread) if !thread.is_finished() => Ok(()),
            _ => Err(anyhow::anyhow!("the publishing thread is gone")),
        }
    }

    /// Publishes what waits, and ends. What a cluster that is away does not take now is published by the next start.
    pub fn finish(mut self) {
        self.shared.queue().ending = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Outputs {
    /// Gives up what waits: the process ends with an error.
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        queue.ending = true;
        queue.keep(|_| false);
        drop(queue);
        self.shared.changed.notify_all();
        let Some(thread) = self.thread.take() else { return };
        let mut waited = Duration::ZERO;
        while !thread.is_finished() && waited < GIVE_UP_AT_MOST {
            let moment = Duration::from_millis(5);
            crate::clock::pause(moment);
            waited += moment;
        }
    }
}

/// The topics of results.
pub fn wishes() -> Vec<TopicWish> {
    let wish = |name: &str, partitions, compacted| TopicWish { name: name.into(), partitions, compacted };
    vec![
        wish(VOLUMES_TOPIC, VOLUME_PARTITIONS, true),
        wish(ALERTS_TOPIC, 1, true),
        wish(REJECTS_TOPIC, 1, false),
        wish(DETECT_TOPIC, 1, false),
    ]
}

/// What is committed for the group: beside the offset stands the epoch that ends there.
pub fn group_position(input: &Input, position: &Position) -> GroupOffset {
    GroupOffset {
        topic: Arc::clone(&position.topic),
        partition: input.partition,
        next: position.next,
        metadata: position.epoch.map(epoch_words).unwrap_or_default(),
    }
}

/// The words beside an offset.
pub fn epoch_words(epoch: EpochNumber) -> String {
    format!("epoch={epoch}")
}

/// The epoch of committed words, where they are ours.
pub fn epoch_of(words: &str) -> Option<EpochNumber> {
    words.strip_prefix("epoch=")?.parse().ok().map(EpochNumber)
}
