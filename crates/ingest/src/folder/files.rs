//! The files of a folder and how far each is read.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_log::{FileCutOff, FileDamaged, FileNameRefused, FileRefused, FileRemoved, FileReplaced, FileTruncated};
use headwater_model::{FileProgress, Offset, Progress, RawBatch};

use super::counts::Counters;
use super::judge::{Verdict, below, unread};
use super::list::list;
use super::open::Open;
use super::sizes::FolderSizes;
use super::stat::Stat;
use super::text::Text;
use crate::lines::{Limits, LineError, LineReader, Place};
use crate::spill::Spill;
use crate::{Compression, IngestError};

/// A file that the system refuses is tried again after this time, though nothing of it changed.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// Who takes what is read.
pub(super) trait Out {
    /// Records of a file, and how far it is read with them.
    fn batch(&mut self, batch: RawBatch, to: Progress);
    /// A file moved without a record.
    fn moved(&mut self, to: Progress);
    /// Waits until more is wanted. `false`: no more is, for good.
    fn wanted(&mut self) -> bool;
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// Everything that can be taken of what was there was taken.
    All,
    /// A file changed under the reading and must be looked into again.
    Again,
    /// No more was wanted.
    Unwanted,
}

/// One file.
struct Known {
    progress: FileProgress,
    /// As it was when it was last looked into to its end; none when it must be looked into.
    stat: Option<Stat>,
    present: bool,
    /// Something of it was not taken, or its name went while it was read.
    open_end: bool,
    /// When to try again after a refusal.
    again: Option<Instant>,
}

/// All files that were ever read, by name.
pub(super) struct Files {
    folder: PathBuf,
    limits: Limits,
    known: BTreeMap<String, Known>,
    /// Names that are no text, said once.
    odd: BTreeSet<OsString>,
    spill: Spill,
    pub(super) sizes: Arc<FolderSizes>,
}

impl Files {
    /// `sizes` is kept up to date by every look.
    pub fn new(folder: &Path, sizes: Arc<FolderSizes>) -> Files {
        Files { sizes, ..Files::with_limits(folder, Limits::default()) }
    }

    pub(super) fn with_limits(folder: &Path, limits: Limits) -> Files {
        let (known, odd) = (BTreeMap::new(), BTreeSet::new());
        Files { folder: folder.into(), limits, known, odd, spill: Spill::default(), sizes: Arc::default() }
    }

    /// Goes on from there, knowing nothing else.
    pub fn restart(&mut self, files: BTreeMap<String, FileProgress>) {
        self.sizes.forget();
        let known = |progress| Known { progress, stat: None, present: false, open_end: false, again: None };
        self.known = files.into_iter().map(|(name, progress)| (name, known(progress))).collect();
    }

    /// Reads what is there and was not taken yet, file by file in the order of their names.
    pub fn look(&mut self, counts: &Counters, out: &mut impl Out) -> Result<Looked, IngestError> {
        let listed = list(&self.folder)?;
        self.miss(&listed, counts);
        // All of them first: reading some may take long.
        let named = listed.iter().filter_map(|(name, stat)| Some((name.to_str()?, stat)));
        self.sizes.sees(named.filter(|(name, stat)| self.is_due(name, stat)).map(|(name, stat)| (name, stat.size)));
        let mut looked = Looked::All;
        for (name, stat) in listed {
            let Some(name) = name.to_str() else {
                if self.odd.insert(name.clone()) {
                    let (folder, file) = (&self.folder.display(), &*name.to_string_lossy());
                    FileNameRefused { folder, file }.log();
                }
                continue;
            };
            if !self.is_due(name, &stat) {
                continue;
            }
            if !out.wanted() {
                return Ok(Looked::Unwanted);
            }
            match self.read(name, stat, counts, out) {
                Looked::All => {}
                Looked::Again => looked = Looked::Again,
                Looked::Unwanted => return Ok(Looked::Unwanted),
            }
        }
        Ok(looked)
    }

    /// Notes which files are gone, and names those of which something was not taken. Both are in the order of names.
    fn miss(&mut self, listed: &BTreeMap<OsString, Stat>, counts: &Counters) {
        let mut there = listed.keys().peekable();
        for (name, known) in self.known.iter_mut().filter(|(_, known)| known.present) {
            while there.next_if(|listed| listed.as_os_str() < name.as_str()).is_some() {}
            if there.peek().is_some_and(|listed| listed.as_os_str() == name.as_str()) {
                continue;
            }
            (known.present, known.stat) = (false, None);
            self.sizes.misses(name);
            if std::mem::take(&mut known.open_end) {
                counts.removed.add();
                let path = self.folder.join(name);
                FileRemoved { file: &path.display(), lines: known.progress.lines }.log();
            }
        }
    }

    fn is_due(&self, name: &str, stat: &Stat) -> bool {
        match self.known.get(name) {
            // What has no bytes yet cannot be known by them.
            None => stat.size > 0,
            Some(known) => known.stat != Some(*stat) || known.again.is_some_and(|again| again <= Instant::now()),
        }
    }

    /// Reads one file on, to the size that it has now.
    fn read(&mut self, name: &str, listed: Stat, counts: &Counters, out: &mut impl Out) -> Looked {
        let mut known = self.known.remove(name).unwrap_or_else(|| Known {
            progress: unread(b""),
            stat: None,
            present: true,
            open_end: false,
            again: None,
        });
        known.present = true;
        let path = self.folder.join(name);
        let (sizes, spill) = (&*self.sizes, &mut self.spill);
        let mut reading = Reading { name, counts, out, limits: self.limits, spill, sizes };
        let read = reading.file(&path, &mut known);
        let refused = known.again.take();
        let looked = match read {
            Ok(()) => Looked::All,
            Err(Trouble::Unwanted) => {
                known.stat = None;
                Looked::Unwanted
            }
            Err(Trouble::Changed) => {
                known.stat = None;
                Looked::Again
            }
            Err(Trouble::Refused(error)) => {
                // Said once, however often it is tried.
                if refused.is_none() {
                    counts.failed.add();
                    FileRefused { seconds: TRY_AGAIN.as_secs().cast_signed(), error: &error }.log();
                }
                (known.stat, known.open_end) = (Some(listed), true);
                known.again = Some(Instant::now() + TRY_AGAIN);
                Looked::All
            }
        };
        self.known.insert(name.into(), known);
        looked
    }
}

/// Why reading a file ended before its end.
enum Trouble {
    Unwanted,
    /// It is not what it was when it was opened.
    Changed,
    /// The system refuses, or something else that may pass.
    Refused(IngestError),
}

/// The reading of one file.
struct Reading<'a, O> {
    name: &'a str,
    counts: &'a Counters,
    out: &'a mut O,
    limits: Limits,
    spill: &'a mut Spill,
    sizes: &'a FolderSizes,
}

impl<O: Out> Reading<'_, O> {
    fn file(&mut self, path: &Path, known: &mut Known) -> Result<(), Trouble> {
        let refused = |source| refused(path, source);
        let open = match Open::file(path) {
            // Listed a moment ago. The next look finds it gone, or another in its place.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                known.open_end = true;
                return Err(Trouble::Changed);
            }
            open => open.map_err(refused)?,
        };
        let before = known.stat.replace(open.stat);
        match open.judge(&known.progress, before.as_ref()).map_err(refused)? {
            Verdict::Known => {}
            Verdict::First if open.unclear => {}
            Verdict::First => known.progress = open.unread().map_err(refused)?,
            Verdict::Replaced => {
                self.counts.replaced.add();
                FileReplaced { file: &path.display() }.log();
                known.progress = open.unread().map_err(refused)?;
                self.moved(&known.progress);
            }
            Verdict::Truncated => self.truncated(&open, known)?,
        }
        if open.stat.size == 0 || open.unclear {
            known.open_end = open.stat.size > 0;
            return Ok(());
        }
        if let Some(error) = open.denied() {
            self.damaged(known, &error);
            return Ok(());
        }
        if open.compression.is_none() {
            return self.text(&open, known);
        }
        self.sizes.reads_packed(self.name, None);
        self.text(&open, known)?;
        self.sizes.reads_packed(self.name, (!known.open_end).then(|| below(&known.progress)));
        Ok(())
    }

    /// Reads a file again from its beginning of which something that was taken is gone.
    fn truncated(&mut self, open: &Open, known: &mut Known) -> Result<(), Trouble> {
        self.counts.truncated.add();
        let (bytes, size) = (below(&known.progress), open.stat.size);
        FileTruncated { file: &open.path.display(), bytes, size }.log();
        if open.stat.size < u64::from(known.progress.head_bytes) {
            known.progress = open.unread().map_err(|source| refused(&open.path, source))?;
        } else {
            (known.progress.next, known.progress.lines) = (Offset(0), 0);
        }
        self.moved(&known.progress);
        Ok(())
    }

    fn text(&mut self, open: &Open, known: &mut Known) -> Result<(), Trouble> {
        let refused = |source| refused(&open.path, source);
        let size = open.stat.size;
        let from = below(&known.progress);
        let text = match open.compression {
            None => Text::plain(&open.file, from, size).map_err(refused)?,
            Some(compression) => match self.unpacked(open, known, compression)? {
                Some(text) => text,
                None => return Ok(()),
            },
        };
        let place = Place { offset: below(&known.progress), lines: known.progress.lines };
        let origin = open.path.to_string_lossy().into();
        let mut lines = LineReader::new(text, origin, self.limits).at(place).last_line(Text::is_whole);
        if open.compression.is_none() {
            lines = lines.at_most(size.saturating_sub(from));
        }
        let mut seen = open.stat;
        loop {
            if !self.out.wanted() {
                return Err(Trouble::Unwanted);
            }
            let batch = lines.next_batch(self.spill).map_err(|error| match error {
                LineError::Ingest(error) => Trouble::Refused(error),
                LineError::Source(source) => refused(source),
            })?;
            let place = lines.place();
            // A file that was written anew meanwhile may have given the half of a line.
            if !open.still(&known.progress, place.offset, &mut seen).map_err(refused)? {
                return Err(Trouble::Changed);
            }
            let moved = place.offset != below(&known.progress);
            (known.progress.next, known.progress.lines) = (Offset(place.offset as i64), place.lines);
            match batch {
                Some(batch) => self.out.batch(batch, self.progress(&known.progress)),
                None if moved => self.moved(&known.progress),
                None => {}
            }
            if lines.is_done() {
                break;
            }
        }
        known.open_end = seen.nameless || (open.compression.is_none() && below(&known.progress) < size);
        self.ended(open, known, lines.source())
    }

    /// The text of a packed file behind what was taken; none if nothing can be taken.
    ///
    /// It is unpacked once to see how far it goes, for damage shows only behind the bytes that it touched: no line of
    /// damaged data is taken. Then it is unpacked again to be read.
    fn unpacked<'f>(
        &mut self,
        open: &'f Open,
        known: &mut Known,
        compression: Compression,
    ) -> Result<Option<Text<'f>>, Trouble> {
        let from = below(&known.progress);
        let unpack =
            || Text::packed(&open.file, open.stat.size, compression).map_err(|error| refused(&open.path, error));
        let mut probe = unpack()?;
        let whole = probe.pass(u64::MAX, || self.out.wanted()).ok_or(Trouble::Unwanted)?;
        let sound = probe.failure().is_none_or(is_cut_off);
        if !sound || whole.bytes == from {
            known.open_end = false;
            self.ended(open, known, &probe)?;
            return Ok(None);
        }
        let mut text = unpack()?;
        if whole.bytes > from {
            let taken = text.pass(from, || self.out.wanted()).ok_or(Trouble::Unwanted)?;
            // A last line without newline was taken at the end of the data, and now is not the last; or the text is
            // another. The whole line, or the other text, is taken now.
            if taken.last.is_none_or(|last| last == b'\n') {
                return Ok(Some(text));
            }
            text = unpack()?;
        }
        self.truncated(open, known)?;
        Ok(Some(text))
    }

    /// Says why the text of a file ended before the file.
    fn ended(&mut self, open: &Open, known: &mut Known, text: &Text<'_>) -> Result<(), Trouble> {
        let (Some(error), Some(compression)) = (text.failure(), open.compression) else {
            return match text.failure() {
                None => Ok(()),
                Some(error) => Err(refused(&open.path, again(error))),
            };
        };
        if is_cut_off(error) {
            FileCutOff { file: &open.path.display(), lines: known.progress.lines }.log();
            known.open_end = true;
            return Ok(());
        }
        // An error with a number came from the system, any other from the decoder.
        if error.raw_os_error().is_some() {
            return Err(refused(&open.path, again(error)));
        }
        let (path, at) = (open.path.clone(), open.stat.size);
        self.damaged(known, &IngestError::Damaged { path, compression, at, source: again(error) });
        Ok(())
    }

    /// Leaves a file until it changes.
    fn damaged(&mut self, known: &mut Known, error: &IngestError) {
        self.counts.damaged.add();
        FileDamaged { lines: known.progress.lines, error }.log();
        known.open_end = true;
    }

    fn moved(&mut self, to: &FileProgress) {
        let to = self.progress(to);
        self.out.moved(to);
    }

    fn progress(&self, file: &FileProgress) -> Progress {
        Progress::Files(BTreeMap::from([(self.name.to_owned(), file.clone())]))
    }
}

fn is_cut_off(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// The same error once more: the system's cannot be copied.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

fn refused(path: &Path, source: io::Error) -> Trouble {
    Trouble::Refused(match source.kind() {
        io::ErrorKind::PermissionDenied => IngestError::PermissionDenied { path: path.into() },
        _ => IngestError::Read { path: path.into(), at: 0, source },
    })
}
