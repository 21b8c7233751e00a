//! The stage: a batch of observations in, counts out, ledger and panes brought up to date.

use headwater_model::{Counts, Head, Names, Observations, PaneKey, RawBatch, SignedRow};

use crate::archived::Pending;
use crate::{Class, InsertError, Ledger, Panes, WindowError};

/// Hears what a batch changes: where an archive and a publisher listen.
pub trait Listener {
    /// A signed row, in order, with the head of the record that caused it.
    fn row(&mut self, head: &Head, row: &SignedRow) {
        let _ = (head, row);
    }

    /// What a record was, after its rows.
    fn record(&mut self, head: &Head, class: Class) {
        let _ = (head, class);
    }
}

/// Nobody listens.
impl Listener for () {}

/// Names, ledger, panes and counts of one partition.
#[derive(Default)]
pub struct Window {
    /// The names behind the numbers; the reader of a batch adds to them.
    pub names: Names,
    /// Which records hold.
    pub ledger: Ledger,
    /// What they sum to; nothing in a window [without panes](Window::without_panes).
    pub panes: Panes,
    /// All records so far, by class.
    pub counts: Counts,
    /// Whether nobody asks for the panes.
    pub(crate) without_panes: bool,
    /// The archived record whose rows are being read.
    pub(crate) pending: Pending,
}

impl Window {
    /// A window that only judges records: what they sum to is not kept, and so no sum can leave 64 bits.
    pub fn without_panes() -> Window {
        Window { without_panes: true, ..Window::default() }
    }

    /// Takes a batch and what was read of it; `listener` hears every change. Returns the counts of this batch.
    ///
    /// # Errors
    /// [`WindowError::Unaccounted`] before anything was taken; [`WindowError::Overflow`] and [`WindowError::Cold`] part-way:
    /// the window must not be used after them.
    pub fn process(
        &mut self,
        observations: &Observations,
        input: &RawBatch,
        listener: &mut impl Listener,
    ) -> Result<Counts, WindowError> {
        let (records, heads, rejects) = (input.records.len(), observations.heads.len(), observations.rejects.len());
        if heads + rejects != records {
            return Err(WindowError::Unaccounted { origin: input.origin.to_string(), records, heads, rejects });
        }
        let Window { names, ledger, panes, without_panes, .. } = self;
        let mut counts = Counts { read: rejects as u64, rejected: rejects as u64, ..Counts::default() };
        for head in &observations.heads {
            let added = ledger.insert(head, observations.rows_of(head), event_id(observations, input, head), |row| {
                if !*without_panes {
                    panes.add(row.key, row.sums())?;
                }
                listener.row(head, row);
                Ok(())
            });
            let class = added.map_err(|error| match error {
                InsertError::Emit(key) => overflow(names, key),
                InsertError::Cold(error) => WindowError::Cold(error),
            })?;
            class.count(&mut counts);
            listener.record(head, class);
        }
        self.counts += counts;
        Ok(counts)
    }
}

pub(crate) fn overflow(names: &Names, key: PaneKey) -> WindowError {
    WindowError::overflow(names, key.series, key.period().last())
}

fn event_id<'a>(observations: &'a Observations, input: &'a RawBatch, head: &Head) -> &'a [u8] {
    let span = head.event_id;
    let text: &[u8] = if span.owned { &observations.text } else { &input.data };
    &text[span.start as usize..][..span.len as usize]
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use headwater_model::{Day, Reason, Reject};

    use super::*;
    use crate::fixture::{Said, after, feed, mass, observe};

    #[test]
    fn every_record_is_accounted_for_in_the_batch_and_in_all() {
        let mut window = after(&[Said::new("E", 0, 10, &[mass(1, 100)]), Said::new("E", 0, 10, &[mass(1, 7)])]);
        let records = [Said::new("E", 1, 10, &[mass(1, 1)]), Said::new("E", 0, 10, &[]), Said::new("bad", 0, 0, &[])];
        let (batch, mut observations) = observe(&mut window.names, &records);
        observations.heads.pop();
        observations.rejects.push(Reject {
            input: 2,
            reason: Reason::BadJson,
            field: Cow::Borrowed(""),
            message: String::new(),
        });
        let counts = window.process(&observations, &batch, &mut ()).unwrap();
        let expected = Counts { read: 3, accepted: 1, duplicate: 0, superseded: 1, rejected: 1, conflict: 0 };
        assert_eq!(counts, expected);
        let all = Counts { read: 5, accepted: 2, duplicate: 1, superseded: 1, rejected: 1, conflict: 1 };
        assert_eq!(window.counts, all);
    }

    #[test]
    fn a_lost_record_is_an_error() {
        let mut window = Window::default();
        let (batch, mut observations) = observe(&mut window.names, &[Said::new("E", 0, 1, &[mass(1, 1)])]);
        observations.heads.clear();
        let error = window.process(&observations, &batch, &mut ()).unwrap_err();
        assert_eq!(error.to_string(), "a.ndjson: of 1 records 0 were read and 0 rejected, which is not all");
    }

    #[test]
    fn overflow_names_series_and_day() {
        let mut window = Window::default();
        let records = ["A", "B"].map(|event| Said::new(event, 0, 1, &[mass(18_000, i64::MAX)]));
        let (batch, observations) = observe(&mut window.names, &records);
        let error = window.process(&observations, &batch, &mut ()).unwrap_err();
        assert_eq!(error.to_string(), "the sum of npp CN>US S export on 2019-04-14 leaves 64 bits");
        assert!(matches!(error, WindowError::Overflow { day: Day(18_000), .. }));
    }

    #[test]
    fn the_hook_sees_what_the_panes_get() {
        let mut window = Window::default();
        let (_, rows) = feed(
            &mut window,
            &[Said::new("E", 0, 10, &[mass(1, 100), mass(2, 50)]), Said::new("E", 1, 11, &[mass(1, 100)])],
        );
        let items: Vec<_> = rows.iter().map(|row| (row.sign as i8, row.rank.revision, row.item)).collect();
        assert_eq!(items, [(1, 0, 0), (1, 0, 1), (-1, 0, 0), (-1, 0, 1), (1, 1, 0)]);
    }
}
