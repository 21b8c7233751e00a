//! What a batch changes, heard from the window and laid out for the archive and the publisher.

use std::sync::Arc;

use headwater_model::{Head, KnownDay, Observations, PaneKey, Partition, RawBatch, Sign, SignedRow, Status, Sums};
use headwater_store::{Change, EpochRows};
use headwater_window::{Class, Listener};

/// Listens to one batch.
///
/// The normaliser lays a batch out as rows, withdrawals and rejects. Of these the archive keeps the rows of records that
/// now hold, the withdrawals that say something new, and every reject; beside them the rows of older records that were
/// taken back or put back.
pub struct Changes<'a> {
    observations: &'a Observations,
    batch: &'a RawBatch,
    partition: Partition,
    topic: Arc<str>,
    /// Rows and withdrawals in the order of their records.
    kept: Vec<u32>,
    withdrawn: u32,
    changes: Vec<Change>,
    /// What they add to the sums.
    sums: Vec<(PaneKey, Sums)>,
    highest_known: Option<KnownDay>,
}

/// What was heard.
pub struct Heard {
    /// For the archive.
    pub rows: EpochRows,
    /// What is added to the sums.
    pub sums: Vec<(PaneKey, Sums)>,
    /// The highest known day of the batch's records.
    pub highest_known: Option<KnownDay>,
}

impl<'a> Changes<'a> {
    /// Of a batch and what was read of it.
    pub fn of(observations: &'a Observations, batch: &'a RawBatch) -> Changes<'a> {
        Changes {
            observations,
            batch,
            partition: batch.partition,
            topic: Arc::clone(&batch.origin),
            kept: Vec::with_capacity(observations.rows.len()),
            withdrawn: 0,
            changes: Vec::new(),
            sums: Vec::with_capacity(observations.rows.len()),
            highest_known: None,
        }
    }

    /// All that was heard.
    pub fn heard(self) -> Heard {
        let rows = self.observations.rows.len() as u32;
        let rejects = rows + self.withdrawn..rows + self.withdrawn + self.observations.rejects.len() as u32;
        let mut kept = self.kept;
        kept.extend(rejects);
        Heard { rows: EpochRows { kept, changes: self.changes }, sums: self.sums, highest_known: self.highest_known }
    }

    fn event_id(&self, head: &Head) -> Box<str> {
        let span = head.event_id;
        let text: &[u8] = if span.owned { &self.observations.text } else { &self.batch.data };
        String::from_utf8_lossy(&text[span.start as usize..][..span.len as usize]).into()
    }
}

impl Listener for Changes<'_> {
    fn row(&mut self, head: &Head, row: &SignedRow) {
        self.sums.push((row.key, row.sums()));
        let own = row.sign == Sign::Plus && row.rank == head.rank && row.key.known_on == head.known_on;
        if own {
            self.kept.push(head.first_row + u32::from(row.item));
            return;
        }
        let event_id = self.event_id(head);
        self.changes.push(Change {
            row: *row,
            source: head.source,
            event_id,
            topic: Arc::clone(&self.topic),
            partition: self.partition,
            offset: self.batch.records[head.input as usize].offset,
        });
    }

    fn record(&mut self, head: &Head, class: Class) {
        self.highest_known = self.highest_known.max(Some(head.known_on));
        if head.rank.status == Status::Withdrawn {
            // One that was dominated on arrival says nothing new either, but is harmless: a rebuild drops it again.
            if !matches!(class, Class::Duplicate { .. }) {
                self.kept.push(self.observations.rows.len() as u32 + self.withdrawn);
            }
            self.withdrawn += 1;
        }
    }
}
