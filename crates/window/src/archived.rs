//! From the rows of an archive back to ledger and panes.

use headwater_model::{ArchivedRow, Head, Id, Identity, KnownDay, PaneKey, Rank, Row, SignedRow, Span, Status};

use crate::window::overflow;
use crate::{InsertError, Window, WindowError};

/// The record whose rows are being read.
#[derive(Default)]
pub(crate) struct Pending {
    record: Option<Key>,
    event_id: Vec<u8>,
    rows: Vec<Row>,
}

/// What the rows of one record share, event id aside.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    source: Id<Box<str>>,
    rank: Rank,
    known_on: KnownDay,
    content: u64,
}

impl Window {
    /// Takes a row of the archive, whose numbers are of this window's names. Rows of an input may come in any order of
    /// its records, as long as the items of one record follow each other, without those of another between them; the
    /// last record stands when [`Window::finish_archived`] is called.
    ///
    /// The counts do not change: they are in the heads of the epochs.
    ///
    /// # Errors
    /// [`WindowError::Archived`], [`WindowError::Overflow`] or [`WindowError::Cold`]: the window must not be used after
    /// them.
    pub fn take_archived(&mut self, row: &ArchivedRow<'_>) -> Result<(), WindowError> {
        let (Some(source), Some(known_on)) = (row.source, row.known_on) else {
            return if row.sign == 0 {
                Ok(())
            } else {
                Err(fault(row, "it counts, and has no source or no known day"))
            };
        };
        match row.of {
            Some(_) if row.sign != 0 && self.without_panes => {}
            Some(item) if row.sign != 0 => {
                let key = item.key(known_on);
                self.panes.add(key, item.sums(row.sign)).map_err(|key| overflow(&self.names, key))?;
            }
            None if row.sign == 0 => {}
            _ => return Err(fault(row, "its sign and its item do not go together")),
        }
        let Some(content) = row.record_hash else { return Ok(()) };
        let rank = Rank { revision: row.revision, status: row.status };
        let record = Key { source, rank, known_on, content };
        if self.pending.record != Some(record) || self.pending.event_id != row.event_id.as_bytes() {
            self.finish_archived()?;
            self.pending.event_id.extend_from_slice(row.event_id.as_bytes());
            self.pending.record = Some(record);
        }
        match (row.of, row.status, row.sign) {
            (Some(item), Status::Reported, 1) => self.pending.rows.push(Row {
                series: item.series,
                event_day: item.event_day,
                period_days: item.period_days,
                item: row.item,
                flags: item.flags,
                mass_mg: item.mass_mg,
                pieces: item.pieces,
                incidents: item.incidents,
            }),
            (None, Status::Withdrawn, 0) => {}
            _ => return Err(fault(row, "it is no row of a record as it arrived")),
        }
        Ok(())
    }

    /// Takes the last record in. More rows may follow.
    ///
    /// # Errors
    /// [`WindowError::Cold`].
    pub fn finish_archived(&mut self) -> Result<(), WindowError> {
        let Window { names, ledger, pending, .. } = self;
        let Some(record) = pending.record.take() else { return Ok(()) };
        let event_id = std::str::from_utf8(&pending.event_id).expect("it was a text when it was laid here");
        let head = Head {
            identity: Identity::of(names.sources.get(record.source), event_id),
            rank: record.rank,
            known_on: record.known_on,
            content: record.content,
            source: record.source,
            event_id: Span { owned: false, start: 0, len: pending.event_id.len() as u32 },
            first_row: 0,
            rows: pending.rows.len() as u32,
            input: 0,
        };
        // What it changes is in the archive already, in rows of their own.
        let unheard = |_: &SignedRow| Ok::<(), PaneKey>(());
        let taken = ledger.insert(&head, &pending.rows, &pending.event_id, unheard);
        pending.rows.clear();
        pending.event_id.clear();
        match taken {
            Ok(_) => Ok(()),
            Err(InsertError::Emit(key)) => Err(overflow(names, key)),
            Err(InsertError::Cold(error)) => Err(WindowError::Cold(error)),
        }
    }
}

fn fault(row: &ArchivedRow<'_>, fault: &'static str) -> WindowError {
    WindowError::Archived { event_id: row.event_id.to_owned(), revision: row.revision, fault }
}
