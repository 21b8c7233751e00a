//! Where a key belongs: the two ways in which Kafka's clients choose a partition, and what a topic shows of them.

/// How the records of a topic are placed by their keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partitioner {
    /// Anyhow: nothing is checked.
    #[default]
    Any,
    /// As Java's client does: murmur2 of the key.
    Murmur2,
    /// As librdkafka does: CRC-32 of the key.
    Crc32,
}

impl Partitioner {
    /// Whether a record may lie where it lies. One without a key belongs nowhere.
    pub(super) fn allows(self, placed: Placed) -> bool {
        match self {
            Partitioner::Any => true,
            Partitioner::Murmur2 => matches!(placed, Placed::Murmur2 | Placed::Both),
            Partitioner::Crc32 => matches!(placed, Placed::Crc32 | Placed::Both),
        }
    }
}

/// What a record's partition says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    Murmur2,
    Crc32,
    Both,
    Other,
    NoKey,
}

/// How many records of a topic lie where a partitioner would have put them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placements {
    /// Where murmur2 puts them, and CRC-32 does not.
    pub murmur2: u64,
    /// Where CRC-32 puts them, and murmur2 does not.
    pub crc32: u64,
    /// Where both put them.
    pub both: u64,
    /// Where neither does.
    pub other: u64,
    /// Without a key.
    pub no_key: u64,
}

impl Placements {
    pub(super) fn count(&mut self, placed: Placed) {
        *match placed {
            Placed::Murmur2 => &mut self.murmur2,
            Placed::Crc32 => &mut self.crc32,
            Placed::Both => &mut self.both,
            Placed::Other => &mut self.other,
            Placed::NoKey => &mut self.no_key,
        } += 1;
    }

    pub(super) fn add(&mut self, more: Placements) {
        self.murmur2 += more.murmur2;
        self.crc32 += more.crc32;
        self.both += more.both;
        self.other += more.other;
        self.no_key += more.no_key;
    }

    /// Whether keys were placed in more than one way: one key may then lie in two partitions.
    pub fn is_mixed(&self) -> bool {
        [self.murmur2, self.crc32, self.other].into_iter().filter(|count| *count > 0).count() > 1
    }
}

/// Tells how a record was placed.
pub(super) fn placed(key: Option<&[u8]>, partition: i32, partitions: u32) -> Placed {
    let Some(key) = key else { return Placed::NoKey };
    let partitions = partitions.max(1);
    let here = |chosen: u32| i64::from(chosen) == i64::from(partition);
    // Java makes the hash positive by dropping its sign; librdkafka's is unsigned.
    match (here((murmur2(key) & 0x7fff_ffff) % partitions), here(crc32fast::hash(key) % partitions)) {
        (true, true) => Placed::Both,
        (true, false) => Placed::Murmur2,
        (false, true) => Placed::Crc32,
        (false, false) => Placed::Other,
    }
}

/// MurmurHash2 of 32 bits with the seed of Kafka's Java client (`org.apache.kafka.common.utils.Utils.murmur2`).
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    // Java's lengths are of 32 bits, and so is what is mixed in.
    let mut h = SEED ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (ix, byte) in rest.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * ix);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Kafka's own test, `UtilsTest.testMurmur2`.
    #[test]
    fn murmur2_is_javas() {
        let cases: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
        ];
        for (key, expected) in cases {
            assert_eq!(murmur2(key).cast_signed(), expected, "{}", String::from_utf8_lossy(key));
        }
    }

    #[test]
    fn places_are_told_apart() {
        // 479470107 and, of the CRC-32 of "abc", 0x352441c2.
        let (murmur2, crc32) = (479_470_107 % 7, (0x3524_41c2_u32 % 7) as i32);
        assert_ne!(murmur2, crc32);
        let at = |partition| placed(Some(b"abc"), partition, 7);
        assert_eq!((at(murmur2), at(crc32)), (Placed::Murmur2, Placed::Crc32));
        let neither = (0..7).find(|p| *p != murmur2 && *p != crc32).unwrap();
        assert_eq!(at(neither), Placed::Other);
        assert_eq!(placed(Some(b"abc"), 0, 1), Placed::Both);
        assert_eq!(placed(None, 0, 1), Placed::NoKey);
        // A negative hash is made positive, not negated.
        assert_eq!(placed(Some(b"21"), (-973_932_308_i32 & 0x7fff_ffff) % 5, 5), Placed::Murmur2);
    }

    #[test]
    fn a_partitioner_allows_its_own() {
        let allowed = |p: Partitioner| {
            [Placed::Murmur2, Placed::Crc32, Placed::Both, Placed::Other, Placed::NoKey].map(|placed| p.allows(placed))
        };
        assert_eq!(allowed(Partitioner::Any), [true; 5]);
        assert_eq!(allowed(Partitioner::Murmur2), [true, false, true, false, false]);
        assert_eq!(allowed(Partitioner::Crc32), [false, true, true, false, false]);
    }

    #[test]
    fn two_ways_are_a_mixture() {
        let mut seen = Placements::default();
        for placed in [Placed::Murmur2, Placed::Both, Placed::NoKey, Placed::Murmur2] {
            seen.count(placed);
        }
        assert!(!seen.is_mixed());
        seen.add(Placements { crc32: 1, ..Placements::default() });
        assert!(seen.is_mixed());
        assert_eq!(seen, Placements { murmur2: 2, crc32: 1, both: 1, other: 0, no_key: 1 });
    }
}
