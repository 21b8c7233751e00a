//! The thread that publishes: what is committed goes out in transactions.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use headwater_ingest::{GroupOffsets, Lane, Membership, OutRecord, OutView, Publisher, PublisherSettings, Reach};
use headwater_log::{Lasting, OutputsFailing, OutputsPublishing, TransactionCommitted, Trouble};
use headwater_model::{EpochNumber, Input, Partition};
use headwater_runtime::Pulse;
use headwater_runtime::metrics::Stage;
use headwater_store::Archive;

use super::outputs::{Outgoing, Shared, group_position};
use super::records::VOLUMES_TOPIC;
use super::rows::RowWriter;
use super::step;
use crate::clock::{Stopwatch, now};
use crate::watch::{TOPICS, Watch};

/// How long a producer may take to begin.
const START_AT_MOST: Duration = Duration::from_secs(4);

/// So long a process may have nothing to publish: for ever.
const NOTHING_COMES: Duration = Duration::from_secs(1 << 40);

/// How long to wait after a failure.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Publishes what waits.
pub struct Publishing {
    cluster: String,
    settings: PublisherSettings,
    publisher: Option<Publisher>,
    /// By number of the source, its cluster and the reader's place in its group; none for a folder.
    members: Vec<Option<(String, Membership)>>,
    archive: Archive,
    /// The topic of volumes.
    volumes: Arc<str>,
    trouble: Trouble,
    /// Whether anything was published.
    published: bool,
    reach: Reach,
    watch: Watch,
    pulse: Pulse,
}

impl Publishing {
    /// To a cluster.
    pub fn new(
        cluster: String,
        settings: PublisherSettings,
        members: Vec<Option<(String, Membership)>>,
        archive: Archive,
        reach: Reach,
        watch: Watch,
    ) -> Publishing {
        Publishing {
            cluster,
            settings,
            publisher: None,
            members,
            archive,
            volumes: VOLUMES_TOPIC.into(),
            trouble: Trouble::default(),
            published: false,
            reach,
            pulse: watch.begins("publish"),
            watch,
        }
    }

    /// Publishes what comes, transaction by transaction; after a failure it waits a while and tries again.
    pub fn run(mut self, shared: &Shared) {
        while let Some(taken) = self.next(shared) {
            let timer = Stopwatch::start();
            let done = self.transaction(&taken);
            self.watch.metrics().stages.took(Stage::Publish, timer.elapsed());
            match done {
                Ok(()) => {
                    shared.went_out(&taken);
                    self.say(taken.iter().map(|outgoing| outgoing.len() as u64).sum(), timer.ms());
                }
                Err(error) => {
                    if let Some(Lasting { times, ms }) = self.trouble.again(now()) {
                        let (cluster, waiting) = (&*self.cluster, shared.records() as u64);
                        OutputsFailing { cluster, waiting, times, ms, error: &format_args!("{error:#}") }.log();
                    }
                    shared.failed(AGAIN_AFTER);
                }
            }
        }
    }

    /// What is to go out next; nothing may come for ever.
    fn next(&self, shared: &Shared) -> Option<Vec<Arc<Outgoing>>> {
        self.pulse.wait(NOTHING_COMES);
        let taken = shared.take();
        self.pulse.beat();
        taken
    }

    /// So many records went out.
    fn say(&mut self, records: u64, ms: u64) {
        let cluster = &*self.cluster;
        TransactionCommitted { cluster, records, ms }.log();
        let failed = self.trouble.over(now());
        if failed.is_some() || !std::mem::replace(&mut self.published, true) {
            let Lasting { times, ms } = failed.unwrap_or(Lasting { times: 0, ms: 0 });
            OutputsPublishing { cluster, records, times, ms }.log();
        }
    }

    /// One transaction.
    fn transaction(&mut self, taken: &[Arc<Outgoing>]) -> anyhow::Result<()> {
        if self.publisher.is_none() {
            let started = Publisher::start_watched(&self.settings, START_AT_MOST, self.reach.clone());
            self.publisher = Some(started.inspect_err(|error| {
                // No publisher hears of the cluster any more.
                self.reach.set(false);
                self.watch.outputs_failed(error);
            })?);
            self.pulse.beat();
        }
        // Held for the length of the transaction: a revoke waits until it has ended.
        let held: Vec<_> =
            self.members.iter().map(|member| member.as_ref().map(|(_, member)| member.rights().hold())).collect();
        let owned = |outgoing: &&Arc<Outgoing>| match held.get(outgoing.source) {
            Some(Some(held)) => held.get(&outgoing.input) == Some(&outgoing.term),
            _ => true, // a folder is locked by this process
        };
        let (mut positions, mut out) = (BTreeMap::new(), [0; TOPICS.len()]);
        // Inputs whose progress is noted in the store: they are of no topic of this cluster.
        let mut hints: BTreeMap<Input, EpochNumber> = BTreeMap::new();
        let mut lanes: BTreeMap<(&Arc<str>, Option<Partition>), Pieces<'_>> = BTreeMap::new();
        for outgoing in taken.iter().filter(owned) {
            count(outgoing, &mut out);
            let lane = |topic, partition| ((topic, partition), Pieces::new(topic, partition));
            if !outgoing.some.is_empty() {
                let (key, empty) = lane(&self.volumes, Some(outgoing.rows.partition));
                let rows = RowWriter::new(&outgoing.rows, outgoing.some.clone());
                lanes.entry(key).or_insert(empty).pieces.push_back(Piece::Rows(rows));
            }
            for record in &outgoing.records {
                let (key, empty) = lane(&record.topic, record.partition);
                lanes.entry(key).or_insert(empty).pieces.push_back(Piece::Record(record));
            }
            match &outgoing.position {
                Some(position) => {
                    positions.insert(outgoing.input.clone(), group_position(&outgoing.input, position));
                }
                None if outgoing.last => {
                    hints.insert(outgoing.input.clone(), outgoing.epoch);
                }
                None => {}
            }
        }
        let member = self.members.iter().flatten().find(|(cluster, _)| *cluster == self.cluster);
        let offsets = match member {
            Some((_, member)) if !positions.is_empty() => {
                let metadata = member.group_metadata().ok_or_else(|| anyhow::anyhow!("not a member of the group"))?;
                Some(GroupOffsets { metadata, positions: positions.into_values().collect() })
            }
            _ => None,
        };
        step::pass("live::publish::begin");
        let mut lanes: Vec<&mut dyn Lane> = lanes.values_mut().map(|pieces| pieces as &mut dyn Lane).collect();
        let outcome = match &mut self.publisher {
            Some(publisher) if !lanes.is_empty() || offsets.is_some() => {
                publisher.publish_lanes(&mut lanes, offsets.as_ref()).map(|()| self.watch.published(out))
            }
            _ => Ok(()),
        };
        drop(held);
        step::pass("live::publish::end");
        if let Err(error) = outcome {
            self.watch.publish_failed(&error);
            if self.publisher.as_ref().is_some_and(|publisher| !publisher.usable()) {
                // Another under its name decides what it left undecided.
                self.publisher = None;
            }
            return Err(error.into());
        }
        for (input, epoch) in hints {
            self.pulse.beat();
            self.archive.note_published(&input, epoch).inspect_err(|error| self.watch.store_failed(error))?;
        }
        Ok(())
    }
}

/// Adds what goes out to the records by topic.
fn count(outgoing: &Outgoing, out: &mut [u64; TOPICS.len()]) {
    let topics = outgoing.records.iter().map(|record| (&*record.topic, 1));
    for (topic, records) in topics.chain([(VOLUMES_TOPIC, outgoing.some.len() as u64)]) {
        if let Some(at) = TOPICS.iter().position(|of| *of == topic) {
            out[at] += records;
        }
    }
}

/// Some records of one lane.
enum Piece<'a> {
    Rows(RowWriter<'a>),
    Record(&'a OutRecord),
}

/// What one transaction sends to one partition.
struct Pieces<'a> {
    topic: &'a Arc<str>,
    partition: Option<Partition>,
    pieces: VecDeque<Piece<'a>>,
}

impl<'a> Pieces<'a> {
    fn new(topic: &'a Arc<str>, partition: Option<Partition>) -> Pieces<'a> {
        Pieces { topic, partition, pieces: VecDeque::new() }
    }
}

impl Lane for Pieces<'_> {
    fn topic(&self) -> &Arc<str> {
        self.topic
    }

    fn partition(&self) -> Option<Partition> {
        self.partition
    }

    fn next(&mut self) -> Option<OutView<'_>> {
        while let Some(Piece::Rows(rows)) = self.pieces.front()
            && rows.is_at_end()
        {
            self.pieces.pop_front();
        }
        if let Some(Piece::Record(record)) = self.pieces.front() {
            let record = *record;
            self.pieces.pop_front();
            return Some(OutView { key: &record.key, value: record.value.as_deref(), headers: &record.headers });
        }
        match self.pieces.front_mut() {
            Some(Piece::Rows(rows)) => rows.next(),
            _ => None,
        }
    }
}
