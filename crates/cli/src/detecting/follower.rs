//! Follows what is committed: panes by counted day, and how far each input is.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::Arc;

use headwater_log::RowsLate;
use headwater_model::{ArchivedRow, Day, EpochHead, EpochNumber, Input, KnownDay, Names};
use headwater_store::{ArchiveFile, Wanted};
use headwater_window::{PaneIndex, Panes};

use crate::archive::{Holdings, Later, inputs, overflow};
use crate::detecting::Clocks;

/// Reads every committed epoch once. What it holds are the panes of the days that were not taken yet.
#[derive(Default)]
pub struct Follower {
    /// The names of its panes.
    pub names: Names,
    days: BTreeMap<KnownDay, Panes>,
    inputs: BTreeMap<Input, Followed>,
    declared: BTreeMap<Arc<str>, u32>,
    /// The last day taken.
    taken: Option<KnownDay>,
    /// Rows whose counted day had been taken before they were committed.
    late: u64,
    looks: u32,
}

/// Of so many looks one is thorough: it asks for new sources too, and whether what seems to be at rest was folded. A
/// look is a call to the store per input, a thorough one is two more.
const THOROUGH_EVERY: u32 = 64;

/// How far an input is.
#[derive(Clone, Copy, Debug)]
struct Followed {
    next: EpochNumber,
    clock: Option<Day>,
}

/// What a look at the store brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caught {
    /// So many files; nothing is left, unless it was told to stop.
    Up(u64),
    /// Epochs of an input that it had not read were folded and are gone: it has to begin afresh.
    Overtaken(Input),
}

impl Follower {
    /// Reads what was committed since the last time, of all sources that were ever read into the store; `sources` are
    /// those whose declaration is awaited. After an error it can be asked again: a file counts whole or not at all.
    pub fn catch_up(
        &mut self,
        holdings: &impl Holdings,
        sources: &BTreeSet<Arc<str>>,
        stop: &dyn Fn() -> bool,
    ) -> anyhow::Result<Caught> {
        let thorough = self.looks.is_multiple_of(THOROUGH_EVERY);
        if thorough || !sources.iter().all(|source| self.declared.contains_key(source)) {
            self.declared = holdings.declared()?;
        }
        self.looks = self.looks.wrapping_add(1);
        let mut files = 0;
        for input in inputs(&self.declared) {
            if !self.inputs.contains_key(&input) {
                let Some(read) = self.begin(holdings, &input, stop)? else { return Ok(Caught::Up(files)) };
                files += read;
            }
            let next = self.inputs.get(&input).map_or(EpochNumber(0), |followed| followed.next);
            match holdings.later(&input, next, thorough)? {
                Later::Folded => return Ok(Caught::Overtaken(input)),
                Later::Epochs(epochs) => {
                    for file in epochs {
                        if stop() {
                            return Ok(Caught::Up(files));
                        }
                        self.take_in(holdings, &input, &file)?;
                        files += 1;
                    }
                }
            }
        }
        Ok(Caught::Up(files))
    }

    /// The folded files of an input that is new here. None: told to stop before they were all read.
    fn begin(
        &mut self,
        holdings: &impl Holdings,
        input: &Input,
        stop: &dyn Fn() -> bool,
    ) -> anyhow::Result<Option<u64>> {
        let stock = holdings.stock(input)?;
        let Some(head) = stock.folded else { return Ok(Some(0)) };
        let (mut days, mut files) = (BTreeMap::new(), 0);
        for file in stock.files.iter().filter(|file| file.is_folded()) {
            if stop() {
                return Ok(None);
            }
            self.read(holdings, input, file, &mut days)?;
            files += 1;
        }
        self.merge(days)?;
        self.inputs.insert(input.clone(), Followed { next: head.epoch.next(), clock: head.clock });
        Ok(Some(files))
    }

    fn take_in(&mut self, holdings: &impl Holdings, input: &Input, file: &ArchiveFile) -> anyhow::Result<()> {
        let mut days = BTreeMap::new();
        let head = self.read(holdings, input, file, &mut days)?;
        let head = head.ok_or_else(|| anyhow::anyhow!("{} is no epoch", file.key))?;
        self.merge(days)?;
        self.inputs.insert(input.clone(), Followed { next: head.epoch.next(), clock: head.clock });
        Ok(())
    }

    fn read(
        &mut self,
        holdings: &impl Holdings,
        input: &Input,
        file: &ArchiveFile,
        days: &mut BTreeMap<KnownDay, Panes>,
    ) -> anyhow::Result<Option<EpochHead>> {
        let (open, mut late) = (self.taken.map(|day| KnownDay(day.0 + 1)), 0);
        let mut over = None;
        let head = holdings.read(input, file, Wanted::Sums, &mut self.names, &mut |row: &ArchivedRow<'_>| {
            let (Some(of), Some(counted_on)) = (row.of, row.counted_on) else { return Ok(()) };
            let day = open.map_or(counted_on, |open| counted_on.max(open));
            late += u64::from(day != counted_on);
            if let Err(key) = days.entry(day).or_default().add(of.key(day), of.sums(row.sign)) {
                over.get_or_insert(key);
            }
            Ok(())
        })?;
        if let Some(key) = over {
            return Err(overflow(&self.names, key));
        }
        if late > 0 {
            // The commit protocol keeps rows off closed days; a source added beside a running process may break it once.
            RowsLate { file: &file.key, rows: late, day: self.taken.map(|day| day.0) }.log();
            self.late += late;
        }
        Ok(head)
    }

    fn merge(&mut self, days: BTreeMap<KnownDay, Panes>) -> anyhow::Result<()> {
        for (day, panes) in days {
            match self.days.entry(day) {
                Entry::Vacant(slot) => {
                    slot.insert(panes);
                }
                Entry::Occupied(mut held) => {
                    held.get_mut().merge(&panes).map_err(|key| overflow(&self.names, key))?;
                }
            }
        }
        Ok(())
    }

    /// The earliest counted day that was not taken.
    pub fn first_day(&self) -> Option<KnownDay> {
        self.days.first_key_value().map(|(day, _)| *day)
    }

    /// Takes the panes up to a day, which nothing may be counted on any more.
    pub fn take(&mut self, up_to: KnownDay) -> anyhow::Result<PaneIndex> {
        let rest = self.days.split_off(&KnownDay(up_to.0 + 1));
        let mut all = Panes::default();
        for panes in std::mem::replace(&mut self.days, rest).into_values() {
            all.merge(&panes).map_err(|key| overflow(&self.names, key))?;
        }
        self.taken = self.taken.max(Some(up_to));
        Ok(all.sorted(&self.names))
    }

    /// The clocks as of the last look.
    pub fn clocks(&self) -> Clocks {
        let clocks = self.inputs.iter().map(|(input, followed)| (input.clone(), followed.clock));
        Clocks { declared: self.declared.clone(), clocks: clocks.collect() }
    }

    /// The last epoch read of each input, by `source/partition`.
    pub fn epochs(&self) -> BTreeMap<String, EpochNumber> {
        let last = |followed: &Followed| followed.next.0.checked_sub(1).map(EpochNumber);
        self.inputs.iter().filter_map(|(input, followed)| Some((input.to_string(), last(followed)?))).collect()
    }

    /// Whether it has read all of these.
    pub fn has_read(&self, epochs: &BTreeMap<String, EpochNumber>) -> bool {
        epochs.iter().all(|(input, epoch)| {
            let followed = Input::parse(input).and_then(|input| self.inputs.get(&input));
            followed.is_some_and(|followed| followed.next > *epoch)
        })
    }

    /// Rows met so far whose counted day had been taken.
    pub fn late(&self) -> u64 {
        self.late
    }
}
