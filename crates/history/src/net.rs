//! Items net of corrections: which are in force.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use headwater_model::{Id, Identity, Table};

use crate::columns::{BadColumn, Numbers, Texts, Words};
use crate::scan::{At, Piece};
use crate::{Bounds, HistoryError};
use arrow_array::RecordBatch;
use arrow_array::types::{Date32Type, Int8Type, Int64Type, UInt16Type, UInt32Type, UInt64Type};
use headwater_model::Day;

const HASHER: FixedState = FixedState::with_seed(0x6e65_7420);

/// Columns that tell an item and its sign.
pub(crate) const COLUMNS: [&str; 14] = [
    "sign",
    "source",
    "event_id",
    "revision",
    "item",
    "record_hash",
    "event_day",
    "period_days",
    "known_on",
    "mass_mg",
    "pieces",
    "incidents",
    "marking",
    "status",
];

/// One item of one revision of an event. What takes it back has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ItemKey {
    pub identity: u128,
    pub revision: u32,
    pub item: u16,
}

/// What is known of an item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Rows that count it less those that take it back: 1 where it is in force.
    pub sign: i32,
    pub source: Id<Box<str>>,
    /// Where its event's id begins in the texts.
    pub event_id: (u32, u16),
    /// The day on which its figure lies.
    pub day: Day,
    pub mass_mg: i64,
    pub pieces: i64,
    pub incidents: i64,
    /// The record's own row, which alone describes it; until that is met, any.
    pub at: At,
    own: bool,
}

/// The amounts of rows.
pub(crate) struct Amounts<'a> {
    mass_mg: Numbers<'a, Int64Type>,
    pieces: Numbers<'a, Int64Type>,
    incidents: Numbers<'a, Int64Type>,
}

impl<'a> Amounts<'a> {
    pub fn of(batch: &'a RecordBatch) -> Result<Amounts<'a>, BadColumn> {
        Ok(Amounts {
            mass_mg: Numbers::of(batch, "mass_mg")?,
            pieces: Numbers::of(batch, "pieces")?,
            incidents: Numbers::of(batch, "incidents")?,
        })
    }

    /// Milligrams, pieces and incidents as read, unsigned; what is absent counts as 0.
    pub fn get(&self, row: usize) -> (i64, i64, i64) {
        let number = |column: &Numbers<'_, Int64Type>| column.get(row).unwrap_or(0);
        (number(&self.mass_mg), number(&self.pieces), number(&self.incidents))
    }
}

/// All items met.
pub(crate) struct Net {
    pub sources: Table<Box<str>>,
    texts: String,
    items: HashMap<ItemKey, Held, FixedState>,
}

impl Default for Net {
    fn default() -> Net {
        Net { sources: Table::default(), texts: String::new(), items: HashMap::with_hasher(HASHER) }
    }
}

/// The columns of [`COLUMNS`].
struct Columns<'a> {
    sign: Numbers<'a, Int8Type>,
    source: Words<'a>,
    event_id: Texts<'a>,
    revision: Numbers<'a, UInt32Type>,
    item: Numbers<'a, UInt16Type>,
    hash: Numbers<'a, UInt64Type>,
    event_day: Numbers<'a, Date32Type>,
    period_days: Numbers<'a, UInt16Type>,
    amounts: Amounts<'a>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Columns<'a>, BadColumn> {
        Ok(Columns {
            sign: Numbers::of(batch, "sign")?,
            source: Words::of(batch, "source")?,
            event_id: Texts::of(batch, "event_id")?,
            revision: Numbers::of(batch, "revision")?,
            item: Numbers::of(batch, "item")?,
            hash: Numbers::of(batch, "record_hash")?,
            event_day: Numbers::of(batch, "event_day")?,
            period_days: Numbers::of(batch, "period_days")?,
            amounts: Amounts::of(batch)?,
        })
    }
}

impl Net {
    /// Adds the rows of a piece, which has the [`COLUMNS`]; `each` is told the key and the row of each.
    pub fn add(&mut self, piece: &Piece<'_>, each: &mut dyn FnMut(ItemKey, usize)) -> Result<(), BadColumn> {
        let columns = Columns::of(piece.batch)?;
        let sources: Vec<Id<Box<str>>> = columns.source.words().map(|word| self.sources.intern(word)).collect();
        for row in 0..piece.batch.num_rows() {
            let sign = i32::from(columns.sign.get(row).unwrap_or(0));
            let (Some(source), Some(event_id)) = (columns.source.key(row), columns.event_id.get(row)) else { continue };
            if sign == 0 {
                continue;
            }
            let key = ItemKey {
                identity: Identity::of(columns.source.get(row).unwrap_or(""), event_id).0,
                revision: columns.revision.get(row).unwrap_or(0),
                item: columns.item.get(row).unwrap_or(0),
            };
            let own = sign > 0 && columns.hash.get(row).is_some();
            let texts = &mut self.texts;
            let held = self.items.entry(key).or_insert_with(|| {
                let start = texts.len() as u32;
                texts.push_str(event_id);
                let last =
                    columns.event_day.get(row).unwrap_or(0) + i32::from(columns.period_days.get(row).unwrap_or(1)) - 1;
                let (mass_mg, pieces, incidents) = columns.amounts.get(row);
                Held {
                    sign: 0,
                    source: sources[source],
                    event_id: (start, event_id.len() as u16),
                    day: Day(last),
                    mass_mg,
                    pieces,
                    incidents,
                    at: piece.at(row),
                    own,
                }
            });
            held.sign += sign;
            if own && !held.own {
                (held.at, held.own) = (piece.at(row), true);
            }
            each(key, row);
        }
        Ok(())
    }

    /// Refuses more than is allowed.
    pub fn check(&self, bounds: &Bounds) -> Result<(), HistoryError> {
        if self.items.len() > bounds.rows_max {
            return Err(HistoryError::TooManyRows { field: "event_days", limit: bounds.rows_max });
        }
        if self.items.allocation_size() + self.texts.capacity() > bounds.memory_bytes_max.min(u32::MAX as usize) {
            return Err(HistoryError::TooMuchMemory { field: "event_days", limit: bounds.memory_bytes_max });
        }
        Ok(())
    }

    /// The items in force, in no order.
    pub fn in_force(&self) -> impl Iterator<Item = (&ItemKey, &Held)> {
        self.items.iter().filter(|(_, held)| held.sign > 0)
    }

    pub fn event_id(&self, held: &Held) -> &str {
        &self.texts[held.event_id.0 as usize..][..usize::from(held.event_id.1)]
    }

    pub fn source(&self, held: &Held) -> &str {
        self.sources.get(held.source)
    }
}
