//! Bytes split into lines, a batch at a time.

use std::io::{self, Read};
use std::sync::Arc;

use arrow_buffer::Buffer;
use headwater_model::{Offset, Partition, RECORD_BYTES_MAX, RawBatch, RawRecord, SpilledRecord};

use crate::IngestError;
use crate::spill::{HEAD_BYTES, Spill, SpillWriter};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Sizes that bound a reader's memory: at most one batch, one record and one read beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// A batch is closed at this many bytes. 1 MiB stays in a core's second-level cache together with its columns.
    pub batch_bytes: usize,
    /// A batch is closed at this many records (checked once a read), for files of very short lines.
    pub batch_records: usize,
    /// Bytes asked of the system at once; small enough to be scanned while in cache.
    pub read_bytes: usize,
    /// A longer record goes to a file.
    pub record_bytes: usize,
    /// Bytes of such a record that stay in the batch.
    pub head_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            batch_bytes: 1 << 20,
            batch_records: 1 << 16,
            read_bytes: 128 << 10,
            record_bytes: RECORD_BYTES_MAX,
            head_bytes: HEAD_BYTES,
        }
    }
}

/// Reading failed: the source itself, or the file for a long record.
pub(crate) enum LineError {
    Source(io::Error),
    Ingest(IngestError),
}

impl From<IngestError> for LineError {
    fn from(error: IngestError) -> LineError {
        LineError::Ingest(error)
    }
}

/// Splits a stream of bytes at its newlines.
///
/// A carriage return before a newline belongs to the line's end, a byte order mark at the very beginning to nothing.
/// Lines of blanks only are counted, but are no records. Whether a last line without newline is one is asked of the
/// source once it has ended; if not, the line is left where it is.
pub(crate) struct LineReader<R> {
    source: R,
    origin: Arc<str>,
    limits: Limits,
    last_line_counts: fn(&R) -> bool,
    /// Bytes that the source can give at most, where that is known: a small file needs no large batch.
    at_most: usize,
    /// Bytes read that belong to the next batch: no newline has been looked for in them yet.
    pending: Vec<u8>,
    /// Position in the stream of the first pending byte.
    offset: u64,
    /// Lines ended so far.
    lines: u64,
    ended: bool,
    /// The unfinished last line was left.
    left: bool,
}

/// Where reading stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes of the stream whose lines were taken.
    pub offset: u64,
    /// How many lines these are.
    pub lines: u64,
}

impl<R: Read> LineReader<R> {
    pub fn new(source: R, origin: Arc<str>, limits: Limits) -> LineReader<R> {
        LineReader {
            source,
            origin,
            limits,
            last_line_counts: |_| true,
            at_most: usize::MAX,
            pending: Vec::new(),
            offset: 0,
            lines: 0,
            ended: false,
            left: false,
        }
    }

    /// Reads a source that begins at a place in the stream.
    pub fn at(self, place: Place) -> LineReader<R> {
        LineReader { offset: place.offset, lines: place.lines, ..self }
    }

    /// Asks the source once it has ended whether a last line without newline counts.
    pub fn last_line(self, counts: fn(&R) -> bool) -> LineReader<R> {
        LineReader { last_line_counts: counts, ..self }
    }

    /// Expects no more bytes than that.
    pub fn at_most(self, bytes: u64) -> LineReader<R> {
        LineReader { at_most: usize::try_from(bytes).unwrap_or(usize::MAX), ..self }
    }

    /// What is read.
    pub fn source(&self) -> &R {
        &self.source
    }

    /// Whether there is nothing more to come.
    pub fn is_done(&self) -> bool {
        self.ended && (self.left || self.pending.is_empty())
    }

    /// Where reading stands after the batches so far; at the end the lines of blanks behind them are taken too.
    pub fn place(&self) -> Place {
        Place { offset: self.offset, lines: self.lines }
    }

    /// The next records, or `None` at the end. Long ones go to files of `spill`.
    pub fn next_batch(&mut self, spill: &mut Spill) -> Result<Option<RawBatch>, LineError> {
        spill.sweep();
        loop {
            let mut open = self.fill(spill)?;
            if !open.records.is_empty() {
                // A batch waits for its taker: it holds no more memory than it needs.
                if open.data.len() < open.data.capacity() / 4 {
                    open.data.shrink_to_fit();
                }
                return Ok(Some(RawBatch {
                    data: Buffer::from_vec(open.data),
                    records: open.records,
                    origin: Arc::clone(&self.origin),
                    partition: Partition(0),
                    spilled: open.spilled,
                    misrouted: Vec::new(),
                }));
            }
            if self.is_done() {
                return Ok(None);
            }
        }
    }

    /// Reads until a limit or the end is reached; what is left of the bytes becomes pending.
    fn fill(&mut self, spill: &mut Spill) -> Result<Open, LineError> {
        let limits = self.limits;
        let room = limits.batch_bytes.saturating_add(limits.read_bytes).min(self.at_most.saturating_add(1));
        let room = room.saturating_add(self.pending.len());
        let mut open = Open { data: Vec::with_capacity(room), base: self.offset, ..Open::default() };
        open.data.append(&mut self.pending);
        let (mut start, mut scanned) = (0, 0);
        loop {
            while let Some(at) = memchr::memchr(b'\n', &open.data[scanned..]) {
                let end = scanned + at;
                self.end_line(&mut open, start, end, true, spill)?;
                scanned = end + 1;
                start = scanned;
            }
            scanned = open.data.len();
            if self.ended {
                if start < scanned {
                    self.left = !(self.last_line_counts)(&self.source);
                    if !self.left {
                        self.end_line(&mut open, start, scanned, false, spill)?;
                        start = scanned;
                    }
                }
                break;
            }
            // Too long even without a byte order mark and a carriage return.
            if scanned - start > limits.record_bytes + BYTE_ORDER_MARK.len() + 1 {
                self.long_line(&mut open, start, spill)?;
                return Ok(open);
            }
            if start >= limits.batch_bytes || open.records.len() >= limits.batch_records {
                break;
            }
            let wanted = limits.read_bytes as u64;
            let got = self.source.by_ref().take(wanted).read_to_end(&mut open.data).map_err(LineError::Source)?;
            self.ended = (got as u64) < wanted;
        }
        self.pending = open.data.split_off(start);
        self.offset = open.base + start as u64;
        Ok(open)
    }

    /// Takes `data[start..end]` as a line whose bytes are all at hand.
    fn end_line(
        &mut self,
        open: &mut Open,
        start: usize,
        end: usize,
        newline: bool,
        spill: &mut Spill,
    ) -> Result<(), LineError> {
        self.lines += 1;
        let mut line = &open.data[start..end];
        let mut skipped = 0;
        if self.lines == 1 && line.starts_with(BYTE_ORDER_MARK) {
            skipped = BYTE_ORDER_MARK.len();
            line = &line[skipped..];
        }
        if newline && line.ends_with(b"\r") {
            line = &line[..line.len() - 1];
        }
        if is_blank(line) {
            return Ok(());
        }
        let mut len = line.len();
        if len > self.limits.record_bytes {
            let mut writer = spill.create()?;
            writer.write(line)?;
            len = self.limits.head_bytes.min(len);
            keep(open, writer, spill)?;
        }
        self.record(open, start + skipped, len);
        Ok(())
    }

    /// Takes the line that begins at `data[start..]` and is too long for memory: its head stays in the batch, the whole
    /// of it goes to a file, a read at a time.
    fn long_line(&mut self, open: &mut Open, start: usize, spill: &mut Spill) -> Result<(), LineError> {
        self.lines += 1;
        let begins = &open.data[start..];
        let skipped = if self.lines == 1 && begins.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut writer = spill.create()?;
        let mut blank = true;
        // A carriage return is written only when something follows: before the newline it is no part of the record.
        let mut held_return = false;
        let mut write = |writer: &mut SpillWriter, piece: &[u8]| -> Result<(), IngestError> {
            let Some(last) = piece.last() else { return Ok(()) };
            if held_return {
                writer.write(b"\r")?;
            }
            held_return = *last == b'\r';
            blank &= is_blank(piece);
            writer.write(&piece[..piece.len() - usize::from(held_return)])
        };
        write(&mut writer, &begins[skipped..])?;
        let mut stream = open.base + open.data.len() as u64;
        open.data.truncate(start + skipped + self.limits.head_bytes);

        let wanted = self.limits.read_bytes as u64;
        let mut piece = Vec::with_capacity(self.limits.read_bytes);
        let newline = loop {
            piece.clear();
            let got = self.source.by_ref().take(wanted).read_to_end(&mut piece).map_err(LineError::Source)?;
            self.ended = (got as u64) < wanted;
            let newline = memchr::memchr(b'\n', &piece);
            write(&mut writer, &piece[..newline.unwrap_or(piece.len())])?;
            stream += newline.map_or(piece.len(), |at| at + 1) as u64;
            if newline.is_some() || self.ended {
                break newline;
            }
        };
        if newline.is_none() && !(self.last_line_counts)(&self.source) {
            spill.discard(writer);
            self.left = true;
            self.lines -= 1;
            self.offset = open.base + start as u64;
            open.data.truncate(start);
            return Ok(());
        }
        if newline.is_none() && held_return {
            writer.write(b"\r")?;
        }
        self.offset = stream;
        if let Some(at) = newline {
            self.pending = piece.split_off(at + 1);
        }
        if blank {
            spill.discard(writer);
            return Ok(());
        }
        keep(open, writer, spill)?;
        self.record(open, start + skipped, self.limits.head_bytes);
        Ok(())
    }

    fn record(&self, open: &mut Open, start: usize, len: usize) {
        // A batch's bytes are bounded by the limits, far below 4 GiB; a file's by the 63 bits of its file system.
        open.records.push(RawRecord {
            start: start as u32,
            len: len as u32,
            offset: Offset((open.base + start as u64) as i64),
            line: self.lines,
        });
    }
}

/// A batch being filled.
#[derive(Default)]
struct Open {
    data: Vec<u8>,
    /// Position in the stream of its first byte.
    base: u64,
    records: Vec<RawRecord>,
    spilled: Vec<SpilledRecord>,
}

/// Keeps the file of the record that comes next.
fn keep(open: &mut Open, writer: SpillWriter, spill: &mut Spill) -> Result<(), IngestError> {
    let (file, whole_len) = spill.keep(writer)?;
    open.spilled.push(SpilledRecord { record: open.records.len(), file, whole_len });
    Ok(())
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    /// (line, offset, whole bytes) of each record, by the reader.
    fn read(bytes: &[u8], limits: Limits) -> Vec<(u64, i64, Vec<u8>)> {
        let mut reader = LineReader::new(bytes, "t".into(), limits);
        let mut spill = Spill::default();
        let mut out = Vec::new();
        while let Some(batch) = reader.next_batch(&mut spill).ok().unwrap() {
            assert!(!batch.records.is_empty());
            assert!(batch.data.len() <= limits.batch_bytes + limits.record_bytes + 2 * limits.read_bytes + 8);
            for (ix, record) in batch.records.iter().enumerate() {
                let spilled = batch.spilled.iter().find(|s| s.record == ix);
                let whole = match spilled {
                    Some(spilled) => {
                        let whole = fs::read(spilled.file.as_path()).unwrap();
                        assert_eq!(whole.len() as u64, spilled.whole_len);
                        assert!(whole.len() > limits.record_bytes);
                        assert_eq!(batch.bytes(record), &whole[..limits.head_bytes]);
                        whole
                    }
                    None => {
                        assert!(record.len as usize <= limits.record_bytes);
                        batch.bytes(record).to_vec()
                    }
                };
                out.push((record.line, record.offset.0, whole));
            }
        }
        out
    }

    /// The same, said plainly.
    fn naive(bytes: &[u8]) -> Vec<(u64, i64, Vec<u8>)> {
        let mut out = Vec::new();
        let mut offset = 0;
        for (ix, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let mut from = offset;
            offset += line.len();
            let mut text = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(line);
            if let (0, Some(rest)) = (ix, text.strip_prefix(b"\xEF\xBB\xBF")) {
                from += 3;
                text = rest;
            }
            if !text.iter().all(|byte| b" \t\r".contains(byte)) {
                out.push((ix as u64 + 1, from as i64, text.to_vec()));
            }
        }
        out
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => proptest::collection::vec(any::<u8>(), 0..12),
            4 => Just(b"\n".to_vec()),
            1 => Just(b"\r\n".to_vec()),
            1 => Just(b"\r".to_vec()),
            1 => Just(BYTE_ORDER_MARK.to_vec()),
            1 => proptest::collection::vec(Just(b' '), 0..40),
            1 => proptest::collection::vec(any::<u8>(), 20..60),
        ]
    }

    proptest! {
        #[test]
        fn sizes_do_not_change_the_records(
            pieces in proptest::collection::vec(piece(), 0..20),
            batch_bytes in 1usize..40,
            batch_records in 1usize..5,
            read_bytes in 1usize..24,
            record_bytes in 4usize..24,
        ) {
            let bytes = pieces.concat();
            let limits = Limits { batch_bytes, batch_records, read_bytes, record_bytes, head_bytes: 4 };
            prop_assert_eq!(read(&bytes, limits), naive(&bytes));
        }
    }

    #[test]
    fn ends_and_blanks() {
        let text = b"\xEF\xBB\xBF{\"a\":1}\r\n\n  \r\n{}\nlast\r";
        let want = vec![(1, 3, b"{\"a\":1}".to_vec()), (4, 17, b"{}".to_vec()), (5, 20, b"last\r".to_vec())];
        assert_eq!(read(text, Limits::default()), want);
        assert!(read(b"", Limits::default()).is_empty());
        assert!(read(b"\n \n\xEF", Limits::default()).len() == 1);
    }

    #[test]
    fn a_record_at_the_limit_stays_one_byte_more_is_spilled() {
        let at = vec![b'x'; RECORD_BYTES_MAX];
        let over = vec![b'y'; RECORD_BYTES_MAX + 1];
        let far = vec![b'z'; 10 << 20];
        let text = [&at[..], b"\r\n", &over, b"\r\n", &far, b"\n", b"{}"].concat();
        let mut reader = LineReader::new(&text[..], "t".into(), Limits::default());
        let mut spill = Spill::default();
        let mut seen = Vec::new();
        while let Some(batch) = reader.next_batch(&mut spill).ok().unwrap() {
            for (ix, record) in batch.records.iter().enumerate() {
                let spilled = batch.spilled.iter().find(|s| s.record == ix);
                if let Some(spilled) = spilled {
                    let whole = fs::read(spilled.file.as_path()).unwrap();
                    assert!(whole == over || whole == far);
                }
                seen.push((record.line, record.len as usize, spilled.map(|s| s.whole_len as usize)));
            }
        }
        assert_eq!(
            seen,
            [
                (1, RECORD_BYTES_MAX, None),
                (2, HEAD_BYTES, Some(RECORD_BYTES_MAX + 1)),
                (3, HEAD_BYTES, Some(10 << 20)),
                (4, 2, None)
            ]
        );
    }
}
