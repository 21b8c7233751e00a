//! The stage: a batch of observations in, counts out, ledger and panes brought up to date.

use headwater_model::{Head, Names, Observations, PaneKey, RawBatch};

use crate::{Counts, Ledger, Panes, SignedRow, WindowError};

/// Names, ledger, panes and counts of one partition.
#[derive(Default)]
pub struct Window {
    /// The names behind the numbers; the reader of a batch adds to them.
    pub names: Names,
    /// Which records hold.
    pub ledger: Ledger,
    /// What they sum to.
    pub panes: Panes,
    /// All records so far, by class.
    pub counts: Counts,
}

impl Window {
    /// Takes a batch and what was read of it. `hook` sees every signed row, in order, with the head of the record that
    /// caused it: it is where an archive listens.
    /// Returns the counts of this batch.
    ///
    /// # Errors
    /// [`WindowError::Unaccounted`] before anything was taken; [`WindowError::Overflow`] part-way: the window must not
    /// be used after it.
    pub fn process(
        &mut self,
        observations: &Observations,
        input: &RawBatch,
        mut hook: impl FnMut(&Head, &SignedRow),
    ) -> Result<Counts, WindowError> {
        let (records, heads, rejects) = (input.records.len(), observations.heads.len(), observations.rejects.len());
        if heads + rejects != records {
            return Err(WindowError::Unaccounted { origin: input.origin.to_string(), records, heads, rejects });
        }
        let Window { names, ledger, panes, .. } = self;
        let mut counts = Counts::default();
        counts.add_rejected(rejects as u64);
        for head in &observations.heads {
            let added = ledger.insert(head, observations.rows_of(head), event_id(observations, input, head), |row| {
                panes.add(row.key, row.sums())?;
                hook(head, row);
                Ok(())
            });
            let overflow = |key: PaneKey| WindowError::overflow(names, key.series, key.period().last());
            counts.add_class(added.map_err(overflow)?);
        }
        self.counts += counts;
        Ok(counts)
    }
}

fn event_id<'a>(observations: &'a Observations, input: &'a RawBatch, head: &Head) -> &'a [u8] {
    let span = head.event_id;
    let text: &[u8] = if span.owned { &observations.text } else { &input.data };
    &text[span.start as usize..][..span.len as usize]
}
