//! An input that no source feeds: a bench builds a store with the same parts as a run, without Kafka.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use headwater_catalog::Catalog;
use headwater_ingest::{Assignment, Term};
use headwater_model::{Input, Offset, Progress, RawBatch};
use headwater_store::{Archive, Committed, SourceDeclaration, SourceKind};

use super::input::LiveInput;
use super::restore::Restore;
use super::snapshot;
use super::wall::Wall;
use crate::watch::Watch;

/// No input that is fed by hand is ever idle.
const NEVER: Duration = Duration::MAX;

/// Who wrote its epochs.
const WRITER: &str = "bench";

/// One input of a store that nobody else writes to.
pub struct Offline {
    archive: Archive,
    watch: Watch,
    live: LiveInput,
    wall: Wall,
    commit_bytes: u64,
    next: Offset,
}

impl Offline {
    /// Begins a partition of a topic, of which nothing may be committed yet.
    pub fn begin(
        archive: &Archive,
        restore: &Restore,
        input: Input,
        partitions: u32,
        commit_bytes: u64,
    ) -> anyhow::Result<Offline> {
        let origin: Arc<str> = Arc::clone(&input.source);
        archive.declare(&SourceDeclaration {
            source: input.source.to_string(),
            kind: SourceKind::Topic,
            origin: origin.to_string(),
            partitions,
        })?;
        let mut wall = Wall::start();
        let share = restore.ledger_bytes();
        let restored = restore.input(&input, false, share, false, wall.now().seconds)?;
        if restored.committed.head.is_some() {
            bail!("the store holds epochs of {input} already");
        }
        let counters = restore.watch().restoring(&input);
        let assignment = Assignment { input, origin, partitions };
        let live = LiveInput::new(assignment, Term(1), Catalog::embedded(), Arc::default(), restored, counters)?;
        Ok(Offline {
            archive: archive.clone(),
            watch: restore.watch().clone(),
            live,
            wall,
            commit_bytes,
            next: Offset(0),
        })
    }

    /// Takes records, and commits an epoch where enough are open.
    pub fn take(&mut self, batch: &RawBatch) -> anyhow::Result<()> {
        self.next = Offset(self.next.0 + batch.records.len() as i64);
        self.live.take(batch, &Progress::Offset(self.next), self.wall.now(), now())?;
        if self.live.open_bytes() >= self.commit_bytes { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> anyhow::Result<()> {
        let epoch = self.live.seal(self.wall.now(), NEVER, WRITER)?.epoch;
        let settled = self.archive.commit(std::slice::from_ref(&epoch)).into_iter().next().transpose()?;
        match settled {
            Some(Committed::Ours) => self.live.commit(epoch.head, epoch.checksum),
            _ => bail!("another process writes to this store"),
        }
    }

    /// Commits what is open and writes a snapshot behind the last epoch.
    pub fn end(mut self) -> anyhow::Result<()> {
        if !self.live.is_between_epochs() {
            self.commit()?;
        }
        Ok(snapshot::write(&self.archive, &mut self.live, &self.watch)?)
    }
}

#[expect(clippy::disallowed_methods, reason = "an open epoch knows since when it is open")]
fn now() -> Instant {
    Instant::now()
}
