//! What an answer was made of.

use headwater_model::Marking;
use serde::Serialize;

use crate::columns::{BadColumn, Words};
use arrow_array::RecordBatch;

/// What every answer says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The narrowest label of the rows that went into it; none where there are none. Whoever passes the answer on must
    /// keep to it.
    pub marking: Option<Marking>,
    /// Whether some of them are simulated: their source begins with `SIM-`.
    pub simulated: bool,
    /// Files of the archive.
    pub files: u64,
    /// Row groups that could not be passed over by their bounds.
    pub groups_read: u64,
    /// Rows that went into it.
    pub rows: u64,
}

impl Seen {
    /// Notes the rows of a batch that has the columns `source` and `marking`.
    pub(crate) fn note(&mut self, batch: &RecordBatch) -> Result<(), BadColumn> {
        let (marking, source) = (Words::of(batch, "marking")?, Words::of(batch, "source")?);
        let labels: Vec<Option<Marking>> = marking.words().map(Marking::parse).collect();
        let simulated = source.wanted(|source| source.starts_with("SIM-"));
        for row in 0..batch.num_rows() {
            self.marking = self.marking.max(marking.key(row).and_then(|key| labels[key]));
            self.simulated |= source.key(row).is_some_and(|key| simulated[key]);
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }
}
