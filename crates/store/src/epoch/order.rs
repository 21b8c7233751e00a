//! The order of a folded file's rows.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int8Type, Int32Type, Int64Type, UInt16Type, UInt32Type};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, StringViewArray};

use super::EpochError;

/// A row: which batch, and which of its rows.
pub(super) type At = (usize, usize);

/// Of a row with a known day: (known_on, source, event_id, revision, status, item, sign). What is absent comes first.
struct Change {
    known_on: i32,
    source: u32,
    /// The first bytes of the event id: most comparisons end here.
    event_id: u128,
    revision: u32,
    status: u32,
    item: u32,
    sign: i8,
    at: At,
}

/// Of a row without one, which is a reject: (topic, partition, offset).
type Reject = (u32, i32, i64, At);

/// Columns by which rows are put in order, where they stand in a batch.
pub(super) struct Order {
    sign: usize,
    source: Ranked,
    event_id: usize,
    revision: usize,
    status: Ranked,
    item: usize,
    known_on: usize,
    topic: Ranked,
    partition: usize,
    offset: usize,
}

/// A column of numbers of words, with the place of each word in their order.
pub(super) struct Ranked {
    pub column: usize,
    pub ranks: Vec<u32>,
}

impl Ranked {
    fn get(&self, batch: &[ArrayRef], row: usize) -> Result<u32, EpochError> {
        let keys = numbers::<UInt32Type>(batch, self.column)?;
        Ok(if keys.is_null(row) { 0 } else { 1 + self.ranks[keys.value(row) as usize] })
    }
}

impl Order {
    /// Finds the columns by `column`; `ranked` adds the ranks of the words of one.
    pub fn new(
        column: impl Fn(&str) -> Result<usize, EpochError>,
        ranked: impl Fn(usize) -> Vec<u32>,
    ) -> Result<Order, EpochError> {
        let words = |name: &str| column(name).map(|column| Ranked { column, ranks: ranked(column) });
        Ok(Order {
            sign: column("sign")?,
            source: words("source")?,
            event_id: column("event_id")?,
            revision: column("revision")?,
            status: words("status")?,
            item: column("item")?,
            known_on: column("known_on")?,
            topic: words("topic")?,
            partition: column("partition")?,
            offset: column("offset")?,
        })
    }

    /// The rows of all batches in order. Rows that are alike stay in the order in which they came.
    pub fn sort(&self, batches: &[Vec<ArrayRef>]) -> Result<Vec<At>, EpochError> {
        let rows = batches.iter().map(|batch| batch[self.sign].len()).sum();
        let (mut changes, mut rejects) = (Vec::with_capacity(rows), Vec::new());
        let mut event_ids = Vec::with_capacity(batches.len());
        for (i, batch) in batches.iter().enumerate() {
            let texts: &StringViewArray =
                batch[self.event_id].as_string_view_opt().ok_or_else(|| EpochError::Absent("event_id".to_owned()))?;
            event_ids.push(texts);
            self.keys(batch, i, texts, &mut changes, &mut rejects)?;
        }
        let text = |at: At| {
            let texts = event_ids[at.0];
            if texts.is_null(at.1) { "" } else { texts.value(at.1) }
        };
        changes.sort_unstable_by(|a, b| {
            let first = (a.known_on, a.source, a.event_id).cmp(&(b.known_on, b.source, b.event_id));
            let rest = |c: &Change| (c.revision, c.status, c.item, c.sign, c.at);
            first.then_with(|| text(a.at).cmp(text(b.at))).then_with(|| rest(a).cmp(&rest(b)))
        });
        rejects.sort_unstable_by(Ord::cmp);
        Ok(changes.into_iter().map(|c| c.at).chain(rejects.into_iter().map(|r| r.3)).collect())
    }

    fn keys(
        &self,
        batch: &[ArrayRef],
        i: usize,
        event_ids: &StringViewArray,
        changes: &mut Vec<Change>,
        rejects: &mut Vec<Reject>,
    ) -> Result<(), EpochError> {
        let signs = numbers::<Int8Type>(batch, self.sign)?;
        let known_on = numbers::<Date32Type>(batch, self.known_on)?;
        let revisions = numbers::<UInt32Type>(batch, self.revision)?;
        let items = numbers::<UInt16Type>(batch, self.item)?;
        let partitions = numbers::<Int32Type>(batch, self.partition)?;
        let offsets = numbers::<Int64Type>(batch, self.offset)?;
        for row in 0..signs.len() {
            let at = (i, row);
            if known_on.is_null(row) {
                rejects.push((self.topic.get(batch, row)?, partitions.value(row), offsets.value(row), at));
                continue;
            }
            changes.push(Change {
                known_on: known_on.value(row),
                source: self.source.get(batch, row)?,
                event_id: if event_ids.is_null(row) { 0 } else { beginning(event_ids.value(row)) },
                revision: if revisions.is_null(row) { 0 } else { revisions.value(row) },
                status: self.status.get(batch, row)?,
                item: if items.is_null(row) { 0 } else { 1 + u32::from(items.value(row)) },
                sign: signs.value(row),
                at,
            });
        }
        Ok(())
    }
}

fn numbers<T: ArrowPrimitiveType>(batch: &[ArrayRef], column: usize) -> Result<&PrimitiveArray<T>, EpochError> {
    batch[column].as_primitive_opt::<T>().ok_or_else(|| EpochError::Column {
        name: column.to_string(),
        expected: T::DATA_TYPE,
        found: batch[column].data_type().to_string(),
    })
}

/// The first 16 bytes as a number of the same order.
fn beginning(text: &str) -> u128 {
    let mut first = [0; 16];
    let len = text.len().min(first.len());
    first[..len].copy_from_slice(&text.as_bytes()[..len]);
    u128::from_be_bytes(first)
}

/// The place of each word in their order.
pub(super) fn ranks(words: &[&str]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..words.len()).collect();
    order.sort_unstable_by(|a, b| words[*a].cmp(words[*b]));
    let mut ranks = vec![0; words.len()];
    order.iter().enumerate().for_each(|(rank, word)| ranks[*word] = rank as u32);
    ranks
}
