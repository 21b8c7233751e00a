//! From the store to an input that goes on: the last sound snapshot, then the epochs after it, each proven and in its
//! chain.

use headwater_log::SnapshotUnusable;
use headwater_model::{ArchivedRow, Input, Names, Offset, Progress};
use headwater_store::{
    Archive, ArchiveFile, Chain, DetectLog, FileHead, LedgerCache, Listing, RestorePlan, StoreError, TakeRows, Wanted,
    plan,
};
use headwater_window::{ColdError, NetVolumes, Window, WindowError};

use super::clock;
use super::input::Committed;
use super::snapshot;
use crate::watch::Watch;

/// So many rows are read in no time: the loop turns.
const ROWS_A_TURN: u32 = 1 << 16;

/// Why an input could not be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store does not answer, or what it holds cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows add up to what no ledger holds, or the ledger's cache failed.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// The ledger's cache failed.
    #[error(transparent)]
    Cold(#[from] ColdError),
    /// The bytes of a snapshot do not come.
    #[error("a snapshot: {0}")]
    Snapshot(#[from] std::io::Error),
}

impl RestoreError {
    /// Whether it may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self, RestoreError::Store(error) if error.is_passing())
    }
}

/// Restores inputs from a store.
pub struct Restore {
    archive: Archive,
    /// Where ledgers put what does not fit.
    cache: LedgerCache,
    ledger_bytes: usize,
    watch: Watch,
}

/// An input as it was committed last.
pub struct Restored {
    /// Names and ledger.
    pub window: Window,
    /// What its records add up to.
    pub net: NetVolumes,
    /// Where its chain ends.
    pub committed: Committed,
    /// Rows read behind the snapshot.
    pub rows: u64,
    /// Bytes of the files that they were read from.
    pub bytes: u64,
    /// What it was restored from: `snapshot`, `epochs`, `nothing`.
    pub from: &'static str,
}

impl Restore {
    /// From an archive; the ledgers of one process share a cache folder and so many bytes of memory.
    pub fn new(archive: Archive, cache: LedgerCache, ledger_bytes: usize, watch: Watch) -> Restore {
        Restore { archive, cache, ledger_bytes, watch }
    }

    /// Who hears how it goes.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Bytes of memory that the ledgers of this process share.
    pub fn ledger_bytes(&self) -> usize {
        self.ledger_bytes
    }

    /// Restores an input, with changes to its sums told from now on where `publishes`. One that has no epoch begins with nothing; `share` is
    /// what its ledger may take of the memory meanwhile.
    pub fn input(
        &self,
        input: &Input,
        is_folder: bool,
        share: usize,
        publishes: bool,
        now_seconds: i64,
    ) -> Result<Restored, RestoreError> {
        self.listed(&self.archive.listing(input)?, is_folder, share, publishes, now_seconds)
    }

    /// The same by what lies in the store of it.
    pub fn listed(
        &self,
        listing: &Listing,
        is_folder: bool,
        share: usize,
        publishes: bool,
        now_seconds: i64,
    ) -> Result<Restored, RestoreError> {
        let input = &listing.input;
        let plan = plan(listing)?;
        let mut restored = self.begin(&plan, share)?;
        let (mut rows, mut bytes) = (0, 0);
        for file in restored.left {
            bytes += file.bytes;
            rows += self.read(input, &file, &mut restored.chain, &mut restored.window)?;
        }
        let mut window = restored.window;
        window.finish_archived()?;
        let committed = match restored.chain.head() {
            Some(head) => {
                window.counts = head.total;
                Committed {
                    progress: head.to.clone(),
                    clock: head.clock,
                    checksum: restored.chain.checksum(),
                    head: Some(head.clone()),
                }
            }
            None => Committed {
                head: None,
                checksum: None,
                progress: if is_folder { Progress::Files(Default::default()) } else { Progress::Offset(Offset(0)) },
                clock: clock::first(DetectLog::new(self.archive.objects().clone()).closed_to()?, now_seconds),
            },
        };
        let mut net = if publishes { NetVolumes::default() } else { NetVolumes::untold() };
        net.restore(&window.ledger, &window.names)?;
        let from = match (restored.snapshot, &committed.head) {
            (true, _) => "snapshot",
            (false, Some(_)) => "epochs",
            (false, None) => "nothing",
        };
        Ok(Restored { window, net, committed, rows, bytes, from })
    }

    /// The best snapshot that is sound, or the floor's files; a damaged one is named and the next is used.
    fn begin(&self, plan: &RestorePlan, share: usize) -> Result<Begun, RestoreError> {
        for epoch in &plan.snapshots {
            match snapshot::read(&self.archive, &plan.input, *epoch, self.empty(share)?, &self.watch) {
                Ok((window, head, checksum)) => {
                    let left = plan.after(*epoch).to_vec();
                    return Ok(Begun { window, chain: Chain::behind(head, checksum), left, snapshot: true });
                }
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    let Input { source, partition } = &plan.input;
                    SnapshotUnusable { source, partition: *partition, epoch: *epoch, error: &error }.log();
                }
            }
        }
        let chain = match &plan.floor {
            Some(floor) => Chain::behind_floor(floor),
            None => Chain::begin(plan.input.clone()),
        };
        Ok(Begun { window: self.empty(share)?, chain, left: plan.whole().collect(), snapshot: false })
    }

    /// A window whose ledger spills.
    fn empty(&self, share: usize) -> Result<Window, RestoreError> {
        let mut window = Window::without_panes();
        window.ledger.set_cold(Box::new(self.cache.ledger()?));
        window.ledger.set_limit(share);
        Ok(window)
    }

    /// Takes the rows of a file; of an epoch's the chain goes on. Gives the number of rows.
    fn read(
        &self,
        input: &Input,
        file: &ArchiveFile,
        chain: &mut Chain,
        window: &mut Window,
    ) -> Result<u64, RestoreError> {
        self.watch.ingest_turns();
        let epoch = self.archive.open_file(input, file)?;
        if let FileHead::Epoch(head) = epoch.head() {
            chain.follow(&file.key, head, epoch.checksum())?;
        }
        epoch.read_into(Wanted::Ledger, &mut Taker { window, watch: &self.watch, rows: 0 })?;
        Ok(epoch.rows())
    }
}

/// Takes the rows of a file into a window.
struct Taker<'a> {
    window: &'a mut Window,
    watch: &'a Watch,
    rows: u32,
}

impl TakeRows for Taker<'_> {
    type Error = RestoreError;

    fn names(&mut self) -> &mut Names {
        &mut self.window.names
    }

    fn take(&mut self, row: &ArchivedRow<'_>) -> Result<(), RestoreError> {
        self.rows = self.rows.wrapping_add(1);
        if self.rows.is_multiple_of(ROWS_A_TURN) {
            self.watch.ingest_turns();
        }
        Ok(self.window.take_archived(row)?)
    }
}

/// A restore that has begun.
struct Begun {
    window: Window,
    chain: Chain,
    /// Files still to be read.
    left: Vec<ArchiveFile>,
    /// Whether it is what a snapshot holds.
    snapshot: bool,
}
