//! A place in the bytes of one record, and the primitives of Avro's binary form.

use headwater_model::{Reason, Span};

use crate::fault::{Fault, Judged};
use crate::texts::Record;

/// A place in a record.
pub(super) struct Cursor<'a> {
    /// The whole record, frame included.
    pub bytes: &'a [u8],
    /// How its stretches are read.
    pub record: Record<'a>,
    /// Where the record starts in its batch.
    pub base: u32,
    /// Bytes before this place.
    pub at: usize,
}

impl<'a> Cursor<'a> {
    /// What the bytes say that no record of the schema says.
    #[cold]
    pub fn bad(&self, message: impl FnOnce(usize, usize) -> String) -> Box<Fault> {
        Fault::record(Reason::BadAvro, message(self.at, self.bytes.len() - self.at))
    }

    pub fn end(&self) -> Judged<()> {
        if self.at == self.bytes.len() {
            return Ok(());
        }
        Err(self.bad(|at, left| format!("{left} bytes are left over after the end of the record at byte {at}")))
    }

    #[inline]
    pub fn take(&mut self, len: usize) -> Judged<&'a [u8]> {
        let bytes = self.bytes;
        // The difference cannot overflow, as the sum could.
        if len > bytes.len() - self.at {
            return Err(self.bad(|at, left| format!("{len} bytes should follow at byte {at}, where {left} are left")));
        }
        let taken = &bytes[self.at..self.at + len];
        self.at += len;
        Ok(taken)
    }

    #[inline]
    pub fn long(&mut self) -> Judged<i64> {
        let raw = match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                u64::from(byte)
            }
            _ => self.long_of_many()?,
        };
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    #[inline(never)]
    fn long_of_many(&mut self) -> Judged<u64> {
        let mut raw = 0u64;
        for (i, &byte) in self.bytes[self.at..].iter().take(10).enumerate() {
            if i == 9 && byte > 1 {
                break;
            }
            raw |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                self.at += i + 1;
                return Ok(raw);
            }
        }
        Err(self.bad(|at, left| match left {
            ..10 => format!("the record ends in a number at byte {at}"),
            _ => format!("a number of more than 64 bits at byte {at}"),
        }))
    }

    #[inline]
    pub fn int(&mut self) -> Judged<i64> {
        let from = self.at;
        let number = self.long()?;
        if i32::try_from(number).is_err() {
            return Err(self.bad(|_, _| format!("an int of more than 32 bits at byte {from}: {number}")));
        }
        Ok(number)
    }

    /// A length before its bytes.
    #[inline]
    pub fn length(&mut self) -> Judged<usize> {
        let from = self.at;
        let len = self.long()?;
        let left = self.bytes.len() - self.at;
        match usize::try_from(len) {
            Ok(len) if len <= left => Ok(len),
            _ => Err(self.bad(|_, left| format!("a length of {len} bytes at byte {from}, where {left} are left"))),
        }
    }

    /// A number below `count`.
    #[inline]
    pub fn below(&mut self, count: usize, what: &str) -> Judged<usize> {
        // A single byte that is not negative, as most are.
        if let Some(&byte) = self.bytes.get(self.at)
            && byte & 0x81 == 0
            && usize::from(byte >> 1) < count
        {
            self.at += 1;
            return Ok(usize::from(byte >> 1));
        }
        self.any_below(count, what)
    }

    #[inline(never)]
    fn any_below(&mut self, count: usize, what: &str) -> Judged<usize> {
        let from = self.at;
        let number = self.long()?;
        match usize::try_from(number) {
            Ok(number) if number < count => Ok(number),
            _ => Err(self.bad(|_, _| format!("{what} {number} at byte {from}, of {count}"))),
        }
    }

    /// A text with its length before it.
    #[inline(always)]
    pub fn span(&mut self) -> Judged<Span> {
        match self.short_span() {
            Some(span) => Ok(span),
            None => self.any_span(),
        }
    }

    #[inline(never)]
    fn any_span(&mut self) -> Judged<Span> {
        let len = self.length()?;
        let start = self.at;
        if !self.record.is_text(start, start + len) {
            let bytes = &self.bytes[start..start + len];
            let valid = str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), |_| 0);
            return Err(self.bad(|at, _| format!("a text that is not UTF-8 at byte {}", at + valid)));
        }
        self.at += len;
        Ok(Span { owned: false, start: self.base + start as u32, len: len as u32 })
    }

    /// A text whose length stands in a single byte.
    #[inline(always)]
    fn short_span(&mut self) -> Option<Span> {
        let byte = *self.bytes.get(self.at)?;
        let len = usize::from(byte >> 1);
        let (start, end) = (self.at + 1, self.at + 1 + len);
        if byte & 0x81 != 0 || !self.record.is_text(start, end) {
            return None;
        }
        self.at = end;
        Some(Span { owned: false, start: self.base + start as u32, len: len as u32 })
    }
}
