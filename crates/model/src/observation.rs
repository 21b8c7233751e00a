//! Observations: what a batch of records says, item by item, after decoding and before the ledger has judged it.

use crate::{EventDay, Id, KnownDay, Series};

/// 128 bits over `source` and `event_id`: two records with the same identity speak of the same event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub u128);

impl Identity {
    /// XXH3-128 over the source, a byte that no UTF-8 text holds, and the event id.
    pub fn of(source: &str, event_id: &str) -> Identity {
        // The hash of a stream has to set up 600 bytes first; what is short is laid side by side instead.
        let (middle, len) = (source.len(), source.len() + 1 + event_id.len());
        let mut short = [0xff; 256];
        if len <= short.len() {
            short[..middle].copy_from_slice(source.as_bytes());
            short[middle + 1..len].copy_from_slice(event_id.as_bytes());
            return Identity(xxhash_rust::xxh3::xxh3_128(&short[..len]));
        }
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        hasher.update(source.as_bytes());
        hasher.update(&[0xff]);
        hasher.update(event_id.as_bytes());
        Identity(hasher.digest128())
    }
}

/// Whether a record reports its event or takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Status {
    /// It happened.
    Reported,
    /// It is taken back. Beats `Reported` of the same revision.
    Withdrawn,
}

/// Which of two records of one identity holds: the higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// The source's own count of its corrections.
    pub revision: u32,
    /// Withdrawn beats reported.
    pub status: Status,
}

/// What was noticed about a row while it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// Mass from a volume by a density.
    pub const FROM_VOLUME: Flags = Flags(1);
    /// Mass from a count by the catalog's typical weight.
    pub const FROM_COUNT: Flags = Flags(1 << 1);
    /// The substance was read off a dedicated HS code alone.
    pub const FROM_HS: Flags = Flags(1 << 2);
    /// The mass is gross.
    pub const GROSS: Flags = Flags(1 << 3);
    /// A CAS number with a wrong check digit was dropped.
    pub const CAS_DROPPED: Flags = Flags(1 << 4);
    /// CAS number and name speak of two substances; the CAS number holds.
    pub const CAS_NAME_DIFFER: Flags = Flags(1 << 5);
    /// Nothing resolved the substance.
    pub const UNMAPPED: Flags = Flags(1 << 6);
    /// The value per kilogram lies outside the catalog's range.
    pub const UNIT_VALUE: Flags = Flags(1 << 7);
    /// The record has fields that the contract does not know.
    pub const UNKNOWN_FIELD: Flags = Flags(1 << 8);

    /// Name of each bit, in the order of the bits.
    pub const NAMES: [(Flags, &'static str); 9] = [
        (Flags::FROM_VOLUME, "from_volume"),
        (Flags::FROM_COUNT, "from_count"),
        (Flags::FROM_HS, "from_hs"),
        (Flags::GROSS, "gross"),
        (Flags::CAS_DROPPED, "cas_dropped"),
        (Flags::CAS_NAME_DIFFER, "cas_name_differ"),
        (Flags::UNMAPPED, "unmapped"),
        (Flags::UNIT_VALUE, "unit_value"),
        (Flags::UNKNOWN_FIELD, "unknown_field"),
    ];

    /// Both.
    #[must_use]
    pub fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether all bits of `other` are set.
    pub fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the amount or the substance was derived, not read: the `flagged` of a pane. Unmapped and unit-value
    /// warnings do not set it.
    pub fn derived(self) -> bool {
        let derived = Flags::FROM_VOLUME.0 | Flags::FROM_COUNT.0 | Flags::FROM_HS.0 | Flags::GROSS.0;
        self.0 & derived != 0
    }
}

/// A stretch of text in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Whether it lies in the batch's own text (unescaped) and not in the input.
    pub owned: bool,
    /// First byte.
    pub start: u32,
    /// Bytes.
    pub len: u32,
}

/// What the ledger needs to know of one record.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Hash of source and event id.
    pub identity: Identity,
    /// Revision and status.
    pub rank: Rank,
    /// UTC day of `reported_at`.
    pub known_on: KnownDay,
    /// XXH3-64 over the record's content in normal form, `reported_at` included: two records of the same identity and
    /// rank that differ here are in conflict.
    pub content: u64,
    /// Into [`Names::sources`].
    pub source: Id<Box<str>>,
    /// The event id's text.
    pub event_id: Span,
    /// First of its rows in the batch.
    pub first_row: u32,
    /// How many rows it has; a withdrawal has none.
    pub rows: u32,
    /// Index into the records of the raw batch.
    pub input: u32,
}

/// One item of one record: the key and the amounts that go into panes.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What it is kept apart by.
    pub series: Id<Series>,
    /// First day of its period.
    pub event_day: EventDay,
    /// Length of the period, 1..=366.
    pub period_days: u16,
    /// Position in the record's items, from 0.
    pub item: u16,
    /// What was noticed.
    pub flags: Flags,
    /// Milligrams; `None` = the record gives no mass.
    pub mass_mg: Option<i64>,
    /// Pieces.
    pub pieces: Option<i64>,
    /// Incidents: on the first item of each substance of the event, 0 on others of the same substance.
    pub incidents: i64,
}

/// What a batch of raw records was read as.
#[derive(Default)]
pub struct Observations {
    /// One a record that was read, in order of arrival.
    pub heads: Vec<Head>,
    /// Their rows, in the order of the heads.
    pub rows: Vec<Row>,
    /// Records that were not taken, in order of arrival.
    pub rejects: Vec<crate::Reject>,
    /// Text that the input holds only in escaped form.
    pub text: Vec<u8>,
}

impl Observations {
    /// The rows of a record.
    pub fn rows_of(&self, head: &Head) -> &[Row] {
        &self.rows[head.first_row as usize..(head.first_row + head.rows) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_identity_is_the_hash_of_the_parts_in_a_row(source in ".{0,64}", event_id in ".{0,128}") {
            let mut whole = source.clone().into_bytes();
            whole.push(0xff);
            whole.extend_from_slice(event_id.as_bytes());
            prop_assert_eq!(Identity::of(&source, &event_id).0, xxhash_rust::xxh3::xxh3_128(&whole));
        }
    }
}
