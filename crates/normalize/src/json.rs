//! A reader of JSON that gives stretches of its input instead of values.
//!
//! Why not a general decoder: every fault needs its reason and the path of its field, numbers are wanted as they were
//! written, columns as views into the input, and names must not occur twice. Over serde each of these is a second pass;
//! here one pass does all, in 3,900 instructions for an event of 350 bytes, where sonic-rs needs 7,600 and serde_json
//! 11,500 for borrowed fields alone (`cargo bench -p headwater-normalize`; callgrind).

use headwater_model::{Reason, Span};

use crate::fault::{Fault, Judged, shown};
use crate::limits::NESTING_MAX;

/// A position in one record. `text` collects what the input holds only in escaped form.
pub(crate) struct Reader<'a> {
    record: &'a str,
    /// Where the record starts in its batch.
    base: u32,
    at: usize,
    depth: u32,
    text: &'a mut Vec<u8>,
}

impl<'a> Reader<'a> {
    pub fn new(record: &'a str, base: u32, text: &'a mut Vec<u8>) -> Reader<'a> {
        Reader { record, base, at: 0, depth: 0, text }
    }

    /// The next byte that is not blank, not taken; 0 at the end, which no value starts with.
    #[inline]
    pub fn peek(&mut self) -> u8 {
        let bytes = self.record.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return byte;
            }
            self.at += 1;
        }
        0
    }

    /// Takes `{` or `[`.
    #[inline]
    pub fn enter(&mut self) -> Judged<()> {
        if self.depth == NESTING_MAX {
            let message = format!("nested deeper than {NESTING_MAX} levels at byte {}", self.at);
            return Err(Fault::record(Reason::TooDeep, message));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// In an object or array that ends with `close`: whether another member follows, after its comma.
    #[inline]
    pub fn more(&mut self, first: bool, close: u8) -> Judged<bool> {
        let byte = self.peek();
        if byte == close {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        if byte != b',' {
            return Err(self.syntax(if close == b'}' { "expected , or }" } else { "expected , or ]" }));
        }
        self.at += 1;
        Ok(true)
    }

    /// A member's name with its colon.
    #[inline]
    pub fn name(&mut self) -> Judged<Span> {
        if self.peek() != b'"' {
            return Err(self.syntax("expected a name in quotes"));
        }
        let name = self.string()?;
        if self.peek() != b':' {
            return Err(self.syntax("expected :"));
        }
        self.at += 1;
        Ok(name)
    }

    /// Takes a name with its colon if it is the one expected, and says whether it was.
    #[inline]
    pub fn name_is(&mut self, with_colon: &[u8]) -> bool {
        self.peek();
        let found = self.record.as_bytes()[self.at..].starts_with(with_colon);
        if found {
            self.at += with_colon.len();
        }
        found
    }

    /// A string; the next byte is its quote.
    #[inline]
    pub fn string(&mut self) -> Judged<Span> {
        let start = self.at + 1;
        let end = plain_end(self.record.as_bytes(), start);
        if self.record.as_bytes().get(end) != Some(&b'"') {
            return self.escaped_string(start);
        }
        self.at = end + 1;
        Ok(Span { owned: false, start: self.base + start as u32, len: (end - start) as u32 })
    }

    /// A string with escapes, or one that never ends: unescaped into the batch's own text.
    #[cold]
    fn escaped_string(&mut self, start: usize) -> Judged<Span> {
        let bytes = self.record.as_bytes();
        let owned_start = self.text.len();
        self.at = start;
        loop {
            let end = plain_end(bytes, self.at);
            self.text.extend_from_slice(&bytes[self.at..end]);
            self.at = end;
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let character = self.escape()?;
                    self.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(_) => return Err(self.syntax("control character in a string")),
                None => return Err(self.syntax("a string does not end")),
            }
        }
        self.at += 1;
        Ok(Span { owned: true, start: owned_start as u32, len: (self.text.len() - owned_start) as u32 })
    }

    fn escape(&mut self) -> Judged<char> {
        let kind = self.record.as_bytes().get(self.at + 1).copied();
        let plain = match kind {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.syntax("unknown escape")),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Judged<char> {
        let first = self.four_digits()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            match self.four_digits() {
                Ok(second) if (0xdc00..0xe000).contains(&second) => {
                    0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                }
                _ => return Err(self.syntax("half of a surrogate pair")),
            }
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.syntax("half of a surrogate pair"))
    }

    /// `\uXXXX`.
    fn four_digits(&mut self) -> Judged<u32> {
        let digits = self.record.as_bytes().get(self.at..self.at + 6);
        let code = digits
            .filter(|d| d.starts_with(b"\\u"))
            .and_then(|d| d[2..].iter().try_fold(0, |code, &d| Some(code << 4 | char::from(d).to_digit(16)?)));
        let code = code.ok_or_else(|| self.syntax("unknown escape"))?;
        self.at += 6;
        Ok(code)
    }

    /// A number in JSON's grammar; the next byte is a digit or a minus.
    #[inline]
    pub fn number(&mut self) -> Judged<Span> {
        let start = self.at;
        let Some(end) = number_end(self.record.as_bytes(), start) else { return Err(self.syntax("not a number")) };
        self.at = end;
        Ok(Span { owned: false, start: self.base + start as u32, len: (end - start) as u32 })
    }

    /// `true`, `false` or `null`.
    #[inline]
    pub fn word(&mut self) -> Judged<()> {
        for word in ["null", "true", "false"] {
            if self.record.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
        }
        Err(self.syntax("expected a value"))
    }

    /// Passes over a value of any kind. What it holds is checked as JSON, and not looked at.
    pub fn skip(&mut self) -> Judged<()> {
        match self.peek() {
            b'"' => {
                let kept = self.text.len();
                self.string()?;
                self.text.truncate(kept);
                Ok(())
            }
            b'-' | b'0'..=b'9' => self.number().map(|_| ()),
            open @ (b'{' | b'[') => {
                self.enter()?;
                let close = if open == b'{' { b'}' } else { b']' };
                let mut first = true;
                while self.more(first, close)? {
                    if open == b'{' {
                        let kept = self.text.len();
                        self.name()?;
                        self.text.truncate(kept);
                    }
                    self.skip()?;
                    first = false;
                }
                Ok(())
            }
            _ => self.word(),
        }
    }

    /// The end of the record: nothing but blanks may follow.
    #[inline]
    pub fn end(&mut self) -> Judged<()> {
        match self.peek() {
            _ if self.at == self.record.len() => Ok(()),
            _ => Err(self.syntax("more after the end of the object")),
        }
    }

    /// The bytes of a stretch that this reader gave.
    #[inline]
    pub fn bytes(&self, span: Span) -> &[u8] {
        let whole: &[u8] = if span.owned { self.text } else { self.record.as_bytes() };
        let start = if span.owned { span.start } else { span.start - self.base } as usize;
        &whole[start..start + span.len as usize]
    }

    /// The value that starts at `from` and ends here, for a message.
    pub fn raw(&self, from: usize) -> &'a str {
        self.record.get(from..self.at).unwrap_or_default()
    }

    /// The stretch from `from` to here.
    pub fn since(&self, from: usize) -> Span {
        Span { owned: false, start: self.base + from as u32, len: (self.at - from) as u32 }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    /// Forgets a stretch that was unescaped last.
    pub fn forget(&mut self, span: Span) {
        if span.owned {
            self.text.truncate(span.start as usize);
        }
    }

    /// Not JSON, and where.
    #[cold]
    pub fn syntax(&self, what: &str) -> Box<Fault> {
        let mut near = self.at.min(self.record.len());
        while !self.record.is_char_boundary(near) {
            near -= 1;
        }
        let message = match &self.record[near..] {
            "" => format!("{what}, but the record ends at byte {near}"),
            rest => format!("{what} at byte {near}, before {}", shown(rest)),
        };
        Fault::record(Reason::BadJson, message)
    }
}

/// Whether a text is a number in JSON's grammar, and nothing else.
pub(crate) fn is_number(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'-' | b'0'..=b'9')) && number_end(text, 0) == Some(text.len())
}

/// The end of the number that starts with the digit or minus at `start`, if it is one.
#[inline]
fn number_end(bytes: &[u8], start: usize) -> Option<usize> {
    let whole = start + usize::from(bytes[start] == b'-');
    let mut end = digits_end(bytes, whole);
    let leading_zero = bytes.get(whole) == Some(&b'0') && end > whole + 1;
    let mut bad = end == whole || leading_zero;
    if bytes.get(end) == Some(&b'.') {
        let fraction = end + 1;
        end = digits_end(bytes, fraction);
        bad |= end == fraction;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let exponent = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end = digits_end(bytes, exponent);
        bad |= end == exponent;
    }
    (!bad).then_some(end)
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The first quote, backslash or control character from `at` on, or the end.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    // Eight bytes at a time: in `word - ONES * n & !word & HIGHS` the lowest bit set marks the first byte below n. With
    // bit 1 turned over, a quote and the control characters are the bytes below 0x21.
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let (turned, slash) = (word ^ (ONES * 0x02), word ^ (ONES * b'\\' as u64));
        let below = (turned.wrapping_sub(ONES * 0x21) & !turned) | (slash.wrapping_sub(ONES) & !slash);
        let found = below & HIGHS;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte < 0x20 || byte == b'"' || byte == b'\\' {
            break;
        }
        at += 1;
    }
    at
}

#[inline]
fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reads(text: &str) -> bool {
        let mut owned = Vec::new();
        let mut reader = Reader::new(text, 0, &mut owned);
        reader.skip().and_then(|()| reader.end()).is_ok()
    }

    /// Text that looks like JSON, so that a good share of it is.
    fn json_like() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\",
            "\\u00e9",
            "\\ud83d\\ude00",
            "\\ud83d",
            "\\n",
            "a",
            "é",
            "0",
            "1",
            "-",
            "+",
            ".",
            "e5",
            "E-3",
            "true",
            "null",
            "fals",
            " ",
            "\t",
            "\n",
            "\u{1}",
            "\"k\":",
            "[1,2]",
            "{\"a\":0.5}",
            "\"text, long enough for words\"",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn takes_what_serde_json_takes(text in prop_oneof![json_like(), json_like().prop_map(|s| format!("\"{s}\"")), json_like().prop_map(|s| format!("[{s}]"))]) {
            match serde_json::from_str::<serde_json::Value>(&text) {
                // It stops at a number that a double cannot hold and says nothing of what follows; numbers are kept as
                // written here.
                Err(e) if e.to_string().starts_with("number out of range") => {}
                theirs => prop_assert_eq!(reads(&text), theirs.is_ok(), "{:?}", text),
            }
        }

        #[test]
        fn unescapes_as_serde_json_does(value in any::<String>(), pad in "[a-z]{0,9}") {
            let value = format!("{pad}{value}");
            let text = serde_json::to_string(&value).unwrap();
            let mut owned = Vec::new();
            let mut reader = Reader::new(&text, 0, &mut owned);
            let span = reader.string().unwrap();
            prop_assert_eq!(reader.bytes(span), value.as_bytes());
            prop_assert!(reader.end().is_ok());
        }

        #[test]
        fn finds_the_first_special_byte(bytes in prop::collection::vec(any::<u8>(), 0..40), at in 0..40usize) {
            let at = at.min(bytes.len());
            let slow = bytes[at..].iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\').map_or(bytes.len(), |i| at + i);
            prop_assert_eq!(plain_end(&bytes, at), slow);
        }
    }

    #[test]
    fn takes_a_number_that_no_double_holds() {
        assert!(reads("[1e500]"));
        assert!(!reads("[1e500{]"));
    }

    #[test]
    fn counts_levels() {
        let nest = |n: u32| format!("{}{}", "[".repeat(n as usize), "]".repeat(n as usize));
        assert!(reads(&nest(NESTING_MAX)));
        let mut owned = Vec::new();
        let deep = nest(NESTING_MAX + 1);
        let fault = Reader::new(&deep, 0, &mut owned).skip().unwrap_err();
        assert_eq!((fault.reason, &*fault.message), (Reason::TooDeep, "nested deeper than 32 levels at byte 32"));
    }

    #[test]
    fn a_fault_says_where() {
        let mut owned = Vec::new();
        let fault = Reader::new("[1, é]", 0, &mut owned).skip().unwrap_err();
        assert_eq!(fault.message, "expected a value at byte 4, before \"é]\"");
        let fault = Reader::new("{\"a\"", 0, &mut owned).skip().unwrap_err();
        assert_eq!(fault.message, "expected :, but the record ends at byte 4");
    }
}
