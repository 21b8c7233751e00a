//! Rows of a CSV text with the place where each begins.

/// A row: its fields, the line on which it begins and its text.
pub(crate) struct Row<'a> {
    /// Line, from 1. The csv crate's own count lags by one after `\r\n`, so lines are counted here.
    pub line: u64,
    /// The text as written, without its line end.
    pub raw: &'a [u8],
    /// The fields.
    pub fields: csv::ByteRecord,
}

/// Reads rows one by one; blank lines are skipped.
pub(crate) struct Rows<'a> {
    text: &'a [u8],
    reader: csv::Reader<&'a [u8]>,
    /// How far line ends are counted, and how many there were.
    counted: (usize, u64),
}

impl<'a> Rows<'a> {
    pub fn new(text: &'a [u8]) -> Rows<'a> {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text); // spreadsheets put a byte order mark first
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        Rows { text, reader, counted: (0, 0) }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        let from = self.reader.position().byte() as usize;
        let mut fields = csv::ByteRecord::new();
        // Reading byte records from memory, with rows of any length allowed, cannot fail.
        if !self.reader.read_byte_record(&mut fields).unwrap_or(false) {
            return None;
        }
        let to = self.reader.position().byte() as usize;
        let is_end = |b: &u8| matches!(b, b'\r' | b'\n');
        let begin = from + self.text[from..to].iter().take_while(|b| is_end(b)).count();
        let end = to - self.text[begin..to].iter().rev().take_while(|b| is_end(b)).count();
        let (counted, lines) = self.counted;
        let lines = lines + self.text[counted..begin].iter().filter(|b| **b == b'\n').count() as u64;
        self.counted = (begin, lines);
        Some(Row { line: lines + 1, raw: &self.text[begin..end], fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, String, usize)> {
        Rows::new(text.as_bytes())
            .map(|r| (r.line, String::from_utf8_lossy(r.raw).into_owned(), r.fields.len()))
            .collect()
    }

    #[test]
    fn lines_are_those_that_an_editor_shows() {
        for end in ["\n", "\r\n"] {
            let text = ["\u{feff}a,b", "", "\"x", "y\",2", "3,4,5", ""].join(end);
            let quoted = format!("\"x{end}y\",2");
            assert_eq!(read(&text), [(1, "a,b".into(), 2), (3, quoted, 2), (5, "3,4,5".into(), 3)], "{end:?}");
        }
        assert_eq!(read("a,b\n1,2"), [(1, "a,b".into(), 2), (2, "1,2".into(), 2)]);
        assert_eq!(read(""), []);
        assert_eq!(read("\n\n"), []);
    }
}
