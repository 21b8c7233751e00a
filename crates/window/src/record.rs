//! The ledger's memory: records, their rows and their texts, in slabs whose freed slots are used again.

use headwater_model::{EventDay, Id, Identity, KnownDay, PaneKey, Rank, Row, Series, Status};

/// No slot: the end of a chain.
pub(crate) const NONE: u32 = u32::MAX;

/// Stands for an absent amount; amounts are never negative.
const NO_AMOUNT: i64 = i64::MIN;

/// A record that can still matter. The identity is two halves, because a `u128` would align the record to 16 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    identity: [u64; 2],
    pub content: u64,
    pub known_on: KnownDay,
    revision: u32,
    /// First of its rows, or [`NONE`].
    pub rows: u32,
    /// The next lower record of the same identity, or [`NONE`].
    pub below: u32,
    text_low: u32,
    text_high: u8,
    status: Slot,
    /// Of the highest record of its identity: where else the identity is.
    pub copy: Copied,
}

/// Whether a cold store holds an identity too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Copied {
    /// It does not.
    No,
    /// It holds the same.
    Same,
    /// It holds what was before a change.
    Before,
}

impl Copied {
    /// After a change in memory.
    pub fn changed(self) -> Copied {
        if self == Copied::No { Copied::No } else { Copied::Before }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Slot {
    Reported,
    Withdrawn,
    Free,
}

impl Record {
    pub fn new(identity: Identity, rank: Rank, known_on: KnownDay, content: u64, text: u64) -> Record {
        Record {
            identity: [(identity.0 >> 64) as u64, identity.0 as u64],
            content,
            known_on,
            revision: rank.revision,
            rows: NONE,
            below: NONE,
            text_low: text as u32,
            text_high: (text >> 32) as u8,
            status: match rank.status {
                Status::Reported => Slot::Reported,
                Status::Withdrawn => Slot::Withdrawn,
            },
            copy: Copied::No,
        }
    }

    pub fn identity(&self) -> Identity {
        Identity(u128::from(self.identity[0]) << 64 | u128::from(self.identity[1]))
    }

    pub fn rank(&self) -> Rank {
        let status = if self.status == Slot::Withdrawn { Status::Withdrawn } else { Status::Reported };
        Rank { revision: self.revision, status }
    }

    /// Says where its event id lies now.
    pub fn set_text(&mut self, text: u64) {
        (self.text_low, self.text_high) = (text as u32, (text >> 32) as u8);
    }

    /// Where its event id lies in [`Texts`].
    pub fn text(&self) -> u64 {
        u64::from(self.text_high) << 32 | u64::from(self.text_low)
    }

    pub fn is_free(&self) -> bool {
        self.status == Slot::Free
    }

    pub fn set_free(&mut self) {
        self.status = Slot::Free;
    }
}

/// One item of a record.
#[derive(Clone, Copy)]
pub(crate) struct Item {
    mass_mg: i64,
    pieces: i64,
    pub incidents: i64,
    pub series: Id<Series>,
    pub event_day: EventDay,
    /// The record's next row, or [`NONE`].
    pub next: u32,
    pub period_days: u16,
    pub item: u16,
}

impl Item {
    pub fn new(row: &Row, next: u32) -> Item {
        Item {
            mass_mg: row.mass_mg.unwrap_or(NO_AMOUNT),
            pieces: row.pieces.unwrap_or(NO_AMOUNT),
            incidents: row.incidents,
            series: row.series,
            event_day: row.event_day,
            next,
            period_days: row.period_days,
            item: row.item,
        }
    }

    pub fn mass_mg(&self) -> Option<i64> {
        (self.mass_mg != NO_AMOUNT).then_some(self.mass_mg)
    }

    pub fn pieces(&self) -> Option<i64> {
        (self.pieces != NO_AMOUNT).then_some(self.pieces)
    }

    pub fn key(&self, known_on: KnownDay) -> PaneKey {
        PaneKey { series: self.series, event_day: self.event_day, period_days: self.period_days, known_on }
    }
}

/// Slots of one piece of a slab, a power of two. A slab grows by pieces and never moves what it holds: growing in one
/// piece would copy everything, and touch twice the memory while it does.
const PIECE_SLOTS: usize = 1 << 13;

/// Values by number; a freed number is given out again before a new one.
pub(crate) struct Slab<T> {
    pieces: Vec<Vec<T>>,
    len: usize,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub const fn new() -> Slab<T> {
        Slab { pieces: Vec::new(), len: 0, free: Vec::new() }
    }

    pub fn insert(&mut self, value: T) -> u32 {
        if let Some(i) = self.free.pop() {
            *self.get_mut(i) = value;
            return i;
        }
        let i = u32::try_from(self.len).ok().filter(|&i| i != NONE);
        let i = i.expect("fewer than 2^32 records: memory ends long before");
        if self.len == self.pieces.len() * PIECE_SLOTS {
            self.pieces.push(Vec::with_capacity(PIECE_SLOTS));
        }
        self.pieces[self.len / PIECE_SLOTS].push(value);
        self.len += 1;
        i
    }

    pub fn clear(&mut self) {
        self.pieces.clear();
        self.len = 0;
        self.free.clear();
    }

    pub fn free(&mut self, i: u32) {
        self.free.push(i);
    }

    pub fn get(&self, i: u32) -> &T {
        &self.pieces[i as usize / PIECE_SLOTS][i as usize % PIECE_SLOTS]
    }

    pub fn get_mut(&mut self, i: u32) -> &mut T {
        &mut self.pieces[i as usize / PIECE_SLOTS][i as usize % PIECE_SLOTS]
    }

    /// Every slot in order, freed ones too.
    pub fn slots(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// How many slots there are, freed ones too.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn bytes(&self) -> usize {
        self.len * size_of::<T>() + size_of_val(&self.free[..])
    }
}

/// Bytes of one piece of texts, a power of two; see [`PIECE_SLOTS`].
const PIECE_BYTES: usize = 1 << 18;

/// Event ids, each after its length in two bytes, in pieces: what does not fit at the end of one begins the next.
#[derive(Default)]
pub(crate) struct Texts {
    pieces: Vec<Vec<u8>>,
    bytes: usize,
}

impl Texts {
    /// Keeps a text (cut at 65,535 bytes: the contract ends at 128 characters) and says where.
    pub fn push(&mut self, text: &[u8]) -> u64 {
        let text = &text[..text.len().min(usize::from(u16::MAX))];
        let fits = |piece: &&mut Vec<u8>| piece.len() + 2 + text.len() <= PIECE_BYTES;
        if self.pieces.last_mut().as_ref().is_none_or(|piece| !fits(piece)) {
            self.pieces.push(Vec::with_capacity(PIECE_BYTES));
        }
        let number = self.pieces.len() - 1;
        let piece = &mut self.pieces[number];
        let at = (number * PIECE_BYTES + piece.len()) as u64;
        piece.extend_from_slice(&(text.len() as u16).to_le_bytes());
        piece.extend_from_slice(text);
        self.bytes += 2 + text.len();
        at
    }

    pub fn get(&self, at: u64) -> &[u8] {
        let text = &self.pieces[at as usize / PIECE_BYTES][at as usize % PIECE_BYTES..];
        let len = usize::from(u16::from_le_bytes([text[0], text[1]]));
        &text[2..2 + len]
    }

    pub fn clear(&mut self) {
        self.pieces.clear();
        self.bytes = 0;
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Day;

    use super::*;

    #[test]
    fn a_plain_event_stays_small() {
        assert_eq!(size_of::<Record>(), 48);
        assert_eq!(size_of::<Item>(), 40);
    }

    #[test]
    fn a_record_gives_back_what_it_was_made_of() {
        for status in [Status::Reported, Status::Withdrawn] {
            let rank = Rank { revision: u32::MAX, status };
            let identity = Identity(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210);
            let record = Record::new(identity, rank, KnownDay(Day(-3)), 9, 0xab_1234_5678);
            assert_eq!((record.identity(), record.rank(), record.text()), (identity, rank, 0xab_1234_5678));
            assert!(!record.is_free());
        }
    }

    #[test]
    fn freed_slots_are_used_again() {
        let mut slab = Slab::new();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        slab.free(a);
        assert_eq!(slab.bytes(), 2 * 4 + 4, "two slots and the number of a free one");
        assert_eq!(slab.insert('c'), a);
        assert_eq!((*slab.get(a), *slab.get(b)), ('c', 'b'));
        assert_eq!((slab.len(), slab.slots().count()), (2, 2));
    }

    #[test]
    fn texts_come_back_whole() {
        let mut texts = Texts::default();
        let long = vec![b'x'; 700];
        let (a, b, c) = (texts.push(b"E-1"), texts.push(b""), texts.push(&long));
        assert_eq!((texts.get(a), texts.get(b), texts.get(c)), (&b"E-1"[..], &b""[..], &long[..]));
        assert_eq!(texts.bytes(), 3 * 2 + 3 + 700);
        let many: Vec<u64> = (0..1_000_u32).map(|n| texts.push(&n.to_le_bytes().repeat(200))).collect();
        assert!(texts.pieces.len() > 1);
        for (n, at) in (0_u32..).zip(many) {
            assert_eq!(texts.get(at), n.to_le_bytes().repeat(200));
        }
    }

    #[test]
    fn a_slab_grows_by_pieces() {
        let mut slab = Slab::new();
        let last = 3 * PIECE_SLOTS as u32;
        (0..=last).for_each(|n| assert_eq!(slab.insert(n), n));
        assert!((0..=last).all(|n| *slab.get(n) == n) && slab.slots().copied().eq(0..=last));
        slab.free(7);
        slab.clear();
        assert_eq!((slab.len(), slab.bytes(), slab.insert(5)), (0, 0, 0));
    }
}
