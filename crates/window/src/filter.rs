//! Which identities may be cold: asked before the disk is.

use headwater_model::Identity;

/// Bytes of memory for which one bucket is kept: 4 bytes in 512 are below one in a hundred.
const BYTES_PER_BUCKET: usize = 512;
/// Fewest and most buckets, as powers of two.
const BUCKET_BITS: (u32, u32) = (4, 24);

/// 16 bits of every cold identity, sorted into buckets by its first bits: two bytes an identity, and four a bucket.
///
/// An identity that is not cold is taken for one with a chance of (identities a bucket) in 65,536: at 100 million
/// identities and the 2^20 buckets of 512 MiB one in 700. It is built anew, in one pass over memory, whenever a part of
/// the ledger becomes cold: that is rare, asking is not.
#[derive(Default)]
pub(crate) struct Filter {
    /// Where each bucket begins in `marks`, and at last where they end. Empty as long as nothing is cold.
    starts: Vec<u32>,
    marks: Vec<u16>,
}

impl Filter {
    /// Whether an identity may have been added; never false of one that was.
    pub fn may_hold(&self, identity: Identity) -> bool {
        if self.starts.is_empty() {
            return false;
        }
        let (bucket, mark) = place((identity.0 >> 64) as u64, self.bits());
        let bucket = &self.marks[self.starts[bucket] as usize..self.starts[bucket + 1] as usize];
        // No early end: this way the compiler compares many at a time.
        bucket.iter().fold(false, |found, &held| found | (held == mark))
    }

    fn bits(&self) -> u32 {
        (self.starts.len() - 1).trailing_zeros()
    }

    /// Adds the upper halves of identities, ascending. `limit` is the memory of the whole ledger.
    pub fn add(&mut self, limit: usize, added: &[(u64, u32)]) {
        if self.starts.is_empty() {
            let (least, most) = BUCKET_BITS;
            let bits = (limit / BYTES_PER_BUCKET).max(1).ilog2().clamp(least, most);
            self.starts = vec![0; (1 << bits) + 1];
        }
        let bits = self.bits();
        let mut marks = Vec::with_capacity(self.marks.len() + added.len());
        let mut added = added.iter().map(|&(high, _)| place(high, bits)).peekable();
        for bucket in 0..self.starts.len() - 1 {
            let held = self.starts[bucket] as usize..self.starts[bucket + 1] as usize;
            self.starts[bucket] = number(marks.len());
            marks.extend_from_slice(&self.marks[held]);
            while let Some((_, mark)) = added.next_if(|(of, _)| *of == bucket) {
                marks.push(mark);
            }
        }
        if let Some(end) = self.starts.last_mut() {
            *end = number(marks.len());
        }
        self.marks = marks;
    }

    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.starts[..]) + size_of_val(&self.marks[..])
    }
}

fn number(len: usize) -> u32 {
    u32::try_from(len).expect("fewer than 2^32 identities: their marks alone would take 8 GiB")
}

/// The bucket of an identity and what is kept of it there.
fn place(high: u64, bits: u32) -> (usize, u16) {
    ((high >> (64 - bits)) as usize, (high >> (48 - bits)) as u16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_added_is_never_denied(
            limit in 0..100_000usize,
            parts in prop::collection::vec(prop::collection::vec(any::<u64>(), 0..50), 0..5),
        ) {
            let mut filter = Filter::default();
            for part in &parts {
                let mut part: Vec<_> = part.iter().map(|&high| (high, 0)).collect();
                part.sort_unstable();
                filter.add(limit, &part);
            }
            for high in parts.iter().flatten() {
                prop_assert!(filter.may_hold(Identity(u128::from(*high) << 64)));
            }
        }
    }

    #[test]
    fn what_was_not_added_is_nearly_always_denied() {
        let (mut filter, held) = (Filter::default(), 20_000u64);
        let high = |n: u64| Identity::of("S", &n.to_string());
        let mut added: Vec<_> = (0..held).map(|n| ((high(n).0 >> 64) as u64, 0)).collect();
        added.sort_unstable();
        assert!(!filter.may_hold(high(0)), "an empty filter denies all");
        filter.add(1 << 20, &added[..7_000]);
        filter.add(1 << 20, &added[7_000..]);
        assert_eq!(filter.bytes(), 2 * 20_000 + 4 * 2_049);
        let wrong = (held..2 * held).filter(|&n| filter.may_hold(high(n))).count();
        assert!(wrong < 20, "{wrong} of {held}, where 10 in 65,536 are to be expected");
    }
}
