//! Numbers and texts as bytes, for what leaves memory: little-endian, small numbers in few bytes.

/// Appends a number, seven bits a byte (LEB128).
pub(crate) fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a signed number: the sign becomes the lowest bit, so that what is near zero is short.
pub(crate) fn put_signed(out: &mut Vec<u8>, n: i64) {
    put(out, (n << 1) as u64 ^ (n >> 63) as u64);
}

/// Appends bytes after their length.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what was appended; `None` where the bytes end too soon or say what cannot be.
pub(crate) struct Coded<'a>(pub &'a [u8]);

impl<'a> Coded<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            n |= bits << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    /// A number that must fit a narrower type.
    pub fn narrow<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    pub fn signed(&mut self) -> Option<i64> {
        let n = self.number()?;
        Some((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// A signed number of 32 bits.
    pub fn signed32(&mut self) -> Option<i32> {
        self.signed()?.try_into().ok()
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.narrow()?;
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_texts_come_back(n in any::<u64>(), m in any::<i64>(), shift in 0..64u32, text in ".{0,200}") {
            let (n, m) = (n >> shift, m >> shift);
            let mut out = Vec::new();
            put(&mut out, n);
            put_signed(&mut out, m);
            put_bytes(&mut out, text.as_bytes());
            let mut coded = Coded(&out);
            prop_assert_eq!((coded.number(), coded.signed(), coded.text()), (Some(n), Some(m), Some(&text[..])));
            prop_assert!(coded.is_empty());
            for end in 0..out.len() {
                let mut coded = Coded(&out[..end]);
                prop_assert!(coded.number().is_none() || coded.signed().is_none() || coded.text().is_none());
            }
        }
    }

    #[test]
    fn a_number_beyond_64_bits_is_refused() {
        assert_eq!(Coded(&[0xff; 10]).number(), None);
        assert_eq!(Coded(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).number(), Some(u64::MAX));
        assert_eq!(Coded(&[0x80, 2]).narrow::<u8>(), None);
        assert_eq!(Coded(&[0xff, 0xff, 0xff, 0xff, 0x1f]).signed32(), None);
    }
}
