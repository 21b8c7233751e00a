//! Follows what is committed into the read model.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_model::{ArchivedRow, EpochNumber, Input};
use headwater_serve::{Held, ReadModel, Taken};
use headwater_store::{ArchiveFile, Wanted};

use crate::archive::{Holdings, Later, inputs, overflow};

/// Of so many looks one is thorough: it asks for new sources too, and whether what seems to be at rest was folded.
const THOROUGH_EVERY: u32 = 64;

/// How far the store was read. What was read lies here until all of it was; then it is published, and changed there.
#[derive(Default)]
pub struct Following {
    reading: Option<Held>,
    published: bool,
    declared: BTreeMap<Arc<str>, u32>,
    next: BTreeMap<Input, EpochNumber>,
    entry: u64,
    looks: u32,
}

impl Following {
    /// Whether the store was read to its end once.
    pub fn is_published(&self) -> bool {
        self.published
    }

    /// Reads what was committed since the last time. After an error it can be asked again: a file counts whole or not at
    /// all.
    pub fn step(&mut self, holdings: &impl Holdings, model: &ReadModel, stop: &dyn Fn() -> bool) -> anyhow::Result<()> {
        let thorough = self.looks.is_multiple_of(THOROUGH_EVERY);
        if thorough || self.declared.is_empty() {
            self.declared = holdings.declared()?;
        }
        self.looks = self.looks.wrapping_add(1);
        for input in inputs(&self.declared) {
            if !self.next.contains_key(&input) {
                self.begin(holdings, model, &input, stop)?;
            }
            let next = self.next.get(&input).copied().unwrap_or(EpochNumber(0));
            match holdings.later(&input, next, thorough)? {
                Later::Folded => {
                    // What was published stays until everything was read again.
                    *self = Following { reading: Some(Held::default()), ..Following::default() };
                    return Ok(());
                }
                Later::Epochs(epochs) => {
                    for file in epochs {
                        if stop() {
                            return Ok(());
                        }
                        let taken = read(holdings, &input, &file)?;
                        self.take(model, &input, vec![taken])?;
                        self.next.insert(input.clone(), file.last.next());
                    }
                }
            }
        }
        while let Some(entry) = holdings.entry(self.entry)? {
            if stop() {
                return Ok(());
            }
            self.with(model, |held| {
                held.tell(entry.alerts, entry.closed_to);
                held.watches(entry.cells.map(|cells| (cells.watched, cells.not_watched)));
            });
            self.entry += 1;
        }
        if !self.published && !stop() {
            model.publish(self.reading.take().unwrap_or_default());
            self.published = true;
        }
        Ok(())
    }

    /// The folded files of an input that is new here, all of them or none.
    fn begin(
        &mut self,
        holdings: &impl Holdings,
        model: &ReadModel,
        input: &Input,
        stop: &dyn Fn() -> bool,
    ) -> anyhow::Result<()> {
        let stock = holdings.stock(input)?;
        let Some(head) = stock.folded else { return Ok(()) };
        let mut taken = Vec::new();
        for file in stock.files.iter().filter(|file| file.is_folded()) {
            anyhow::ensure!(!stop(), "told to stop");
            taken.push(read(holdings, input, file)?);
        }
        let next = head.epoch.next();
        taken.push(Taken { head: Some(head), ..Taken::default() });
        self.take(model, input, taken)?;
        self.next.insert(input.clone(), next);
        Ok(())
    }

    fn take(&mut self, model: &ReadModel, input: &Input, taken: Vec<Taken>) -> anyhow::Result<()> {
        self.with(model, |held| taken.into_iter().try_for_each(|taken| held.take(input, taken)))
            .map_err(|error| anyhow::anyhow!("{input}: {error}"))
    }

    fn with<R>(&mut self, model: &ReadModel, change: impl FnOnce(&mut Held) -> R) -> R {
        if !self.published {
            return change(self.reading.get_or_insert_default());
        }
        let mut change = Some(change);
        let changed = model.change(|held| change.take().map(|change| change(held)));
        changed.flatten().expect("it was published, and nobody takes it back")
    }
}

/// What a file holds.
fn read(holdings: &impl Holdings, input: &Input, file: &ArchiveFile) -> anyhow::Result<Taken> {
    let mut taken = Taken::default();
    let mut names = std::mem::take(&mut taken.names);
    let mut over = None;
    taken.head = holdings.read(input, file, Wanted::Sums, &mut names, &mut |row: &ArchivedRow<'_>| {
        if let (Some(of), Some(known_on)) = (row.of, row.known_on)
            && let Err(key) = taken.add(of.key(known_on), of.sums(row.sign), row.sign)
        {
            over.get_or_insert(key);
        }
        Ok(())
    })?;
    taken.names = names;
    if let Some(key) = over {
        return Err(overflow(&taken.names, key));
    }
    // A folded file does not say how many records its epochs rejected.
    if taken.head.as_ref().is_none_or(|head| head.counts.rejected > 0) {
        holdings.rejects(input, file, &mut |reject| {
            *taken.rejects.entry(reject.reason).or_default() += 1;
            Ok(())
        })?;
    }
    Ok(taken)
}
